//! The library `struct`: C structs as strings (deps/lua/src/lua_struct.c).
//!
//! ```text
//! >  big endian    <  little endian    ! n  align to at most n bytes    x  a byte of padding
//! b B h H l L T    integers of 1, 1, 2, 2, 8, 8, 8 bytes    i n, I n  of n bytes (4)    f d  floating point
//! c n  n bytes (c0: as many as the value before says, or the whole string)    s  a string and a zero byte
//! ```

use super::ffi::{Kind, Native, Raised, Stack};

/// Names and natives.
pub const FUNCTIONS: &[(&str, Native)] = &[("pack", pack), ("unpack", unpack), ("size", size)];

/// Largest integer in bytes.
const INTEGER_MAX: usize = 32;
/// Alignment of a bare `!`.
const ALIGN_MAX: usize = 8;

/// A format string as far as it was read, with the options that hold from here on.
struct Format<'a> {
    rest: &'a [u8],
    big: bool,
    align: usize,
}

/// One item: its letter, its size, the padding before it.
struct Item {
    letter: u8,
    size: usize,
    padding: usize,
}

impl<'a> Format<'a> {
    /// A zero byte ends it, as it ends a C string.
    fn new(text: &'a [u8]) -> Format<'a> {
        let rest = text.split(|&b| b == 0).next().unwrap_or_default();
        Format { rest, big: cfg!(target_endian = "big"), align: 1 }
    }

    fn number(&mut self, stack: &mut Stack<'_>, default: usize) -> Result<usize, Raised> {
        let mut value: Option<i32> = None;
        while let Some((digit, rest)) = self.rest.split_first().filter(|(b, _)| b.is_ascii_digit()) {
            let next =
                value.unwrap_or(0).checked_mul(10).and_then(|v| v.checked_add(i32::from(digit - b'0')));
            let Some(next) = next else { return Err(stack.raise(b"integral size overflow")) };
            value = Some(next);
            self.rest = rest;
        }
        Ok(value.map_or(default, |v| usize::try_from(v).unwrap_or(0)))
    }

    /// The next item at offset `at`.
    fn next(&mut self, stack: &mut Stack<'_>, at: usize) -> Result<Option<Item>, Raised> {
        let Some((&letter, rest)) = self.rest.split_first() else { return Ok(None) };
        self.rest = rest;
        let size = match letter {
            b'B' | b'b' | b'x' => 1,
            b'H' | b'h' => 2,
            b'L' | b'l' | b'T' | b'd' => 8,
            b'f' => 4,
            b'c' => self.number(stack, 1)?,
            b'i' | b'I' => {
                let size = self.number(stack, 4)?;
                if size > INTEGER_MAX {
                    let line = format!("integral size {size} is larger than limit of {INTEGER_MAX}");
                    return Err(stack.raise(line.as_bytes()));
                }
                size
            }
            _ => 0,
        };
        let padding = if size == 0 || letter == b'c' {
            0
        } else {
            let unit = size.min(self.align);
            // For sizes that are no power of two the original's formula, not its meaning, is what counts.
            unit.wrapping_sub(at & (unit - 1)) & (unit - 1)
        };
        Ok(Some(Item { letter, size, padding }))
    }

    /// Obeys a letter that is no value.
    fn control(&mut self, stack: &mut Stack<'_>, letter: u8) -> Result<(), Raised> {
        match letter {
            b' ' => {}
            b'>' => self.big = true,
            b'<' => self.big = false,
            b'!' => {
                let align = self.number(stack, ALIGN_MAX)?;
                if !align.is_power_of_two() {
                    return Err(stack.raise(format!("alignment {align} is not a power of 2").as_bytes()));
                }
                self.align = align;
            }
            _ => {
                let why = format!("invalid format option '{}'", char::from(letter));
                return Err(stack.bad_argument(1, &why));
            }
        }
        Ok(())
    }

    /// Orders bytes that are in little endian order.
    fn order(&self, bytes: &mut [u8]) {
        if self.big {
            bytes.reverse();
        }
    }
}

fn is_integer(letter: u8) -> bool {
    matches!(letter, b'b' | b'B' | b'h' | b'H' | b'l' | b'L' | b'T' | b'i' | b'I')
}

fn check_number(stack: &mut Stack<'_>, i: i32) -> Result<f64, Raised> {
    stack.number(i).ok_or(()).map_err(|()| stack.bad_type(i, "number"))
}

fn check_bytes<'a>(stack: &mut Stack<'a>, i: i32) -> Result<&'a [u8], Raised> {
    stack.argument(i).ok_or(()).map_err(|()| stack.bad_type(i, "string"))
}

fn pack(stack: &mut Stack<'_>) -> Result<usize, Raised> {
    let mut format = Format::new(check_bytes(stack, 1)?);
    let mut out: Vec<u8> = Vec::new();
    let mut argument = 2;
    while let Some(item) = format.next(stack, out.len())? {
        out.resize(out.len() + item.padding, 0);
        match item.letter {
            letter if is_integer(letter) => {
                let n = check_number(stack, argument)?;
                argument += 1;
                #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "saturates")]
                let value = if n < 0.0 { (n as i64).cast_unsigned() } else { n as u64 };
                let mut bytes = [0; INTEGER_MAX];
                bytes[..8].copy_from_slice(&value.to_le_bytes());
                if let Some(bytes) = bytes.get_mut(..item.size) {
                    format.order(bytes);
                    out.extend_from_slice(bytes);
                }
            }
            b'x' => out.push(0),
            b'f' => {
                #[expect(clippy::cast_possible_truncation, reason = "a float is asked for")]
                let mut bytes = (check_number(stack, argument)? as f32).to_le_bytes();
                argument += 1;
                format.order(&mut bytes);
                out.extend_from_slice(&bytes);
            }
            b'd' => {
                let mut bytes = check_number(stack, argument)?.to_le_bytes();
                argument += 1;
                format.order(&mut bytes);
                out.extend_from_slice(&bytes);
            }
            b'c' | b's' => {
                let bytes = check_bytes(stack, argument)?;
                argument += 1;
                let size = if item.size == 0 { bytes.len() } else { item.size };
                let Some(bytes) = bytes.get(..size) else {
                    return Err(stack.bad_argument(argument, "string too short"));
                };
                out.extend_from_slice(bytes);
                if item.letter == b's' {
                    out.push(0);
                }
            }
            letter => format.control(stack, letter)?,
        }
    }
    stack.push_bytes(&out);
    Ok(1)
}

/// An integer of `bytes`, least significant first; what is beyond 64 bits is lost, as in the original.
#[expect(clippy::cast_precision_loss, reason = "Lua 5.1 has only doubles")]
fn integer(bytes: &[u8], signed: bool) -> f64 {
    let mut low = [0; 8];
    for (to, from) in low.iter_mut().zip(bytes) {
        *to = *from;
    }
    let value = u64::from_le_bytes(low);
    if !signed {
        return value as f64;
    }
    let unused = 64_usize.saturating_sub(bytes.len() * 8);
    let shift = u32::try_from(unused.min(63)).unwrap_or(0);
    ((value << shift).cast_signed() >> shift) as f64
}

/// The offset that argument 3 of `struct.unpack` names, from 0.
fn offset(stack: &mut Stack<'_>) -> Result<usize, Raised> {
    if matches!(stack.kind(3), Kind::None | Kind::Nil) {
        return Ok(0);
    }
    let position = check_number(stack, 3)?;
    if position > -1.0 && position < 1.0 {
        return Err(stack.bad_argument(3, "offset must be 1 or greater"));
    }
    // A negative offset is a huge one, as in the original's size_t.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "saturates")]
    let position = if position < 0.0 { usize::MAX } else { position as usize };
    Ok(position - 1)
}

/// The number unpacked last, which `c0` takes as its size.
fn previous_size(stack: &mut Stack<'_>, results: &mut usize) -> Result<usize, Raised> {
    let Some(size) = stack.number(-1).filter(|_| *results > 0) else {
        return Err(stack.raise(b"format 'c0' needs a previous size"));
    };
    stack.pop(1);
    *results -= 1;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "saturates")]
    let size = if size < 0.0 { usize::MAX } else { size as usize };
    Ok(size)
}

fn unpack(stack: &mut Stack<'_>) -> Result<usize, Raised> {
    let mut format = Format::new(check_bytes(stack, 1)?);
    let data = check_bytes(stack, 2)?;
    let mut at = offset(stack)?;
    let mut results = 0_usize;
    while let Some(mut item) = format.next(stack, at)? {
        at = at.saturating_add(item.padding);
        let part = |at: usize, size: usize| data.get(at..at.checked_add(size)?);
        let Some(bytes) = part(at, item.size) else {
            return Err(stack.bad_argument(2, "data string too short"));
        };
        if !stack.reserve(2) {
            return Err(stack.raise(b"stack overflow (too many results)"));
        }
        let little = |bytes: &[u8]| {
            let mut bytes = bytes.to_vec();
            format.order(&mut bytes);
            bytes
        };
        let value = match item.letter {
            letter if is_integer(letter) => Some(integer(&little(bytes), letter.is_ascii_lowercase())),
            b'f' => little(bytes).first_chunk().map(|b| f64::from(f32::from_le_bytes(*b))),
            b'd' => little(bytes).first_chunk().map(|b| f64::from_le_bytes(*b)),
            _ => None,
        };
        match item.letter {
            _ if value.is_some() => {
                stack.push_number(value.unwrap_or_default());
                results += 1;
            }
            b'x' => {}
            b'c' => {
                let mut bytes = bytes;
                if item.size == 0 {
                    item.size = previous_size(stack, &mut results)?;
                    let Some(known) = part(at, item.size) else {
                        return Err(stack.bad_argument(2, "data string too short"));
                    };
                    bytes = known;
                }
                stack.push_bytes(bytes);
                results += 1;
            }
            b's' => {
                let rest = data.get(at..).unwrap_or_default();
                let Some(end) = memchr::memchr(0, rest) else {
                    return Err(stack.raise(b"unfinished string in data"));
                };
                stack.push_bytes(rest.get(..end).unwrap_or_default());
                results += 1;
                item.size = end + 1;
            }
            letter => format.control(stack, letter)?,
        }
        at += item.size;
    }
    stack.push_int(i64::try_from(at).unwrap_or(i64::MAX).saturating_add(1));
    Ok(results + 1)
}

fn size(stack: &mut Stack<'_>) -> Result<usize, Raised> {
    let mut format = Format::new(check_bytes(stack, 1)?);
    let mut at = 0_usize;
    while let Some(item) = format.next(stack, at)? {
        if item.letter == b's' {
            return Err(stack.bad_argument(1, "option 's' has no fixed size"));
        }
        if item.letter == b'c' && item.size == 0 {
            return Err(stack.bad_argument(1, "option 'c0' has no fixed size"));
        }
        if !item.letter.is_ascii_alphanumeric() {
            format.control(stack, item.letter)?;
        }
        at = at.saturating_add(item.padding).saturating_add(item.size);
    }
    stack.push_int(i64::try_from(at).unwrap_or(i64::MAX));
    Ok(1)
}
