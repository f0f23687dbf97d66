//! The handlers of sorted sets, packed and as trees, on one shard and on several.

#![allow(clippy::unwrap_used, reason = "tests")]

use crate::command::Asked;
use crate::command::testing::{Fixture, check, run};
use crate::data::Kind;
use crate::resp::Proto;
use std::collections::BTreeSet;

const WRONG: &str = "-WRONGTYPE Operation against a key holding the wrong kind of value|";

/// Fixtures of one and of several shards, with packed sets and with trees.
fn fixtures() -> impl Iterator<Item = Fixture> {
    [(1, 128), (1, 0), (3, 128), (3, 0)].into_iter().map(|(shards, entries)| {
        let mut f = Fixture::sharded(shards);
        f.stores.iter_mut().for_each(|store| store.limits.zset_entries = entries);
        f
    })
}

#[test]
fn members_are_added_scored_ranked_and_removed() {
    for mut f in fixtures() {
        let f = &mut f;
        check(f, "ZADD z 1 a 2 b 3.5 c", ":3|");
        check(f, "ZADD z 1 a 5 b", ":0|");
        check(f, "ZADD z CH 2 b -inf d", ":2|");
        check(f, "ZADD z NX 9 a 9 e", ":1|");
        check(f, "ZADD z XX CH 8 e 8 nobody", ":1|");
        check(f, "ZADD z GT CH 1 e 10 c", ":1|");
        check(f, "ZADD z LT CH 9 e 3.5 c", ":1|");
        check(f, "ZADD z INCR 2 a", "$1|3|");
        check(f, "ZADD z XX INCR 2 nobody", "$-1|");
        check(f, "ZINCRBY z 0.25 c", "$4|3.75|");
        check(f, "ZINCRBY z +inf d", "-ERR resulting score is not a number (NaN)|");
        check(f, "ZCARD z", ":5|");
        check(f, "ZSCORE z c", "$4|3.75|");
        check(f, "ZSCORE z nobody", "$-1|");
        check(f, "ZMSCORE z a nobody d", "*3|$1|3|$-1|$4|-inf|");
        check(f, "ZRANGE z 0 -1", "*5|$1|d|$1|b|$1|a|$1|c|$1|e|");
        check(f, "ZRANK z c", ":3|");
        check(f, "ZREVRANK z c WITHSCORE", "*2|:1|$4|3.75|");
        check(f, "ZRANK z nobody", "$-1|");
        check(f, "ZRANK z nobody WITHSCORE", "*-1|");
        check(f, "ZREM z a nobody a d", ":2|");
        check(f, "ZREM z b c e", ":3|");
        check(f, "EXISTS z", ":0|");
        check(f, "ZADD none XX 1 a", ":0|");
        check(f, "EXISTS none", ":0|");
    }
}

#[test]
fn words_that_do_not_fit_are_refused() {
    let f = &mut Fixture::new();
    check(f, "SET str v", "+OK|");
    check(f, "ZADD z 1 a 2", "-ERR syntax error|");
    check(f, "ZADD z NX XX 1 a", "-ERR XX and NX options at the same time are not compatible|");
    let three = "-ERR GT, LT, and/or NX options at the same time are not compatible|";
    check(f, "ZADD z GT LT 1 a", three);
    check(f, "ZADD z NX GT 1 a", three);
    check(f, "ZADD z INCR 1 a 2 b", "-ERR INCR option supports a single increment-element pair|");
    check(f, "ZADD z nan a", "-ERR value is not a valid float|");
    check(f, "ZADD str 1 a", WRONG);
    check(f, "ZADD str x a", "-ERR value is not a valid float|");
    check(f, "ZCOUNT z a b", "-ERR min or max is not a float|");
    check(f, "ZLEXCOUNT z a b", "-ERR min or max not valid string range item|");
    check(f, "ZRANGE z a b", "-ERR value is not an integer or out of range|");
    check(f, "ZRANGE str 0 1 BYLEX", "-ERR min or max not valid string range item|");
    check(f, "ZRANGE str 0 1", WRONG);
    check(f, "ZRANGE z 0 1 REV REV", "-ERR syntax error|");
    check(f, "ZRANGE z 0 1 BYLEX BYSCORE", "-ERR syntax error|");
    check(f, "ZREVRANGE z 0 1 REV", "-ERR syntax error|");
    let limit = "-ERR syntax error, LIMIT is only supported in combination with either BYSCORE or BYLEX|";
    check(f, "ZRANGE z 0 1 LIMIT 0 5", limit);
    let lex = "-ERR syntax error, WITHSCORES not supported in combination with BYLEX|";
    check(f, "ZRANGE z - + BYLEX WITHSCORES", lex);
    check(f, "ZRANGESTORE d z 0 1 WITHSCORES", "-ERR syntax error|");
    check(f, "ZRANK z a WITHSCORES", "-ERR syntax error|");
    check(f, "ZRANK z a WITHSCORE x", "-ERR wrong number of arguments for 'zrank' command|");
    check(f, "ZUNION 0 z", "-ERR at least 1 input key is needed for 'zunion' command|");
    check(f, "ZUNION 2 z", "-ERR syntax error|");
    check(f, "ZUNION x z", "-ERR value is not an integer or out of range|");
    check(f, "ZUNION 1 z WEIGHTS x", "-ERR weight value is not a float|");
    check(f, "ZUNION 1 z WEIGHTS", "-ERR syntax error|");
    check(f, "ZUNION 1 z AGGREGATE avg", "-ERR syntax error|");
    check(f, "ZUNION 1 str BOGUS", WRONG);
    check(f, "ZDIFF 1 z WEIGHTS 1", "-ERR syntax error|");
    check(f, "ZUNIONSTORE d 1 z WITHSCORES", "-ERR syntax error|");
    check(f, "ZINTERCARD 1 z LIMIT -1", "-ERR LIMIT can't be negative|");
    check(f, "ZPOPMIN z -1", "-ERR value is out of range, must be positive|");
    check(f, "ZPOPMIN str 0", WRONG);
    check(f, "ZPOPMIN z 1 2", "-ERR syntax error|");
    check(f, "ZMPOP 0 z MIN", "-ERR numkeys should be greater than 0|");
    check(f, "ZMPOP 1 z MID", "-ERR syntax error|");
    check(f, "ZMPOP 1 z MIN COUNT 0", "-ERR count should be greater than 0|");
    check(f, "ZMPOP 1 z MIN COUNT 1 COUNT 1", "-ERR syntax error|");
    check(f, "BZPOPMIN z x", "-ERR timeout is not a float or out of range|");
    check(f, "BZPOPMIN z -1", "-ERR timeout is negative|");
    check(f, "BZMPOP 1 1 str MIN", WRONG);
    check(f, "ZRANDMEMBER z 1 BOGUS", "-ERR syntax error|");
    check(f, "ZRANDMEMBER z 9223372036854775807 WITHSCORES", "-ERR value is out of range|");
    check(f, "ZSCAN z x", "-ERR invalid cursor|");
}

#[test]
fn ranges_by_rank_score_and_member_from_either_end() {
    for mut f in fixtures() {
        let f = &mut f;
        run(f, &["ZADD", "z", "1", "a", "2", "b", "2", "c", "3", "d", "inf", "e"]);
        check(f, "ZRANGE z 1 2 WITHSCORES", "*4|$1|b|$1|2|$1|c|$1|2|");
        check(f, "ZREVRANGE z 0 1", "*2|$1|e|$1|d|");
        check(f, "ZRANGE z -2 -1 REV", "*2|$1|b|$1|a|");
        check(f, "ZRANGE z 4 99", "*1|$1|e|");
        check(f, "ZRANGE z 5 99", "*0|");
        check(f, "ZRANGE z 2 1", "*0|");
        check(f, "ZRANGEBYSCORE z (1 2", "*2|$1|b|$1|c|");
        check(f, "ZREVRANGEBYSCORE z +inf (2 WITHSCORES", "*4|$1|e|$3|inf|$1|d|$1|3|");
        check(f, "ZRANGEBYSCORE z -inf +inf LIMIT 1 2", "*2|$1|b|$1|c|");
        check(f, "ZRANGEBYSCORE z -inf +inf LIMIT 3 -1", "*2|$1|d|$1|e|");
        check(f, "ZRANGEBYSCORE z -inf +inf LIMIT -1 3", "*0|");
        check(f, "ZRANGEBYSCORE z 3 1", "*0|");
        check(f, "ZRANGE z 3 2 BYSCORE REV LIMIT 1 1", "*1|$1|c|");
        check(f, "ZCOUNT z 2 (3", ":2|");
        check(f, "ZCOUNT none 2 3", ":0|");
        run(f, &["ZADD", "l", "0", "a", "0", "b", "0", "bb", "0", "c"]);
        check(f, "ZRANGEBYLEX l [b (c", "*2|$1|b|$2|bb|");
        check(f, "ZREVRANGEBYLEX l + [b LIMIT 1 1", "*1|$2|bb|");
        check(f, "ZRANGE l (b + BYLEX", "*2|$2|bb|$1|c|");
        check(f, "ZRANGEBYLEX l + -", "*0|");
        check(f, "ZLEXCOUNT l - +", ":4|");
        check(f, "ZLEXCOUNT l (a [bb", ":2|");
        check(f, "ZRANGESTORE d z 1 3", ":3|");
        check(f, "ZRANGE d 0 -1", "*3|$1|b|$1|c|$1|d|");
        check(f, "ZRANGESTORE d z 3 2 BYSCORE REV LIMIT 0 1", ":1|");
        check(f, "ZRANGE d 0 -1 WITHSCORES", "*2|$1|d|$1|3|");
        check(f, "ZRANGESTORE d none 0 -1", ":0|");
        check(f, "EXISTS d", ":0|");
        check(f, "ZREMRANGEBYRANK z 0 0", ":1|");
        check(f, "ZREMRANGEBYSCORE z 2 (3", ":2|");
        check(f, "ZREMRANGEBYLEX l - (c", ":3|");
        check(f, "ZRANGE z 0 -1", "*2|$1|d|$1|e|");
        check(f, "ZREMRANGEBYRANK z 0 -1", ":2|");
        check(f, "EXISTS z", ":0|");
    }
}

#[test]
fn resp3_nests_pairs_and_has_doubles() {
    let f = &mut Fixture::new();
    f.session.proto = Proto::V3;
    run(f, &["ZADD", "z", "1", "a", "2.5", "b"]);
    check(f, "ZRANGE z 0 -1 WITHSCORES", "*2|*2|$1|a|,1|*2|$1|b|,2.5|");
    check(f, "ZUNION 1 z WITHSCORES", "*2|*2|$1|a|,1|*2|$1|b|,2.5|");
    check(f, "ZRANK z x WITHSCORE", "_|");
    check(f, "ZPOPMAX z", "*2|$1|b|,2.5|");
    check(f, "ZPOPMIN z 5", "*1|*2|$1|a|,1|");
    run(f, &["ZADD", "z", "1", "a"]);
    check(f, "ZMPOP 1 z MIN", "*2|$1|z|*1|*2|$1|a|,1|");
}

#[test]
fn algebra_over_shards_with_weights_and_sets() {
    for mut f in fixtures() {
        let f = &mut f;
        run(f, &["ZADD", "a", "1", "x", "2", "y", "inf", "i"]);
        run(f, &["ZADD", "b", "10", "y", "20", "z", "-inf", "i"]);
        run(f, &["SADD", "s", "x", "y"]);
        check(f, "ZUNION 2 a b WITHSCORES", "*8|$1|i|$1|0|$1|x|$1|1|$1|y|$2|12|$1|z|$2|20|");
        check(f, "ZINTER 2 a b", "*2|$1|i|$1|y|");
        check(f, "ZINTER 2 a s WEIGHTS 2 10 WITHSCORES", "*4|$1|x|$2|12|$1|y|$2|14|");
        check(f, "ZINTER 2 a s AGGREGATE MAX WITHSCORES", "*4|$1|x|$1|1|$1|y|$1|2|");
        check(f, "ZINTER 2 a a WITHSCORES", "*6|$1|x|$1|2|$1|y|$1|4|$1|i|$3|inf|");
        check(f, "ZUNION 1 a WEIGHTS 0 WITHSCORES", "*6|$1|i|$1|0|$1|x|$1|0|$1|y|$1|0|");
        check(f, "ZDIFF 2 a s WITHSCORES", "*2|$1|i|$3|inf|");
        check(f, "ZDIFF 2 s b", "*1|$1|x|");
        check(f, "ZDIFF 2 a a", "*0|");
        check(f, "ZDIFF 2 none a", "*0|");
        check(f, "ZINTERCARD 2 a b", ":2|");
        check(f, "ZINTERCARD 2 a b LIMIT 1", ":1|");
        check(f, "ZUNIONSTORE d 3 a b none AGGREGATE MIN", ":4|");
        check(f, "ZRANGE d 0 -1 WITHSCORES", "*8|$1|i|$4|-inf|$1|x|$1|1|$1|y|$1|2|$1|z|$2|20|");
        check(f, "ZINTERSTORE d 2 a s", ":2|");
        check(f, "ZDIFFSTORE d 2 a b", ":1|");
        check(f, "ZRANGE d 0 -1", "*1|$1|x|");
        check(f, "ZDIFFSTORE d 2 a a", ":0|");
        check(f, "EXISTS d", ":0|");
        check(f, "SET d v", "+OK|");
        check(f, "ZUNIONSTORE d 1 s", ":2|");
        check(f, "TYPE d", "+zset|");
    }
}

#[test]
fn results_are_as_compact_as_the_limits_allow() {
    let f = &mut Fixture::new();
    for n in 0..130 {
        run(f, &["ZADD", "big", &n.to_string(), &format!("m{n}")]);
    }
    check(f, "OBJECT ENCODING big", "$8|skiplist|");
    check(f, "ZRANGESTORE d big 0 9", ":10|");
    check(f, "OBJECT ENCODING d", "$8|listpack|");
    check(f, "ZUNIONSTORE d 1 big", ":130|");
    check(f, "OBJECT ENCODING d", "$8|skiplist|");
    check(f, "COPY big copy", ":1|");
    check(f, "OBJECT ENCODING copy", "$8|skiplist|");
    assert_eq!(run(f, &["ZRANGE", "big", "0", "-1"]), run(f, &["ZRANGE", "copy", "0", "-1"]));
    check(f, "ZREMRANGEBYRANK big 5 -1", ":125|");
    check(f, "OBJECT ENCODING big", "$8|skiplist|");
}

#[test]
fn the_ends_are_popped() {
    for mut f in fixtures() {
        let f = &mut f;
        run(f, &["ZADD", "z", "1", "a", "2", "b", "3", "c", "4", "d"]);
        check(f, "ZPOPMIN z", "*2|$1|a|$1|1|");
        check(f, "ZPOPMAX z 2", "*4|$1|d|$1|4|$1|c|$1|3|");
        check(f, "ZPOPMIN z 0", "*0|");
        check(f, "ZMPOP 2 none z MAX COUNT 9", "*2|$1|z|*1|*2|$1|b|$1|2|");
        check(f, "EXISTS z", ":0|");
        check(f, "ZPOPMIN z", "*0|");
        check(f, "ZMPOP 1 z MIN", "*-1|");
        run(f, &["ZADD", "z", "1", "a", "2", "b"]);
        check(f, "BZPOPMAX none z 0", "*3|$1|z|$1|b|$1|2|");
        check(f, "BZMPOP 0 2 none z MIN", "*2|$1|z|*1|*2|$1|a|$1|1|");
    }
}

#[test]
fn clients_wait_for_sorted_sets_unless_they_may_not() {
    let f = &mut Fixture::new();
    assert_eq!(run(f, &["BZPOPMIN", "a", "b", "1.5"]), "");
    let asked: Asked = *f.session.wait.take().unwrap();
    assert_eq!((asked.keys, asked.timeout_ms, asked.kind), (vec![1, 2], 1_500, Kind::ZSet));
    assert_eq!(run(f, &["BZMPOP", "0", "2", "a", "b", "MAX"]), "");
    let asked = *f.session.wait.take().unwrap();
    assert_eq!((asked.keys, asked.timeout_ms), (vec![3, 4], 0));
    f.session.deny_blocking = true;
    check(f, "BZPOPMAX a 1", "*-1|");
    check(f, "BZMPOP 0 1 a MIN", "*-1|");
}

#[test]
fn effects_are_what_redis_propagates() {
    let f = &mut Fixture::new().journal();
    check(f, "ZADD z NX 1 a 2 b 3 c 4 d", ":4|");
    check(f, "ZADD z NX 9 a", ":0|");
    check(f, "ZINCRBY z 1 a", "$1|2|");
    run(f, &["BZPOPMIN", "z", "0"]);
    run(f, &["ZMPOP", "1", "z", "MAX", "COUNT", "2"]);
    run(f, &["ZPOPMIN", "z", "7"]);
    assert_eq!(
        f.effect_lines(),
        ["ZADD z NX 1 a 2 b 3 c 4 d", "ZINCRBY z 1 a", "ZPOPMIN z", "ZPOPMAX z 2", "ZPOPMIN z 7"]
    );
    run(f, &["ZADD", "z", "1", "a"]);
    run(f, &["ZUNIONSTORE", "d", "1", "z"]);
    run(f, &["ZREMRANGEBYSCORE", "z", "5", "6"]);
    run(f, &["ZREMRANGEBYSCORE", "z", "1", "6"]);
    run(f, &["ZUNIONSTORE", "d", "1", "z"]);
    assert_eq!(f.effect_lines(), ["ZADD z 1 a", "ZUNIONSTORE d 1 z", "ZREMRANGEBYSCORE z 1 6", "DEL d"]);
}

#[test]
fn results_over_shards_are_stated() {
    let f = &mut Fixture::sharded(4).journal();
    run(f, &["ZADD", "a", "0.1", "x"]);
    run(f, &["ZADD", "b", "2", "y"]);
    f.effect_lines();
    run(f, &["ZUNIONSTORE", "d", "2", "a", "b"]);
    assert_eq!(f.effect_lines(), ["DEL d", "ZADD d 0.1 x 2 y"]);
}

#[test]
fn random_elements_are_elements() {
    for (size, shards) in [(10, 1), (300, 1), (300, 4)] {
        let f = &mut Fixture::sharded(shards);
        for n in 0..size {
            run(f, &["ZADD", "z", &n.to_string(), &format!("m{n}")]);
        }
        for count in [1, 5, size / 2, size, size + 3] {
            let reply = run(f, &["ZRANDMEMBER", "z", &count.to_string(), "WITHSCORES"]);
            let words: Vec<&str> = reply.split("\r\n").skip(2).step_by(2).collect();
            assert_eq!(words.len(), count.min(size) * 2);
            assert!(words.chunks(2).all(|pair| pair[0] == format!("m{}", pair[1])));
            let distinct: BTreeSet<&&str> = words.iter().step_by(2).collect();
            assert_eq!(distinct.len(), count.min(size));
        }
        assert_eq!(run(f, &["ZRANDMEMBER", "z", "-700"]).matches("$").count(), 700);
        assert!(run(f, &["ZRANDMEMBER", "z"]).contains('m'));
        check(f, "ZRANDMEMBER z 0", "*0|");
        check(f, "ZRANDMEMBER none", "$-1|");
        check(f, "ZRANDMEMBER none -5", "*0|");
    }
}

#[test]
fn a_scan_reports_every_element_with_its_score() {
    for size in [5_usize, 1_000] {
        let f = &mut Fixture::new();
        for n in 0..size {
            run(f, &["ZADD", "z", &n.to_string(), &format!("m{n}")]);
        }
        let (mut cursor, mut seen) = ("0".to_owned(), BTreeSet::new());
        loop {
            let reply = run(f, &["ZSCAN", "z", &cursor, "COUNT", "50"]);
            let lines: Vec<&str> = reply.split("\r\n").collect();
            cursor = lines[2].to_owned();
            let words: Vec<&str> = lines.iter().skip(5).step_by(2).copied().collect();
            seen.extend(words.chunks_exact(2).map(|pair| {
                assert_eq!(pair[0], format!("m{}", pair[1]));
                pair[0].to_owned()
            }));
            if cursor == "0" {
                break;
            }
        }
        assert_eq!(seen.len(), size);
    }
    let f = &mut Fixture::new();
    check(f, "ZSCAN none 0 BAD", "*2|$1|0|*0|");
    run(f, &["ZADD", "z", "0.1", "a"]);
    check(f, "ZSCAN z 0", "*2|$1|0|*2|$1|a|$3|0.1|");
    f.stores[0].limits.zset_entries = 0;
    run(f, &["ZADD", "t", "0.1", "a"]);
    check(f, "ZSCAN t 0", "*2|$1|0|*2|$1|a|$19|0.10000000000000001|");
}

#[test]
fn digests_do_not_depend_on_the_encoding() {
    let mut digests = BTreeSet::new();
    for (zsets, sets) in [(128, 128), (0, 0)] {
        let f = &mut Fixture::new();
        (f.stores[0].limits.zset_entries, f.stores[0].limits.set_entries) = (zsets, sets);
        run(f, &["ZADD", "z", "1", "a", "0.1", "b", "3", "17"]);
        run(f, &["SADD", "s", "a", "17"]);
        digests.insert(run(f, &["DEBUG", "DIGEST-VALUE", "z", "s"]));
    }
    assert_eq!(digests.len(), 1);
}

#[test]
fn sort_takes_sorted_sets_in_their_order() {
    for mut f in fixtures() {
        let f = &mut f;
        run(f, &["ZADD", "z", "3", "1", "1", "2", "2", "3"]);
        check(f, "SORT z", "*3|$1|1|$1|2|$1|3|");
        check(f, "SORT z BY nosort DESC LIMIT 0 2", "*2|$1|1|$1|3|");
        check(f, "SORT_RO z BY nosort", "*3|$1|2|$1|3|$1|1|");
    }
}
