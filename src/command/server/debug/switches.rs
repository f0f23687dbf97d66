//! DEBUG's switches: PAUSE-CRON, REPLYBUFFER, SET-ACTIVE-EXPIRE, SET-DISABLE-DENY-SCRIPTS,
//! SET-SKIP-CHECKSUM-VALIDATION.

use super::{is_fragment, once, unknown};
use crate::base::numbers;
use crate::command::args::{int, is};
use crate::command::{Ctx, Failure, Note, Outcome};

/// Whether a word switches on: anything but a number is 0, as C's `atoi` has it.
fn is_on(word: &[u8]) -> bool {
    int(word).unwrap_or(0) != 0
}

/// DEBUG PAUSE-CRON 0|1
pub(super) fn pause_cron(ctx: &mut Ctx<'_>, word: &[u8]) {
    once(ctx, |server| server.switches.pause_cron(is_on(word)));
}

/// DEBUG SET-DISABLE-DENY-SCRIPTS 0|1
pub(super) fn unbind_scripts(ctx: &mut Ctx<'_>, word: &[u8]) {
    once(ctx, |server| server.switches.unbind_scripts(is_on(word)));
}

/// DEBUG SET-SKIP-CHECKSUM-VALIDATION 0|1
pub(super) fn uncheck_sums(ctx: &mut Ctx<'_>, word: &[u8]) {
    once(ctx, |server| server.switches.uncheck_sums(is_on(word)));
}

/// DEBUG SET-ACTIVE-EXPIRE 0|1
pub(super) fn set_active_expire(ctx: &mut Ctx<'_>, word: &[u8]) {
    let note = Note::ActiveExpire(is_on(word));
    if is_fragment(ctx) {
        ctx.server.post(ctx.shard, note);
    } else {
        ctx.server.post_all(&note);
    }
    ctx.out.ok();
}

/// DEBUG REPLYBUFFER PEAK-RESET-TIME never|reset|ms, RESIZING 0|1: checked as in Redis. It tunes a buffer that Redis keeps
/// for each connection; here a connection holds one only while it has something to send.
pub(super) fn reply_buffer(ctx: &mut Ctx<'_>, what: &[u8], value: &[u8]) -> Outcome {
    let known = match () {
        () if is(what, "PEAK-RESET-TIME") => {
            if !is(value, "never") && !is(value, "reset") && numbers::parse_i64(value).is_none() {
                return Err(Failure::NotInteger);
            }
            true
        }
        () => is(what, "RESIZING"),
    };
    if !known {
        return Err(unknown(b"REPLYBUFFER"));
    }
    ctx.out.ok();
    Ok(())
}
