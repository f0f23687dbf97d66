//! FCALL, FCALL_RO.

use super::eval::feed_monitors;
use super::host::{self, Subject};
use crate::base::numbers;
use crate::command::args::word;
use crate::command::meta::flag;
use crate::command::{Args, Ctx, Failure, Outcome};
use crate::script::engine;

/// FCALL function numkeys [key ...] [arg ...], and FCALL_RO (functions.c `fcallCommandGeneric`).
pub fn fcall(ctx: &mut Ctx<'_>, argv: Args<'_>) -> Outcome {
    feed_monitors(ctx, argv);
    let server = ctx.server;
    server.scripting.shelf.with(|libraries| {
        let (library, at) =
            libraries.function(word(argv, 1)).ok_or(Failure::text("ERR Function not found"))?;
        let function = library.functions.get(at).ok_or(Failure::text("ERR Function not found"))?;
        let keys =
            numbers::parse_i64(word(argv, 2)).ok_or(Failure::text("ERR Bad number of keys provided"))?;
        let (keys, arguments) = host::split(argv, keys)?;
        let subject = Subject {
            name: &function.name,
            flags: function.flags,
            mark: &function.mark,
            is_eval: false,
            read_only: ctx.command.row.meta.has(flag::READONLY),
            keys,
            arguments,
        };
        host::run(ctx, argv, &subject, |host, call, out| {
            engine::run_function(libraries, library, at, host, call, out)
        })
    })
}
