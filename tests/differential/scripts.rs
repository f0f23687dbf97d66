//! Scripts: what Lua computes and returns, commands that scripts run, errors on either side.

use super::grammar::{Grammar, Rule, Words};
use super::{hashes, lists, sets, strings};

/// Rules with their weights.
pub const RULES: &[(u32, Rule)] = &[(6, value), (10, call), (12, run_any), (3, library), (2, cached)];

/// Bodies that touch no key: conversions between Lua and the protocol, and the libraries.
const VALUES: &[&str] = &[
    "return 1",
    "return -7.9",
    "return 2^53",
    "return 2^63",
    "return 1/0",
    "return 'text'",
    "return ''",
    "return nil",
    "return true",
    "return false",
    "return {}",
    "return {1,'two',{3,{4}},5.5,nil,6}",
    "return {1,false,true,'x'}",
    "return {ok='fine'}",
    "return {err='ERR bad'}",
    "return {err='bad\\r\\nnews'}",
    "return redis.status_reply('S')",
    "return redis.error_reply('E one')",
    "return redis.error_reply('-X two')",
    "return {double=3.5}",
    "redis.setresp(3) return {double=3.5}",
    "redis.setresp(3) return {map={a=1}}",
    "redis.setresp(3) return {set={x=true}}",
    "redis.setresp(3) return {big_number='123456789012345678901234567890'}",
    "redis.setresp(3) return {verbatim_string={format='txt',string='v'}}",
    "redis.setresp(3) return false",
    "redis.setresp(4)",
    "return tostring(12345678901234567890)",
    "return tostring(0.1)..' '..tostring(1e15)..' '..tostring(-0.0)",
    "return #ARGV + #KEYS",
    "return KEYS[1]..ARGV[1]",
    "return {KEYS[1],ARGV[1],ARGV[2]}",
    "return redis.sha1hex(ARGV[1] or '')",
    "return redis.sha1hex()",
    "error('thrown')",
    "error({err='ERR table'})",
    "return undefined_name",
    "undefined_name = 1",
    "return nil + 1",
    "syntax error here",
    "return redis.log(redis.LOG_DEBUG,'x')",
    "return tonumber(ARGV[1])",
    "return string.rep('ab', 3)..string.format('%5.2f|%d|%q', 1.005, 7, 'a\"b')",
    "local t={5,2,8} table.sort(t) return t",
    "return {math.floor(-3.5),math.max(1,9,3),math.fmod(7,3)}",
    "return pcall(function() return 1 end)",
    "return select(2, pcall(error, 'deep'))",
    "return type(redis.call)..type(os.clock)..type(loadstring)",
    "return os.time",
    "return string.byte(ARGV[1] or 'a')",
];

/// Bodies of the libraries that Redis adds.
const LIBRARIES: &[&str] = &[
    "return cjson.encode({1,2,{3}})",
    "return cjson.encode({a=1.5})",
    "return cjson.encode('q\"uo\\te')",
    "return cjson.encode({})",
    "return cjson.decode('[1,2,\"x\",null,true]')",
    "return cjson.decode('{\"k\":[1,2]}').k",
    "return cjson.decode(ARGV[1] or '')",
    "return cjson.encode(1/0)",
    "return cjson.encode(cjson.null)",
    "return cmsgpack.pack(1,2.5,'x',{1,2},true,nil)",
    "return {cmsgpack.unpack(cmsgpack.pack({1,{2}},'y'))}",
    "return cmsgpack.unpack(ARGV[1] or '')",
    "return struct.pack('>I2hs', 1, -2, 'abc')",
    "return {struct.unpack('<i4', '\\1\\2\\3\\4')}",
    "return {struct.unpack('<i4', ARGV[1] or '')}",
    "return struct.size('!8dI3')",
    "return struct.pack('c0', ARGV[1] or 'x')",
    "return {bit.band(0xff0f,0x0ff0),bit.bor(1,2),bit.bxor(5,1),bit.bnot(0)}",
    "return {bit.lshift(1,31),bit.rshift(-1,28),bit.arshift(-256,4),bit.rol(1,33),bit.ror(1,1)}",
    "return {bit.tohex(255),bit.tohex(-1,4),bit.bswap(1),bit.tobit(2^32+5)}",
];

/// Bodies that run commands on the key and the argument that they are given.
const CALLS: &[&str] = &[
    "return redis.call('SET',KEYS[1],ARGV[1])",
    "return redis.call('GET',KEYS[1])",
    "return redis.pcall('GET',KEYS[1])",
    "return {redis.call('DEL',KEYS[1]),redis.call('EXISTS',KEYS[1])}",
    "local v=redis.call('INCRBY',KEYS[1],3) return v*2",
    "return redis.pcall('INCR',KEYS[1])",
    "redis.call('RPUSH',KEYS[1],ARGV[1],'z') return redis.call('LRANGE',KEYS[1],0,-1)",
    "redis.call('HSET',KEYS[1],'f',ARGV[1]) return redis.call('HGET',KEYS[1],'f')",
    "redis.call('ZADD',KEYS[1],1.5,'m') return redis.call('ZSCORE',KEYS[1],'m')",
    "redis.setresp(3) redis.call('ZADD',KEYS[1],1.5,'m') return redis.call('ZSCORE',KEYS[1],'m')",
    "return redis.pcall('BOGUS')",
    "return redis.call('GET')",
    "return redis.pcall('GET','a','b')",
    "local r=redis.pcall('LPUSH',KEYS[1],'x') if type(r)=='table' then return r.err end return r",
    "redis.call('SELECT',2) redis.call('SET',KEYS[1],ARGV[1]) return redis.call('GET',KEYS[1])",
    "redis.call('SET',KEYS[1],'1') error('after a write')",
    "return redis.call('MULTI')",
    "return redis.call('EVAL','return 1',0)",
    "local n=0 for i=1,20 do n=n+redis.call('APPEND',KEYS[1],'x') end return n",
    "return redis.call('TYPE',KEYS[1])",
    "return redis.call('TYPE',KEYS[1]).ok",
    "return redis.call({'GET'})",
    "return redis.call('SET',KEYS[1],1.5)",
    "return redis.call('SET',KEYS[1],true)",
    "return redis.pcall('SET',KEYS[1],12345678901234567)",
];

fn eval(g: &mut Grammar, body: &str) -> Words {
    let name = if g.rng.percent(90) { "EVAL" } else { "EVAL_RO" };
    let mut words = g.start(name);
    words.push(body.as_bytes().to_vec());
    words
}

fn value(g: &mut Grammar) -> Words {
    let body = *g.rng.pick(VALUES);
    let mut words = eval(g, body);
    let keys = g.rng.range(0, 2);
    words.push(if g.rng.percent(95) { keys.to_string().into_bytes() } else { g.integer() });
    g.keys(&mut words, keys, keys);
    for _ in 0..g.rng.range(0, 2) {
        words.push(g.value());
    }
    words
}

fn call(g: &mut Grammar) -> Words {
    let body = *g.rng.pick(CALLS);
    let mut words = eval(g, body);
    words.push(b"1".to_vec());
    words.extend([g.key(), g.value()]);
    words
}

fn library(g: &mut Grammar) -> Words {
    let body = *g.rng.pick(LIBRARIES);
    let mut words = eval(g, body);
    words.push(b"0".to_vec());
    if g.rng.percent(60) {
        words.push(g.value());
    }
    words
}

/// Any command of some groups, run by a script that declares no key.
fn run_any(g: &mut Grammar) -> Words {
    let call = *g.rng.pick(&["return redis.call(unpack(ARGV))", "return redis.pcall(unpack(ARGV))"]);
    let mut words = eval(g, call);
    words.push(b"0".to_vec());
    loop {
        let group = *g.rng.pick(&[strings::RULES, lists::RULES, hashes::RULES, sets::RULES]);
        let rule = group[g.rng.index(group.len())].1;
        let inner = rule(g);
        if is_repeatable(&inner) {
            words.extend(inner);
            return words;
        }
    }
}

/// Whether a command gives the same everywhere, so that what a script makes of it can be compared byte for byte. Scripts
/// of 7.0 may not run what blocks, those of 7.2 may.
fn is_repeatable(words: &Words) -> bool {
    const ORDERLESS: &[&str] = &[
        "SMEMBERS",
        "SUNION",
        "SINTER",
        "SDIFF",
        "SPOP",
        "SRANDMEMBER",
        "SSCAN",
        "HKEYS",
        "HVALS",
        "HGETALL",
        "HRANDFIELD",
        "HSCAN",
        "CONFIG",
        "TTL",
        "PTTL",
        "EXPIRETIME",
        "PEXPIRETIME",
    ];
    const BLOCKING: &[&str] = &["BLPOP", "BRPOP", "BRPOPLPUSH", "BLMOVE", "BLMPOP"];
    let name = words[0].to_ascii_uppercase();
    !ORDERLESS.iter().chain(BLOCKING).any(|orderless| name == orderless.as_bytes())
        && !lists::waits_long(words)
        && !lists::ranks_least(words)
}

fn cached(g: &mut Grammar) -> Words {
    const SHA_OF_RETURN_1: &str = "e0e1f9fabfc9d4800c877a703b823ac0578ff8db";
    match g.rng.below(4) {
        0 => {
            let mut words = g.start("EVALSHA");
            words.extend([SHA_OF_RETURN_1.as_bytes().to_vec(), b"0".to_vec()]);
            words
        }
        1 => {
            let mut words = g.start("SCRIPT LOAD");
            words.push(b"return 1".to_vec());
            words
        }
        2 => {
            let mut words = g.start("SCRIPT EXISTS");
            words.extend([SHA_OF_RETURN_1.as_bytes().to_vec(), b"ffff".to_vec()]);
            words
        }
        _ => g.start("SCRIPT FLUSH"),
    }
}
