//! Single facts: TIME.

use crate::command::{Args, Ctx, Outcome};

/// The time that commands of this turn see, so its microseconds are whole milliseconds.
pub(super) fn time(ctx: &mut Ctx<'_>, _: Args<'_>) -> Outcome {
    let now_ms = ctx.keys.now_ms;
    ctx.out.array(2);
    ctx.out.bulk_int(now_ms / 1000);
    ctx.out.bulk_int(now_ms % 1000 * 1000);
    Ok(())
}
