//! A master and its replicas.

use super::each_seed;
use crate::replication::master::State;

#[test]
fn a_replica_that_is_cut_off_anywhere_goes_on_at_the_byte_that_it_lacks() {
    each_seed(40, |world| {
        world.add(2);
        world.write(0);
        world.follow(1, 0);
        world.settle();
        world.check_equal();
        assert_eq!(world.full_copies(), 1);
        for _ in 0..300 {
            match world.below(12) {
                0 if !world.wires.is_empty() => {
                    let at = world.below(world.wires.len());
                    world.cut(at);
                }
                1 => world.second(),
                2..5 => world.write(0),
                _ => world.step(),
            }
        }
        world.settle();
        world.check_equal();
        assert_eq!(world.full_copies(), 1, "{:?}", world.nodes[0].lines);
    });
}

#[test]
fn a_cut_during_the_copy_begins_a_new_one_and_ends_equal() {
    each_seed(40, |world| {
        world.add(3);
        for _ in 0..50 {
            world.write(0);
        }
        world.follow(1, 0);
        world.follow(2, 0);
        for _ in 0..60 {
            match world.below(10) {
                0 if !world.wires.is_empty() => {
                    let at = world.below(world.wires.len());
                    world.cut(at);
                }
                1 => world.second(),
                2 => world.write(0),
                _ => world.step(),
            }
        }
        world.settle();
        world.check_equal();
        assert_eq!(world.nodes[0].replicas.links().len(), 2);
    });
}

#[test]
fn a_replica_away_for_longer_than_the_backlog_holds_takes_one_copy() {
    each_seed(5, |world| {
        world.add(2);
        world.nodes[0].settings.backlog_bytes = 1000;
        world.follow(1, 0);
        world.settle();
        world.cut(0);
        for _ in 0..200 {
            world.write(0);
        }
        world.settle();
        world.check_equal();
        assert_eq!(world.full_copies(), 2);
    });
}

#[test]
fn replicas_that_wait_share_one_copy() {
    each_seed(3, |world| {
        world.add(4);
        world.nodes[0].settings.diskless_delay_s = 3;
        for replica in 1..4 {
            world.follow(replica, 0);
        }
        for _ in 0..200 {
            world.step();
        }
        let waiting = world.nodes[0].replicas.links().iter().filter(|l| l.state == State::WaitStart).count();
        assert_eq!(waiting, 3);
        world.settle();
        world.settle();
        world.check_equal();
        let begun = world.nodes[0].lines.iter().filter(|l| l.starts_with("Starting BGSAVE")).count();
        assert_eq!(begun, 1);
    });
}

#[test]
fn a_silent_replica_is_dropped_after_the_timeout_and_a_silent_master_given_up() {
    each_seed(1, |world| {
        world.add(2);
        world.follow(1, 0);
        world.settle();
        // Nothing arrives any more.
        for _ in 0..62 {
            world.now_s += 1;
            let now = world.now_s;
            world.nodes[0].second(now);
        }
        assert!(
            world.nodes[0]
                .lines
                .iter()
                .any(|l| l.starts_with("Disconnecting timedout replica (streaming sync)"))
        );
        assert!(world.nodes[0].replicas.links().is_empty());
        let now = world.now_s;
        world.nodes[1].second(now);
        assert!(world.nodes[1].lines.iter().any(|l| l == "MASTER timeout: no data nor PING received..."));
        world.nodes[0].out.clear();
        world.settle();
        world.check_equal();
        assert_eq!(world.full_copies(), 1);
    });
}
