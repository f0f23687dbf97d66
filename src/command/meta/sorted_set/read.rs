//! Group sorted-set, commands that read: facts of Redis 7.2's command table.

use super::super::build::{
    MULTIPLE, OPTIONAL, OPTIONAL_MULTIPLE, arg, block, command, counted, key, one_of, token,
};
use super::super::{Meta, cat, flag, key_flag};
use super::GROUP;

/// `ZCARD`.
pub static ZCARD: Meta = command("zcard", 2, GROUP, "1.2.0")
    .summary("Returns the number of members in a sorted set.")
    .flags(flag::READONLY | flag::FAST, cat::SORTEDSET)
    .keys(&[key(key_flag::RO, 1)])
    .complexity("O(1)")
    .args(&[arg("key", "key").key(0)]);

/// `ZCOUNT`.
pub static ZCOUNT: Meta = command("zcount", 4, GROUP, "2.0.0")
    .summary("Returns the count of members in a sorted set that have scores within a range.")
    .flags(flag::READONLY | flag::FAST, cat::SORTEDSET)
    .keys(&[key(key_flag::RO | key_flag::ACCESS, 1)])
    .complexity("O(log(N)) with N being the number of elements in the sorted set.")
    .args(&[arg("key", "key").key(0), arg("min", "double"), arg("max", "double")]);

/// `ZDIFF`.
pub static ZDIFF: Meta = command("zdiff", -3, GROUP, "6.2.0")
    .summary("Returns the difference between multiple sorted sets.")
    .flags(flag::READONLY, cat::SORTEDSET)
    .keys(&[counted(key_flag::RO | key_flag::ACCESS, 1)])
    .complexity(
        "O(L + (N-K)log(N)) worst case where L is the total number of elements in all the sets, \
         N is the size of the first set, and K is the size of the result set.",
    )
    .args(&[
        arg("numkeys", "integer"),
        arg("key", "key").key(0).is(MULTIPLE),
        token("withscores", "WITHSCORES").is(OPTIONAL),
    ]);

/// `ZINTER`.
pub static ZINTER: Meta = command("zinter", -3, GROUP, "6.2.0")
    .summary("Returns the intersect of multiple sorted sets.")
    .flags(flag::READONLY, cat::SORTEDSET)
    .keys(&[counted(key_flag::RO | key_flag::ACCESS, 1)])
    .complexity(
        "O(N*K)+O(M*log(M)) worst case with N being the smallest input sorted set, K being the \
         number of input sorted sets and M being the number of elements in the resulting sorted \
         set.",
    )
    .args(&[
        arg("numkeys", "integer"),
        arg("key", "key").key(0).is(MULTIPLE),
        arg("weight", "integer").token("WEIGHTS").is(OPTIONAL_MULTIPLE),
        one_of("aggregate", &[token("sum", "SUM"), token("min", "MIN"), token("max", "MAX")])
            .token("AGGREGATE")
            .is(OPTIONAL),
        token("withscores", "WITHSCORES").is(OPTIONAL),
    ]);

/// `ZINTERCARD`.
pub static ZINTERCARD: Meta = command("zintercard", -3, GROUP, "7.0.0")
    .summary("Returns the number of members of the intersect of multiple sorted sets.")
    .flags(flag::READONLY, cat::SORTEDSET)
    .keys(&[counted(key_flag::RO | key_flag::ACCESS, 1)])
    .complexity(
        "O(N*K) worst case with N being the smallest input sorted set, K being the number of \
         input sorted sets.",
    )
    .args(&[
        arg("numkeys", "integer"),
        arg("key", "key").key(0).is(MULTIPLE),
        arg("limit", "integer").token("LIMIT").is(OPTIONAL),
    ]);

/// `ZLEXCOUNT`.
pub static ZLEXCOUNT: Meta = command("zlexcount", 4, GROUP, "2.8.9")
    .summary("Returns the number of members in a sorted set within a lexicographical range.")
    .flags(flag::READONLY | flag::FAST, cat::SORTEDSET)
    .keys(&[key(key_flag::RO | key_flag::ACCESS, 1)])
    .complexity("O(log(N)) with N being the number of elements in the sorted set.")
    .args(&[arg("key", "key").key(0), arg("min", "string"), arg("max", "string")]);

/// `ZMSCORE`.
pub static ZMSCORE: Meta = command("zmscore", -3, GROUP, "6.2.0")
    .summary("Returns the score of one or more members in a sorted set.")
    .flags(flag::READONLY | flag::FAST, cat::SORTEDSET)
    .keys(&[key(key_flag::RO | key_flag::ACCESS, 1)])
    .complexity("O(N) where N is the number of members being requested.")
    .args(&[arg("key", "key").key(0), arg("member", "string").is(MULTIPLE)]);

/// `ZRANDMEMBER`.
pub static ZRANDMEMBER: Meta = command("zrandmember", -2, GROUP, "6.2.0")
    .summary("Returns one or more random members from a sorted set.")
    .flags(flag::READONLY, cat::SORTEDSET)
    .keys(&[key(key_flag::RO | key_flag::ACCESS, 1)])
    .complexity("O(N) where N is the number of members returned")
    .tips(&["nondeterministic_output"])
    .args(&[
        arg("key", "key").key(0),
        block("options", &[arg("count", "integer"), token("withscores", "WITHSCORES").is(OPTIONAL)])
            .is(OPTIONAL),
    ]);

/// `ZRANGE`.
pub static ZRANGE: Meta = command("zrange", -4, GROUP, "1.2.0")
    .summary("Returns members in a sorted set within a range of indexes.")
    .flags(flag::READONLY, cat::SORTEDSET)
    .keys(&[key(key_flag::RO | key_flag::ACCESS, 1)])
    .complexity(
        "O(log(N)+M) with N being the number of elements in the sorted set and M the number of \
         elements returned.",
    )
    .history(&[("6.2.0", "Added the `REV`, `BYSCORE`, `BYLEX` and `LIMIT` options.")])
    .args(&[
        arg("key", "key").key(0),
        arg("start", "string"),
        arg("stop", "string"),
        one_of("sortby", &[token("byscore", "BYSCORE"), token("bylex", "BYLEX")]).since("6.2.0").is(OPTIONAL),
        token("rev", "REV").since("6.2.0").is(OPTIONAL),
        block("limit", &[arg("offset", "integer"), arg("count", "integer")])
            .token("LIMIT")
            .since("6.2.0")
            .is(OPTIONAL),
        token("withscores", "WITHSCORES").is(OPTIONAL),
    ]);

/// `ZRANGEBYLEX`.
pub static ZRANGEBYLEX: Meta = command("zrangebylex", -4, GROUP, "2.8.9")
    .summary("Returns members in a sorted set within a lexicographical range.")
    .flags(flag::READONLY, cat::SORTEDSET)
    .keys(&[key(key_flag::RO | key_flag::ACCESS, 1)])
    .complexity(
        "O(log(N)+M) with N being the number of elements in the sorted set and M the number of \
         elements being returned. If M is constant (e.g. always asking for the first 10 \
         elements with LIMIT), you can consider it O(log(N)).",
    )
    .deprecated("6.2.0", "`ZRANGE` with the `BYLEX` argument")
    .args(&[
        arg("key", "key").key(0),
        arg("min", "string"),
        arg("max", "string"),
        block("limit", &[arg("offset", "integer"), arg("count", "integer")]).token("LIMIT").is(OPTIONAL),
    ]);

/// `ZRANGEBYSCORE`.
pub static ZRANGEBYSCORE: Meta = command("zrangebyscore", -4, GROUP, "1.0.5")
    .summary("Returns members in a sorted set within a range of scores.")
    .flags(flag::READONLY, cat::SORTEDSET)
    .keys(&[key(key_flag::RO | key_flag::ACCESS, 1)])
    .complexity(
        "O(log(N)+M) with N being the number of elements in the sorted set and M the number of \
         elements being returned. If M is constant (e.g. always asking for the first 10 \
         elements with LIMIT), you can consider it O(log(N)).",
    )
    .deprecated("6.2.0", "`ZRANGE` with the `BYSCORE` argument")
    .history(&[("2.0.0", "Added the `WITHSCORES` modifier.")])
    .args(&[
        arg("key", "key").key(0),
        arg("min", "double"),
        arg("max", "double"),
        token("withscores", "WITHSCORES").since("2.0.0").is(OPTIONAL),
        block("limit", &[arg("offset", "integer"), arg("count", "integer")]).token("LIMIT").is(OPTIONAL),
    ]);

/// `ZRANK`.
pub static ZRANK: Meta = command("zrank", -3, GROUP, "2.0.0")
    .summary("Returns the index of a member in a sorted set ordered by ascending scores.")
    .flags(flag::READONLY | flag::FAST, cat::SORTEDSET)
    .keys(&[key(key_flag::RO | key_flag::ACCESS, 1)])
    .complexity("O(log(N))")
    .history(&[("7.2.0", "Added the optional `WITHSCORE` argument.")])
    .args(&[arg("key", "key").key(0), arg("member", "string"), token("withscore", "WITHSCORE").is(OPTIONAL)]);

/// `ZREVRANGE`.
pub static ZREVRANGE: Meta = command("zrevrange", -4, GROUP, "1.2.0")
    .summary("Returns members in a sorted set within a range of indexes in reverse order.")
    .flags(flag::READONLY, cat::SORTEDSET)
    .keys(&[key(key_flag::RO | key_flag::ACCESS, 1)])
    .complexity(
        "O(log(N)+M) with N being the number of elements in the sorted set and M the number of \
         elements returned.",
    )
    .deprecated("6.2.0", "`ZRANGE` with the `REV` argument")
    .args(&[
        arg("key", "key").key(0),
        arg("start", "integer"),
        arg("stop", "integer"),
        token("withscores", "WITHSCORES").is(OPTIONAL),
    ]);

/// `ZREVRANGEBYLEX`.
pub static ZREVRANGEBYLEX: Meta = command("zrevrangebylex", -4, GROUP, "2.8.9")
    .summary("Returns members in a sorted set within a lexicographical range in reverse order.")
    .flags(flag::READONLY, cat::SORTEDSET)
    .keys(&[key(key_flag::RO | key_flag::ACCESS, 1)])
    .complexity(
        "O(log(N)+M) with N being the number of elements in the sorted set and M the number of \
         elements being returned. If M is constant (e.g. always asking for the first 10 \
         elements with LIMIT), you can consider it O(log(N)).",
    )
    .deprecated("6.2.0", "`ZRANGE` with the `REV` and `BYLEX` arguments")
    .args(&[
        arg("key", "key").key(0),
        arg("max", "string"),
        arg("min", "string"),
        block("limit", &[arg("offset", "integer"), arg("count", "integer")]).token("LIMIT").is(OPTIONAL),
    ]);

/// `ZREVRANGEBYSCORE`.
pub static ZREVRANGEBYSCORE: Meta = command("zrevrangebyscore", -4, GROUP, "2.2.0")
    .summary("Returns members in a sorted set within a range of scores in reverse order.")
    .flags(flag::READONLY, cat::SORTEDSET)
    .keys(&[key(key_flag::RO | key_flag::ACCESS, 1)])
    .complexity(
        "O(log(N)+M) with N being the number of elements in the sorted set and M the number of \
         elements being returned. If M is constant (e.g. always asking for the first 10 \
         elements with LIMIT), you can consider it O(log(N)).",
    )
    .deprecated("6.2.0", "`ZRANGE` with the `REV` and `BYSCORE` arguments")
    .history(&[("2.1.6", "`min` and `max` can be exclusive.")])
    .args(&[
        arg("key", "key").key(0),
        arg("max", "double"),
        arg("min", "double"),
        token("withscores", "WITHSCORES").is(OPTIONAL),
        block("limit", &[arg("offset", "integer"), arg("count", "integer")]).token("LIMIT").is(OPTIONAL),
    ]);

/// `ZREVRANK`.
pub static ZREVRANK: Meta = command("zrevrank", -3, GROUP, "2.0.0")
    .summary("Returns the index of a member in a sorted set ordered by descending scores.")
    .flags(flag::READONLY | flag::FAST, cat::SORTEDSET)
    .keys(&[key(key_flag::RO | key_flag::ACCESS, 1)])
    .complexity("O(log(N))")
    .history(&[("7.2.0", "Added the optional `WITHSCORE` argument.")])
    .args(&[arg("key", "key").key(0), arg("member", "string"), token("withscore", "WITHSCORE").is(OPTIONAL)]);

/// `ZSCAN`.
pub static ZSCAN: Meta = command("zscan", -3, GROUP, "2.8.0")
    .summary("Iterates over members and scores of a sorted set.")
    .flags(flag::READONLY, cat::SORTEDSET)
    .keys(&[key(key_flag::RO | key_flag::ACCESS, 1)])
    .complexity(
        "O(1) for every call. O(N) for a complete iteration, including enough command calls for \
         the cursor to return back to 0. N is the number of elements inside the collection.",
    )
    .tips(&["nondeterministic_output"])
    .args(&[
        arg("key", "key").key(0),
        arg("cursor", "integer"),
        arg("pattern", "pattern").token("MATCH").is(OPTIONAL),
        arg("count", "integer").token("COUNT").is(OPTIONAL),
    ]);

/// `ZSCORE`.
pub static ZSCORE: Meta = command("zscore", 3, GROUP, "1.2.0")
    .summary("Returns the score of a member in a sorted set.")
    .flags(flag::READONLY | flag::FAST, cat::SORTEDSET)
    .keys(&[key(key_flag::RO | key_flag::ACCESS, 1)])
    .complexity("O(1)")
    .args(&[arg("key", "key").key(0), arg("member", "string")]);

/// `ZUNION`.
pub static ZUNION: Meta = command("zunion", -3, GROUP, "6.2.0")
    .summary("Returns the union of multiple sorted sets.")
    .flags(flag::READONLY, cat::SORTEDSET)
    .keys(&[counted(key_flag::RO | key_flag::ACCESS, 1)])
    .complexity(
        "O(N)+O(M*log(M)) with N being the sum of the sizes of the input sorted sets, and M \
         being the number of elements in the resulting sorted set.",
    )
    .args(&[
        arg("numkeys", "integer"),
        arg("key", "key").key(0).is(MULTIPLE),
        arg("weight", "integer").token("WEIGHTS").is(OPTIONAL_MULTIPLE),
        one_of("aggregate", &[token("sum", "SUM"), token("min", "MIN"), token("max", "MAX")])
            .token("AGGREGATE")
            .is(OPTIONAL),
        token("withscores", "WITHSCORES").is(OPTIONAL),
    ]);
