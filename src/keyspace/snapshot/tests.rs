//! Snapshots of stores that change meanwhile, against a copy made at the cut. Every random test prints its seed;
//! `SHOAL_SEED` adds one more.

mod model;
mod traffic;

use super::*;
use crate::base::prng::Prng;
use crate::data::table::fix_hash_seed;
use crate::data::table::keep::flaw::{Flaw, plant};
use crate::data::{Limits, Set};
use crate::keyspace::{Eviction, Expire};
use model::{Contents, Tray, contents, hashed, read_back};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use traffic::{command, furnished};

fn for_each_seed(count: u64, mut test: impl FnMut(&mut Prng)) {
    fix_hash_seed(42);
    let extra = std::env::var("SHOAL_SEED").ok().and_then(|text| text.parse().ok());
    for seed in (1..=count).chain(extra) {
        println!("seed {seed}");
        test(&mut Prng::new(seed));
    }
}

fn records(store: &Store) -> Arc<RdbRecords> {
    Arc::new(RdbRecords { compress: true, marks: UseMarks::None, now_ms: store.now_ms, policy: store.policy })
}

fn begin(store: &mut Store, id: u64, tray: &Tray) -> Begun {
    let encode = records(store);
    store.begin_snapshot(Cut { id, encode, sink: Box::new(tray.clone()) })
}

/// What the background thread does.
pub(super) fn drain(store: &mut Store) {
    store.to_drop.clear();
}

fn a_budget(rng: &mut Prng) -> Budget {
    Budget { entries: 1 + rng.index(40), bytes: 1 + rng.index(20_000) }
}

fn check_marks(store: &Store) {
    assert!(store.dbs.iter().all(|db| db.table.keeper().is_none() && db.table.is_all_kept()));
}

fn check(tray: &Tray, at_cut: &Contents, store: &Store) {
    let received = tray.0.lock().unwrap();
    assert_eq!(received.ends, [End::Complete]);
    let read = read_back(&received.blocks);
    for (key, value) in at_cut {
        let name = key.1.escape_ascii().to_string();
        let Some(found) = read.get(key) else { panic!("{name:?} of {} is missing", key.0) };
        assert!(found == value, "{name:?} of {}: {found:?} instead of {value:?}", key.0);
    }
    assert_eq!(read.len(), at_cut.len(), "keys that were not there");
    check_marks(store);
}

/// Runs commands between steps until the snapshot is over.
fn run(store: &mut Store, rng: &mut Prng, tray: &Tray) {
    for round in 0.. {
        assert!(round < 200_000, "a snapshot without end");
        tray.0.lock().unwrap().room = rng.index(4);
        (0..rng.below(4)).for_each(|_| command(store, rng));
        let mut budget = a_budget(rng);
        match store.snapshot_step(&mut budget) {
            Step::Done => break,
            Step::More => assert!(budget.is_spent()),
            Step::NoRoom => assert_eq!(tray.0.lock().unwrap().room, 0),
        }
    }
    assert!(store.snapshot.is_none());
}

/// Three snapshots in a row of a store that changes.
fn several_snapshots(rng: &mut Prng) {
    let keys = [0, 300, 9000][rng.index(3)];
    let mut store = furnished(rng, keys);
    for id in 1..=3 {
        let tray = Tray::default();
        let at_cut = contents(&store);
        let begun = begin(&mut store, id, &tray);
        let keys: u64 = begun.dbs.iter().map(|db| db.keys).sum();
        let expires: u64 = begun.dbs.iter().map(|db| db.expires).sum();
        assert_eq!(keys, at_cut.len() as u64);
        assert_eq!(expires, at_cut.values().filter(|value| value.0.is_some()).count() as u64);
        assert_eq!(store.snapshot_id(), Some(id));
        run(&mut store, rng, &tray);
        check(&tray, &at_cut, &store);
    }
}

#[test]
fn what_is_written_is_what_was_there_at_the_cut() {
    for_each_seed(if cfg!(debug_assertions) { 8 } else { 30 }, several_snapshots);
}

#[test]
fn planted_faults_are_noticed() {
    fix_hash_seed(42);
    use Flaw::{ChangeUnseen, FlushForgets, NewUnmarked, RemovalUnseen, WalkSkips};
    for fault in [ChangeUnseen, RemovalUnseen, NewUnmarked, WalkSkips, FlushForgets] {
        plant(Some(fault));
        let noticed = (1..=4)
            .any(|seed| catch_unwind(AssertUnwindSafe(|| several_snapshots(&mut Prng::new(seed)))).is_err());
        plant(None);
        assert!(noticed, "{fault:?} went unnoticed");
    }
}

#[test]
fn a_cancelled_snapshot_leaves_marks_that_the_next_can_use() {
    for_each_seed(6, |rng| {
        let mut store = furnished(rng, 3000);
        for id in 1..=8 {
            let tray = Tray::roomy();
            begin(&mut store, id, &tray);
            for _ in 0..rng.below(200) {
                command(&mut store, rng);
                store.snapshot_step(&mut a_budget(rng));
            }
            store.cancel_snapshot();
            let blocks = tray.0.lock().unwrap().blocks.len();
            tray.0.lock().unwrap().room = 0;
            if rng.one_in(2) {
                while store.snapshot_step(&mut a_budget(rng)) != Step::Done {
                    command(&mut store, rng);
                }
                check_marks(&store);
            } else {
                for _ in 0..rng.below(3) {
                    store.snapshot_step(&mut a_budget(rng));
                }
            }
            assert_eq!(tray.0.lock().unwrap().blocks.len(), blocks, "a block after cancelling");

            let tray = Tray::default();
            let at_cut = contents(&store);
            begin(&mut store, 100 + id, &tray);
            run(&mut store, rng, &tray);
            check(&tray, &at_cut, &store);
        }
    });
}

#[test]
fn a_snapshot_begun_over_another_ends_that_one() {
    let rng = &mut Prng::new(3);
    let mut store = furnished(rng, 500);
    let (first, second) = (Tray::roomy(), Tray::roomy());
    begin(&mut store, 1, &first);
    store.snapshot_step(&mut Budget { entries: 100, bytes: 10_000 });
    let at_cut = contents(&store);
    begin(&mut store, 2, &second);
    assert_eq!(first.0.lock().unwrap().ends, [End::Cancelled]);
    run(&mut store, rng, &second);
    check(&second, &at_cut, &store);
}

#[test]
fn an_empty_store_is_done_at_once() {
    let mut store = Store::new(2, 1);
    let tray = Tray::roomy();
    let begun = begin(&mut store, 1, &tray);
    assert_eq!(begun, Begun { dbs: Vec::new(), needs_version: 10 });
    assert_eq!(store.snapshot_step(&mut { Budget::UNBOUNDED }), Step::Done);
    assert_eq!(store.snapshot_step(&mut { Budget::UNBOUNDED }), Step::Done);
    check(&tray, &Contents::new(), &store);
}

/// A flushed table keeps its keys until they are written, however the flush was asked for.
#[test]
fn flushed_keys_are_written_and_then_freed_elsewhere() {
    for lazy in [false, true] {
        let mut store = furnished(&mut Prng::new(9), 2000);
        let tray = Tray::roomy();
        let at_cut = contents(&store);
        drain(&mut store);
        begin(&mut store, 1, &tray);
        for db in 0..traffic::DATABASES {
            store.flush(db, lazy);
            store.set_string(db, &hashed(b"late"), b"value", Expire::Clear);
        }
        assert!(store.to_drop.is_empty());
        assert!(contents(&store).len() == traffic::DATABASES);
        while store.snapshot_step(&mut Budget { entries: 50, bytes: 50_000 }) != Step::Done {}
        check(&tray, &at_cut, &store);
        assert!(store.to_drop.iter().any(|dropped| matches!(dropped, ToDrop::Table(_))));
    }
}

/// Steps are bounded though one value has as many elements as all other keys together; the blocks of that value follow
/// each other although keys change meanwhile.
#[test]
fn a_step_over_a_huge_set_is_bounded() {
    fix_hash_seed(42);
    let members: u64 = if cfg!(debug_assertions) { 200_000 } else { 1_000_000 };
    let mut store = Store::new(1, 1);
    let edited = store.upsert(0, &hashed(b"huge"), Set::default, |set: &mut Set, limits| {
        (0..members).all(|n| set.add(format!("member:{n}").as_bytes(), limits))
    });
    assert!(edited.unwrap().result);
    for n in 0..1000 {
        let name = format!("key:{n}").into_bytes();
        store.set_string(0, &hashed(&name), b"value", Expire::Clear);
    }
    let at_cut = contents(&store);
    let tray = Tray::roomy();
    begin(&mut store, 1, &tray);
    let mut steps = 0;
    loop {
        let mut budget = Budget { entries: 64, bytes: 16 << 10 };
        let before: usize = tray.0.lock().unwrap().blocks.iter().map(|block| block.bytes.len()).sum();
        if store.snapshot_step(&mut budget) == Step::Done {
            break;
        }
        steps += 1;
        let after: usize = tray.0.lock().unwrap().blocks.iter().map(|block| block.bytes.len()).sum();
        assert!(after - before <= 2 * BLOCK_BYTES, "{} bytes in one step", after - before);
        let name = format!("key:{}", steps % 1000).into_bytes();
        store.set_string(0, &hashed(&name), b"changed", Expire::Clear);
        let word = format!("new:{steps}").into_bytes();
        let edited = store.edit(0, &hashed(b"huge"), |set: &mut Set, limits| set.add(&word, limits));
        assert!(edited.unwrap().unwrap().result);
    }
    assert!(steps > 100);
    check(&tray, &at_cut, &store);
    assert!(tray.0.lock().unwrap().blocks.iter().any(|block| block.continues));
}

/// The snapshot becomes the only owner of what it shared, and must not free it on the shard's thread.
#[test]
fn a_large_value_that_is_deleted_is_written_and_freed_elsewhere() {
    fix_hash_seed(42);
    let mut store = Store::new(1, 1);
    let edited = store.upsert(0, &hashed(b"large"), Set::default, |set: &mut Set, limits| {
        (0..5000).all(|n| set.add(format!("member:{n}").as_bytes(), limits))
    });
    assert!(edited.unwrap().result);
    let (tray, at_cut) = (Tray::default(), contents(&store));
    begin(&mut store, 1, &tray);
    assert_eq!(store.snapshot_extra_bytes(), 0);
    drop(store.remove(0, &hashed(b"large")).unwrap());
    assert!(store.snapshot_extra_bytes() > 5000);
    assert_eq!(store.snapshot_step(&mut { Budget::UNBOUNDED }), Step::NoRoom);
    assert!(!store.snapshot_can_go_on());
    tray.0.lock().unwrap().room = usize::MAX;
    assert_eq!(store.snapshot_step(&mut { Budget::UNBOUNDED }), Step::Done);
    assert!(matches!(&store.to_drop[..], [ToDrop::Entry(_)]));
    check(&tray, &at_cut, &store);
}

#[test]
fn the_version_follows_from_fields_with_times() {
    use crate::data::Hash;
    use crate::data::hash::{Condition, FieldTtl, Ttl};
    let mut store = Store::new(2, 1);
    store.now_ms = 1000;
    let set = |store: &mut Store, at_ms: Option<i64>| {
        let edited = store.upsert(1, &hashed(b"h"), Hash::default, |hash: &mut Hash, limits| {
            hash.set(b"f", b"v", Ttl::Clear, limits, 1000);
            at_ms.map(|at_ms| hash.set_ttl(b"f", at_ms, Condition::Always, 1000)).is_some()
                || matches!(hash.persist(b"f", 1000), FieldTtl::At(_) | FieldTtl::Never)
        });
        assert!(edited.unwrap().result);
        store.watch_fields(1, b"h");
    };
    for (at_ms, version) in [(None, 10), (Some(9000), 12), (None, 10)] {
        set(&mut store, at_ms);
        let (tray, at_cut) = (Tray::roomy(), contents(&store));
        assert_eq!(begin(&mut store, 1, &tray).needs_version, version);
        assert_eq!(store.snapshot_step(&mut { Budget::UNBOUNDED }), Step::Done);
        // Types from 24 on came with version 12.
        let newest = tray.0.lock().unwrap().blocks[0].bytes[0];
        assert_eq!(newest >= 24, version == 12, "type {newest}");
        check(&tray, &at_cut, &store);
    }
}

#[test]
fn marks_of_use_are_written_as_the_policy_asks() {
    let mut store = Store::new(1, 1);
    store.now_ms = 1_700_000_000_000;
    store.set_string(0, &hashed(b"k"), b"v", Expire::At(1_700_000_999_000));
    let expiry = [&[252][..], &1_700_000_999_000_i64.to_le_bytes()].concat();
    let tail = [0, 1, b'k', 1, b'v'];
    let written = |store: &Store, marks, now_ms, lfu| {
        let mut policy = store.policy;
        (policy.lfu, policy.lfu_decay_min) = (lfu, 1);
        let mut out = Vec::new();
        let entry = store.peek(0, &hashed(b"k")).unwrap();
        RdbRecords { compress: true, marks, now_ms, policy }.record(entry, &mut out);
        out
    };
    let now_ms = store.now_ms;
    assert_eq!(UseMarks::under(Eviction::VolatileLru), UseMarks::Idle);
    assert_eq!(UseMarks::under(Eviction::VolatileTtl), UseMarks::None);
    assert_eq!(written(&store, UseMarks::None, now_ms, false), [&expiry[..], &tail].concat());
    assert_eq!(
        written(&store, UseMarks::Idle, now_ms + 60_000, false),
        [&expiry[..], &[248, 60], &tail].concat()
    );
    // Used after the cut.
    assert_eq!(
        written(&store, UseMarks::Idle, now_ms - 60_000, false),
        [&expiry[..], &[248, 0], &tail].concat()
    );
    store.peek(0, &hashed(b"k")).unwrap().set_lru(crate::keyspace::lru::lfu_with(now_ms, 17));
    assert_eq!(
        written(&store, UseMarks::Freq, now_ms + 120_000, true),
        [&expiry[..], &[249, 15], &tail].concat()
    );
}

#[test]
fn limits_are_the_defaults_that_the_model_reads_with() {
    assert_eq!(Store::new(1, 1).limits, Limits::default());
}
