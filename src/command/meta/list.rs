//! Group list: facts of Redis 7.2's command table.

use super::build::{MULTIPLE, OPTIONAL, arg, command, counted, key, one_of, range, token};
use super::{Meta, cat, flag, key_flag};

const GROUP: &str = "list";

/// `BLMOVE`.
pub static BLMOVE: Meta = command("blmove", 6, GROUP, "6.2.0")
    .summary(
        "Pops an element from a list, pushes it to another list and returns it. Blocks until an \
         element is available otherwise. Deletes the list if the last element was moved.",
    )
    .flags(flag::WRITE | flag::DENYOOM | flag::BLOCKING, cat::LIST)
    .keys(&[
        key(key_flag::RW | key_flag::ACCESS | key_flag::DELETE, 1),
        key(key_flag::RW | key_flag::INSERT, 2),
    ])
    .complexity("O(1)")
    .args(&[
        arg("source", "key").key(0),
        arg("destination", "key").key(1),
        one_of("wherefrom", &[token("left", "LEFT"), token("right", "RIGHT")]),
        one_of("whereto", &[token("left", "LEFT"), token("right", "RIGHT")]),
        arg("timeout", "double"),
    ]);

/// `BLMPOP`.
pub static BLMPOP: Meta = command("blmpop", -5, GROUP, "7.0.0")
    .summary(
        "Pops the first element from one of multiple lists. Blocks until an element is available \
         otherwise. Deletes the list if the last element was popped.",
    )
    .flags(flag::WRITE | flag::BLOCKING, cat::LIST)
    .keys(&[counted(key_flag::RW | key_flag::ACCESS | key_flag::DELETE, 2)])
    .complexity("O(N+M) where N is the number of provided keys and M is the number of elements returned.")
    .args(&[
        arg("timeout", "double"),
        arg("numkeys", "integer"),
        arg("key", "key").key(0).is(MULTIPLE),
        one_of("where", &[token("left", "LEFT"), token("right", "RIGHT")]),
        arg("count", "integer").token("COUNT").is(OPTIONAL),
    ]);

/// `BLPOP`.
pub static BLPOP: Meta = command("blpop", -3, GROUP, "2.0.0")
    .summary(
        "Removes and returns the first element in a list. Blocks until an element is available \
         otherwise. Deletes the list if the last element was popped.",
    )
    .flags(flag::WRITE | flag::BLOCKING, cat::LIST)
    .keys(&[range(key_flag::RW | key_flag::ACCESS | key_flag::DELETE, 1, -2, 1)])
    .complexity("O(N) where N is the number of provided keys.")
    .history(&[("6.0.0", "`timeout` is interpreted as a double instead of an integer.")])
    .args(&[arg("key", "key").key(0).is(MULTIPLE), arg("timeout", "double")]);

/// `BRPOP`.
pub static BRPOP: Meta = command("brpop", -3, GROUP, "2.0.0")
    .summary(
        "Removes and returns the last element in a list. Blocks until an element is available \
         otherwise. Deletes the list if the last element was popped.",
    )
    .flags(flag::WRITE | flag::BLOCKING, cat::LIST)
    .keys(&[range(key_flag::RW | key_flag::ACCESS | key_flag::DELETE, 1, -2, 1)])
    .complexity("O(N) where N is the number of provided keys.")
    .history(&[("6.0.0", "`timeout` is interpreted as a double instead of an integer.")])
    .args(&[arg("key", "key").key(0).is(MULTIPLE), arg("timeout", "double")]);

/// `BRPOPLPUSH`.
pub static BRPOPLPUSH: Meta = command("brpoplpush", 4, GROUP, "2.2.0")
    .summary(
        "Pops an element from a list, pushes it to another list and returns it. Block until an \
         element is available otherwise. Deletes the list if the last element was popped.",
    )
    .flags(flag::WRITE | flag::DENYOOM | flag::BLOCKING, cat::LIST)
    .keys(&[
        key(key_flag::RW | key_flag::ACCESS | key_flag::DELETE, 1),
        key(key_flag::RW | key_flag::INSERT, 2),
    ])
    .complexity("O(1)")
    .deprecated("6.2.0", "`BLMOVE` with the `RIGHT` and `LEFT` arguments")
    .history(&[("6.0.0", "`timeout` is interpreted as a double instead of an integer.")])
    .args(&[arg("source", "key").key(0), arg("destination", "key").key(1), arg("timeout", "double")]);

/// `LINDEX`.
pub static LINDEX: Meta = command("lindex", 3, GROUP, "1.0.0")
    .summary("Returns an element from a list by its index.")
    .flags(flag::READONLY, cat::LIST)
    .keys(&[key(key_flag::RO | key_flag::ACCESS, 1)])
    .complexity(
        "O(N) where N is the number of elements to traverse to get to the element at index. \
         This makes asking for the first or the last element of the list O(1).",
    )
    .args(&[arg("key", "key").key(0), arg("index", "integer")]);

/// `LINSERT`.
pub static LINSERT: Meta = command("linsert", 5, GROUP, "2.2.0")
    .summary("Inserts an element before or after another element in a list.")
    .flags(flag::WRITE | flag::DENYOOM, cat::LIST)
    .keys(&[key(key_flag::RW | key_flag::INSERT, 1)])
    .complexity(
        "O(N) where N is the number of elements to traverse before seeing the value pivot. This \
         means that inserting somewhere on the left end on the list (head) can be considered \
         O(1) and inserting somewhere on the right end (tail) is O(N).",
    )
    .args(&[
        arg("key", "key").key(0),
        one_of("where", &[token("before", "BEFORE"), token("after", "AFTER")]),
        arg("pivot", "string"),
        arg("element", "string"),
    ]);

/// `LLEN`.
pub static LLEN: Meta = command("llen", 2, GROUP, "1.0.0")
    .summary("Returns the length of a list.")
    .flags(flag::READONLY | flag::FAST, cat::LIST)
    .keys(&[key(key_flag::RO, 1)])
    .complexity("O(1)")
    .args(&[arg("key", "key").key(0)]);

/// `LMOVE`.
pub static LMOVE: Meta = command("lmove", 5, GROUP, "6.2.0")
    .summary(
        "Returns an element after popping it from one list and pushing it to another. Deletes the \
         list if the last element was moved.",
    )
    .flags(flag::WRITE | flag::DENYOOM, cat::LIST)
    .keys(&[
        key(key_flag::RW | key_flag::ACCESS | key_flag::DELETE, 1),
        key(key_flag::RW | key_flag::INSERT, 2),
    ])
    .complexity("O(1)")
    .args(&[
        arg("source", "key").key(0),
        arg("destination", "key").key(1),
        one_of("wherefrom", &[token("left", "LEFT"), token("right", "RIGHT")]),
        one_of("whereto", &[token("left", "LEFT"), token("right", "RIGHT")]),
    ]);

/// `LMPOP`.
pub static LMPOP: Meta = command("lmpop", -4, GROUP, "7.0.0")
    .summary(
        "Returns multiple elements from a list after removing them. Deletes the list if the last \
         element was popped.",
    )
    .flags(flag::WRITE, cat::LIST)
    .keys(&[counted(key_flag::RW | key_flag::ACCESS | key_flag::DELETE, 1)])
    .complexity("O(N+M) where N is the number of provided keys and M is the number of elements returned.")
    .args(&[
        arg("numkeys", "integer"),
        arg("key", "key").key(0).is(MULTIPLE),
        one_of("where", &[token("left", "LEFT"), token("right", "RIGHT")]),
        arg("count", "integer").token("COUNT").is(OPTIONAL),
    ]);

/// `LPOP`.
pub static LPOP: Meta = command("lpop", -2, GROUP, "1.0.0")
    .summary(
        "Returns the first elements in a list after removing it. Deletes the list if the last \
         element was popped.",
    )
    .flags(flag::WRITE | flag::FAST, cat::LIST)
    .keys(&[key(key_flag::RW | key_flag::ACCESS | key_flag::DELETE, 1)])
    .complexity("O(N) where N is the number of elements returned")
    .history(&[("6.2.0", "Added the `count` argument.")])
    .args(&[arg("key", "key").key(0), arg("count", "integer").since("6.2.0").is(OPTIONAL)]);

/// `LPOS`.
pub static LPOS: Meta = command("lpos", -3, GROUP, "6.0.6")
    .summary("Returns the index of matching elements in a list.")
    .flags(flag::READONLY, cat::LIST)
    .keys(&[key(key_flag::RO | key_flag::ACCESS, 1)])
    .complexity(
        "O(N) where N is the number of elements in the list, for the average case. When \
         searching for elements near the head or the tail of the list, or when the MAXLEN \
         option is provided, the command may run in constant time.",
    )
    .args(&[
        arg("key", "key").key(0),
        arg("element", "string"),
        arg("rank", "integer").token("RANK").is(OPTIONAL),
        arg("num-matches", "integer").token("COUNT").is(OPTIONAL),
        arg("len", "integer").token("MAXLEN").is(OPTIONAL),
    ]);

/// `LPUSH`.
pub static LPUSH: Meta = command("lpush", -3, GROUP, "1.0.0")
    .summary("Prepends one or more elements to a list. Creates the key if it doesn't exist.")
    .flags(flag::WRITE | flag::DENYOOM | flag::FAST, cat::LIST)
    .keys(&[key(key_flag::RW | key_flag::INSERT, 1)])
    .complexity(
        "O(1) for each element added, so O(N) to add N elements when the command is called with \
         multiple arguments.",
    )
    .history(&[("2.4.0", "Accepts multiple `element` arguments.")])
    .args(&[arg("key", "key").key(0), arg("element", "string").is(MULTIPLE)]);

/// `LPUSHX`.
pub static LPUSHX: Meta = command("lpushx", -3, GROUP, "2.2.0")
    .summary("Prepends one or more elements to a list only when the list exists.")
    .flags(flag::WRITE | flag::DENYOOM | flag::FAST, cat::LIST)
    .keys(&[key(key_flag::RW | key_flag::INSERT, 1)])
    .complexity(
        "O(1) for each element added, so O(N) to add N elements when the command is called with \
         multiple arguments.",
    )
    .history(&[("4.0.0", "Accepts multiple `element` arguments.")])
    .args(&[arg("key", "key").key(0), arg("element", "string").is(MULTIPLE)]);

/// `LRANGE`.
pub static LRANGE: Meta = command("lrange", 4, GROUP, "1.0.0")
    .summary("Returns a range of elements from a list.")
    .flags(flag::READONLY, cat::LIST)
    .keys(&[key(key_flag::RO | key_flag::ACCESS, 1)])
    .complexity(
        "O(S+N) where S is the distance of start offset from HEAD for small lists, from nearest \
         end (HEAD or TAIL) for large lists; and N is the number of elements in the specified \
         range.",
    )
    .args(&[arg("key", "key").key(0), arg("start", "integer"), arg("stop", "integer")]);

/// `LREM`.
pub static LREM: Meta = command("lrem", 4, GROUP, "1.0.0")
    .summary("Removes elements from a list. Deletes the list if the last element was removed.")
    .flags(flag::WRITE, cat::LIST)
    .keys(&[key(key_flag::RW | key_flag::DELETE, 1)])
    .complexity("O(N+M) where N is the length of the list and M is the number of elements removed.")
    .args(&[arg("key", "key").key(0), arg("count", "integer"), arg("element", "string")]);

/// `LSET`.
pub static LSET: Meta = command("lset", 4, GROUP, "1.0.0")
    .summary("Sets the value of an element in a list by its index.")
    .flags(flag::WRITE | flag::DENYOOM, cat::LIST)
    .keys(&[key(key_flag::RW | key_flag::UPDATE, 1)])
    .complexity(
        "O(N) where N is the length of the list. Setting either the first or the last element \
         of the list is O(1).",
    )
    .args(&[arg("key", "key").key(0), arg("index", "integer"), arg("element", "string")]);

/// `LTRIM`.
pub static LTRIM: Meta = command("ltrim", 4, GROUP, "1.0.0")
    .summary("Removes elements from both ends a list. Deletes the list if all elements were trimmed.")
    .flags(flag::WRITE, cat::LIST)
    .keys(&[key(key_flag::RW | key_flag::DELETE, 1)])
    .complexity("O(N) where N is the number of elements to be removed by the operation.")
    .args(&[arg("key", "key").key(0), arg("start", "integer"), arg("stop", "integer")]);

/// `RPOP`.
pub static RPOP: Meta = command("rpop", -2, GROUP, "1.0.0")
    .summary(
        "Returns and removes the last elements of a list. Deletes the list if the last element was \
         popped.",
    )
    .flags(flag::WRITE | flag::FAST, cat::LIST)
    .keys(&[key(key_flag::RW | key_flag::ACCESS | key_flag::DELETE, 1)])
    .complexity("O(N) where N is the number of elements returned")
    .history(&[("6.2.0", "Added the `count` argument.")])
    .args(&[arg("key", "key").key(0), arg("count", "integer").since("6.2.0").is(OPTIONAL)]);

/// `RPOPLPUSH`.
pub static RPOPLPUSH: Meta = command("rpoplpush", 3, GROUP, "1.2.0")
    .summary(
        "Returns the last element of a list after removing and pushing it to another list. Deletes \
         the list if the last element was popped.",
    )
    .flags(flag::WRITE | flag::DENYOOM, cat::LIST)
    .keys(&[
        key(key_flag::RW | key_flag::ACCESS | key_flag::DELETE, 1),
        key(key_flag::RW | key_flag::INSERT, 2),
    ])
    .complexity("O(1)")
    .deprecated("6.2.0", "`LMOVE` with the `RIGHT` and `LEFT` arguments")
    .args(&[arg("source", "key").key(0), arg("destination", "key").key(1)]);

/// `RPUSH`.
pub static RPUSH: Meta = command("rpush", -3, GROUP, "1.0.0")
    .summary("Appends one or more elements to a list. Creates the key if it doesn't exist.")
    .flags(flag::WRITE | flag::DENYOOM | flag::FAST, cat::LIST)
    .keys(&[key(key_flag::RW | key_flag::INSERT, 1)])
    .complexity(
        "O(1) for each element added, so O(N) to add N elements when the command is called with \
         multiple arguments.",
    )
    .history(&[("2.4.0", "Accepts multiple `element` arguments.")])
    .args(&[arg("key", "key").key(0), arg("element", "string").is(MULTIPLE)]);

/// `RPUSHX`.
pub static RPUSHX: Meta = command("rpushx", -3, GROUP, "2.2.0")
    .summary("Appends an element to a list only when the list exists.")
    .flags(flag::WRITE | flag::DENYOOM | flag::FAST, cat::LIST)
    .keys(&[key(key_flag::RW | key_flag::INSERT, 1)])
    .complexity(
        "O(1) for each element added, so O(N) to add N elements when the command is called with \
         multiple arguments.",
    )
    .history(&[("4.0.0", "Accepts multiple `element` arguments.")])
    .args(&[arg("key", "key").key(0), arg("element", "string").is(MULTIPLE)]);
