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
    let key = HKey::new(word(args, 1));
    // An absent key is answered before the range is looked at (bitops.c `bitposCommand` up to 7.4).
    let position = match ctx.keys.read(&key) {
        None => (!bit).then_some(0),
        Some(entry) => {
            let mut digits = itoa::Buffer::new();
            let bytes = value::bytes(entry, &mut digits)?;
            let Range { start, end, in_bits } = range(args)?;
            bit_range(start, end.unwrap_or(-1), in_bits, bytes.len()).and_then(|(first, last)| {
                let behind = (bytes.len() as u64).saturating_mul(8);
                bits::first_bit(bytes, bit, first, last).or((!bit && end.is_none()).then_some(behind))
            })
        }
    };
    ctx.out.int(position.and_then(|p| i64::try_from(p).ok()).unwrap_or(-1));
    Ok(())
}

struct Range {
    start: i64,
    end: Option<i64>,
    in_bits: bool,
}

/// The words behind the bit.
fn range(args: Args<'_>) -> Result<Range, Failure> {
    if args.len() > 6 {
        return Err(Failure::Syntax);
    }
    let start = args.get(3).map_or(Ok(0), |text| int(text))?;
    let in_bits = args.get(5).map_or(Ok(false), |unit| counts_bits(unit))?;
    let end = args.get(4).map(|text| int(text)).transpose()?;
    Ok(Range { start, end, in_bits })
}
