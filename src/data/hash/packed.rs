//! Fields in a listpack: as pairs, or as triples with a time, the soonest first.
//!
//! A time of 0 stands for never, as in Redis (t_hash.c HASH_LP_NO_TTL), and sorts behind all others.

use super::{Pair, Ttl};
use crate::data::listpack::{Item, Listpack};

/// The time of a field that does not expire, as it stands in the pack.
const NEVER: i64 = 0;

/// A field with its value and time.
#[derive(Clone, Copy, Debug)]
pub(super) struct Triple<'a> {
    /// Where the field stands.
    pub(super) pos: usize,
    pub(super) field: Item<'a>,
    pub(super) value: Item<'a>,
    /// Unix milliseconds; `None` for never.
    pub(super) at_ms: Option<i64>,
}

/// The value of the field at `pos`.
#[inline]
pub(super) fn value(pack: &Listpack, pos: usize) -> Option<Item<'_>> {
    pack.next(pos).map(|at| pack.get(at))
}

/// The triple whose field is at `pos`.
pub(super) fn triple(pack: &Listpack, pos: usize) -> Option<Triple<'_>> {
    let value = pack.next(pos)?;
    let time = pack.get(pack.next(value)?).as_i64().filter(|&at| at != NEVER);
    Some(Triple { pos, field: pack.get(pos), value: pack.get(value), at_ms: time })
}

/// The value of the field at `pos` of a pack of triples, unless it is past its time.
#[inline]
pub(super) fn live_value(pack: &Listpack, pos: usize, now_ms: i64) -> Option<Item<'_>> {
    triple(pack, pos).filter(|t| t.at_ms.is_none_or(|at| at >= now_ms)).map(|t| t.value)
}

/// All pairs of a pack of pairs.
pub(super) fn pairs(pack: &Listpack) -> impl Iterator<Item = Pair<'_>> {
    let mut items = pack.iter();
    std::iter::from_fn(move || Some((items.next()?.1, items.next()?.1)))
}

/// All triples of a pack of triples.
pub(super) fn triples(pack: &Listpack) -> impl Iterator<Item = Triple<'_>> {
    let mut items = pack.iter();
    std::iter::from_fn(move || {
        let ((pos, field), (_, value), (_, time)) = (items.next()?, items.next()?, items.next()?);
        Some(Triple { pos, field, value, at_ms: time.as_i64().filter(|&at| at != NEVER) })
    })
}

/// Gives `field` a value in a pack of pairs; `true` if it was there.
pub(super) fn set(pack: &mut Listpack, field: &[u8], value: &[u8]) -> bool {
    let found = pack.find(field, 1).and_then(|at| pack.next(at));
    match found {
        Some(at) => {
            pack.replace(at, value);
            true
        }
        None => {
            pack.append_all([field, value]);
            false
        }
    }
}

/// As [`set`] in a pack of triples.
pub(super) fn set_with_ttl(pack: &mut Listpack, field: &[u8], value: &[u8], ttl: Ttl, now_ms: i64) -> bool {
    let Some(pos) = pack.find(field, 2) else {
        add(pack, field, value, None);
        return false;
    };
    let at_ms = triple(pack, pos).and_then(|t| t.at_ms);
    let live = at_ms.is_none_or(|at| at >= now_ms);
    let keeps = at_ms.is_none() || (live && ttl == Ttl::Keep);
    match pack.next(pos) {
        Some(at) if keeps => {
            pack.replace(at, value);
        }
        _ => {
            pack.delete_range(pos, 3);
            add(pack, field, value, None);
        }
    }
    live
}

/// Adds a triple at its place in the order of times.
pub(super) fn add(pack: &mut Listpack, field: &[u8], value: &[u8], at_ms: Option<i64>) {
    let later =
        at_ms.and_then(|new| triples(pack).find(|t| t.at_ms.is_none_or(|at| at > new)).map(|t| t.pos));
    let Some(pos) = later else {
        pack.append_all([field, value]);
        pack.append_int(at_ms.unwrap_or(NEVER));
        return;
    };
    let pos = pack.insert_item_before(pos, Item::Int(at_ms.unwrap_or(NEVER)));
    let pos = pack.insert_before(pos, value);
    pack.insert_before(pos, field);
}

/// The same fields as triples, none of which expires.
pub(super) fn with_times(pack: &Listpack) -> Listpack {
    let mut triples = Listpack::new();
    triples.append_items(pairs(pack).flat_map(|(field, value)| [field, value, Item::Int(NEVER)]));
    triples
}
