//! Scripts run by the engine with a host that knows few commands.

#![allow(clippy::unwrap_used, reason = "tests")]

use super::*;

/// A host for tests: ECHO, ERR, and a kill after so many looks.
#[derive(Default)]
pub(in crate::script) struct Toy {
    pub proto: Proto,
    pub looks_left: Option<usize>,
    pub logged: Vec<String>,
}

impl Host for Toy {
    fn call(&mut self, words: &[&[u8]], reply: &mut Vec<u8>) -> Result<(), Vec<u8>> {
        match words {
            [b"echo", word] => {
                Out::new(reply, self.proto).bulk(word);
                Ok(())
            }
            [b"raw", bytes] => {
                reply.extend_from_slice(bytes);
                Ok(())
            }
            _ => Err(b"Unknown Redis command called from script".to_vec()),
        }
    }

    fn set_resp(&mut self, proto: Proto) {
        self.proto = proto;
    }

    fn resp(&self) -> Proto {
        self.proto
    }

    fn permits(&mut self, words: &[&[u8]]) -> Option<bool> {
        (words.first() == Some(&b"echo".as_slice())).then_some(true)
    }

    fn log(&mut self, _: LogLevel, text: &[u8]) {
        self.logged.push(String::from_utf8_lossy(text).into_owned());
    }

    fn interrupt(&mut self) -> Option<&'static str> {
        let left = self.looks_left.as_mut()?;
        *left = left.saturating_sub(1);
        (*left == 0).then_some("Script killed by user with SCRIPT KILL...")
    }

    fn register(&mut self, _: Registered) -> Result<(), String> {
        Err("redis.register_function can only be called on FUNCTION LOAD command".to_owned())
    }
}

pub(in crate::script) fn eval_with(host: &mut Toy, proto: Proto, memory_max: usize, body: &str) -> String {
    let cache = Cache::default();
    let mut out = Vec::new();
    match load(&cache, body.as_bytes()) {
        Err(why) => return format!("!{}", String::from_utf8_lossy(&why)),
        Ok(script) => {
            let call = Call { keys: &[b"k1", b"k2"], arguments: &[b"a1", b"7"], proto, memory_max };
            run(&cache, &script, host, &call, &mut out);
        }
    }
    String::from_utf8_lossy(&out).replace("\r\n", "|")
}

pub(in crate::script) fn eval(body: &str) -> String {
    eval_with(&mut Toy::default(), Proto::V2, MEMORY_MAX, body)
}

#[track_caller]
pub(in crate::script) fn check(body: &str, reply: &str) {
    let got = eval(body);
    // The name of a script is the sum of its text; tests do not repeat it.
    let sha = String::from_utf8(sha_of(body.as_bytes()).to_vec()).unwrap();
    assert_eq!(got.replace(&sha, "SHA"), reply, "{body}");
}

#[test]
fn values_become_replies() {
    check("return 1", ":1|");
    check("return 3.99", ":3|");
    check("return 'abc'", "$3|abc|");
    check("return true", ":1|");
    check("return false", "$-1|");
    check("return nil", "$-1|");
    check("return {1,2,'x',nil,4}", "*3|:1|:2|$1|x|");
    check("return {ok='fine'}", "+fine|");
    check("return {err='ERR My Err'}", "-ERR My Err|");
    check("return {double=1.5}", "$3|1.5|");
    check("return {map={a=1}}", "*2|$1|a|:1|");
    check("return {KEYS[1],KEYS[2],ARGV[1],ARGV[2],#KEYS}", "*5|$2|k1|$2|k2|$2|a1|$1|7|:2|");
    check("return {verbatim_string={string='x',format='txt'}}", "$1|x|");
    check(
        "return print",
        "-ERR user_script:1: Script attempted to access nonexistent global variable 'print' script: SHA, on @user_script:1.|",
    );
    let three = eval_with(
        &mut Toy::default(),
        Proto::V3,
        MEMORY_MAX,
        "redis.setresp(3) return {true,{double=1.5},{set={a=true}},{big_number='12'},nil}",
    );
    assert_eq!(three, "*4|#t|,1.5|~1|$1|a|(12|");
}

#[test]
fn replies_become_values() {
    check("return redis.call('echo', 'hi')", "$2|hi|");
    check("return redis.call('echo', 12)", "$2|12|");
    check("return redis.call('echo', 0.1)", "$3|0.1|");
    check("return redis.call('raw', '+OK\\r\\n').ok", "$2|OK|");
    check("return redis.call('raw', '*2\\r\\n:1\\r\\n$-1\\r\\n')[2] == false", ":1|");
    check("return redis.call('raw', '%1\\r\\n+a\\r\\n,1.5\\r\\n').map == nil", "$-1|");
    check("local e = redis.pcall('raw', '-WRONG x\\r\\n') return e.err", "$7|WRONG x|");
    check("return redis.call('raw', '-WRONG x\\r\\n')", "-WRONG x script: SHA, on @user_script:1.|");
    check(
        "return redis.call('nosuch')",
        "-ERR Unknown Redis command called from script script: SHA, on @user_script:1.|",
    );
    check(
        "return {pcall(function() return redis.call('nosuch') end)}",
        "*2|$-1|$44|ERR Unknown Redis command called from script|",
    );
    check(
        "local ok, e = pcall(redis.call, 'nosuch') return e",
        "$44|ERR Unknown Redis command called from script|",
    );
    check(
        "return redis.call()",
        "-ERR Please specify at least one argument for this redis lib call script: SHA, on @user_script:1.|",
    );
    check("return redis.pcall({})", "-ERR Lua redis lib command arguments must be strings or integers|");
    check("return redis.sha1hex('')", "$40|da39a3ee5e6b4b0d3255bfef95601890afd80709|");
    check("return redis.error_reply('MY ERR')", "-MY ERR|");
    check("return redis.error_reply('SINGLE')", "-ERR SINGLE|");
    check("return redis.status_reply('FINE')", "+FINE|");
}

#[test]
fn errors_tell_where() {
    check(
        "\n\nlocal a = nil\nreturn a.b",
        "-ERR user_script:4: attempt to index local 'a' (a nil value) script: SHA, on @user_script:4.|",
    );
    check("error('x')", "-ERR user_script:1: x script: SHA, on @user_script:1.|");
    check("error({err='My'})", "-My script: SHA, on @user_script:1.|");
    check("return +", "!Error compiling script (new function): user_script:1: unexpected symbol near '+'");
    check("#!lua flags=no-such\nreturn 1", "!Unexpected flag in script shebang: no-such");
    check("#!lua flags=no-writes\nerror('x')", "-ERR user_script:2: x script: SHA, on @user_script:2.|");
}

#[test]
fn the_sandbox_holds() {
    let read_only = "-ERR user_script:1: Attempt to modify a readonly table script: SHA, on @user_script:1.|";
    for body in [
        "a = 1",
        "redis = {}",
        "_G = {}",
        "redis.call = 1",
        "string.rep = 1",
        "cjson.encode = 1",
        "rawset(_G, 'x', 1)",
        "rawset(redis, 'call', 1)",
        "setmetatable(_G, {})",
        "setmetatable(redis, {})",
        "getmetatable(_G).__index = {}",
        "getmetatable('').__index = {}",
        "table.insert(redis, 1)",
        "local t = table; t.insert(t, 1)",
    ] {
        check(body, read_only);
    }
    for name in ["dofile", "loadfile", "newproxy", "os", "io", "debug", "require", "package", "x"] {
        check(
            &format!("return {name}"),
            &format!(
                "-ERR user_script:1: Script attempted to access nonexistent global variable '{name}' script: SHA, on @user_script:1.|"
            ),
        );
    }
    check("local n = 0 for k in pairs(_G) do n = n + 1 end return n > 20", ":1|");
    check("local n = 0 for k in pairs(bit) do n = n + 1 end return n", ":12|");
    check("return rawget(_G, 'redis') == redis", ":1|");
    check("setfenv(0, {}) return 1", ":1|");
    check("return redis.REDIS_VERSION", "$5|7.2.4|");
    check("local t = {} rawset(t, 'a', 1) return t.a", ":1|");
    check("local t = {1,3} table.insert(t, 2, 2) table.insert(t, 4) return t", "*4|:1|:2|:3|:4|");
    check("return tostring(getmetatable(redis))", "$3|nil|");
}

#[test]
fn code_is_only_ever_text() {
    check("return loadstring('return 1')()", ":1|");
    check("local f = loadstring(string.dump(function() return 1 end)) return f == nil", ":1|");
    check("return load(function() return nil end) ~= nil", ":1|");
    check("local i = 0 return load(function() i = i + 1 return ({'return ', '4'})[i] end)()", ":4|");
    check(
        "local d, i = string.dump(function() end), 0 return load(function() i = i + 1 if i == 1 then return d end end) == nil",
        ":1|",
    );
    check(
        "\x1bLua",
        "!Error compiling script (new function): user_script:1: unexpected symbol near 'char(27)'",
    );
}

#[test]
fn known_holes_of_lua_are_shut() {
    check("return {pcall(unpack, {}, 0, 2147483647)}", "*2|$-1|$26|too many results to unpack|");
    check(
        "local ok, e = pcall(unpack, {}, -2147483648, 2147483647) return e",
        "$26|too many results to unpack|",
    );
    check(
        "return {pcall(string.find, string.rep('a', 1e6), string.rep('a?', 1e6))}",
        "*2|$-1|$19|pattern too complex|",
    );
}

#[test]
fn a_script_without_end_can_be_killed() {
    let killed = "-ERR Script killed by user with SCRIPT KILL... script: ";
    for body in [
        "while true do end",
        "while true do pcall(function() while true do end end) end",
        "local function f() while true do pcall(f) end end f()",
    ] {
        let mut host = Toy { looks_left: Some(3), ..Toy::default() };
        let got = eval_with(&mut host, Proto::V2, MEMORY_MAX, body);
        assert!(got.starts_with(killed), "{body}: {got}");
    }
}

#[test]
fn memory_without_bound_is_an_error_of_the_script() {
    for body in [
        "local t = {} while true do t[#t+1] = {} end",
        "local s = 'x' while true do s = s .. s end",
        "return string.rep('x', 2000000000)",
        "local t = {} for i = 1, 60 do t = {t, t} end return cjson.encode(t)",
        "local t = {} for i = 1, 60 do t = {t, t} end return t",
        "local t = {} for i = 1, 15 do t = {t, t, t, t, t, t, t} end return cmsgpack.pack(t)",
        "local s = string.rep('[1', 1000) return cjson.decode('[' .. string.rep('[],', 4000000) .. '1]')",
    ] {
        let mut host = Toy::default();
        let got = eval_with(&mut host, Proto::V2, 32 << 20, body);
        let end = got.get(got.len().saturating_sub(200)..).unwrap_or(&got);
        assert!(
            got.contains("not enough memory") || got.contains("reached lua stack limit"),
            "{body}: {end}"
        );
        assert_eq!(eval("return 1"), ":1|");
    }
}

#[test]
fn deep_nesting_ends_in_an_error() {
    let got = eval("local a = {} local b = {a} a[1] = b return a");
    assert!(got.ends_with("*1|-ERR reached lua stack limit|"));
    assert!(eval("local function f() return f() + 1 end return f()").contains("stack overflow"));
    assert!(
        eval("local s = 'return ' .. string.rep('(', 10000) return loadstring(s) == nil").contains(":1|")
    );
}

#[test]
fn random_numbers_follow_from_the_seed() {
    let roll = "math.randomseed(10) return {math.random(1000), math.random(1000), math.random(5, 7)}";
    assert_eq!(eval(roll), eval(roll));
    check("local ok, e = pcall(math.random, 0) return e", "$42|bad argument #1 to '?' (interval is empty)|");
    // lrand48 after srand48(1), from the C library.
    let mut generator = crate::script::random::Random::seeded(1);
    assert_eq!(generator.next(), 89_400_484);
    assert_eq!(generator.next(), 976_015_093);
}
