//! Chains, promotions, hand-overs.

use super::each_seed;
use super::world::World;
use crate::replication::failover::{Failover, Order};

/// Makes the nodes a chain in this order, the first leading.
fn chain(world: &mut World, order: &[usize]) {
    for pair in order.windows(2) {
        let (master, replica) = (world.nodes[pair[0]].port, pair[1]);
        if world.nodes[replica].upstream.as_ref().map(|u| u.port()) != Some(master) {
            world.follow(replica, pair[0]);
        }
    }
}

fn disturb(world: &mut World, leader: usize, steps: usize) {
    for _ in 0..steps {
        match world.below(40) {
            0 if !world.wires.is_empty() => {
                let at = world.below(world.wires.len());
                world.cut(at);
            }
            1..3 => world.second(),
            3..8 => world.write(leader),
            _ => world.step(),
        }
    }
}

#[test]
fn a_chain_of_five_moves_its_leader_without_a_copy_that_was_not_planned() {
    each_seed(15, |world| {
        world.add(5);
        let mut order: Vec<usize> = (0..5).collect();
        world.write(0);
        chain(world, &order);
        for _ in 0..5 {
            world.settle();
        }
        world.check_equal();
        let planned = world.full_copies();
        for _ in 0..12 {
            disturb(world, order[0], 300);
            for _ in 0..3 {
                world.settle();
            }
            world.check_equal();
            assert_eq!(world.full_copies(), planned);
            // Any of them leads next; the others line up in any order.
            let next = world.below(4) + 1;
            order.swap(0, next);
            let leader = order[0];
            world.lead(leader);
            for at in (1..5).rev() {
                let other = 1 + world.below(at);
                order.swap(at, other);
            }
            chain(world, &order);
            for _ in 0..5 {
                world.settle();
            }
            world.check_equal();
            assert_eq!(world.full_copies(), planned, "leader {leader}, order {order:?}");
        }
    });
}

#[test]
fn a_leader_that_wrote_alone_after_the_promotion_takes_the_new_ones_data() {
    each_seed(5, |world| {
        world.add(2);
        world.follow(1, 0);
        world.settle();
        let before = world.full_copies();
        world.lead(1);
        for _ in 0..5 {
            world.write(0);
            world.write(1);
        }
        world.follow(0, 1);
        world.settle();
        world.settle();
        world.check_equal();
        assert_eq!(world.full_copies(), before + 1);
    });
}

#[test]
fn failover_hands_over_without_losing_a_write_or_making_a_copy() {
    each_seed(20, |world| {
        world.add(3);
        world.follow(1, 0);
        world.follow(2, 1);
        for _ in 0..4 {
            world.settle();
        }
        let copies = world.full_copies();
        disturb(world, 0, 100);
        world.settle();
        let now = world.now_s;
        let leader = &mut world.nodes[0];
        let order = Order::parse(&[b"TIMEOUT", b"60000"]).unwrap();
        let actions = leader.failover.order(order, &leader.replicas, false, now * 1000).unwrap();
        leader.obey_failover(actions, now);
        assert!(leader.paused);
        for _ in 0..6 {
            world.settle();
        }
        assert_eq!(world.nodes[0].failover, Failover::None, "{:?}", world.nodes[0].lines);
        assert!(
            !world.nodes[0].paused && world.nodes[0].upstream.is_some() && world.nodes[1].upstream.is_none()
        );
        world.check_equal();
        world.write(1);
        world.settle();
        world.check_equal();
        assert_eq!(world.full_copies(), copies);
    });
}

#[test]
fn failover_is_given_up_in_time_and_by_hand_and_says_what_it_lacks() {
    each_seed(1, |world| {
        world.add(2);
        let begin = || Order::parse(&[b"TIMEOUT", b"5000"]).unwrap();
        let now = world.now_s;
        let node = &mut world.nodes[0];
        let refused = node.failover.order(begin(), &node.replicas, false, 0);
        assert_eq!(refused, Err("ERR FAILOVER requires connected replicas."));
        assert_eq!(
            node.failover.order(Order::Abort, &node.replicas, false, 0),
            Err("ERR No failover in progress.")
        );
        world.follow(1, 0);
        world.settle();
        let node = &mut world.nodes[0];
        let to = |port: &[u8]| Order::parse(&[b"TO", b"node", port]).unwrap();
        let refused = node.failover.order(to(b"99"), &node.replicas, false, 0);
        assert_eq!(refused, Err("ERR FAILOVER target HOST and PORT is not a replica."));
        let force = Order::parse(&[b"FORCE"]).unwrap();
        assert!(node.failover.order(force, &node.replicas, false, 0).is_err());
        // It lags behind for ever.
        node.write(b"*1\r\n$5\r\nWRITE\r\n");
        let actions = node.failover.order(begin(), &node.replicas, false, now * 1000).unwrap();
        node.obey_failover(actions, now);
        assert!(node.failover.order(begin(), &node.replicas, false, 0).is_err());
        assert!(node.failover.step(&node.replicas, node.history.offset, now * 1000 + 4999).is_empty());
        let actions = node.failover.step(&node.replicas, node.history.offset, now * 1000 + 5000);
        node.obey_failover(actions, now);
        assert!(!node.paused && node.upstream.is_none() && !node.failover.is_on());
    });
}
