//! PFMERGE.

use super::count::merge;
use super::{put_back, take};
use crate::command::args::word;
use crate::command::string::value;
use crate::command::{Args, Ctx, Outcome};
use crate::data::HKey;
use crate::data::hll::{self, Place, REGISTERS};
use crate::keyspace::{Class, Expire};

/// The keys of a call without sources: the specification of those then fits no words.
pub(super) fn keys(args: Args<'_>, keys: &mut Vec<usize>) {
    keys.extend(1..args.len());
}

/// PFMERGE destkey [sourcekey [sourcekey ...]]
pub(super) fn pfmerge(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let mut registers = [0; REGISTERS];
    let mut dense = false;
    for name in args.iter().skip(1) {
        dense |= merge(&mut ctx.keys, name, &mut registers)?;
    }
    let dest = HKey::new(word(args, 1));
    let max_bytes = ctx.keys.store(&dest).limits.hll_sparse_bytes;
    let mut bytes = take(&mut ctx.keys, &dest)?.unwrap_or_else(hll::empty);
    if dense {
        hll::make_dense(&mut bytes)?;
    }
    for (index, run) in registers.into_iter().enumerate().filter(|(_, run)| *run > 0) {
        hll::raise(&mut bytes, Place { index, run }, max_bytes)?;
    }
    hll::invalidate(&mut bytes);
    if ctx.keys.is_one_store() {
        // Sources that were found expired must be gone before the effect, not after the command.
        ctx.keys.store(&dest).remove_lapsed();
        ctx.keys.effect(&dest, args);
    } else {
        // With the sources in other journals the result has to be told.
        value::state_set(&mut ctx.keys, &dest, &bytes, Expire::Keep);
    }
    put_back(&mut ctx.keys, &dest, bytes);
    // Redis: hyperloglog.c pfmergeCommand tells of it as of many additions.
    ctx.keys.changed(&dest, Class::String, "pfadd");
    ctx.out.ok();
    Ok(())
}
