//! Holds a whole table against the invariants of the module.

use super::*;
use crate::data::table::bucket::{DISPLACED, EXPIRING, LANES, STASHED};

impl Fields {
    pub(super) fn check_invariants(&self) {
        assert_eq!(self.segments.len(), self.pairs.div_ceil(PAIRS));
        assert_eq!(self.segments.iter().map(|segment| segment.buckets.len()).sum::<usize>(), self.pairs * 2);
        assert!(self.len <= self.pairs * grow::SPLIT_ABOVE);
        assert_eq!(self.pairs == 0, self.len == 0);
        let (mut len, mut expires) = (0, vec![(0, i64::MAX); self.segments.len()]);
        for pair in 0..self.pairs {
            self.check_pair(pair, &mut |entry| {
                len += 1;
                if let Some(ms) = entry.expire_ms() {
                    let (count, min) = &mut expires[pair / PAIRS];
                    *count += 1;
                    *min = ms.min(*min);
                }
            });
        }
        assert_eq!(len, self.len);
        assert_eq!(self.iter().count(), self.len);
        assert_eq!(expires.iter().map(|(count, _)| count).sum::<usize>(), self.expires_len());
        assert_eq!(self.due.is_some(), self.expires_len() > 0);
        let Some(due) = &self.due else { return };
        let mut bounds: Vec<(usize, i64)> = due.bounds().collect();
        bounds.resize(bounds.len().max(self.segments.len()), (0, 0));
        for (at, (count, bound)) in bounds.into_iter().enumerate() {
            let (expected, min) = expires.get(at).copied().unwrap_or((0, i64::MAX));
            assert_eq!(count, expected);
            assert!(count == 0 || bound <= min);
        }
    }

    fn check_pair(&self, pair: usize, f: &mut impl FnMut(&Entry)) {
        let (segment, within) = (&self.segments[pair / PAIRS], pair % PAIRS);
        let mixed_of = |entry: &Entry| FieldKey::new(entry.key()).mixed(self.salt);
        for side in 0..2 {
            let bucket = &segment.buckets[within * 2 + side];
            for lane in 0..LANES {
                let entry = bucket.get(lane);
                assert_eq!(entry.is_none(), bucket.tag(lane) == 0);
                let Some(entry) = entry else { continue };
                let mixed = mixed_of(entry);
                assert_eq!(bucket.tag(lane), mixed.tag());
                assert_eq!(pair_of(mixed.pair_bits(), self.pairs), pair);
                assert!(mixed.home() == side || segment.buckets[within * 2 + (side ^ 1)].flag(DISPLACED));
                assert!(!entry.has_expire() || bucket.flag(EXPIRING));
                f(entry);
            }
        }
        let stashed: Vec<_> =
            segment.stash.iter().filter(|item| usize::from(item.home) / 2 == within).collect();
        assert_eq!(segment.buckets[within * 2].flag(STASHED), !stashed.is_empty());
        assert!(stashed.is_empty() || segment.pair_full(within * 2));
        assert!(stashed.len() <= self.widest_stash);
        for item in stashed {
            let mixed = mixed_of(&item.entry);
            assert_eq!(item.tag, mixed.tag());
            assert_eq!(pair_of(mixed.pair_bits(), self.pairs), pair);
            assert_eq!(usize::from(item.home), within * 2 + mixed.home());
            f(&item.entry);
        }
    }
}
