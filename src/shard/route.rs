//! Where a command runs: here, on the one other shard that owns its keys, or on several.

use super::blocked;
use super::conn::Hold;
use super::input::Flow;
use super::txn::ShardSet;
use super::{Connection, Driver, Shard};
use crate::command::meta::flag;
use crate::command::{Args, Command, Failure, Merge, Route, Spread, args, table};
use crate::data::slot::key_slot;
use crate::keyspace::slots;

/// Batches on the way to one shard beyond which connections send it no more before they are answered.
const BACKLOG_MAX: usize = 256;

impl<D: Driver> Shard<D>
where
    D::Socket: Connection,
{
    /// Routes a command of connection `key`.
    #[inline]
    pub(super) fn route(&mut self, key: usize, command: &'static Command, argv: Args<'_>) -> Flow {
        if self.n == 1 {
            return self.run_here(key, command, argv);
        }
        match command.row.route {
            // What looks at the server as a whole (INFO, CLIENT LIST, CONFIG) finds the connection's earlier commands done.
            // And what is published tells of them.
            Route::Home
                if (!command.row.meta.has(flag::FAST) || command.row.meta.has(flag::PUBSUB))
                    && self.undrained(key) =>
            {
                Flow::Retry(Hold::Drain)
            }
            Route::Home => {
                if command.row.meta.has(flag::ADMIN) {
                    // It may tell other shards something at once: CLIENT UNBLOCK, CLIENT KILL.
                    self.publish_journal();
                }
                self.run_here(key, command, argv)
            }
            Route::Keys(spread) => self.route_keys(key, command, argv, spread),
            Route::Script => self.route_script(key, command, argv),
            Route::Far(beyond) if beyond(argv) => self.whole(key, command, argv, ShardSet::all(self.n)),
            Route::Far(_) => self.route_keys(key, command, argv, Spread::Whole),
            Route::EveryBut(home, _) if home(argv) && self.undrained(key) => Flow::Retry(Hold::Drain),
            Route::EveryBut(home, _) if home(argv) => self.run_here(key, command, argv),
            Route::Every(merge) | Route::EveryBut(_, merge) => self.fragment_all(key, command, argv, merge),
            Route::Cursor(word) => {
                let owner = argv
                    .get(word)
                    .and_then(|w| args::cursor(w).ok())
                    .map(|cursor| slots::owner(slots::of_cursor(cursor), self.n));
                self.run_at(key, owner.unwrap_or(self.id), command, argv)
            }
        }
    }

    fn route_keys(&mut self, key: usize, command: &'static Command, argv: Args<'_>, spread: Spread) -> Flow {
        if let Some(word) = command.one_key {
            let owner = slots::owner(key_slot(argv.get(word).copied().unwrap_or_default()), self.n);
            return self.run_at(key, owner, command, argv);
        }
        let mut words = Vec::new();
        if table::keys_of(command, argv, &mut words).is_err() {
            // The words do not say which keys: the handler knows the error.
            return self.run_here(key, command, argv);
        }
        let owner_of =
            |word: &usize| slots::owner(key_slot(argv.get(*word).copied().unwrap_or_default()), self.n);
        let Some(first) = words.first().map(owner_of) else {
            return self.run_at(key, self.id, command, argv);
        };
        if words.iter().skip(1).all(|word| owner_of(word) == first) {
            return self.run_at(key, first, command, argv);
        }
        match spread {
            // Events come in the order of the keys, which independent fragments would not keep.
            Spread::Split { step, merge } if self.config.notify_keyspace_events.0 == 0 => {
                self.fragment_by_key(key, command, argv, &words, step, merge)
            }
            Spread::Split { .. } | Spread::Whole => {
                let mut shards = ShardSet::new();
                words.iter().map(owner_of).for_each(|owner| {
                    shards.insert(owner);
                });
                if command.row.meta.has(flag::MAY_REPLICATE) {
                    // What was published here before leaves first.
                    shards.insert(self.id);
                }
                self.whole(key, command, argv, shards)
            }
        }
    }

    /// Runs a command on one shard: this one or another.
    #[inline]
    pub(super) fn run_at(
        &mut self,
        key: usize,
        owner: usize,
        command: &'static Command,
        argv: Args<'_>,
    ) -> Flow {
        if command.row.meta.has(flag::MAY_REPLICATE)
            && let Some(hold) = self.must_publish_later(key, owner)
        {
            return Flow::Retry(hold);
        }
        if owner == self.id {
            return self.run_here(key, command, argv);
        }
        if self.undrained(key) && self.mesh.backlog(owner) > BACKLOG_MAX {
            // The owner cannot keep up: this connection waits for its own replies before it sends more.
            return Flow::Retry(Hold::Drain);
        }
        let started_ns = self.time.mono_ns;
        let Some(conn) = self.conns.get_mut(key) else { return Flow::Done };
        let Some(session) = conn.session.as_deref() else { return Flow::Done };
        let mute = session.is_mute();
        conn.order.expect(owner, mute);
        let Some(caller) = self.conns.get(key).and_then(|c| Some(self.caller(key, c.session.as_deref()?)))
        else {
            return Flow::Done;
        };
        if self.mesh.request(owner, caller, command.id, argv) {
            self.publish_journal();
            self.mesh.send_open(owner);
        }
        self.tally.remote += 1;
        if command.row.meta.has(flag::BLOCKING) && blocked::could_block(command, argv) {
            self.stall(key, started_ns, mute);
            return Flow::Wait(Hold::Block);
        }
        Flow::Done
    }

    /// Whether connection `key` still waits for replies of other shards: a command over several shards must not
    /// overtake them.
    pub(super) fn undrained(&self, key: usize) -> bool {
        self.conns.get(key).is_some_and(|c| !c.order.is_empty())
    }

    fn fragment_all(&mut self, key: usize, command: &'static Command, argv: Args<'_>, merge: Merge) -> Flow {
        if self.undrained(key) {
            return Flow::Retry(Hold::Drain);
        }
        let words: Vec<Vec<u8>> = argv.iter().map(|w| w.to_vec()).collect();
        let parts = (0..self.n).map(|shard| (shard, words.clone(), Vec::new())).collect();
        self.start_fragments(key, command, parts, merge)
    }

    fn fragment_by_key(
        &mut self,
        key: usize,
        command: &'static Command,
        argv: Args<'_>,
        words: &[usize],
        step: usize,
        merge: Merge,
    ) -> Flow {
        if self.undrained(key) {
            return Flow::Retry(Hold::Drain);
        }
        // Fragments cannot fail: what the handler would refuse as a whole is refused here.
        let first = words.first().copied().unwrap_or(1);
        if argv.len().saturating_sub(first) % step != 0 {
            let failure = Failure::Arity(command.full_name.clone());
            self.refuse(key, Some(command), &failure);
            return Flow::Done;
        }
        let owned = |words: Vec<&[u8]>| words.into_iter().map(<[u8]>::to_vec).collect();
        let parts = by_owner(argv, words, step, self.n)
            .into_iter()
            .map(|(shard, words, positions)| (shard, owned(words), positions))
            .collect();
        self.start_fragments(key, command, parts, merge)
    }
}

/// One shard's part of a command that is split by its keys: the shard, the words, and the place of each of its keys among
/// all.
pub(super) type ByOwner<'a> = (usize, Vec<&'a [u8]>, Vec<usize>);

/// Splits a command by its keys, which stand at `keys` and have `step` words each, over `shards` shards.
pub(super) fn by_owner<'a>(argv: Args<'a>, keys: &[usize], step: usize, shards: usize) -> Vec<ByOwner<'a>> {
    let first = keys.first().copied().unwrap_or(1);
    let mut parts: Vec<ByOwner<'a>> = Vec::new();
    for (position, &word) in keys.iter().enumerate() {
        let group = argv.get(word..word + step).unwrap_or_default();
        let shard = slots::owner(key_slot(group.first().copied().unwrap_or_default()), shards);
        let part = match parts.iter_mut().position(|p| p.0 == shard) {
            Some(i) => parts.get_mut(i),
            None => {
                parts.push((shard, argv.get(..first).unwrap_or_default().to_vec(), Vec::new()));
                parts.last_mut()
            }
        };
        if let Some((_, words, positions)) = part {
            words.extend(group);
            positions.push(position);
        }
    }
    parts
}
