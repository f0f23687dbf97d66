//! The registry: every command that has a handler, found by name in a few nanoseconds.
//!
//! ```text
//! GROUPS (rows of each group) ──build──> Registry { index: name → &'static Command, all: id → &'static Command }
//! ```
//!
//! Built once, by [`init`] with the configuration's `rename-command` lines or by the first look-up without any;
//! immutable from then on and leaked, so every thread reads it without a lock or a count.

mod docs;
mod index;
mod keys;

use super::row::{Command, Row};
use super::{Args, Failure};
use index::Index;
use std::sync::OnceLock;

pub use docs::docs;
pub use keys::{Malformed, has_keys, keys_of, keys_with_flags};

/// Rows of every group, a line per group; COMMAND lists commands in this order.
pub static GROUPS: &[&[Row]] = &[
    // Several slices of one group follow each other.
    super::string::ROWS,
    super::bitmap::ROWS,
    super::list::ROWS,
    super::set::ROWS,
    super::sorted_set::ROWS,
    super::geo::ROWS,
    super::hash::ROWS,
    super::stream::ROWS,
    super::hyperloglog::ROWS,
    super::generic::ROWS,
    super::transactions::ROWS,
    super::connection::ROWS,
    super::scripting::ROWS,
    super::pubsub::ROWS,
    super::cluster::ROWS,
    super::server::ROWS,
    super::server::ABSENT_ROWS,
    super::server::appending::ROWS,
    super::server::saving::ROWS,
    super::server::command_cmd::ROWS,
    super::server::keyspace::ROWS,
    super::server::debug::ROWS,
];

/// Most bytes of a client's words that an error line repeats (server.c `commandCheckExistence`).
const QUOTED_MAX: usize = 128;

static REGISTRY: OnceLock<Registry> = OnceLock::new();

/// All commands, by name and by id.
pub struct Registry {
    index: Index,
    /// Commands that clients can call, in table order.
    named: Vec<&'static Command>,
    /// Commands and subcommands by id, renamed ones and removed ones too.
    all: Vec<&'static Command>,
}

/// A `rename-command` line that cannot be obeyed, worded as Redis words it (config.c).
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum RenameError {
    /// There is no such command.
    #[error("No such command in rename-command")]
    NoSuchCommand,
    /// The new name belongs to another command.
    #[error("Target command name already exists")]
    NameTaken,
}

impl Registry {
    /// Commands of `groups` under the names that `renames` (old, new; empty: not callable) leave them.
    pub(crate) fn build(
        groups: &'static [&'static [Row]],
        renames: &[(&str, &str)],
    ) -> Result<Registry, RenameError> {
        let mut all = Vec::new();
        let mut names = Vec::new();
        for row in groups.iter().copied().flatten() {
            let command = leak(row, None, &mut all);
            names.push((row.meta.name.to_owned(), command));
        }
        // One after the other, as the lines stand in the file: a name given up is free for the next line.
        for (old, new) in renames {
            let at = names.iter().position(|(name, _)| name.eq_ignore_ascii_case(old));
            let (_, command) = names.remove(at.ok_or(RenameError::NoSuchCommand)?);
            if names.iter().any(|(name, _)| name.eq_ignore_ascii_case(new)) {
                return Err(RenameError::NameTaken);
            }
            if !new.is_empty() {
                names.push((new.to_ascii_lowercase(), command));
            }
        }
        names.sort_by_key(|(_, command)| command.id);
        let named = names.iter().map(|&(_, command)| command).collect();
        Ok(Registry { index: Index::new(names), named, all })
    }

    /// Commands that clients can call, in table order, without subcommands.
    pub fn commands(&self) -> &[&'static Command] {
        &self.named
    }

    /// Commands and subcommands by id.
    pub fn all(&self) -> &[&'static Command] {
        &self.all
    }

    /// The command that clients call by `name`, in any case; containers too, subcommands not.
    #[inline]
    pub fn lookup(&self, name: &[u8]) -> Option<&'static Command> {
        self.index.get(name)
    }

    /// The command or subcommand that these words name, without a look at their number.
    #[inline]
    pub fn find(&self, argv: Args<'_>) -> Option<&'static Command> {
        let command = self.lookup(argv.first()?)?;
        match argv.get(1) {
            Some(word) if !command.subcommands.is_empty() => subcommand(command, word),
            _ => Some(command),
        }
    }

    /// The command or subcommand that `name` or `name|subcommand` names, as COMMAND INFO takes it
    /// (server.c `lookupCommandBySds`).
    pub fn find_by_full_name(&self, full_name: &[u8]) -> Option<&'static Command> {
        let mut words = full_name.split(|&b| b == b'|');
        let command = self.lookup(words.next()?)?;
        match (words.next(), words.next()) {
            (None, _) => Some(command),
            (Some(word), None) => subcommand(command, word),
            (Some(_), Some(_)) => None,
        }
    }

    /// The command or subcommand that these words call, their number checked.
    ///
    /// # Errors
    /// Redis's error lines for an unknown command, an unknown subcommand and a wrong number of words.
    #[inline]
    pub fn resolve(&self, argv: Args<'_>) -> Result<&'static Command, Failure> {
        match self.find(argv) {
            Some(command) if arity_fits(command, argv.len()) => Ok(command),
            Some(command) => Err(Failure::Arity(command.full_name.clone())),
            None => Err(self.unknown(argv)),
        }
    }

    // Redis: server.c commandCheckExistence. Words end at a zero byte there (`%s`) and so they do here.
    #[cold]
    fn unknown(&self, argv: Args<'_>) -> Failure {
        let name = argv.first().copied().unwrap_or_default();
        let mut line = Vec::new();
        if self.lookup(name).is_some() {
            line.extend_from_slice(b"ERR unknown subcommand '");
            line.extend_from_slice(quoted(argv.get(1).copied().unwrap_or_default(), QUOTED_MAX));
            line.extend_from_slice(b"'. Try ");
            line.extend(quoted(name, usize::MAX).iter().map(u8::to_ascii_uppercase));
            line.extend_from_slice(b" HELP.");
        } else {
            line.extend_from_slice(b"ERR unknown command '");
            line.extend_from_slice(quoted(name, QUOTED_MAX));
            line.extend_from_slice(b"', with args beginning with: ");
            let start = line.len();
            for word in argv.iter().skip(1) {
                let Some(room) = QUOTED_MAX.checked_sub(line.len() - start).filter(|&room| room > 0) else {
                    break;
                };
                line.push(b'\'');
                line.extend_from_slice(quoted(word, room));
                line.extend_from_slice(b"' ");
            }
        }
        line.iter_mut().filter(|b| matches!(b, b'\r' | b'\n')).for_each(|b| *b = b' ');
        Failure::Bytes(line)
    }
}

/// Makes the command of `row`, and its subcommands, under the next free ids.
fn leak(
    row: &'static Row,
    parent: Option<&'static Row>,
    all: &mut Vec<&'static Command>,
) -> &'static Command {
    // The id of a container precedes those of its subcommands; they are made first, for it holds them.
    let place = all.len();
    let mut below = Vec::new();
    let id = place;
    let mut subcommands = Vec::with_capacity(row.subcommands.len());
    for sub in row.subcommands {
        let command = leak_one(sub, Some(row), id + 1 + below.len(), Vec::new());
        below.push(command);
        subcommands.push(command);
    }
    let command = leak_one(row, parent, id, subcommands);
    all.push(command);
    all.append(&mut below);
    command
}

fn leak_one(
    row: &'static Row,
    parent: Option<&'static Row>,
    id: usize,
    subcommands: Vec<&'static Command>,
) -> &'static Command {
    let full_name = match parent {
        Some(container) => format!("{}|{}", container.meta.name, row.meta.name),
        None => row.meta.name.to_owned(),
    };
    let one_key = keys::one_key(row);
    Box::leak(Box::new(Command { row, id, full_name, subcommands, parent, one_key }))
}

/// What an error line repeats of a client's word.
fn quoted(word: &[u8], room: usize) -> &[u8] {
    let end = word.iter().take(room).position(|&b| b == 0).unwrap_or(word.len().min(room));
    word.get(..end).unwrap_or_default()
}

fn subcommand(container: &Command, name: &[u8]) -> Option<&'static Command> {
    container.subcommands.iter().copied().find(|sub| name.eq_ignore_ascii_case(sub.row.meta.name.as_bytes()))
}

/// Whether a command takes this number of words (server.c `commandCheckArity`).
#[inline]
pub fn arity_fits(command: &Command, words: usize) -> bool {
    let arity = command.row.meta.arity;
    let least = arity.unsigned_abs() as usize;
    if arity > 0 { words == least } else { words >= least }
}

/// Builds the registry with the configuration's `rename-command` lines (old name, new name or empty). Call it once, before the
/// first look-up: a registry that already stands stays as it is.
///
/// # Errors
/// A line that cannot be obeyed.
pub fn init(renames: &[(&str, &str)]) -> Result<(), RenameError> {
    let built = Registry::build(GROUPS, renames)?;
    REGISTRY.get_or_init(|| built);
    Ok(())
}

/// The registry.
#[inline]
pub fn registry() -> &'static Registry {
    REGISTRY.get_or_init(|| match Registry::build(GROUPS, &[]) {
        Ok(registry) => registry,
        Err(_) => unreachable!("only a rename can fail"),
    })
}

/// See [`Registry::lookup`].
#[inline]
pub fn lookup(name: &[u8]) -> Option<&'static Command> {
    registry().lookup(name)
}

/// See [`Registry::resolve`].
///
/// # Errors
/// As there.
#[inline]
pub fn resolve(argv: Args<'_>) -> Result<&'static Command, Failure> {
    registry().resolve(argv)
}

/// The command that `argv` names, whether or not the number of words fits it.
pub fn find(argv: Args<'_>) -> Option<&'static Command> {
    registry().find(argv)
}

/// Number of commands that clients can call, subcommands not counted (COMMAND COUNT).
pub fn count() -> usize {
    commands().len()
}

/// Commands that clients can call, in table order, without subcommands.
pub fn commands() -> &'static [&'static Command] {
    registry().commands()
}

/// Whether the table has a command of this name, before any was renamed: for reading `rename-command` lines.
pub fn is_known(name: &[u8]) -> bool {
    GROUPS.iter().flat_map(|rows| rows.iter()).any(|row| name.eq_ignore_ascii_case(row.meta.name.as_bytes()))
}

/// The command or subcommand of this id.
#[inline]
pub fn by_id(id: usize) -> Option<&'static Command> {
    all().get(id).copied()
}

/// Commands and subcommands by id: the size and the names of per-command statistics.
pub fn all() -> &'static [&'static Command] {
    registry().all()
}

#[cfg(test)]
pub(crate) mod tests;
