//! ACL LOG.

use super::too_many_words;
use crate::acl::LogEntry;
use crate::base::numbers;
use crate::command::{Args, Ctx, Outcome, args};

/// Entries that are shown unless the caller says otherwise.
const DEFAULT_COUNT: usize = 10;

pub(super) fn log(ctx: &mut Ctx<'_>, argv: Args<'_>) -> Outcome {
    let count = match argv {
        [_, _] => DEFAULT_COUNT,
        [_, _, word] if args::is(word, "reset") => {
            ctx.server.acl.log.reset();
            ctx.out.ok();
            return Ok(());
        }
        // A negative count is none.
        [_, _, count] => usize::try_from(args::int(count)?).unwrap_or(0),
        _ => return Err(too_many_words(argv)),
    };
    let entries = ctx.server.acl.log.latest(count);
    ctx.out.array(entries.len());
    entries.iter().for_each(|entry| write(ctx, entry));
    Ok(())
}

fn write(ctx: &mut Ctx<'_>, entry: &LogEntry) {
    let last = &entry.last;
    #[allow(clippy::cast_precision_loss, reason = "an age is far below 2^53 ms")]
    let age = ctx.keys.now_ms.saturating_sub(last.time_ms) as f64 / 1000.0;
    let out = &mut ctx.out;
    out.map(10);
    out.bulk(b"count");
    out.int(entry.count);
    out.bulk(b"reason");
    out.bulk(last.reason.as_str().as_bytes());
    out.bulk(b"context");
    out.bulk(last.context.as_str().as_bytes());
    out.bulk(b"object");
    out.bulk(&last.object);
    out.bulk(b"username");
    out.bulk(&last.username);
    out.bulk(b"age-seconds");
    out.double_text(&numbers::fmt_f64(age));
    out.bulk(b"client-info");
    out.bulk(&last.client_info);
    out.bulk(b"entry-id");
    out.int(entry.id);
    out.bulk(b"timestamp-created");
    out.int(entry.created_ms);
    out.bulk(b"timestamp-last-updated");
    out.int(last.time_ms);
}
