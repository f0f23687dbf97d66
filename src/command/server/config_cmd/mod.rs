//! CONFIG: the configuration of the running server (config.c).

mod apply;

use super::acl_cmd::rewrite_lines;
use crate::command::meta::server as meta;
use crate::command::{Args, Ctx, Failure, Merge, Outcome, Route, Row, help};
use crate::config::{self, SetContext, SetError};
use crate::observe::log;

/// Rows of the subcommands. RESETSTAT goes to every shard: each resets the counters that it alone writes.
pub static ROWS: &[Row] = &[
    Row::new(&meta::CONFIG_GET, Route::Home, get),
    Row::new(&meta::CONFIG_HELP, Route::Home, help),
    Row::new(&meta::CONFIG_RESETSTAT, Route::Every(Merge::Ok), resetstat),
    Row::new(&meta::CONFIG_REWRITE, Route::Home, rewrite),
    Row::new(&meta::CONFIG_SET, Route::Home, set),
];

fn get(ctx: &mut Ctx<'_>, argv: Args<'_>) -> Outcome {
    let config = ctx.server.config.load();
    let found = config::get(&config, argv.get(2..).unwrap_or_default());
    ctx.out.map(found.len());
    for (name, value) in found {
        ctx.out.bulk(name.as_bytes());
        ctx.out.bulk(&value);
    }
    Ok(())
}

fn set(ctx: &mut Ctx<'_>, argv: Args<'_>) -> Outcome {
    let (pairs, rest) = argv.get(2..).unwrap_or_default().as_chunks::<2>();
    if !rest.is_empty() {
        return Err(Failure::Syntax);
    }
    let pairs: Vec<(&[u8], &[u8])> = pairs.iter().map(|[name, value]| (*name, *value)).collect();
    let context =
        SetContext { client_is_local: ctx.session.info.local, loading: ctx.server.loading.is_any() };
    let server = ctx.server;
    let guard = server.lock_config();
    let old = server.config.load_full();
    let mut applied = config::set(&old, &pairs, context).map_err(|error| failure(&error))?;
    if let Err(error) = apply::apply(server, &old, &mut applied.config, &applied.changed) {
        log::warning(&format!("Failed applying new configuration, the settings stay as they were: {error}"));
        return Err(failure(&error));
    }
    server.set_config(applied.config);
    drop(guard);
    applied.notices.iter().for_each(|notice| log::warning(&notice.to_string()));
    ctx.out.ok();
    Ok(())
}

/// The reply of a CONFIG SET that was refused.
fn failure(error: &SetError) -> Failure {
    Failure::Bytes(error.line())
}

fn resetstat(ctx: &mut Ctx<'_>, _: Args<'_>) -> Outcome {
    let (server, shard) = (ctx.server, ctx.shard);
    ctx.keys.view.each(|store| {
        // What was counted since the last publication goes too, the changes since the last save excepted.
        let dirty = store.stats.dirty;
        store.stats = crate::keyspace::Stats { dirty, ..crate::keyspace::Stats::default() };
    });
    if let Some(stats) = server.stats.get(shard) {
        stats.reset();
    }
    server.reset_shared_stats();
    ctx.out.ok();
    Ok(())
}

fn rewrite(ctx: &mut Ctx<'_>, _: Args<'_>) -> Outcome {
    let Some(path) = &ctx.server.config_file else {
        return Err(Failure::text("ERR The server is running without a config file"));
    };
    // Under the lock, so that two rewrites do not meet in the file and a change is in it or after it.
    let _guard = ctx.server.lock_config();
    match config::rewrite(path, &ctx.server.config.load(), &[("user", rewrite_lines(ctx.server))]) {
        Ok(()) => {
            log::notice("CONFIG REWRITE executed with success.");
            ctx.out.ok();
            Ok(())
        }
        Err(error) => {
            log::warning(&format!("CONFIG REWRITE failed: {error}"));
            Err(Failure::from(format!("ERR Rewriting config file: {error}")))
        }
    }
}

fn help(ctx: &mut Ctx<'_>, _: Args<'_>) -> Outcome {
    help::reply(
        &mut ctx.out,
        "CONFIG",
        &[
            "GET <pattern>",
            "    Return parameters matching the glob-like <pattern> and their values.",
            "SET <directive> <value>",
            "    Set the configuration <directive> to <value>.",
            "RESETSTAT",
            "    Reset statistics reported by the INFO command.",
            "REWRITE",
            "    Rewrite the configuration file.",
        ],
    );
    Ok(())
}

#[cfg(test)]
mod tests;
