//! A place in a value that is read element by element without being borrowed in between: by whoever writes a large value
//! in portions.

use super::listpack::{Item, Listpack};
use super::{Hash, IntSet, List, Set, fields};

/// How far a value was read; the default is its start. It means something only as long as the value does not change, as a
/// [copy](super::Object::share) of one does not.
#[derive(Clone, Copy, Debug, Default)]
pub struct Cursor {
    table: fields::Cursor,
    /// A node of a list.
    node: usize,
    /// Number of integers read, or the position in a pack: 0 before the first element, [`PACK_END`] behind the last.
    place: usize,
}

const PACK_END: usize = usize::MAX;

/// The element of `pack` at `place`; moves the place on.
#[inline]
fn next_in_pack<'p>(pack: &'p Listpack, place: &mut usize) -> Option<Item<'p>> {
    let at = match *place {
        0 => pack.first()?,
        PACK_END => return None,
        at => at,
    };
    *place = pack.next(at).unwrap_or(PACK_END);
    Some(pack.get(at))
}

fn next_int<'s>(ints: &IntSet, place: &mut usize) -> Option<Item<'s>> {
    let number = ints.get(*place)?;
    *place += 1;
    Some(Item::Int(number))
}

impl List {
    /// The element at `cursor`, from head to tail; moves the cursor on. `None` at the end.
    #[inline]
    pub fn next_at(&self, cursor: &mut Cursor) -> Option<Item<'_>> {
        loop {
            match self.part(cursor.node)? {
                Ok(pack) => {
                    if let Some(item) = next_in_pack(pack, &mut cursor.place) {
                        return Some(item);
                    }
                    (cursor.node, cursor.place) = (cursor.node + 1, 0);
                }
                Err(text) => {
                    cursor.node += 1;
                    return Some(Item::Bytes(text));
                }
            }
        }
    }
}

impl Set {
    /// The member at `cursor`, in the order of [`Set::iter`]; moves the cursor on. `None` at the end.
    #[inline]
    pub fn next_at(&self, cursor: &mut Cursor) -> Option<Item<'_>> {
        match self {
            Set::Ints(ints) => next_int(ints, &mut cursor.place),
            Set::Packed(pack) => next_in_pack(pack, &mut cursor.place),
            Set::Table(table) => table.next_at(&mut cursor.table).map(|entry| Item::Bytes(entry.key())),
        }
    }
}

impl Hash {
    /// The field at `cursor` with its value and time, past or not, in the order of [`Hash::pairs`]; moves the cursor on.
    /// `None` at the end.
    #[inline]
    pub fn next_at(&self, cursor: &mut Cursor) -> Option<(Item<'_>, Item<'_>, Option<i64>)> {
        match self {
            Hash::Packed(pack) => {
                let field = next_in_pack(pack, &mut cursor.place)?;
                Some((field, next_in_pack(pack, &mut cursor.place)?, None))
            }
            Hash::PackedTtl(pack) => {
                let field = next_in_pack(pack, &mut cursor.place)?;
                let value = next_in_pack(pack, &mut cursor.place)?;
                // 0 stands for never.
                let time = next_in_pack(pack, &mut cursor.place)?.as_i64().filter(|at| *at != 0);
                Some((field, value, time))
            }
            Hash::Table(table) => {
                let entry = table.next_at(&mut cursor.table)?;
                Some((Item::Bytes(entry.key()), super::hash::value_of(entry), entry.expire_ms()))
            }
        }
    }
}
