//! SUBSCRIBE, PSUBSCRIBE, SSUBSCRIBE and their opposites: one push per name, with the count that is left
//! (pubsub.c `addReplyPubsubSubscribed` and its kin).

use crate::command::{Args, Ctx, Failure, Outcome, Server, Session, access};
use crate::observe::client_flag;
use crate::pubsub::{Kind, SharedNames, Subscriptions, Topic};
use std::sync::atomic::Ordering::Relaxed;

const CHANNEL: Topic = Topic::Of(Kind::Channel);
const SHARD: Topic = Topic::Of(Kind::Shard);

/// SUBSCRIBE channel [channel ...]
pub(super) fn subscribe(ctx: &mut Ctx<'_>, argv: Args<'_>) -> Outcome {
    join(ctx, argv, CHANNEL, b"subscribe")
}

/// PSUBSCRIBE pattern [pattern ...]
pub(super) fn psubscribe(ctx: &mut Ctx<'_>, argv: Args<'_>) -> Outcome {
    join(ctx, argv, Topic::Pattern, b"psubscribe")
}

/// SSUBSCRIBE shardchannel [shardchannel ...]
///
/// The other two are let through in a transaction for the sake of old clients; this one never was.
pub(super) fn ssubscribe(ctx: &mut Ctx<'_>, argv: Args<'_>) -> Outcome {
    if ctx.session.executing.is_some() {
        return Err(Failure::text("ERR SSUBSCRIBE isn't allowed for a DENY BLOCKING client"));
    }
    join(ctx, argv, SHARD, b"ssubscribe")
}

/// UNSUBSCRIBE [channel ...]
pub(super) fn unsubscribe(ctx: &mut Ctx<'_>, argv: Args<'_>) -> Outcome {
    leave(ctx, argv, CHANNEL, b"unsubscribe")
}

/// PUNSUBSCRIBE [pattern ...]
pub(super) fn punsubscribe(ctx: &mut Ctx<'_>, argv: Args<'_>) -> Outcome {
    leave(ctx, argv, Topic::Pattern, b"punsubscribe")
}

/// SUNSUBSCRIBE [shardchannel ...]
pub(super) fn sunsubscribe(ctx: &mut Ctx<'_>, argv: Args<'_>) -> Outcome {
    leave(ctx, argv, SHARD, b"sunsubscribe")
}

fn join(ctx: &mut Ctx<'_>, argv: Args<'_>, topic: Topic, verb: &[u8]) -> Outcome {
    let home = ctx.session.info.shard;
    for name in argv.iter().skip(1) {
        let info = &ctx.session.info;
        let subs = ctx.session.subscriptions.get_or_insert_with(|| {
            Box::new(Subscriptions::shown_in(info.subscriptions.get_or_init(SharedNames::default).clone()))
        });
        subs.add(topic, name, &ctx.server.pubsub, home);
        let count = subs.told_count(topic);
        tell(ctx, verb, Some(name), count);
    }
    ctx.session.subscribed = true;
    show(ctx.session);
    access::end_if_revoked(ctx);
    Ok(())
}

fn leave(ctx: &mut Ctx<'_>, argv: Args<'_>, topic: Topic, verb: &[u8]) -> Outcome {
    let home = ctx.session.info.shard;
    if let [_, names @ ..] = argv
        && !names.is_empty()
    {
        for name in names {
            let count = match &mut ctx.session.subscriptions {
                Some(subs) => {
                    subs.remove(topic, name, &ctx.server.pubsub, home);
                    subs.told_count(topic)
                }
                None => 0,
            };
            tell(ctx, verb, Some(name), count);
        }
    } else {
        leave_each(ctx, topic, verb);
    }
    let none_left = ctx.session.subscriptions.as_ref().is_none_or(|subs| subs.is_empty());
    ctx.session.subscribed &= !none_left;
    show(ctx.session);
    Ok(())
}

/// Without names: all of them, and a reply without a name if there was none.
fn leave_each(ctx: &mut Ctx<'_>, topic: Topic, verb: &[u8]) {
    let home = ctx.session.info.shard;
    let names = ctx.session.subscriptions.as_mut().map(|subs| subs.names(topic)).unwrap_or_default();
    for name in &names {
        let Some(subs) = &mut ctx.session.subscriptions else { continue };
        subs.remove(topic, name, &ctx.server.pubsub, home);
        let count = subs.told_count(topic);
        tell(ctx, verb, Some(name), count);
    }
    if names.is_empty() {
        let count = ctx.session.subscriptions.as_ref().map_or(0, |subs| subs.told_count(topic));
        tell(ctx, verb, None, count);
    }
}

fn tell(ctx: &mut Ctx<'_>, verb: &[u8], name: Option<&[u8]>, count: usize) {
    ctx.out.push(3);
    ctx.out.bulk(verb);
    match name {
        Some(name) => ctx.out.bulk(name),
        None => ctx.out.null(),
    }
    ctx.out.count(count);
}

/// Ends all subscriptions of a session without a word (RESET; networking.c `clearClientConnectionState`).
pub fn leave_all(server: &Server, session: &mut Session) {
    if let Some(subs) = &mut session.subscriptions {
        subs.clear(&server.pubsub, session.info.shard);
    }
    session.subscribed = false;
    show(session);
}

/// Shows the subscriptions to others (CLIENT LIST).
fn show(session: &Session) {
    let info = &session.info;
    let [channels, patterns, shard] = session.subscriptions.as_ref().map(|s| s.counts()).unwrap_or_default();
    info.sub.store(channels, Relaxed);
    info.psub.store(patterns, Relaxed);
    info.ssub.store(shard, Relaxed);
    info.set_flag(client_flag::PUBSUB, session.subscribed);
}
