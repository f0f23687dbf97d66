//! One master and one replica: a copy, the stream, and resumption after the link was cut.

use crate::support::Rng;
use crate::{Node, full_copies, settle, traffic};

fn follow_through_cuts(master: Node, replica: Node, seed: u64) {
    println!("seed {seed}");
    let mut rng = Rng::new(seed);
    let mut nodes = [master, replica];
    traffic::write(&mut nodes[0].conn, &mut rng, 300);
    let [master, replica] = &mut nodes;
    replica.follow(master);
    traffic::write(&mut master.conn, &mut rng, 100);
    settle(&mut nodes, "after the copy");
    for round in 0..6 {
        let [master, _] = &mut nodes;
        traffic::write(&mut master.conn, &mut rng, 200);
        assert_eq!(master.ask(&["CLIENT", "KILL", "TYPE", "replica"]), ":1\r\n");
        traffic::write(&mut master.conn, &mut rng, 200);
        settle(&mut nodes, &format!("round {round}"));
    }
    assert_eq!(full_copies(&mut nodes), 1);
}

#[test]
fn shoal_follows_shoal_with_another_number_of_shards() {
    follow_through_cuts(Node::shoal(2), Node::shoal(3), 1);
    follow_through_cuts(Node::shoal(4), Node::shoal(1), 2);
}

#[test]
fn redis_follows_shoal() {
    follow_through_cuts(Node::shoal(1), Node::redis(), 3);
    follow_through_cuts(Node::shoal(3), Node::redis(), 4);
}

#[test]
fn shoal_follows_redis() {
    follow_through_cuts(Node::redis(), Node::shoal(1), 5);
    follow_through_cuts(Node::redis(), Node::shoal(3), 6);
}

#[test]
fn a_copy_by_way_of_a_file_is_as_good() {
    let mut master = Node::shoal(2);
    assert_eq!(master.ask(&["CONFIG", "SET", "repl-diskless-sync", "no"]), "+OK\r\n");
    follow_through_cuts(master, Node::redis(), 7);
}
