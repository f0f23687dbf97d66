//! Small sorted sets: a listpack of members, each followed by its score, in order (t_zset.c, the functions `zzl*`).
//!
//! A score that is a whole number stands there as a number, any other by the digits that replies show; either is read
//! back as the same double, but for -0, which becomes 0 as in Redis.

use super::range::{LexRange, ScoreRange};
use crate::base::numbers::{f64_as_i64, write_f64};
use crate::data::listpack::{self, Item, Listpack};
use smallvec::SmallVec;
use std::ops::Range;

/// A score as it stands in a pack.
enum Text {
    Whole(i64),
    Digits(Vec<u8>),
}

impl Text {
    fn of(score: f64) -> Text {
        match f64_as_i64(score) {
            Some(number) => Text::Whole(number),
            None => {
                let mut digits = Vec::with_capacity(24);
                write_f64(&mut digits, score);
                Text::Digits(digits)
            }
        }
    }

    fn item(&self) -> Item<'_> {
        match self {
            Text::Whole(number) => Item::Int(*number),
            Text::Digits(digits) => Item::Bytes(digits),
        }
    }
}

/// The score that an item states; 0 where a foreign pack has none.
#[inline]
fn score_of(item: Item<'_>) -> f64 {
    item.as_f64().unwrap_or(0.0)
}

/// The score behind the member at `pos`.
fn score_at(pack: &Listpack, pos: usize) -> f64 {
    pack.next(pos).map_or(0.0, |pos| score_of(pack.get(pos)))
}

/// Position and score of a member.
pub(super) fn find(pack: &Listpack, name: &[u8]) -> Option<(usize, f64)> {
    let pos = pack.find(name, 1)?;
    Some((pos, score_at(pack, pos)))
}

/// Number of elements.
#[inline]
pub(super) fn len(pack: &Listpack) -> usize {
    pack.len() / 2
}

/// Adds an element behind all others, where it belongs.
pub(super) fn append(pack: &mut Listpack, name: &[u8], score: f64) {
    pack.append(name);
    pack.append_item(Text::of(score).item());
}

/// Adds an element that is not there in its place (t_zset.c `zzlInsert`).
pub(super) fn insert(pack: &mut Listpack, name: &[u8], score: f64) {
    // What grows with time belongs to the end.
    let last = pack.last().map(|pos| score_of(pack.get(pos)));
    if last.is_none_or(|last| last < score) {
        return append(pack, name, score);
    }
    let mut digits = itoa::Buffer::new();
    let behind = pairs(pack)
        .find(|(_, member, other)| *other > score || (*other == score && member.bytes(&mut digits) > name));
    match behind {
        None => append(pack, name, score),
        Some((pos, _, _)) => {
            pack.insert_before(pos, name);
            pack.insert_item_after(pos, Text::of(score).item());
        }
    }
}

/// Position, member and score of each element, in order.
pub(super) fn pairs(pack: &Listpack) -> impl Iterator<Item = (usize, Item<'_>, f64)> {
    let mut items = pack.iter();
    std::iter::from_fn(move || {
        let (pos, member) = items.next()?;
        let (_, score) = items.next()?;
        Some((pos, member, score_of(score)))
    })
}

/// Takes out the elements of these ranks.
pub(super) fn remove_range(pack: &mut Listpack, ranks: &Range<usize>) {
    if let Ok(start) = i64::try_from(ranks.start * 2) {
        pack.delete_range_by_index(start, ranks.len() * 2);
    }
}

/// The ranks of a range of scores; empty ones may start anywhere.
pub(super) fn ranks_by_score(pack: &Listpack, range: &ScoreRange) -> Range<usize> {
    let (mut start, mut end) = (0, 0);
    for (_, _, score) in pairs(pack).take_while(|(_, _, score)| range.reaches(*score)) {
        start += usize::from(range.is_above(score));
        end += 1;
    }
    start..end.max(start)
}

/// The ranks of a range of members. Where scores differ, members are in no order, and the range is what Redis finds from
/// the end that it starts at (t_zset.c `zzlFirstInLexRange`, `zzlLastInLexRange`).
pub(super) fn ranks_by_lex(pack: &Listpack, range: &LexRange<'_>, reverse: bool) -> Range<usize> {
    let members: SmallVec<[Item<'_>; 128]> = pairs(pack).map(|(_, member, _)| member).collect();
    let above = |member: &Item<'_>| range.is_above(member.bytes(&mut itoa::Buffer::new()));
    let reaches = |member: &Item<'_>| range.reaches(member.bytes(&mut itoa::Buffer::new()));
    let (Some(first), Some(last)) = (members.first(), members.last()) else { return 0..0 };
    if range.is_void() || above(last) || !reaches(first) {
        return 0..0;
    }
    if reverse {
        let end = members.iter().rposition(reaches).map_or(0, |last| last + 1);
        let start = members[..end].iter().rposition(above).map_or(0, |last| last + 1);
        start..end
    } else {
        let start = members.iter().position(|member| !above(member)).unwrap_or(members.len());
        let count = members[start..].iter().position(|member| !reaches(member));
        start..count.map_or(members.len(), |count| start + count)
    }
}

/// The elements of a range of ranks, in either direction.
pub(super) struct Walk<'a> {
    items: listpack::Iter<'a>,
    left: usize,
    reverse: bool,
}

impl<'a> Walk<'a> {
    pub(super) fn new(pack: &'a Listpack, ranks: &Range<usize>, reverse: bool) -> Walk<'a> {
        let mut items = pack.iter();
        if reverse {
            let skipped = len(pack).saturating_sub(ranks.end) * 2;
            items.by_ref().rev().take(skipped).for_each(drop);
        } else if ranks.start > 0
            && let Some(pos) = i64::try_from(ranks.start * 2).ok().and_then(|index| pack.seek(index))
        {
            items = pack.iter_from(pos);
        }
        Walk { items, left: ranks.len(), reverse }
    }
}

impl<'a> Iterator for Walk<'a> {
    type Item = (Item<'a>, f64);

    #[inline]
    fn next(&mut self) -> Option<(Item<'a>, f64)> {
        self.left = self.left.checked_sub(1)?;
        let (member, score) = if self.reverse {
            let (_, score) = self.items.next_back()?;
            (self.items.next_back()?.1, score)
        } else {
            (self.items.next()?.1, self.items.next()?.1)
        };
        Some((member, score_of(score)))
    }
}
