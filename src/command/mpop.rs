//! What LMPOP and ZMPOP share, and the commands that wait for the first of several keys.

use super::args::{is, range, word};
use super::{Args, Ctx, Failure, Outcome, Timeout, Wait};
use crate::data::Kind;
use smallvec::SmallVec;
use std::ops::Range;

/// `numkeys key [key ...] end [COUNT count]`, where `E` is how the type names its ends.
pub struct Call<E> {
    /// Which words are keys.
    pub keys: Range<usize>,
    /// From which end.
    pub end: E,
    /// How many elements at most; positive.
    pub count: i64,
}

impl<E> Call<E> {
    /// `at` is the word that says how many keys there are; `end_of` reads the end (t_list.c `lmpopGenericCommand`, t_zset.c
    /// `zmpopGenericCommand`).
    ///
    /// # Errors
    /// `Syntax`, that of `end_of`, or the line for a number that is not positive.
    pub fn parse(
        args: Args<'_>,
        at: usize,
        end_of: impl FnOnce(&[u8]) -> Result<E, Failure>,
    ) -> Result<Call<E>, Failure> {
        let keys = range(word(args, at), 1, i64::MAX, "ERR numkeys should be greater than 0")?;
        let behind = usize::try_from(keys).ok().and_then(|keys| keys.checked_add(at + 1));
        let behind = behind.filter(|behind| *behind < args.len()).ok_or(Failure::Syntax)?;
        let end = end_of(word(args, behind))?;
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
}

/// Waits until one of the keys holds a value of type `kind`, or replies as to one that waited in vain.
///
/// # Errors
/// None of its own: the outcome is the handler's.
pub fn wait(ctx: &mut Ctx<'_>, keys: Range<usize>, timeout_ms: i64, kind: Kind) -> Outcome {
    if !ctx.may_block() {
        ctx.out.null_array();
        return Ok(());
    }
    let keys: SmallVec<[usize; 8]> = keys.collect();
    ctx.block(Wait {
        keys: &keys,
        timeout_ms,
        kind,
        on_timeout: Timeout::NullArray,
        on_delete: false,
        rewrite: None,
    })
}
