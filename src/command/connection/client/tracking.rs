//! Client side caching as a server without it answers: CLIENT TRACKING, CACHING, GETREDIR, TRACKINGINFO.

use super::on_off;
use crate::command::{Args, Ctx, Failure, Outcome, args};

/// Reads and checks the options as Redis does; ON is refused, OFF is what every connection is.
pub(super) fn tracking(ctx: &mut Ctx<'_>, argv: Args<'_>) -> Outcome {
    let mut rest = argv.get(3..).unwrap_or_default();
    loop {
        rest = match rest {
            [] => break,
            [option, id, tail @ ..] if args::is(option, "redirect") => {
                let id = args::int(id)?;
                if u64::try_from(id).ok().and_then(|id| ctx.server.clients.get(id)).is_none() {
                    return Err(Failure::text("ERR The client ID you want redirect to does not exist"));
                }
                tail
            }
            [option, _, tail @ ..] if args::is(option, "prefix") => tail,
            [option, tail @ ..]
                if ["bcast", "optin", "optout", "noloop"].iter().any(|o| args::is(option, o)) =>
            {
                tail
            }
            _ => return Err(Failure::Syntax),
        };
    }
    if on_off(args::word(argv, 2))? {
        return Err(Failure::text("ERR Client side caching is not supported by this server yet"));
    }
    ctx.out.ok();
    Ok(())
}

pub(super) fn caching(_: &mut Ctx<'_>, _: Args<'_>) -> Outcome {
    Err(Failure::text(
        "ERR CLIENT CACHING can be called only when the client is in tracking mode with OPTIN or OPTOUT mode enabled",
    ))
}

pub(super) fn getredir(ctx: &mut Ctx<'_>, _: Args<'_>) -> Outcome {
    ctx.out.int(-1);
    Ok(())
}

pub(super) fn trackinginfo(ctx: &mut Ctx<'_>, _: Args<'_>) -> Outcome {
    ctx.out.map(3);
    ctx.out.bulk(b"flags");
    ctx.out.set(1);
    ctx.out.bulk(b"off");
    ctx.out.bulk(b"redirect");
    ctx.out.int(-1);
    ctx.out.bulk(b"prefixes");
    ctx.out.array(0);
    Ok(())
}
