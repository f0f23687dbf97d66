//! CLIENT PAUSE and CLIENT REPLY with pipelines, compared with Redis byte by byte.

use super::{all_servers, pipeline, same_for_all};
use crate::support::Server;
use std::time::Duration;

const SHORT: Duration = Duration::from_millis(100);

/// What two connections see: the first pauses, the second works meanwhile, the first unpauses.
fn paused(server: &Server, before: &[&str], pause: &str, during: &[&str]) -> Vec<Vec<u8>> {
    let (mut one, mut two) = (server.connect(), server.connect());
    one.cmd(&["FLUSHALL"]);
    let mut seen = Vec::new();
    two.send(&pipeline(before)).unwrap();
    seen.push(two.drain(SHORT).bytes);
    one.send(&pipeline(&[pause])).unwrap();
    seen.push(one.drain(SHORT).bytes);
    two.send(&pipeline(during)).unwrap();
    seen.push(two.drain(SHORT).bytes);
    one.send(&pipeline(&["CLIENT UNPAUSE"])).unwrap();
    seen.push(one.drain(SHORT).bytes);
    seen.push(two.drain(SHORT).bytes);
    std::thread::sleep(Duration::from_millis(600));
    seen.push(one.drain(SHORT).bytes);
    seen.push(two.drain(SHORT).bytes);
    seen
}

#[test]
fn a_pause_holds_what_redis_holds() {
    let servers = all_servers(&[]);
    let all = "CLIENT PAUSE 700";
    let writes = "CLIENT PAUSE 700 WRITE";
    let scripts: &[(&[&str], &str, &[&str])] = &[
        // CLIENT UNPAUSE was once spared by a pause of all commands.
        (&[], all, &["GET a", "SET a 1", "GET a", "PING"]),
        (&[], writes, &["GET a", "SET a 1", "GET a", "PING"]),
        // Writes were once queued for EXEC during a pause of writes.
        (&[], writes, &["MULTI", "GET a", "SET a 1", "EXEC"]),
        (&["MULTI", "SET a 1", "MSET b 1 c 2"], writes, &["EXEC", "PING"]),
        (&["MULTI", "GET a"], writes, &["EXEC", "PING"]),
        (&["SET a 1"], writes, &["MSET a 2 b 2", "MGET a b"]),
        (&[], writes, &["SELECT 1", "WATCH a", "TOUCH a b", "DBSIZE", "FLUSHALL", "DBSIZE"]),
    ];
    for (before, pause, during) in scripts {
        same_for_all(&servers, &format!("{pause}; {during:?}"), |s| paused(s, before, pause, during));
    }
}

#[test]
fn client_reply_silences_what_redis_silences() {
    const OFF: &str = "CLIENT REPLY OFF";
    const ON: &str = "CLIENT REPLY ON";
    const SKIP: &str = "CLIENT REPLY SKIP";
    let servers = all_servers(&[]);
    let scripts: &[&[&str]] = &[
        &[
            OFF,
            "PING",
            "NOSUCH",
            "GET",
            "SET a 1",
            "GET b",
            "MGET a b c",
            "RENAME no d",
            "EXEC",
            "SELECT 77",
            ON,
            "GET a",
        ],
        &[SKIP, "SET a 1", "GET a", SKIP, "GET b", "GET b", SKIP, "MGET a b c", "PING"],
        &[SKIP, "NOSUCH", "PING", SKIP, "GET", "PING", SKIP, "RENAME a zz", "PING", SKIP, "DBSIZE", "PING"],
        &[SKIP, SKIP, "PING", "ECHO a"],
        &[OFF, SKIP, "PING", ON],
        &["MULTI", OFF, "SET a 1", "MSET b 1 c 2", "EXEC", "PING", ON],
        &["MULTI", "SET a 1", OFF, "GET a", ON, "GET a", "EXEC", "PING"],
        &[OFF, "MULTI", "SET a 1", "GET b", "EXEC", "PING", ON, "PING"],
        &[SKIP, "MULTI", "SET a 1", SKIP, "GET b", "EXEC", "PING", "PING"],
        &["MULTI", "SET a 1", "SET b 1", "RENAME b c", SKIP, "EXEC", "PING", "PING"],
        &[SKIP, "WATCH a b c", "UNWATCH", SKIP, "UNWATCH", "PING"],
        &[OFF, "RESET", "PING"],
    ];
    for script in scripts {
        same_for_all(&servers, &format!("{script:?}"), |server| {
            server.connect().cmd(&["FLUSHALL"]);
            let mut conn = server.connect();
            conn.send(&pipeline(script)).unwrap();
            conn.drain(SHORT)
        });
    }
}
