//! The network between nodes: links that deliver any number of bytes at a time and are cut anywhere.

use super::node::{Node, Out};
use crate::base::prng::Prng;
use std::collections::VecDeque;

pub struct Wire {
    /// The replica's node and the master's, and the master's name of the link.
    pub replica: usize,
    pub master: usize,
    id: u64,
    up: VecDeque<u8>,
    down: VecDeque<u8>,
}

pub struct World {
    pub rng: Prng,
    pub nodes: Vec<Node>,
    pub wires: Vec<Wire>,
    pub now_s: i64,
    next_id: u64,
    writes: u64,
}

impl World {
    pub fn new(seed: u64) -> World {
        World {
            rng: Prng::new(seed),
            nodes: Vec::new(),
            wires: Vec::new(),
            now_s: 1_000,
            next_id: 1,
            writes: 0,
        }
    }

    pub fn add(&mut self, n: usize) {
        for _ in 0..n {
            let port = u16::try_from(self.nodes.len() + 1).unwrap();
            self.nodes.push(Node::new(port));
        }
    }

    pub fn below(&mut self, n: usize) -> usize {
        self.rng.below(n as u64) as usize
    }

    pub fn follow(&mut self, replica: usize, master: usize) {
        let (port, now) = (self.nodes[master].port, self.now_s);
        self.nodes[replica].follow(port, false, now);
    }

    pub fn lead(&mut self, node: usize) {
        let now = self.now_s;
        self.nodes[node].lead(now);
    }

    /// A client writes to `node`, sometimes a transaction.
    pub fn write(&mut self, node: usize) {
        self.writes += 1;
        let width = 1 + self.below(40);
        let value = format!("{:0width$}", self.writes);
        let set = format!("*2\r\n$3\r\nSET\r\n${}\r\n{value}\r\n", value.len());
        let command = match self.below(5) {
            0 => format!("*1\r\n$5\r\nMULTI\r\n{set}{set}*1\r\n$4\r\nEXEC\r\n"),
            _ => set,
        };
        self.nodes[node].write(command.as_bytes());
        let now = self.now_s;
        self.nodes[node].feed(now);
    }

    /// Some bytes of some link arrive; what nodes want of the network is done.
    pub fn step(&mut self) {
        self.route();
        if self.wires.is_empty() {
            return;
        }
        let at = self.below(self.wires.len());
        let upward = self.below(2) == 0;
        let most = if self.below(4) == 0 { 4 } else { 400 };
        let n = 1 + self.below(most);
        let now = self.now_s;
        let wire = &mut self.wires[at];
        let queue = if upward { &mut wire.up } else { &mut wire.down };
        let n = n.min(queue.len());
        let bytes: Vec<u8> = queue.drain(..n).collect();
        let (replica, master, id) = (wire.replica, wire.master, wire.id);
        if bytes.is_empty() {
            return;
        }
        if upward {
            self.nodes[master].from_replica(id, &bytes, now);
        } else {
            self.nodes[replica].from_master(&bytes, now);
        }
        self.route();
    }

    fn route(&mut self) {
        for at in 0..self.nodes.len() {
            for out in std::mem::take(&mut self.nodes[at].out) {
                self.deliver(at, out);
            }
        }
        if self.nodes.iter().any(|node| !node.out.is_empty()) {
            self.route();
        }
    }

    fn deliver(&mut self, at: usize, out: Out) {
        let now = self.now_s;
        match out {
            Out::Connect(port) => {
                let Some(master) = self.nodes.iter().position(|node| node.port == port) else {
                    return self.nodes[at].connected(false, now);
                };
                let id = self.next_id;
                self.next_id += 1;
                self.nodes[master].accept(id);
                self.wires.push(Wire { replica: at, master, id, up: VecDeque::new(), down: VecDeque::new() });
                self.nodes[at].connected(true, now);
            }
            Out::Up(bytes) => {
                if let Some(wire) = self.wires.iter_mut().find(|wire| wire.replica == at) {
                    wire.up.extend(bytes);
                }
            }
            Out::Down(id, bytes) => {
                if let Some(wire) = self.wires.iter_mut().find(|wire| wire.id == id) {
                    wire.down.extend(bytes);
                }
            }
            Out::HangUp => {
                if let Some(found) = self.wires.iter().position(|wire| wire.replica == at) {
                    let wire = self.wires.remove(found);
                    self.nodes[wire.master].replica_gone(wire.id, now);
                }
            }
            Out::Drop(id) => {
                if let Some(found) = self.wires.iter().position(|wire| wire.id == id) {
                    let wire = self.wires.remove(found);
                    self.nodes[wire.replica].master_gone(now);
                }
            }
        }
    }

    /// Cuts the link at `at`: what is on its way is lost.
    pub fn cut(&mut self, at: usize) {
        let now = self.now_s;
        let wire = self.wires.remove(at);
        self.nodes[wire.master].replica_gone(wire.id, now);
        self.nodes[wire.replica].master_gone(now);
        self.route();
    }

    pub fn second(&mut self) {
        self.now_s += 1;
        let now = self.now_s;
        self.nodes.iter_mut().for_each(|node| node.second(now));
        self.route();
    }

    /// Lets everything arrive, and everybody notice.
    pub fn settle(&mut self) {
        for _ in 0..4 {
            for _ in 0..100_000 {
                self.route();
                if self.wires.iter().all(|wire| wire.up.is_empty() && wire.down.is_empty()) {
                    break;
                }
                self.step();
            }
            self.second();
        }
        for _ in 0..100_000 {
            if self.wires.iter().all(|wire| wire.up.is_empty() && wire.down.is_empty()) {
                break;
            }
            self.step();
        }
    }

    /// Copies made by all nodes so far.
    pub fn full_copies(&self) -> usize {
        self.nodes.iter().map(|node| node.full_copies).sum()
    }

    /// All nodes hold the same data, offsets and ids, and where they hold the same bytes of the stream, these are equal.
    pub fn check_equal(&self) {
        let first = &self.nodes[0];
        for node in &self.nodes[1..] {
            assert_eq!(
                String::from_utf8_lossy(&node.data),
                String::from_utf8_lossy(&first.data),
                "data of {}",
                node.port
            );
            assert_eq!(node.history.offset, first.history.offset, "offset of {}", node.port);
            assert_eq!(node.history.id, first.history.id, "id of {}", node.port);
            let from = node.base.max(first.base);
            assert_eq!(
                node.stream[(from - node.base) as usize..],
                first.stream[(from - first.base) as usize..],
                "stream of {}",
                node.port
            );
        }
    }
}
