//! REPLCONF, PSYNC, SYNC, REPLICAOF, FAILOVER, ROLE: what is said to and about masters and replicas
//! (replication.c `replconfCommand`, `syncCommand`, `replicaofCommand`, `failoverCommand`, `roleCommand`).
//!
//! A connection that asks for the stream leaves its shard: the log core takes it over (`shard::handover`). The rest is asked
//! of the log core, which answers when it is done.

use crate::command::connection::client::describe;
use crate::command::server_state::{Asker, Request};
use crate::command::session::Attach;
use crate::command::{Args, Ctx, Failure, Outcome, args};
use crate::replication::failover::Order;
use crate::replication::master::{Ask, Heard, replconf as hear};

/// REPLCONF before the connection is a replica's. Acknowledgements mean nothing then, and get no reply as ever.
pub(super) fn replconf(ctx: &mut Ctx<'_>, argv: Args<'_>) -> Outcome {
    let facts = ctx.session.replica.get_or_insert_default();
    match hear(facts, argv.get(1..).unwrap_or_default()) {
        Heard::Ok => ctx.out.ok(),
        Heard::Ack(_) | Heard::GetAck | Heard::Silence => {}
        Heard::Wrong(line) => return Err(Failure::from(line)),
    }
    Ok(())
}

/// SYNC.
pub(super) fn sync(ctx: &mut Ctx<'_>, _: Args<'_>) -> Outcome {
    attach(ctx, Ask::Sync, false)
}

/// PSYNC id offset [FAILOVER].
pub(super) fn psync(ctx: &mut Ctx<'_>, argv: Args<'_>) -> Outcome {
    let takes_over = args::is(args::word(argv, 3), "failover");
    let id = args::word(argv, 1);
    if takes_over {
        crate::log!(Notice, "Failover request received for replid {}.", String::from_utf8_lossy(id));
        if !ctx.server.replication.is_replica() {
            return Err(Failure::text("ERR PSYNC FAILOVER can't be sent to a master."));
        }
        if !ctx.server.replication.view().history.id.is_named(id) {
            return Err(Failure::text("ERR PSYNC FAILOVER replid must match my replid."));
        }
    }
    // Looked at last, since what else is wrong is said first.
    let offset = args::int(args::word(argv, 2));
    attach(ctx, Ask::Psync { id: id.to_vec(), offset: offset.clone().unwrap_or(-1) }, takes_over)?;
    if offset.is_err() {
        ctx.session.attach = None;
    }
    offset.map(|_| ())
}

/// Has the loop hand the connection over, if this server gives its stream to anybody.
fn attach(ctx: &mut Ctx<'_>, ask: Ask, takes_over: bool) -> Outcome {
    let mut standing = ctx.server.replication.standing();
    // Who takes over is a master before it answers.
    standing.is_replica &= !takes_over;
    if let Some(refusal) = standing.refusal() {
        return Err(Failure::text(refusal));
    }
    if ctx.out.mark() > 0 {
        return Err(Failure::text("ERR SYNC and PSYNC are invalid with pending output"));
    }
    let facts = ctx.session.replica.as_deref().cloned().unwrap_or_default();
    if facts.is_filtered() && !facts.eof {
        return Err(Failure::text("ERR Filtered replica requires EOF capability"));
    }
    ctx.session.attach = Some(Box::new(Attach { facts, ask, takes_over }));
    Ok(())
}

/// Asks the log core: it answers, unless EXEC runs this, where nobody waits.
fn ask(ctx: &mut Ctx<'_>, request: impl FnOnce(Option<Asker>) -> Request) {
    if ctx.session.executing.is_some() || ctx.session.deny_blocking {
        ctx.server.ask_log(request(None));
        ctx.out.ok();
    } else {
        let asker = Asker { client: ctx.session.id, shard: ctx.shard };
        ctx.session.asks = Some(Box::new(request(Some(asker))));
    }
}

/// REPLICAOF and SLAVEOF.
pub(super) fn replicaof(ctx: &mut Ctx<'_>, argv: Args<'_>) -> Outcome {
    if ctx.server.replication.standing().fails_over {
        return Err(Failure::text("ERR REPLICAOF not allowed while failing over."));
    }
    let (host, port) = (args::word(argv, 1), args::word(argv, 2));
    let by = describe(ctx.server, ctx.session, ctx.command, argv, ctx.keys.now_ms);
    let by = String::from_utf8_lossy(&by).into_owned();
    if args::is(host, "no") && args::is(port, "one") {
        ask(ctx, |asker| Request::Lead { by, asker });
        return Ok(());
    }
    let port = args::range(port, 0, 65535, "ERR Invalid master port")?;
    let port = u16::try_from(port).map_err(|_| Failure::text("ERR Invalid master port"))?;
    let host = String::from_utf8_lossy(host).into_owned();
    ask(ctx, |asker| Request::Follow { host, port, by, asker });
    Ok(())
}

/// FAILOVER.
pub(super) fn failover(ctx: &mut Ctx<'_>, argv: Args<'_>) -> Outcome {
    let order = Order::parse(argv.get(1..).unwrap_or_default()).map_err(Failure::text)?;
    let asker = Asker { client: ctx.session.id, shard: ctx.shard };
    ctx.session.asks = Some(Box::new(Request::Failover(order, asker)));
    Ok(())
}

/// WAIT numreplicas timeout.
pub fn wait(ctx: &mut Ctx<'_>, argv: Args<'_>) -> Outcome {
    if ctx.server.replication.is_replica() {
        return Err(Failure::text(
            "ERR WAIT cannot be used with replica instances. Please also note that since Redis 4.0 if a replica is configured to be writable (which is not the default) writes to replicas are just local and are not propagated.",
        ));
    }
    let replicas = args::int(args::word(argv, 1))?;
    let until_ms = args::until_ms(args::word(argv, 2), ctx.keys.now_ms)?;
    if ctx.session.executing.is_some() || ctx.session.deny_blocking {
        let view = ctx.server.replication.view();
        let there = view.replicas.iter().filter(|r| r.is_online() && r.offset >= view.history.offset).count();
        ctx.out.count(there);
        return Ok(());
    }
    let asker = Asker { client: ctx.session.id, shard: ctx.shard };
    let replicas = usize::try_from(replicas).unwrap_or(0);
    ctx.session.asks = Some(Box::new(Request::Wait { asker, replicas, until_ms }));
    Ok(())
}

/// ROLE.
pub(super) fn role(ctx: &mut Ctx<'_>, _: Args<'_>) -> Outcome {
    let view = ctx.server.replication.view();
    let out = &mut ctx.out;
    let offset = i64::try_from(view.history.offset).unwrap_or(i64::MAX);
    match &view.link {
        None => {
            out.array(3);
            out.bulk(b"master");
            out.int(offset);
            let online: Vec<_> = view.replicas.iter().filter(|replica| replica.is_online()).collect();
            out.array(online.len());
            for replica in online {
                out.array(3);
                out.bulk(replica.ip.as_bytes());
                out.bulk_int(replica.port);
                out.bulk_int(i64::try_from(replica.offset).unwrap_or(i64::MAX));
            }
        }
        Some(link) => {
            out.array(5);
            out.bulk(b"slave");
            out.bulk(link.host.as_bytes());
            out.int(i64::from(link.port));
            out.bulk(link.role_state.as_bytes());
            out.int(if link.is_up { offset } else { -1 });
        }
    }
    Ok(())
}
