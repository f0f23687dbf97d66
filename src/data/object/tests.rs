//! Copies stay what they were, whatever happens to the original and to other copies. Every random test prints its seed;
//! `SHOAL_SEED` adds one more.
#![allow(clippy::unwrap_used, clippy::cast_possible_truncation, clippy::cast_possible_wrap, reason = "tests")]

pub(crate) mod edits;

use super::*;
use crate::base::prng::Prng;
use crate::data::{Limits, Set, ZSet, zset};
use edits::{EDITORS, Editor, Scale};

fn for_each_seed(count: u64, mut test: impl FnMut(&mut Prng)) {
    let extra = std::env::var("SHOAL_SEED").ok().and_then(|text| text.parse().ok());
    for seed in (1..=count).chain(extra) {
        println!("seed {seed}");
        test(&mut Prng::new(seed));
    }
}

/// A copy, and a deep one made at the same time.
struct Taken {
    copy: Object,
    twin: Object,
}

impl Taken {
    fn of(original: &mut Object) -> Taken {
        let twin = original.clone();
        let taken = Taken { copy: original.share(), twin };
        taken.check("as soon as it is made");
        taken
    }

    fn check(&self, when: &str) {
        assert!(self.copy == self.twin, "{when}");
        assert_eq!(self.copy.encoding(), self.twin.encoding());
    }
}

/// Edits, copies, and ends of copies in random order.
fn run(editor: &Editor, scale: Scale, rng: &mut Prng) {
    let mut original = (editor.new)();
    let mut naive = original.clone();
    let mut taken: Vec<Taken> = Vec::new();
    for round in 0..scale.rounds {
        let growing = round % 3 != 2;
        for _ in 0..scale.steps {
            let seed = rng.next_u64();
            (editor.edit)(&mut original, growing, scale, &mut Prng::new(seed));
            // What was never shared tells whether sharing changes what edits do.
            (editor.edit)(&mut naive, growing, scale, &mut Prng::new(seed));
            if rng.one_in(scale.steps as u64 / 4) {
                taken.push(Taken::of(&mut original));
            }
            if rng.one_in(scale.steps as u64 / 4) && !taken.is_empty() {
                let gone = taken.swap_remove(rng.index(taken.len()));
                gone.check("when it goes");
                match rng.below(3) {
                    0 => drop(gone),
                    1 => std::thread::spawn(move || drop(gone)).join().unwrap(),
                    // A copy may be changed, and take the place of the original.
                    _ => {
                        let mut thawed = gone.copy;
                        (editor.edit)(&mut thawed, growing, scale, rng);
                        if rng.one_in(2) {
                            original = thawed;
                            naive = original.clone();
                        }
                    }
                }
            }
        }
        taken.iter().for_each(|it| it.check("after a round"));
        if editor.is_exact {
            assert!(original == naive, "after round {round}");
        }
        assert_eq!(original.free_effort(), naive.free_effort());
    }
    // The original goes first, last or in between.
    let mut last = rng.index(taken.len() + 1);
    rng.shuffle(&mut taken);
    let mut original = Some(original);
    while let Some(it) = taken.pop() {
        if last == 0 {
            original = None;
        }
        last = last.wrapping_sub(1);
        it.check("at the end");
        taken.iter().for_each(|it| it.check("at the end of another"));
    }
    drop(original);
}

#[test]
fn no_edit_of_the_original_changes_a_copy() {
    let (scale, seeds) = if cfg!(miri) {
        (Scale { names: 60, rounds: 3, steps: 60 }, 1)
    } else {
        (Scale { names: 3000, rounds: 6, steps: 1500 }, 4)
    };
    for editor in &EDITORS {
        println!("{}", editor.name);
        for_each_seed(seeds, |rng| {
            // From a handful of elements to thousands.
            let names = 1 + rng.index(scale.names);
            run(editor, Scale { names, ..scale }, rng);
        });
    }
}

#[test]
fn a_copy_is_read_on_one_thread_while_the_original_changes_on_another() {
    let scale = Scale { names: if cfg!(miri) { 40 } else { 2000 }, rounds: 1, steps: 1 };
    for editor in &EDITORS {
        for_each_seed(if cfg!(miri) { 1 } else { 4 }, |rng| {
            let mut original = (editor.new)();
            for _ in 0..scale.names * 2 {
                (editor.edit)(&mut original, true, scale, rng);
            }
            let readers: Vec<_> = (0..2)
                .map(|_| {
                    let taken = Taken::of(&mut original);
                    for _ in 0..scale.names / 4 {
                        (editor.edit)(&mut original, true, scale, rng);
                    }
                    std::thread::spawn(move || {
                        (0..if cfg!(miri) { 2 } else { 20 }).for_each(|_| taken.check("on another thread"));
                    })
                })
                .collect();
            for _ in 0..scale.names {
                (editor.edit)(&mut original, false, scale, rng);
            }
            drop(original);
            readers.into_iter().for_each(|reader| reader.join().unwrap());
        });
    }
}

#[test]
fn a_shared_value_weighs_what_it_did() {
    for editor in &EDITORS {
        for_each_seed(1, |rng| {
            let scale = Scale { names: 500, rounds: 1, steps: 1 };
            let mut original = (editor.new)();
            for _ in 0..2000 {
                (editor.edit)(&mut original, true, scale, rng);
            }
            let before = (original.mem_bytes(), original.free_effort());
            let copy = original.share();
            assert_eq!((original.mem_bytes(), original.free_effort()), before);
            assert!(copy.mem_bytes() <= before.0 && copy.free_effort() <= before.1, "{}", editor.name);
            drop(copy);
            assert_eq!((original.mem_bytes(), original.free_effort()), before);
        });
    }
}

#[test]
fn elements_that_come_and_go_while_there_is_a_copy_fill_no_graves() {
    let limits = Limits { zset_entries: 0, ..Limits::default() };
    let mut zset = ZSet::fit_for(1000, 1, &limits);
    let put = |zset: &mut ZSet, n: u32| {
        zset.put(n.to_string().as_bytes(), f64::from(n), zset::Rule::default(), &limits).unwrap();
    };
    (0..1000).for_each(|n| put(&mut zset, n));
    let mut original = Object::ZSet(zset);
    let Object::ZSet(copy) = original.share() else { panic!("a sorted set") };
    let Object::ZSet(zset) = &mut original else { unreachable!() };
    let before = copy.mem_bytes();
    for n in 2000..4000 {
        put(zset, n);
        zset.remove(n.to_string().as_bytes());
    }
    assert_eq!(copy.mem_bytes(), before, "new ones are freed at once");
    (0..1000).for_each(|n| _ = zset.remove(n.to_string().as_bytes()));
    assert!(copy.mem_bytes() > before + 1000 * size_of::<usize>(), "old ones are kept");
    assert_eq!(copy.iter().count(), 1000);
}

#[test]
fn a_change_duplicates_one_part_only() {
    let mut set = Set::table_for(0);
    let limits = Limits::default();
    for n in 0..10_000 {
        set.add(format!("member {n}").as_bytes(), &limits);
    }
    let mut original = Object::Set(set);
    let Object::Set(copy) = original.share() else { panic!("a set") };
    let Object::Set(original) = &mut original else { unreachable!() };
    let at = |set: &Set| -> Vec<*const u8> {
        let Set::Table(table) = set else { panic!("a table") };
        table.iter().map(|entry| entry.key().as_ptr()).collect()
    };
    assert_eq!(at(original), at(&copy));
    assert!(!original.add(b"member 7", &limits) && original.contains(b"member 7"));
    assert_eq!(at(original), at(&copy), "what changes nothing duplicates nothing");
    original.remove(b"member 7");
    let (left, right) = (at(original), at(&copy));
    let same = left.iter().filter(|address| right.contains(address)).count();
    assert!(same > 9000 && same < 10_000, "{same} of 10000 still shared");
}

#[test]
fn a_copy_of_a_sorted_set_answers_as_a_set_does() {
    for_each_seed(4, |rng| {
        let scale = Scale { names: 700, rounds: 1, steps: 1 };
        let editor = EDITORS.iter().find(|editor| editor.name == "zset").unwrap();
        let mut object = (editor.new)();
        (0..1500).for_each(|_| (editor.edit)(&mut object, true, scale, rng));
        let Object::ZSet(mut zset) = object else { panic!("a sorted set") };
        let mut copy = zset.share();
        let again = copy.share();
        assert!(matches!((&copy, &again), (ZSet::Frozen(_), ZSet::Frozen(_))));
        for (member, score) in zset.iter() {
            let name = member.to_vec();
            assert_eq!(copy.score(&name), Some(score));
            assert_eq!(copy.rank(&name), zset.rank(&name));
        }
        assert_eq!((copy.score(b"none"), copy.rank(b"none")), (None, None));
        let range = zset::ScoreRange {
            min: zset::ScoreBound { score: 20.0, exclusive: rng.one_in(2) },
            max: zset::ScoreBound { score: 70.0, exclusive: rng.one_in(2) },
        };
        assert_eq!(copy.ranks_by_score(&range), zset.ranks_by_score(&range));
        assert_eq!(copy.nth(17), zset.nth(17));
        let (mut seen, mut cursor) = (Vec::new(), 0);
        loop {
            cursor = copy.scan(cursor, |member, score| seen.push((member.to_vec(), score)));
            if cursor == 0 {
                break;
            }
        }
        assert!(seen.iter().map(|(name, score)| (&name[..], *score)).eq(again.iter().map(
            |(member, score)| (if let crate::data::Item::Bytes(name) = member { name } else { b"" }, score)
        )));
        zset.remove_range(3..zset.len());
        copy.remove_range(3..copy.len());
        assert!(matches!(copy, ZSet::Tree(_)));
        assert_eq!(copy, zset);
        drop(zset);
        assert_eq!(again.clone(), again);
    });
}
