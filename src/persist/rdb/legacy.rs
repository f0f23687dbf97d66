//! Formats of old versions: ziplists (until Redis 6.2) and zipmaps (until 2.4), read into listpacks.
//!
//! ```text
//!  ziplist  total u32 LE, offset of the last entry u32 LE, count u16 LE, entries, FF
//!  entry    length of the one before (1 byte, or FE and u32 LE), encoding, data           (ziplist.c)
//!  zipmap   count, (length, field, length, free bytes, value, those bytes) ..., FF        (zipmap.c)
//! ```

use super::length::Reader;
use super::read::Invalid;
use crate::data::Listpack;

const END: u8 = 0xFF;
/// First byte of a length of four bytes.
const LONG: u8 = 0xFE;

/// The elements of a ziplist.
///
/// # Errors
/// It is damaged or empty (Redis: ziplist.c `ziplistValidateIntegrity`).
pub(super) fn ziplist(bytes: &[u8]) -> Result<Listpack, Invalid> {
    let mut from = Reader::new(bytes);
    let total = u32::from_le_bytes(from.array()?);
    if usize::try_from(total).ok() != Some(bytes.len()) {
        return Err(Invalid::Pack);
    }
    let last = u32::from_le_bytes(from.array()?);
    let count = u16::from_le_bytes(from.array()?);
    let (mut pack, mut entries, mut before, mut tail) = (Listpack::new(), 0u64, 0usize, from.offset());
    loop {
        let start = from.offset();
        let mut first = from.byte()?;
        if first == END {
            break;
        }
        let mut stated = u32::from(first);
        if first == LONG {
            stated = u32::from_le_bytes(from.array()?);
        }
        if usize::try_from(stated).ok() != Some(before) {
            return Err(Invalid::Pack);
        }
        first = from.byte()?;
        entry(&mut from, first, &mut pack)?;
        entries += 1;
        tail = start;
        before = from.offset() - start;
    }
    let counted = count == u16::MAX || u64::from(count) == entries;
    if from.left() > 0 || !counted || usize::try_from(last).ok() != Some(tail) {
        return Err(Invalid::Pack);
    }
    if entries == 0 { Err(Invalid::Empty) } else { Ok(pack) }
}

/// Reads one entry's data behind its encoding byte.
fn entry(from: &mut Reader<'_>, encoding: u8, pack: &mut Listpack) -> Result<(), Invalid> {
    let number = match encoding {
        0x00..=0x3F => return text(from, usize::from(encoding), pack),
        0x40..=0x7F => {
            let len = usize::from(encoding & 0x3F) << 8 | usize::from(from.byte()?);
            return text(from, len, pack);
        }
        0x80 => {
            let len = u32::from_be_bytes(from.array()?);
            return text(from, usize::try_from(len).map_err(|_| Invalid::Length)?, pack);
        }
        0xC0 => i64::from(i16::from_le_bytes(from.array()?)),
        0xD0 => i64::from(i32::from_le_bytes(from.array()?)),
        0xE0 => i64::from_le_bytes(from.array()?),
        0xF0 => {
            let [a, b, c] = from.array()?;
            i64::from(i32::from_le_bytes([0, a, b, c]) >> 8)
        }
        0xFE => i64::from(i8::from_le_bytes(from.array()?)),
        0xF1..=0xFD => i64::from(encoding & 0x0F) - 1,
        _ => return Err(Invalid::Pack),
    };
    pack.append_int(number);
    Ok(())
}

fn text(from: &mut Reader<'_>, len: usize, pack: &mut Listpack) -> Result<(), Invalid> {
    let text = from.take(len)?;
    if !pack.safe_to_add(text.len()) {
        return Err(Invalid::Pack);
    }
    pack.append(text);
    Ok(())
}

/// The fields and values of a zipmap.
///
/// # Errors
/// It is damaged or empty (Redis: zipmap.c `zipmapValidateIntegrity`).
pub(super) fn zipmap(bytes: &[u8]) -> Result<Listpack, Invalid> {
    let mut from = Reader::new(bytes);
    let count = from.byte()?;
    let (mut pack, mut pairs) = (Listpack::new(), 0u64);
    while let Some(len) = zipmap_len(&mut from)? {
        text(&mut from, len, &mut pack)?;
        let len = zipmap_len(&mut from)?.ok_or(Invalid::Pack)?;
        let free = usize::from(from.byte()?);
        text(&mut from, len, &mut pack)?;
        from.take(free)?;
        pairs += 1;
    }
    if from.left() > 0 || (count < LONG && u64::from(count) != pairs) {
        return Err(Invalid::Pack);
    }
    if pairs == 0 { Err(Invalid::Empty) } else { Ok(pack) }
}

/// A length in a zipmap; `None` at its end.
fn zipmap_len(from: &mut Reader<'_>) -> Result<Option<usize>, Invalid> {
    match from.byte()? {
        END => Ok(None),
        LONG => {
            let len = u32::from_le_bytes(from.array()?);
            usize::try_from(len).map(Some).map_err(|_| Invalid::Length)
        }
        len => Ok(Some(usize::from(len))),
    }
}
