//! The libraries of the sandbox, called from Lua: golden values, and what hostile input comes to.

#![allow(clippy::unwrap_used, reason = "tests")]

use super::engine::tests::{check, eval};

#[test]
fn json_is_written_as_lua_cjson_writes_it() {
    for (value, text) in [
        ("{1,2,3}", "[1,2,3]"),
        ("{}", "{}"),
        ("{a=1}", r#"{"a":1}"#),
        ("{[1]=1,[3]=3}", "[1,null,3]"),
        ("'a\\n\\\"/\\127'", r#""a\n\"\/\u007f""#),
        ("cjson.null", "null"),
        ("0.1", "0.1"),
        ("1e15", "1e+15"),
        ("12345678901234567890", "1.2345678901235e+19"),
        ("{{{}}}", "[[{}]]"),
    ] {
        check(&format!("return cjson.encode({value})"), &format!("${}|{text}|", text.len()));
    }
    for (call, error) in [
        ("cjson.encode(0/0)", "Cannot serialise number: must not be NaN or Inf"),
        ("cjson.encode(function() end)", "Cannot serialise function: type not supported"),
        ("cjson.encode({[1]=1,[100]=1})", "Cannot serialise table: excessively sparse array"),
        ("cjson.encode({[true]=1})", "Cannot serialise boolean: table key must be a number or string"),
        (
            "(function() local t = {} t[1] = t return cjson.encode(t) end)()",
            "Cannot serialise, excessive nesting (1001)",
        ),
        ("cjson.encode()", "bad argument #1 to 'encode' (expected 1 argument)"),
        ("cjson.decode('{\"a\":}')", "Expected value but found T_OBJ_END at character 6"),
        ("cjson.decode('[1,2')", "Expected comma or array end but found T_END at character 5"),
        (
            "cjson.decode('\"\\\\ud800\"')",
            "Expected value but found invalid unicode escape code at character 2",
        ),
        ("cjson.decode('nope')", "Expected value but found invalid token at character 1"),
        (
            "cjson.decode(string.rep('[', 1001))",
            "Found too many nested data structures (1001) at character 1001",
        ),
        ("cjson.decode('\\0a')", "JSON parser does not support UTF-16 or UTF-32"),
    ] {
        let got = eval(&format!("return {call}"));
        assert!(got.contains(error), "{call}: {got}");
    }
}

#[test]
fn json_is_read_back() {
    check(
        "local t = cjson.decode('[1, \"a\", null, {\"b\": true}]') return {t[1], t[2], t[3] == cjson.null, t[4].b}",
        "*4|:1|$1|a|:1|:1|",
    );
    check(r#"return cjson.decode('"\\u00e9\\ud83d\\ude00"')"#, "$6|é😀|");
    check("return cjson.encode_max_depth(5)", ":5|");
    check("return tostring(cjson.decode('0x10'))", "$2|16|");
    check("return cjson.encode_sparse_array(true) and cjson.encode({[1]=1,[100]=1}) ~= nil", ":1|");
}

#[test]
fn messages_are_packed_and_unpacked() {
    check("return cmsgpack.pack({1,2,3}) == '\\147\\1\\2\\3'", ":1|");
    check("return cmsgpack.pack(-1, 1.5) == '\\255\\202\\63\\192\\0\\0'", ":1|");
    check("return {cmsgpack.unpack(cmsgpack.pack(1, 'two', {3}))}", "*3|:1|$3|two|*1|:3|");
    check("return {cmsgpack.unpack_one(cmsgpack.pack(1, 2))}", "*2|:1|:1|");
    check("return {cmsgpack.unpack_limit(cmsgpack.pack(1, 2, 3), 2)}", "*3|:2|:1|:2|");
    check("local t = cmsgpack.unpack(cmsgpack.pack({a={b={}}})) return type(t.a.b)", "$5|table|");
    for (bytes, error) in [
        ("\\217", "Missing bytes in input."),
        ("\\221", "Missing bytes in input."),
        ("\\193", "Bad data format in input."),
        ("\\221\\255\\255\\255\\255", "Missing bytes in input."),
        ("\\129\\192\\1", "table index is nil"),
    ] {
        let got = eval(&format!("return cmsgpack.unpack('{bytes}')"));
        assert!(got.contains(error), "{bytes}: {got}");
    }
    let got = eval("return cmsgpack.unpack(string.rep('\\145', 100000))");
    assert!(got.contains("stack overflow"), "{got}");
}

#[test]
fn structs_are_packed_and_their_sizes_checked() {
    check("return struct.pack('>I2c0s', 258, 'ab', 'c') == '\\1\\2abc\\0'", ":1|");
    check("return {struct.unpack('<i4h', '\\255\\255\\255\\255\\1\\0')}", "*3|:-1|:1|:7|");
    check("return {struct.unpack('Bc0', '\\3abcd')}", "*2|$3|abc|:5|");
    check("return struct.size('!8bd')", ":16|");
    for (call, error) in [
        ("struct.pack('I2147483648', 1)", "integral size overflow"),
        ("struct.pack('I33', 1)", "integral size 33 is larger than limit of 32"),
        ("struct.unpack('c0', 'x')", "format 'c0' needs a previous size"),
        ("struct.unpack('I4', 'abc')", "data string too short"),
        ("struct.unpack('Bc0', '\\255a')", "data string too short"),
        ("struct.unpack('b', 'a', -1)", "data string too short"),
        ("struct.pack('!3', 1)", "alignment 3 is not a power of 2"),
        ("struct.pack('?', 1)", "invalid format option '?'"),
        ("struct.size('s')", "option 's' has no fixed size"),
    ] {
        let got = eval(&format!("return {call}"));
        assert!(got.contains(error), "{call}: {got}");
    }
}

#[test]
fn bits_are_those_of_bitop() {
    check(
        "return {bit.band(7, 13), bit.bor(8, 1), bit.bxor(5, 1), bit.bnot(0), bit.tobit(4294967295)}",
        "*5|:5|:9|:4|:-1|:-1|",
    );
    check(
        "return {bit.lshift(1, 31), bit.arshift(-8, 2), bit.rshift(-1, 28), bit.rol(1, 33), bit.bswap(1)}",
        "*5|:-2147483648|:-2|:15|:2|:16777216|",
    );
    check(
        "return {bit.tohex(255), bit.tohex(255, -4), bit.tohex(255, -2147483648)}",
        "*3|$8|000000ff|$4|00FF|$8|000000FF|",
    );
}
