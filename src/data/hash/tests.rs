//! Tests of `hash`.
use super::*;
use crate::data::Limits;
use std::collections::BTreeMap;

type Twin = BTreeMap<Vec<u8>, (Vec<u8>, Option<i64>)>;

fn check(hash: &Hash, twin: &Twin, now_ms: i64) {
    let live: BTreeMap<&[u8], &[u8]> = twin
        .iter()
        .filter(|(_, (_, at))| at.is_none_or(|at| at >= now_ms))
        .map(|(field, (value, _))| (&field[..], &value[..]))
        .collect();
    let mut shown = BTreeMap::new();
    for (field, value) in hash.pairs(now_ms) {
        assert!(shown.insert(field.to_vec(), value.to_vec()).is_none());
    }
    assert_eq!(shown.len(), live.len());
    for (field, value) in live {
        assert_eq!(shown.get(field).map(Vec::as_slice), Some(value));
        assert!(hash.get(field, now_ms).is_some_and(|found| found.eq_bytes(value)));
    }
    let next = twin.values().filter_map(|(_, at)| *at).min();
    assert!(hash.next_due().is_none_or(|due| next.is_none_or(|next| due <= next)));
    assert!(next.is_none() || hash.next_due().is_some());
}

#[test]
fn a_hash_equals_its_twin_in_every_encoding() {
    let seed: u64 = std::env::var("SEED").ok().and_then(|s| s.parse().ok()).unwrap_or(11);
    println!("SEED={seed}");
    let rng = &mut Prng::new(seed);
    let mut kinds = std::collections::BTreeSet::new();
    for round in 0..60 {
        let limits = Limits { hash_entries: 20, hash_value_bytes: 10, ..Limits::default() };
        let (mut hash, mut twin, mut now) = (Hash::default(), Twin::new(), 1_000);
        for _ in 0..300 {
            let field = format!("f{}", rng.below(if round % 2 == 0 { 15 } else { 40 })).into_bytes();
            let live =
                |twin: &Twin, now: i64| twin.get(&field).is_some_and(|(_, at)| at.is_none_or(|at| at >= now));
            match rng.below(10) {
                0..=3 => {
                    let value = if rng.one_in(20) && round > 20 {
                        b"longer than ten bytes".to_vec()
                    } else {
                        rng.below(1000).to_string().into_bytes()
                    };
                    let ttl = if rng.one_in(3) { Ttl::Keep } else { Ttl::Clear };
                    let was = live(&twin, now);
                    assert_eq!(hash.set(&field, &value, ttl, &limits, now), was);
                    let at = twin.get(&field).and_then(|(_, at)| *at).filter(|_| was && ttl == Ttl::Keep);
                    twin.insert(field.clone(), (value, at));
                }
                4 | 5 => {
                    assert_eq!(hash.remove(&field, now), live(&twin, now));
                    twin.remove(&field);
                }
                6 if round > 5 => {
                    let at = now + i64::try_from(rng.below(50)).unwrap_or(0);
                    let done = hash.set_ttl(&field, at, Condition::Always, now);
                    if !live(&twin, now) {
                        assert_eq!(done, SetTtl::NoField);
                    } else if at == now {
                        assert_eq!(done, SetTtl::Deleted);
                        twin.remove(&field);
                    } else {
                        assert_eq!(done, SetTtl::Done);
                        twin.entry(field.clone()).and_modify(|(_, old)| *old = Some(at));
                    }
                }
                7 => {
                    let was = hash.persist(&field, now);
                    let old = twin.get(&field).filter(|_| live(&twin, now)).map(|(_, at)| *at);
                    let expected = match old {
                        None => FieldTtl::NoField,
                        Some(None) => FieldTtl::Never,
                        Some(Some(at)) => FieldTtl::At(at),
                    };
                    assert_eq!(was, expected);
                    if let (FieldTtl::At(_), Some((_, at))) = (was, twin.get_mut(&field)) {
                        *at = None;
                    }
                }
                8 => now += i64::try_from(rng.below(10)).unwrap_or(0),
                _ => {
                    let mut gone = Vec::new();
                    hash.expire_due(now, usize::MAX, |field| gone.push(field.to_vec()));
                    for field in gone {
                        let (_, at) = twin.remove(&field).expect("a field that was there");
                        assert!(at.is_some_and(|at| at < now));
                    }
                    assert!(twin.values().all(|(_, at)| at.is_none_or(|at| at >= now)));
                    assert_eq!(hash.len(), twin.len());
                }
            }
            kinds.insert(hash.encoding());
            check(&hash, &twin, now);
        }
        assert_eq!(hash, hash.clone());
    }
    assert_eq!(kinds.into_iter().collect::<Vec<_>>(), ["hashtable", "listpack", "listpackex"]);
}

#[test]
fn times_stand_in_order_in_a_packed_hash() {
    let limits = Limits::default();
    let mut hash = Hash::default();
    for (field, at) in [("a", 30), ("b", 10), ("c", 20), ("d", 0), ("e", 10)] {
        hash.set(field.as_bytes(), b"v", Ttl::Clear, &limits, 1);
        if at > 0 {
            hash.set_ttl(field.as_bytes(), at, Condition::Always, 1);
        }
    }
    let Hash::PackedTtl(pack) = &hash else { panic!("{}", hash.encoding()) };
    let times: Vec<_> = packed::triples(pack).map(|triple| triple.at_ms.unwrap_or(0)).collect();
    assert_eq!(times, [10, 10, 20, 30, 0]);
}

#[test]
fn conditions_are_those_of_hexpire() {
    let mut hash = Hash::default();
    hash.set(b"f", b"v", Ttl::Clear, &Limits::default(), 1);
    let mut set = |at, condition| hash.set_ttl(b"f", at, condition, 1);
    assert_eq!(set(50, Condition::Xx), SetTtl::NotMet);
    assert_eq!(set(50, Condition::Gt), SetTtl::NotMet);
    assert_eq!(set(50, Condition::Lt), SetTtl::Done);
    assert_eq!(set(60, Condition::Nx), SetTtl::NotMet);
    assert_eq!(set(60, Condition::Lt), SetTtl::NotMet);
    assert_eq!(set(50, Condition::Gt), SetTtl::NotMet);
    assert_eq!(set(60, Condition::Gt), SetTtl::Done);
    assert_eq!(set(70, Condition::Xx), SetTtl::Done);
    assert_eq!(set(1, Condition::Always), SetTtl::Deleted);
    assert_eq!(set(70, Condition::Always), SetTtl::NoField);
}
