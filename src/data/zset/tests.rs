//! The sorted set against a naive twin: a `BTreeMap` by member and a sorted vector, over random changes and all encodings.

#![allow(clippy::unwrap_used, clippy::float_cmp, clippy::cast_precision_loss, reason = "tests")]

use super::*;
use crate::base::prng::{Prng, os_random_u64};
use std::collections::BTreeMap;

type Twin = BTreeMap<Vec<u8>, f64>;

/// The elements of the twin in order.
fn ordered(twin: &Twin) -> Vec<(Vec<u8>, f64)> {
    let mut all: Vec<(Vec<u8>, f64)> = twin.iter().map(|(name, score)| (name.clone(), *score)).collect();
    all.sort_by(|a, b| a.1.partial_cmp(&b.1).unwrap().then_with(|| a.0.cmp(&b.0)));
    all
}

fn elements(walk: Walk<'_>) -> Vec<(Vec<u8>, f64)> {
    walk.map(|(member, score)| (member.to_vec(), score)).collect()
}

fn check_whole(zset: &ZSet, twin: &Twin) {
    let expect = ordered(twin);
    assert_eq!(zset.len(), expect.len());
    assert_eq!(elements(zset.iter()), expect);
    let mut back = elements(zset.walk(0..zset.len(), true));
    back.reverse();
    assert_eq!(back, expect);
    if let ZSet::Tree(tree) = zset {
        tree.order.check(twin.len());
        assert_eq!(tree.fields.len(), twin.len());
    }
}

fn name(rng: &mut Prng, names: usize) -> Vec<u8> {
    let n = rng.index(names);
    match n % 7 {
        0 => n.to_string().into_bytes(),
        1 => format!("{n:05}").into_bytes(),
        _ => format!("m{n}").into_bytes(),
    }
}

fn score(rng: &mut Prng) -> f64 {
    match rng.index(12) {
        0 => f64::INFINITY,
        1 => f64::NEG_INFINITY,
        2 => 0.0,
        3..=5 => rng.index(5) as f64,
        6 => 0.1 * rng.index(1_000) as f64,
        7 => f64::from_bits(rng.next_u64() & !(0x7ff << 52) | (rng.below(2_000) + 20) << 52),
        _ => rng.range_i64(-1_000, 1_000) as f64,
    }
}

/// The twin's answer to a query for ranks.
fn ranks_where(all: &[(Vec<u8>, f64)], holds: impl Fn(&[u8], f64) -> bool) -> Vec<usize> {
    (0..all.len()).filter(|rank| holds(&all[*rank].0, all[*rank].1)).collect()
}

fn check_queries(zset: &ZSet, twin: &Twin, rng: &mut Prng) {
    let all = ordered(twin);
    for (rank, (member, score)) in all.iter().enumerate() {
        assert_eq!(zset.rank(member), Some((rank, *score)));
        assert_eq!(zset.score(member), Some(*score));
        assert_eq!(zset.nth(rank).map(|(m, s)| (m.to_vec(), s)), Some((member.clone(), *score)));
    }
    assert_eq!(zset.rank(b"absent"), None);
    assert!(zset.nth(all.len()).is_none());
    for _ in 0..20 {
        let mut bound = || ScoreBound { score: score(rng), exclusive: rng.one_in(2) };
        let range = ScoreRange { min: bound(), max: bound() };
        let expect = ranks_where(&all, |_, score| !range.is_above(score) && range.reaches(score));
        assert_eq!(zset.ranks_by_score(&range).collect::<Vec<_>>(), expect, "{range:?}");
        let (a, b) = (rng.index(all.len() + 1), rng.index(all.len() + 1));
        let ranks = a.min(b)..a.max(b);
        assert_eq!(elements(zset.walk(ranks.clone(), false)), all[ranks.clone()]);
        let mut back = all[ranks.clone()].to_vec();
        back.reverse();
        assert_eq!(elements(zset.walk(ranks, true)), back);
    }
}

/// Random changes by way of all that changes a set.
fn change(zset: &mut ZSet, twin: &mut Twin, rng: &mut Prng, limits: &Limits, names: usize) {
    match rng.index(20) {
        0 if twin.len() > names / 2 => {
            let (a, b) = (rng.index(twin.len() + 1), rng.index(twin.len() + 1));
            let ranks = a.min(b)..a.max(b).min(a.min(b) + names / 3);
            for (name, _) in &ordered(twin)[ranks.clone()] {
                twin.remove(name);
            }
            zset.remove_range(ranks);
        }
        1 if !twin.is_empty() => {
            let last = rng.one_in(2);
            let ranks = if last { twin.len() - 1..twin.len() } else { 0..1 };
            let (name, _) = ordered(twin)[ranks.start].clone();
            twin.remove(&name);
            zset.remove_range(ranks);
        }
        2..=5 => {
            let name = name(rng, names);
            assert_eq!(zset.remove(&name), twin.remove(&name));
        }
        6 => {
            let (name, by) = (name(rng, names), rng.range_i64(-3, 3) as f64);
            let rule = Rule { incr: true, ..Rule::default() };
            let expect = twin.get(&name).copied().unwrap_or(0.0) + by;
            let put = zset.put(&name, by, rule, limits).unwrap();
            assert!(matches!(put, Put::Added(s) | Put::Updated(s) | Put::Same(s) if s == expect), "{put:?}");
            twin.insert(name, expect);
        }
        _ => {
            let (name, score) = (name(rng, names), score(rng));
            let put = zset.put(&name, score, Rule::default(), limits).unwrap();
            let expect = match twin.insert(name, score) {
                None => Put::Added(score),
                Some(old) if old == score => Put::Same(score),
                Some(_) => Put::Updated(score),
            };
            assert_eq!(put, expect);
        }
    }
}

#[test]
fn random_changes_and_queries_agree_with_the_twin() {
    let seed = std::env::var("SEED").ok().and_then(|s| s.parse().ok()).unwrap_or_else(os_random_u64);
    println!("SEED={seed}");
    let mut rng = Prng::new(seed);
    for (names, steps) in [(12, 400), (100, 1_500), (400, 4_000), (9_000, 30_000)] {
        for entries in [0, 64, 512] {
            let limits = Limits { zset_entries: entries, ..Limits::default() };
            let (mut zset, mut twin) = (ZSet::fit_for(1, 1, &limits), Twin::new());
            if names == 9_000 && entries > 0 {
                continue;
            }
            for step in 0..steps {
                change(&mut zset, &mut twin, &mut rng, &limits, names);
                if step % (steps / 20) == 0 {
                    check_whole(&zset, &twin);
                    check_queries(&zset, &twin, &mut rng);
                    let copy = zset.clone();
                    assert_eq!(copy, zset);
                    check_whole(&copy, &twin);
                }
            }
        }
    }
}

#[test]
fn ranges_of_members_agree_with_the_twin_where_scores_are_equal() {
    let seed = os_random_u64();
    println!("seed {seed}");
    let mut rng = Prng::new(seed);
    for (count, entries) in [(0, 64), (1, 64), (40, 64), (40, 0), (900, 0)] {
        let limits = Limits { zset_entries: entries, ..Limits::default() };
        let (mut zset, mut twin) = (ZSet::fit_for(1, 1, &limits), Twin::new());
        for _ in 0..count {
            let name = name(&mut rng, 2_000);
            zset.put(&name, 1.0, Rule::default(), &limits).unwrap();
            twin.insert(name, 1.0);
        }
        let all = ordered(&twin);
        for _ in 0..200 {
            let (a, b) = (name(&mut rng, 2_000), name(&mut rng, 2_000));
            let mut bound = |name| match rng.index(8) {
                0 => LexBound::Lowest,
                1 => LexBound::Highest,
                2..=4 => LexBound::Included(name),
                _ => LexBound::Excluded(name),
            };
            let range = LexRange { min: bound(&a), max: bound(&b) };
            let expect = ranks_where(&all, |name, _| !range.is_above(name) && range.reaches(name));
            for reverse in [false, true] {
                let ranks: Vec<usize> = zset.ranks_by_lex(&range, reverse).collect();
                assert_eq!(ranks, expect, "{range:?} {reverse}");
            }
        }
    }
}

#[test]
fn a_large_tree_grows_and_shrinks_from_either_end() {
    let limits = Limits { zset_entries: 0, ..Limits::default() };
    for descending in [false, true] {
        let mut zset = ZSet::fit_for(1, 1, &limits);
        for n in 0..20_000 {
            let score = f64::from(if descending { -n } else { n });
            zset.put(n.to_string().as_bytes(), score, Rule::default(), &limits).unwrap();
        }
        let ZSet::Tree(tree) = &zset else { panic!("a tree") };
        tree.order.check(20_000);
        // Scores that only grow, or only fall, fill the leaves.
        assert!(tree.order.mem_bytes() < 20_000 * 22, "{}", tree.order.mem_bytes());
        for left in (0..20_000).rev() {
            let at = if left % 3 == 0 { zset.len() - 1 } else { 0 };
            zset.remove_range(at..at + 1);
            if left % 1_999 == 0
                && let ZSet::Tree(tree) = &zset
            {
                tree.order.check(left);
            }
        }
        assert!(zset.is_empty());
    }
}

/// A new leaf once began behind any full one: scores that fall towards it from above got a leaf each.
#[test]
fn scores_that_fall_into_a_gap_share_leaves() {
    let limits = Limits { zset_entries: 0, ..Limits::default() };
    let mut zset = ZSet::fit_for(1, 1, &limits);
    for score in (0..64).chain((1_000..11_000).rev()) {
        zset.put(score.to_string().as_bytes(), f64::from(score), Rule::default(), &limits).unwrap();
    }
    let ZSet::Tree(tree) = &zset else { panic!("a tree") };
    tree.order.check(zset.len());
    assert!(tree.order.mem_bytes() < zset.len() * 36, "{}", tree.order.mem_bytes());
}

#[test]
fn memory_per_element_is_below_that_of_a_skiplist() {
    let limits = Limits { zset_entries: 0, ..Limits::default() };
    let mut rng = Prng::new(7);
    let mut zset = ZSet::fit_for(1, 1, &limits);
    for n in 0..50_000 {
        zset.put(format!("member:{n:07}").as_bytes(), rng.unit_f64(), Rule::default(), &limits).unwrap();
    }
    // Redis: 24 bytes of sds, 24 of dict entry, 8 to 16 of bucket, 53 of node on average: more than 110.
    let each = zset.mem_bytes() / zset.len();
    assert!(each < 85, "{each} bytes per element");
}

#[test]
fn encodings_change_at_the_limits() {
    let limits = Limits { zset_entries: 3, zset_value_bytes: 5, ..Limits::default() };
    let mut zset = ZSet::fit_for(3, 5, &limits);
    for name in ["a", "b", "c"] {
        zset.put(name.as_bytes(), 1.5, Rule::default(), &limits).unwrap();
    }
    assert_eq!(zset.encoding(), "listpack");
    zset.put(b"c", 2.5, Rule::default(), &limits).unwrap();
    assert_eq!(zset.encoding(), "listpack");
    let mut long = zset.clone();
    long.remove(b"a");
    long.put(b"longer", 1.0, Rule::default(), &limits).unwrap();
    assert_eq!(long.encoding(), "skiplist");
    zset.put(b"d", -1.0, Rule::default(), &limits).unwrap();
    assert_eq!(zset.encoding(), "skiplist");
    assert_eq!(elements(zset.iter()).first().unwrap().0, b"d");
    assert_eq!(ZSet::fit_for(4, 1, &limits).encoding(), "skiplist");
    assert_eq!(ZSet::fit_for(1, 6, &limits).encoding(), "skiplist");
}

#[test]
fn gathered_elements_are_merged_sorted_and_packed_if_they_fit() {
    for (count, encoding) in [(3, "listpack"), (200, "skiplist")] {
        let limits = Limits::default();
        let mut gather = Gather::with_capacity(count);
        for round in 0..2 {
            for n in (0..count).rev() {
                gather.put(format!("m{n}").as_bytes(), 1.0 + round as f64, |present| present + n as f64);
            }
        }
        let zset = gather.finish(&limits);
        assert_eq!((zset.encoding(), zset.len()), (encoding, count));
        let twin: Twin = (0..count).map(|n| (format!("m{n}").into_bytes(), 1.0 + n as f64)).collect();
        check_whole(&zset, &twin);
    }
}

#[test]
fn rules_decide_as_zadd_does() {
    let rule = |text: &str| Rule {
        nx: text.contains("nx"),
        xx: text.contains("xx"),
        gt: text.contains("gt"),
        lt: text.contains("lt"),
        incr: text.contains("incr"),
    };
    for (text, current, score, expect) in [
        ("", None, 2.0, Ok(Put::Added(2.0))),
        ("", Some(2.0), 2.0, Ok(Put::Same(2.0))),
        ("nx", Some(2.0), 3.0, Ok(Put::Refused)),
        ("xx", None, 3.0, Ok(Put::Refused)),
        ("gt", None, 3.0, Ok(Put::Added(3.0))),
        ("gt", Some(3.0), 3.0, Ok(Put::Refused)),
        ("gt incr", Some(3.0), 1.0, Ok(Put::Updated(4.0))),
        ("lt incr", Some(3.0), 1.0, Ok(Put::Refused)),
        ("incr", Some(f64::INFINITY), f64::NEG_INFINITY, Err(NotANumber)),
    ] {
        assert_eq!(rule(text).decide(current, score), expect, "{text} {current:?} {score}");
    }
}
