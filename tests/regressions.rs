//! Bugs that were found by running the whole server, each told by the test that keeps it away.

#![allow(clippy::unwrap_used)]

mod support;

use std::time::Duration;
use support::{Conn, Server, Value};

/// The reply of a pipeline's last command.
fn last(conn: &mut Conn, lines: &[&str]) -> Value {
    let split = |line: &&str| line.split(' ').map(|word| word.as_bytes().to_vec()).collect();
    let commands: Vec<Vec<Vec<u8>>> = lines.iter().map(split).collect();
    conn.pipeline(&commands).unwrap().pop().unwrap().value
}

/// The field `name` of a CLIENT INFO reply.
fn field(info: &Value, name: &str) -> String {
    let text = String::from_utf8(info.bytes().unwrap().to_vec()).unwrap();
    let prefix = format!("{name}=");
    text.split([' ', '\n']).find_map(|field| field.strip_prefix(&prefix)).unwrap().to_owned()
}

/// The differential run found EXEC returning null after RESET: the watched keys outlived it, because only the handler
/// knew of the request to forget them and the loop never asked.
#[test]
fn reset_forgets_the_watched_keys() {
    for shards in [1, 4] {
        let server = Server::tested(shards, &[]);
        let mut conn = server.connect();
        let lines = ["WATCH a b", "SET a 1", "RESET", "MULTI", "EXEC"];
        assert_eq!(last(&mut conn, &lines), Value::Array(Vec::new()), "{shards} shard(s)");
        assert_eq!(field(&last(&mut conn, &["CLIENT INFO"]), "flags"), "N");
    }
}

/// CLIENT INFO ran before the pipeline's earlier commands had come back from other shards, and missed what they did.
#[test]
fn what_looks_at_the_connection_waits_for_its_earlier_commands() {
    for shards in [1, 4] {
        let server = Server::tested(shards, &[]);
        let mut conn = server.connect();
        for key in ["a", "b", "c", "d", "e", "f"] {
            let set = format!("SET {key} 1");
            let info = last(&mut conn, &[&format!("WATCH {key}"), &set, "CLIENT INFO"]);
            assert_eq!(field(&info, "flags"), "d", "{shards} shard(s), key {key}");
            assert_eq!(last(&mut conn, &["UNWATCH"]), Value::Simple(b"OK".to_vec()));
        }
    }
}

/// Inside EXEC Redis still shows a client in MULTI, its queue, and EXEC as its last command; Shoal had left MULTI.
#[test]
fn the_queue_of_exec_sees_its_client_in_multi() {
    for shards in [1, 4] {
        let server = Server::tested(shards, &[]);
        let mut conn = server.connect();
        for lines in
            [&["MULTI", "CLIENT INFO", "EXEC"][..], &["MULTI", "SET a 1", "SET b 1", "CLIENT INFO", "EXEC"]]
        {
            let Value::Array(replies) = last(&mut conn, lines) else { panic!("EXEC failed") };
            let info = replies.last().unwrap();
            assert_eq!(field(info, "flags"), "x");
            assert_eq!(field(info, "multi"), (lines.len() - 2).to_string());
            assert_eq!(field(info, "cmd"), "exec");
        }
        let info = last(&mut conn, &["CLIENT INFO"]);
        assert_eq!((field(&info, "flags"), field(&info, "multi")), ("N".to_owned(), "-1".to_owned()));
    }
}

/// A key that EXISTS found expired was still counted by a DBSIZE in the same transaction: over several shards such keys
/// were removed only when the whole queue had run.
#[test]
fn an_expired_key_is_gone_for_the_next_command_of_the_queue() {
    for shards in [1, 4] {
        let server = Server::tested(shards, &[]);
        let mut conn = server.connect();
        conn.cmd(&["DEBUG", "SET-ACTIVE-EXPIRE", "0"]);
        for key in ["a", "b", "c", "d"] {
            conn.cmd(&["SET", key, "1", "PX", "1"]);
        }
        std::thread::sleep(Duration::from_millis(20));
        let lines = ["MULTI", "EXISTS a", "EXISTS b", "EXISTS c", "EXISTS d", "DBSIZE", "EXEC"];
        assert_eq!(last(&mut conn, &lines), Value::Array(vec![Value::Int(0); 5]), "{shards} shard(s)");
    }
}

/// Error lines that repeat a client's word end it at a zero byte, as C's `%s` does, and leave other bytes as they came.
#[test]
fn words_in_error_lines_are_what_c_prints() {
    let server = Server::tested(1, &[]);
    let mut conn = server.connect();
    let mut check = |words: &[&[u8]], line: &[u8]| {
        assert_eq!(conn.call(words).unwrap().value, Value::Error(line.to_vec()));
    };
    check(&[b"EXPIRE", b"k", b"1", b"a\0b"], b"ERR Unsupported option a");
    check(&[b"HELLO", b"2", b"\xff\0b"], b"ERR Syntax error in HELLO option '\xff'");
    check(&[b"CLIENT", b"KILL", b"TYPE", b"a\0b"], b"ERR Unknown client type 'a'");
    let unknown = b"ERR Unknown option or number of arguments for CONFIG SET - '\xff'";
    check(&[b"CONFIG", b"SET", b"\xff\0b", b"1"], unknown);
}

/// Web pages can make browsers send requests to local servers. Redis hangs up at the words that no browser can leave
/// out; Shoal went on executing the lines of the request's body.
#[test]
fn browsers_are_turned_away() {
    let server = Server::tested(2, &[]);
    for request in
        ["POST / HTTP/1.1\r\nSET a 1\r\n", "hOsT: a\r\nSET a 1\r\n", "MULTI\r\nSET a 1\r\npost\r\nEXEC\r\n"]
    {
        let mut conn = server.connect();
        conn.send(request.as_bytes()).unwrap();
        let answer = conn.drain(Duration::from_secs(5));
        assert!(answer.closed, "{request:?}");
    }
    assert_eq!(server.connect().cmd(&["EXISTS", "a"]), Value::Int(0));
    assert_eq!(server.log().matches("Possible SECURITY ATTACK detected").count(), 1);
}
