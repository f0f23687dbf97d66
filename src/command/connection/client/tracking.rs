//! Client side caching: CLIENT TRACKING, CACHING, GETREDIR, TRACKINGINFO (networking.c `clientCommand`), and what
//! remembers the keys that a command read.
//!
//! The session holds what the client asked for. What the shard needs to deliver invalidations stands in `ClientInfo`: the
//! session may be on another thread when one arrives.

use super::on_off;
use crate::command::meta::flag;
use crate::command::session::Tracking;
use crate::command::{Args, Command, Ctx, Failure, Keys, Outcome, Server, Session, args, table};
use crate::data::HKey;
use crate::observe::{ClientInfo, client_flag};
use crate::pubsub::tracking::Listener;
use std::sync::atomic::Ordering::Relaxed;

/// The client that invalidations of `client` go to, 0 for itself, -1 if it does not track.
pub(super) fn redirection(client: &ClientInfo) -> i64 {
    let on = client.flags.load(Relaxed) & client_flag::TRACKING != 0;
    if on { i64::try_from(client.redirect.load(Relaxed)).unwrap_or(i64::MAX) } else { -1 }
}

/// Words behind ON or OFF.
#[derive(Default)]
struct Options {
    redirect: u64,
    wanted: Tracking,
}

impl Options {
    fn read(ctx: &Ctx<'_>, words: Args<'_>) -> Result<Options, Failure> {
        let mut options = Options::default();
        let mut rest = words;
        loop {
            rest = match rest {
                [] => return Ok(options),
                [option, id, tail @ ..] if args::is(option, "redirect") => {
                    if options.redirect != 0 {
                        return Err(Failure::text("ERR A client can only redirect to a single other client"));
                    }
                    let id = u64::try_from(args::int(id)?).ok();
                    let there = id.and_then(|id| ctx.server.clients.get(id));
                    let gone = Failure::text("ERR The client ID you want redirect to does not exist");
                    options.redirect = there.ok_or(gone)?.id;
                    tail
                }
                [option, prefix, tail @ ..] if args::is(option, "prefix") => {
                    options.wanted.prefixes.push((*prefix).into());
                    tail
                }
                [option, tail @ ..] => {
                    let wanted = &mut options.wanted;
                    match () {
                        () if args::is(option, "bcast") => wanted.bcast = true,
                        () if args::is(option, "optin") => wanted.optin = true,
                        () if args::is(option, "optout") => wanted.optout = true,
                        () if args::is(option, "noloop") => wanted.noloop = true,
                        () => return Err(Failure::Syntax),
                    }
                    tail
                }
            };
        }
    }

    /// Whether the options agree with each other and with what is on already.
    fn check(&self, now: Option<&Tracking>) -> Outcome {
        let wanted = &self.wanted;
        let refuse = |line| Err(Failure::text(line));
        if !wanted.bcast && !wanted.prefixes.is_empty() {
            return refuse("ERR PREFIX option requires BCAST mode to be enabled");
        }
        if now.is_some_and(|now| now.bcast != wanted.bcast) {
            return refuse(
                "ERR You can't switch BCAST mode on/off before disabling tracking for this client, and then re-enabling it with a different mode.",
            );
        }
        if wanted.bcast && (wanted.optin || wanted.optout) {
            return refuse("ERR OPTIN and OPTOUT are not compatible with BCAST");
        }
        if wanted.optin && wanted.optout {
            return refuse("ERR You can't specify both OPTIN mode and OPTOUT mode");
        }
        if now.is_some_and(|now| (wanted.optin && now.optout) || (wanted.optout && now.optin)) {
            return refuse(
                "ERR You can't switch OPTIN/OPTOUT mode before disabling tracking for this client, and then re-enabling it with a different mode.",
            );
        }
        if wanted.bcast { self.check_prefixes(now.map_or(&[], |now| &now.prefixes)) } else { Ok(()) }
    }

    // Redis: tracking.c checkPrefixCollisionsOrReply.
    fn check_prefixes(&self, existing: &[Box<[u8]>]) -> Outcome {
        let overlap = |a: &[u8], b: &[u8]| a.starts_with(b) || b.starts_with(a);
        let refuse = |prefix: &[u8], with: &[u8], other: &[u8]| {
            let (prefix, other) = (args::c_str(prefix), args::c_str(other));
            let end: &[u8] = b"'. Prefixes for a single client must not overlap.";
            Err(Failure::Bytes(
                [b"ERR Prefix '", prefix, b"' overlaps with ", with, b" prefix '", other, end].concat(),
            ))
        };
        for (i, prefix) in self.wanted.prefixes.iter().enumerate() {
            if let Some(other) = existing.iter().find(|other| overlap(prefix, other)) {
                return refuse(prefix, b"an existing", other);
            }
            if let Some(other) = self.wanted.prefixes.iter().skip(i + 1).find(|other| overlap(prefix, other))
            {
                return refuse(prefix, b"another provided", other);
            }
        }
        Ok(())
    }
}

/// CLIENT TRACKING ON | OFF [REDIRECT id] [PREFIX prefix ...] [BCAST] [OPTIN] [OPTOUT] [NOLOOP]
pub(super) fn tracking(ctx: &mut Ctx<'_>, argv: Args<'_>) -> Outcome {
    let options = Options::read(ctx, argv.get(3..).unwrap_or_default())?;
    if on_off(args::word(argv, 2))? {
        options.check(ctx.session.tracking.as_deref())?;
        enable(ctx.server, ctx.session, options);
    } else {
        disable(ctx.server, ctx.session);
    }
    ctx.out.ok();
    Ok(())
}

// Redis: tracking.c enableTracking. Prefixes add up; what else was asked for is asked for anew.
fn enable(server: &Server, session: &mut Session, options: Options) {
    let Options { redirect, mut wanted } = options;
    if wanted.bcast && wanted.prefixes.is_empty() {
        wanted.prefixes.push(Box::default());
    }
    match session.tracking.take() {
        None => server.tracking.count_client(true),
        Some(old) => {
            wanted.caching = old.caching;
            wanted.prefixes.extend(old.prefixes);
        }
    }
    wanted.prefixes.sort_unstable();
    wanted.prefixes.dedup();
    let info = &session.info;
    let listener = Listener { client: session.id, home: info.shard, noloop: wanted.noloop };
    server.tracking.listen(&wanted.prefixes, listener);
    info.redirect.store(redirect, Relaxed);
    info.set_flag(client_flag::TRACKING, true);
    info.set_flag(client_flag::BROKEN_REDIRECT, false);
    info.set_flag(client_flag::BCAST, wanted.bcast);
    info.set_flag(client_flag::NOLOOP, wanted.noloop);
    session.tracks = wanted.remembers();
    session.tracking = Some(Box::new(wanted));
}

/// Ends tracking. Keys that are remembered stay so until they change: nobody is told then (tracking.c `disableTracking`).
pub fn disable(server: &Server, session: &mut Session) {
    let Some(tracking) = session.tracking.take() else { return };
    server.tracking.count_client(false);
    server.tracking.unlisten(&tracking.prefixes, session.id);
    session.tracks = false;
    for flag in [client_flag::TRACKING, client_flag::BROKEN_REDIRECT, client_flag::BCAST, client_flag::NOLOOP]
    {
        session.info.set_flag(flag, false);
    }
}

/// CLIENT CACHING YES | NO
pub(super) fn caching(ctx: &mut Ctx<'_>, argv: Args<'_>) -> Outcome {
    let Some(tracking) = ctx.session.tracking.as_deref_mut() else {
        return Err(Failure::text(
            "ERR CLIENT CACHING can be called only when the client is in tracking mode with OPTIN or OPTOUT mode enabled",
        ));
    };
    match args::word(argv, 2) {
        word if args::is(word, "yes") => {
            if !tracking.optin {
                let line = "ERR CLIENT CACHING YES is only valid when tracking is enabled in OPTIN mode.";
                return Err(Failure::text(line));
            }
        }
        word if args::is(word, "no") => {
            if !tracking.optout {
                let line = "ERR CLIENT CACHING NO is only valid when tracking is enabled in OPTOUT mode.";
                return Err(Failure::text(line));
            }
        }
        _ => return Err(Failure::Syntax),
    }
    tracking.caching = true;
    ctx.session.tracks = tracking.remembers();
    ctx.out.ok();
    Ok(())
}

/// CLIENT GETREDIR
pub(super) fn getredir(ctx: &mut Ctx<'_>, _: Args<'_>) -> Outcome {
    ctx.out.int(redirection(&ctx.session.info));
    Ok(())
}

/// CLIENT TRACKINGINFO
pub(super) fn trackinginfo(ctx: &mut Ctx<'_>, _: Args<'_>) -> Outcome {
    let broken = ctx.session.info.flags.load(Relaxed) & client_flag::BROKEN_REDIRECT != 0;
    let mut flags: Vec<&str> = Vec::new();
    let tracking = ctx.session.tracking.as_deref();
    match tracking {
        None => flags.push("off"),
        Some(t) => {
            let shown = [
                (true, "on"),
                (t.bcast, "bcast"),
                (t.optin, "optin"),
                (t.optin && t.caching, "caching-yes"),
                (t.optout, "optout"),
                (t.optout && t.caching, "caching-no"),
                (t.noloop, "noloop"),
                (broken, "broken_redirect"),
            ];
            flags.extend(shown.iter().filter(|(is, _)| *is).map(|(_, name)| *name));
        }
    }
    ctx.out.map(3);
    ctx.out.bulk(b"flags");
    ctx.out.set(flags.len());
    flags.iter().for_each(|flag| ctx.out.bulk(flag.as_bytes()));
    ctx.out.bulk(b"redirect");
    ctx.out.int(redirection(&ctx.session.info));
    ctx.out.bulk(b"prefixes");
    ctx.out.bulks(tracking.map_or(&[][..], |t| &t.prefixes));
    Ok(())
}

/// Remembers the keys that `command` has read for a session that tracks them. Called after each command by whatever runs
/// it, a script's included (server.c `call`).
#[cold]
pub fn remember(keys: &mut Keys<'_>, session: &Session, command: &'static Command, argv: Args<'_>) {
    let meta = command.row.meta;
    if !meta.has(flag::READONLY) || meta.has(flag::PUBSUB) || meta.has(flag::NOSCRIPT) {
        return;
    }
    let mut words = Vec::new();
    if table::keys_of(command, argv, &mut words).is_err() {
        return;
    }
    for word in words {
        let name = argv.get(word).copied().unwrap_or_default();
        keys.store(&HKey::new(name)).tracking.remember(name, session.id, session.home);
    }
}
