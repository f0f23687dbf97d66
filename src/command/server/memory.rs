//! MEMORY USAGE: what one key costs.

use crate::command::args::{int, is, word};
use crate::command::meta::server as meta;
use crate::command::{Args, Ctx, Failure, Outcome, Route, Row, Spread};
use crate::data::HKey;

/// Bytes of the table's structure per entry: a bucket of one cache line holds seven, three quarters of them in use, and
/// the directory above adds little. (The exact figure would take a pass over the table.)
const TABLE_SHARE: usize = 13;

/// The row of MEMORY USAGE, for the container's table.
pub const USAGE: Row = Row::new(&meta::MEMORY_USAGE, Route::Keys(Spread::Whole), usage);

/// MEMORY USAGE key [SAMPLES count]: SAMPLES bounds the elements that are looked at in a value of many; a string is
/// known exactly. (Redis: object.c `memoryCommand`.)
fn usage(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    for pair in args.get(3..).unwrap_or_default().chunks(2) {
        match pair {
            [option, count] if is(option, "SAMPLES") => {
                if int(count)? < 0 {
                    return Err(Failure::Syntax);
                }
            }
            _ => return Err(Failure::Syntax),
        }
    }
    match ctx.keys.peek(&HKey::new(word(args, 2))).map(|entry| entry.mem_bytes()) {
        Some(bytes) => ctx.out.count(bytes.saturating_add(TABLE_SHARE)),
        None => ctx.out.null(),
    }
    Ok(())
}
