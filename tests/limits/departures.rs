//! Clients that go away at every point, orderly or not: what they asked for, and what they leave behind.

use super::{all_servers, descriptors, info, pipeline, resident, same_for_all, tested_servers, wait_until};
use crate::support::{Rng, seed};
use std::io::Write;
use std::net::TcpStream;
use std::time::Duration;

/// A pipeline whose sender then says that it sends no more was once thrown away with the end that followed it.
#[test]
fn a_half_closed_client_gets_its_replies_as_from_redis() {
    let servers = all_servers(&[]);
    let scripts: &[&[&str]] = &[
        &["PING", "PING", "PING"],
        &["MSET a 1 b 2 c 3", "GET a", "MSET a 2 b 2", "GET a", "MGET a b c", "DEL a b c"],
        &["MULTI", "MSET a 1 b 2 c 3", "EXEC", "GET a", "DEL a b c"],
        &["SET k v", "RENAME k q", "GET q", "RENAME q z", "EXISTS q z", "DEL z"],
        &["CLIENT REPLY OFF", "PING"],
        &["QUIT", "PING"],
    ];
    for script in scripts {
        for tail in [&b""[..], b"*1\r\n$4\r\nPI", b"PIN"] {
            same_for_all(&servers, &format!("{script:?} and {tail:?}"), |server| {
                let mut conn = server.connect();
                conn.send(&[&pipeline(script)[..], tail].concat()).unwrap();
                conn.finish();
                let transcript = conn.drain(Duration::from_secs(2));
                assert!(transcript.closed, "{}: still open", server.name());
                transcript
            });
        }
    }
}

/// Makes closing abort the connection (RST) instead of ending it in order.
fn abort_on_close(stream: &TcpStream) {
    socket2::SockRef::from(stream).set_linger(Some(Duration::ZERO)).unwrap();
}

#[test]
fn ten_thousand_departures_leave_nothing_behind() {
    let seed = seed();
    println!("SEED={seed}");
    // In the middle of a request, of replies, of MULTI, of transactions over several shards, and so on.
    let points: Vec<Vec<u8>> = vec![
        Vec::new(),
        pipeline(&["PING"]),
        b"*3\r\n$3\r\nSET\r\n$1\r\na\r\n$100\r\nabc".to_vec(),
        pipeline(&["WATCH x y z", "MULTI", "SET a 1"]),
        pipeline(&["MSET a 1 b 2 c 3 d 4"]).repeat(5),
        pipeline(&["SET a 1", "WATCH a b c d", "MULTI", "RENAME a b", "MGET a b c", "EXEC"]),
        pipeline(&["GET large"]).repeat(30),
        pipeline(&["SET a 1", "RENAME a b", "GET a"]).repeat(10),
        pipeline(&["MONITOR"]),
        pipeline(&["SUBSCRIBE news", "CLIENT REPLY OFF"]),
    ];
    for server in tested_servers(&[]) {
        let mut rng = Rng::new(seed);
        let mut conn = server.connect();
        conn.cmd(&["SET", "large", &"x".repeat(100_000)]);
        let mut round = |cycles: usize| {
            for _ in 0..cycles {
                let mut stream = TcpStream::connect(("127.0.0.1", server.port())).unwrap();
                if rng.percent(40) {
                    abort_on_close(&stream);
                }
                // The server may be faster than the rest of the write.
                let _ = stream.write_all(rng.pick(points.as_slice()).as_slice());
            }
            wait_until("all gone", Duration::from_secs(10), || info(&mut conn, "connected_clients") == 1);
            // Closed descriptors are freed a turn later.
            std::thread::sleep(Duration::from_millis(250));
            (descriptors(&server), info(&mut conn, "used_memory") >> 20, resident(&server) >> 20)
        };
        let before = round(3_000);
        let after = round(7_000);
        println!("{}: descriptors, MiB used, MiB resident: {before:?}, then {after:?}", server.name());
        assert_eq!(after.0, before.0, "{}", server.name());
        // Shards keep up to 16 MiB of emptied batches each.
        assert!(after.1 <= before.1 + 64, "{}: {} MiB became {}", server.name(), before.1, after.1);
        // What the allocator keeps follows the most replies that were under way at once.
        assert!(after.2 < before.2 + 400, "{}: {} MiB became {}", server.name(), before.2, after.2);
        assert_eq!(server.connect().call(&["PING"]).unwrap().raw, b"+PONG\r\n");
    }
}
