//! Taking from the first of several lists that has something: LMPOP, BLMPOP, BLPOP, BRPOP.

use super::pop::take;
use super::value::{end, pop_verb, popped, reply_item};
use crate::command::args::{is, range, timeout_ms, word};
use crate::command::{Args, Ctx, Failure, Outcome, Timeout, Wait};
use crate::data::list::{End, List};
use crate::data::{HKey, Kind};
use smallvec::SmallVec;
use std::ops::Range;

/// BLPOP key [key ...] timeout
pub fn blpop(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    pop_first(ctx, args, End::Head)
}

/// BRPOP key [key ...] timeout
pub fn brpop(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    pop_first(ctx, args, End::Tail)
}

/// Redis: t_list.c `blockingPopGenericCommand`.
fn pop_first(ctx: &mut Ctx<'_>, args: Args<'_>, end: End) -> Outcome {
    let keys = 1..args.len().saturating_sub(1);
    let timeout_ms = timeout_ms(word(args, keys.end), ctx.keys.now_ms)?;
    for at in keys.clone() {
        let (key, out) = (HKey::new(word(args, at)), &mut ctx.out);
        let edited = ctx.keys.edit(&key, |list: &mut List, limits| {
            out.array(2);
            out.bulk(key.bytes);
            list.pop(end, limits, |item| reply_item(out, item));
        })?;
        if let Some(edited) = edited {
            ctx.keys.effect(&key, &[pop_verb(end), key.bytes]);
            popped(&mut ctx.keys, &key, end, 1, edited.removed);
            return Ok(());
        }
    }
    wait(ctx, keys, timeout_ms)
}

/// LMPOP numkeys key [key ...] LEFT|RIGHT [COUNT count]
pub fn lmpop(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let call = Call::parse(args, 1)?;
    if !call.run(ctx, args)? {
        ctx.out.null_array();
    }
    Ok(())
}

/// BLMPOP timeout numkeys key [key ...] LEFT|RIGHT [COUNT count]
pub fn blmpop(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let call = Call::parse(args, 2)?;
    let timeout_ms = timeout_ms(word(args, 1), ctx.keys.now_ms)?;
    if call.run(ctx, args)? { Ok(()) } else { wait(ctx, call.keys, timeout_ms) }
}

/// Waits for one of the keys, or replies as to one that waited in vain.
fn wait(ctx: &mut Ctx<'_>, keys: Range<usize>, timeout_ms: i64) -> Outcome {
    if !ctx.may_block() {
        ctx.out.null_array();
        return Ok(());
    }
    let keys: SmallVec<[usize; 8]> = keys.collect();
    ctx.block(Wait {
        keys: &keys,
        timeout_ms,
        kind: Kind::List,
        on_timeout: Timeout::NullArray,
        on_delete: false,
        rewrite: None,
    })
}

/// The words behind LMPOP, or behind the timeout of BLMPOP.
struct Call {
    /// Which words are keys.
    keys: Range<usize>,
    end: End,
    count: i64,
}

impl Call {
    /// `at` is the word that says how many keys there are (t_list.c `lmpopGenericCommand`).
    fn parse(args: Args<'_>, at: usize) -> Result<Call, Failure> {
        let keys = range(word(args, at), 1, i64::MAX, "ERR numkeys should be greater than 0")?;
        let behind = usize::try_from(keys).ok().and_then(|keys| keys.checked_add(at + 1));
        let behind = behind.filter(|behind| *behind < args.len()).ok_or(Failure::Syntax)?;
        let end = end(word(args, behind))?;
        let count = match args.get(behind + 1..).unwrap_or_default() {
            [] => 1,
            [option, count, rest @ ..] if is(option, "COUNT") => {
                let count = range(count, 1, i64::MAX, "ERR count should be greater than 0")?;
                if !rest.is_empty() {
                    return Err(Failure::Syntax);
                }
                count
            }
            _ => return Err(Failure::Syntax),
        };
        Ok(Call { keys: at + 1..behind, end, count })
    }

    /// Pops from the first list that is there; `false`, having replied nothing, if none is.
    fn run(&self, ctx: &mut Ctx<'_>, args: Args<'_>) -> Result<bool, Failure> {
        for at in self.keys.clone() {
            let key = HKey::new(word(args, at));
            if let Some(taken) = take(ctx, &key, self.end, self.count, Some(key.bytes))? {
                let mut digits = itoa::Buffer::new();
                ctx.keys.effect(&key, &[pop_verb(self.end), key.bytes, digits.format(taken).as_bytes()]);
                return Ok(true);
            }
        }
        Ok(false)
    }
}
