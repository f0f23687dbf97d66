//! Checks a whole table against the invariants that its files state.

use std::collections::HashSet;

use super::super::bucket::{DISPLACED, EXPIRING, STASHED};
use super::super::key::POSITION_END;
use super::super::segment::{BUCKETS, CAPACITY, home_bucket};
use super::super::{Record, Table};
use super::HKey;
use crate::data::entry::Entry;
use crate::data::slot::SLOT_COUNT;

#[derive(Default)]
struct Totals {
    len: usize,
    expires: usize,
    slots: Vec<u32>,
}

impl Table {
    /// Panics if any invariant is broken.
    pub(in super::super) fn check_invariants(&self) {
        self.tree.check();
        self.arena.check();
        let mut totals = Totals { slots: vec![0; SLOT_COUNT], ..Totals::default() };
        let (mut position, mut seen) = (0, HashSet::new());
        while position < POSITION_END {
            let node = self.tree.lookup(position);
            assert_eq!(node.start(position), position, "a node begins inside another");
            if !node.is_nil() {
                assert!(seen.insert(node.id()), "two nodes name one segment");
                let record = self.arena.get(node.id());
                assert_eq!((record.start, record.depth), (position, node.depth()));
                check_segment(record, &mut totals);
            }
            position += node.span();
        }
        assert_eq!(seen.len(), self.arena.live().len(), "a segment that no node names");
        assert_eq!((totals.len, totals.expires), (self.len, self.expires));
        for (slot, &count) in totals.slots.iter().enumerate() {
            assert_eq!(self.slot_len(slot as u16), count as usize, "slot {slot}");
        }
    }
}

fn check_segment(record: &Record, totals: &mut Totals) {
    let segment = &record.segment;
    let (mut count, mut expires, mut keys) = (0, 0, HashSet::new());
    let mut check_entry = |entry: &Entry, tag: u8| {
        let key = HKey::new(entry.key());
        let width = 1u64 << (52 - record.depth);
        assert!((record.start..record.start + width).contains(&key.position()));
        assert_eq!(key.fingerprint(), tag);
        assert!(keys.insert(entry.key().to_vec()), "a key twice");
        count += 1;
        totals.slots[usize::from(key.slot)] += 1;
        if let Some(ms) = entry.expire_ms() {
            expires += 1;
            assert!(ms >= record.min_expire(), "the bound is above an expiry");
        }
        assert!(
            segment.probe(home_bucket(key.position(), record.depth), key.fingerprint(), key.bytes).is_some()
        );
        home_bucket(key.position(), record.depth)
    };
    for at in 0..BUCKETS {
        let bucket = &segment.buckets[at];
        for lane in 0..7 {
            assert_eq!(bucket.get(lane).is_some(), bucket.tag(lane) != 0);
            if let Some(entry) = bucket.get(lane) {
                let home = check_entry(entry, bucket.tag(lane));
                assert!(home == at || home == at ^ 1 && segment.buckets[home].flag(DISPLACED));
                assert!(!entry.has_expire() || bucket.flag(EXPIRING));
            }
        }
        let stashed = segment.stash.iter().any(|item| usize::from(item.home) / 2 == at / 2);
        assert_eq!(bucket.flag(STASHED), stashed && at % 2 == 0);
        assert!(!stashed || bucket.len() == 7, "an entry stashed though its pair has room");
    }
    for item in &segment.stash {
        assert_eq!(check_entry(&item.entry, item.tag), usize::from(item.home));
    }
    assert!(count > 0, "an empty segment was kept");
    assert!(segment.stash.len() < CAPACITY);
    assert_eq!((record.count, record.expires()), (count, expires));
    totals.len += count as usize;
    totals.expires += expires as usize;
}
