//! Tests of `intset`: bytes of a Redis 7.0.15 server, a naive twin, and hostile input.
#![allow(clippy::unwrap_used, clippy::cast_possible_truncation, reason = "tests")]

use super::*;
use crate::base::prng::Prng;
use std::collections::BTreeSet;

fn for_each_seed(count: u64, mut test: impl FnMut(&mut Prng)) {
    let extra = std::env::var("SHOAL_SEED").ok().and_then(|text| text.parse().ok());
    for seed in (1..=count).chain(extra) {
        println!("SHOAL_SEED={seed}");
        test(&mut Prng::new(seed));
    }
}

#[test]
fn sets_of_every_width_are_written_as_redis_writes_them() {
    // SADD and DUMP; type, length, version and checksum cut off.
    let mut set = IntSet::new();
    for number in [3, 1, -2] {
        assert!(set.insert(number));
    }
    assert_eq!(set.as_bytes(), b"\x02\0\0\0\x03\0\0\0\xfe\xff\x01\0\x03\0");
    assert!(set.insert(70_000) && !set.insert(70_000));
    assert_eq!(set.as_bytes(), b"\x04\0\0\0\x04\0\0\0\xfe\xff\xff\xff\x01\0\0\0\x03\0\0\0p\x11\x01\0");
    assert!(set.insert(-5_000_000_000));
    assert_eq!(
        set.as_bytes(),
        b"\x08\0\0\0\x05\0\0\0\0\x0e\xfa\xd5\xfe\xff\xff\xff\xfe\xff\xff\xff\xff\xff\xff\xff\x01\0\0\0\0\0\0\0\
          \x03\0\0\0\0\0\0\0p\x11\x01\0\0\0\0\0"
    );
    assert_eq!(IntSet::from_bytes(set.as_bytes()), Ok(set.clone()));
    // The width stays.
    assert!(set.remove(-5_000_000_000) && !set.remove(-5_000_000_000));
    assert_eq!((set.width(), set.len(), set.min(), set.max()), (8, 4, Some(-2), Some(70_000)));
    assert_eq!(set, [3, 1, -2, 70_000].into_iter().collect());
    assert_eq!(format!("{set:?}"), "{-2, 1, 3, 70000}");
}

#[test]
fn a_set_is_a_set_of_integers() {
    for_each_seed(30, |rng| {
        let (mut set, mut twin) = (IntSet::new(), BTreeSet::new());
        let most = [7, 15, 31, 63][rng.index(4)];
        for _ in 0..1_000 {
            let number = rng.next_u64().cast_signed() >> (63 - rng.index(most + 1));
            match rng.index(3) {
                0 => assert_eq!(set.remove(number), twin.remove(&number)),
                _ => assert_eq!(set.insert(number), twin.insert(number)),
            }
            assert_eq!((set.len(), set.is_empty()), (twin.len(), twin.is_empty()));
            assert_eq!((set.min(), set.max()), (twin.first().copied(), twin.last().copied()));
            assert_eq!(set.contains(number), twin.contains(&number));
            let index = rng.index(twin.len() + 1);
            assert_eq!(set.get(index), twin.iter().nth(index).copied());
            if !set.is_empty() {
                assert_eq!(IntSet::from_bytes(set.as_bytes()).as_ref(), Ok(&set));
            }
        }
        assert!(set.iter().eq(twin.iter().copied()) && set.iter().rev().eq(twin.iter().rev().copied()));
        assert_eq!((set.iter().len(), set.get(usize::MAX)), (twin.len(), None));
    });
}

#[test]
fn broken_sets_are_refused() {
    for (bytes, why) in [
        (&b""[..], InvalidIntSet::Header),
        (b"\x02\0\0\0\0\0\0", InvalidIntSet::Header),
        (b"\x02\0\0\0\0\0\0\0", InvalidIntSet::Empty),
        (b"\x03\0\0\0\x01\0\0\0\x01\0\0", InvalidIntSet::Header),
        (b"\x00\0\0\0\x01\0\0\0", InvalidIntSet::Header),
        (b"\x02\0\0\0\x02\0\0\0\x01\0", InvalidIntSet::Header),
        (b"\x08\0\0\0\xff\xff\xff\xff\x01\0", InvalidIntSet::Header),
        (b"\x02\0\0\0\x02\0\0\0\x01\0\x01\0", InvalidIntSet::Order(1)),
        (b"\x02\0\0\0\x03\0\0\0\x01\0\x02\0\xff\xff", InvalidIntSet::Order(2)),
    ] {
        assert_eq!(IntSet::from_bytes(bytes), Err(why), "{bytes:x?}");
    }
}

#[test]
fn mutated_sets_are_refused_or_work() {
    for_each_seed(20, |rng| {
        for _ in 0..2_000 {
            let numbers = (0..=rng.index(6)).map(|_| rng.next_u64().cast_signed() >> rng.index(64));
            let mut bytes = numbers.collect::<Vec<_>>().into_iter().collect::<IntSet>().as_bytes().to_vec();
            let at = rng.index(bytes.len());
            bytes[at] = rng.next_u32() as u8;
            let Ok(mut set) = IntSet::from_bytes(&bytes) else { continue };
            let mut twin: BTreeSet<i64> = set.iter().collect();
            for _ in 0..5 {
                let number = rng.next_u64().cast_signed() >> rng.index(64);
                assert_eq!(set.insert(number), twin.insert(number));
                let gone = set.get(rng.index(set.len())).unwrap();
                assert_eq!(set.remove(gone), twin.remove(&gone));
                assert!(set.iter().eq(twin.iter().copied()));
            }
        }
    });
}

#[test]
fn a_set_is_one_pointer() {
    assert_eq!((size_of::<IntSet>(), size_of::<Option<IntSet>>()), (8, 8));
    assert_eq!((IntSet::new().mem_bytes(), IntSet::default().as_bytes()), (8, &b"\x02\0\0\0\0\0\0\0"[..]));
}
