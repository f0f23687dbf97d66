//! Tests of the list commands: replies, effects, the life of the key, and what they ask of the loop.

use crate::command::testing::{Fixture, check};
use crate::command::{Args, Timeout};
use crate::data::Kind;

fn lines(f: &mut Fixture, lines: &[(&str, &str)]) {
    for (line, reply) in lines {
        check(f, line, reply);
    }
}

/// On one shard and on four, where keys lie apart.
fn everywhere(test: impl Fn(&mut Fixture)) {
    test(&mut Fixture::new().journal());
    test(&mut Fixture::sharded(4).journal());
}

#[test]
fn both_ends_give_and_take() {
    let f = &mut Fixture::new();
    lines(
        f,
        &[
            ("LPUSHX l a", ":0|"),
            ("RPUSHX l a", ":0|"),
            ("EXISTS l", ":0|"),
            ("RPUSH l a b", ":2|"),
            ("LPUSH l 1 2", ":4|"),
            ("RPUSHX l c", ":5|"),
            ("LPUSHX l -7", ":6|"),
            ("LRANGE l 0 -1", "*6|$2|-7|$1|2|$1|1|$1|a|$1|b|$1|c|"),
            ("LLEN l", ":6|"),
            ("TYPE l", "+list|"),
            ("OBJECT ENCODING l", "$8|listpack|"),
            ("LPOP l", "$2|-7|"),
            ("RPOP l", "$1|c|"),
            ("RPOP l 2", "*2|$1|b|$1|a|"),
            ("LPOP l 0", "*0|"),
            ("LPOP l 100", "*2|$1|2|$1|1|"),
            ("EXISTS l", ":0|"),
            ("LPOP l", "$-1|"),
            ("LPOP l 1", "*-1|"),
            ("LPOP l 0", "*-1|"),
            ("LPOP l 1 2", "-ERR wrong number of arguments for 'lpop' command|"),
            ("RPOP l x", "-ERR value is out of range, must be positive|"),
            ("RPOP l -1", "-ERR value is out of range, must be positive|"),
            ("LLEN l", ":0|"),
        ],
    );
}

#[test]
fn elements_are_read_and_changed_by_index() {
    let f = &mut Fixture::new();
    lines(
        f,
        &[
            ("LINDEX l x", "$-1|"),
            ("LSET l x y", "-ERR no such key|"),
            ("RPUSH l a b c 12345", ":4|"),
            ("LINDEX l x", "-ERR value is not an integer or out of range|"),
            ("LINDEX l -1", "$5|12345|"),
            ("LINDEX l 4", "$-1|"),
            ("LINDEX l -5", "$-1|"),
            ("LSET l -4 A", "+OK|"),
            ("LSET l 4 x", "-ERR index out of range|"),
            ("LSET l x x", "-ERR value is not an integer or out of range|"),
            ("LINSERT l AROUND b x", "-ERR syntax error|"),
            ("LINSERT l before b x", ":5|"),
            ("LINSERT l AFTER 12345 y", ":6|"),
            ("LINSERT l AFTER nothing y", ":-1|"),
            ("LINSERT nothing AFTER a y", ":0|"),
            ("LRANGE l 0 -1", "*6|$1|A|$1|x|$1|b|$1|c|$5|12345|$1|y|"),
            ("LRANGE l -2 100", "*2|$5|12345|$1|y|"),
            ("LRANGE l 3 2", "*0|"),
            ("LRANGE nothing 0 -1", "*0|"),
            ("LRANGE l a b", "-ERR value is not an integer or out of range|"),
            ("LTRIM l 1 -2", "+OK|"),
            ("LRANGE l 0 -1", "*4|$1|x|$1|b|$1|c|$5|12345|"),
            ("LTRIM l 9 10", "+OK|"),
            ("EXISTS l", ":0|"),
            ("LTRIM l 0 1", "+OK|"),
        ],
    );
}

#[test]
fn elements_are_removed_and_found_by_value() {
    let f = &mut Fixture::new();
    lines(
        f,
        &[
            ("RPUSH l a b c 1 2 3 c c", ":8|"),
            ("LPOS l a", ":0|"),
            ("LPOS l c RANK 2", ":6|"),
            ("LPOS l c RANK 4", "$-1|"),
            ("LPOS l c RANK -1", ":7|"),
            ("LPOS l c COUNT 0", "*3|:2|:6|:7|"),
            ("LPOS l c COUNT 2 RANK -1", "*2|:7|:6|"),
            ("LPOS l c COUNT 0 RANK -3 MAXLEN 0", "*1|:2|"),
            ("LPOS l c MAXLEN 2", "$-1|"),
            ("LPOS l 3 MAXLEN 3 RANK -1", ":5|"),
            ("LPOS l 03", "$-1|"),
            ("LPOS nothing a", "$-1|"),
            ("LPOS nothing a COUNT 1", "*0|"),
            ("LPOS l a RANK 9223372036854775807", "$-1|"),
            ("LPOS l a RANK x", "-ERR value is not an integer or out of range|"),
            ("LPOS l a COUNT -1", "-ERR COUNT can't be negative|"),
            ("LPOS l a MAXLEN -1", "-ERR MAXLEN can't be negative|"),
            ("LPOS l a COUNT", "-ERR syntax error|"),
            ("LREM l 1 c", ":1|"),
            ("LREM l -1 c", ":1|"),
            ("LREM l 0 nothing", ":0|"),
            ("LRANGE l 0 -1", "*6|$1|a|$1|b|$1|1|$1|2|$1|3|$1|c|"),
            ("RPUSH m x x", ":2|"),
            ("LREM m -9223372036854775808 x", ":2|"),
            ("EXISTS m", ":0|"),
            ("LREM m 0 x", ":0|"),
        ],
    );
    assert_eq!(
        crate::command::testing::run(f, &["LPOS", "l", "a", "RANK", "-9223372036854775808"]),
        "-ERR value is out of range, value must between -9223372036854775807 and 9223372036854775807\r\n"
    );
}

#[test]
fn elements_go_from_list_to_list() {
    everywhere(|f| {
        lines(
            f,
            &[
                ("RPOPLPUSH a b", "$-1|"),
                ("RPUSH a 1 2 3", ":3|"),
                ("LMOVE a b LEFT RIGHT", "$1|1|"),
                ("RPOPLPUSH a b", "$1|3|"),
                ("LRANGE b 0 -1", "*2|$1|3|$1|1|"),
                ("LMOVE a b left left", "$1|2|"),
                ("EXISTS a", ":0|"),
                ("LMOVE b b LEFT RIGHT", "$1|2|"),
                ("RPOPLPUSH b b", "$1|2|"),
                ("LRANGE b 0 -1", "*3|$1|2|$1|3|$1|1|"),
                ("LMOVE a b MIDDLE LEFT", "-ERR syntax error|"),
                ("SET s x", "+OK|"),
                ("RPOPLPUSH a s", "$-1|"),
                ("RPOPLPUSH b s", "-WRONGTYPE Operation against a key holding the wrong kind of value|"),
                ("RPOPLPUSH s b", "-WRONGTYPE Operation against a key holding the wrong kind of value|"),
                ("LLEN b", ":3|"),
                ("LMPOP 2 a b RIGHT COUNT 2", "*2|$1|b|*2|$1|1|$1|3|"),
                ("LMPOP 2 b a LEFT", "*2|$1|b|*1|$1|2|"),
                ("LMPOP 2 a b RIGHT", "*-1|"),
                ("LMPOP 0 a RIGHT", "-ERR numkeys should be greater than 0|"),
                ("LMPOP 9223372036854775807 a RIGHT", "-ERR syntax error|"),
                ("LMPOP 1 a RIGHT COUNT 0", "-ERR count should be greater than 0|"),
                ("LMPOP 1 a RIGHT COUNT 1 COUNT 1", "-ERR syntax error|"),
                ("LMPOP 1 a RIGHT COUNT", "-ERR syntax error|"),
                ("LMPOP 1 s RIGHT", "-WRONGTYPE Operation against a key holding the wrong kind of value|"),
            ],
        );
    });
}

#[test]
fn a_list_of_one_element_stays_while_it_turns() {
    let f = &mut Fixture::new();
    check(f, "RPUSH l only", ":1|");
    check(f, "PEXPIREAT l 9999999999999", ":1|");
    check(f, "RPOPLPUSH l l", "$4|only|");
    check(f, "PEXPIRETIME l", ":9999999999999|");
}

#[test]
fn other_types_are_refused_and_stay() {
    let f = &mut Fixture::new();
    check(f, "SET s x", "+OK|");
    for line in [
        "LPUSH s a",
        "RPUSHX s a",
        "LPOP s",
        "RPOP s 0",
        "LLEN s",
        "LINDEX s x",
        "LSET s x y",
        "LINSERT s BEFORE a b",
        "LREM s 1 a",
        "LTRIM s 0 1",
        "LRANGE s 0 1",
        "LPOS s a",
        "BLPOP none s 0",
        "BLMOVE s none LEFT LEFT 0",
        "BLMPOP 0 1 s LEFT",
    ] {
        check(f, line, "-WRONGTYPE Operation against a key holding the wrong kind of value|");
    }
    check(f, "RPUSH l a", ":1|");
    check(f, "GET l", "-WRONGTYPE Operation against a key holding the wrong kind of value|");
    check(f, "APPEND l a", "-WRONGTYPE Operation against a key holding the wrong kind of value|");
    check(f, "SET l x", "+OK|");
    check(f, "GET s", "$1|x|");
}

#[test]
fn effects_are_what_repeats_the_change() {
    everywhere(|f| {
        let effects = |f: &mut Fixture, line: &str| {
            let argv: Vec<&[u8]> = line.split(' ').map(str::as_bytes).collect();
            f.run_bytes(&argv);
            f.effect_lines()
        };
        for (line, expected) in [
            ("RPUSH a 1 2 3 4 5 6", "RPUSH a 1 2 3 4 5 6"),
            ("LPUSHX none a", ""),
            ("LPOP none", ""),
            ("LPOP a 0", ""),
            ("LPOP a", "LPOP a"),
            ("BLPOP none a 0", "LPOP a"),
            ("LMPOP 2 none a RIGHT COUNT 2", "RPOP a 2"),
            ("LTRIM a 0 -1", ""),
            ("LSET a 0 x", "LSET a 0 x"),
            ("LINSERT a BEFORE none y", ""),
            ("LREM a 0 none", ""),
            ("LMOVE a b LEFT LEFT", "LMOVE a b LEFT LEFT"),
            ("BRPOPLPUSH b a 0", "RPOPLPUSH b a"),
            ("BLMOVE a b LEFT right 1.5", "LMOVE a b LEFT right"),
            ("BLMPOP 0 1 b LEFT COUNT 100", "LPOP b 1"),
            ("LTRIM a 1 0", "LTRIM a 1 0"),
        ] {
            let expected: Vec<&str> = Some(expected).filter(|line| !line.is_empty()).into_iter().collect();
            assert_eq!(effects(f, line), expected, "{line}");
        }
    });
}

#[test]
fn those_who_find_nothing_wait() {
    let f = &mut Fixture::new();
    let asked = |f: &mut Fixture, line: &str| {
        let argv: Vec<&[u8]> = line.split(' ').map(str::as_bytes).collect();
        let args: Args<'_> = &argv;
        let reply = f.run_bytes(args);
        assert!(reply.is_empty(), "{line}: {}", String::from_utf8_lossy(&reply));
        f.session.wait.take().map(|wait| (wait.keys, wait.timeout_ms, wait.kind, wait.on_timeout))
    };
    let wait = |keys: &[usize], ms| Some((keys.to_vec(), ms, Kind::List, Timeout::NullArray));
    assert_eq!(asked(f, "BLPOP a b 1.0001"), wait(&[1, 2], 1001));
    assert_eq!(asked(f, "BRPOP a 0"), wait(&[1], 0));
    assert_eq!(asked(f, "BLMOVE a b LEFT RIGHT 2"), wait(&[1], 2000));
    assert_eq!(asked(f, "BRPOPLPUSH a b 0.5"), wait(&[1], 500));
    assert_eq!(asked(f, "BLMPOP 3 2 a b RIGHT COUNT 4"), wait(&[3, 4], 3000));
    f.session.deny_blocking = true;
    lines(
        f,
        &[
            ("BLPOP a b 0", "*-1|"),
            ("BLMPOP 0 1 a LEFT", "*-1|"),
            ("BLMOVE a b LEFT LEFT 0", "$-1|"),
            ("BRPOPLPUSH a b 0", "$-1|"),
            ("BLPOP a x", "-ERR timeout is not a float or out of range|"),
            ("BLPOP a -1", "-ERR timeout is negative|"),
            ("BLPOP a 9223372036854775", "-ERR timeout is out of range|"),
            ("BLPOP a inf", "-ERR timeout is out of range|"),
            ("BLMPOP x 0 a LEFT", "-ERR numkeys should be greater than 0|"),
            ("BLMOVE a b LEFT X x", "-ERR syntax error|"),
            ("RPUSH b 1 2", ":2|"),
            ("BRPOP a b 0", "*2|$1|b|$1|2|"),
            ("BLMPOP 0 2 a b LEFT", "*2|$1|b|*1|$1|1|"),
        ],
    );
}

#[test]
fn changes_count_by_element() {
    let f = &mut Fixture::new();
    for (line, changes) in [
        ("RPUSH l a a b c d", 5),
        ("LREM l 0 a", 2),
        ("LTRIM l 0 -1", 0),
        ("LPOP l 2", 2),
        ("LMOVE l m LEFT LEFT", 1),
        ("BLPOP m 0", 1),
    ] {
        let before = f.stores[0].stats.dirty;
        f.run_bytes(&line.split(' ').map(str::as_bytes).collect::<Vec<_>>());
        assert_eq!(f.stores[0].stats.dirty - before, changes, "{line}");
    }
}

#[test]
fn long_lists_are_told_apart_only_by_their_encoding() {
    let f = &mut Fixture::new();
    f.stores[0].limits.list_node_size = 8;
    for n in 0..100 {
        check(f, &format!("RPUSH l {n}"), &format!(":{}|", n + 1));
    }
    lines(
        f,
        &[
            ("OBJECT ENCODING l", "$9|quicklist|"),
            ("LRANGE l 48 51", "*4|$2|48|$2|49|$2|50|$2|51|"),
            ("COPY l copy", ":1|"),
            ("LTRIM l 10 13", "+OK|"),
            ("OBJECT ENCODING l", "$8|listpack|"),
            ("LRANGE l 0 -1", "*4|$2|10|$2|11|$2|12|$2|13|"),
            ("RPOP copy 3", "*3|$2|99|$2|98|$2|97|"),
            ("UNLINK copy", ":1|"),
        ],
    );
}
