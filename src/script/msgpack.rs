//! The library `cmsgpack`: MessagePack (lua-cmsgpack 0.4.0, deps/lua/src/lua_cmsgpack.c).

use super::env::KEPT_MAX;
use super::ffi::{Kind, Native, Raised, Stack};

/// Names and natives.
pub const FUNCTIONS: &[(&str, Native)] =
    &[("pack", pack), ("unpack", unpack), ("unpack_one", unpack_one), ("unpack_limit", unpack_limit)];

/// Fields that tell what it is.
pub const ABOUT: &[(&str, &str)] = &[
    ("_NAME", "cmsgpack"),
    ("_VERSION", "lua-cmsgpack 0.4.0"),
    ("_COPYRIGHT", "Copyright (C) 2012, Salvatore Sanfilippo"),
    ("_DESCRIPTION", "MessagePack C implementation for Lua"),
];

/// Tables nested deeper are packed as nil, so that a table that holds itself has an end.
const NESTING_MAX: usize = 16;

fn pack(stack: &mut Stack<'_>) -> Result<usize, Raised> {
    let count = stack.top();
    if count == 0 {
        return Err(stack.bad_argument(0, "MessagePack pack needs input."));
    }
    let mut out = stack.env().text.take();
    out.clear();
    let mut result = Ok(1);
    for i in 1..=count {
        stack.push_copy(i);
        result = encode(stack, &mut out, 0).map(|()| 1);
        if result.is_err() {
            break;
        }
    }
    if result.is_ok() {
        stack.push_bytes(&out);
    }
    if out.capacity() <= KEPT_MAX {
        stack.env().text.replace(out);
    }
    result
}

/// Writes the value on top and drops it.
fn encode(stack: &mut Stack<'_>, out: &mut Vec<u8>, level: usize) -> Result<(), Raised> {
    match stack.kind(-1) {
        Kind::String => {
            let bytes = stack.bytes(-1).unwrap_or_default();
            match bytes.len() {
                len @ 0..32 => out.push(0xa0 | low_byte(len)),
                len => head(out, len, Some(0xd9), 0xda, 0xdb),
            }
            out.extend_from_slice(bytes);
        }
        Kind::Boolean => out.push(if stack.truth(-1) { 0xc3 } else { 0xc2 }),
        Kind::Number => number(out, stack.number(-1).unwrap_or_default()),
        Kind::Table if level < NESTING_MAX => {
            if !stack.reserve(4) {
                return Err(stack.raise(b"stack overflow (in function mp_encode_lua_table)"));
            }
            if is_array(stack) { array(stack, out, level)? } else { map(stack, out, level)? }
        }
        _ => out.push(0xc0),
    }
    stack.pop(1);
    if out.len() > stack.limit() {
        stack.push_bytes(b"not enough memory");
        return Err(Raised);
    }
    Ok(())
}

fn low_byte(n: usize) -> u8 {
    u8::try_from(n & 0xff).unwrap_or(0)
}

/// A length in one, two or four bytes, behind the mark of each.
fn head(out: &mut Vec<u8>, len: usize, one: Option<u8>, two: u8, four: u8) {
    match (one, u8::try_from(len), u16::try_from(len)) {
        (Some(mark), Ok(len), _) => out.extend_from_slice(&[mark, len]),
        (_, _, Ok(len)) => {
            out.push(two);
            out.extend_from_slice(&len.to_be_bytes());
        }
        _ => {
            out.push(four);
            out.extend_from_slice(&u32::try_from(len).unwrap_or(u32::MAX).to_be_bytes());
        }
    }
}

#[expect(clippy::cast_possible_truncation, reason = "each cast is compared with what it came from")]
fn number(out: &mut Vec<u8>, n: f64) {
    // 2^63 itself saturates to a number that compares equal.
    if n.is_finite() && n < 9_223_372_036_854_775_808.0 && (n as i64) as f64 == n {
        return integer(out, n as i64);
    }
    if f64::from(n as f32) == n {
        out.push(0xca);
        out.extend_from_slice(&(n as f32).to_be_bytes());
    } else {
        out.push(0xcb);
        out.extend_from_slice(&n.to_be_bytes());
    }
}

fn integer(out: &mut Vec<u8>, n: i64) {
    let bytes = n.to_be_bytes();
    let (mark, width) = match n {
        -32..=127 => return out.push(bytes[7]),
        128..=0xff => (0xcc, 1),
        0x100..=0xffff => (0xcd, 2),
        0x1_0000..=0xffff_ffff => (0xce, 4),
        0x1_0000_0000.. => (0xcf, 8),
        -128..=-33 => (0xd0, 1),
        -32_768..=-129 => (0xd1, 2),
        -2_147_483_648..=-32_769 => (0xd2, 4),
        _ => (0xd3, 8),
    };
    out.push(mark);
    out.extend_from_slice(bytes.get(8 - width..).unwrap_or_default());
}

/// Whether the keys of the table on top are exactly 1 to their number.
fn is_array(stack: &mut Stack<'_>) -> bool {
    let (mut most, mut count) = (0_i64, 0_i64);
    stack.push_nil();
    while stack.next(-2) {
        stack.pop(1);
        let key = (stack.kind(-1) == Kind::Number).then(|| stack.number(-1)).flatten();
        match key {
            Some(k) if k > 0.0 && k <= f64::from(i32::MAX) && k.fract() == 0.0 => {
                #[expect(clippy::cast_possible_truncation, reason = "whole and in range")]
                let k = k as i64;
                most = most.max(k);
                count += 1;
            }
            _ => {
                stack.pop(1);
                return false;
            }
        }
    }
    most == count
}

fn array(stack: &mut Stack<'_>, out: &mut Vec<u8>, level: usize) -> Result<(), Raised> {
    let len = stack.len(-1);
    match len {
        0..=15 => out.push(0x90 | low_byte(len)),
        _ => head(out, len, None, 0xdc, 0xdd),
    }
    for i in 1..=i32::try_from(len).unwrap_or(i32::MAX) {
        stack.raw_element(-1, i);
        encode(stack, out, level + 1)?;
    }
    Ok(())
}

fn map(stack: &mut Stack<'_>, out: &mut Vec<u8>, level: usize) -> Result<(), Raised> {
    let mut len = 0;
    stack.push_nil();
    while stack.next(-2) {
        stack.pop(1);
        len += 1;
    }
    match len {
        0..=15 => out.push(0x80 | low_byte(len)),
        _ => head(out, len, None, 0xde, 0xdf),
    }
    stack.push_nil();
    while stack.next(-2) {
        stack.push_copy(-2);
        encode(stack, out, level + 1)?;
        encode(stack, out, level + 1)?;
    }
    Ok(())
}

/// Why bytes could not be read.
enum Bad {
    Short,
    Format,
}

struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    fn take(&mut self, len: usize) -> Result<&'a [u8], Bad> {
        let (taken, rest) = self.rest.split_at_checked(len).ok_or(Bad::Short)?;
        self.rest = rest;
        Ok(taken)
    }

    /// A big-endian integer of `width` bytes.
    fn unsigned(&mut self, width: usize) -> Result<u64, Bad> {
        Ok(self.take(width)?.iter().fold(0, |n, &b| (n << 8) | u64::from(b)))
    }

    fn signed(&mut self, width: usize) -> Result<i64, Bad> {
        let shift = u32::try_from(64 - 8 * width).unwrap_or(0);
        Ok((self.unsigned(width)? << shift).cast_signed() >> shift)
    }

    fn length(&mut self, width: usize) -> Result<usize, Bad> {
        Ok(usize::try_from(self.unsigned(width)?).unwrap_or(usize::MAX))
    }
}

/// A container that is being read; it and, of a map, the present key lie on the Lua stack.
enum Frame {
    Array { at: i32, len: usize },
    Map { keyed: bool, len: usize },
}

/// Reads one value and pushes it. Nested containers are a list of frames, not recursion.
fn decode(stack: &mut Stack<'_>, reader: &mut Reader<'_>) -> Result<(), Raised> {
    let mut frames: Vec<Frame> = Vec::new();
    loop {
        if !stack.reserve(4) {
            return Err(stack.raise(
                b"stack overflow (too many return values at once; use unpack_one or unpack_limit instead.)",
            ));
        }
        if stack.is_over_limit() {
            stack.push_bytes(b"not enough memory");
            return Err(Raised);
        }
        match one(stack, reader) {
            Ok(Some(frame)) => frames.push(frame),
            Ok(None) => place(stack, &mut frames)?,
            Err(Bad::Short) => return Err(stack.raise(b"Missing bytes in input.")),
            Err(Bad::Format) => return Err(stack.raise(b"Bad data format in input.")),
        }
        // Containers that are full are values themselves.
        while matches!(frames.last(), Some(Frame::Array { len: 0, .. } | Frame::Map { len: 0, .. })) {
            frames.pop();
            place(stack, &mut frames)?;
        }
        if frames.is_empty() {
            return Ok(());
        }
    }
}

/// Puts the value on top into the innermost open container.
fn place(stack: &mut Stack<'_>, frames: &mut [Frame]) -> Result<(), Raised> {
    match frames.last_mut() {
        None => {}
        Some(Frame::Array { at, len }) => {
            stack.raw_set_element(-2, *at);
            *at = at.saturating_add(1);
            *len -= 1;
        }
        Some(Frame::Map { keyed, .. }) if !*keyed => *keyed = true,
        Some(Frame::Map { keyed, len }) => {
            let is_nil = stack.kind(-2) == Kind::Nil;
            if !stack.raw_set(-3) {
                return Err(stack.raise(if is_nil { b"table index is nil" } else { b"table index is NaN" }));
            }
            *keyed = false;
            *len -= 1;
        }
    }
    Ok(())
}

/// Reads one value that is no container and pushes it, or the head of a container and pushes an empty table.
fn one(stack: &mut Stack<'_>, reader: &mut Reader<'_>) -> Result<Option<Frame>, Bad> {
    let mark = reader.rest.first().copied().ok_or(Bad::Short)?;
    // As the original, which first looks whether the fixed part is there, then moves on.
    let _ = reader.take(1)?;
    let mut text = None;
    let mut open = None;
    match mark {
        0..=0x7f => stack.push_int(i64::from(mark)),
        0xe0.. => stack.push_int(i64::from(mark.cast_signed())),
        0xa0..=0xbf => text = Some(usize::from(mark & 0x1f)),
        0x90..=0x9f => open = Some((true, usize::from(mark & 0xf))),
        0x80..=0x8f => open = Some((false, usize::from(mark & 0xf))),
        0xc0 => stack.push_nil(),
        0xc2 => stack.push_bool(false),
        0xc3 => stack.push_bool(true),
        // Pushed through a signed 64-bit integer there.
        0xcc..=0xcf => {
            let n = reader.unsigned(1 << (mark - 0xcc))?;
            stack.push_int(n.cast_signed());
        }
        0xd0..=0xd3 => {
            let n = reader.signed(1 << (mark - 0xd0))?;
            stack.push_int(n);
        }
        0xca => {
            let bits = u32::try_from(reader.unsigned(4)?).unwrap_or(0);
            stack.push_number(f64::from(f32::from_bits(bits)));
        }
        0xcb => {
            let bits = reader.unsigned(8)?;
            stack.push_number(f64::from_bits(bits));
        }
        0xd9..=0xdb => text = Some(reader.length(1 << (mark - 0xd9))?),
        0xdc | 0xdd => open = Some((true, reader.length(2 << (mark - 0xdc))?)),
        0xde | 0xdf => open = Some((false, reader.length(2 << (mark - 0xde))?)),
        _ => return Err(Bad::Format),
    }
    if let Some(len) = text {
        let bytes = reader.take(len)?;
        stack.push_bytes(bytes);
    }
    Ok(open.map(|(is_array, len)| {
        stack.new_table(0, 0);
        if is_array { Frame::Array { at: 1, len } } else { Frame::Map { keyed: false, len } }
    }))
}

fn unpack_full(stack: &mut Stack<'_>, limit: i64, offset: i64) -> Result<usize, Raised> {
    let decode_all = limit == 0 && offset == 0;
    let Some(data) = stack.argument(1) else { return Err(stack.bad_type(1, "string")) };
    let len = i64::try_from(data.len()).unwrap_or(i64::MAX);
    if offset < 0 || limit < 0 {
        let line = format!("Invalid request to unpack with offset of {offset} and limit of {len}.");
        return Err(stack.raise(line.as_bytes()));
    }
    let Some(rest) = usize::try_from(offset).ok().and_then(|at| data.get(at..)) else {
        let line = format!("Start offset {offset} greater than input length {len}.");
        return Err(stack.raise(line.as_bytes()));
    };
    let limit = if decode_all { i64::from(i32::MAX) } else { limit };
    let mut reader = Reader { rest };
    let before = stack.top();
    let mut count = 0;
    while !reader.rest.is_empty() && count < limit {
        decode(stack, &mut reader)?;
        count += 1;
    }
    let mut results = usize::try_from(stack.top() - before).unwrap_or(0);
    if !decode_all {
        if !stack.reserve(2) {
            return Err(stack.raise(b"stack overflow (in function mp_unpack_full)"));
        }
        let left = i64::try_from(reader.rest.len()).unwrap_or(0);
        stack.push_int(if left == 0 { -1 } else { len - left });
        if results > 0 {
            stack.insert(before + 1);
        }
        results += 1;
    }
    Ok(results)
}

/// Argument `i` as an integer; `default` if it is not there, an error if there is none.
fn check_integer(stack: &mut Stack<'_>, i: i32, default: Option<i64>) -> Result<i64, Raised> {
    match (stack.kind(i), default) {
        (Kind::None | Kind::Nil, Some(default)) => Ok(default),
        _ => match stack.number(i) {
            #[expect(clippy::cast_possible_truncation, reason = "saturates")]
            Some(n) => Ok(n as i64),
            None => Err(stack.bad_type(i, "number")),
        },
    }
}

fn unpack(stack: &mut Stack<'_>) -> Result<usize, Raised> {
    unpack_full(stack, 0, 0)
}

fn unpack_one(stack: &mut Stack<'_>) -> Result<usize, Raised> {
    let offset = check_integer(stack, 2, Some(0))?;
    unpack_full(stack, 1, offset)
}

fn unpack_limit(stack: &mut Stack<'_>) -> Result<usize, Raised> {
    let limit = check_integer(stack, 2, None)?;
    let offset = check_integer(stack, 3, Some(0))?;
    unpack_full(stack, limit, offset)
}
