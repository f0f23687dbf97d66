//! Tests of the stream commands: replies, errors, effects.
#![allow(clippy::unwrap_used, reason = "tests")]

use crate::command::testing::{Fixture, NOW_MS, check, run};
use crate::resp::Proto;

const INVALID: &str = "-ERR Invalid stream ID specified as stream command argument|";

fn lines(f: &mut Fixture, lines: &[(&str, &str)]) {
    for (line, reply) in lines {
        check(f, line, reply);
    }
}

#[test]
fn xadd_gives_ids_and_refuses_what_does_not_ascend() {
    let f = &mut Fixture::new();
    let too_small = "-ERR The ID specified in XADD is equal or smaller than the target stream top item|";
    let arity = "-ERR wrong number of arguments for 'xadd' command|";
    lines(
        f,
        &[
            ("XADD s NOMKSTREAM * a 1", "$-1|"),
            ("EXISTS s", ":0|"),
            ("XADD s 0-0 a 1", "-ERR The ID specified in XADD must be greater than 0-0|"),
            ("XADD s 0-* a 1", "$3|0-1|"),
            ("XADD s 5 a 1", "$3|5-0|"),
            ("XADD s 5-* a 1", "$3|5-1|"),
            ("XADD s 5-1 a 1", too_small),
            ("XADD s * a", arity),
            ("XADD s * a 1 b", arity),
            ("XADD s 5-1-1 a 1", INVALID),
            ("XADD s - a 1", INVALID),
            ("XADD s nomkstream * a 1 b 2", &format!("${}|{NOW_MS}-0|", NOW_MS.to_string().len() + 2)),
            ("XADD s * a 1", &format!("${}|{NOW_MS}-1|", NOW_MS.to_string().len() + 2)),
            (
                "XADD s 18446744073709551615-18446744073709551615 a 1",
                "$41|18446744073709551615-18446744073709551615|",
            ),
            ("XADD s * a 1", "-ERR The stream has exhausted the last possible ID, unable to add more items|"),
            ("XLEN s", ":6|"),
            ("SET k v", "+OK|"),
            ("XADD k * a 1", "-WRONGTYPE Operation against a key holding the wrong kind of value|"),
            ("TYPE s", "+stream|"),
            ("OBJECT ENCODING s", "$6|stream|"),
        ],
    );
}

#[test]
fn trims_are_checked_and_done() {
    let f = &mut Fixture::new().journal();
    let both = "-ERR syntax error, MAXLEN and MINID options at the same time are not compatible|";
    lines(
        f,
        &[
            ("XADD s MAXLEN 5 MINID 3 * a 1", both),
            ("XADD s MAXLEN -1 * a 1", "-ERR The MAXLEN argument must be >= 0.|"),
            ("XADD s MAXLEN ~ x * a 1", "-ERR value is not an integer or out of range|"),
            (
                "XADD s MAXLEN = 5 LIMIT 3 * a 1",
                "-ERR syntax error, LIMIT cannot be used without the special ~ option|",
            ),
            (
                "XADD s LIMIT 3 * a 1",
                "-ERR syntax error, LIMIT cannot be used without specifying a trimming strategy|",
            ),
            ("XADD s LIMIT 0 * a 1", "-ERR syntax error, LIMIT cannot be used without the special ~ option|"),
            ("XADD s MAXLEN ~ 3 LIMIT -3 * a 1", "-ERR The LIMIT argument must be >= 0.|"),
            ("XTRIM s LIMIT 0 LIMIT 0", "-ERR syntax error, XTRIM must be called with a trimming strategy|"),
            ("XTRIM s MAXLEN 3 NOMKSTREAM", "-ERR syntax error|"),
            ("XTRIM s MINID -", INVALID),
            ("XTRIM s MAXLEN 3", ":0|"),
        ],
    );
    f.stores[0].limits.stream_node_entries = 2;
    for n in 1..=7 {
        check(f, &format!("XADD s {n} a 1"), &format!("$3|{n}-0|"));
    }
    assert_eq!(f.effects().len(), 7);
    lines(
        f,
        &[
            ("XTRIM s MAXLEN ~ 6", ":0|"),
            ("XTRIM s MAXLEN ~ 4 LIMIT 2", ":2|"),
            ("XTRIM s MINID = 4", ":1|"),
            ("XADD s MAXLEN ~ 3 LIMIT 10 8-* a 1", "$3|8-0|"),
            ("XADD s MINID ~ 6 9 a 1", "$3|9-0|"),
            ("XADD s MAXLEN 1 * a 1", &format!("${}|{NOW_MS}-0|", NOW_MS.to_string().len() + 2)),
            ("XTRIM s MAXLEN 0", ":1|"),
            ("XLEN s", ":0|"),
            ("EXISTS s", ":1|"),
        ],
    );
    assert_eq!(
        f.effect_lines(),
        [
            "XTRIM s MAXLEN = 5",
            "XTRIM s MINID = 4",
            // What ~ did is told as what it left, entries that are only marked as deleted included.
            "XADD s MAXLEN = 4 8-0 a 1",
            "XADD s MINID = 5-0 9 a 1",
            &format!("XADD s MAXLEN 1 {NOW_MS}-0 a 1"),
            "XTRIM s MAXLEN 0",
        ]
    );
}

#[test]
fn ranges_have_ends_of_every_kind() {
    let f = &mut Fixture::new();
    for id in ["1-1", "1-2", "2-0", "3-5"] {
        check(f, &format!("XADD s {id} a {id}"), &format!("$3|{id}|"));
    }
    let e = |id: &str| format!("*2|$3|{id}|*2|$1|a|$3|{id}|");
    lines(
        f,
        &[
            ("XRANGE s - +", &format!("*4|{}{}{}{}", e("1-1"), e("1-2"), e("2-0"), e("3-5"))),
            ("XRANGE s 1 1", &format!("*2|{}{}", e("1-1"), e("1-2"))),
            ("XRANGE s (1-1 (3-5", &format!("*2|{}{}", e("1-2"), e("2-0"))),
            ("XREVRANGE s + (2 COUNT 1", &format!("*1|{}", e("3-5"))),
            ("XREVRANGE s 2-0 - COUNT 2", &format!("*2|{}{}", e("2-0"), e("1-2"))),
            ("XRANGE s + -", "*0|"),
            ("XRANGE s - + COUNT 0", "*-1|"),
            ("XRANGE s - + COUNT -5", "*-1|"),
            ("XRANGE s - + COUNT 0 COUNT 1", &format!("*1|{}", e("1-1"))),
            ("XRANGE s - + COUNT", "-ERR syntax error|"),
            ("XRANGE s - x", INVALID),
            ("XRANGE s (- +", INVALID),
            (
                "XRANGE s (18446744073709551615-18446744073709551615 +",
                "-ERR invalid start ID for the interval|",
            ),
            ("XRANGE s - (0-0", "-ERR invalid end ID for the interval|"),
            ("XRANGE nokey - +", "*0|"),
            ("XDEL s 1-1 9-9 1-1", ":1|"),
            ("XDEL s x", INVALID),
            ("XDEL nokey x", ":0|"),
            ("XSETID s 3-4", "-ERR The ID specified in XSETID is smaller than the target stream top item|"),
            (
                "XSETID s 9 ENTRIESADDED 2",
                "-ERR The entries_added specified in XSETID is smaller than the target stream length|",
            ),
            ("XSETID s 9 ENTRIESADDED -2", "-ERR entries_added must be positive|"),
            (
                "XSETID s 9 MAXDELETEDID 10",
                "-ERR The ID specified in XSETID is smaller than the provided max_deleted_entry_id|",
            ),
            ("XSETID s 1-0", "-ERR The ID specified in XSETID is smaller than current max_deleted_entry_id|"),
            ("XSETID s 9 ENTRIESADDED 40 MAXDELETEDID 2-0", "+OK|"),
            ("XSETID nokey 9", "-ERR no such key|"),
            ("XSETID s 9 foo", "-ERR syntax error|"),
            (
                "XADD s 8 a 1",
                "-ERR The ID specified in XADD is equal or smaller than the target stream top item|",
            ),
        ],
    );
}

#[test]
fn xread_replies_what_is_new_in_either_protocol() {
    let f = &mut Fixture::sharded(3);
    lines(
        f,
        &[
            ("XADD a 1 f 1", "$3|1-0|"),
            ("XADD b 2 g 2", "$3|2-0|"),
            (
                "XREAD STREAMS a b 0 0",
                "*2|*2|$1|a|*1|*2|$3|1-0|*2|$1|f|$1|1|*2|$1|b|*1|*2|$3|2-0|*2|$1|g|$1|2|",
            ),
            ("XREAD COUNT 1 STREAMS a b 1 1", "*1|*2|$1|b|*1|*2|$3|2-0|*2|$1|g|$1|2|"),
            ("XREAD STREAMS a nokey $ 0", "*-1|"),
            ("XREAD STREAMS a 18446744073709551615-18446744073709551615", "*-1|"),
            ("XREAD STREAMS a b", INVALID),
            (
                "XREAD STREAMS a b c",
                "-ERR Unbalanced 'xread' list of streams: for each stream key an ID or '$' must be specified.|",
            ),
            ("XREAD COUNT 3 BLOCK 5", "-ERR syntax error|"),
            ("XREAD BLOCK -1 STREAMS a 0", "-ERR timeout is negative|"),
            ("XREAD BLOCK x STREAMS a 0", "-ERR timeout is not an integer or out of range|"),
            ("XREAD BLOCK 9223372036854775807 STREAMS a 0", "-ERR timeout is out of range|"),
            (
                "XREAD GROUP g c STREAMS a 0",
                "-ERR The GROUP option is only supported by XREADGROUP. You called XREAD instead.|",
            ),
            (
                "XREAD NOACK STREAMS a 0",
                "-ERR The NOACK option is only supported by XREADGROUP. You called XREAD instead.|",
            ),
            (
                "XREAD STREAMS a >",
                "-ERR The > ID can be specified only when calling XREADGROUP using the GROUP <group> <consumer> option.|",
            ),
        ],
    );
    f.session.proto = Proto::V3;
    check(f, "XREAD STREAMS b a 0 0", "%2|$1|b|*1|*2|$3|2-0|*2|$1|g|$1|2|$1|a|*1|*2|$3|1-0|*2|$1|f|$1|1|");
    check(f, "XREAD STREAMS a 1", "_|");
}

#[test]
fn a_read_that_blocks_asks_for_its_wait() {
    let f = &mut Fixture::new();
    check(f, "XADD a 5-7 f 1", "$3|5-7|");
    check(f, "XREAD COUNT 2 BLOCK 100 STREAMS a b $ 3", "");
    let wait = f.session.wait.take().unwrap();
    assert_eq!((wait.keys, wait.timeout_ms, wait.on_delete), (vec![6, 7], 100, false));
    let words = wait.rewrite.unwrap();
    assert_eq!((words[8].as_slice(), words[9].as_slice()), (&b"5-7"[..], &b"3"[..]));
    check(f, "XGROUP CREATE a g $", "+OK|");
    check(f, "XREADGROUP GROUP g c BLOCK 0 STREAMS a >", "");
    let wait = f.session.wait.take().unwrap();
    assert!(wait.on_delete && wait.rewrite.is_none());
    f.session.deny_blocking = true;
    check(
        f,
        "xread BLOCK 0 STREAMS a $",
        "-ERR xread command is not allowed with BLOCK option from scripts|",
    );
}

#[test]
fn groups_come_and_go() {
    let f = &mut Fixture::new().journal();
    let no_key = "-ERR The XGROUP subcommand requires the key to exist. Note that for CREATE you may want to use the \
                  MKSTREAM option to create an empty stream automatically.|";
    let syntax = |sub: &str, name: &str| {
        format!("-ERR unknown subcommand or wrong number of arguments for '{sub}'. Try {name} HELP.|")
    };
    lines(
        f,
        &[
            ("XGROUP CREATE s g $", no_key),
            ("XGROUP CREATE s g x MKSTREAM", INVALID),
            ("EXISTS s", ":0|"),
            ("xgroup create s g $ foo", &syntax("create", "XGROUP")),
            ("XGROUP CREATE s g $ ENTRIESREAD -2", "-ERR value for ENTRIESREAD must be positive or -1|"),
            ("XGROUP CREATE s g $ MKSTREAM ENTRIESREAD 7", "+OK|"),
            ("XGROUP CREATE s g 0", "-BUSYGROUP Consumer Group name already exists|"),
            ("XGROUP CREATE s h -", INVALID),
            ("XGROUP SETID s h 0", "-NOGROUP No such consumer group 'h' for key name 's'|"),
            ("XGROUP SETID s g +", "+OK|"),
            ("XGROUP SETID s g 3 MKSTREAM", &syntax("SETID", "XGROUP")),
            ("XGROUP CREATECONSUMER s g c", ":1|"),
            ("XGROUP CREATECONSUMER s g c", ":0|"),
            ("XGROUP DELCONSUMER s g d", ":0|"),
            ("XGROUP DELCONSUMER s g c", ":0|"),
            ("XGROUP DESTROY s h", ":0|"),
            ("XGROUP DESTROY nokey h", no_key),
            ("XGROUP DESTROY s g", ":1|"),
            ("XINFO GROUPS s", "*0|"),
            ("XINFO STREAM nokey", "-ERR no such key|"),
            ("XINFO STREAM s FUL", &syntax("STREAM", "XINFO")),
            ("XINFO CONSUMERS s g", "-NOGROUP No such consumer group 'g' for key name 's'|"),
        ],
    );
    assert_eq!(
        f.effect_lines(),
        [
            "XGROUP CREATE s g $ MKSTREAM ENTRIESREAD 7",
            "XGROUP SETID s g +",
            "XGROUP CREATECONSUMER s g c",
            "XGROUP DELCONSUMER s g c",
            "XGROUP DESTROY s g",
        ]
    );
    assert!(run(f, &["XGROUP", "HELP"]).starts_with("*17\r\n+XGROUP <subcommand>"));
    assert!(run(f, &["XINFO", "HELP"]).starts_with("*9\r\n+XINFO <subcommand>"));
}

#[test]
fn a_group_hands_out_each_entry_once() {
    let f = &mut Fixture::new().journal();
    for n in 1..=4 {
        check(f, &format!("XADD s {n} a {n}"), &format!("$3|{n}-0|"));
    }
    check(f, "XGROUP CREATE s g 0", "+OK|");
    f.effects();
    let e = |n: u32| format!("*2|$3|{n}-0|*2|$1|a|$1|{n}|");
    lines(
        f,
        &[
            ("XREADGROUP GROUP g c1 COUNT 2 STREAMS s >", &format!("*1|*2|$1|s|*2|{}{}", e(1), e(2))),
            ("XREADGROUP GROUP g c2 COUNT 1 NOACK STREAMS s >", &format!("*1|*2|$1|s|*1|{}", e(3))),
            ("XREADGROUP GROUP g c2 STREAMS s >", &format!("*1|*2|$1|s|*1|{}", e(4))),
            ("XREADGROUP GROUP g c2 STREAMS s >", "*-1|"),
            ("XREADGROUP GROUP g c2 STREAMS s 0", &format!("*1|*2|$1|s|*1|{}", e(4))),
            ("XREADGROUP GROUP g c2 STREAMS s 4", "*1|*2|$1|s|*0|"),
            ("XDEL s 2", ":1|"),
            ("XREADGROUP GROUP g c1 STREAMS s 0", &format!("*1|*2|$1|s|*2|{}*2|$3|2-0|*-1|", e(1))),
            (
                "XREADGROUP GROUP h c1 STREAMS s 0",
                "-NOGROUP No such key 's' or consumer group 'h' in XREADGROUP with GROUP option|",
            ),
            (
                "XREADGROUP STREAMS s 0 0 0 0",
                "-ERR Unbalanced 'xreadgroup' list of streams: for each stream key an ID or '>' must be specified.|",
            ),
            ("XREADGROUP COUNT 1 NOACK STREAMS s s 0 0", "-ERR Missing GROUP option for XREADGROUP|"),
            ("XPENDING s g", "*4|:3|$3|1-0|$3|4-0|*2|*2|$2|c1|$1|2|*2|$2|c2|$1|1|"),
        ],
    );
    let claim = |consumer: &str, id: u32, last: u32| {
        format!("XCLAIM s g {consumer} 0 {id}-0 TIME {NOW_MS} RETRYCOUNT 1 FORCE JUSTID LASTID {last}-0")
    };
    assert_eq!(
        f.effect_lines(),
        [
            claim("c1", 1, 1),
            claim("c1", 2, 2),
            "XGROUP CREATECONSUMER s g c2".to_owned(),
            "XGROUP SETID s g 3-0 ENTRIESREAD 3".to_owned(),
            claim("c2", 4, 4),
            "XDEL s 2".to_owned(),
        ]
    );
    f.now_ms += 50;
    lines(
        f,
        &[
            (
                "XPENDING s g - + 10",
                "*3|*4|$3|1-0|$2|c1|:50|:2|*4|$3|2-0|$2|c1|:50|:1|*4|$3|4-0|$2|c2|:50|:2|",
            ),
            ("XPENDING s g (1 3 10 c1", "*1|*4|$3|2-0|$2|c1|:50|:1|"),
            ("XPENDING s g IDLE 51 - + 10", "*0|"),
            ("XPENDING s g IDLE 50 - + 1", "*1|*4|$3|1-0|$2|c1|:50|:2|"),
            ("XPENDING s g - + 10 nobody", "*0|"),
            ("XPENDING s g + - 10", "*0|"),
            ("XPENDING s g IDLE 5 - +", "-ERR syntax error|"),
            ("XPENDING s g - +", "-ERR syntax error|"),
            ("XPENDING s h", "-NOGROUP No such key 's' or consumer group 'h'|"),
            ("XACK s g 1 x", INVALID),
            ("XACK s g 1 9 1", ":1|"),
            ("XACK s h 1", ":0|"),
            ("XPENDING s g", "*4|:2|$3|2-0|$3|4-0|*2|*2|$2|c1|$1|1|*2|$2|c2|$1|1|"),
            ("XGROUP DELCONSUMER s g c1", ":1|"),
            (
                "XINFO GROUPS s",
                "*1|*12|$4|name|$1|g|$9|consumers|:1|$7|pending|:1|$17|last-delivered-id|$3|4-0|$12|entries-read|:4|$3|lag|:0|",
            ),
            ("XINFO CONSUMERS s g", "*1|*8|$4|name|$2|c2|$7|pending|:1|$4|idle|:50|$8|inactive|:50|"),
        ],
    );
    f.session.proto = Proto::V3;
    check(
        f,
        "XINFO STREAM s",
        "%10|$6|length|:3|$15|radix-tree-keys|:1|$16|radix-tree-nodes|:2|$17|last-generated-id|\
        $3|4-0|$20|max-deleted-entry-id|$3|2-0|$13|entries-added|:4|$23|recorded-first-entry-id|$3|1-0|$6|groups|:1|\
        $11|first-entry|*2|$3|1-0|*2|$1|a|$1|1|$10|last-entry|*2|$3|4-0|*2|$1|a|$1|4|",
    );
    check(
        f,
        "XINFO STREAM s FULL COUNT 1",
        &format!(
            "%9|$6|length|:3|$15|radix-tree-keys|:1|$16|radix-tree-nodes|:2|\
        $17|last-generated-id|$3|4-0|$20|max-deleted-entry-id|$3|2-0|$13|entries-added|:4|$23|recorded-first-entry-id|\
        $3|1-0|$7|entries|*1|{}$6|groups|*1|%7|$4|name|$1|g|$17|last-delivered-id|$3|4-0|$12|entries-read|:4|$3|lag|:0|\
        $9|pel-count|:1|$7|pending|*1|*4|$3|4-0|$2|c2|:{NOW_MS}|:2|$9|consumers|*1|%5|$4|name|$2|c2|$9|seen-time|\
        :{NOW_MS}|$11|active-time|:{NOW_MS}|$9|pel-count|:1|$7|pending|*1|*3|$3|4-0|:{NOW_MS}|:2|",
            e(1)
        ),
    );
}

#[test]
fn claims_change_owner_time_and_count() {
    let f = &mut Fixture::new().journal();
    for n in 1..=5 {
        check(f, &format!("XADD s {n} a {n}"), &format!("$3|{n}-0|"));
    }
    check(f, "XGROUP CREATE s g 0", "+OK|");
    run(f, &["XREADGROUP", "GROUP", "g", "c1", "COUNT", "3", "STREAMS", "s", ">"]);
    f.effects();
    f.now_ms += 100;
    lines(
        f,
        &[
            ("XCLAIM s h c 0 1", "-NOGROUP No such key 's' or consumer group 'h'|"),
            ("XCLAIM s g c x 1", "-ERR Invalid min-idle-time argument for XCLAIM|"),
            ("XCLAIM s g c 0 1 foo", "-ERR Unrecognized XCLAIM option 'foo'|"),
            ("XCLAIM s g c 0 1 IDLE", "-ERR Unrecognized XCLAIM option 'IDLE'|"),
            ("XCLAIM s g c 0 1 IDLE x", "-ERR Invalid IDLE option argument for XCLAIM|"),
            ("XCLAIM s g c 0 1 LASTID x", INVALID),
            ("XCLAIM s g c2 101 1", "*0|"),
            ("XCLAIM s g c2 100 1 4", "*1|*2|$3|1-0|*2|$1|a|$1|1|"),
            ("XCLAIM s g c2 0 2 JUSTID IDLE 70", "*1|$3|2-0|"),
            ("XCLAIM s g c2 500 4 FORCE RETRYCOUNT 9 JUSTID TIME 9223372036854775807", "*1|$3|4-0|"),
            ("XCLAIM s g c2 0 5 IDLE -9223372036854775808 FORCE", "*1|*2|$3|5-0|*2|$1|a|$1|5|"),
            ("XCLAIM s g c2 0 9 LASTID 4 FORCE", "*0|"),
            (
                "XPENDING s g - + 9",
                "*5|*4|$3|1-0|$2|c2|:0|:2|*4|$3|2-0|$2|c2|:70|:1|*4|$3|3-0|$2|c1|:100|:1|*4|$3|4-0|$2|c2|:0|:9|*4|$3|5-0|$2|c2|:0|:2|",
            ),
            ("XDEL s 1 3", ":2|"),
            ("XCLAIM s g c3 0 1 JUSTID", "*0|"),
            ("XAUTOCLAIM s g c3 0 - COUNT 2", "*3|$3|4-0|*1|*2|$3|2-0|*2|$1|a|$1|2|*1|$3|3-0|"),
            ("XAUTOCLAIM s g c3 0 (2 COUNT 1 JUSTID", "*3|$3|5-0|*1|$3|4-0|*0|"),
            ("XAUTOCLAIM s g c3 0 5", "*3|$3|0-0|*1|*2|$3|5-0|*2|$1|a|$1|5|*0|"),
            ("XAUTOCLAIM s g c3 1 -", "*3|$3|0-0|*0|*0|"),
            ("XAUTOCLAIM s g c3 0 - COUNT 0", "-ERR COUNT must be > 0|"),
            ("XAUTOCLAIM s g c3 0 - COUNT 576460752303423488", "-ERR COUNT must be > 0|"),
            (
                "XAUTOCLAIM s g c3 0 - COUNT 576460752303423487",
                "*3|$3|0-0|*3|*2|$3|2-0|*2|$1|a|$1|2|*2|$3|4-0|*2|$1|a|$1|4|*2|$3|5-0|*2|$1|a|$1|5|*0|",
            ),
            ("XAUTOCLAIM s g c3 0 - foo", "-ERR syntax error|"),
            ("XAUTOCLAIM s h c3 0 -", "-NOGROUP No such key 's' or consumer group 'h'|"),
        ],
    );
    let now = f.now_ms;
    let effects = f.effect_lines();
    let claim = |consumer: &str, id: u32, time: i64, count: u32, last: u32| {
        format!("XCLAIM s g {consumer} 0 {id}-0 TIME {time} RETRYCOUNT {count} FORCE JUSTID LASTID {last}-0")
    };
    assert_eq!(
        effects[..9],
        [
            claim("c2", 1, now, 2, 3),
            claim("c2", 2, now - 70, 1, 3),
            claim("c2", 4, now, 9, 3),
            claim("c2", 5, now, 2, 3),
            "XGROUP SETID s g 4-0 ENTRIESREAD 3".to_owned(),
            "XDEL s 1 3".to_owned(),
            // An entry that is gone: the claim names its last owner and finds nothing.
            claim("c2", 1, now, 2, 4),
            claim("c3", 2, now, 2, 4),
            claim("c1", 3, now - 100, 1, 4),
        ]
    );
}

#[test]
fn effects_replayed_give_the_same_stream() {
    let seed = std::env::var("SHOAL_SEED").ok().and_then(|text| text.parse().ok()).unwrap_or(7);
    println!("SHOAL_SEED={seed}");
    let mut rng = crate::base::prng::Prng::new(seed);
    let (f, twin) = (&mut Fixture::new().journal(), &mut Fixture::new());
    f.stores[0].limits.stream_node_entries = 3;
    twin.stores[0].limits.stream_node_entries = 5;
    run(f, &["XGROUP", "CREATE", "s", "g", "0", "MKSTREAM"]);
    for step in 0..600_u64 {
        let (n, c) = (rng.below(9), rng.below(3));
        let id = format!("{}-0", 1 + rng.below(step + 1));
        let line = match rng.index(12) {
            0..=3 => format!("XADD s MAXLEN ~ {} LIMIT {n} {}-* a {n}", 10 + n, step + 1),
            4 => format!("XADD s MINID ~ {id} {}-0 a {n}", step + 1),
            5 => format!("XTRIM s MAXLEN ~ {n}"),
            6 => format!("XREADGROUP GROUP g c{c} COUNT {n} STREAMS s >"),
            7 => format!("XREADGROUP GROUP g c{c} COUNT 1 NOACK STREAMS s >"),
            8 => format!("XDEL s {id}"),
            9 => format!("XACK s g {id}"),
            10 => format!("XCLAIM s g c{c} 0 {id} FORCE"),
            _ => format!("XAUTOCLAIM s g c{c} 0 - COUNT {}", n + 1),
        };
        f.now_ms += 1;
        run(f, &line.split(' ').collect::<Vec<_>>());
        twin.now_ms = f.now_ms;
        for effect in f.effects() {
            let words: Vec<&[u8]> = effect.iter().map(Vec::as_slice).collect();
            let reply = twin.run_bytes(&words);
            assert!(!reply.starts_with(b"-"), "{line}: {:?}", String::from_utf8_lossy(&reply));
        }
        for look in ["XRANGE s - +", "XPENDING s g - + 1000", "XLEN s"] {
            let words: Vec<&str> = look.split(' ').collect();
            assert_eq!(run(f, &words), run(twin, &words), "{line}: {look}");
        }
    }
}

#[test]
fn copies_digests_and_sizes_are_those_of_any_value() {
    let f = &mut Fixture::new();
    lines(
        f,
        &[
            ("XADD s 1 a 1", "$3|1-0|"),
            ("XGROUP CREATE s g 0", "+OK|"),
            ("COPY s t", ":1|"),
            ("XADD t 2 a 1", "$3|2-0|"),
            ("XLEN s", ":1|"),
            ("XGROUP DESTROY t g", ":1|"),
            ("XGROUP DESTROY t g", ":0|"),
            ("XPENDING s g", "*4|:0|$-1|$-1|*-1|"),
            ("UNLINK s", ":1|"),
        ],
    );
}
