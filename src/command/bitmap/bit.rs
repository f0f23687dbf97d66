//! One bit, and how many are set: GETBIT, SETBIT, BITCOUNT.

use super::operand::{bit_offset, bit_range, counts_bits};
use crate::command::args::{int, int_or, word};
use crate::command::string::value;
use crate::command::{Args, Ctx, Failure, Outcome};
use crate::data::{HKey, bits};
use crate::keyspace::Class;

/// GETBIT key offset.
pub fn getbit(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let offset = bit_offset(ctx.server, word(args, 2), 0)?;
    let key = HKey::new(word(args, 1));
    let on = match ctx.keys.read(&key) {
        Some(entry) => bits::bit_at(value::bytes(entry, &mut itoa::Buffer::new())?, offset),
        None => false,
    };
    ctx.out.int(i64::from(on));
    Ok(())
}

/// SETBIT key offset value.
///
/// Setting a bit to what it is changes nothing, unless the string grows (bitops.c `setbitCommand`).
pub fn setbit(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    const NO_BIT: &str = "ERR bit is not an integer or out of range";
    let offset = bit_offset(ctx.server, word(args, 2), 0)?;
    let on = match int_or(word(args, 3), NO_BIT)? {
        0 => false,
        1 => true,
        _ => return Err(Failure::text(NO_BIT)),
    };
    let key = HKey::new(word(args, 1));
    let len = ctx.keys.write(&key).map_or(Ok(0), |entry| value::len(entry))?;
    let needed = bytes_for(offset)?;
    let was = ctx.keys.edit_string(&key, needed, |bytes| bits::set_bit(bytes, offset, on));
    let was = was.unwrap_or_default();
    if needed > len || was != on {
        ctx.keys.effect(&key, &[b"SETBIT", key.bytes, word(args, 2), word(args, 3)]);
        ctx.keys.changed(&key, Class::String, "setbit");
    }
    ctx.out.int(i64::from(was));
    Ok(())
}

/// Length of the shortest string that has a bit `last`.
pub(super) fn bytes_for(last: u64) -> Result<usize, Failure> {
    usize::try_from((last >> 3).saturating_add(1)).map_err(|_| Failure::OutOfRange)
}

/// BITCOUNT key [start end [BYTE | BIT]].
pub fn bitcount(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let key = HKey::new(word(args, 1));
    // An absent key is answered before the other words are looked at (bitops.c `bitcountCommand` up to 7.4).
    let Some(entry) = ctx.keys.read(&key) else {
        ctx.out.int(0);
        return Ok(());
    };
    let mut digits = itoa::Buffer::new();
    let bytes = value::bytes(entry, &mut digits)?;
    let (start, end, in_bits) = match *args {
        [_, _] => (0, -1, false),
        [_, _, start, end] => (int(start)?, int(end)?, false),
        // A range that runs backward is empty whatever the unit's word is.
        [_, _, start, end, unit] => match (int(start)?, int(end)?) {
            (start, end) if value::is_backward(start, end) => (start, end, false),
            (start, end) => (start, end, counts_bits(unit)?),
        },
        _ => return Err(Failure::Syntax),
    };
    let count = match bit_range(start, end, in_bits, bytes.len()) {
        Some((first, last)) if !value::is_backward(start, end) => bits::popcount_range(bytes, first, last),
        _ => 0,
    };
    ctx.out.int(i64::try_from(count).unwrap_or(i64::MAX));
    Ok(())
}
