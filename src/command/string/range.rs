//! Commands on parts of a value: APPEND, GETRANGE (SUBSTR), SETRANGE, STRLEN.

use super::value;
use crate::command::args::{int, word};
use crate::command::{Args, Ctx, Failure, Outcome};
use crate::data::HKey;
use crate::keyspace::{Class, Expire};

/// APPEND key value.
pub fn append(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let (key, tail) = (HKey::new(word(args, 1)), word(args, 2));
    let total = match ctx.keys.write(&key) {
        // A key made by APPEND is encoded as by SET (t_string.c `appendCommand`).
        None => {
            ctx.keys.set_string(&key, tail, Expire::Clear);
            tail.len()
        }
        Some(entry) => {
            let len = value::len(entry)?;
            let total = value::checked_len(ctx.server, len as u64, tail.len())?;
            ctx.keys.edit_string(&key, total, |bytes| write_at(bytes, len, tail));
            total
        }
    };
    ctx.keys.effect(&key, &[b"APPEND", key.bytes, tail]);
    ctx.keys.changed(&key, Class::String, "append");
    ctx.out.count(total);
    Ok(())
}

fn write_at(bytes: &mut [u8], at: usize, part: &[u8]) {
    if let Some(place) = at.checked_add(part.len()).and_then(|end| bytes.get_mut(at..end)) {
        place.copy_from_slice(part);
    }
}

/// SETRANGE key offset value.
pub fn setrange(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let offset = int(word(args, 2))?;
    let offset = u64::try_from(offset).map_err(|_| Failure::text("ERR offset is out of range"))?;
    let (key, part) = (HKey::new(word(args, 1)), word(args, 3));
    let len = ctx.keys.write(&key).map_or(Ok(0), |entry| value::len(entry))?;
    if part.is_empty() {
        ctx.out.count(len);
        return Ok(());
    }
    let end = value::checked_len(ctx.server, offset, part.len())?;
    ctx.keys.edit_string(&key, end, |bytes| write_at(bytes, end - part.len(), part));
    ctx.keys.effect(&key, &[b"SETRANGE", key.bytes, word(args, 2), part]);
    ctx.keys.changed(&key, Class::String, "setrange");
    ctx.out.count(len.max(end));
    Ok(())
}

/// GETRANGE key start end, and SUBSTR, its older name.
pub fn getrange(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let (start, end) = (int(word(args, 2))?, int(word(args, 3))?);
    let key = HKey::new(word(args, 1));
    let mut digits = itoa::Buffer::new();
    let bytes = match ctx.keys.read(&key) {
        Some(entry) => value::bytes(entry, &mut digits)?,
        None => &[],
    };
    let part = value::clamp_range(start, end, bytes.len() as u64)
        .filter(|_| !value::is_backward(start, end))
        .and_then(|(start, end)| Some(usize::try_from(start).ok()?..=usize::try_from(end).ok()?))
        .and_then(|range| bytes.get(range));
    ctx.out.bulk(part.unwrap_or_default());
    Ok(())
}

/// STRLEN key.
pub fn strlen(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let key = HKey::new(word(args, 1));
    let len = ctx.keys.read(&key).map_or(Ok(0), value::len)?;
    ctx.out.count(len);
    Ok(())
}
