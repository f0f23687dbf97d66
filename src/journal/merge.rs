//! The merge: batches of all shards become one order. A pure step function.
//!
//! ```text
//!   ring 0:  3 effects │ 6 fragment of T │ 9 effects            T is known as a whole when both of its parts are
//!   ring 1:  4 fragment of T │ 5 effects                        in front; its key is its latest stamp, 6
//!
//!   out:     3 │ T │ 5 │ 9
//! ```
//!
//! In front of each ring stands either plain effects, whose key is their stamp, or a part of a set: the fragments of one
//! transaction, or the marks of one cut. A set whose parts are all in front has the latest of their stamps as its key.
//! What has the smallest key goes first, if that is below the watermark. A set that is not whole holds up its rings and
//! nothing else. `docs/journal.md` argues that this order keeps every ring's order and respects causes, and that no two
//! sets wait for each other.

use super::{Audience, Batch, Joint, Piece, What};
use smallvec::SmallVec;
use std::cmp::Reverse;
use std::collections::btree_map::{BTreeMap, Entry};
use std::collections::{BinaryHeap, VecDeque};

/// What comes out of the merge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Item<'a> {
    /// Units of one effect each.
    Singles(Part<'a>),
    /// One unit of two or more effects, to come out between MULTI and EXEC.
    Unit(&'a [Part<'a>]),
    /// The one place of a cut in the stream: all that the shards did before it is above, all that they did after it
    /// below.
    Cut(u64),
}

/// Effects on one database, back to back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part<'a> {
    /// Database index.
    pub db: usize,
    /// The commands as RESP arrays of bulk strings.
    pub bytes: &'a [u8],
    /// How many they are.
    pub effects: usize,
    /// Whom they are for.
    pub audience: Audience,
}

/// Parts that come out together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Set {
    Txn(u64),
    Cut(u64),
}

/// Something in front that may come out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Ready {
    Ring(usize),
    Set(Set),
}

/// A set of which parts are in front.
#[derive(Debug)]
struct Gathering {
    rings: SmallVec<[usize; 8]>,
    latest: u64,
}

/// The state of the merge.
#[derive(Debug)]
pub struct Merge {
    rings: Vec<VecDeque<Batch>>,
    /// The smallest key first.
    ready: BinaryHeap<Reverse<(u64, Ready)>>,
    gathering: BTreeMap<Set, Gathering>,
}

impl Merge {
    /// A merge of `rings` rings.
    pub fn new(rings: usize) -> Merge {
        Merge {
            rings: (0..rings).map(|_| VecDeque::new()).collect(),
            ready: BinaryHeap::new(),
            gathering: BTreeMap::new(),
        }
    }

    /// Takes the next batch of `ring`; the stamps of one ring ascend.
    pub fn feed(&mut self, ring: usize, batch: Batch) {
        let Some(queue) = self.rings.get_mut(ring) else { return };
        debug_assert!(queue.back().is_none_or(|last| last.stamp < batch.stamp), "stamps of a ring ascend");
        queue.push_back(batch);
        if queue.len() == 1 {
            self.front(ring);
        }
    }

    /// The key of what comes out next, when the watermark has passed it.
    pub fn next_key(&self) -> Option<u64> {
        self.ready.peek().map(|Reverse((key, _))| *key)
    }

    /// The smallest stamp that has not come out.
    pub fn oldest(&self) -> Option<u64> {
        self.rings.iter().filter_map(|queue| Some(queue.front()?.stamp)).min()
    }

    /// Emits the next batch or set, if its key is below `watermark`: then nothing that is still to be fed comes before it.
    /// `emptied` gets back what was emitted, with its ring. Returns the bytes that came out; `None`: nothing is due.
    pub fn step(
        &mut self,
        watermark: u64,
        mut emit: impl FnMut(Item<'_>),
        mut emptied: impl FnMut(usize, Batch),
    ) -> Option<usize> {
        let Reverse((key, ready)) = *self.ready.peek()?;
        if key >= watermark {
            return None;
        }
        self.ready.pop();
        let mut out: SmallVec<[(usize, Batch); 4]> = SmallVec::new();
        match ready {
            Ready::Ring(ring) => out.extend(self.pop(ring)),
            Ready::Set(set) => {
                let mut rings = self.gathering.remove(&set).map(|g| g.rings).unwrap_or_default();
                rings.sort_unstable();
                out.extend(rings.into_iter().filter_map(|ring| self.pop(ring)));
            }
        }
        match ready {
            Ready::Ring(_) => out.iter().for_each(|(_, batch)| emit_units(batch, &mut emit)),
            Ready::Set(Set::Txn(_)) => emit_set(&out, &mut emit),
            Ready::Set(Set::Cut(id)) => emit(Item::Cut(id)),
        }
        let mut bytes = 0usize;
        for (ring, batch) in out {
            bytes = bytes.saturating_add(batch.bytes.len());
            emptied(ring, batch);
            self.front(ring);
        }
        Some(bytes)
    }

    fn pop(&mut self, ring: usize) -> Option<(usize, Batch)> {
        Some((ring, self.rings.get_mut(ring)?.pop_front()?))
    }

    /// Looks at what is in front of `ring` now.
    fn front(&mut self, ring: usize) {
        let Some(batch) = self.rings.get(ring).and_then(VecDeque::front) else { return };
        let stamp = batch.stamp;
        let (set, parts) = match batch.what {
            What::Effects => return self.ready.push(Reverse((stamp, Ready::Ring(ring)))),
            What::Fragment { txn, parts } => (Set::Txn(txn), parts),
            What::Cut { id, parts } => (Set::Cut(id), parts),
        };
        let gathering = match self.gathering.entry(set) {
            Entry::Vacant(vacant) => vacant.insert(Gathering { rings: SmallVec::new(), latest: 0 }),
            Entry::Occupied(occupied) => occupied.into_mut(),
        };
        gathering.rings.push(ring);
        gathering.latest = gathering.latest.max(stamp);
        if gathering.rings.len() == parts {
            self.ready.push(Reverse((gathering.latest, Ready::Set(set))));
        }
    }
}

/// The pieces of a batch with their bytes.
fn parts(batch: &Batch) -> impl Iterator<Item = (Joint, Part<'_>)> {
    let mut rest = batch.bytes.as_slice();
    batch.pieces.iter().map(move |&Piece { db, effects, len, joint, audience }| {
        let (bytes, behind) = rest.split_at_checked(len).unwrap_or((rest, b""));
        rest = behind;
        (joint, Part { db, bytes, effects, audience })
    })
}

/// Emits the units of a batch.
fn emit_units(batch: &Batch, emit: &mut impl FnMut(Item<'_>)) {
    let mut unit: SmallVec<[Part<'_>; 8]> = SmallVec::new();
    for (joint, part) in parts(batch) {
        match joint {
            Joint::Singles => emit(Item::Singles(part)),
            Joint::Part => unit.push(part),
            Joint::End => {
                unit.push(part);
                emit(Item::Unit(&unit));
                unit.clear();
            }
        }
    }
}

/// Emits the fragments of one transaction as one unit.
fn emit_set(batches: &[(usize, Batch)], emit: &mut impl FnMut(Item<'_>)) {
    let unit: SmallVec<[Part<'_>; 8]> =
        batches.iter().flat_map(|(_, batch)| parts(batch)).map(|(_, part)| part).collect();
    match unit.as_slice() {
        [] => {}
        [one] if one.effects == 1 => emit(Item::Singles(*one)),
        unit => emit(Item::Unit(unit)),
    }
}
