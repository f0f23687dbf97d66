//! WAITAOF: until what was written is on disk (replication.c `waitaofCommand`). The log core answers.

use super::args;
use crate::command::server_state::{Asker, DiskWait, Request};
use crate::command::{Args, Ctx, Failure, Outcome};

/// WAITAOF numlocal numreplicas timeout
pub(super) fn waitaof(ctx: &mut Ctx<'_>, argv: Args<'_>) -> Outcome {
    let local = args::int(args::word(argv, 1))?;
    if !(0..=1).contains(&local) {
        return Err(Failure::text("ERR value is out of range, must be between 0 and 1"));
    }
    let replicas = args::positive(args::word(argv, 2))? as u64;
    let timeout_ms = args::int_or(args::word(argv, 3), "ERR timeout is not an integer or out of range")?;
    let timeout_ms = u64::try_from(timeout_ms).map_err(|_| Failure::text("ERR timeout is negative"))?;
    let config = ctx.server.config.load();
    if config.replicaof.is_some() {
        return Err(Failure::text(
            "ERR WAITAOF cannot be used with replica instances. Please also note that writes to replicas are just \
             local and are not propagated.",
        ));
    }
    if local > 0 && !config.appendonly {
        return Err(Failure::text(
            "ERR WAITAOF cannot be used when numlocal is set but appendonly is disabled.",
        ));
    }
    if ctx.session.executing.is_some() || ctx.session.deny_blocking {
        // What this transaction wrote is published behind it, so it cannot be on disk yet.
        ctx.out.array(2);
        ctx.out.int(0);
        ctx.out.int(0);
        return Ok(());
    }
    ctx.session.away = true;
    let asker = Asker { client: ctx.session.id, shard: ctx.shard };
    let is_local = local > 0;
    ctx.server.ask_log(Request::WaitForDisk(DiskWait { asker, is_local, replicas, timeout_ms }));
    Ok(())
}
