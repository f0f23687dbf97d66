//! Replies as Lua values, and what a script returns as a reply.
//!
//! Redis: script_lua.c `redisProtocolToLuaType`, `luaReplyToRedisReply`.
//!
//! | RESP | Lua | RESP | Lua |
//! |---|---|---|---|
//! | `+OK` | `{ok="OK"}` | `%` map | `{map={k=v}}` |
//! | `-ERR x` | `{err="ERR x"}` | `~` set | `{set={v=true}}` |
//! | `:1` | number | `,1.5` | `{double=1.5}` |
//! | `$3` | string | `#t` | boolean |
//! | `$-1`, `*-1` | `false` | `_` | `nil` |
//! | `*2` | table | `(1` | `{big_number="1"}` |
//! | | | `=` | `{verbatim_string={string=…, format=…}}` |

use super::ffi::{Kind, Stack};
use crate::base::numbers;
use crate::resp::{Out, Proto};

/// How deep a returned table may be nested. Redis has as many levels as fit on Lua's stack; either way what is deeper
/// becomes an error within the reply.
const DEPTH_MAX: usize = 1_000;

/// Replies of commands are never nested deeper; a bound for the recursion.
const REPLY_DEPTH_MAX: usize = 128;

/// Pushes the value of a reply that this server made. What is left behind it is returned.
pub fn to_lua<'a>(stack: &mut Stack<'_>, reply: &'a [u8]) -> &'a [u8] {
    push(stack, reply, 0)
}

/// Splits a line off: its first byte, the rest of it, what follows.
fn line(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let end = memchr::memchr(b'\n', bytes)?;
    let (line, rest) = (bytes.get(..end)?, bytes.get(end + 1..)?);
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    let (kind, text) = line.split_first()?;
    Some((*kind, text, rest))
}

fn push<'a>(stack: &mut Stack<'_>, bytes: &'a [u8], depth: usize) -> &'a [u8] {
    let Some((kind, text, rest)) = line(bytes).filter(|_| depth < REPLY_DEPTH_MAX && stack.reserve(6)) else {
        stack.push_bool(false);
        return b"";
    };
    let len = || numbers::parse_i64(text).and_then(|n| usize::try_from(n).ok());
    match kind {
        b'$' => match len() {
            Some(len) => {
                stack.push_bytes(rest.get(..len).unwrap_or_default());
                rest.get(len + 2..).unwrap_or_default()
            }
            None => {
                stack.push_bool(false);
                rest
            }
        },
        b':' => {
            stack.push_int(numbers::parse_i64(text).unwrap_or_default());
            rest
        }
        b'*' | b'>' => match len() {
            Some(len) => array(stack, rest, len, depth),
            None => {
                stack.push_bool(false);
                rest
            }
        },
        b'+' => {
            field(stack, "ok", text);
            rest
        }
        b'-' => {
            push_refusal(stack, &[b"-", text].concat());
            rest
        }
        b'%' | b'~' => keyed(stack, rest, len().unwrap_or(0), kind == b'%', depth),
        b'|' => {
            let mut rest = rest;
            for _ in 0..len().unwrap_or(0).saturating_mul(2) {
                rest = push(stack, rest, depth + 1);
                stack.pop(1);
            }
            push(stack, rest, depth)
        }
        b'=' => verbatim(stack, rest, len().unwrap_or(0)),
        _ => {
            scalar(stack, kind, text);
            rest
        }
    }
}

fn scalar(stack: &mut Stack<'_>, kind: u8, text: &[u8]) {
    match kind {
        b'#' => stack.push_bool(text == b"t"),
        b',' => {
            stack.new_table(0, 1);
            let value = std::str::from_utf8(text).ok().and_then(|t| t.parse().ok());
            stack.push_number(value.unwrap_or(f64::NAN));
            stack.raw_set_field(-2, "double");
        }
        b'(' => field(stack, "big_number", text),
        _ => stack.push_nil(),
    }
}

fn field(stack: &mut Stack<'_>, name: &str, text: &[u8]) {
    stack.new_table(0, 1);
    stack.push_bytes(name.as_bytes());
    stack.push_bytes(text);
    stack.raw_set(-3);
}

/// An error whose code and message are known to the statistics already.
pub fn push_refusal(stack: &mut Stack<'_>, message: &[u8]) {
    stack.push_error_table(message);
    stack.push_bool(true);
    stack.raw_set_field(-2, COUNTED);
}

/// The field of an error that was counted when it was made.
pub const COUNTED: &str = "ignore_error_stats_update";

fn array<'a>(stack: &mut Stack<'_>, mut rest: &'a [u8], len: usize, depth: usize) -> &'a [u8] {
    stack.new_table(len, 0);
    for i in 1..=i32::try_from(len).unwrap_or(i32::MAX) {
        rest = push(stack, rest, depth + 1);
        stack.raw_set_element(-2, i);
        if stack.is_over_limit() {
            break;
        }
    }
    rest
}

/// A map, or a set, whose elements are keys of `true`.
fn keyed<'a>(stack: &mut Stack<'_>, mut rest: &'a [u8], len: usize, is_map: bool, depth: usize) -> &'a [u8] {
    stack.new_table(0, 1);
    stack.new_table(0, len);
    for _ in 0..len {
        rest = push(stack, rest, depth + 1);
        if is_map {
            rest = push(stack, rest, depth + 1);
        } else {
            stack.push_bool(true);
        }
        stack.raw_set(-3);
        if stack.is_over_limit() {
            break;
        }
    }
    stack.raw_set_field(-2, if is_map { "map" } else { "set" });
    rest
}

fn verbatim<'a>(stack: &mut Stack<'_>, rest: &'a [u8], len: usize) -> &'a [u8] {
    let body = rest.get(..len).unwrap_or_default();
    stack.new_table(0, 1);
    stack.new_table(0, 2);
    stack.push_bytes(body.get(4..).unwrap_or_default());
    stack.raw_set_field(-2, "string");
    stack.push_bytes(body.get(..3).unwrap_or_default());
    stack.raw_set_field(-2, "format");
    stack.raw_set_field(-2, "verbatim_string");
    rest.get(len + 2..).unwrap_or_default()
}

/// Writes the value on top as a reply and drops it. `proto` is the protocol that the script chose for itself.
pub fn from_lua(stack: &mut Stack<'_>, out: &mut Out<'_>, proto: Proto) {
    write(stack, out, proto, 0);
}

/// As C casts: what does not fit becomes the smallest integer.
fn to_integer(n: f64) -> i64 {
    const LIMIT: f64 = 9_223_372_036_854_775_808.0;
    #[expect(clippy::cast_possible_truncation, reason = "in range")]
    if (-LIMIT..LIMIT).contains(&n) { n as i64 } else { i64::MIN }
}

fn write(stack: &mut Stack<'_>, out: &mut Out<'_>, proto: Proto, depth: usize) {
    // A table that holds another twice, and so on, makes a reply without bound of a small value.
    if depth >= DEPTH_MAX || !stack.reserve(6) || out.mark() > stack.limit() {
        out.error(b"ERR reached lua stack limit");
        return stack.pop(1);
    }
    match stack.kind(-1) {
        Kind::String => out.bulk(stack.bytes(-1).unwrap_or_default()),
        Kind::Number => out.int(to_integer(stack.number(-1).unwrap_or_default())),
        Kind::Boolean => match (proto, stack.truth(-1)) {
            (Proto::V2, true) => out.int(1),
            (Proto::V2, false) => out.null(),
            (Proto::V3, yes) => out.boolean(yes),
        },
        Kind::Table => table(stack, out, proto, depth),
        _ => out.null(),
    }
    stack.pop(1);
}

/// Writes the table on top; it stays.
fn table(stack: &mut Stack<'_>, out: &mut Out<'_>, proto: Proto, depth: usize) {
    let is = |stack: &mut Stack<'_>, name: &str, kind: Kind| {
        stack.raw_field(-1, name);
        let yes = stack.kind(-1) == kind;
        if !yes {
            stack.pop(1);
        }
        yes
    };
    if is(stack, "err", Kind::String) {
        out.error(stack.bytes(-1).unwrap_or_default());
    } else if is(stack, "ok", Kind::String) {
        let text = c_text(stack.bytes(-1).unwrap_or_default());
        out.simple_bytes(&one_line(text));
    } else if is(stack, "double", Kind::Number) {
        out.double_text(&numbers::fmt_f64(stack.number(-1).unwrap_or_default()));
    } else if is(stack, "big_number", Kind::String) {
        out.big_number(&one_line(stack.bytes(-1).unwrap_or_default()));
    } else if is(stack, "verbatim_string", Kind::Table) {
        if write_verbatim(stack, out) {
            return stack.pop(1);
        }
        stack.pop(1);
        return elements(stack, out, proto, depth);
    } else if is(stack, "map", Kind::Table) {
        let len = count(stack);
        out.map(len);
        stack.push_nil();
        while stack.next(-2) {
            stack.push_copy(-2);
            write(stack, out, proto, depth + 1);
            write(stack, out, proto, depth + 1);
        }
    } else if is(stack, "set", Kind::Table) {
        let len = count(stack);
        out.set(len);
        stack.push_nil();
        while stack.next(-2) {
            stack.pop(1);
            stack.push_copy(-1);
            write(stack, out, proto, depth + 1);
        }
    } else {
        return elements(stack, out, proto, depth);
    }
    stack.pop(1);
}

/// Pairs in the table on top.
fn count(stack: &mut Stack<'_>) -> usize {
    let mut len = 0;
    stack.push_nil();
    while stack.next(-2) {
        stack.pop(1);
        len += 1;
    }
    len
}

/// The elements of the table on top up to the first `nil`.
fn elements(stack: &mut Stack<'_>, out: &mut Out<'_>, proto: Proto, depth: usize) {
    let mut len = 0;
    loop {
        stack.raw_element(-1, len + 1);
        let end = stack.kind(-1) == Kind::Nil;
        stack.pop(1);
        if end {
            break;
        }
        len += 1;
    }
    out.array(usize::try_from(len).unwrap_or(0));
    for i in 1..=len {
        stack.raw_element(-1, i);
        write(stack, out, proto, depth + 1);
    }
}

/// Writes `{string=…, format=…}` on top as a verbatim string. `false`: it is none.
fn write_verbatim(stack: &mut Stack<'_>, out: &mut Out<'_>) -> bool {
    stack.raw_field(-1, "format");
    stack.raw_field(-2, "string");
    let both = stack.bytes(-2).zip(stack.bytes(-1));
    if let Some((format, text)) = both {
        // networking.c `addReplyVerbatim`: three characters, filled up with spaces.
        let mut kind = [b' '; 3];
        for (to, from) in kind.iter_mut().zip(c_text(format)) {
            *to = *from;
        }
        out.verbatim(&String::from_utf8_lossy(&kind), text);
    }
    let is_one = both.is_some();
    stack.pop(2);
    is_one
}

fn c_text(bytes: &[u8]) -> &[u8] {
    bytes.split(|&b| b == 0).next().unwrap_or_default()
}

/// Line ends as spaces.
fn one_line(bytes: &[u8]) -> Vec<u8> {
    bytes.iter().map(|&b| if matches!(b, b'\r' | b'\n') { b' ' } else { b }).collect()
}
