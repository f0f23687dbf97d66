//! The row of a command: what it is (`Meta`), where it runs (`Route`), what runs (`Handler`).

use super::meta::Meta;
use super::{Args, Ctx, Outcome};

/// How replies of the fragments of a split command become one.
#[derive(Clone, Copy)]
pub enum Merge {
    /// Each fragment replied `+OK`; so does the whole.
    Ok,
    /// Each fragment replied an integer; the sum is the reply.
    Sum,
    /// Each fragment replied an array with one element per key; they go back to the order of the keys.
    Interleave,
    /// Each fragment replied an array; the concatenation is the reply.
    Concat,
    /// Any other rule: from the fragments' replies, one per shard in ascending order, to the reply. `u64` is random.
    Custom(fn(parts: &[Vec<u8>], random: u64, out: &mut Vec<u8>)),
}

/// What a command does whose keys lie on several shards.
#[derive(Clone, Copy)]
pub enum Spread {
    /// Independent fragments (class I): every shard gets the command with its own keys; `step` words belong to a key.
    Split {
        /// Words per key (1: `MGET k k`, 2: `MSET k v k v`).
        step: usize,
        /// How the replies become one.
        merge: Merge,
    },
    /// The handler needs all of them at once (class D).
    Whole,
}

/// Where a command runs.
#[derive(Clone, Copy)]
pub enum Route {
    /// It touches no keys: on the shard of its connection.
    Home,
    /// Where its keys are.
    Keys(Spread),
    /// Where its keys are; over all shards together (class D) if its words say that it needs keys that it does not name.
    Far(fn(Args<'_>) -> bool),
    /// On every shard (class I), whatever its words: DBSIZE, FLUSHALL, KEYS.
    Every(Merge),
    /// As `Every`, but what its words say concerns no single shard runs on the shard of its connection.
    EveryBut(fn(Args<'_>) -> bool, Merge),
    /// It runs a script or function: where the keys are that it declares or, until it is known that these suffice, over
    /// all shards together (class D).
    Script,
    /// On the shard that its cursor (word 1) points into: SCAN. `usize` is the word's index.
    Cursor(usize),
}

/// Commands that are part of the shard loop itself.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ShardOp {
    /// Starts queueing.
    Multi,
    /// Runs the queue.
    Exec,
    /// Drops the queue.
    Discard,
    /// Watches keys.
    Watch,
    /// Forgets them.
    Unwatch,
}

/// What runs.
#[derive(Clone, Copy)]
pub enum Handler {
    /// An ordinary handler.
    Run(fn(&mut Ctx<'_>, Args<'_>) -> Outcome),
    /// Done by the shard loop.
    Shard(ShardOp),
    /// Only a container of subcommands.
    Container,
}

/// Finds the key positions of a command whose specifications do not tell them (`getkeys_proc` of Redis): pushes word indices.
pub type GetKeys = fn(Args<'_>, &mut Vec<usize>);

/// One row of the command table.
pub struct Row {
    /// What COMMAND tells.
    pub meta: &'static Meta,
    /// Where it runs.
    pub route: Route,
    /// What runs.
    pub handler: Handler,
    /// Key positions where `meta.keys` do not suffice.
    pub get_keys: Option<GetKeys>,
    /// Subcommands.
    pub subcommands: &'static [Row],
}

impl Row {
    /// A row without subcommands.
    pub const fn new(
        meta: &'static Meta,
        route: Route,
        handler: fn(&mut Ctx<'_>, Args<'_>) -> Outcome,
    ) -> Row {
        Row { meta, route, handler: Handler::Run(handler), get_keys: None, subcommands: &[] }
    }

    /// The same row with a finder of its keys.
    pub const fn with_keys(self, get_keys: GetKeys) -> Row {
        Row { get_keys: Some(get_keys), ..self }
    }

    /// A row done by the shard loop.
    pub const fn shard(meta: &'static Meta, op: ShardOp) -> Row {
        Row { meta, route: Route::Home, handler: Handler::Shard(op), get_keys: None, subcommands: &[] }
    }

    /// A container of subcommands.
    pub const fn container(meta: &'static Meta, subcommands: &'static [Row]) -> Row {
        Row { meta, route: Route::Home, handler: Handler::Container, get_keys: None, subcommands }
    }
}

/// A command as the server holds it: its row, its place in the statistics, its subcommands.
pub struct Command {
    /// The row.
    pub row: &'static Row,
    /// Index in per-command statistics, unique over commands and subcommands.
    pub id: usize,
    /// `get`, or `client|id` for a subcommand.
    pub full_name: String,
    /// Subcommands in table order.
    pub subcommands: Vec<&'static Command>,
    /// The container, for a subcommand.
    pub parent: Option<&'static Row>,
    /// The word of the only key, if every call has exactly one at a fixed place: the short way to a route.
    pub one_key: Option<usize>,
}
