//! The library `bit`: operations on 32-bit integers (BitOp 1.0.2, deps/lua/src/lua_bit.c).

use super::ffi::{Kind, Native, Raised, Stack};

/// Names and natives.
pub const FUNCTIONS: &[(&str, Native)] = &[
    ("tobit", |s| unary(s, |b| b)),
    ("bnot", |s| unary(s, |b| !b)),
    ("band", |s| fold(s, |a, b| a & b)),
    ("bor", |s| fold(s, |a, b| a | b)),
    ("bxor", |s| fold(s, |a, b| a ^ b)),
    ("lshift", |s| shift(s, |b, n| b << n)),
    ("rshift", |s| shift(s, |b, n| b >> n)),
    ("arshift", |s| shift(s, |b, n| (b.cast_signed() >> n).cast_unsigned())),
    ("rol", |s| shift(s, u32::rotate_left)),
    ("ror", |s| shift(s, u32::rotate_right)),
    ("bswap", |s| unary(s, u32::swap_bytes)),
    ("tohex", tohex),
];

/// Argument `i` as 32 bits: what is left of the mantissa's low half after 2^52 + 2^51 was added.
fn bits(stack: &mut Stack<'_>, i: i32) -> Result<u32, Raised> {
    match stack.number(i) {
        #[expect(clippy::cast_possible_truncation, reason = "the lower half is what is wanted")]
        Some(n) => Ok((n + 6_755_399_441_055_744.0).to_bits() as u32),
        None => Err(stack.bad_type(i, "number")),
    }
}

fn give(stack: &mut Stack<'_>, b: u32) -> Result<usize, Raised> {
    stack.push_number(f64::from(b.cast_signed()));
    Ok(1)
}

fn unary(stack: &mut Stack<'_>, f: fn(u32) -> u32) -> Result<usize, Raised> {
    let b = bits(stack, 1)?;
    give(stack, f(b))
}

fn fold(stack: &mut Stack<'_>, f: fn(u32, u32) -> u32) -> Result<usize, Raised> {
    let mut b = bits(stack, 1)?;
    for i in (2..=stack.top()).rev() {
        b = f(b, bits(stack, i)?);
    }
    give(stack, b)
}

fn shift(stack: &mut Stack<'_>, f: fn(u32, u32) -> u32) -> Result<usize, Raised> {
    let b = bits(stack, 1)?;
    let n = bits(stack, 2)? & 31;
    give(stack, f(b, n))
}

fn tohex(stack: &mut Stack<'_>) -> Result<usize, Raised> {
    let b = bits(stack, 1)?;
    let n = if stack.kind(2) == Kind::None { 8 } else { bits(stack, 2)?.cast_signed() };
    // `-n` of the smallest integer once wrote before the buffer (CVE-2024-31449).
    let digits = usize::try_from(n.unsigned_abs().min(8)).unwrap_or(8);
    let text = if n < 0 { format!("{b:08X}") } else { format!("{b:08x}") };
    stack.push_bytes(text.as_bytes().get(8 - digits..).unwrap_or_default());
    Ok(1)
}
