//! Elements of collections in replies: members, fields and values, entries of a list.

use crate::data::Item;
use crate::resp::Out;

/// Replies one element as a bulk string.
#[inline]
pub fn reply_item(out: &mut Out<'_>, item: Item<'_>) {
    match item {
        Item::Int(number) => out.bulk_int(number),
        Item::Bytes(bytes) => out.bulk(bytes),
    }
}
