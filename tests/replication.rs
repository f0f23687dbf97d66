//! Masters and replicas: Shoal with Shoal of other shard counts, and with redis-server on either side. At quiet points
//! everybody holds the same data and offset, and no full copy was made that was not planned.

#![allow(clippy::unwrap_used, clippy::cast_possible_truncation)]

#[path = "replication/chain.rs"]
mod chain;
#[path = "replication/pairs.rs"]
mod pairs;
#[path = "replication/rules.rs"]
mod rules;
#[path = "replication/traffic.rs"]
mod traffic;

mod support;

use std::time::{Duration, Instant};
use support::{Conn, Server};

/// How long servers may take until they are equal; generous, since test machines are shared.
const PATIENCE: Duration = Duration::from_secs(30);

/// What every server here is started with.
const ARGS: &[&str] = &["--repl-diskless-sync-delay", "0", "--repl-ping-replica-period", "1"];

/// A server and a connection for questions.
struct Node {
    server: Server,
    conn: Conn,
}

impl Node {
    fn shoal(shards: u32) -> Node {
        Node::of(Server::tested(shards, ARGS))
    }

    fn redis() -> Node {
        Node::of(Server::oracle(ARGS))
    }

    fn of(server: Server) -> Node {
        let conn = server.connect();
        Node { server, conn }
    }

    /// The reply as text: of a status, an error or a bulk string.
    fn ask(&mut self, words: &[&str]) -> String {
        let reply = self.conn.call(words).unwrap();
        String::from_utf8_lossy(&reply.raw).into_owned()
    }

    /// A field of INFO.
    fn info(&mut self, section: &str, field: &str) -> String {
        let text = self.ask(&["INFO", section]);
        let line = text.lines().find_map(|line| line.strip_prefix(field)?.strip_prefix(':'));
        line.unwrap_or_default().to_owned()
    }

    fn follow(&mut self, master: &Node) {
        let port = master.server.port().to_string();
        assert!(self.ask(&["REPLICAOF", "127.0.0.1", &port]).starts_with("+OK"));
    }

    fn lead(&mut self) {
        assert_eq!(self.ask(&["REPLICAOF", "NO", "ONE"]), "+OK\r\n");
    }

    fn offset(&mut self) -> String {
        let field = if self.info("replication", "role") == "slave" {
            "slave_repl_offset"
        } else {
            "master_repl_offset"
        };
        self.info("replication", field)
    }

    fn is_down(&mut self) -> bool {
        self.info("replication", "master_link_status") == "down"
    }
}

/// Full copies that these servers have made.
fn full_copies(nodes: &mut [Node]) -> u64 {
    nodes.iter_mut().map(|node| node.info("stats", "sync_full").parse::<u64>().unwrap()).sum()
}

/// Waits until all hold the same data at the same offset.
fn settle(nodes: &mut [Node], what: &str) {
    let start = Instant::now();
    loop {
        let linked = !nodes.iter_mut().any(Node::is_down);
        let offsets: Vec<String> = nodes.iter_mut().map(Node::offset).collect();
        let mut digests = Vec::new();
        if linked && offsets.iter().all(|offset| *offset == offsets[0]) {
            digests = nodes.iter_mut().map(|node| node.ask(&["DEBUG", "DIGEST"])).collect();
            if digests.iter().all(|digest| *digest == digests[0]) {
                return;
            }
        }
        assert!(
            start.elapsed() < PATIENCE,
            "{what}: linked {linked}, offsets {offsets:?}, digests {digests:?}"
        );
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// Waits for `condition`.
fn wait_for(what: &str, mut condition: impl FnMut() -> bool) {
    let start = Instant::now();
    while !condition() {
        assert!(start.elapsed() < PATIENCE, "{what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}
