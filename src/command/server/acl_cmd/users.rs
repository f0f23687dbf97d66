//! SETUSER, DELUSER, GETUSER, LIST, USERS, WHOAMI.

use crate::acl::{Change, DEFAULT_USER, Selector, User, has_spaces};
use crate::command::access::{keeps_subscriptions, terms};
use crate::command::connection::client::kill::end_all;
use crate::command::{Args, Ctx, Failure, Outcome, args};
use std::sync::Arc;

pub(super) fn setuser(ctx: &mut Ctx<'_>, argv: Args<'_>) -> Outcome {
    let name = args::word(argv, 2);
    if has_spaces(name) {
        return Err(Failure::text("ERR Usernames can't contain spaces or null characters"));
    }
    let terms = terms(ctx.server.config.load().acl_pubsub_default);
    let rules = argv.get(3..).unwrap_or_default();
    let change = ctx.server.acl.set_user(name, rules, terms);
    let change = change.map_err(|line| Failure::Bytes([b"ERR ", line.as_slice()].concat()))?;
    end_revoked(ctx, &change);
    ctx.out.ok();
    Ok(())
}

pub(super) fn deluser(ctx: &mut Ctx<'_>, argv: Args<'_>) -> Outcome {
    let names = argv.get(2..).unwrap_or_default();
    if names.contains(&DEFAULT_USER) {
        return Err(Failure::text("ERR The 'default' user cannot be removed"));
    }
    let removed = ctx.server.acl.delete(names);
    end_of(ctx, &removed);
    ctx.out.count(removed.len());
    Ok(())
}

/// Ends the connections of users who are gone; the caller's own after its reply (acl.c `ACLFreeUserAndKillClients`).
pub(super) fn end_of(ctx: &mut Ctx<'_>, gone: &[Arc<User>]) {
    if !gone.is_empty() {
        end_all(ctx, false, |client| {
            let user = client.labels().user;
            gone.iter().any(|gone| gone.name() == user)
        });
    }
}

/// Ends the connections that subscribe to what their user may not any more (acl.c `ACLKillPubsubClientsIfNeeded`).
pub(super) fn end_revoked(ctx: &mut Ctx<'_>, change: &Change) {
    let Change { before: Some(before), after } = change else { return };
    if before.loses_channels_in(after) {
        end_all(ctx, false, |client| {
            client.subscriptions.get().is_some()
                && client.labels().user == after.name()
                && !keeps_subscriptions(client, after)
        });
    }
}

pub(super) fn getuser(ctx: &mut Ctx<'_>, argv: Args<'_>) -> Outcome {
    let Some(user) = ctx.server.acl.users().get(args::word(argv, 2)).cloned() else {
        ctx.out.null();
        return Ok(());
    };
    let out = &mut ctx.out;
    out.map(6);
    out.bulk(b"flags");
    let flags: Vec<&str> = user.flags().collect();
    out.set(flags.len());
    flags.iter().for_each(|flag| out.bulk(flag.as_bytes()));
    out.bulk(b"passwords");
    out.array(user.passwords().len());
    user.passwords().iter().for_each(|hash| out.bulk(hash));
    selector(ctx, user.root());
    ctx.out.bulk(b"selectors");
    ctx.out.array(user.other_selectors().len());
    for other in user.other_selectors() {
        ctx.out.map(3);
        selector(ctx, other);
    }
    Ok(())
}

/// Three pairs of a map (acl.c `aclAddReplySelectorDescription`).
fn selector(ctx: &mut Ctx<'_>, selector: &Selector) {
    for (name, text) in [
        ("commands", selector.commands_text()),
        ("keys", selector.keys_text()),
        ("channels", selector.channels_text()),
    ] {
        ctx.out.bulk(name.as_bytes());
        ctx.out.bulk(&text);
    }
}

pub(super) fn list(ctx: &mut Ctx<'_>, _: Args<'_>) -> Outcome {
    let users = ctx.server.acl.users();
    ctx.out.array(users.count());
    users.iter().for_each(|user| ctx.out.bulk(&user.line()));
    Ok(())
}

pub(super) fn users(ctx: &mut Ctx<'_>, _: Args<'_>) -> Outcome {
    let users = ctx.server.acl.users();
    ctx.out.array(users.count());
    users.iter().for_each(|user| ctx.out.bulk(user.name()));
    Ok(())
}

pub(super) fn whoami(ctx: &mut Ctx<'_>, _: Args<'_>) -> Outcome {
    ctx.out.bulk(ctx.session.user().name());
    Ok(())
}
