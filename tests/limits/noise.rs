//! Random bytes at the port: no reply is wrong here, but the server goes on, and nothing is left behind.

use super::{descriptors, info, tested_servers, wait_until};
use crate::support::{Rng, encode, env_number, seed};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

const WORDS: &[&str] = &[
    "GET",
    "SET",
    "MSET",
    "MGET",
    "DEL",
    "RENAME",
    "COPY",
    "MULTI",
    "EXEC",
    "WATCH",
    "DISCARD",
    "APPEND",
    "SETRANGE",
    "GETRANGE",
    "BITCOUNT",
    "BITFIELD",
    "BITOP",
    "INCRBYFLOAT",
    "EXPIRE",
    "SCAN",
    "OBJECT",
    "CLIENT",
    "CONFIG",
    "GET",
    "INFO",
    "COMMAND",
    "HELLO",
    "RESET",
    "SELECT",
    "MOVE",
    "SWAPDB",
    "FLUSHALL",
    "DBSIZE",
    "RANDOMKEY",
    "MEMORY",
    "LCS",
    "a",
    "b",
    "{t}c",
    "0",
    "-1",
    "9223372036854775807",
    "-9223372036854775808",
    "nan",
    "1e308",
    "*",
    "[",
    "\\",
    "",
    "EX",
    "PX",
    "NX",
    "u64",
    "i64",
    "#3",
    "OVERFLOW",
    "SAT",
    "MATCH",
    "COUNT",
    "TYPE",
    "LIST",
    "REPLY",
    "SKIP",
    "ENCODING",
];

fn packet(rng: &mut Rng) -> Vec<u8> {
    let mut bytes = Vec::new();
    if rng.percent(15) {
        bytes.extend((0..rng.below(60)).map(|_| rng.next() as u8));
        return bytes;
    }
    for _ in 0..rng.range(1, 4) {
        let words: Vec<&str> = (0..rng.range(1, 6)).map(|_| *rng.pick(WORDS)).collect();
        bytes.extend(encode(&words));
    }
    for _ in 0..rng.below(3) {
        let at = rng.index(bytes.len());
        match rng.below(3) {
            0 => bytes[at] = *rng.pick(b"*$\r\n0123456789-\0\"' \xff"),
            1 => bytes.truncate(at + 1),
            _ => bytes.insert(at, *rng.pick(b"*$\r\n0123456789-\0\"' \xff")),
        }
    }
    bytes
}

#[test]
fn noise_at_the_port_ends_nothing_but_its_connection() {
    let seed = seed();
    println!("noise: SEED={seed}");
    let packets = env_number("NOISE", 100_000);
    for mut server in tested_servers(&["--proto-max-bulk-len", "1mb", "--enable-debug-command", "no"]) {
        let mut conn = server.connect();
        // Once answered, the connection's own descriptor is there to be counted.
        conn.cmd(&["PING"]);
        let files = descriptors(&server);
        let port = server.port();
        std::thread::scope(|scope| {
            for thread in 0..4 {
                let mut rng = Rng::new(seed).fork(thread);
                scope.spawn(move || {
                    let mut sent = 0;
                    while sent < packets / 4 {
                        let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
                        stream.set_nonblocking(true).unwrap();
                        for _ in 0..20 {
                            sent += 1;
                            let mut sink = [0; 65_536];
                            while stream.read(&mut sink).is_ok_and(|n| n > 0) {}
                            if stream.write_all(&packet(&mut rng)).is_err() {
                                break;
                            }
                        }
                    }
                });
            }
        });
        assert!(server.alive(), "SEED={seed}: {} died:\n{}", server.name(), server.log());
        // The noise may have changed the settings of this connection's server, but not whether it answers.
        wait_until("all gone", Duration::from_secs(10), || info(&mut conn, "connected_clients") == 1);
        wait_until("descriptors closed", Duration::from_secs(2), || descriptors(&server) <= files);
        assert_eq!(conn.call(&["PING"]).unwrap().raw, b"+PONG\r\n", "SEED={seed}");
    }
}
