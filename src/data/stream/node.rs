//! One node of a stream: a listpack of entries, byte for byte as Redis writes it (t_stream.c `streamAppendItem`).
//!
//! ```text
//!  head    live, deleted, n, field 1, .., field n, 0
//!  entry   flags, ms, seq, value 1, .., value n, pieces                            flags say SAME_FIELDS
//!          flags, ms, seq, k, field 1, value 1, .., field k, value k, pieces
//! ```
//!
//! The head holds the fields of the first entry, so that later ones with the same fields need not repeat them. `ms`
//! and `seq` are differences to the node's id, the id of its first entry. `pieces` is the number of elements before it
//! that belong to the entry, for those who come from behind; the head ends in 0, where they stop. A deleted entry is
//! only marked as such (a *tombstone*); a node goes when the last of its entries does.
//!
//! A node from outside is checked once ([`is_valid`]). Nothing here panics on one that is not: a walk ends early.

use super::StreamId;
use crate::data::listpack::{Batch, Item, Iter, Listpack};

/// The entry is deleted.
const DELETED: i64 = 1;
/// The entry has the fields of the head.
const SAME_FIELDS: i64 = 2;

/// The head of a node.
#[derive(Clone, Copy)]
pub(super) struct Head {
    pub(super) live: i64,
    pub(super) deleted: i64,
    fields: usize,
    /// Position of the first field.
    fields_at: usize,
}

/// Reads the head.
#[inline]
pub(super) fn head(pack: &Listpack) -> Option<Head> {
    let mut items = pack.iter();
    let mut number = || items.next().and_then(|(_, item)| item.as_i64());
    let (live, deleted, fields) = (number()?, number()?, number()?);
    let fields_at = items.next()?.0;
    Some(Head { live, deleted, fields: usize::try_from(fields).ok()?, fields_at })
}

/// Writes how many entries are live and deleted.
pub(super) fn set_counts(pack: &mut Listpack, live: i64, deleted: i64) {
    let Some(live_at) = pack.first() else { return };
    // The one behind first: the other may change its place.
    if let Some(deleted_at) = pack.next(live_at) {
        pack.replace_int(deleted_at, deleted);
    }
    pack.replace_int(live_at, live);
}

/// A node that holds one entry, whose fields and values alternate in `words`.
pub(super) fn create(words: &[&[u8]]) -> Listpack {
    let mut batch = Batch::default();
    let fields = words.len() / 2;
    [1, 0, number(fields)].into_iter().for_each(|n| batch.push_int(n));
    words.iter().step_by(2).for_each(|field| batch.push(field));
    batch.push_int(0);
    push_entry(&mut batch, true, (0, 0), words);
    let mut pack = Listpack::new();
    pack.append_batch(&batch);
    pack
}

/// Adds an entry whose id lies `distance` behind the node's.
#[inline]
pub(super) fn append(pack: &mut Listpack, head: &Head, distance: (i64, i64), words: &[&[u8]]) {
    let mut batch = Batch::default();
    push_entry(&mut batch, has_fields(pack, head, words), distance, words);
    if let Some(live_at) = pack.first() {
        pack.replace_int(live_at, head.live.wrapping_add(1));
    }
    pack.append_batch(&batch);
}

/// Whether the fields in `words` are those of the head.
#[inline]
fn has_fields(pack: &Listpack, head: &Head, words: &[&[u8]]) -> bool {
    let mut fields = words.iter().step_by(2);
    head.fields == words.len() / 2
        && pack
            .iter_from(head.fields_at)
            .take(head.fields)
            .all(|(_, item)| fields.next().is_some_and(|field| item.eq_bytes(field)))
}

#[inline]
fn push_entry(batch: &mut Batch, same_fields: bool, distance: (i64, i64), words: &[&[u8]]) {
    batch.push_int(if same_fields { SAME_FIELDS } else { 0 });
    batch.push_int(distance.0);
    batch.push_int(distance.1);
    let fields = words.len() / 2;
    if same_fields {
        words.iter().skip(1).step_by(2).for_each(|value| batch.push(value));
        batch.push_int(number(fields + 3));
    } else {
        batch.push_int(number(fields));
        words.iter().for_each(|word| batch.push(word));
        batch.push_int(number(2 * fields + 4));
    }
}

fn number(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// An entry of a stream, borrowed from its node.
#[derive(Clone, Debug)]
pub struct StreamEntry<'a> {
    /// Its id.
    pub id: StreamId,
    /// Number of its fields.
    pub len: usize,
    pub(super) flags: i64,
    /// Position of its first element in the node.
    pub(super) at: usize,
    /// The fields, where they stand in the head.
    names: Option<Iter<'a>>,
    /// The values, with the fields between them if they are not in the head.
    words: Iter<'a>,
}

impl<'a> StreamEntry<'a> {
    /// Fields with their values.
    #[inline]
    pub fn fields(&self) -> impl Iterator<Item = (Item<'a>, Item<'a>)> + use<'a> {
        let (mut names, mut words) = (self.names.clone(), self.words.clone());
        let pair = move || {
            let (_, field) = names.as_mut().and_then(Iterator::next).or_else(|| words.next())?;
            Some((field, words.next()?.1))
        };
        std::iter::from_fn(pair).take(self.len)
    }

    pub(super) fn is_deleted(&self) -> bool {
        self.flags & DELETED != 0
    }
}

/// The entries of a node, tombstones included, from either end.
pub(super) struct Walk<'a> {
    pack: &'a Listpack,
    id: StreamId,
    head: Head,
    rest: Iter<'a>,
}

impl<'a> Walk<'a> {
    #[inline]
    pub(super) fn new(id: StreamId, pack: &'a Listpack) -> Option<Walk<'a>> {
        let head = head(pack)?;
        let mut rest = pack.iter_from(head.fields_at);
        // The fields, and the 0 that ends the head.
        rest.nth(head.fields)?;
        Some(Walk { pack, id, head, rest })
    }

    /// Reads what comes before the fields of an entry.
    #[inline]
    fn open(&self, items: &mut Iter<'a>) -> Option<StreamEntry<'a>> {
        let (at, flags) = items.next()?;
        let flags = flags.as_i64()?;
        let mut number = || items.next().and_then(|(_, item)| item.as_i64());
        let (ms, seq) = (number()?, number()?);
        let same = flags & SAME_FIELDS != 0;
        let len = if same { self.head.fields } else { usize::try_from(number()?).ok()? };
        let names = same.then(|| self.pack.iter_from(self.head.fields_at));
        Some(StreamEntry { id: self.id.shifted(ms, seq), len, flags, at, names, words: items.clone() })
    }
}

impl<'a> Iterator for Walk<'a> {
    type Item = StreamEntry<'a>;

    #[inline]
    fn next(&mut self) -> Option<StreamEntry<'a>> {
        let mut items = self.rest.clone();
        let entry = self.open(&mut items)?;
        // The words, and the number of pieces behind them.
        items.nth(if entry.names.is_some() { entry.len } else { entry.len.checked_mul(2)? })?;
        self.rest = items;
        Some(entry)
    }
}

impl DoubleEndedIterator for Walk<'_> {
    fn next_back(&mut self) -> Option<Self::Item> {
        let pieces = usize::try_from(self.rest.next_back()?.1.as_i64()?).ok()?;
        let (at, _) = self.rest.nth_back(pieces.checked_sub(1)?)?;
        self.open(&mut self.pack.iter_from(at))
    }
}

/// Marks the entries that start at these positions, with the flags they have, as deleted.
pub(super) fn mark_deleted(pack: &mut Listpack, entries: &[(usize, i64)]) {
    // From behind: should a mark take more room than what it replaces, no position before it moves.
    for &(at, flags) in entries.iter().rev() {
        pack.replace_int(at, flags | DELETED);
    }
}

/// Whether a pack is a node through and through (t_stream.c `streamValidateListpackIntegrity`, deep).
#[must_use]
pub fn is_valid(pack: &Listpack) -> bool {
    check(pack).is_some()
}

fn check(pack: &Listpack) -> Option<()> {
    let head = head(pack)?;
    let mut items = pack.iter_from(head.fields_at);
    let (_, zero) = items.nth(head.fields)?;
    let (mut entries, mut deleted) = (0_i64, 0_i64);
    (zero.as_i64()? == 0).then_some(())?;
    while let Some((_, flags)) = items.next() {
        let mut number = || items.next().and_then(|(_, item)| item.as_i64());
        let (flags, _, _) = (flags.as_i64()?, number()?, number()?);
        let (words, fixed) = if flags & SAME_FIELDS != 0 {
            (head.fields, 3)
        } else {
            (usize::try_from(number()?).ok()?.checked_mul(2)?, 4)
        };
        let (_, pieces) = items.nth(words)?;
        (usize::try_from(pieces.as_i64()?).ok() == words.checked_add(fixed)).then_some(())?;
        entries += 1;
        deleted += i64::from(flags & DELETED != 0);
    }
    let stated = head.live.checked_add(head.deleted)?;
    // A node without live entries would have been removed.
    (head.live > 0 && deleted == head.deleted && entries == stated).then_some(())
}
