//! The steps of a snapshot within the loop.
//!
//! While one runs and its sink has room, every turn takes a slice of time for it, and the shard does not sleep. Where the
//! sink has no room the shard sleeps as usual; who makes room wakes it.

use super::{Connection, Driver, Shard};
use crate::base::clock;
use crate::keyspace::snapshot::{Budget, Step};

/// Longest slice: what comes next waits no longer than that.
const SLICE_MAX_NS: u64 = 300 * clock::NS_PER_US;
/// Shortest slice after a turn in which something came in.
const SLICE_MIN_NS: u64 = 50 * clock::NS_PER_US;
/// The slice of an idle turn. Such a turn costs a microsecond or two besides, so a longer one would not make the snapshot
/// faster, but the next request wait.
const IDLE_SLICE_NS: u64 = 500 * clock::NS_PER_US;
/// What is done between two looks at the clock: some tens of microseconds.
const BUDGET: Budget = Budget { entries: 64, bytes: 16 << 10 };

impl<D: Driver> Shard<D>
where
    D::Socket: Connection,
{
    /// Whether a snapshot can go on.
    pub(super) fn may_save(&mut self) -> bool {
        self.seat.state().is_some_and(|ground| ground.store.snapshot_can_go_on())
    }

    /// Goes on with the snapshot for a slice of time: if something came in in this turn (`worked`), for as long as that
    /// took, so that under load the snapshot gets half of the processor. Returns whether there is more to do at once.
    pub(super) fn run_snapshot(&mut self, worked: bool) -> bool {
        let Some(ground) = self.seat.state() else { return false };
        if !ground.store.snapshot_can_go_on() {
            return false;
        }
        let slice_ns = match worked {
            true => self.meter.since_restart_ns().clamp(SLICE_MIN_NS, SLICE_MAX_NS),
            false => IDLE_SLICE_NS,
        };
        let start = clock::ticks();
        loop {
            let step = ground.store.snapshot_step(&mut { BUDGET });
            if step != Step::More {
                return false;
            }
            if clock::ticks_to_ns(clock::ticks().saturating_sub(start)) > slice_ns {
                return true;
            }
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
