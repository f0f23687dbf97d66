//! What the tests of RDB files share: data of every type, waits, files as the scanner and Redis read them.

use super::support::{Conn, Server, Value};
use shoal::persist::rdb::scan::{Checksum, Event, Scanner};
use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant};

/// How long anything may take that must happen; machines are shared.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// Waits until `done` holds.
pub fn until(what: &str, mut done: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !done() {
        assert!(Instant::now() < deadline, "no {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// A field of INFO persistence.
pub fn info(conn: &mut Conn, field: &str) -> String {
    let reply = conn.cmd(&["INFO", "persistence"]);
    let text = String::from_utf8_lossy(reply.bytes().unwrap()).into_owned();
    let start = format!("{field}:");
    let line = text.lines().find_map(|line| line.strip_prefix(&start));
    line.unwrap_or_else(|| panic!("no {field} in\n{text}")).to_owned()
}

/// The reply's bytes as text.
pub fn say(conn: &mut Conn, words: &[&str]) -> String {
    String::from_utf8_lossy(&conn.call(words).unwrap().raw).into_owned()
}

/// BGSAVE, and the wait for its end.
pub fn bgsave(conn: &mut Conn) {
    assert_eq!(say(conn, &["BGSAVE"]), "+Background saving started\r\n");
    until("end of BGSAVE", || info(conn, "rdb_bgsave_in_progress") == "0");
}

/// Writes values of every type and size in several databases, as any version of Redis from 7.0 on knows them.
pub fn populate(conn: &mut Conn) {
    for (db, scale) in [("0", 1), ("3", 20), ("9", 300)] {
        conn.cmd(&["SELECT", db]);
        for n in 0..scale {
            let name = |kind: &str| format!("{kind}:{n}");
            conn.cmd(&["SET", &name("int"), &(n * 70_001 - 5).to_string()]);
            conn.cmd(&["SET", &name("text"), &"ab".repeat(n + 1)]);
            conn.cmd(&["SET", &name("gone"), "x", "PX", "1"]);
            conn.cmd(&["SET", &name("later"), "x", "PXAT", "4102444800123"]);
        }
        conn.cmd(&["SET", "large", &"0123456789".repeat(200_000)]);
        let numbers: Vec<String> = (0..1_500).map(|n| n.to_string()).collect();
        let words: Vec<String> = (0..1_500).map(|n| format!("word-{n}")).collect();
        let scores: Vec<String> =
            (0..1_500).flat_map(|n| [format!("{}.5", n / 3), format!("m{n}")]).collect();
        for (few, many) in [("s", 12), ("l", 1_500)] {
            for (verb, key, items) in [
                ("RPUSH", "list", &words),
                ("SADD", "ints", &numbers),
                ("SADD", "set", &words),
                ("HSET", "hash", &words),
                ("ZADD", "zset", &scores),
            ] {
                let key = format!("{key}:{few}");
                let mut command = vec![verb, &key];
                command.extend(items[..many].iter().map(String::as_str));
                assert!(!conn.cmd(&command).is_error());
            }
        }
        for n in 1..400 {
            conn.cmd(&["XADD", "stream", &format!("{n}-1"), "field", "value", "n", &n.to_string()]);
        }
        conn.cmd(&["XDEL", "stream", "7-1", "399-1"]);
        conn.cmd(&["XGROUP", "CREATE", "stream", "group", "0"]);
        conn.cmd(&["XREADGROUP", "GROUP", "group", "alice", "COUNT", "30", "STREAMS", "stream", ">"]);
        conn.cmd(&["XACK", "stream", "group", "3-1"]);
    }
    conn.cmd(&["SELECT", "0"]);
    let library = "#!lua name=lib\nredis.register_function('f', function() return 1 end)";
    assert!(!conn.cmd(&["FUNCTION", "LOAD", library]).is_error());
    std::thread::sleep(Duration::from_millis(5));
}

/// The digest of all data.
pub fn digest(conn: &mut Conn) -> Value {
    conn.cmd(&["DEBUG", "DIGEST"])
}

/// Redis 7.0 started on a copy of an RDB file.
pub fn redis_on(file: &Path) -> Server {
    let dir = tempfile::tempdir().unwrap();
    let copy = dir.path().join("copy.rdb");
    std::fs::copy(file, &copy).unwrap();
    let redis = Server::oracle(&[]);
    let mut conn = redis.connect();
    // Loaded by DEBUG RELOAD NOSAVE, so that the server's own start needs no file.
    assert_eq!(say(&mut conn, &["CONFIG", "SET", "dbfilename", "copy.rdb"]), "+OK\r\n");
    std::fs::copy(file, redis.dir().join("copy.rdb")).unwrap();
    assert_eq!(say(&mut conn, &["DEBUG", "RELOAD", "NOSAVE"]), "+OK\r\n", "{}", redis.log());
    redis
}

/// What a file says: strings by database and key, other keys without their value, and its sum.
pub fn scan(file: &Path) -> (BTreeMap<(u64, String), Option<String>>, Checksum) {
    let mut scanner = Scanner::new(std::fs::File::open(file).unwrap());
    let (mut keys, mut db) = (BTreeMap::new(), 0);
    loop {
        match scanner.next().unwrap() {
            Event::Select(index) => db = index,
            Event::Key(record) => {
                let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
                let value = (record.kind == 0)
                    .then(|| text(&shoal::persist::rdb::Reader::new(record.value).string().unwrap()));
                assert!(keys.insert((db, text(&record.key)), value).is_none(), "a key twice");
            }
            Event::End(sum) => return (keys, sum),
            _ => {}
        }
    }
}
