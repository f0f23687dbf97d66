//! What the commands of strings and bitmaps share: reading a value as bytes, the limit of a string's length, and
//! storing a value together with its effect.

use crate::command::{Ctx, Failure, Keys, Outcome, Server};
use crate::data::{Entry, HKey, Kind};
use crate::keyspace::{Class, Expire};
use crate::resp::Out;

/// The bytes of a string value.
///
/// # Errors
/// `WrongType` for another type.
#[inline]
pub fn bytes<'a>(entry: &'a Entry, digits: &'a mut itoa::Buffer) -> Result<&'a [u8], Failure> {
    entry.string_bytes(digits).ok_or(Failure::WrongType)
}

/// The length in bytes of a string value.
///
/// # Errors
/// `WrongType` for another type.
#[inline]
pub fn len(entry: &Entry) -> Result<usize, Failure> {
    check_kind(entry)?;
    Ok(entry.string_len())
}

/// # Errors
/// `WrongType` if the value is no string.
#[inline]
pub fn check_kind(entry: &Entry) -> Outcome {
    if entry.kind() == Kind::String { Ok(()) } else { Err(Failure::WrongType) }
}

/// Replies a string value, or null for a key that is not there (Redis: t_string.c `getGenericCommand`).
///
/// # Errors
/// `WrongType` for another type.
#[inline]
pub fn reply(out: &mut Out<'_>, entry: Option<&Entry>) -> Outcome {
    match entry {
        Some(entry) => out.bulk(bytes(entry, &mut itoa::Buffer::new())?),
        None => out.null(),
    }
    Ok(())
}

/// The longest string, in bytes.
pub fn max_len(server: &Server) -> u64 {
    server.config.load().proto_max_bulk_len
}

/// The length of a string of `len` bytes after `more` are added (Redis: t_string.c `checkStringLength`).
///
/// # Errors
/// The sum exceeds `proto-max-bulk-len`.
pub fn checked_len(server: &Server, len: u64, more: usize) -> Result<usize, Failure> {
    len.checked_add(more as u64)
        .filter(|&total| total <= max_len(server))
        .and_then(|total| usize::try_from(total).ok())
        .ok_or(Failure::text("ERR string exceeds maximum allowed size (proto-max-bulk-len)"))
}

/// Stores a string, states that as a SET and reports the change.
#[inline]
pub fn store(keys: &mut Keys<'_>, key: &HKey<'_>, value: &[u8], expire: Expire) {
    keys.set_string(key, value, expire);
    state_set(keys, key, value, expire);
    keys.changed(key, Class::String, "set");
    if matches!(expire, Expire::At(_)) {
        keys.event(key, Class::Generic, "expire");
    }
}

/// States that `key` became `value`, as a SET with an absolute expiry time.
#[inline]
pub fn state_set(keys: &mut Keys<'_>, key: &HKey<'_>, value: &[u8], expire: Expire) {
    if !keys.journaled(key) {
        return;
    }
    match expire {
        Expire::Clear => keys.effect(key, &[b"SET", key.bytes, value]),
        Expire::Keep => keys.effect(key, &[b"SET", key.bytes, value, b"KEEPTTL"]),
        Expire::At(ms) => {
            let mut digits = itoa::Buffer::new();
            keys.effect(key, &[b"SET", key.bytes, value, b"PXAT", digits.format(ms).as_bytes()]);
        }
    }
}

/// States that `key` went away, by the verb that the policy `lazy` gives (Redis: DEL or UNLINK).
pub fn state_del(keys: &mut Keys<'_>, key: &HKey<'_>, lazy: bool) {
    keys.effect(key, &[if lazy { b"UNLINK" } else { b"DEL" }, key.bytes]);
}

/// Whether both ends of a range count from the end and in the wrong order: GETRANGE and BITCOUNT call that empty
/// before anything else, even where both ends would come to lie on the first element.
pub fn is_backward(start: i64, end: i64) -> bool {
    start < 0 && end < 0 && start > end
}

/// The part `start..=end` of `len` elements, negative indices counting from the end; `None` if it is empty.
///
/// Redis: t_string.c `getrangeCommand`, bitops.c `bitcountCommand`, `bitposCommand`.
pub fn clamp_range(start: i64, end: i64, len: u64) -> Option<(u64, u64)> {
    let absolute = |index: i64| match u64::try_from(index) {
        Ok(index) => index,
        Err(_) => len.saturating_sub(index.unsigned_abs()),
    };
    let (start, end) = (absolute(start), absolute(end).min(len.checked_sub(1)?));
    (start <= end).then_some((start, end))
}

/// The name that error texts call the running command by.
pub fn command_name<'a>(ctx: &Ctx<'a>) -> &'a str {
    &ctx.command.full_name
}
