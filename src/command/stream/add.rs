//! XADD and XTRIM.

use super::now_ms;
use super::trim::Options;
use crate::command::args::word;
use crate::command::{Args, Ctx, Failure, Outcome};
use crate::data::stream::{AppendError, NODE_BYTES_MAX, NewId};
use crate::data::{HKey, Kind, Limits, Stream, StreamId};
use crate::keyspace::Class;

/// What an XADD did.
struct Added {
    id: StreamId,
    trimmed: u64,
    kept: Option<Vec<u8>>,
}

fn refusal(error: AppendError) -> Failure {
    Failure::text(match error {
        AppendError::Exhausted => {
            "ERR The stream has exhausted the last possible ID, unable to add more items"
        }
        AppendError::IdTooSmall => {
            "ERR The ID specified in XADD is equal or smaller than the target stream top item"
        }
    })
}

/// XADD key [NOMKSTREAM] [MAXLEN | MINID [= | ~] threshold [LIMIT count]] * | id field value [field value ...]
pub(super) fn xadd(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let options = Options::parse(args, true)?;
    let words = args.get(options.id_at + 1..).unwrap_or_default();
    if words.is_empty() || !words.len().is_multiple_of(2) {
        return Err(Failure::Arity(ctx.command.full_name.clone()));
    }
    if options.id == Some(NewId::Exact(StreamId::MIN)) {
        return Err(Failure::text("ERR The ID specified in XADD must be greater than 0-0"));
    }
    let (key, now_ms) = (HKey::new(word(args, 1)), now_ms(ctx));
    if words.iter().map(|word| word.len()).sum::<usize>() > NODE_BYTES_MAX {
        ctx.keys.read_for_write::<Stream>(&key)?;
        return Err(Failure::text("ERR Elements are too large to be stored"));
    }
    let journaled = ctx.keys.journaled(&key);
    let add = |stream: &mut Stream, limits: &Limits| {
        let id = stream.log.append(options.id.unwrap_or(NewId::Auto), words, now_ms, limits)?;
        let trimmed = options.trim(limits).map_or(0, |trim| stream.log.trim(&trim));
        let kept = if journaled { options.kept(&stream.log) } else { None };
        Ok(Added { id, trimmed, kept })
    };
    let result = if options.no_create {
        ctx.keys.edit(&key, add)?.map(|edited| edited.result)
    } else {
        Some(ctx.keys.upsert(&key, Stream::default, add)?.result)
    };
    let Some(result) = result else {
        ctx.out.null();
        return Ok(());
    };
    let added = result.map_err(refusal)?;
    let id = added.id.text();
    ctx.out.bulk(&id);
    if journaled {
        let given = matches!(options.id, Some(NewId::Exact(_)));
        let effect = options.effect(args, (!given).then_some(&id), added.kept.as_deref());
        ctx.keys.effect(&key, &effect);
    }
    ctx.keys.changed(&key, Class::Stream, "xadd");
    if added.trimmed > 0 {
        ctx.keys.event(&key, Class::Stream, "xtrim");
    }
    ctx.keys.ready(&key, Kind::Stream);
    Ok(())
}

/// XTRIM key MAXLEN | MINID [= | ~] threshold [LIMIT count]
pub(super) fn xtrim(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let options = Options::parse(args, false)?;
    let key = HKey::new(word(args, 1));
    let edited = ctx.keys.edit(&key, |stream: &mut Stream, limits| {
        let trimmed = options.trim(limits).map_or(0, |trim| stream.log.trim(&trim));
        (trimmed, if trimmed > 0 { options.kept(&stream.log) } else { None })
    })?;
    let (trimmed, kept) = edited.map_or((0, None), |edited| edited.result);
    if trimmed > 0 {
        // The word of the id is behind the last one here: none is replaced.
        let effect = options.effect(args, None, kept.as_deref());
        ctx.keys.effect(&key, &effect);
        let count = usize::try_from(trimmed).unwrap_or(usize::MAX);
        ctx.keys.changed_many(&key, count, Class::Stream, "xtrim");
    }
    ctx.out.int(trimmed.cast_signed());
    Ok(())
}
