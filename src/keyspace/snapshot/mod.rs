//! The snapshot of one shard's store without a fork: what was in it at one moment, the cut, written while commands go on.
//!
//! ```text
//!  begin_snapshot ──► a keeper in every table that has keys       (data/table/keep.rs: marks, walk, hooks)
//!
//!  snapshot_step ──►  1. the large value being written ─────────┐
//!                     2. flushed tables, then tables with       │  Block ──► Sink
//!                        something put aside, then the next:    ├─────────►
//!                          full blocks, large values, the walk  │
//!                     3. what is left of a table at its end ────┘
//! ```
//!
//! Invariants:
//! - Each key that was in the store at the cut is in exactly one block, or begins in one and goes on in the next ones.
//! - Blocks of a large value follow each other with nothing between.
//! - A keeper belongs to its table and knows the index that the table's database had at the cut: databases that are
//!   swapped and tables that are flushed take theirs along.
//! - The sink is called by [`Store::snapshot_step`] and the two methods beside it only, never by a command.
//!
//! Belongs to the store: touched by the thread that holds it.

mod records;
mod sink;

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;

pub use crate::data::table::keep::{BLOCK_BYTES, Budget, Encode, Portions};
pub use records::{CommandRecords, RdbRecords, UseMarks};
pub use sink::{Begun, Block, Counted, Cut, End, Sink, Step};

use super::{Store, ToDrop};
#[cfg(test)]
use crate::data::table::keep::flaw;
use crate::data::{EntryBox, Keeper, Table};
use crate::persist::rdb;
use std::collections::VecDeque;

/// Bytes that a large value is asked for at once.
const PORTION_BYTES: usize = 16 << 10;
/// Allocations from which on what is left over is freed by the background thread.
const FREE_ELSEWHERE: usize = 64;

/// A large value whose record is begun.
struct Writing {
    db: usize,
    portions: Box<dyn Portions>,
    bytes: Vec<u8>,
}

/// A snapshot that runs.
pub(super) struct Snapshot {
    id: u64,
    sink: Box<dyn Sink>,
    /// Nobody wants it any more: what is left to do is to set the marks.
    cancelled: bool,
    /// Tables that were flushed since the cut.
    flushed: VecDeque<Table>,
    writing: Option<Writing>,
    keys: u64,
}

/// The table that a step goes on with.
enum Source {
    Flushed,
    Db(usize),
}

impl Store {
    /// Begins a snapshot of what is in the store now. Costs O(databases).
    ///
    /// There is one at a time. If another is not over, it is cancelled and its rest is swept here and now, which takes as
    /// long as it takes: who does not want that waits for the other's [`Sink::end`].
    pub fn begin_snapshot(&mut self, cut: Cut) -> Begun {
        if self.snapshot.is_some() {
            self.cancel_snapshot();
            while self.snapshot_step(&mut { Budget::UNBOUNDED }) != Step::Done {}
        }
        let Cut { id, encode, sink } = cut;
        let mut begun = Begun { dbs: Vec::new(), needs_version: rdb::VERSION };
        for (index, db) in self.dbs.iter_mut().enumerate().filter(|(_, db)| !db.table.is_empty()) {
            begun.dbs.push(Counted {
                db: index,
                keys: db.table.len() as u64,
                expires: db.table.expires_len() as u64,
            });
            if db.field_due.holds_times(&db.table) {
                begun.needs_version = rdb::VERSION_MAX;
            }
            db.table.begin_keeping(Keeper::new(index, encode.clone()));
        }
        self.snapshot = Some(Box::new(Snapshot {
            id,
            sink,
            cancelled: false,
            flushed: VecDeque::new(),
            writing: None,
            keys: 0,
        }));
        begun
    }

    /// Goes on with the snapshot until `budget` is spent or the sink has no room: by one entry or portion at least.
    pub fn snapshot_step(&mut self, budget: &mut Budget) -> Step {
        let Some(mut snapshot) = self.snapshot.take() else { return Step::Done };
        let step = snapshot.step(self, budget);
        if step == Step::Done {
            snapshot.sink.end(if snapshot.cancelled { End::Cancelled } else { End::Complete });
        } else {
            self.snapshot = Some(snapshot);
        }
        step
    }

    /// Gives the snapshot up: nothing more comes out. Its steps go on until all marks are set, which [`Sink::end`] tells.
    pub fn cancel_snapshot(&mut self) {
        let Some(snapshot) = &mut self.snapshot else { return };
        snapshot.cancelled = true;
        if let Some(writing) = snapshot.writing.take() {
            drop_entry(&mut self.to_drop, writing.portions.into_entry());
        }
        for mut table in snapshot.flushed.drain(..) {
            give_up(&mut table, &mut self.to_drop);
            drop_table(&mut self.to_drop, table);
        }
        self.dbs.iter_mut().for_each(|db| give_up(&mut db.table, &mut self.to_drop));
    }

    /// The number of the snapshot that runs, one that was cancelled included.
    pub fn snapshot_id(&self) -> Option<u64> {
        self.snapshot.as_ref().map(|snapshot| snapshot.id)
    }

    /// Whether [`Store::snapshot_step`] can do something now.
    pub fn snapshot_can_go_on(&self) -> bool {
        self.snapshot.as_ref().is_some_and(|snapshot| snapshot.has_room())
    }

    /// Bytes that the snapshot takes beside the keyspace: records that wait for the sink, and, at most, copies of large
    /// values.
    pub fn snapshot_extra_bytes(&self) -> usize {
        let Some(snapshot) = &self.snapshot else { return 0 };
        let writing = snapshot.writing.as_ref().map_or(0, |writing| writing.bytes.capacity());
        let tables = self.dbs.iter().map(|db| &db.table).chain(&snapshot.flushed);
        tables.filter_map(Table::keeper).map(Keeper::extra_bytes).sum::<usize>() + writing
    }

    /// Keys that the snapshot has handed to its sink.
    pub fn snapshot_keys(&self) -> u64 {
        self.snapshot.as_ref().map_or(0, |snapshot| snapshot.keys)
    }

    /// Takes over a table that was flushed if a snapshot has not finished with it; gives it back otherwise.
    pub(super) fn keep_flushed(&mut self, table: Table) -> Option<Table> {
        #[cfg(test)]
        if flaw::is_planted(flaw::Flaw::FlushForgets) {
            return Some(table);
        }
        match &mut self.snapshot {
            Some(snapshot) if table.keeper().is_some() && !snapshot.cancelled => {
                snapshot.flushed.push_back(table);
                None
            }
            _ => Some(table),
        }
    }
}

impl Snapshot {
    fn has_room(&self) -> bool {
        self.cancelled || self.sink.has_room()
    }

    fn step(&mut self, store: &mut Store, budget: &mut Budget) -> Step {
        loop {
            if !self.has_room() {
                return Step::NoRoom;
            }
            if budget.is_spent() {
                return Step::More;
            }
            if let Some(writing) = self.writing.take() {
                self.write_on(writing, budget, &mut store.to_drop);
                continue;
            }
            match self.source(store) {
                None => return Step::Done,
                Some(Source::Db(db)) => {
                    if let Some(db) = store.dbs.get_mut(db) {
                        self.advance(&mut db.table, budget);
                    }
                }
                Some(Source::Flushed) => {
                    let Some(mut table) = self.flushed.pop_front() else { continue };
                    if self.advance(&mut table, budget) {
                        drop_table(&mut store.to_drop, table);
                    } else {
                        self.flushed.push_front(table);
                    }
                }
            }
        }
    }

    /// Flushed tables first, because they take memory for nothing; then what writers made the keepers put aside.
    fn source(&self, store: &Store) -> Option<Source> {
        if !self.flushed.is_empty() {
            return Some(Source::Flushed);
        }
        let mut first = None;
        for (index, db) in store.dbs.iter().enumerate() {
            match db.table.keeper() {
                Some(keeper) if keeper.has_output() => return Some(Source::Db(index)),
                Some(_) => first = first.or(Some(Source::Db(index))),
                None => {}
            }
        }
        first
    }

    /// Does one thing for a table that has a keeper. `true`: it was the last.
    fn advance(&mut self, table: &mut Table, budget: &mut Budget) -> bool {
        let Some(keeper) = table.keeper_mut() else { return true };
        let db = keeper.db();
        if let Some(records) = keeper.take_full() {
            self.send(db, records.bytes, records.keys, false);
            budget.spend(1, 0);
        } else if let Some(large) = keeper.take_aside() {
            let portions = keeper.begin(large);
            self.writing = portions.map(|portions| Writing { db, portions, bytes: Vec::new() });
        } else if table.keep_walk(budget)
            && table.keeper().is_some_and(|keeper| !keeper.has_output())
            && let Some(mut keeper) = table.end_keeping()
        {
            if let Some(rest) = keeper.take_rest() {
                self.send(db, rest.bytes, rest.keys, false);
            }
            return true;
        }
        false
    }

    /// Writes another portion of a large value.
    fn write_on(&mut self, mut writing: Writing, budget: &mut Budget, to_drop: &mut Vec<ToDrop>) {
        let before = writing.bytes.len();
        let last = writing.portions.write(&mut writing.bytes, PORTION_BYTES.min(budget.bytes));
        budget.spend(1, writing.bytes.len() - before);
        if last {
            self.send(writing.db, writing.bytes, 1, false);
            drop_entry(to_drop, writing.portions.into_entry());
            return;
        }
        if writing.bytes.len() >= BLOCK_BYTES {
            self.send(writing.db, std::mem::take(&mut writing.bytes), 0, true);
        }
        self.writing = Some(writing);
    }

    fn send(&mut self, db: usize, bytes: Vec<u8>, keys: u64, continues: bool) {
        self.keys += keys;
        self.sink.block(Block { db, bytes, keys, continues });
    }
}

/// From now on the table's entries are only marked.
fn give_up(table: &mut Table, to_drop: &mut Vec<ToDrop>) {
    let aside = table.keeper_mut().map(Keeper::give_up).unwrap_or_default();
    aside.into_iter().for_each(|entry| drop_entry(to_drop, entry));
}

/// The last who has a large value may be the snapshot.
fn drop_entry(to_drop: &mut Vec<ToDrop>, entry: EntryBox) {
    if entry.free_effort() > FREE_ELSEWHERE {
        to_drop.push(ToDrop::Entry(entry));
    }
}

fn drop_table(to_drop: &mut Vec<ToDrop>, table: Table) {
    if !table.is_empty() {
        to_drop.push(ToDrop::Table(Box::new(table)));
    }
}
