//! PUBSUB and its subcommands (pubsub.c `pubsubCommand`), answered from the registry that all shards share.

use crate::base::glob;
use crate::command::meta::pubsub as meta;
use crate::command::{Args, Ctx, Failure, Outcome, Route, Row, help};
use crate::pubsub::Kind;

pub(super) static ROWS: &[Row] = &[
    Row::new(&meta::PUBSUB_CHANNELS, Route::Home, channels),
    Row::new(&meta::PUBSUB_HELP, Route::Home, help),
    Row::new(&meta::PUBSUB_NUMPAT, Route::Home, numpat),
    Row::new(&meta::PUBSUB_NUMSUB, Route::Home, numsub),
    Row::new(&meta::PUBSUB_SHARDCHANNELS, Route::Home, shardchannels),
    Row::new(&meta::PUBSUB_SHARDNUMSUB, Route::Home, shardnumsub),
];

fn channels(ctx: &mut Ctx<'_>, argv: Args<'_>) -> Outcome {
    list(ctx, argv, Kind::Channel)
}

fn shardchannels(ctx: &mut Ctx<'_>, argv: Args<'_>) -> Outcome {
    list(ctx, argv, Kind::Shard)
}

fn numsub(ctx: &mut Ctx<'_>, argv: Args<'_>) -> Outcome {
    counts(ctx, argv, Kind::Channel)
}

fn shardnumsub(ctx: &mut Ctx<'_>, argv: Args<'_>) -> Outcome {
    counts(ctx, argv, Kind::Shard)
}

fn numpat(ctx: &mut Ctx<'_>, _: Args<'_>) -> Outcome {
    ctx.out.count(ctx.server.pubsub.pattern_count());
    Ok(())
}

fn list(ctx: &mut Ctx<'_>, argv: Args<'_>, kind: Kind) -> Outcome {
    let pattern = match argv {
        [_, _] => None,
        [_, _, pattern] => Some(*pattern),
        // networking.c addReplySubcommandSyntaxError
        _ => return Err(unknown(argv)),
    };
    let mut names: Vec<Vec<u8>> = Vec::new();
    ctx.server.pubsub.each_channel(kind, |name| {
        if pattern.is_none_or(|pattern| glob::matches(pattern, name, false)) {
            names.push(name.to_vec());
        }
    });
    ctx.out.bulks(&names);
    Ok(())
}

fn unknown(argv: Args<'_>) -> Failure {
    let word = argv.get(1).copied().unwrap_or_default();
    let head: &[u8] = b"ERR unknown subcommand or wrong number of arguments for '";
    Failure::Bytes([head, word, b"'. Try PUBSUB HELP."].concat())
}

fn counts(ctx: &mut Ctx<'_>, argv: Args<'_>, kind: Kind) -> Outcome {
    let names = argv.get(2..).unwrap_or_default();
    ctx.out.array(names.len().saturating_mul(2));
    for name in names {
        ctx.out.bulk(name);
        ctx.out.count(ctx.server.pubsub.subscribers(kind, name));
    }
    Ok(())
}

fn help(ctx: &mut Ctx<'_>, _: Args<'_>) -> Outcome {
    help::reply(&mut ctx.out, "PUBSUB", HELP);
    Ok(())
}

const HELP: &[&str] = &[
    "CHANNELS [<pattern>]",
    "    Return the currently active channels matching a <pattern> (default: '*').",
    "NUMPAT",
    "    Return number of subscriptions to patterns.",
    "NUMSUB [<channel> ...]",
    "    Return the number of subscribers for the specified channels, excluding",
    "    pattern subscriptions(default: no channels).",
    "SHARDCHANNELS [<pattern>]",
    "    Return the currently active shard level channels matching a <pattern> (default: '*').",
    "SHARDNUMSUB [<shardchannel> ...]",
    "    Return the number of subscribers for the specified shard level channel(s)",
];
