//! Which shards a command needs, from its words alone: one rule for queues of EXEC and for streams of commands.

use super::txn::ShardSet;
use crate::command::{Args, Command, Route, table};
use crate::data::slot::key_slot;
use crate::keyspace::slots;

/// The shards that a command needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// None: it has no keys, or its words do not tell them.
    Nothing,
    /// This one alone.
    One(usize),
    /// These, more than one.
    Several(ShardSet),
    /// Every one, for it goes beyond the keys that it names.
    All,
}

/// The shards that `command` with these words needs on a server of `shards` shards. What a script declares does not
/// count: it may touch other keys.
pub fn reach(command: &Command, argv: Args<'_>, shards: usize) -> Reach {
    match command.row.route {
        Route::Home => Reach::Nothing,
        Route::Far(beyond) if beyond(argv) => Reach::All,
        Route::Every(_) | Route::EveryBut(..) | Route::Cursor(_) | Route::Script => Reach::All,
        Route::Keys(_) | Route::Far(_) => {
            let owner =
                |word: usize| slots::owner(key_slot(argv.get(word).copied().unwrap_or_default()), shards);
            if let Some(word) = command.one_key {
                return Reach::One(owner(word));
            }
            let mut words = Vec::new();
            if table::keys_of(command, argv, &mut words).is_err() {
                return Reach::Nothing;
            }
            let owners: ShardSet = words.into_iter().map(owner).collect();
            match (owners.len(), owners.last()) {
                (0, _) | (_, None) => Reach::Nothing,
                (1, Some(one)) => Reach::One(one),
                _ => Reach::Several(owners),
            }
        }
    }
}
