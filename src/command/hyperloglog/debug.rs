//! PFDEBUG: a look at the registers (hyperloglog.c `pfdebugCommand`).

use super::{hll_of, put_back, take};
use crate::command::args::{c_str, is, word};
use crate::command::{Args, Ctx, Failure, Outcome};
use crate::data::HKey;
use crate::data::hll::{self, Encoding, Hll, Op, REGISTERS};
use std::fmt::Write;

/// PFDEBUG GETREG | DECODE | ENCODING | TODENSE key
pub(super) fn pfdebug(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let (sub, key) = (c_str(word(args, 1)), HKey::new(word(args, 2)));
    let entry = ctx.keys.write(&key).ok_or(Failure::text("ERR The specified key does not exist"))?;
    hll_of(entry)?;
    entry.set_raw(true);
    let hll = hll_of(entry)?;
    if is(sub, "GETREG") {
        make_dense(ctx, args)?;
        return registers(ctx, &key);
    } else if is(sub, "DECODE") {
        let text = decode(&hll)?;
        ctx.out.bulk(text.as_bytes());
    } else if is(sub, "ENCODING") {
        let name = hll.encoding().name();
        ctx.out.simple(name);
    } else if is(sub, "TODENSE") {
        let changed = make_dense(ctx, args)?;
        ctx.out.int(i64::from(changed));
    } else {
        return Err(Failure::Bytes([b"ERR Unknown PFDEBUG subcommand '", sub, b"'"].concat()));
    }
    Ok(())
}

/// Makes the value dense; whether it was not. Redis counts the change and propagates the command, but does not tell those
/// who watch the key.
fn make_dense(ctx: &mut Ctx<'_>, args: Args<'_>) -> Result<bool, Failure> {
    let key = HKey::new(word(args, 2));
    let Some(mut bytes) = take(&mut ctx.keys, &key)? else { return Ok(false) };
    let changed = hll::make_dense(&mut bytes);
    put_back(&mut ctx.keys, &key, bytes);
    if changed? {
        ctx.keys.effect(&key, args);
        let store = ctx.keys.store(&key);
        store.stats.dirty = store.stats.dirty.wrapping_add(1);
        return Ok(true);
    }
    Ok(false)
}

fn registers(ctx: &mut Ctx<'_>, key: &HKey<'_>) -> Outcome {
    let mut registers = [0; REGISTERS];
    if let Some(entry) = ctx.keys.peek(key) {
        hll_of(entry)?.merge_into(&mut registers)?;
    }
    ctx.out.array(REGISTERS);
    registers.iter().for_each(|register| ctx.out.int(i64::from(*register)));
    Ok(())
}

/// The runs as text.
fn decode(hll: &Hll<'_>) -> Result<String, Failure> {
    if hll.encoding() != Encoding::Sparse {
        return Err(Failure::text("ERR HLL encoding is not sparse"));
    }
    let mut text = String::new();
    for op in hll::ops(hll.body()) {
        let mark = if text.is_empty() { "" } else { " " };
        let written = match op {
            Op::Zeros(len) => write!(text, "{mark}z:{len}"),
            Op::LongZeros(len) => write!(text, "{mark}Z:{len}"),
            Op::Value(value, len) => write!(text, "{mark}v:{value},{len}"),
        };
        debug_assert!(written.is_ok(), "a string takes everything");
    }
    Ok(text)
}
