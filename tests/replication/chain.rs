//! A chain of five mixed servers whose leader changes while links are cut.

use crate::support::Rng;
use crate::{Node, full_copies, settle, traffic, wait_for};

fn line_up(nodes: &mut [Node], order: &[usize]) {
    for pair in order.windows(2) {
        let port = nodes[pair[0]].server.port().to_string();
        assert!(nodes[pair[1]].ask(&["REPLICAOF", "127.0.0.1", &port]).starts_with("+OK"));
        // Who follows a server that has yet to hear of the new leader's id, but has heard of it itself, would need a copy.
        wait_for("the leader's id arrives", || {
            // Asked for again and again: the first replica gives it a new one.
            let id = nodes[order[0]].info("replication", "master_replid");
            nodes[pair[1]].info("replication", "master_replid") == id && !nodes[pair[1]].is_down()
        });
    }
}

#[test]
fn five_mixed_servers_change_their_leader_without_a_copy() {
    let seed = 8;
    println!("seed {seed}");
    let mut rng = Rng::new(seed);
    let mut nodes = [Node::shoal(2), Node::redis(), Node::shoal(3), Node::shoal(1), Node::redis()];
    let mut order: Vec<usize> = (0..5).collect();
    traffic::write(&mut nodes[0].conn, &mut rng, 200);
    line_up(&mut nodes, &order);
    settle(&mut nodes, "at first");
    assert_eq!(full_copies(&mut nodes), 4);
    for round in 0..4 {
        for _ in 0..3 {
            traffic::write(&mut nodes[order[0]].conn, &mut rng, 150);
            let cut = order[usize::try_from(rng.below(4)).unwrap()];
            nodes[cut].ask(&["CLIENT", "KILL", "TYPE", "replica"]);
        }
        settle(&mut nodes, &format!("before change {round}"));
        let next = 1 + usize::try_from(rng.below(4)).unwrap();
        order.swap(0, next);
        nodes[order[0]].lead();
        line_up(&mut nodes, &order);
        settle(&mut nodes, &format!("after change {round} to {order:?}"));
    }
    assert_eq!(full_copies(&mut nodes), 4);
}

#[test]
fn failover_hands_over_between_shoal_and_redis() {
    for (master, replica) in
        [(Node::shoal(2), Node::redis()), (Node::redis(), Node::shoal(2)), (Node::shoal(1), Node::shoal(3))]
    {
        let mut nodes = [master, replica];
        let mut rng = Rng::new(9);
        let [master, replica] = &mut nodes;
        replica.follow(master);
        settle(&mut nodes, "before");
        traffic::write(&mut nodes[0].conn, &mut rng, 100);
        assert_eq!(nodes[0].ask(&["FAILOVER"]), "+OK\r\n");
        wait_for("the roles change", || {
            nodes[0].info("replication", "role") == "slave"
                && nodes[1].info("replication", "role") == "master"
        });
        wait_for("the failover ends", || {
            nodes[0].info("replication", "master_failover_state") == "no-failover"
        });
        settle(&mut nodes, "after");
        assert_eq!(nodes[1].ask(&["SET", "after", "1"]), "+OK\r\n");
        settle(&mut nodes, "after a write");
        assert_eq!(full_copies(&mut nodes), 1);
    }
}
