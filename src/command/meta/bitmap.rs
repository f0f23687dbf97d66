//! Group bitmap: facts of Redis 7.2's command table.

use super::build::{
    MULTIPLE, OPTIONAL, OPTIONAL_MULTIPLE, OPTIONAL_MULTIPLE_TOKEN, arg, block, command, key, one_of, range,
    token,
};
use super::{Meta, cat, flag, key_flag};

const GROUP: &str = "bitmap";

/// `BITCOUNT`.
pub static BITCOUNT: Meta = command("bitcount", -2, GROUP, "2.6.0")
    .summary("Counts the number of set bits (population counting) in a string.")
    .flags(flag::READONLY, cat::BITMAP)
    .keys(&[key(key_flag::RO | key_flag::ACCESS, 1)])
    .complexity("O(N)")
    .history(&[("7.0.0", "Added the `BYTE|BIT` option.")])
    .args(&[
        arg("key", "key").key(0),
        block(
            "range",
            &[
                arg("start", "integer"),
                arg("end", "integer"),
                one_of("unit", &[token("byte", "BYTE"), token("bit", "BIT")]).since("7.0.0").is(OPTIONAL),
            ],
        )
        .is(OPTIONAL),
    ]);

/// `BITFIELD`.
pub static BITFIELD: Meta = command("bitfield", -2, GROUP, "3.2.0")
    .summary("Performs arbitrary bitfield integer operations on strings.")
    .flags(flag::WRITE | flag::DENYOOM, cat::BITMAP)
    .keys(&[key(key_flag::RW | key_flag::UPDATE | key_flag::ACCESS | key_flag::VARIABLE_FLAGS, 1)
        .note("This command allows both access and modification of the key")])
    .complexity("O(1) for each subcommand specified")
    .args(&[
        arg("key", "key").key(0),
        one_of(
            "operation",
            &[
                block("get-block", &[arg("encoding", "string"), arg("offset", "integer")]).token("GET"),
                block(
                    "write",
                    &[
                        one_of(
                            "overflow-block",
                            &[token("wrap", "WRAP"), token("sat", "SAT"), token("fail", "FAIL")],
                        )
                        .token("OVERFLOW")
                        .is(OPTIONAL),
                        one_of(
                            "write-operation",
                            &[
                                block(
                                    "set-block",
                                    &[
                                        arg("encoding", "string"),
                                        arg("offset", "integer"),
                                        arg("value", "integer"),
                                    ],
                                )
                                .token("SET"),
                                block(
                                    "incrby-block",
                                    &[
                                        arg("encoding", "string"),
                                        arg("offset", "integer"),
                                        arg("increment", "integer"),
                                    ],
                                )
                                .token("INCRBY"),
                            ],
                        ),
                    ],
                ),
            ],
        )
        .is(OPTIONAL_MULTIPLE),
    ]);

/// `BITFIELD_RO`.
pub static BITFIELD_RO: Meta = command("bitfield_ro", -2, GROUP, "6.0.0")
    .summary("Performs arbitrary read-only bitfield integer operations on strings.")
    .flags(flag::READONLY | flag::FAST, cat::BITMAP)
    .keys(&[key(key_flag::RO | key_flag::ACCESS, 1)])
    .complexity("O(1) for each subcommand specified")
    .args(&[
        arg("key", "key").key(0),
        block("get-block", &[arg("encoding", "string"), arg("offset", "integer")])
            .token("GET")
            .is(OPTIONAL_MULTIPLE_TOKEN),
    ]);

/// `BITOP`.
pub static BITOP: Meta = command("bitop", -4, GROUP, "2.6.0")
    .summary("Performs bitwise operations on multiple strings, and stores the result.")
    .flags(flag::WRITE | flag::DENYOOM, cat::BITMAP)
    .keys(&[key(key_flag::OW | key_flag::UPDATE, 2), range(key_flag::RO | key_flag::ACCESS, 3, -1, 1)])
    .complexity("O(N)")
    .args(&[
        one_of(
            "operation",
            &[token("and", "AND"), token("or", "OR"), token("xor", "XOR"), token("not", "NOT")],
        ),
        arg("destkey", "key").key(0),
        arg("key", "key").key(1).is(MULTIPLE),
    ]);

/// `BITPOS`.
pub static BITPOS: Meta = command("bitpos", -3, GROUP, "2.8.7")
    .summary("Finds the first set (1) or clear (0) bit in a string.")
    .flags(flag::READONLY, cat::BITMAP)
    .keys(&[key(key_flag::RO | key_flag::ACCESS, 1)])
    .complexity("O(N)")
    .history(&[("7.0.0", "Added the `BYTE|BIT` option.")])
    .args(&[
        arg("key", "key").key(0),
        arg("bit", "integer"),
        block(
            "range",
            &[
                arg("start", "integer"),
                block(
                    "end-unit-block",
                    &[
                        arg("end", "integer"),
                        one_of("unit", &[token("byte", "BYTE"), token("bit", "BIT")])
                            .since("7.0.0")
                            .is(OPTIONAL),
                    ],
                )
                .is(OPTIONAL),
            ],
        )
        .is(OPTIONAL),
    ]);

/// `GETBIT`.
pub static GETBIT: Meta = command("getbit", 3, GROUP, "2.2.0")
    .summary("Returns a bit value by offset.")
    .flags(flag::READONLY | flag::FAST, cat::BITMAP)
    .keys(&[key(key_flag::RO | key_flag::ACCESS, 1)])
    .complexity("O(1)")
    .args(&[arg("key", "key").key(0), arg("offset", "integer")]);

/// `SETBIT`.
pub static SETBIT: Meta = command("setbit", 4, GROUP, "2.2.0")
    .summary("Sets or clears the bit at offset of the string value. Creates the key if it doesn't exist.")
    .flags(flag::WRITE | flag::DENYOOM, cat::BITMAP)
    .keys(&[key(key_flag::RW | key_flag::ACCESS | key_flag::UPDATE, 1)])
    .complexity("O(1)")
    .args(&[arg("key", "key").key(0), arg("offset", "integer"), arg("value", "integer")]);
