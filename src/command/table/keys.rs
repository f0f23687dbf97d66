//! Which words of a command are keys: by its key specifications, or by the row's own finder where they do not tell.
//!
//! Redis: db.c `getKeysUsingKeySpecs` and `getKeysFromCommandWithSpecs`. A finder (`Row::get_keys`) is asked only when the
//! specifications fail on these words, which those of an incomplete command always do.

use crate::base::numbers;
use crate::command::meta::{Begin, Find, KeySpec, Meta, flag, key_flag};
use crate::command::row::{Command, Row};
use crate::command::{Args, args};

/// The words name no keys where the command needs some: whatever runs it will say what is wrong with them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Malformed;

/// The word of the only key, for a row of which every call has exactly one at a fixed place.
pub(super) fn one_key(row: &Row) -> Option<usize> {
    let [KeySpec { flags, begin: Begin::Index(at), find: Find::Range { last: 0, .. }, .. }] = row.meta.keys
    else {
        return None;
    };
    let plain = flags & (key_flag::NOT_KEY | key_flag::INCOMPLETE) == 0 && row.get_keys.is_none();
    usize::try_from(*at).ok().filter(|_| plain)
}

/// Appends the indices of the words that are keys; none for a command without keys.
///
/// The words must have passed [`super::resolve`]; [`Command::one_key`] is the short way for commands of one key.
///
/// # Errors
/// There should be keys but there are none; then nothing was appended.
pub fn keys_of(command: &Command, argv: Args<'_>, keys: &mut Vec<usize>) -> Result<(), Malformed> {
    let (row, before) = (command.row, keys.len());
    if walk(row.meta.keys, argv, |index, _| keys.push(index)).is_err() {
        keys.truncate(before);
        if let Some(get_keys) = row.get_keys {
            get_keys(argv, keys);
        }
    }
    let optional = row.meta.has(flag::NO_MANDATORY_KEYS) || !has_keys(row);
    if keys.len() > before || optional { Ok(()) } else { Err(Malformed) }
}

/// As [`keys_of`], each key with what the command does to it (`key_flag`).
///
/// # Errors
/// As there.
pub fn keys_with_flags(
    command: &Command,
    argv: Args<'_>,
    keys: &mut Vec<(usize, u32)>,
) -> Result<(), Malformed> {
    let meta = command.row.meta;
    let mut indices = Vec::new();
    keys_of(command, argv, &mut indices)?;
    let mut by_spec = Vec::new();
    if walk(meta.keys, argv, |index, flags| by_spec.push((index, flags))).is_err() {
        by_spec = indices.iter().map(|&index| (index, flags_at(meta, index))).collect();
    }
    let variable = variable_flags(meta, argv);
    keys.extend(by_spec.into_iter().map(|(index, flags)| (index, variable.unwrap_or(flags))));
    Ok(())
}

/// Whether calls of this row can have keys at all (db.c `doesCommandHaveKeys`).
pub fn has_keys(row: &Row) -> bool {
    row.get_keys.is_some() || row.meta.keys.iter().any(|spec| spec.flags & key_flag::NOT_KEY == 0)
}

/// Gives each key that the specifications tell to `push`. An error if one of them does not fit the words, or leaves
/// keys out.
fn walk(specs: &[KeySpec], argv: Args<'_>, mut push: impl FnMut(usize, u32)) -> Result<(), Malformed> {
    for spec in specs.iter().filter(|spec| spec.flags & key_flag::NOT_KEY == 0) {
        let begin = match spec.begin {
            Begin::Index(at) => usize::try_from(at).map_err(|_| Malformed)?,
            Begin::Keyword(word, from) => match behind_keyword(argv, word, from) {
                Some(at) => at,
                None => continue,
            },
            Begin::Unknown => return Err(Malformed),
        };
        let (first, last, step) = extent(spec.find, begin, argv)?;
        if last < first || last >= argv.len() || step == 0 {
            return Err(Malformed);
        }
        (first..=last).step_by(step).for_each(|index| push(index, spec.flags));
        if spec.flags & key_flag::INCOMPLETE != 0 {
            return Err(Malformed);
        }
    }
    Ok(())
}

/// First key, last key and step.
fn extent(find: Find, begin: usize, argv: Args<'_>) -> Result<(usize, usize, usize), Malformed> {
    let at = |from: usize, by: i32| from.checked_add_signed(by as isize).ok_or(Malformed);
    match find {
        Find::Range { last, step, limit } => {
            let end = match (last, usize::try_from(limit).unwrap_or(0)) {
                (0.., _) => at(begin, last)?,
                (_, 0) => at(argv.len(), last)?,
                (_, part) => at(begin + argv.len().saturating_sub(begin) / part, last)?,
            };
            Ok((begin, end, step.unsigned_abs() as usize))
        }
        Find::KeyNum { num, first, step } => {
            let word = argv.get(at(begin, num)?).ok_or(Malformed)?;
            let count = numbers::parse_i64(word).and_then(|n| usize::try_from(n).ok()).ok_or(Malformed)?;
            let first = at(begin, first)?;
            // No keys is no range: Redis takes it for words that do not fit, and asks the command's finder.
            let last = first.checked_add(count).and_then(|end| end.checked_sub(1)).ok_or(Malformed)?;
            Ok((first, last, step.unsigned_abs() as usize))
        }
        Find::Unknown => Err(Malformed),
    }
}

/// The place behind a keyword that is searched forward from a positive index, or backward from a negative one counted from
/// the end; the word where the search ends (last or second) is left out, as in Redis.
fn behind_keyword(argv: Args<'_>, keyword: &str, from: i32) -> Option<usize> {
    let is = |&index: &usize| argv.get(index).is_some_and(|word| args::is(word, keyword));
    let end = argv.len().checked_sub(1)?;
    let found = if from > 0 {
        (usize::try_from(from).ok()?..end).find(is)
    } else {
        (2..=argv.len().checked_add_signed(from as isize)?.min(end)).rev().find(is)
    };
    found.map(|index| index + 1)
}

/// Flags of a key that a row's finder found: those of the specification that begins there, else of the last one, which is the
/// one for keys behind options (SORT's STORE, MIGRATE's KEYS).
fn flags_at(meta: &Meta, index: usize) -> u32 {
    let begins = |spec: &&KeySpec| matches!(spec.begin, Begin::Index(at) if usize::try_from(at) == Ok(index));
    let spec = meta.keys.iter().find(begins).or(meta.keys.last());
    spec.map_or(0, |spec| spec.flags & !key_flag::INCOMPLETE)
}

/// Flags that depend on the words: of SET (db.c `setGetKeys`) and BITFIELD (`bitfieldGetKeys`).
fn variable_flags(meta: &Meta, argv: Args<'_>) -> Option<u32> {
    use key_flag::{ACCESS, OW, RO, RW, UPDATE};
    if !meta.keys.iter().any(|spec| spec.flags & key_flag::VARIABLE_FLAGS != 0) {
        return None;
    }
    match meta.name {
        "set" => {
            let get = argv.iter().skip(3).any(|word| args::is(word, "get"));
            Some(if get { RW | ACCESS | UPDATE } else { OW | UPDATE })
        }
        "bitfield" => {
            let only_reads = bitfield_only_reads(argv.get(2..).unwrap_or_default());
            Some(if only_reads { RO | ACCESS } else { RW | ACCESS | UPDATE })
        }
        _ => None,
    }
}

/// Whether each operation is a GET; words that Redis cannot read count as a write.
fn bitfield_only_reads(mut ops: Args<'_>) -> bool {
    while let Some((op, rest)) = ops.split_first() {
        let words = match () {
            () if args::is(op, "get") => 2,
            () if args::is(op, "overflow") => 1,
            () => return false,
        };
        match rest.get(words..) {
            Some(behind) => ops = behind,
            None => return false,
        }
    }
    true
}
