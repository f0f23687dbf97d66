//! Group string: facts of Redis 7.2's command table.

use super::build::{MULTIPLE, OPTIONAL, arg, block, command, key, one_of, range, token};
use super::{Meta, cat, flag, key_flag};

const GROUP: &str = "string";

/// `APPEND`.
pub static APPEND: Meta = command("append", 3, GROUP, "2.0.0")
    .summary("Appends a string to the value of a key. Creates the key if it doesn't exist.")
    .flags(flag::WRITE | flag::DENYOOM | flag::FAST, cat::STRING)
    .keys(&[key(key_flag::RW | key_flag::INSERT, 1)])
    .complexity(
        "O(1). The amortized time complexity is O(1) assuming the appended value is small and \
         the already present value is of any size, since the dynamic string library used by \
         Redis will double the free space available on every reallocation.",
    )
    .args(&[arg("key", "key").key(0), arg("value", "string")]);

/// `DECR`.
pub static DECR: Meta = command("decr", 2, GROUP, "1.0.0")
    .summary(
        "Decrements the integer value of a key by one. Uses 0 as initial value if the key doesn't \
         exist.",
    )
    .flags(flag::WRITE | flag::DENYOOM | flag::FAST, cat::STRING)
    .keys(&[key(key_flag::RW | key_flag::ACCESS | key_flag::UPDATE, 1)])
    .complexity("O(1)")
    .args(&[arg("key", "key").key(0)]);

/// `DECRBY`.
pub static DECRBY: Meta = command("decrby", 3, GROUP, "1.0.0")
    .summary(
        "Decrements a number from the integer value of a key. Uses 0 as initial value if the key \
         doesn't exist.",
    )
    .flags(flag::WRITE | flag::DENYOOM | flag::FAST, cat::STRING)
    .keys(&[key(key_flag::RW | key_flag::ACCESS | key_flag::UPDATE, 1)])
    .complexity("O(1)")
    .args(&[arg("key", "key").key(0), arg("decrement", "integer")]);

/// `GET`.
pub static GET: Meta = command("get", 2, GROUP, "1.0.0")
    .summary("Returns the string value of a key.")
    .flags(flag::READONLY | flag::FAST, cat::STRING)
    .keys(&[key(key_flag::RO | key_flag::ACCESS, 1)])
    .complexity("O(1)")
    .args(&[arg("key", "key").key(0)]);

/// `GETDEL`.
pub static GETDEL: Meta = command("getdel", 2, GROUP, "6.2.0")
    .summary("Returns the string value of a key after deleting the key.")
    .flags(flag::WRITE | flag::FAST, cat::STRING)
    .keys(&[key(key_flag::RW | key_flag::ACCESS | key_flag::DELETE, 1)])
    .complexity("O(1)")
    .args(&[arg("key", "key").key(0)]);

/// `GETEX`.
pub static GETEX: Meta = command("getex", -2, GROUP, "6.2.0")
    .summary("Returns the string value of a key after setting its expiration time.")
    .flags(flag::WRITE | flag::FAST, cat::STRING)
    .keys(&[key(key_flag::RW | key_flag::ACCESS | key_flag::UPDATE, 1)
        .note("RW and UPDATE because it changes the TTL")])
    .complexity("O(1)")
    .args(&[
        arg("key", "key").key(0),
        one_of(
            "expiration",
            &[
                arg("seconds", "integer").token("EX"),
                arg("milliseconds", "integer").token("PX"),
                arg("unix-time-seconds", "unix-time").token("EXAT"),
                arg("unix-time-milliseconds", "unix-time").token("PXAT"),
                token("persist", "PERSIST"),
            ],
        )
        .is(OPTIONAL),
    ]);

/// `GETRANGE`.
pub static GETRANGE: Meta = command("getrange", 4, GROUP, "2.4.0")
    .summary("Returns a substring of the string stored at a key.")
    .flags(flag::READONLY, cat::STRING)
    .keys(&[key(key_flag::RO | key_flag::ACCESS, 1)])
    .complexity(
        "O(N) where N is the length of the returned string. The complexity is ultimately \
         determined by the returned length, but because creating a substring from an existing \
         string is very cheap, it can be considered O(1) for small strings.",
    )
    .args(&[arg("key", "key").key(0), arg("start", "integer"), arg("end", "integer")]);

/// `GETSET`.
pub static GETSET: Meta = command("getset", 3, GROUP, "1.0.0")
    .summary("Returns the previous string value of a key after setting it to a new value.")
    .flags(flag::WRITE | flag::DENYOOM | flag::FAST, cat::STRING)
    .keys(&[key(key_flag::RW | key_flag::ACCESS | key_flag::UPDATE, 1)])
    .complexity("O(1)")
    .deprecated("6.2.0", "`SET` with the `!GET` argument")
    .args(&[arg("key", "key").key(0), arg("value", "string")]);

/// `INCR`.
pub static INCR: Meta = command("incr", 2, GROUP, "1.0.0")
    .summary(
        "Increments the integer value of a key by one. Uses 0 as initial value if the key doesn't \
         exist.",
    )
    .flags(flag::WRITE | flag::DENYOOM | flag::FAST, cat::STRING)
    .keys(&[key(key_flag::RW | key_flag::ACCESS | key_flag::UPDATE, 1)])
    .complexity("O(1)")
    .args(&[arg("key", "key").key(0)]);

/// `INCRBY`.
pub static INCRBY: Meta = command("incrby", 3, GROUP, "1.0.0")
    .summary(
        "Increments the integer value of a key by a number. Uses 0 as initial value if the key \
         doesn't exist.",
    )
    .flags(flag::WRITE | flag::DENYOOM | flag::FAST, cat::STRING)
    .keys(&[key(key_flag::RW | key_flag::ACCESS | key_flag::UPDATE, 1)])
    .complexity("O(1)")
    .args(&[arg("key", "key").key(0), arg("increment", "integer")]);

/// `INCRBYFLOAT`.
pub static INCRBYFLOAT: Meta = command("incrbyfloat", 3, GROUP, "2.6.0")
    .summary(
        "Increment the floating point value of a key by a number. Uses 0 as initial value if the \
         key doesn't exist.",
    )
    .flags(flag::WRITE | flag::DENYOOM | flag::FAST, cat::STRING)
    .keys(&[key(key_flag::RW | key_flag::ACCESS | key_flag::UPDATE, 1)])
    .complexity("O(1)")
    .args(&[arg("key", "key").key(0), arg("increment", "double")]);

/// `LCS`.
pub static LCS: Meta = command("lcs", -3, GROUP, "7.0.0")
    .summary("Finds the longest common substring.")
    .flags(flag::READONLY, cat::STRING)
    .keys(&[range(key_flag::RO | key_flag::ACCESS, 1, 1, 1)])
    .complexity("O(N*M) where N and M are the lengths of s1 and s2, respectively")
    .args(&[
        arg("key1", "key").key(0),
        arg("key2", "key").key(0),
        token("len", "LEN").is(OPTIONAL),
        token("idx", "IDX").is(OPTIONAL),
        arg("min-match-len", "integer").token("MINMATCHLEN").is(OPTIONAL),
        token("withmatchlen", "WITHMATCHLEN").is(OPTIONAL),
    ]);

/// `MGET`.
pub static MGET: Meta = command("mget", -2, GROUP, "1.0.0")
    .summary("Atomically returns the string values of one or more keys.")
    .flags(flag::READONLY | flag::FAST, cat::STRING)
    .keys(&[range(key_flag::RO | key_flag::ACCESS, 1, -1, 1)])
    .complexity("O(N) where N is the number of keys to retrieve.")
    .tips(&["request_policy:multi_shard"])
    .args(&[arg("key", "key").key(0).is(MULTIPLE)]);

/// `MSET`.
pub static MSET: Meta = command("mset", -3, GROUP, "1.0.1")
    .summary("Atomically creates or modifies the string values of one or more keys.")
    .flags(flag::WRITE | flag::DENYOOM, cat::STRING)
    .keys(&[range(key_flag::OW | key_flag::UPDATE, 1, -1, 2)])
    .complexity("O(N) where N is the number of keys to set.")
    .tips(&["request_policy:multi_shard", "response_policy:all_succeeded"])
    .args(&[block("data", &[arg("key", "key").key(0), arg("value", "string")]).is(MULTIPLE)]);

/// `MSETNX`.
pub static MSETNX: Meta = command("msetnx", -3, GROUP, "1.0.1")
    .summary("Atomically modifies the string values of one or more keys only when all keys don't exist.")
    .flags(flag::WRITE | flag::DENYOOM, cat::STRING)
    .keys(&[range(key_flag::OW | key_flag::INSERT, 1, -1, 2)])
    .complexity("O(N) where N is the number of keys to set.")
    .args(&[block("data", &[arg("key", "key").key(0), arg("value", "string")]).is(MULTIPLE)]);

/// `PSETEX`.
pub static PSETEX: Meta = command("psetex", 4, GROUP, "2.6.0")
    .summary(
        "Sets both string value and expiration time in milliseconds of a key. The key is created \
         if it doesn't exist.",
    )
    .flags(flag::WRITE | flag::DENYOOM, cat::STRING)
    .keys(&[key(key_flag::OW | key_flag::UPDATE, 1)])
    .complexity("O(1)")
    .deprecated("2.6.12", "`SET` with the `PX` argument")
    .args(&[arg("key", "key").key(0), arg("milliseconds", "integer"), arg("value", "string")]);

/// `SET`.
pub static SET: Meta = command("set", -3, GROUP, "1.0.0")
    .summary("Sets the string value of a key, ignoring its type. The key is created if it doesn't exist.")
    .flags(flag::WRITE | flag::DENYOOM, cat::STRING)
    .keys(&[key(key_flag::RW | key_flag::ACCESS | key_flag::UPDATE | key_flag::VARIABLE_FLAGS, 1)
        .note("RW and ACCESS due to the optional `GET` argument")])
    .complexity("O(1)")
    .history(&[
        ("2.6.12", "Added the `EX`, `PX`, `NX` and `XX` options."),
        ("6.0.0", "Added the `KEEPTTL` option."),
        ("6.2.0", "Added the `GET`, `EXAT` and `PXAT` option."),
        ("7.0.0", "Allowed the `NX` and `GET` options to be used together."),
    ])
    .args(&[
        arg("key", "key").key(0),
        arg("value", "string"),
        one_of("condition", &[token("nx", "NX"), token("xx", "XX")]).since("2.6.12").is(OPTIONAL),
        token("get", "GET").since("6.2.0").is(OPTIONAL),
        one_of(
            "expiration",
            &[
                arg("seconds", "integer").token("EX").since("2.6.12"),
                arg("milliseconds", "integer").token("PX").since("2.6.12"),
                arg("unix-time-seconds", "unix-time").token("EXAT").since("6.2.0"),
                arg("unix-time-milliseconds", "unix-time").token("PXAT").since("6.2.0"),
                token("keepttl", "KEEPTTL").since("6.0.0"),
            ],
        )
        .is(OPTIONAL),
    ]);

/// `SETEX`.
pub static SETEX: Meta = command("setex", 4, GROUP, "2.0.0")
    .summary("Sets the string value and expiration time of a key. Creates the key if it doesn't exist.")
    .flags(flag::WRITE | flag::DENYOOM, cat::STRING)
    .keys(&[key(key_flag::OW | key_flag::UPDATE, 1)])
    .complexity("O(1)")
    .deprecated("2.6.12", "`SET` with the `EX` argument")
    .args(&[arg("key", "key").key(0), arg("seconds", "integer"), arg("value", "string")]);

/// `SETNX`.
pub static SETNX: Meta = command("setnx", 3, GROUP, "1.0.0")
    .summary("Set the string value of a key only when the key doesn't exist.")
    .flags(flag::WRITE | flag::DENYOOM | flag::FAST, cat::STRING)
    .keys(&[key(key_flag::OW | key_flag::INSERT, 1)])
    .complexity("O(1)")
    .deprecated("2.6.12", "`SET` with the `NX` argument")
    .args(&[arg("key", "key").key(0), arg("value", "string")]);

/// `SETRANGE`.
pub static SETRANGE: Meta = command("setrange", 4, GROUP, "2.2.0")
    .summary(
        "Overwrites a part of a string value with another by an offset. Creates the key if it \
         doesn't exist.",
    )
    .flags(flag::WRITE | flag::DENYOOM, cat::STRING)
    .keys(&[key(key_flag::RW | key_flag::UPDATE, 1)])
    .complexity(
        "O(1), not counting the time taken to copy the new string in place. Usually, this \
         string is very small so the amortized complexity is O(1). Otherwise, complexity is \
         O(M) with M being the length of the value argument.",
    )
    .args(&[arg("key", "key").key(0), arg("offset", "integer"), arg("value", "string")]);

/// `STRLEN`.
pub static STRLEN: Meta = command("strlen", 2, GROUP, "2.2.0")
    .summary("Returns the length of a string value.")
    .flags(flag::READONLY | flag::FAST, cat::STRING)
    .keys(&[key(key_flag::RO, 1)])
    .complexity("O(1)")
    .args(&[arg("key", "key").key(0)]);

/// `SUBSTR`.
pub static SUBSTR: Meta = command("substr", 4, GROUP, "1.0.0")
    .summary("Returns a substring from a string value.")
    .flags(flag::READONLY, cat::STRING)
    .keys(&[key(key_flag::RO | key_flag::ACCESS, 1)])
    .complexity(
        "O(N) where N is the length of the returned string. The complexity is ultimately \
         determined by the returned length, but because creating a substring from an existing \
         string is very cheap, it can be considered O(1) for small strings.",
    )
    .deprecated("2.0.0", "`GETRANGE`")
    .args(&[arg("key", "key").key(0), arg("start", "integer"), arg("end", "integer")]);
