//! PUBLISH and SPUBLISH: who gets it is known from the registry at once; the message itself goes into the outbox.

use crate::command::{Args, Ctx, Outcome, args};
use crate::pubsub::Kind;

/// PUBLISH channel message
pub(super) fn publish(ctx: &mut Ctx<'_>, argv: Args<'_>) -> Outcome {
    send(ctx, argv, Kind::Channel)
}

/// SPUBLISH shardchannel message
///
/// Subscribers of a shard channel may be connected to any shard of this process, so the channel's slot does not matter
/// here.
pub(super) fn spublish(ctx: &mut Ctx<'_>, argv: Args<'_>) -> Outcome {
    send(ctx, argv, Kind::Shard)
}

fn send(ctx: &mut Ctx<'_>, argv: Args<'_>, kind: Kind) -> Outcome {
    let (channel, payload) = (args::word(argv, 1), args::word(argv, 2));
    // Replicas may have subscribers where this server has none.
    let db = ctx.keys.db;
    ctx.keys.view.first(|store| store.journal.message(db, argv));
    if ctx.server.pubsub.is_silent(kind) {
        ctx.out.int(0);
        return Ok(());
    }
    let routed = ctx.server.pubsub.route(kind, channel);
    ctx.out.count(routed.receivers);
    ctx.keys.view.first(|store| store.outbox.publish(kind, channel, payload, routed));
    Ok(())
}
