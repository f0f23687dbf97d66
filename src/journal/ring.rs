//! From the shards' threads to the log core: stamps, one ring per shard, and the watermark below which nothing is missing.
//!
//! ```text
//!   shard i                                        log core
//!   open[i] = G                                    W = G
//!   stamp   = G++                                  W = min(W, open[0], open[1], …)
//!   ring[i] ◄─ batch                               drain all rings
//!   open[i] = ∞                                    merge what has a stamp below W
//! ```
//!
//! Whoever has drawn a stamp below the G that the log core read had written `open` before, so the log core finds there
//! either a number that is not larger than the stamp, or the sign that the batch is in the ring. So below W nothing is
//! missing.
//!
//! A full ring neither blocks nor loses: what does not fit waits here, `open` stays at the oldest stamp of that, and the
//! log core wakes the shard when it has made room.
//!
//! | field | who writes | who reads | when |
//! |---|---|---|---|
//! | `Clock::issued` | every shard, one addition per batch | log core; whoever waits for what was done so far | any time |
//! | `Place::open` | its shard | log core | before and after each batch |
//! | `Place::starved` | its shard sets, log core clears | both | when the ring is full |
//! | `Place::published` | its shard | anyone | after each batch |
//! | `Place::consumed` | log core | anyone | after each merged batch |
//! | `Clock::messages` | log core | shards | rare |
//! | the rings | one end each | the other end | `rtrb` |
//!
//! Emptied buffers come back through a second ring.

use super::merge::{Item, Merge};
use super::sync::{Arc, AtomicBool, AtomicU64, Consumer, Ordering, Producer, PushError, RingBuffer, fence};
use super::{Batch, Piece, What};
use crossbeam_utils::CachePadded;
use std::collections::VecDeque;
use std::sync::atomic::AtomicU64 as Count;

/// Batches that a ring holds before its shard keeps the rest.
#[cfg(not(all(test, feature = "model")))]
const RING: usize = 256;
/// Few, so that schedules meet full rings.
#[cfg(all(test, feature = "model"))]
const RING: usize = 2;
/// Emptied buffers that come back, and the largest that does, in bytes.
const SPARES: usize = 8;
const SPARE_BYTES: usize = 256 * 1024;
/// Nothing is under way.
const NONE: u64 = u64::MAX;

/// What all journals and the merge share.
pub struct Clock {
    issued: CachePadded<AtomicU64>,
    places: Box<[Place]>,
    messages: AtomicBool,
    #[cfg(test)]
    flaw: Flaw,
}

struct Place {
    /// Not larger than any stamp that was drawn and whose batch is not in the ring.
    open: CachePadded<AtomicU64>,
    starved: AtomicBool,
    /// Bytes: statistics, nothing follows from their order.
    published: CachePadded<Count>,
    consumed: CachePadded<Count>,
}

impl Clock {
    /// A clock for `shards` shards.
    pub fn new(shards: usize) -> Clock {
        let place = || Place {
            open: CachePadded::new(AtomicU64::new(NONE)),
            starved: AtomicBool::new(false),
            published: CachePadded::default(),
            consumed: CachePadded::default(),
        };
        Clock {
            issued: CachePadded::new(AtomicU64::new(0)),
            places: (0..shards).map(|_| place()).collect(),
            messages: AtomicBool::new(false),
            #[cfg(test)]
            flaw: Flaw::None,
        }
    }

    /// Everything that was published so far has a smaller stamp.
    #[inline]
    pub fn issued(&self) -> u64 {
        self.issued.load(Ordering::Acquire)
    }

    /// Bytes that `shard` has published and that are not merged yet.
    pub fn pending_bytes(&self, shard: usize) -> u64 {
        self.places.get(shard).map_or(0, Place::pending)
    }

    /// The same of all shards together.
    pub fn all_pending_bytes(&self) -> u64 {
        self.places.iter().fold(0, |sum, place| sum.saturating_add(place.pending()))
    }

    /// Whether shards state published messages, for replicas.
    #[inline]
    pub fn wants_messages(&self) -> bool {
        self.messages.load(Ordering::Relaxed)
    }

    /// See [`Clock::wants_messages`].
    pub fn want_messages(&self, wanted: bool) {
        self.messages.store(wanted, Ordering::Relaxed);
    }

    /// Every batch with a smaller stamp is in its ring, and was before this returns.
    fn watermark(&self) -> u64 {
        #[cfg(test)]
        if self.flaw == Flaw::OpenBeforeIssued {
            let open = self.places.iter().map(|place| place.open.load(Ordering::Acquire)).min();
            return self.issued().min(open.unwrap_or(NONE));
        }
        // In this order: who drew a stamp below what is read here has written `open` before.
        let issued = self.issued();
        let open = self.places.iter().map(|place| place.open.load(Ordering::Acquire)).min();
        issued.min(open.unwrap_or(NONE))
    }
}

impl Place {
    fn pending(&self) -> u64 {
        // In this order, so that the difference is never negative.
        let consumed = self.consumed.load(Ordering::Acquire);
        self.published.load(Ordering::Acquire).saturating_sub(consumed)
    }
}

/// The memory of a merged batch.
pub(super) type Spare = (Vec<u8>, Vec<Piece>);

/// A shard's end.
pub struct Port {
    shard: usize,
    clock: Arc<Clock>,
    ring: Producer<Batch>,
    spares: Consumer<Spare>,
    /// What found no room, oldest first.
    waiting: VecDeque<Batch>,
}

/// The log core's ends.
pub struct Tap {
    clock: Arc<Clock>,
    rings: Vec<(Consumer<Batch>, Producer<Spare>)>,
    merge: Merge,
    watermark: u64,
}

/// The ends of the rings of `shards` shards: theirs in order, and that of the log core.
pub fn rings(shards: usize) -> (Vec<Port>, Tap) {
    rings_of(Clock::new(shards))
}

fn rings_of(clock: Clock) -> (Vec<Port>, Tap) {
    let shards = clock.places.len();
    let clock = Arc::new(clock);
    let mut ports = Vec::with_capacity(shards);
    let mut rings = Vec::with_capacity(shards);
    for shard in 0..shards {
        let (ring, batches) = RingBuffer::new(RING);
        let (emptied, spares) = RingBuffer::new(SPARES);
        ports.push(Port { shard, clock: clock.clone(), ring, spares, waiting: VecDeque::new() });
        rings.push((batches, emptied));
    }
    (ports, Tap { clock, rings, merge: Merge::new(shards), watermark: 0 })
}

impl Port {
    /// What it shares with the others.
    pub fn clock(&self) -> &Arc<Clock> {
        &self.clock
    }

    /// Whether something waits for room in the ring.
    #[inline]
    pub(super) fn is_behind(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// Whether nobody takes anything out of the ring any more.
    pub(super) fn is_abandoned(&self) -> bool {
        self.ring.is_abandoned()
    }

    /// Empty buffers.
    pub(super) fn spare(&mut self) -> Spare {
        self.spares.pop().unwrap_or_default()
    }

    /// Publishes a batch. Returns whether the log core has to be woken.
    pub(super) fn publish(&mut self, what: What, bytes: Vec<u8>, pieces: Vec<Piece>) -> bool {
        let Port { shard, clock, waiting, .. } = self;
        let Some(place) = clock.places.get(*shard) else { return false };
        let open = || {
            // What waits has a smaller stamp, at which `open` stays. Released, as the last value was: whoever reads this
            // one sees the batch before it in the ring.
            if waiting.is_empty() {
                place.open.store(clock.issued.load(Ordering::Relaxed), Ordering::Release);
            }
        };
        #[cfg(test)]
        let is_late = clock.flaw == Flaw::OpenAfterStamp;
        #[cfg(not(test))]
        let is_late = false;
        if !is_late {
            open();
        }
        // Releases `open` to whoever reads a larger number.
        let stamp = clock.issued.fetch_add(1, Ordering::AcqRel);
        if is_late {
            open();
        }
        let total = place.published.load(Ordering::Relaxed).wrapping_add(bytes.len() as u64);
        place.published.store(total, Ordering::Release);
        waiting.push_back(Batch { stamp, what, bytes, pieces });
        self.catch_up()
    }

    /// Puts into the ring what fits. Returns whether that was something.
    pub(super) fn catch_up(&mut self) -> bool {
        let Port { shard, clock, ring, waiting, .. } = self;
        let Some(place) = clock.places.get(*shard) else { return false };
        let before = waiting.len();
        let mut starved = false;
        while let Some(batch) = waiting.pop_front() {
            match ring.push(batch) {
                Ok(()) => {}
                Err(PushError::Full(batch)) => {
                    waiting.push_front(batch);
                    if starved {
                        break;
                    }
                    // Then once more: either this finds the room that was made meanwhile, or whoever makes room finds the
                    // word.
                    starved = true;
                    place.starved.store(true, Ordering::Relaxed);
                    fence(Ordering::SeqCst);
                }
            }
        }
        // Released: whoever reads it sees the batches in the ring.
        place.open.store(waiting.front().map_or(NONE, |batch| batch.stamp), Ordering::Release);
        waiting.len() < before
    }
}

impl Tap {
    /// What it shares with the shards.
    pub fn clock(&self) -> &Arc<Clock> {
        &self.clock
    }

    /// Merges what was published: `emit` gets it in order, until nothing is left or some more than `budget` bytes are
    /// through. `wake` gets the shards that wait for room. Returns whether the budget was used up.
    pub fn poll(
        &mut self,
        budget: usize,
        mut emit: impl FnMut(Item<'_>),
        mut wake: impl FnMut(usize),
    ) -> bool {
        #[cfg(test)]
        let is_late = self.clock.flaw == Flaw::WatermarkAfterDrain;
        #[cfg(not(test))]
        let is_late = false;
        if self.merge.next_key().is_none_or(|key| key >= self.watermark) {
            // In this order: a batch below the watermark is in its ring by now.
            if !is_late {
                self.watermark = self.clock.watermark();
            }
            self.drain(&mut wake);
            if is_late {
                self.watermark = self.clock.watermark();
            }
        }
        let Tap { clock, rings, merge, watermark } = self;
        let mut merged = 0usize;
        while let Some(bytes) =
            merge.step(*watermark, &mut emit, |ring, batch| give_back(clock, rings, ring, batch))
        {
            merged = merged.saturating_add(bytes);
            if merged > budget {
                return true;
            }
        }
        false
    }

    /// Takes everything out of the rings.
    fn drain(&mut self, mut wake: impl FnMut(usize)) {
        for (ring, (batches, _)) in self.rings.iter_mut().enumerate() {
            while let Ok(batch) = batches.pop() {
                self.merge.feed(ring, batch);
            }
        }
        fence(Ordering::SeqCst);
        for (shard, place) in self.clock.places.iter().enumerate() {
            if place.starved.load(Ordering::Relaxed) && place.starved.swap(false, Ordering::Relaxed) {
                wake(shard);
            }
        }
    }

    /// Everything with a smaller stamp was emitted.
    pub fn reached(&self) -> u64 {
        self.merge.oldest().map_or(self.watermark, |oldest| oldest.min(self.watermark))
    }

    /// Whether [`Tap::poll`] would find something: to be asked after the sleep was announced.
    pub fn has_work(&self) -> bool {
        self.rings.iter().any(|(batches, _)| !batches.is_empty())
            || self.merge.next_key().is_some_and(|key| key < self.clock.watermark())
    }
}

/// Counts a merged batch and sends its memory back.
fn give_back(clock: &Clock, rings: &mut [(Consumer<Batch>, Producer<Spare>)], ring: usize, batch: Batch) {
    let Batch { mut bytes, mut pieces, .. } = batch;
    if let Some(place) = clock.places.get(ring) {
        let total = place.consumed.load(Ordering::Relaxed).wrapping_add(bytes.len() as u64);
        place.consumed.store(total, Ordering::Release);
    }
    if bytes.capacity() <= SPARE_BYTES
        && let Some((_, spares)) = rings.get_mut(ring)
    {
        bytes.clear();
        pieces.clear();
        // If enough are on their way back it is freed.
        let _ = spares.push((bytes, pieces));
    }
}

/// Ways to break the protocol on purpose: the checks must notice each.
#[cfg(test)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Flaw {
    /// The protocol as it should be.
    None,
    /// A shard says that a stamp is under way when it has drawn it.
    OpenAfterStamp,
    /// The log core looks at what is under way before it reads how many stamps were drawn.
    OpenBeforeIssued,
    /// The log core drains the rings before it reads the watermark.
    WatermarkAfterDrain,
}

#[cfg(test)]
pub(super) fn flawed_rings(shards: usize, flaw: Flaw) -> (Vec<Port>, Tap) {
    rings_of(Clock { flaw, ..Clock::new(shards) })
}
