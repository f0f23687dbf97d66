//! Finds the end of a value by its type byte, without decoding it.
//!
//! Counts are not trusted, but need no check either: every element takes a byte at least, so the input ends first.

use super::Flaw;
use super::window::Window;
use crate::persist::rdb::kind;
use crate::persist::rdb::length::Head;
use std::io::Read;

/// Parts of a module's data (rdb.h RDB_MODULE_OPCODE_*).
const MODULE_EOF: u64 = 0;
const MODULE_SINT: u64 = 1;
pub(super) const MODULE_UINT: u64 = 2;
const MODULE_FLOAT: u64 = 3;
const MODULE_DOUBLE: u64 = 4;
const MODULE_STRING: u64 = 5;

/// Whether a value of this type may follow (rdb.h `rdbIsObjectType`).
pub(super) fn is_known(kind: u8) -> bool {
    matches!(kind, 0..=7 | 9..=21 | kind::HASH_METADATA | kind::HASH_LISTPACK_EX)
}

/// Walks over a value.
pub(super) fn skip<R: Read>(from: &mut Window<R>, kind: u8) -> Result<(), Flaw> {
    match kind {
        kind::STRING
        | kind::HASH_ZIPMAP
        | kind::LIST_ZIPLIST
        | kind::SET_INTSET
        | kind::ZSET_ZIPLIST
        | kind::HASH_ZIPLIST
        | kind::HASH_LISTPACK
        | kind::ZSET_LISTPACK
        | kind::SET_LISTPACK => skip_string(from),
        kind::LIST | kind::SET | kind::LIST_QUICKLIST => each(from, skip_string),
        kind::HASH => each(from, |from| skip_string(from).and_then(|()| skip_string(from))),
        kind::ZSET => each(from, |from| skip_string(from).and_then(|()| skip_double_text(from))),
        kind::ZSET_2 => each(from, |from| skip_string(from).and_then(|()| from.skip(8))),
        kind::LIST_QUICKLIST_2 => each(from, |from| from.length().and_then(|_| skip_string(from))),
        kind::STREAM_LISTPACKS | kind::STREAM_LISTPACKS_2 | kind::STREAM_LISTPACKS_3 => {
            skip_stream(from, kind)
        }
        kind::HASH_METADATA => {
            from.skip(8)?;
            each(from, |from| {
                from.length()?;
                skip_string(from)?;
                skip_string(from)
            })
        }
        kind::HASH_LISTPACK_EX => from.skip(8).and_then(|()| skip_string(from)),
        kind::MODULE_PRE_GA => Err(Flaw::OldModule),
        kind::MODULE_2 => from.length().and_then(|_| skip_module_parts(from)),
        _ => Err(Flaw::Kind(kind)),
    }
}

/// A count, and so many of what `one` walks over.
fn each<R: Read>(
    from: &mut Window<R>,
    mut one: impl FnMut(&mut Window<R>) -> Result<(), Flaw>,
) -> Result<(), Flaw> {
    for _ in 0..from.length()? {
        one(from)?;
    }
    Ok(())
}

/// Walks over a string in any of its encodings.
pub(super) fn skip_string<R: Read>(from: &mut Window<R>) -> Result<(), Flaw> {
    match from.head()? {
        Head::Length(len) => from.skip(len),
        Head::Special(0xC0) => from.skip(1),
        Head::Special(0xC1) => from.skip(2),
        Head::Special(0xC2) => from.skip(4),
        Head::Special(0xC3) => {
            let packed = from.length()?;
            from.length()?;
            from.skip(packed)
        }
        Head::Special(byte) => Err(Flaw::Encoding(byte & 0x3F)),
    }
}

/// A double as text behind its length, of which three values stand for no text.
fn skip_double_text<R: Read>(from: &mut Window<R>) -> Result<(), Flaw> {
    match from.byte()? {
        253.. => Ok(()),
        len => from.skip(u64::from(len)),
    }
}

fn skip_lengths<R: Read>(from: &mut Window<R>, n: usize) -> Result<(), Flaw> {
    (0..n).try_for_each(|_| from.length().map(drop))
}

/// The parts are drawn in `stream.rs`.
fn skip_stream<R: Read>(from: &mut Window<R>, form: u8) -> Result<(), Flaw> {
    each(from, |from| skip_string(from).and_then(|()| skip_string(from)))?;
    let has_counters = form != kind::STREAM_LISTPACKS;
    skip_lengths(from, if has_counters { 3 + 5 } else { 3 })?;
    each(from, |from| {
        skip_string(from)?;
        skip_lengths(from, if has_counters { 3 } else { 2 })?;
        each(from, |from| from.skip(16 + 8).and_then(|()| skip_lengths(from, 1)))?;
        each(from, |from| {
            skip_string(from)?;
            from.skip(if form == kind::STREAM_LISTPACKS_3 { 16 } else { 8 })?;
            each(from, |from| from.skip(16))
        })
    })
}

/// Walks over a module's data, which says of what sort its parts are (rdb.c `rdbLoadCheckModuleValue`).
pub(super) fn skip_module_parts<R: Read>(from: &mut Window<R>) -> Result<(), Flaw> {
    loop {
        match from.length()? {
            MODULE_EOF => return Ok(()),
            MODULE_SINT | MODULE_UINT => from.length().map(drop)?,
            MODULE_FLOAT => from.skip(4)?,
            MODULE_DOUBLE => from.skip(8)?,
            MODULE_STRING => skip_string(from)?,
            part => return Err(Flaw::ModulePart(part)),
        }
    }
}
