//! BITFIELD and BITFIELD_RO: integers of any width at any bit of a string.

use super::bit::bytes_for;
use super::integers::{Overflow, Type};
use super::operand::bit_offset;
use crate::command::args::{int, is, word};
use crate::command::string::value;
use crate::command::{Args, Ctx, Failure, Outcome};
use crate::data::{HKey, bits};
use crate::keyspace::Class;
use crate::resp::Out;
use smallvec::SmallVec;

/// What one subcommand does to its field.
#[derive(Clone, Copy)]
enum Verb {
    Get,
    Set(i64),
    IncrBy(i64),
}

/// One subcommand.
#[derive(Clone, Copy)]
struct Op {
    verb: Verb,
    ty: Type,
    offset: u64,
    overflow: Overflow,
}

type Ops = SmallVec<[Op; 8]>;
/// From the number behind type and offset to what is done with it; GET has none.
type Make = fn(i64) -> Verb;

impl Op {
    fn last_bit(&self) -> u64 {
        self.offset.saturating_add(u64::from(self.ty.bits) - 1)
    }

    fn field(&self, bytes: &[u8]) -> i64 {
        self.ty.value(bits::field(bytes, self.offset, self.ty.bits))
    }

    /// Runs the subcommand on a string that is long enough and replies. Returns whether the field changed.
    fn run(&self, bytes: &mut [u8], out: &mut Out<'_>) -> bool {
        let old = self.field(bytes);
        let new = match self.verb {
            Verb::Get => {
                out.int(old);
                return false;
            }
            Verb::Set(value) => self.ty.add(value, 0, self.overflow),
            Verb::IncrBy(by) => self.ty.add(old, by, self.overflow),
        };
        let Some(new) = new else {
            out.null();
            return false;
        };
        bits::set_field(bytes, self.offset, self.ty.bits, new.cast_unsigned());
        out.int(if matches!(self.verb, Verb::Set(_)) { old } else { new });
        new != old
    }
}

/// BITFIELD key [GET type offset | [OVERFLOW WRAP | SAT | FAIL] SET type offset value | INCRBY type offset by …].
pub fn bitfield(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let ops = parse(ctx, args)?;
    let key = HKey::new(word(args, 1));
    match ops.iter().filter(|op| !matches!(op.verb, Verb::Get)).map(Op::last_bit).max() {
        None => read(ctx, &key, &ops),
        Some(last) => write(ctx, &key, &ops, last, args),
    }
}

/// BITFIELD_RO key [GET type offset …].
pub fn bitfield_ro(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let ops = parse(ctx, args)?;
    if ops.iter().any(|op| !matches!(op.verb, Verb::Get)) {
        return Err(Failure::text("ERR BITFIELD_RO only supports the GET subcommand"));
    }
    read(ctx, &HKey::new(word(args, 1)), &ops)
}

fn parse(ctx: &Ctx<'_>, args: Args<'_>) -> Result<Ops, Failure> {
    let mut ops = Ops::new();
    let mut overflow = Overflow::Wrap;
    let mut rest = args.get(2..).unwrap_or_default();
    while let [name, tail @ ..] = rest {
        let (verb, ty, offset, tail): (Make, &[u8], &[u8], Args<'_>) = match *tail {
            [ty, offset, ref tail @ ..] if is(name, "GET") => (|_| Verb::Get, ty, offset, tail),
            [ty, offset, ref tail @ ..] if is(name, "SET") && !tail.is_empty() => {
                (Verb::Set, ty, offset, tail)
            }
            [ty, offset, ref tail @ ..] if is(name, "INCRBY") && !tail.is_empty() => {
                (Verb::IncrBy, ty, offset, tail)
            }
            [kind, ref tail @ ..] if is(name, "OVERFLOW") => {
                overflow = parse_overflow(kind)?;
                rest = tail;
                continue;
            }
            _ => return Err(Failure::Syntax),
        };
        let ty = Type::parse(ty)?;
        let offset = bit_offset(ctx.server, offset, ty.bits)?;
        let writes = !matches!(verb(0), Verb::Get);
        let number = if writes { int(word(tail, 0))? } else { 0 };
        ops.push(Op { verb: verb(number), ty, offset, overflow });
        rest = tail.get(usize::from(writes)..).unwrap_or_default();
    }
    Ok(ops)
}

fn parse_overflow(word: &[u8]) -> Result<Overflow, Failure> {
    match word {
        word if is(word, "WRAP") => Ok(Overflow::Wrap),
        word if is(word, "SAT") => Ok(Overflow::Sat),
        word if is(word, "FAIL") => Ok(Overflow::Fail),
        _ => Err(Failure::text("ERR Invalid OVERFLOW type specified")),
    }
}

fn read(ctx: &mut Ctx<'_>, key: &HKey<'_>, ops: &Ops) -> Outcome {
    let mut digits = itoa::Buffer::new();
    let bytes = match ctx.keys.read(key) {
        Some(entry) => value::bytes(entry, &mut digits)?,
        None => &[],
    };
    ctx.out.array(ops.len());
    ops.iter().for_each(|op| ctx.out.int(op.field(bytes)));
    Ok(())
}

/// The string grows up to the last bit written even where every write then fails (bitops.c `bitfieldGeneric`). Redis
/// does not tell of a string that only grew; it is a change of the dataset, so here it has an effect.
fn write(ctx: &mut Ctx<'_>, key: &HKey<'_>, ops: &Ops, last: u64, args: Args<'_>) -> Outcome {
    let len = ctx.keys.write(key).map_or(Ok(0), |entry| value::len(entry))?;
    let needed = bytes_for(last)?;
    ctx.out.array(ops.len());
    let Ctx { keys, out, .. } = ctx;
    let changed = keys
        .edit_string(key, needed, |bytes| ops.iter().fold(false, |changed, op| op.run(bytes, out) | changed));
    if needed > len || changed == Some(true) {
        ctx.keys.effect(key, args);
        ctx.keys.changed(key, Class::String, "setbit");
    }
    Ok(())
}
