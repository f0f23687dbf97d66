//! Group sorted-set: facts of Redis 7.2's command table.

mod read;

use super::build::{
    MULTIPLE, OPTIONAL, OPTIONAL_MULTIPLE, arg, block, command, counted, key, one_of, range, token,
};
use super::{Meta, cat, flag, key_flag};
pub use read::*;

const GROUP: &str = "sorted-set";

/// `BZMPOP`.
pub static BZMPOP: Meta = command("bzmpop", -5, GROUP, "7.0.0")
    .summary(
        "Removes and returns a member by score from one or more sorted sets. Blocks until a member \
         is available otherwise. Deletes the sorted set if the last element was popped.",
    )
    .flags(flag::WRITE | flag::BLOCKING, cat::SORTEDSET)
    .keys(&[counted(key_flag::RW | key_flag::ACCESS | key_flag::DELETE, 2)])
    .complexity(
        "O(K) + O(M*log(N)) where K is the number of provided keys, N being the number of \
         elements in the sorted set, and M being the number of elements popped.",
    )
    .args(&[
        arg("timeout", "double"),
        arg("numkeys", "integer"),
        arg("key", "key").key(0).is(MULTIPLE),
        one_of("where", &[token("min", "MIN"), token("max", "MAX")]),
        arg("count", "integer").token("COUNT").is(OPTIONAL),
    ]);

/// `BZPOPMAX`.
pub static BZPOPMAX: Meta = command("bzpopmax", -3, GROUP, "5.0.0")
    .summary(
        "Removes and returns the member with the highest score from one or more sorted sets. \
         Blocks until a member available otherwise.  Deletes the sorted set if the last element \
         was popped.",
    )
    .flags(flag::WRITE | flag::FAST | flag::BLOCKING, cat::SORTEDSET)
    .keys(&[range(key_flag::RW | key_flag::ACCESS | key_flag::DELETE, 1, -2, 1)])
    .complexity("O(log(N)) with N being the number of elements in the sorted set.")
    .history(&[("6.0.0", "`timeout` is interpreted as a double instead of an integer.")])
    .args(&[arg("key", "key").key(0).is(MULTIPLE), arg("timeout", "double")]);

/// `BZPOPMIN`.
pub static BZPOPMIN: Meta = command("bzpopmin", -3, GROUP, "5.0.0")
    .summary(
        "Removes and returns the member with the lowest score from one or more sorted sets. Blocks \
         until a member is available otherwise. Deletes the sorted set if the last element was \
         popped.",
    )
    .flags(flag::WRITE | flag::FAST | flag::BLOCKING, cat::SORTEDSET)
    .keys(&[range(key_flag::RW | key_flag::ACCESS | key_flag::DELETE, 1, -2, 1)])
    .complexity("O(log(N)) with N being the number of elements in the sorted set.")
    .history(&[("6.0.0", "`timeout` is interpreted as a double instead of an integer.")])
    .args(&[arg("key", "key").key(0).is(MULTIPLE), arg("timeout", "double")]);

/// `ZADD`.
pub static ZADD: Meta = command("zadd", -4, GROUP, "1.2.0")
    .summary(
        "Adds one or more members to a sorted set, or updates their scores. Creates the key if it \
         doesn't exist.",
    )
    .flags(flag::WRITE | flag::DENYOOM | flag::FAST, cat::SORTEDSET)
    .keys(&[key(key_flag::RW | key_flag::UPDATE, 1)])
    .complexity("O(log(N)) for each item added, where N is the number of elements in the sorted set.")
    .history(&[
        ("2.4.0", "Accepts multiple elements."),
        ("3.0.2", "Added the `XX`, `NX`, `CH` and `INCR` options."),
        ("6.2.0", "Added the `GT` and `LT` options."),
    ])
    .args(&[
        arg("key", "key").key(0),
        one_of("condition", &[token("nx", "NX"), token("xx", "XX")]).since("3.0.2").is(OPTIONAL),
        one_of("comparison", &[token("gt", "GT"), token("lt", "LT")]).since("6.2.0").is(OPTIONAL),
        token("change", "CH").since("3.0.2").is(OPTIONAL),
        token("increment", "INCR").since("3.0.2").is(OPTIONAL),
        block("data", &[arg("score", "double"), arg("member", "string")]).is(MULTIPLE),
    ]);

/// `ZDIFFSTORE`.
pub static ZDIFFSTORE: Meta = command("zdiffstore", -4, GROUP, "6.2.0")
    .summary("Stores the difference of multiple sorted sets in a key.")
    .flags(flag::WRITE | flag::DENYOOM, cat::SORTEDSET)
    .keys(&[key(key_flag::OW | key_flag::UPDATE, 1), counted(key_flag::RO | key_flag::ACCESS, 2)])
    .complexity(
        "O(L + (N-K)log(N)) worst case where L is the total number of elements in all the sets, \
         N is the size of the first set, and K is the size of the result set.",
    )
    .args(&[
        arg("destination", "key").key(0),
        arg("numkeys", "integer"),
        arg("key", "key").key(1).is(MULTIPLE),
    ]);

/// `ZINCRBY`.
pub static ZINCRBY: Meta = command("zincrby", 4, GROUP, "1.2.0")
    .summary("Increments the score of a member in a sorted set.")
    .flags(flag::WRITE | flag::DENYOOM | flag::FAST, cat::SORTEDSET)
    .keys(&[key(key_flag::RW | key_flag::ACCESS | key_flag::UPDATE, 1)])
    .complexity("O(log(N)) where N is the number of elements in the sorted set.")
    .args(&[arg("key", "key").key(0), arg("increment", "integer"), arg("member", "string")]);

/// `ZINTERSTORE`.
pub static ZINTERSTORE: Meta = command("zinterstore", -4, GROUP, "2.0.0")
    .summary("Stores the intersect of multiple sorted sets in a key.")
    .flags(flag::WRITE | flag::DENYOOM, cat::SORTEDSET)
    .keys(&[key(key_flag::OW | key_flag::UPDATE, 1), counted(key_flag::RO | key_flag::ACCESS, 2)])
    .complexity(
        "O(N*K)+O(M*log(M)) worst case with N being the smallest input sorted set, K being the \
         number of input sorted sets and M being the number of elements in the resulting sorted \
         set.",
    )
    .args(&[
        arg("destination", "key").key(0),
        arg("numkeys", "integer"),
        arg("key", "key").key(1).is(MULTIPLE),
        arg("weight", "integer").token("WEIGHTS").is(OPTIONAL_MULTIPLE),
        one_of("aggregate", &[token("sum", "SUM"), token("min", "MIN"), token("max", "MAX")])
            .token("AGGREGATE")
            .is(OPTIONAL),
    ]);

/// `ZMPOP`.
pub static ZMPOP: Meta = command("zmpop", -4, GROUP, "7.0.0")
    .summary(
        "Returns the highest- or lowest-scoring members from one or more sorted sets after \
         removing them. Deletes the sorted set if the last member was popped.",
    )
    .flags(flag::WRITE, cat::SORTEDSET)
    .keys(&[counted(key_flag::RW | key_flag::ACCESS | key_flag::DELETE, 1)])
    .complexity(
        "O(K) + O(M*log(N)) where K is the number of provided keys, N being the number of \
         elements in the sorted set, and M being the number of elements popped.",
    )
    .args(&[
        arg("numkeys", "integer"),
        arg("key", "key").key(0).is(MULTIPLE),
        one_of("where", &[token("min", "MIN"), token("max", "MAX")]),
        arg("count", "integer").token("COUNT").is(OPTIONAL),
    ]);

/// `ZPOPMAX`.
pub static ZPOPMAX: Meta = command("zpopmax", -2, GROUP, "5.0.0")
    .summary(
        "Returns the highest-scoring members from a sorted set after removing them. Deletes the \
         sorted set if the last member was popped.",
    )
    .flags(flag::WRITE | flag::FAST, cat::SORTEDSET)
    .keys(&[key(key_flag::RW | key_flag::ACCESS | key_flag::DELETE, 1)])
    .complexity(
        "O(log(N)*M) with N being the number of elements in the sorted set, and M being the \
         number of elements popped.",
    )
    .args(&[arg("key", "key").key(0), arg("count", "integer").is(OPTIONAL)]);

/// `ZPOPMIN`.
pub static ZPOPMIN: Meta = command("zpopmin", -2, GROUP, "5.0.0")
    .summary(
        "Returns the lowest-scoring members from a sorted set after removing them. Deletes the \
         sorted set if the last member was popped.",
    )
    .flags(flag::WRITE | flag::FAST, cat::SORTEDSET)
    .keys(&[key(key_flag::RW | key_flag::ACCESS | key_flag::DELETE, 1)])
    .complexity(
        "O(log(N)*M) with N being the number of elements in the sorted set, and M being the \
         number of elements popped.",
    )
    .args(&[arg("key", "key").key(0), arg("count", "integer").is(OPTIONAL)]);

/// `ZRANGESTORE`.
pub static ZRANGESTORE: Meta = command("zrangestore", -5, GROUP, "6.2.0")
    .summary("Stores a range of members from sorted set in a key.")
    .flags(flag::WRITE | flag::DENYOOM, cat::SORTEDSET)
    .keys(&[key(key_flag::OW | key_flag::UPDATE, 1), key(key_flag::RO | key_flag::ACCESS, 2)])
    .complexity(
        "O(log(N)+M) with N being the number of elements in the sorted set and M the number of \
         elements stored into the destination key.",
    )
    .args(&[
        arg("dst", "key").key(0),
        arg("src", "key").key(1),
        arg("min", "string"),
        arg("max", "string"),
        one_of("sortby", &[token("byscore", "BYSCORE"), token("bylex", "BYLEX")]).is(OPTIONAL),
        token("rev", "REV").is(OPTIONAL),
        block("limit", &[arg("offset", "integer"), arg("count", "integer")]).token("LIMIT").is(OPTIONAL),
    ]);

/// `ZREM`.
pub static ZREM: Meta = command("zrem", -3, GROUP, "1.2.0")
    .summary(
        "Removes one or more members from a sorted set. Deletes the sorted set if all members were \
         removed.",
    )
    .flags(flag::WRITE | flag::FAST, cat::SORTEDSET)
    .keys(&[key(key_flag::RW | key_flag::DELETE, 1)])
    .complexity(
        "O(M*log(N)) with N being the number of elements in the sorted set and M the number of \
         elements to be removed.",
    )
    .history(&[("2.4.0", "Accepts multiple elements.")])
    .args(&[arg("key", "key").key(0), arg("member", "string").is(MULTIPLE)]);

/// `ZREMRANGEBYLEX`.
pub static ZREMRANGEBYLEX: Meta = command("zremrangebylex", 4, GROUP, "2.8.9")
    .summary(
        "Removes members in a sorted set within a lexicographical range. Deletes the sorted set if \
         all members were removed.",
    )
    .flags(flag::WRITE, cat::SORTEDSET)
    .keys(&[key(key_flag::RW | key_flag::DELETE, 1)])
    .complexity(
        "O(log(N)+M) with N being the number of elements in the sorted set and M the number of \
         elements removed by the operation.",
    )
    .args(&[arg("key", "key").key(0), arg("min", "string"), arg("max", "string")]);

/// `ZREMRANGEBYRANK`.
pub static ZREMRANGEBYRANK: Meta = command("zremrangebyrank", 4, GROUP, "2.0.0")
    .summary(
        "Removes members in a sorted set within a range of indexes. Deletes the sorted set if all \
         members were removed.",
    )
    .flags(flag::WRITE, cat::SORTEDSET)
    .keys(&[key(key_flag::RW | key_flag::DELETE, 1)])
    .complexity(
        "O(log(N)+M) with N being the number of elements in the sorted set and M the number of \
         elements removed by the operation.",
    )
    .args(&[arg("key", "key").key(0), arg("start", "integer"), arg("stop", "integer")]);

/// `ZREMRANGEBYSCORE`.
pub static ZREMRANGEBYSCORE: Meta = command("zremrangebyscore", 4, GROUP, "1.2.0")
    .summary(
        "Removes members in a sorted set within a range of scores. Deletes the sorted set if all \
         members were removed.",
    )
    .flags(flag::WRITE, cat::SORTEDSET)
    .keys(&[key(key_flag::RW | key_flag::DELETE, 1)])
    .complexity(
        "O(log(N)+M) with N being the number of elements in the sorted set and M the number of \
         elements removed by the operation.",
    )
    .args(&[arg("key", "key").key(0), arg("min", "double"), arg("max", "double")]);

/// `ZUNIONSTORE`.
pub static ZUNIONSTORE: Meta = command("zunionstore", -4, GROUP, "2.0.0")
    .summary("Stores the union of multiple sorted sets in a key.")
    .flags(flag::WRITE | flag::DENYOOM, cat::SORTEDSET)
    .keys(&[key(key_flag::OW | key_flag::UPDATE, 1), counted(key_flag::RO | key_flag::ACCESS, 2)])
    .complexity(
        "O(N)+O(M log(M)) with N being the sum of the sizes of the input sorted sets, and M \
         being the number of elements in the resulting sorted set.",
    )
    .args(&[
        arg("destination", "key").key(0),
        arg("numkeys", "integer"),
        arg("key", "key").key(1).is(MULTIPLE),
        arg("weight", "integer").token("WEIGHTS").is(OPTIONAL_MULTIPLE),
        one_of("aggregate", &[token("sum", "SUM"), token("min", "MIN"), token("max", "MAX")])
            .token("AGGREGATE")
            .is(OPTIONAL),
    ]);
