//! CLIENT LIST and CLIENT INFO: one line per connection (networking.c `catClientInfoString`).
//!
//! Where a field tells of something that a connection here does not have, it holds what Redis prints for a connection
//! that does not use it: `oll` and `omem` (replies are
//! one buffer, not a list). `rbs` and `rbp` are sizes of that buffer.

use super::{Kind, kind, tracking};
use crate::base::numbers;
use crate::command::{Args, Command, Ctx, Failure, Outcome, Server, Session, args, table};
use crate::observe::{ClientInfo, client_flag};
use std::io::Write as _;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

/// Size of Redis's reply buffers (server.h PROTO_REPLY_CHUNK_BYTES).
const REPLY_CHUNK: usize = 16 * 1024;

/// Letters of flags, in Redis's order.
const FLAGS: &[(u32, u8)] = &[
    (client_flag::REPLICA, b'S'),
    (client_flag::MASTER, b'M'),
    (client_flag::MONITOR, b'O'),
    (client_flag::PUBSUB, b'P'),
    (client_flag::MULTI, b'x'),
    (client_flag::BLOCKED, b'b'),
    (client_flag::TRACKING, b't'),
    (client_flag::BROKEN_REDIRECT, b'R'),
    (client_flag::BCAST, b'B'),
    (client_flag::DIRTY, b'd'),
    (client_flag::CLOSE_AFTER_REPLY, b'c'),
    (client_flag::CLOSE_ASAP, b'A'),
    (client_flag::UNIX_SOCKET, b'U'),
    (client_flag::NO_EVICT, b'e'),
    (client_flag::NO_TOUCH, b'T'),
];

/// CLIENT INFO: the caller's line.
pub(super) fn info(ctx: &mut Ctx<'_>, argv: Args<'_>) -> Outcome {
    let mut text = Vec::new();
    line(&mut text, &ctx.session.info, &Viewer::of(ctx, argv));
    ctx.out.verbatim("txt", &text);
    Ok(())
}

/// CLIENT LIST.
pub(super) fn list(ctx: &mut Ctx<'_>, argv: Args<'_>) -> Outcome {
    let clients = match argv.get(2..).unwrap_or_default() {
        [] => ctx.server.clients.snapshot(),
        [option, class] if args::is(option, "type") => {
            let class = kind(class)?;
            let mut clients = ctx.server.clients.snapshot();
            clients.retain(|client| Kind::of(client) == class);
            clients
        }
        [option, ids @ ..] if args::is(option, "id") && !ids.is_empty() => by_id(ctx, ids)?,
        _ => return Err(Failure::Syntax),
    };
    let mut text = Vec::with_capacity(clients.len().saturating_mul(350));
    let viewer = Viewer::of(ctx, argv);
    clients.iter().for_each(|client| line(&mut text, client, &viewer));
    ctx.out.verbatim("txt", &text);
    Ok(())
}

fn by_id(ctx: &Ctx<'_>, ids: Args<'_>) -> Result<Vec<Arc<ClientInfo>>, Failure> {
    let mut found = Vec::new();
    for word in ids {
        let id = numbers::parse_i64(word).ok_or(Failure::text("ERR Invalid client ID"))?;
        found.extend(u64::try_from(id).ok().and_then(|id| ctx.server.clients.get(id)));
    }
    Ok(found)
}

/// Who looks at connections.
struct Viewer<'a> {
    session: &'a Session,
    command: &'static Command,
    argv: Args<'a>,
    now_ms: i64,
}

impl<'a> Viewer<'a> {
    fn of(ctx: &'a Ctx<'_>, argv: Args<'a>) -> Viewer<'a> {
        Viewer { session: ctx.session, command: ctx.command, argv, now_ms: ctx.keys.now_ms }
    }
}

/// The line of the connection that `session` belongs to, or stands in for, while it runs `command`; for logs, so without a
/// line end.
pub fn describe(
    server: &Server,
    session: &Session,
    command: &'static Command,
    argv: Args<'_>,
    now_ms: i64,
) -> Vec<u8> {
    let viewer = Viewer { session, command, argv, now_ms };
    let mut text = Vec::new();
    match session.guest {
        None => line(&mut text, &session.info, &viewer),
        // A stand-in has no connection of its own. One that is gone leaves no line.
        Some(_) => server.clients.get(session.id).iter().for_each(|info| line(&mut text, info, &viewer)),
    }
    text.pop();
    text
}

/// Letters of a connection's flags; `N` for none.
fn letters(bits: u32) -> String {
    let text: String =
        FLAGS.iter().filter(|(bit, _)| bits & bit != 0).map(|&(_, letter)| char::from(letter)).collect();
    if text.is_empty() { "N".to_owned() } else { text }
}

/// Bytes of a request on the wire, and of its words.
fn request_bytes(argv: Args<'_>) -> (usize, usize) {
    let digits = |n: usize| itoa::Buffer::new().format(n).len();
    let header = |n: usize| 1 + digits(n) + 2;
    let words = argv.iter().map(|word| word.len()).sum::<usize>();
    let framing = argv.iter().map(|word| header(word.len()) + 2).sum::<usize>();
    (header(argv.len()) + framing + words, words)
}

/// One line. The caller's own facts come from its session: the registry knows them only when the turn has ended. Its
/// query buffer holds the request that is running, as in Redis.
fn line(text: &mut Vec<u8>, client: &ClientInfo, viewer: &Viewer<'_>) {
    let own = client.id == viewer.session.id;
    if own && viewer.session.guest.is_none() {
        viewer.session.publish();
    }
    let labels = client.labels();
    let now_ms = viewer.now_ms;
    let last_ms = if own { now_ms } else { client.last_ms.load(Relaxed) };
    let seconds_since = |then: i64| now_ms.saturating_sub(then).max(0) / 1000;
    let command = if own && viewer.session.executing.is_some() {
        // Redis's `lastcmd` stays at EXEC while the queue runs.
        "exec"
    } else if own {
        viewer.command.full_name.as_str()
    } else {
        let last = client.last_command.load(Relaxed).checked_sub(1).and_then(|id| table::all().get(id));
        last.map_or("NULL", |command| command.full_name.as_str())
    };
    let (running, running_words) = if own { request_bytes(viewer.argv) } else { (0, 0) };
    let query = client.query_bytes.load(Relaxed) + running;
    let words = client.argv_bytes.load(Relaxed) + running_words;
    let free = client.query_free.load(Relaxed);
    let (output, queued) = (client.output_bytes.load(Relaxed), client.multi_bytes.load(Relaxed));
    let total = client.memory() + running;
    // Redis: a fixed buffer of 16 KiB first, then a list of chunks of that size.
    let first = output.min(REPLY_CHUNK);
    let piled = output - first;
    let chunks = piled.div_ceil(REPLY_CHUNK);
    let events = if output > 0 { "rw" } else { "r" };
    // Writing to a Vec cannot fail.
    let _ =
        write!(text, "id={} addr={} laddr={} fd={} name=", client.id, client.addr, client.laddr, client.fd);
    text.extend_from_slice(&labels.name);
    let _ = write!(
        text,
        " age={} idle={} flags={} db={} sub={} psub={} ssub={} multi={} qbuf={query} qbuf-free={free} argv-mem={words} \
         multi-mem={queued} rbs={output} rbp={output} obl={first} oll={chunks} omem={piled} tot-mem={total} events={events} \
         cmd={command} user=",
        seconds_since(client.created_ms),
        seconds_since(last_ms),
        letters(client.flags.load(Relaxed)),
        client.db.load(Relaxed),
        client.sub.load(Relaxed),
        client.psub.load(Relaxed),
        client.ssub.load(Relaxed),
        client.multi.load(Relaxed),
    );
    text.extend_from_slice(&labels.user);
    let (redirection, resp) = (tracking::redirection(client), client.resp.load(Relaxed));
    let _ = write!(text, " redir={redirection} resp={resp} lib-name=");
    text.extend_from_slice(&labels.lib_name);
    text.extend_from_slice(b" lib-ver=");
    text.extend_from_slice(&labels.lib_ver);
    text.push(b'\n');
}
