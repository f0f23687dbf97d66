//! What a script can see: the globals, which it cannot change.
//!
//! ```text
//! globals G  {}  ── metatable ─► __index ─► R  {string, redis, KEYS, …} ── metatable ─► __index: error, no such global
//!                               __newindex: error, read-only
//! R.string   {}  ── metatable ─► __index ─► the library's own table;  __newindex: error, read-only
//! ```
//!
//! Redis marks tables as read-only in its own Lua (`lua_enablereadonlytable`). Here an empty table stands before each
//! protected one: what a script writes to it meets `__newindex`, and the functions that could go around that (rawset,
//! setmetatable, table.insert) know such tables by a field of their metatable, which no script can get hold of.
//!
//! Also replaced: `load` and `loadstring` (never precompiled chunks), `pcall` (Redis's own), `unpack` (CVE-2025-46817),
//! the pattern functions of `string` (length of patterns), `math.random`. Not there: `print`, `dofile`, `loadfile`,
//! `newproxy` (its finalizers would run Lua code at any time), `os`, `io`, `debug`, `require`.

use super::api;
use super::ffi::{Ended, Kind, Lua, Native, Raised, Ref, Stack};
use super::{bits, general, json, msgpack, random, structs};

/// The field by which a metatable tells that its table is protected.
const READ_ONLY: &str = "\0read-only";

/// For whom a state is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Purpose {
    /// EVAL.
    Scripts,
    /// FCALL.
    Functions,
}

/// What the engine needs of the built globals.
pub struct Globals {
    /// `G`.
    pub visible: Ref,
    /// `R`.
    pub real: Ref,
    /// The metatable of `G`.
    pub guard: Ref,
    /// What a library sees in place of `R` while it is loaded.
    pub loading: Ref,
    /// The function that makes an error table of an error.
    pub error_handler: Ref,
}

/// Redis's version, as `redis.REDIS_VERSION` tells it.
pub const REDIS_VERSION: &str = "7.2.4";
const REDIS_VERSION_NUM: f64 = 0x0007_0204 as f64;

const REPLACED: &[(&str, Native)] = &[
    ("setmetatable", setmetatable),
    ("getmetatable", getmetatable),
    ("rawset", rawset),
    ("rawget", rawget),
    ("pairs", pairs),
    ("unpack", unpack),
    ("loadstring", loadstring),
];

const REMOVED: &[&str] = &["print", "dofile", "loadfile", "newproxy", "load"];

/// `load` on top of `loadstring`: the pieces together.
const LOAD: &[u8] = b"local loadstring, pcall, concat, type, error = ...
return function(reader, name)
  if type(reader) ~= 'function' then
    error(\"bad argument #1 to 'load' (function expected, got \" .. type(reader) .. ')', 2)
  end
  local pieces, n = {}, 0
  while true do
    local ok, piece = pcall(reader)
    if not ok then return nil, piece end
    if piece == nil or piece == '' then break end
    if type(piece) ~= 'string' and type(piece) ~= 'number' then
      return nil, 'reader function must return a string'
    end
    n = n + 1
    pieces[n] = piece
  end
  return loadstring(concat(pieces), name or '=(load)')
end";

/// Builds the globals of a new state.
pub fn build(lua: &mut Lua, purpose: Purpose) -> Globals {
    lua.open_libraries();
    let mut s = lua.stack();
    let s = &mut s;
    s.push_globals();
    let real = s.top();
    s.raw_field(real, "next");
    let next = s.keep();
    s.env().next.set(Some(next));
    replace_functions(s, real);
    open_libraries(s, real);
    redis_table(s, real, purpose);
    for name in ["string", "table", "math", "coroutine", "cjson", "cmsgpack", "struct", "bit", "redis"] {
        s.raw_field(real, name);
        protect(s);
        s.raw_set_field(real, name);
    }
    error_metatable(s);
    s.set_metatable(real);
    // G before R.
    s.push_copy(real);
    protect(s);
    s.push_copy(-1);
    s.raw_set_field(real, "_G");
    s.push_metatable(-1);
    let guard = s.keep();
    metatables_to_show(s);
    s.push_copy(-1);
    s.set_globals();
    let visible = s.keep();
    let loading = loading_table(s);
    s.push_native(error_handler);
    let error_handler = s.keep();
    let real = s.keep();
    s.truncate(0);
    Globals { visible, real, guard, loading, error_handler }
}

fn set_functions(s: &mut Stack<'_>, functions: &[(&str, Native)]) {
    for (name, native) in functions {
        s.push_native(*native);
        s.raw_set_field(-2, name);
    }
}

fn set_numbers(s: &mut Stack<'_>, numbers: &[(&str, f64)]) {
    for (name, number) in numbers {
        s.push_number(*number);
        s.raw_set_field(-2, name);
    }
}

fn set_texts(s: &mut Stack<'_>, texts: &[(&str, &str)]) {
    for (name, text) in texts {
        s.push_bytes(text.as_bytes());
        s.raw_set_field(-2, name);
    }
}

fn replace_functions(s: &mut Stack<'_>, real: i32) {
    for name in REMOVED {
        s.push_nil();
        s.raw_set_field(real, name);
    }
    s.push_copy(real);
    set_functions(s, REPLACED);
    s.pop(1);
    s.push_pcall();
    s.raw_set_field(real, "pcall");
    s.raw_field(real, "string");
    for name in ["find", "match", "gmatch", "gfind", "gsub"] {
        s.raw_field(-1, name);
        if s.kind(-1) == Kind::Function {
            s.guard_patterns();
            s.raw_set_field(-2, name);
        } else {
            s.pop(1);
        }
    }
    s.pop(1);
    s.raw_field(real, "table");
    set_functions(s, &[("insert", insert)]);
    s.pop(1);
    s.raw_field(real, "math");
    set_functions(s, &[("random", random::random), ("randomseed", random::randomseed)]);
    s.pop(1);
    let compiled = s.load(LOAD, c"=load");
    debug_assert!(compiled);
    for name in ["loadstring", "pcall"] {
        s.raw_field(real, name);
    }
    s.raw_field(real, "table");
    s.raw_field(-1, "concat");
    s.remove(-2);
    for name in ["type", "error"] {
        s.raw_field(real, name);
    }
    if s.call(5, 1, None) == Ended::Well {
        s.raw_set_field(real, "load");
    } else {
        s.pop(1);
    }
}

fn open_libraries(s: &mut Stack<'_>, real: i32) {
    s.new_table(0, 16);
    set_functions(s, json::FUNCTIONS);
    s.push_light_null();
    s.raw_set_field(-2, "null");
    set_texts(s, &[("_NAME", json::NAME), ("_VERSION", json::VERSION)]);
    s.raw_set_field(real, "cjson");
    s.new_table(0, 8);
    set_functions(s, msgpack::FUNCTIONS);
    set_texts(s, msgpack::ABOUT);
    s.raw_set_field(real, "cmsgpack");
    for (name, functions) in [("struct", structs::FUNCTIONS), ("bit", bits::FUNCTIONS)] {
        s.new_table(0, 16);
        set_functions(s, functions);
        s.raw_set_field(real, name);
    }
}

fn set_versions(s: &mut Stack<'_>) {
    set_numbers(s, &[("REDIS_VERSION_NUM", REDIS_VERSION_NUM)]);
    set_texts(s, &[("REDIS_VERSION", REDIS_VERSION)]);
    set_numbers(s, api::LOG_LEVELS);
}

fn redis_table(s: &mut Stack<'_>, real: i32, purpose: Purpose) {
    s.new_table(0, 32);
    set_functions(s, api::FUNCTIONS);
    if purpose == Purpose::Scripts {
        set_functions(s, api::EVAL_FUNCTIONS);
    }
    set_versions(s);
    set_numbers(s, api::REPL_FLAGS);
    s.raw_set_field(real, "redis");
}

/// What a library sees while it is loaded (function_lua.c `luaEngineInitEngine`): `redis` with little in it.
fn loading_table(s: &mut Stack<'_>) -> Ref {
    s.new_table(0, 1);
    s.new_table(0, 8);
    set_functions(s, api::LOAD_FUNCTIONS);
    set_versions(s);
    error_metatable(s);
    s.set_metatable(-2);
    protect(s);
    s.raw_set_field(-2, "redis");
    error_metatable(s);
    s.set_metatable(-2);
    s.keep()
}

/// Puts an empty table that cannot be changed before the table on top.
fn protect(s: &mut Stack<'_>) {
    s.new_table(0, 0);
    s.new_table(0, 3);
    s.push_copy(-3);
    s.raw_set_field(-2, "__index");
    s.push_native(read_only);
    s.raw_set_field(-2, "__newindex");
    s.push_bool(true);
    s.raw_set_field(-2, READ_ONLY);
    s.set_metatable(-2);
    s.remove(-2);
}

/// Pushes the metatable of tables that have no field but those they have.
fn error_metatable(s: &mut Stack<'_>) {
    s.new_table(0, 1);
    s.push_native(no_such_global);
    s.raw_set_field(-2, "__index");
}

/// Keeps what `getmetatable` shows of the globals and of strings: tables that cannot be changed.
fn metatables_to_show(s: &mut Stack<'_>) {
    error_metatable(s);
    protect(s);
    let of_globals = s.keep();
    s.push_bytes(b"");
    s.push_metatable(-1);
    s.remove(-2);
    protect(s);
    let of_strings = s.keep();
    let globals = s.address(-1);
    s.env().shown.set(Some((globals, of_globals, of_strings)));
}

/// Pushes the table behind the protected one at `index`.
fn push_behind(s: &mut Stack<'_>, index: i32) -> bool {
    if s.kind(index) != Kind::Table || !s.push_metatable(index) {
        return false;
    }
    s.raw_field(-1, READ_ONLY);
    let protected = s.truth(-1);
    s.pop(1);
    if protected {
        s.raw_field(-1, "__index");
        s.remove(-2);
    } else {
        s.pop(1);
    }
    protected
}

fn is_protected(s: &mut Stack<'_>, index: i32) -> bool {
    let yes = push_behind(s, index);
    if yes {
        s.pop(1);
    }
    yes
}

fn read_only(s: &mut Stack<'_>) -> Result<usize, Raised> {
    Err(s.raise(b"Attempt to modify a readonly table"))
}

fn no_such_global(s: &mut Stack<'_>) -> Result<usize, Raised> {
    if s.top() != 2 {
        return Err(s.raise(b"Wrong number of arguments to luaProtectedTableError"));
    }
    let Some(name) = s.argument(2) else {
        return Err(s.raise(b"Second argument to luaProtectedTableError must be a string or number"));
    };
    let name = name.split(|&b| b == 0).next().unwrap_or_default();
    let line = [b"Script attempted to access nonexistent global variable '", name, b"'"].concat();
    Err(s.raise(&line))
}

fn check_table(s: &mut Stack<'_>, i: i32) -> Result<(), Raised> {
    if s.kind(i) == Kind::Table { Ok(()) } else { Err(s.bad_type(i, "table")) }
}

fn check_any(s: &mut Stack<'_>, i: i32) -> Result<(), Raised> {
    if s.kind(i) == Kind::None { Err(s.bad_argument(i, "value expected")) } else { Ok(()) }
}

fn setmetatable(s: &mut Stack<'_>) -> Result<usize, Raised> {
    check_table(s, 1)?;
    if !matches!(s.kind(2), Kind::Nil | Kind::Table) {
        return Err(s.bad_argument(2, "nil or table expected"));
    }
    if is_protected(s, 1) {
        return read_only(s);
    }
    if s.push_metatable(1) {
        s.raw_field(-1, "__metatable");
        if s.kind(-1) != Kind::Nil {
            return Err(s.raise(b"cannot change a protected metatable"));
        }
    }
    s.push_copy(2);
    s.set_metatable(1);
    s.push_copy(1);
    Ok(1)
}

fn getmetatable(s: &mut Stack<'_>) -> Result<usize, Raised> {
    check_any(s, 1)?;
    let shown = s.env().shown.get();
    if s.kind(1) == Kind::String {
        match shown {
            Some((_, _, of_strings)) => s.push_ref(of_strings),
            None => s.push_nil(),
        }
    } else if is_protected(s, 1) {
        match shown {
            Some((globals, of_globals, _)) if s.address(1) == globals => s.push_ref(of_globals),
            _ => s.push_nil(),
        }
    } else if s.push_metatable(1) {
        s.raw_field(-1, "__metatable");
        if s.kind(-1) == Kind::Nil {
            s.pop(1);
        }
    } else {
        s.push_nil();
    }
    Ok(1)
}

fn rawset(s: &mut Stack<'_>) -> Result<usize, Raised> {
    check_table(s, 1)?;
    check_any(s, 2)?;
    check_any(s, 3)?;
    if is_protected(s, 1) {
        return read_only(s);
    }
    s.push_copy(2);
    s.push_copy(3);
    if !s.raw_set(1) {
        let what: &[u8] = if s.kind(2) == Kind::Nil { b"table index is nil" } else { b"table index is NaN" };
        return Err(s.raise(what));
    }
    s.push_copy(1);
    Ok(1)
}

fn rawget(s: &mut Stack<'_>) -> Result<usize, Raised> {
    check_table(s, 1)?;
    check_any(s, 2)?;
    if !push_behind(s, 1) {
        s.push_copy(1);
    }
    s.push_copy(2);
    s.raw_get(-2);
    Ok(1)
}

fn pairs(s: &mut Stack<'_>) -> Result<usize, Raised> {
    check_table(s, 1)?;
    match s.env().next.get() {
        Some(next) if !is_protected(s, 1) => s.push_ref(next),
        _ => s.push_native(next_behind),
    }
    s.push_copy(1);
    s.push_nil();
    Ok(3)
}

/// `next` for a protected table.
fn next_behind(s: &mut Stack<'_>) -> Result<usize, Raised> {
    if !push_behind(s, 1) {
        return Err(s.bad_type(1, "table"));
    }
    if s.kind(2) == Kind::None {
        s.push_nil();
    } else {
        s.push_copy(2);
    }
    if s.kind(-1) != Kind::Nil {
        // Lua raises on a key that is not there.
        s.push_copy(-1);
        s.raw_get(-3);
        let known = s.kind(-1) != Kind::Nil;
        s.pop(1);
        if !known {
            return Err(s.raise(b"invalid key to 'next'"));
        }
    }
    if s.next(-2) {
        return Ok(2);
    }
    s.push_nil();
    Ok(1)
}

/// Argument `i` as an integer, `default` if it is not there.
fn opt_int(s: &mut Stack<'_>, i: i32, default: i32) -> Result<i32, Raised> {
    match s.kind(i) {
        Kind::None | Kind::Nil => Ok(default),
        _ => random::check_int(s, i),
    }
}

fn unpack(s: &mut Stack<'_>) -> Result<usize, Raised> {
    check_table(s, 1)?;
    let len = i32::try_from(s.len(1)).unwrap_or(i32::MAX);
    let first = opt_int(s, 2, 1)?;
    let last = opt_int(s, 3, len)?;
    if first > last {
        return Ok(0);
    }
    let count = i64::from(last) - i64::from(first) + 1;
    let room = i32::try_from(count).is_ok_and(|count| count < i32::MAX && s.reserve(count));
    if !room {
        return Err(s.raise(b"too many results to unpack"));
    }
    for i in first..=last {
        s.raw_element(1, i);
    }
    Ok(usize::try_from(count).unwrap_or(0))
}

fn loadstring(s: &mut Stack<'_>) -> Result<usize, Raised> {
    let Some(source) = s.argument(1) else { return Err(s.bad_type(1, "string")) };
    let name = match s.kind(2) {
        Kind::None | Kind::Nil => source,
        _ => match s.argument(2) {
            Some(name) => name,
            None => return Err(s.bad_type(2, "string")),
        },
    };
    let name = name.split(|&b| b == 0).next().unwrap_or_default();
    let name = std::ffi::CString::new(name).unwrap_or_default();
    if s.load(source, &name) {
        return Ok(1);
    }
    s.push_nil();
    s.push_copy(-2);
    Ok(2)
}

fn insert(s: &mut Stack<'_>) -> Result<usize, Raised> {
    check_table(s, 1)?;
    if is_protected(s, 1) {
        return read_only(s);
    }
    let end = i32::try_from(s.len(1)).unwrap_or(i32::MAX).saturating_add(1);
    let at = match s.top() {
        2 => end,
        3 => {
            let at = random::check_int(s, 2)?;
            for i in (at.saturating_add(1)..=end.max(at)).rev() {
                s.raw_element(1, i - 1);
                s.raw_set_element(1, i);
            }
            at
        }
        _ => return Err(s.raise(b"wrong number of arguments to 'insert'")),
    };
    s.push_copy(s.top());
    s.raw_set_element(1, at);
    Ok(0)
}

/// Makes an error an error table and says where it was raised (eval.c `__redis__err__handler`).
fn error_handler(s: &mut Stack<'_>) -> Result<usize, Raised> {
    let place = s.place_of_error();
    if s.kind(1) == Kind::Table {
        s.push_copy(1);
        if is_protected(s, 1) {
            return Ok(1);
        }
    } else {
        let text = describe(s);
        s.new_table(0, 3);
        s.push_bytes(&[b"ERR ", text.as_slice()].concat());
        s.raw_set_field(-2, "err");
    }
    if let Some(place) = place {
        s.push_bytes(&place.source);
        s.raw_set_field(-2, "source");
        s.push_int(i64::from(place.line));
        s.raw_set_field(-2, "line");
    }
    Ok(1)
}

/// Argument 1 as `tostring` shows it.
fn describe(s: &mut Stack<'_>) -> Vec<u8> {
    match s.kind(1) {
        Kind::String => s.bytes(1).unwrap_or_default().to_vec(),
        Kind::Number => {
            let mut text = Vec::new();
            general::write(&mut text, s.number(1).unwrap_or_default(), 14);
            text
        }
        Kind::Boolean => s.truth(1).to_string().into_bytes(),
        Kind::None | Kind::Nil => b"nil".to_vec(),
        kind => format!("{}: {:#x}", kind.name(), s.address(1)).into_bytes(),
    }
}
