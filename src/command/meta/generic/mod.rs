//! Group generic: facts of Redis 7.2's command table.

mod expire;

use super::build::{
    MULTIPLE, OPTIONAL, OPTIONAL_MULTIPLE, OPTIONAL_MULTIPLE_TOKEN, arg, block, command, key, one_of, range,
    spec, token,
};
use super::{Begin, Find, Meta, cat, flag, key_flag};
pub use expire::*;

const GROUP: &str = "generic";

/// `COPY`.
pub static COPY: Meta = command("copy", -3, GROUP, "6.2.0")
    .summary("Copies the value of a key to a new key.")
    .flags(flag::WRITE | flag::DENYOOM, cat::KEYSPACE)
    .keys(&[key(key_flag::RO | key_flag::ACCESS, 1), key(key_flag::OW | key_flag::UPDATE, 2)])
    .complexity(
        "O(N) worst case for collections, where N is the number of nested items. O(1) for \
         string values.",
    )
    .args(&[
        arg("source", "key").key(0),
        arg("destination", "key").key(1),
        arg("destination-db", "integer").token("DB").is(OPTIONAL),
        token("replace", "REPLACE").is(OPTIONAL),
    ]);

/// `DEL`.
pub static DEL: Meta = command("del", -2, GROUP, "1.0.0")
    .summary("Deletes one or more keys.")
    .flags(flag::WRITE, cat::KEYSPACE)
    .keys(&[range(key_flag::RM | key_flag::DELETE, 1, -1, 1)])
    .complexity(
        "O(N) where N is the number of keys that will be removed. When a key to remove holds a \
         value other than a string, the individual complexity for this key is O(M) where M is \
         the number of elements in the list, set, sorted set or hash. Removing a single key \
         that holds a string value is O(1).",
    )
    .tips(&["request_policy:multi_shard", "response_policy:agg_sum"])
    .args(&[arg("key", "key").key(0).is(MULTIPLE)]);

/// `DUMP`.
pub static DUMP: Meta = command("dump", 2, GROUP, "2.6.0")
    .summary("Returns a serialized representation of the value stored at a key.")
    .flags(flag::READONLY, cat::KEYSPACE)
    .keys(&[key(key_flag::RO | key_flag::ACCESS, 1)])
    .complexity(
        "O(1) to access the key and additional O(N*M) to serialize it, where N is the number of \
         Redis objects composing the value and M their average size. For small string values \
         the time complexity is thus O(1)+O(1*M) where M is small, so simply O(1).",
    )
    .tips(&["nondeterministic_output"])
    .args(&[arg("key", "key").key(0)]);

/// `EXISTS`.
pub static EXISTS: Meta = command("exists", -2, GROUP, "1.0.0")
    .summary("Determines whether one or more keys exist.")
    .flags(flag::READONLY | flag::FAST, cat::KEYSPACE)
    .keys(&[range(key_flag::RO, 1, -1, 1)])
    .complexity("O(N) where N is the number of keys to check.")
    .history(&[("3.0.3", "Accepts multiple `key` arguments.")])
    .tips(&["request_policy:multi_shard", "response_policy:agg_sum"])
    .args(&[arg("key", "key").key(0).is(MULTIPLE)]);

/// `KEYS`.
pub static KEYS: Meta = command("keys", 2, GROUP, "1.0.0")
    .summary("Returns all key names that match a pattern.")
    .flags(flag::READONLY, cat::KEYSPACE | cat::DANGEROUS)
    .complexity(
        "O(N) with N being the number of keys in the database, under the assumption that the \
         key names in the database and the given pattern have limited length.",
    )
    .tips(&["request_policy:all_shards", "nondeterministic_output_order"])
    .args(&[arg("pattern", "pattern")]);

/// `MIGRATE`.
pub static MIGRATE: Meta = command("migrate", -6, GROUP, "2.6.0")
    .summary("Atomically transfers a key from one Redis instance to another.")
    .flags(flag::WRITE, cat::KEYSPACE | cat::DANGEROUS)
    .keys(&[
        key(key_flag::RW | key_flag::ACCESS | key_flag::DELETE, 3),
        spec(
            key_flag::RW | key_flag::ACCESS | key_flag::DELETE | key_flag::INCOMPLETE,
            Begin::Keyword("KEYS", -2),
            Find::Range { last: -1, step: 1, limit: 0 },
        ),
    ])
    .complexity(
        "This command actually executes a DUMP+DEL in the source instance, and a RESTORE in the \
         target instance. See the pages of these commands for time complexity. Also an O(N) \
         data transfer between the two instances is performed.",
    )
    .history(&[
        ("3.0.0", "Added the `COPY` and `REPLACE` options."),
        ("3.0.6", "Added the `KEYS` option."),
        ("4.0.7", "Added the `AUTH` option."),
        ("6.0.0", "Added the `AUTH2` option."),
    ])
    .tips(&["nondeterministic_output"])
    .args(&[
        arg("host", "string"),
        arg("port", "integer"),
        one_of("key-selector", &[arg("key", "key").key(0), token("empty-string", "")]),
        arg("destination-db", "integer"),
        arg("timeout", "integer"),
        token("copy", "COPY").since("3.0.0").is(OPTIONAL),
        token("replace", "REPLACE").since("3.0.0").is(OPTIONAL),
        one_of(
            "authentication",
            &[
                arg("auth", "string").display("password").token("AUTH").since("4.0.7"),
                block("auth2", &[arg("username", "string"), arg("password", "string")])
                    .token("AUTH2")
                    .since("6.0.0"),
            ],
        )
        .is(OPTIONAL),
        arg("keys", "key").key(1).display("key").token("KEYS").since("3.0.6").is(OPTIONAL_MULTIPLE),
    ]);

/// `MOVE`.
pub static MOVE: Meta = command("move", 3, GROUP, "1.0.0")
    .summary("Moves a key to another database.")
    .flags(flag::WRITE | flag::FAST, cat::KEYSPACE)
    .keys(&[key(key_flag::RW | key_flag::ACCESS | key_flag::UPDATE, 1)])
    .complexity("O(1)")
    .args(&[arg("key", "key").key(0), arg("db", "integer")]);

/// `OBJECT`.
pub static OBJECT: Meta = command("object", -2, GROUP, "2.2.3")
    .summary("A container for object introspection commands.")
    .flags(0, 0)
    .complexity("Depends on subcommand.");

/// `OBJECT ENCODING`.
pub static OBJECT_ENCODING: Meta = command("encoding", 3, GROUP, "2.2.3")
    .summary("Returns the internal encoding of a Redis object.")
    .flags(flag::READONLY, cat::KEYSPACE)
    .keys(&[key(key_flag::RO, 2)])
    .complexity("O(1)")
    .tips(&["nondeterministic_output"])
    .args(&[arg("key", "key").key(0)]);

/// `OBJECT FREQ`.
pub static OBJECT_FREQ: Meta = command("freq", 3, GROUP, "4.0.0")
    .summary("Returns the logarithmic access frequency counter of a Redis object.")
    .flags(flag::READONLY, cat::KEYSPACE)
    .keys(&[key(key_flag::RO, 2)])
    .complexity("O(1)")
    .tips(&["nondeterministic_output"])
    .args(&[arg("key", "key").key(0)]);

/// `OBJECT HELP`.
pub static OBJECT_HELP: Meta = command("help", 2, GROUP, "6.2.0")
    .summary("Returns helpful text about the different subcommands.")
    .flags(flag::LOADING | flag::STALE, cat::KEYSPACE)
    .complexity("O(1)");

/// `OBJECT IDLETIME`.
pub static OBJECT_IDLETIME: Meta = command("idletime", 3, GROUP, "2.2.3")
    .summary("Returns the time since the last access to a Redis object.")
    .flags(flag::READONLY, cat::KEYSPACE)
    .keys(&[key(key_flag::RO, 2)])
    .complexity("O(1)")
    .tips(&["nondeterministic_output"])
    .args(&[arg("key", "key").key(0)]);

/// `OBJECT REFCOUNT`.
pub static OBJECT_REFCOUNT: Meta = command("refcount", 3, GROUP, "2.2.3")
    .summary("Returns the reference count of a value of a key.")
    .flags(flag::READONLY, cat::KEYSPACE)
    .keys(&[key(key_flag::RO, 2)])
    .complexity("O(1)")
    .tips(&["nondeterministic_output"])
    .args(&[arg("key", "key").key(0)]);

/// `RANDOMKEY`.
pub static RANDOMKEY: Meta = command("randomkey", 1, GROUP, "1.0.0")
    .summary("Returns a random key name from the database.")
    .flags(flag::READONLY | flag::TOUCHES_ARBITRARY_KEYS, cat::KEYSPACE)
    .complexity("O(1)")
    .tips(&["request_policy:all_shards", "response_policy:special", "nondeterministic_output"]);

/// `RENAME`.
pub static RENAME: Meta = command("rename", 3, GROUP, "1.0.0")
    .summary("Renames a key and overwrites the destination.")
    .flags(flag::WRITE, cat::KEYSPACE)
    .keys(&[
        key(key_flag::RW | key_flag::ACCESS | key_flag::DELETE, 1),
        key(key_flag::OW | key_flag::UPDATE, 2),
    ])
    .complexity("O(1)")
    .args(&[arg("key", "key").key(0), arg("newkey", "key").key(1)]);

/// `RENAMENX`.
pub static RENAMENX: Meta = command("renamenx", 3, GROUP, "1.0.0")
    .summary("Renames a key only when the target key name doesn't exist.")
    .flags(flag::WRITE | flag::FAST, cat::KEYSPACE)
    .keys(&[
        key(key_flag::RW | key_flag::ACCESS | key_flag::DELETE, 1),
        key(key_flag::OW | key_flag::INSERT, 2),
    ])
    .complexity("O(1)")
    .history(&[(
        "3.2.0",
        "The command no longer returns an error when source and destination names are the same.",
    )])
    .args(&[arg("key", "key").key(0), arg("newkey", "key").key(1)]);

/// `RESTORE`.
pub static RESTORE: Meta = command("restore", -4, GROUP, "2.6.0")
    .summary("Creates a key from the serialized representation of a value.")
    .flags(flag::WRITE | flag::DENYOOM, cat::KEYSPACE | cat::DANGEROUS)
    .keys(&[key(key_flag::OW | key_flag::UPDATE, 1)])
    .complexity(
        "O(1) to create the new key and additional O(N*M) to reconstruct the serialized value, \
         where N is the number of Redis objects composing the value and M their average size. \
         For small string values the time complexity is thus O(1)+O(1*M) where M is small, so \
         simply O(1). However for sorted set values the complexity is O(N*M*log(N)) because \
         inserting values into sorted sets is O(log(N)).",
    )
    .history(&[
        ("3.0.0", "Added the `REPLACE` modifier."),
        ("5.0.0", "Added the `ABSTTL` modifier."),
        ("5.0.0", "Added the `IDLETIME` and `FREQ` options."),
    ])
    .args(&[
        arg("key", "key").key(0),
        arg("ttl", "integer"),
        arg("serialized-value", "string"),
        token("replace", "REPLACE").since("3.0.0").is(OPTIONAL),
        token("absttl", "ABSTTL").since("5.0.0").is(OPTIONAL),
        arg("seconds", "integer").token("IDLETIME").since("5.0.0").is(OPTIONAL),
        arg("frequency", "integer").token("FREQ").since("5.0.0").is(OPTIONAL),
    ]);

/// `SCAN`.
pub static SCAN: Meta = command("scan", -2, GROUP, "2.8.0")
    .summary("Iterates over the key names in the database.")
    .flags(flag::READONLY | flag::TOUCHES_ARBITRARY_KEYS, cat::KEYSPACE)
    .complexity(
        "O(1) for every call. O(N) for a complete iteration, including enough command calls for \
         the cursor to return back to 0. N is the number of elements inside the collection.",
    )
    .history(&[("6.0.0", "Added the `TYPE` subcommand.")])
    .tips(&["nondeterministic_output", "request_policy:special", "response_policy:special"])
    .args(&[
        arg("cursor", "integer"),
        arg("pattern", "pattern").token("MATCH").is(OPTIONAL),
        arg("count", "integer").token("COUNT").is(OPTIONAL),
        arg("type", "string").token("TYPE").since("6.0.0").is(OPTIONAL),
    ]);

/// `SORT`.
pub static SORT: Meta = command("sort", -2, GROUP, "1.0.0")
    .summary("Sorts the elements in a list, a set, or a sorted set, optionally storing the result.")
    .flags(flag::WRITE | flag::DENYOOM, cat::SET | cat::SORTEDSET | cat::LIST | cat::DANGEROUS)
    .keys(&[
        key(key_flag::RO | key_flag::ACCESS, 1),
        spec(key_flag::RO | key_flag::ACCESS, Begin::Unknown, Find::Unknown).note(
            "For the optional BY/GET keyword. It is marked 'unknown' because the key names derive from \
             the content of the key we sort",
        ),
        spec(key_flag::OW | key_flag::UPDATE, Begin::Unknown, Find::Unknown).note(
            "For the optional STORE keyword. It is marked 'unknown' because the keyword can appear \
             anywhere in the argument array",
        ),
    ])
    .complexity(
        "O(N+M*log(M)) where N is the number of elements in the list or set to sort, and M the \
         number of returned elements. When the elements are not sorted, complexity is O(N).",
    )
    .args(&[
        arg("key", "key").key(0),
        arg("by-pattern", "pattern").key(1).display("pattern").token("BY").is(OPTIONAL),
        block("limit", &[arg("offset", "integer"), arg("count", "integer")]).token("LIMIT").is(OPTIONAL),
        arg("get-pattern", "pattern").key(1).display("pattern").token("GET").is(OPTIONAL_MULTIPLE_TOKEN),
        one_of("order", &[token("asc", "ASC"), token("desc", "DESC")]).is(OPTIONAL),
        token("sorting", "ALPHA").is(OPTIONAL),
        arg("destination", "key").key(2).token("STORE").is(OPTIONAL),
    ]);

/// `SORT_RO`.
pub static SORT_RO: Meta = command("sort_ro", -2, GROUP, "7.0.0")
    .summary("Returns the sorted elements of a list, a set, or a sorted set.")
    .flags(flag::READONLY, cat::SET | cat::SORTEDSET | cat::LIST | cat::DANGEROUS)
    .keys(&[
        key(key_flag::RO | key_flag::ACCESS, 1),
        spec(key_flag::RO | key_flag::ACCESS, Begin::Unknown, Find::Unknown).note(
            "For the optional BY/GET keyword. It is marked 'unknown' because the key names derive from \
             the content of the key we sort",
        ),
    ])
    .complexity(
        "O(N+M*log(M)) where N is the number of elements in the list or set to sort, and M the \
         number of returned elements. When the elements are not sorted, complexity is O(N).",
    )
    .args(&[
        arg("key", "key").key(0),
        arg("by-pattern", "pattern").key(1).display("pattern").token("BY").is(OPTIONAL),
        block("limit", &[arg("offset", "integer"), arg("count", "integer")]).token("LIMIT").is(OPTIONAL),
        arg("get-pattern", "pattern").key(1).display("pattern").token("GET").is(OPTIONAL_MULTIPLE_TOKEN),
        one_of("order", &[token("asc", "ASC"), token("desc", "DESC")]).is(OPTIONAL),
        token("sorting", "ALPHA").is(OPTIONAL),
    ]);

/// `TOUCH`.
pub static TOUCH: Meta = command("touch", -2, GROUP, "3.2.1")
    .summary(
        "Returns the number of existing keys out of those specified after updating the time they \
         were last accessed.",
    )
    .flags(flag::READONLY | flag::FAST, cat::KEYSPACE)
    .keys(&[range(key_flag::RO, 1, -1, 1)])
    .complexity("O(N) where N is the number of keys that will be touched.")
    .tips(&["request_policy:multi_shard", "response_policy:agg_sum"])
    .args(&[arg("key", "key").key(0).is(MULTIPLE)]);

/// `TYPE`.
pub static TYPE: Meta = command("type", 2, GROUP, "1.0.0")
    .summary("Determines the type of value stored at a key.")
    .flags(flag::READONLY | flag::FAST, cat::KEYSPACE)
    .keys(&[key(key_flag::RO, 1)])
    .complexity("O(1)")
    .args(&[arg("key", "key").key(0)]);

/// `UNLINK`.
pub static UNLINK: Meta = command("unlink", -2, GROUP, "4.0.0")
    .summary("Asynchronously deletes one or more keys.")
    .flags(flag::WRITE | flag::FAST, cat::KEYSPACE)
    .keys(&[range(key_flag::RM | key_flag::DELETE, 1, -1, 1)])
    .complexity(
        "O(1) for each key removed regardless of its size. Then the command does O(N) work in a \
         different thread in order to reclaim memory, where N is the number of allocations the \
         deleted objects where composed of.",
    )
    .tips(&["request_policy:multi_shard", "response_policy:agg_sum"])
    .args(&[arg("key", "key").key(0).is(MULTIPLE)]);

/// `WAIT`.
pub static WAIT: Meta = command("wait", 3, GROUP, "3.0.0")
    .summary(
        "Blocks until the asynchronous replication of all preceding write commands sent by the \
         connection is completed.",
    )
    .flags(0, cat::CONNECTION)
    .complexity("O(1)")
    .tips(&["request_policy:all_shards", "response_policy:agg_min"])
    .args(&[arg("numreplicas", "integer"), arg("timeout", "integer")]);

/// `WAITAOF`.
pub static WAITAOF: Meta = command("waitaof", 4, GROUP, "7.2.0")
    .summary(
        "Blocks until all of the preceding write commands sent by the connection are written to \
         the append-only file of the master and/or replicas.",
    )
    .flags(flag::NOSCRIPT, cat::CONNECTION)
    .complexity("O(1)")
    .tips(&["request_policy:all_shards", "response_policy:agg_min"])
    .args(&[arg("numlocal", "integer"), arg("numreplicas", "integer"), arg("timeout", "integer")]);
