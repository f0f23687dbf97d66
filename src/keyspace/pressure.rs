//! Memory above `maxmemory`: how much a shard evicts and whom it wakes. A pure decider; nothing here touches keys.
//!
//! Memory is one number for the whole process, keys lie on shards that share nothing, and the shard that grows need not
//! be the one that holds what may go. So each shard that finds the limit exceeded frees its share,
//!
//! ```text
//!   share = over * (evictable keys here) / (evictable keys on all shards)          rounded up
//! ```
//!
//! and wakes the shard that holds the most if that is another one (`Note::Evict`): that one decides the same way. All
//! shares together are what is over. A shard that is asleep frees nothing, so the next decision of an awake one finds
//! less over and takes its share of the rest: the series converges to the limit whoever is awake, and with all keys on
//! one shard that shard frees everything. Nobody needs to know more of the others than their published key counts,
//! which may be a turn old.
//!
//! While another shard still has to free its part, a command that needs memory goes through, as in Redis while eviction
//! is under way (evict.c EVICT_RUNNING). It is refused only if nothing may go anywhere (EVICT_FAIL).

/// What a shard knows when it decides.
#[derive(Clone, Copy, Debug)]
pub struct Pressure<'a> {
    /// Bytes in use by the process, without what Redis does not count (replica buffers, the append-only buffer).
    pub used: u64,
    /// `maxmemory`; 0: no limit.
    pub limit: u64,
    /// Keys that the policy may evict, by shard ([`super::Store::evictable`]); all zero under `noeviction`.
    pub evictable: &'a [u64],
    /// The deciding shard.
    pub shard: usize,
}

/// What it does.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Relief {
    /// Nothing: memory is below the limit.
    Below,
    /// Evict this many bytes here (0: nothing here may go), and wake that shard to do the same.
    Evict {
        /// Bytes to free on this shard.
        bytes: u64,
        /// The shard to wake, if it is another one.
        wake: Option<usize>,
    },
    /// Memory is above the limit and nothing may go: refuse commands that need memory.
    Refuse,
}

impl Pressure<'_> {
    /// Decides. Called before a command that needs memory, and when another shard asks.
    pub fn relieve(&self) -> Relief {
        if self.limit == 0 || self.used <= self.limit {
            return Relief::Below;
        }
        let total: u128 = self.evictable.iter().map(|&n| u128::from(n)).sum();
        if total == 0 {
            return Relief::Refuse;
        }
        let over = u128::from(self.used - self.limit);
        let mine = u128::from(self.evictable.get(self.shard).copied().unwrap_or(0));
        let bytes = u64::try_from((over * mine).div_ceil(total)).unwrap_or(u64::MAX);
        Relief::Evict { bytes, wake: self.largest().filter(|&shard| shard != self.shard) }
    }

    /// The shard with the most evictable keys, this one among equals.
    fn largest(&self) -> Option<usize> {
        let key = |&(shard, &keys): &(usize, &u64)| (keys, shard == self.shard);
        self.evictable.iter().enumerate().max_by_key(key).map(|(shard, _)| shard)
    }
}

/// Microseconds that eviction may take before a command goes on; `None`: until memory is below the limit (evict.c
/// `evictionTimeLimitUs`, `maxmemory-eviction-tenacity`): 0 to 500 µs up to tenacity 10, then 15 % more a step.
pub fn time_limit_us(tenacity: u32) -> Option<u64> {
    match tenacity {
        0..=10 => Some(50 * u64::from(tenacity)),
        11..=99 => Some((10..tenacity).fold(500_000u64, |nanos, _| nanos / 100 * 115) / 1000),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn relieve(used: u64, limit: u64, evictable: &[u64], shard: usize) -> Relief {
        Pressure { used, limit, evictable, shard }.relieve()
    }

    #[test]
    fn nothing_happens_below_the_limit_or_without_one() {
        assert_eq!(relieve(100, 100, &[5, 5], 0), Relief::Below);
        assert_eq!(relieve(100, 0, &[5, 5], 0), Relief::Below);
    }

    #[test]
    fn memory_is_refused_only_if_nothing_may_go_anywhere() {
        assert_eq!(relieve(101, 100, &[0, 0], 0), Relief::Refuse);
        assert_eq!(relieve(101, 100, &[0, 1], 0), Relief::Evict { bytes: 0, wake: Some(1) });
        assert_eq!(relieve(101, 100, &[], 0), Relief::Refuse);
    }

    #[test]
    fn shares_add_up_to_what_is_over() {
        for evictable in
            [vec![1, 1, 1], vec![0, 7, 1_000_000], vec![10, 20, 30, 40], vec![u64::MAX, u64::MAX]]
        {
            let sum: u128 = (0..evictable.len())
                .map(|shard| match relieve(1_000_003, 1_000, &evictable, shard) {
                    Relief::Evict { bytes, .. } => u128::from(bytes),
                    other => panic!("{other:?}"),
                })
                .sum();
            assert!((999_003..999_003 + evictable.len() as u128).contains(&sum), "{evictable:?}: {sum}");
        }
    }

    #[test]
    fn the_largest_other_shard_is_woken() {
        assert_eq!(relieve(200, 100, &[10, 90], 0), Relief::Evict { bytes: 10, wake: Some(1) });
        assert_eq!(relieve(200, 100, &[10, 90], 1), Relief::Evict { bytes: 90, wake: None });
        assert_eq!(relieve(200, 100, &[50, 50], 0), Relief::Evict { bytes: 50, wake: None });
        assert_eq!(relieve(200, 100, &[50, 50], 1), Relief::Evict { bytes: 50, wake: None });
    }

    /// Shards hold `keys` entries of 100 bytes each; those in `awake` decide in turn.
    fn rounds_to_limit(keys: &mut [u64], awake: &[usize], limit: u64) -> Option<u32> {
        for round in 0..200 {
            let used = keys.iter().sum::<u64>() * 100;
            if used <= limit {
                return Some(round);
            }
            for &shard in awake {
                let used = keys.iter().sum::<u64>() * 100;
                if let Relief::Evict { bytes, .. } = relieve(used, limit, keys, shard) {
                    keys[shard] = keys[shard].saturating_sub(bytes.div_ceil(100));
                }
            }
        }
        None
    }

    #[test]
    fn memory_reaches_the_limit_whoever_is_awake() {
        let all_at_once = rounds_to_limit(&mut [0, 10_000, 0], &[0, 1, 2], 500_000);
        assert_eq!(all_at_once, Some(1));
        let one_of_two = rounds_to_limit(&mut [5_000, 5_000], &[0], 800_000);
        assert!(one_of_two.is_some_and(|rounds| rounds < 30), "{one_of_two:?}");
        let woken = rounds_to_limit(&mut [10, 10_000], &[0, 1], 500_000);
        assert!(woken.is_some_and(|rounds| rounds <= 3), "{woken:?}");
    }

    #[test]
    fn tenacity_maps_to_redis_time_limits() {
        assert_eq!(time_limit_us(0), Some(0));
        assert_eq!(time_limit_us(10), Some(500));
        assert_eq!(time_limit_us(11), Some(575));
        assert_eq!(time_limit_us(100), None);
        assert!(
            time_limit_us(99).is_some_and(|us| (120_000_000..150_000_000).contains(&us)),
            "about two minutes"
        );
    }
}
