//! The library `cjson` (lua-cjson 2.1.0 as in deps/lua/src/lua_cjson.c): settings here, the two directions in files of
//! their own.

mod decode;
mod encode;

use super::ffi::{Kind, Native, Raised, Stack};

/// Names and natives.
pub const FUNCTIONS: &[(&str, Native)] = &[
    ("encode", encode::encode),
    ("decode", decode::decode),
    ("encode_sparse_array", encode_sparse_array),
    ("encode_max_depth", |s| integer_setting(s, i32::MAX, |c| &mut c.encode_max_depth)),
    ("decode_max_depth", |s| integer_setting(s, i32::MAX, |c| &mut c.decode_max_depth)),
    ("encode_number_precision", |s| integer_setting(s, 14, |c| &mut c.number_precision)),
    ("encode_keep_buffer", |s| choice_setting(s, ON_OFF, |c| &mut c.keep_buffer)),
    ("encode_invalid_numbers", |s| choice_setting(s, &["off", "on", "null"], |c| &mut c.encode_invalid)),
    ("decode_invalid_numbers", |s| choice_setting(s, ON_OFF, |c| &mut c.decode_invalid)),
];

/// `cjson._NAME` and `cjson._VERSION`.
pub const NAME: &str = "cjson";
/// See [`NAME`].
pub const VERSION: &str = "2.1.0";

const ON_OFF: &[&str] = &["off", "on"];

/// What `cjson` can be told.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// 1: tables with few elements and a large index are objects; 0: they are an error.
    sparse_convert: i32,
    /// Indices per element from which on an array is too sparse; 0: never.
    sparse_ratio: i32,
    /// Arrays up to this index never are.
    sparse_safe: i32,
    encode_max_depth: i32,
    decode_max_depth: i32,
    /// 0: NaN and infinity are an error; 1: as they are; 2: `null`.
    encode_invalid: i32,
    decode_invalid: i32,
    number_precision: i32,
    /// Accepted for its own sake: the buffer is kept in any case, up to a size.
    keep_buffer: i32,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            sparse_convert: 0,
            sparse_ratio: 2,
            sparse_safe: 10,
            encode_max_depth: 1000,
            decode_max_depth: 1000,
            encode_invalid: 0,
            decode_invalid: 1,
            number_precision: 14,
            keep_buffer: 1,
        }
    }
}

/// Checks the number of arguments; missing ones become `nil`.
fn arguments(stack: &mut Stack<'_>, most: i32) -> Result<Settings, Raised> {
    if stack.top() > most {
        return Err(stack.bad_argument(most + 1, "found too many arguments"));
    }
    while stack.top() < most {
        stack.push_nil();
    }
    Ok(stack.env().json.get())
}

/// Sets one integer from argument `i`, if that is not `nil`, and pushes it.
fn integer_option(
    stack: &mut Stack<'_>,
    i: i32,
    value: &mut i32,
    least: i32,
    most: i32,
) -> Result<(), Raised> {
    if stack.kind(i) != Kind::Nil {
        let new = super::random::check_int(stack, i)?;
        if new < least || new > most {
            return Err(stack.bad_argument(1, &format!("expected integer between {least} and {most}")));
        }
        *value = new;
    }
    stack.push_int(i64::from(*value));
    Ok(())
}

/// Sets one of several choices from argument `i`, a boolean or a name, and pushes it. Choice 0 is `false`, 1 is `true`.
fn choice_option(stack: &mut Stack<'_>, i: i32, value: &mut i32, names: &[&str]) -> Result<(), Raised> {
    match stack.kind(i) {
        Kind::Nil => {}
        Kind::Boolean => *value = i32::from(stack.truth(i)),
        _ => {
            let Some(word) = stack.text(i).map(<[u8]>::to_vec) else {
                return Err(stack.bad_type(i, "string"));
            };
            let found = names.iter().position(|name| name.as_bytes() == word);
            let Some(choice) = found.and_then(|at| i32::try_from(at).ok()) else {
                let why = format!("invalid option '{}'", String::from_utf8_lossy(&word));
                return Err(stack.bad_argument(i, &why));
            };
            *value = choice;
        }
    }
    match usize::try_from(*value).ok().and_then(|at| names.get(at)) {
        Some(name) if *value > 1 => stack.push_bytes(name.as_bytes()),
        _ => stack.push_bool(*value == 1),
    }
    Ok(())
}

fn integer_setting(
    stack: &mut Stack<'_>,
    most: i32,
    field: fn(&mut Settings) -> &mut i32,
) -> Result<usize, Raised> {
    let mut settings = arguments(stack, 1)?;
    integer_option(stack, 1, field(&mut settings), 1, most)?;
    stack.env().json.set(settings);
    Ok(1)
}

fn choice_setting(
    stack: &mut Stack<'_>,
    names: &[&str],
    field: fn(&mut Settings) -> &mut i32,
) -> Result<usize, Raised> {
    let mut settings = arguments(stack, 1)?;
    choice_option(stack, 1, field(&mut settings), names)?;
    stack.env().json.set(settings);
    Ok(1)
}

fn encode_sparse_array(stack: &mut Stack<'_>) -> Result<usize, Raised> {
    let mut settings = arguments(stack, 3)?;
    choice_option(stack, 1, &mut settings.sparse_convert, ON_OFF)?;
    integer_option(stack, 2, &mut settings.sparse_ratio, 0, i32::MAX)?;
    integer_option(stack, 3, &mut settings.sparse_safe, 0, i32::MAX)?;
    stack.env().json.set(settings);
    Ok(3)
}
