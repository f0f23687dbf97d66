//! BITPOS: the first bit that is set, or clear.

use super::operand::{bit_range, counts_bits};
use crate::command::args::{int, word};
use crate::command::string::value;
use crate::command::{Args, Ctx, Failure, Outcome};
use crate::data::{HKey, bits};

/// BITPOS key bit [start [end [BYTE | BIT]]].
///
/// A string without an end given goes on with zeros: then the first clear bit of `"\xff"` is bit 8. Where an end is
/// given, or where the range is empty, there is none (bitops.c `bitposCommand`).
pub fn bitpos(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let bit = match int(word(args, 2))? {
        0 => false,
        1 => true,
        _ => return Err(Failure::text("ERR The bit argument must be 1 or 0.")),
    };
    let mut end_given = false;
    let (mut start, mut end, mut in_bits) = (0, -1, false);
    if args.len() > 6 {
        return Err(Failure::Syntax);
    }
    if let Some(text) = args.get(3) {
        start = int(text)?;
    }
    if let Some(unit) = args.get(5) {
        in_bits = counts_bits(unit)?;
    }
    if let Some(text) = args.get(4) {
        end = int(text)?;
        end_given = true;
    }
    let key = HKey::new(word(args, 1));
    let mut digits = itoa::Buffer::new();
    let position = match ctx.keys.read(&key) {
        None => (!bit).then_some(0),
        Some(entry) => {
            let bytes = value::bytes(entry, &mut digits)?;
            bit_range(start, end, in_bits, bytes.len()).and_then(|(first, last)| {
                let behind = (bytes.len() as u64).saturating_mul(8);
                bits::first_bit(bytes, bit, first, last).or((!bit && !end_given).then_some(behind))
            })
        }
    };
    ctx.out.int(position.and_then(|p| i64::try_from(p).ok()).unwrap_or(-1));
    Ok(())
}
