//! The table `redis`: what a script can ask of the server (script_lua.c `luaRegisterRedisAPI`, eval.c).

use super::env::KEPT_MAX;
use super::ffi::{Kind, Native, Raised, Stack};
use super::flags::Flags;
use super::host::{LogLevel, Registered};
use super::reply;
use crate::base::digest;
use crate::base::numbers;
use crate::resp::Proto;
use smallvec::SmallVec;

/// Functions of scripts and of functions.
pub const FUNCTIONS: &[(&str, Native)] = &[
    ("call", |s| invoke(s, true)),
    ("pcall", |s| invoke(s, false)),
    ("log", log),
    ("setresp", set_resp),
    ("sha1hex", sha1hex),
    ("error_reply", error_reply),
    ("status_reply", status_reply),
    ("set_repl", set_repl),
    ("acl_check_cmd", acl_check_cmd),
];

/// Functions of scripts only.
pub const EVAL_FUNCTIONS: &[(&str, Native)] = &[
    ("breakpoint", |s| {
        s.push_bool(false);
        Ok(1)
    }),
    ("debug", |_| Ok(0)),
    ("replicate_commands", |s| {
        s.push_bool(true);
        Ok(1)
    }),
];

/// Functions that a library has while it is loaded.
pub const LOAD_FUNCTIONS: &[(&str, Native)] = &[("register_function", register_function), ("log", log)];

/// Levels of `redis.log`.
pub const LOG_LEVELS: &[(&str, f64)] =
    &[("LOG_DEBUG", 0.0), ("LOG_VERBOSE", 1.0), ("LOG_NOTICE", 2.0), ("LOG_WARNING", 3.0)];

/// Arguments of `redis.set_repl`.
pub const REPL_FLAGS: &[(&str, f64)] =
    &[("REPL_NONE", 0.0), ("REPL_AOF", 1.0), ("REPL_SLAVE", 2.0), ("REPL_REPLICA", 2.0), ("REPL_ALL", 3.0)];

type Words<'a> = SmallVec<[&'a [u8]; 16]>;

/// The arguments as words of a command; `f` gets them. An error table on top if they are none.
fn with_words<'a, R>(
    stack: &mut Stack<'a>,
    f: impl FnOnce(&mut Stack<'a>, &[&[u8]]) -> R,
) -> Result<R, Raised> {
    let count = stack.top();
    if count == 0 {
        return Err(stack.raise_table(b"Please specify at least one argument for this redis lib call"));
    }
    // Numbers are printed with all their digits, not as Lua prints them.
    let mut printed: SmallVec<[u8; 64]> = SmallVec::new();
    let mut ends: SmallVec<[usize; 8]> = SmallVec::new();
    for i in 1..=count {
        match stack.kind(i) {
            Kind::String => {}
            Kind::Number => {
                let mut text = Vec::with_capacity(24);
                numbers::write_shortest(&mut text, stack.number(i).unwrap_or_default());
                printed.extend_from_slice(&text);
                ends.push(printed.len());
            }
            _ => {
                return Err(stack.raise_table(b"Lua redis lib command arguments must be strings or integers"));
            }
        }
    }
    let mut words: Words<'_> = SmallVec::new();
    let (mut start, mut ends) = (0, ends.iter());
    for i in 1..=count {
        if stack.kind(i) == Kind::Number {
            let end = ends.next().copied().unwrap_or(start);
            words.push(printed.get(start..end).unwrap_or_default());
            start = end;
        } else {
            words.push(stack.argument(i).unwrap_or_default());
        }
    }
    Ok(f(stack, &words))
}

/// `redis.call` (`raise`) and `redis.pcall`.
fn invoke(stack: &mut Stack<'_>, raise: bool) -> Result<usize, Raised> {
    let mut bytes = stack.env().reply.take();
    bytes.clear();
    let result = with_words(stack, |stack, words| stack.host(|host, _| host.call(words, &mut bytes)));
    let failed = match result {
        Ok(Some(Ok(()))) => {
            reply::to_lua(stack, &bytes);
            bytes.first() == Some(&b'-')
        }
        Ok(Some(Err(message))) => {
            reply::push_refusal(stack, &message);
            true
        }
        Ok(None) => {
            stack.push_error_table(b"redis.call can only be called while a script runs");
            true
        }
        Err(Raised) => true,
    };
    if bytes.capacity() <= KEPT_MAX {
        stack.env().reply.replace(bytes);
    }
    if failed && raise { Err(Raised) } else { Ok(1) }
}

fn sha1hex(stack: &mut Stack<'_>) -> Result<usize, Raised> {
    if stack.top() != 1 {
        return Err(stack.raise_table(b"wrong number of arguments"));
    }
    let digest = digest::sha1_hex(stack.argument(1).unwrap_or_default());
    stack.push_bytes(digest.as_bytes());
    Ok(1)
}

/// The only argument, which must be a string. An error table, as the result, if it is not.
fn only_string<'a>(stack: &mut Stack<'a>) -> Option<&'a [u8]> {
    if stack.top() == 1 && stack.kind(1) == Kind::String {
        return stack.argument(1);
    }
    stack.push_error_table(b"wrong number or type of arguments");
    None
}

fn error_reply(stack: &mut Stack<'_>) -> Result<usize, Raised> {
    if let Some(text) = only_string(stack) {
        // A C string there: it ends at a zero byte.
        let text = text.split(|&b| b == 0).next().unwrap_or_default();
        let dash: &[u8] = if text.starts_with(b"-") { b"" } else { b"-" };
        stack.push_error_table(&[dash, text].concat());
    }
    Ok(1)
}

fn status_reply(stack: &mut Stack<'_>) -> Result<usize, Raised> {
    if only_string(stack).is_some() {
        stack.new_table(0, 1);
        stack.push_copy(1);
        stack.raw_set_field(-2, "ok");
    }
    Ok(1)
}

/// `redis.set_repl(flags)`: effects are always propagated, so there is nothing to switch.
fn set_repl(stack: &mut Stack<'_>) -> Result<usize, Raised> {
    if stack.top() != 1 {
        return Err(stack.raise_table(b"redis.set_repl() requires one argument."));
    }
    #[expect(clippy::cast_possible_truncation, reason = "saturates")]
    let flags = stack.number(1).unwrap_or_default() as i32;
    if flags & !3 != 0 {
        return Err(stack
            .raise_table(b"Invalid replication flags. Use REPL_AOF, REPL_REPLICA, REPL_ALL or REPL_NONE."));
    }
    Ok(0)
}

fn acl_check_cmd(stack: &mut Stack<'_>) -> Result<usize, Raised> {
    let verdict = with_words(stack, |stack, words| stack.host(|host, _| host.permits(words)))?;
    match verdict.flatten() {
        Some(yes) => {
            stack.push_bool(yes);
            Ok(1)
        }
        None => Err(stack.raise_table(b"Invalid command passed to redis.acl_check_cmd()")),
    }
}

fn log(stack: &mut Stack<'_>) -> Result<usize, Raised> {
    let count = stack.top();
    if count < 2 {
        return Err(stack.raise_table(b"redis.log() requires two arguments or more."));
    }
    let Some(level) = stack.number(1) else {
        return Err(stack.raise_table(b"First argument must be a number (log level)."));
    };
    #[expect(clippy::cast_possible_truncation, reason = "saturates")]
    let level = match level as i32 {
        0 => LogLevel::Debug,
        1 => LogLevel::Verbose,
        2 => LogLevel::Notice,
        3 => LogLevel::Warning,
        _ => return Err(stack.raise_table(b"Invalid debug level.")),
    };
    let mut line = Vec::new();
    for i in 2..=count {
        if let Some(text) = stack.argument(i) {
            if i != 2 {
                line.push(b' ');
            }
            line.extend_from_slice(text);
        }
    }
    stack.host(|host, _| host.log(level, &line));
    Ok(0)
}

fn set_resp(stack: &mut Stack<'_>) -> Result<usize, Raised> {
    if stack.top() != 1 {
        return Err(stack.raise_table(b"redis.setresp() requires one argument."));
    }
    #[expect(clippy::cast_possible_truncation, reason = "saturates")]
    let proto = match stack.number(1).unwrap_or_default() as i32 {
        2 => Proto::V2,
        3 => Proto::V3,
        _ => return Err(stack.raise_table(b"RESP version must be 2 or 3.")),
    };
    stack.host(|host, _| host.set_resp(proto));
    Ok(0)
}

/// `redis.register_function(name, callback)`, or with one table of named arguments (function_lua.c).
fn register_function(stack: &mut Stack<'_>) -> Result<usize, Raised> {
    let read = match stack.top() {
        1 => named(stack),
        2 => positional(stack),
        _ => Err("wrong number of arguments to redis.register_function"),
    };
    let function = match read {
        Ok(function) => function,
        Err(why) => return Err(stack.raise_table(why.as_bytes())),
    };
    let callback = function.callback;
    match stack.host(|host, _| host.register(function)) {
        Some(Ok(())) => Ok(0),
        refused => {
            stack.release(callback);
            let why = match refused {
                Some(Err(why)) => why,
                _ => "redis.register_function can only be called on FUNCTION LOAD command".to_owned(),
            };
            Err(stack.raise_table(why.as_bytes()))
        }
    }
}

fn positional(stack: &mut Stack<'_>) -> Result<Registered, &'static str> {
    let name = stack.argument(1).ok_or("first argument to redis.register_function must be a string")?;
    if stack.kind(2) != Kind::Function {
        return Err("second argument to redis.register_function must be a function");
    }
    stack.push_copy(2);
    let callback = stack.keep();
    Ok(Registered { name: name.to_vec(), description: None, flags: Flags::default(), callback })
}

fn named(stack: &mut Stack<'_>) -> Result<Registered, &'static str> {
    if stack.kind(1) != Kind::Table {
        return Err(
            "calling redis.register_function with a single argument is only applicable to Lua table (representing named arguments).",
        );
    }
    let (mut name, mut description, mut flags, mut has_callback) = (None, None, Flags::default(), false);
    stack.push_nil();
    while stack.next(1) {
        if !matches!(stack.kind(-2), Kind::String | Kind::Number) {
            return Err("named argument key given to redis.register_function is not a string");
        }
        let key = stack.bytes(-2).unwrap_or_default().to_ascii_lowercase();
        match key.as_slice() {
            b"function_name" => {
                let text = stack.text(-1);
                let text =
                    text.ok_or("function_name argument given to redis.register_function must be a string")?;
                name = Some(text.to_vec());
            }
            b"description" => {
                let text = stack.text(-1);
                let text =
                    text.ok_or("description argument given to redis.register_function must be a string")?;
                description = Some(text.to_vec());
            }
            b"callback" if stack.kind(-1) != Kind::Function => {
                return Err("callback argument given to redis.register_function must be a function");
            }
            b"callback" => has_callback = true,
            b"flags" if stack.kind(-1) != Kind::Table => {
                return Err(
                    "flags argument to redis.register_function must be a table representing function flags",
                );
            }
            b"flags" => flags = read_flags(stack).ok_or("unknown flag given")?,
            _ => return Err("unknown argument given to redis.register_function"),
        }
        stack.pop(1);
    }
    let name = name.ok_or("redis.register_function must get a function name argument")?;
    if !has_callback {
        return Err("redis.register_function must get a callback argument");
    }
    // Its key may be written in any case, as those of the others.
    stack.push_nil();
    while stack.next(1) {
        if stack.bytes(-2).is_some_and(|key| key.eq_ignore_ascii_case(b"callback")) {
            break;
        }
        stack.pop(1);
    }
    let callback = stack.keep();
    Ok(Registered { name, description, flags, callback })
}

/// The flags that the table on top lists.
fn read_flags(stack: &mut Stack<'_>) -> Option<Flags> {
    let mut flags = Flags::default();
    for i in 1.. {
        stack.raw_element(-1, i);
        if stack.kind(-1) == Kind::Nil {
            break;
        }
        let flag = stack.text(-1).and_then(|name| Flags::named(name, true));
        stack.pop(1);
        flags = flags.with(flag?);
    }
    stack.pop(1);
    Some(flags)
}
