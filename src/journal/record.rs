//! A store's journal: effects, grouped in units, until they are published.
//!
//! ```text
//!   bytes   [ SET a 1 | SET b 2 | DEL c | INCR d | SADD e f ……… ]
//!   pieces  [ Singles: 2 effects | Part | End | Part ………………… ]
//!                                              ▲
//!             ended units, to be published     │  the unit under way
//! ```
//!
//! It is touched only by the thread that holds the store: the shard's own, or the borrower's while it is lent.
//!
//! Invariants:
//! - A unit is published as a whole or not at all.
//! - Consecutive units of one effect on one database are one piece, so a pipeline of SETs costs its readers one copy.
//! - While effects are numbered each is a piece by itself, and no unit ends.

use super::{Audience, Joint, Piece, Port, What};
use std::cell::Cell;
use std::sync::atomic::{AtomicU64, Ordering};

thread_local! {
    /// Numbers of effects on several stores; their order is that of the one thread that holds the stores.
    static NUMBER: Cell<u64> = const { Cell::new(0) };
}

/// A number for the fragments of a transaction, never given twice.
pub fn fresh_transaction() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

/// What the commands on one store did and nobody was told yet.
#[derive(Default)]
pub struct Journal {
    on: bool,
    /// A work over several stores runs: see [`Journal::begin_work`].
    numbered: bool,
    pub(super) bytes: Vec<u8>,
    pub(super) pieces: Vec<Piece>,
    /// How many pieces and bytes belong to ended units.
    ended_pieces: usize,
    ended_bytes: usize,
    /// One number for each piece of the unit under way, while effects are numbered.
    numbers: Vec<u64>,
    port: Option<Port>,
}

impl Journal {
    /// Publishes through `port` from now on.
    pub fn connect(&mut self, port: Port) {
        self.port = Some(port);
    }

    /// Whether anybody needs the effects.
    #[inline]
    pub fn is_on(&self) -> bool {
        self.on
    }

    /// Whether anybody needs published messages: there are replicas, or there have been.
    #[inline]
    pub fn wants_messages(&self) -> bool {
        self.on && self.port.as_ref().is_some_and(|port| port.clock().wants_messages())
    }

    /// Starts or stops recording; stopping drops what was not published. On a server's shards this happens in the fragment
    /// of a cut, so that all shards switch at one point of their common order.
    pub fn switch(&mut self, on: bool) {
        self.on = on;
        if !on {
            *self = Journal { port: self.port.take(), ..Journal::default() };
        }
    }

    /// Stops recording for what is no news: commands of a file that is loaded. What was recorded stays.
    pub fn pause(&mut self) {
        self.on = false;
    }

    /// Ends [`Journal::pause`]: it is again as it was.
    pub fn resume(&mut self, was_on: bool) {
        self.on = was_on;
    }

    /// Appends one effect on database `db` to the unit under way: a whole command, `argv[0]` its name.
    #[inline]
    pub fn effect(&mut self, db: usize, argv: &[&[u8]]) {
        if self.on {
            self.append(db, Audience::All, argv);
        }
    }

    /// Appends a command that only replicas are told of.
    #[inline]
    pub fn message(&mut self, db: usize, argv: &[&[u8]]) {
        if self.wants_messages() {
            self.append(db, Audience::Replicas, argv);
        }
    }

    fn append(&mut self, db: usize, audience: Audience, argv: &[&[u8]]) {
        let start = self.bytes.len();
        crate::resp::Out::new(&mut self.bytes, crate::resp::Proto::V2).bulks(argv);
        let len = self.bytes.len() - start;
        if self.numbered {
            self.numbers.push(NUMBER.replace(NUMBER.get().wrapping_add(1)));
            self.pieces.push(Piece { db, effects: 1, len, joint: Joint::Part, audience });
        } else {
            self.grow(Piece { db, effects: 1, len, joint: Joint::Part, audience });
        }
    }

    /// Adds a piece, whose bytes are there already, to the unit under way.
    fn grow(&mut self, piece: Piece) {
        if self.pieces.len() > self.ended_pieces
            && let Some(last) = self.pieces.last_mut()
            && (last.db, last.audience) == (piece.db, piece.audience)
        {
            last.effects += piece.effects;
            last.len += piece.len;
        } else {
            self.pieces.push(piece);
        }
    }

    /// What was stated since the last unit ended is a unit: it belongs to one command, script or EXEC. Costs a comparison
    /// if that is nothing.
    #[inline]
    pub fn end_unit(&mut self) {
        if self.pieces.len() > self.ended_pieces {
            self.close();
        }
    }

    /// As [`Journal::end_unit`], but each effect is a unit: for commands that run into expired keys anywhere, whose
    /// number knows no bound (Redis: server.c `propagatePendingCommands`, CMD_TOUCHES_ARBITRARY_KEYS).
    pub fn end_units(&mut self) {
        let ended = self.ended_pieces.min(self.pieces.len());
        for piece in self.pieces.split_at_mut(ended).1 {
            piece.joint = Joint::Singles;
        }
        self.mark_ended();
    }

    fn close(&mut self) {
        let ended = self.ended_pieces.min(self.pieces.len());
        let (before, unit) = self.pieces.split_at_mut(ended);
        match unit {
            [one] if one.effects == 1 => {
                one.joint = Joint::Singles;
                if let Some(last) = before.last_mut()
                    && (last.joint, last.db, last.audience) == (one.joint, one.db, one.audience)
                {
                    last.effects += 1;
                    last.len += one.len;
                    self.pieces.pop();
                }
            }
            [.., last] => last.joint = Joint::End,
            [] => {}
        }
        self.mark_ended();
    }

    fn mark_ended(&mut self) {
        debug_assert!(!self.numbered, "the unit of a work ends when it is gathered");
        (self.ended_pieces, self.ended_bytes) = (self.pieces.len(), self.bytes.len());
    }

    /// Hands the units that have ended to the ring, and what found no room there before. Returns whether the log core has
    /// to be woken. Cheap when there is nothing.
    #[inline]
    pub fn publish(&mut self) -> bool {
        let is_due = self.ended_pieces > 0 || self.port.as_ref().is_some_and(Port::is_behind);
        is_due && self.hand_out(What::Effects)
    }

    /// Whether something that was published waits for room in the ring, and somebody will make some.
    pub fn is_behind(&self) -> bool {
        self.port.as_ref().is_some_and(|port| port.is_behind() && !port.is_abandoned())
    }

    /// A fragment begins: what is stated until [`Journal::end_fragment`] is its part of the transaction.
    pub fn begin_fragment(&mut self) {
        // What was before is not part of it. Whoever is to be woken is woken when the fragment ends.
        let _ = self.publish();
    }

    /// The fragment of transaction `txn` (see [`fresh_transaction`]), in which `parts` shards take part, ends and is
    /// published, also if it is empty. Returns whether the log core has to be woken.
    pub fn end_fragment(&mut self, txn: u64, parts: usize) -> bool {
        self.end_unit();
        self.on && self.hand_out(What::Fragment { txn, parts })
    }

    /// Marks that the cut `id` through all `parts` shards goes through here, if anybody needs to know. Returns whether the
    /// log core has to be woken.
    pub fn cut(&mut self, id: u64, parts: usize) -> bool {
        self.end_unit();
        let _ = self.publish();
        self.on && self.hand_out(What::Cut { id, parts })
    }

    fn hand_out(&mut self, what: What) -> bool {
        let Some(port) = &mut self.port else { return false };
        if self.ended_pieces == 0 && what == What::Effects {
            return port.catch_up();
        }
        let spare = port.spare();
        let mut bytes = std::mem::replace(&mut self.bytes, spare.0);
        let mut pieces = std::mem::replace(&mut self.pieces, spare.1);
        // The unit under way stays.
        self.bytes.extend_from_slice(bytes.get(self.ended_bytes..).unwrap_or_default());
        bytes.truncate(self.ended_bytes);
        self.pieces.extend(pieces.drain(self.ended_pieces.min(pieces.len())..));
        (self.ended_pieces, self.ended_bytes) = (0, 0);
        port.publish(what, bytes, pieces)
    }

    /// A work over several stores begins on this thread: every one of their journals is told. What the work states is
    /// numbered, so that [`gather`] can put it in order.
    pub fn begin_work(&mut self) {
        debug_assert!(self.pieces.len() == self.ended_pieces, "no unit is under way between commands");
        self.numbered = self.on;
    }
}

/// Ends a work over several stores, whose journals these are: everything that it stated becomes one unit in the journal of
/// number `into`, in the order in which it was stated.
pub fn gather(into: usize, journals: &mut [&mut Journal]) {
    struct Stated {
        number: u64,
        piece: Piece,
        from: usize,
        start: usize,
    }
    let mut stated = Vec::new();
    for (from, journal) in journals.iter_mut().enumerate() {
        journal.numbered = false;
        let mut start = journal.ended_bytes;
        let pieces = journal.pieces.drain(journal.ended_pieces.min(journal.pieces.len())..);
        for (number, piece) in journal.numbers.drain(..).zip(pieces) {
            stated.push(Stated { number, piece, from, start });
            start += piece.len;
        }
    }
    if stated.is_empty() {
        return;
    }
    stated.sort_unstable_by_key(|s| s.number);
    let mut bytes = Vec::with_capacity(stated.iter().map(|s| s.piece.len).sum());
    for Stated { piece, from, start, .. } in &stated {
        let source = journals.get(*from).and_then(|journal| journal.bytes.get(*start..*start + piece.len));
        bytes.extend_from_slice(source.unwrap_or_default());
    }
    for journal in journals.iter_mut() {
        journal.bytes.truncate(journal.ended_bytes);
    }
    if let Some(journal) = journals.get_mut(into) {
        journal.bytes.append(&mut bytes);
        stated.iter().for_each(|s| journal.grow(s.piece));
        journal.end_unit();
    }
}
