//! Entries in replies.

use crate::command::element::reply_item;
use crate::data::StreamId;
use crate::data::stream::StreamEntry;
use crate::resp::Out;
use smallvec::SmallVec;

/// An id.
#[inline]
pub(super) fn id(out: &mut Out<'_>, id: StreamId) {
    out.bulk(&id.text());
}

/// An id, and fields with values.
#[inline]
pub(super) fn entry(out: &mut Out<'_>, entry: &StreamEntry<'_>) {
    out.array(2);
    id(out, entry.id);
    out.array(entry.len.saturating_mul(2));
    for (field, value) in entry.fields() {
        reply_item(out, field);
        reply_item(out, value);
    }
}

/// An array whose length is known only when its elements are written; returns it.
pub(super) fn array_of(out: &mut Out<'_>, write: impl FnOnce(&mut Out<'_>) -> usize) -> usize {
    let mark = out.mark();
    let len = write(out);
    put_head(out, mark, |head| head.array(len));
    len
}

/// Puts a head before what was written after `mark`.
pub(super) fn put_head(out: &mut Out<'_>, mark: usize, head: impl FnOnce(&mut Out<'_>)) {
    let end = out.mark();
    head(out);
    let bytes: SmallVec<[u8; 24]> = out.since(end).into();
    out.truncate(end);
    out.raw().splice(mark..mark, bytes);
}

/// An array of up to `count` entries; 0 for all. Returns how many.
pub(super) fn entries<'a>(
    out: &mut Out<'_>,
    range: impl Iterator<Item = StreamEntry<'a>>,
    count: usize,
) -> usize {
    array_of(out, |out| range.take(limit(count)).inspect(|found| entry(out, found)).count())
}

/// A count of which 0 stands for no limit.
pub(super) fn limit(count: usize) -> usize {
    if count == 0 { usize::MAX } else { count }
}
