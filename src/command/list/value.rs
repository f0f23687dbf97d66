//! What the commands of lists share: elements as replies, indices, the name of an end, and what follows a removal.

use crate::command::args::is;
use crate::command::element::reply_item;
use crate::command::{Failure, Keys};
use crate::data::HKey;
use crate::data::list::{End, List};
use crate::keyspace::Class;
use crate::resp::Out;

/// What an element's reply takes beside its bytes, at most for lengths below a million: `$999999\r\n` and `\r\n`.
const FRAME_BYTES: usize = 11;

/// Writes an array of `n` elements, which must be there, from `index` on.
pub fn reply_range(out: &mut Out<'_>, list: &List, index: usize, n: usize, towards: End) {
    let first = match towards {
        End::Tail => index,
        End::Head => (index + 1).saturating_sub(n),
    };
    let bytes = list.range_bytes(first, n).saturating_add(n.saturating_mul(FRAME_BYTES));
    out.raw().reserve(bytes);
    out.array(n);
    list.iter_from(index, towards).take(n).for_each(|item| reply_item(out, item));
}

/// Writes an array of the `n` elements that are popped one after the other from `end`.
pub fn reply_end(out: &mut Out<'_>, list: &List, n: usize, end: End) {
    match end {
        End::Head => reply_range(out, list, 0, n, End::Tail),
        End::Tail => reply_range(out, list, list.len().saturating_sub(1), n, End::Head),
    }
}

/// An index as the client gave it, where -1 is the last of `len` elements.
pub fn absolute(index: i64, len: usize) -> Option<usize> {
    match usize::try_from(index) {
        Ok(index) => Some(index).filter(|index| *index < len),
        Err(_) => len.checked_sub(usize::try_from(index.unsigned_abs()).ok()?),
    }
}

/// The part from `start` to `stop`, both included and counted from the end if negative, of `len` elements: its first
/// index and its length, which may be 0 (t_list.c `addListRangeReply`).
pub fn span(start: i64, stop: i64, len: usize) -> (usize, usize) {
    let from = if start < 0 { absolute(start, len).unwrap_or(0) } else { start.try_into().unwrap_or(len) };
    let behind = match usize::try_from(stop) {
        Ok(stop) => stop.saturating_add(1).min(len),
        Err(_) => absolute(stop, len).map_or(0, |stop| stop + 1),
    };
    (from, behind.saturating_sub(from))
}

/// LEFT or RIGHT (t_list.c `getListPositionFromObjectOrReply`).
///
/// # Errors
/// `Syntax` for any other word.
pub fn end(word: &[u8]) -> Result<End, Failure> {
    match () {
        () if is(word, "LEFT") => Ok(End::Head),
        () if is(word, "RIGHT") => Ok(End::Tail),
        () => Err(Failure::Syntax),
    }
}

/// The command that pops from `end`, as effects name it.
pub fn pop_verb(end: End) -> &'static [u8] {
    match end {
        End::Head => b"LPOP",
        End::Tail => b"RPOP",
    }
}

/// The event of a push at `end`.
pub fn push_event(end: End) -> &'static str {
    match end {
        End::Head => "lpush",
        End::Tail => "rpush",
    }
}

/// Reports that `count` elements were popped from `end`, and that the key went with them if it did (t_list.c
/// `listElementsRemoved`).
#[inline]
pub fn popped(keys: &mut Keys<'_>, key: &HKey<'_>, end: End, count: usize, removed: bool) {
    let event = match end {
        End::Head => "lpop",
        End::Tail => "rpop",
    };
    changed(keys, key, count, event, removed);
}

/// Reports a change of `count` elements, and that the key went with them if it did.
#[inline]
pub fn changed(keys: &mut Keys<'_>, key: &HKey<'_>, count: usize, event: &'static str, removed: bool) {
    keys.changed_many(key, count, Class::List, event);
    if removed {
        keys.event(key, Class::Generic, "del");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_clamped_to_the_list() {
        for (start, stop, part) in [
            (0, -1, (0, 5)),
            (1, 3, (1, 3)),
            (-2, -1, (3, 2)),
            (-100, 1, (0, 2)),
            (0, -100, (0, 0)),
            (-100, -100, (0, 0)),
            (3, 2, (3, 0)),
            (4, i64::MAX, (4, 1)),
            (i64::MIN, i64::MAX, (0, 5)),
        ] {
            assert_eq!(span(start, stop, 5), part, "{start} {stop}");
        }
        assert_eq!(span(5, 9, 5).1, 0);
        assert_eq!(span(i64::MAX, i64::MAX, 5).1, 0);
        assert_eq!(span(0, -1, 0).1, 0);
    }

    #[test]
    fn indices_count_from_either_end() {
        assert_eq!([0, 2, -1, -3].map(|i| absolute(i, 3)), [Some(0), Some(2), Some(2), Some(0)]);
        assert_eq!([3, -4, i64::MAX, i64::MIN].map(|i| absolute(i, 3)), [None; 4]);
    }
}
