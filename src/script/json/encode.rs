//! `cjson.encode`: a Lua value as JSON text. Nested tables are a list of frames here, not recursion.

use super::Settings;
use crate::script::env::KEPT_MAX;
use crate::script::ffi::{Kind, Raised, Stack};
use crate::script::general;

/// A table that is being written; it and, of an object, the present key lie on the Lua stack.
enum Frame {
    Array { len: i32, at: i32 },
    Object { first: bool },
}

/// What comes next.
enum Step {
    /// The value on top is to be written.
    Value,
    /// The value on top was written.
    Written,
    /// The object on top goes on behind the key on top.
    Pair,
}

/// `cjson.encode(value)`.
pub fn encode(stack: &mut Stack<'_>) -> Result<usize, Raised> {
    if stack.top() != 1 {
        return Err(stack.bad_argument(1, "expected 1 argument"));
    }
    let mut out = stack.env().text.take();
    out.clear();
    stack.push_copy(1);
    let result = Encoder { settings: stack.env().json.get(), out: &mut out, frames: Vec::new() }.run(stack);
    if result.is_ok() {
        stack.push_bytes(&out);
    }
    if out.capacity() <= KEPT_MAX {
        stack.env().text.replace(out);
    }
    result.map(|()| 1)
}

struct Encoder<'a> {
    settings: Settings,
    out: &'a mut Vec<u8>,
    frames: Vec<Frame>,
}

impl Encoder<'_> {
    fn run(&mut self, stack: &mut Stack<'_>) -> Result<(), Raised> {
        let mut step = Step::Value;
        loop {
            step = match step {
                Step::Value => self.value(stack)?,
                Step::Pair => self.pair(stack)?,
                Step::Written => match self.frames.last_mut() {
                    None => return Ok(()),
                    Some(Frame::Object { .. }) => {
                        stack.pop(1);
                        Step::Pair
                    }
                    Some(Frame::Array { len, at }) => {
                        stack.pop(1);
                        if at < len {
                            *at += 1;
                            self.out.push(b',');
                            stack.raw_element(-1, *at);
                            Step::Value
                        } else {
                            self.out.push(b']');
                            self.frames.pop();
                            Step::Written
                        }
                    }
                },
            };
            // A table that holds another twice, and so on, makes a text without bound of a small value.
            if self.out.len() > stack.limit() {
                stack.push_bytes(b"not enough memory");
                return Err(Raised);
            }
        }
    }

    fn value(&mut self, stack: &mut Stack<'_>) -> Result<Step, Raised> {
        match stack.kind(-1) {
            Kind::String => string(self.out, stack.bytes(-1).unwrap_or_default()),
            Kind::Number => self.number(stack, -1)?,
            Kind::Boolean => {
                self.out.extend_from_slice(if stack.truth(-1) { b"true" } else { b"false" });
            }
            Kind::Nil | Kind::None => self.out.extend_from_slice(b"null"),
            Kind::Light if stack.is_light_null(-1) => self.out.extend_from_slice(b"null"),
            Kind::Table => return self.table(stack),
            _ => return Err(cannot(stack, -1, "type not supported")),
        }
        Ok(Step::Written)
    }

    fn table(&mut self, stack: &mut Stack<'_>) -> Result<Step, Raised> {
        let depth = self.frames.len() + 1;
        if depth > usize::try_from(self.settings.encode_max_depth).unwrap_or(0) || !stack.reserve(3) {
            let line = format!("Cannot serialise, excessive nesting ({depth})");
            return Err(stack.raise(line.as_bytes()));
        }
        let len = self.array_length(stack)?;
        if len > 0 {
            self.out.push(b'[');
            self.frames.push(Frame::Array { len, at: 1 });
            stack.raw_element(-1, 1);
            return Ok(Step::Value);
        }
        self.out.push(b'{');
        self.frames.push(Frame::Object { first: true });
        stack.push_nil();
        Ok(Step::Pair)
    }

    fn pair(&mut self, stack: &mut Stack<'_>) -> Result<Step, Raised> {
        if !stack.next(-2) {
            self.out.push(b'}');
            self.frames.pop();
            return Ok(Step::Written);
        }
        if let Some(Frame::Object { first }) = self.frames.last_mut()
            && !std::mem::take(first)
        {
            self.out.push(b',');
        }
        match stack.kind(-2) {
            Kind::Number => {
                self.out.push(b'"');
                self.number(stack, -2)?;
                self.out.push(b'"');
            }
            Kind::String => string(self.out, stack.bytes(-2).unwrap_or_default()),
            _ => return Err(cannot(stack, -2, "table key must be a number or string")),
        }
        self.out.push(b':');
        Ok(Step::Value)
    }

    /// Largest index of the table on top; -1: it is an object.
    fn array_length(&self, stack: &mut Stack<'_>) -> Result<i32, Raised> {
        let (mut most, mut items) = (0_i32, 0_i32);
        stack.push_nil();
        while stack.next(-2) {
            let key = (stack.kind(-2) == Kind::Number).then(|| stack.number(-2)).flatten();
            match key {
                Some(k) if k >= 1.0 && k.floor() == k => {
                    #[expect(clippy::cast_possible_truncation, reason = "saturates")]
                    let k = k as i32;
                    most = most.max(k);
                    items = items.saturating_add(1);
                    stack.pop(1);
                }
                _ => {
                    stack.pop(2);
                    return Ok(-1);
                }
            }
        }
        let Settings { sparse_ratio, sparse_safe, sparse_convert, .. } = self.settings;
        if sparse_ratio > 0 && most > items.saturating_mul(sparse_ratio) && most > sparse_safe {
            if sparse_convert == 0 {
                return Err(cannot(stack, -1, "excessively sparse array"));
            }
            return Ok(-1);
        }
        Ok(most)
    }

    fn number(&mut self, stack: &mut Stack<'_>, index: i32) -> Result<(), Raised> {
        let n = stack.number(index).unwrap_or_default();
        if !n.is_finite() {
            match self.settings.encode_invalid {
                0 => return Err(cannot(stack, index, "must not be NaN or Inf")),
                1 if n.is_nan() => self.out.extend_from_slice(b"nan"),
                1 => self.out.extend_from_slice(if n > 0.0 { b"inf" } else { b"-inf" }),
                _ => self.out.extend_from_slice(b"null"),
            }
            return Ok(());
        }
        general::write(self.out, n, usize::try_from(self.settings.number_precision).unwrap_or(14));
        Ok(())
    }
}

fn cannot(stack: &mut Stack<'_>, index: i32, why: &str) -> Raised {
    let line = format!("Cannot serialise {}: {why}", stack.kind(index).name());
    stack.raise(line.as_bytes())
}

fn string(out: &mut Vec<u8>, bytes: &[u8]) {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    out.reserve(bytes.len() + 2);
    out.push(b'"');
    for &byte in bytes {
        match byte {
            b'"' => out.extend_from_slice(b"\\\""),
            b'\\' => out.extend_from_slice(b"\\\\"),
            b'/' => out.extend_from_slice(b"\\/"),
            0x08 => out.extend_from_slice(b"\\b"),
            b'\t' => out.extend_from_slice(b"\\t"),
            b'\n' => out.extend_from_slice(b"\\n"),
            0x0c => out.extend_from_slice(b"\\f"),
            b'\r' => out.extend_from_slice(b"\\r"),
            0..=0x1f | 0x7f => {
                out.extend_from_slice(b"\\u00");
                out.push(HEX[usize::from(byte >> 4)]);
                out.push(HEX[usize::from(byte & 15)]);
            }
            _ => out.push(byte),
        }
    }
    out.push(b'"');
}
