//! Limits and hostile or unlucky clients, against the real binary with one and with four shards, and against
//! redis-server where it has the same limit: oversized requests, clients that do not read, that vanish at every point,
//! that send noise; full memory; mass expiry.

#![allow(clippy::unwrap_used, clippy::cast_possible_truncation)]

#[path = "limits/big.rs"]
mod big;
#[path = "limits/clients.rs"]
mod clients;
#[path = "limits/departures.rs"]
mod departures;
#[path = "limits/memory.rs"]
mod memory;
#[path = "limits/modes.rs"]
mod modes;
#[path = "limits/noise.rs"]
mod noise;
#[path = "limits/output.rs"]
mod output;
#[path = "limits/protocol.rs"]
mod protocol;
mod support;

use std::time::{Duration, Instant};
use support::{Conn, Server, Value, encode};

/// The oracle and the tested server with one and with four shards, all with the same arguments.
fn all_servers(args: &[&str]) -> [Server; 3] {
    [Server::oracle(args), Server::tested(1, args), Server::tested(4, args)]
}

/// The tested server with one and with four shards.
fn tested_servers(args: &[&str]) -> [Server; 2] {
    [Server::tested(1, args), Server::tested(4, args)]
}

/// Asks for a password from now on; started with one, a server would not answer the harness.
fn lock_all(servers: &[Server]) {
    for server in servers {
        assert_eq!(server.connect().cmd(&["CONFIG", "SET", "requirepass", "secret"]).to_string(), "+OK");
        wait_until("password asked for everywhere", Duration::from_secs(2), || {
            (0..8).all(|_| server.connect().call(&["PING"]).unwrap().raw.starts_with(b"-NOAUTH"))
        });
    }
}

/// Runs `script` against all servers and compares what it returns with what it returned for the oracle.
#[track_caller]
fn same_for_all<T: PartialEq + std::fmt::Debug>(
    servers: &[Server; 3],
    what: &str,
    script: impl Fn(&Server) -> T,
) {
    let [oracle, tested @ ..] = servers;
    let expected = script(oracle);
    for server in tested {
        assert_eq!(script(server), expected, "{what}: {} (left) is unlike redis (right)", server.name());
    }
}

/// Commands, each in words separated by blanks, as one write.
fn pipeline(commands: &[&str]) -> Vec<u8> {
    commands.iter().flat_map(|line| encode(&line.split(' ').collect::<Vec<_>>())).collect()
}

/// Waits until `done`, or panics with `what` after `limit`. Returns how long it took.
#[track_caller]
fn wait_until(what: &str, limit: Duration, mut done: impl FnMut() -> bool) -> Duration {
    let start = Instant::now();
    while !done() {
        assert!(start.elapsed() < limit, "still not after {limit:?}: {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
    start.elapsed()
}

/// A field of INFO.
fn info(conn: &mut Conn, field: &str) -> u64 {
    let Value::Bulk(text) = conn.cmd(&["INFO", "everything"]) else { panic!("INFO is a bulk string") };
    let text = String::from_utf8(text).unwrap();
    let line = text.lines().find_map(|l| l.strip_prefix(field)?.strip_prefix(':'));
    line.unwrap_or_else(|| panic!("INFO has no {field}")).trim().parse().unwrap()
}

/// Resident memory of a server in bytes.
fn resident(server: &Server) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", server.pid())).unwrap();
    let line = status.lines().find_map(|l| l.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() * 1024
}

/// Open descriptors of a server.
fn descriptors(server: &Server) -> usize {
    std::fs::read_dir(format!("/proc/{}/fd", server.pid())).unwrap().count()
}
