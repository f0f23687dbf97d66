//! The merge against a model of the shards: random histories of single batches, transactions of both classes and cuts, fed
//! through rings that lag at random.
//!
//! The model knows what the merge cannot know: which shards took part in what, when each result could be seen, and the
//! point in time of `docs/journal.md` at which each event stands. It checks the output against all three.

use super::super::{Audience, Batch, Item, Joint, Merge, Piece, What};
use crate::base::prng::Prng;
use std::collections::VecDeque;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Class {
    Single,
    Fragments,
    Cut,
    Together,
}

/// Something that happened, once or on several shards.
#[derive(Debug)]
struct Event {
    class: Class,
    shards: Vec<usize>,
    /// Shards that have done their part.
    ran: Vec<usize>,
    /// Fragments that had to be complete before this is.
    after: Vec<usize>,
    complete: bool,
    /// When it was asked for, and when its results could be seen.
    asked: u64,
    seen: Option<u64>,
    /// Its place in the order that the stamps define.
    point: u64,
}

#[derive(Default)]
struct Shard {
    inbox: VecDeque<usize>,
    parked: bool,
    /// The latest fragment that ran here.
    hold: Option<usize>,
    /// Everything that ran here, in order.
    history: Vec<usize>,
    /// Batches on their way.
    ring: VecDeque<Batch>,
    /// The point of the latest event here.
    point: u64,
}

struct World {
    rng: Prng,
    time: u64,
    issued: u64,
    events: Vec<Event>,
    shards: Vec<Shard>,
}

fn piece(len: usize) -> Piece {
    Piece { db: 0, effects: 1, len, joint: Joint::Singles, audience: Audience::All }
}

impl World {
    fn new(seed: u64) -> World {
        let mut rng = Prng::new(seed);
        let shards = 1 + rng.index(5);
        World {
            rng,
            time: 0,
            issued: 0,
            events: Vec::new(),
            shards: (0..shards).map(|_| Shard::default()).collect(),
        }
    }

    fn ask(&mut self, class: Class, shards: Vec<usize>) -> usize {
        let asked = self.time;
        let (ran, after) = (Vec::new(), Vec::new());
        self.events.push(Event { class, shards, ran, after, complete: false, asked, seen: None, point: 0 });
        self.events.len() - 1
    }

    fn is_complete(&self, event: usize) -> bool {
        self.events[event].complete
    }

    /// Completes what can be, as one completion completes those that waited for it.
    fn complete(&mut self) {
        loop {
            let is_due = |event: &Event| {
                !event.complete
                    && event.ran.len() == event.shards.len()
                    && event.after.iter().all(|before| self.is_complete(*before))
            };
            let Some(event) = self.events.iter().position(is_due) else { return };
            self.events[event].complete = true;
        }
    }

    fn holds(&self, shard: usize) -> bool {
        self.shards[shard].hold.is_some_and(|hold| !self.is_complete(hold))
    }

    /// Shard `shard` does its part of `event` and publishes it.
    fn publish(&mut self, shard: usize, event: usize) {
        let parts = self.events[event].shards.len();
        let what = match self.events[event].class {
            Class::Single | Class::Together => What::Effects,
            Class::Fragments => What::Fragment { txn: event as u64, parts },
            Class::Cut => What::Cut { id: event as u64, parts },
        };
        let bytes = event.to_le_bytes().to_vec();
        let pieces = vec![piece(bytes.len())];
        let stamp = self.issued;
        self.issued += 1;
        let batch = if self.events[event].class == Class::Cut {
            Batch { stamp, what, ..Batch::default() }
        } else {
            Batch { stamp, what, bytes, pieces }
        };
        self.shards[shard].ring.push_back(batch);
        let point = stamp.max(self.shards[shard].point);
        self.events[event].point = self.events[event].point.max(point);
    }

    fn note(&mut self, shard: usize, event: usize) {
        self.shards[shard].history.push(event);
        self.events[event].ran.push(shard);
    }

    /// Points follow from all stamps: later ones on a shard are never earlier. To be repeated until nothing moves.
    fn settle_points(&mut self) {
        loop {
            let mut moved = false;
            for shard in &self.shards {
                let mut latest = 0;
                for event in &shard.history {
                    let event = &mut self.events[*event];
                    moved |= event.point < latest;
                    event.point = event.point.max(latest);
                    latest = event.point;
                }
            }
            if !moved {
                return;
            }
        }
    }

    /// A turn of one shard.
    fn turn(&mut self, shard: usize) {
        if self.shards[shard].parked {
            return;
        }
        let next = self.shards[shard].inbox.front().copied().filter(|_| self.rng.one_in(2));
        let Some(event) = next else {
            let event = self.ask(Class::Single, vec![shard]);
            self.publish(shard, event);
            return self.note(shard, event);
        };
        if self.events[event].class != Class::Together {
            self.shards[shard].inbox.pop_front();
            if let Some(hold) = self.shards[shard].hold.filter(|hold| !self.is_complete(*hold)) {
                self.events[event].after.push(hold);
            }
            self.publish(shard, event);
            self.note(shard, event);
            self.shards[shard].hold = Some(event);
        } else if !self.holds(shard) {
            self.shards[shard].inbox.pop_front();
            self.shards[shard].parked = true;
            self.note(shard, event);
            if self.events[event].ran.len() == self.events[event].shards.len() {
                // The last to arrive runs it.
                self.publish(shard, event);
                for shard in self.events[event].shards.clone() {
                    self.shards[shard].parked = false;
                }
            }
        }
    }

    /// Results that may be seen now are.
    fn see(&mut self) {
        self.complete();
        for event in 0..self.events.len() {
            if self.events[event].seen.is_some() {
                continue;
            }
            let is_seen = match self.events[event].class {
                Class::Single => !self.holds(self.events[event].shards[0]),
                _ => self.is_complete(event),
            };
            if is_seen {
                self.events[event].seen = Some(self.time);
            }
        }
    }

    fn step(&mut self) {
        self.time += 1;
        let n = self.shards.len();
        if self.rng.one_in(4) {
            let class = [Class::Fragments, Class::Fragments, Class::Cut, Class::Together][self.rng.index(4)];
            let mut shards: Vec<usize> = (0..n).collect();
            if class != Class::Cut {
                self.rng.shuffle(&mut shards);
                shards.truncate(1 + self.rng.index(n));
            }
            let event = self.ask(class, shards.clone());
            shards.into_iter().for_each(|shard| self.shards[shard].inbox.push_back(event));
        } else {
            let shard = self.rng.index(n);
            self.turn(shard);
        }
        self.see();
    }

    fn is_idle(&self) -> bool {
        self.shards.iter().all(|shard| shard.inbox.is_empty() && !shard.parked)
    }

    /// Moves some of what is in the rings to the merge; returns the watermark below which it then has everything.
    fn feed(&mut self, merge: &mut Merge, all: bool) -> u64 {
        let mut watermark = self.issued;
        for (ring, shard) in self.shards.iter_mut().enumerate() {
            let count = if all { shard.ring.len() } else { self.rng.index(shard.ring.len() + 1) };
            shard.ring.drain(..count).for_each(|batch| merge.feed(ring, batch));
            watermark = shard.ring.front().map_or(watermark, |batch| watermark.min(batch.stamp));
        }
        watermark
    }

    fn check(&mut self, out: &[usize]) {
        self.settle_points();
        assert_eq!(out.len(), self.events.len(), "everything comes out once");
        let mut place = vec![usize::MAX; self.events.len()];
        out.iter().enumerate().for_each(|(at, event)| place[*event] = at);
        assert!(place.iter().all(|at| *at != usize::MAX), "everything comes out once");
        for shard in &self.shards {
            for pair in shard.history.windows(2) {
                assert!(place[pair[0]] < place[pair[1]], "a shard's own order: {pair:?}");
            }
        }
        for pair in out.windows(2) {
            let (a, b) = (&self.events[pair[0]], &self.events[pair[1]]);
            assert!(a.point <= b.point, "points ascend: {a:?} {b:?}");
        }
        // No later one was seen before the latest question among those before.
        let mut latest_asked = 0;
        for event in out.iter().map(|event| &self.events[*event]) {
            assert!(
                event.seen.unwrap() >= latest_asked,
                "{event:?} comes after what was asked when it had been seen"
            );
            latest_asked = latest_asked.max(event.asked);
        }
    }
}

/// The events of what comes out.
fn events(item: &Item<'_>) -> Vec<usize> {
    let of = |bytes: &[u8]| {
        bytes.chunks(8).map(|n| usize::from_le_bytes(n.try_into().unwrap())).collect::<Vec<_>>()
    };
    match item {
        Item::Singles(part) => of(part.bytes),
        Item::Unit(parts) => {
            let mut all: Vec<usize> = parts.iter().flat_map(|part| of(part.bytes)).collect();
            assert!(
                all.len() > 1 && all.iter().all(|one| *one == all[0]),
                "fragments of one transaction: {all:?}"
            );
            all.truncate(1);
            all
        }
        Item::Cut(id) => vec![usize::try_from(*id).unwrap()],
    }
}

fn run(seed: u64) {
    let mut world = World::new(seed);
    let mut merge = Merge::new(world.shards.len());
    let mut out = Vec::new();
    let mut watermark = 0;
    let mut drain = |merge: &mut Merge, watermark| {
        let mut emptied = 0;
        while let Some(bytes) = merge.step(watermark, |item| out.extend(events(&item)), |_, _| emptied += 1) {
            assert!(bytes % 8 == 0);
        }
        emptied
    };
    let lag = 1 + world.rng.below(30);
    for _ in 0..300 {
        world.step();
        if world.rng.one_in(lag) {
            watermark = world.feed(&mut merge, false);
            drain(&mut merge, watermark);
            assert!(merge.next_key().is_none_or(|key| key >= watermark));
        }
    }
    while !world.is_idle() {
        world.time += 1;
        let shard = world.rng.index(world.shards.len());
        world.turn(shard);
        world.see();
    }
    world.see();
    let last = world.feed(&mut merge, true);
    assert!(last >= watermark && last == world.issued);
    drain(&mut merge, last);
    assert_eq!((merge.oldest(), merge.next_key()), (None, None), "nothing is left");
    world.check(&out);
}

#[test]
fn random_histories_come_out_in_a_serial_order() {
    let first = match std::env::var("SEED") {
        Ok(seed) => return run(seed.parse().unwrap()),
        Err(_) => crate::base::prng::os_random_u64(),
    };
    println!("seed {first}");
    for seed in (0..500).map(|i| first.wrapping_add(i)) {
        if let Err(panic) = std::panic::catch_unwind(|| run(seed)) {
            eprintln!("repeat with: SEED={seed} cargo test --lib journal::tests::merge");
            std::panic::resume_unwind(panic);
        }
    }
}

/// The key of a set is its latest stamp: with the earliest, what a runner did over several stores (here stamp 2, on ring 2)
/// could come out after a fragment that ran later on one of them (stamp 3, its partner's at 1).
#[test]
fn a_set_stands_at_its_latest_stamp() {
    let mut merge = Merge::new(3);
    let batch =
        |stamp, what| Batch { stamp, what, bytes: stamp.to_string().into_bytes(), pieces: vec![piece(1)] };
    merge.feed(0, batch(1, What::Fragment { txn: 9, parts: 2 }));
    merge.feed(1, batch(3, What::Fragment { txn: 9, parts: 2 }));
    merge.feed(2, batch(2, What::Effects));
    let mut out = Vec::new();
    let mut emit = |item: Item<'_>| match item {
        Item::Singles(part) => out.push(part.bytes.to_vec()),
        Item::Unit(parts) => out.push(parts.iter().flat_map(|part| part.bytes).copied().collect()),
        Item::Cut(_) => {}
    };
    assert_eq!(merge.step(2, &mut emit, |_, _| {}), None);
    assert_eq!(merge.step(3, &mut emit, |_, _| {}), Some(1));
    assert_eq!(merge.step(3, &mut emit, |_, _| {}), None);
    assert_eq!(merge.oldest(), Some(1), "half of the set is all that was reached");
    assert_eq!(merge.step(4, &mut emit, |_, _| {}), Some(2));
    assert_eq!(out, [b"2".to_vec(), b"13".to_vec()]);
}
