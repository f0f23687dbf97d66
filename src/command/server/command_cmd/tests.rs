//! COMMAND against a server of Redis: every entry of the whole table, the keys that words name, the error lines.
//!
//! `REDIS_SERVER` names the binary (default `redis-server`); without one the tests say so and pass. A server of 7.2 must
//! agree on everything; for one of 7.0 `changed_in_72` says what may differ.

#![allow(clippy::unwrap_used)]

mod changes;
mod oracle;

use super::{docs, info};
use crate::command::Command;
use crate::command::table::tests::EVERYTHING;
use crate::resp::{Out, Proto};
use changes::changed_in_72;
use oracle::Oracle;
use redis::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Full name and field to what is said there.
type Facts = BTreeMap<(String, String), String>;

fn ours(proto: Proto, write: impl Fn(&mut Out<'_>, &Command)) -> Vec<Value> {
    let entry = |command: &&'static Command| {
        let mut bytes = Vec::new();
        write(&mut Out::new(&mut bytes, proto), command);
        redis::parse_redis_value(&bytes).unwrap()
    };
    EVERYTHING.commands().iter().map(entry).collect()
}

fn text(value: &Value) -> String {
    match value {
        Value::BulkString(bytes) => String::from_utf8_lossy(bytes).into_owned(),
        other => panic!("{other:?} is no string"),
    }
}

/// Readable and one-to-one: `"bulk"`, `simple`, `[array]`, `~[set]`, `%[map]`.
fn render(value: &Value) -> String {
    let list = |items: &[Value]| items.iter().map(render).collect::<Vec<_>>().join(" ");
    match value {
        Value::BulkString(_) => format!("{:?}", text(value)),
        Value::SimpleString(word) => word.clone(),
        Value::Int(n) => n.to_string(),
        Value::Array(items) => format!("[{}]", list(items)),
        Value::Set(items) => format!("~[{}]", list(items)),
        Value::Map(pairs) => {
            let pair = |(k, v): &(Value, Value)| format!("{} {}", render(k), render(v));
            format!("%[{}]", pairs.iter().map(pair).collect::<Vec<_>>().join(" "))
        }
        other => format!("{other:?}"),
    }
}

/// Entries of COMMAND as facts; the order of subcommands is the order of a hash table in Redis and left out.
fn info_facts(entries: &[Value], facts: &mut Facts) {
    const FIELDS: [&str; 9] =
        ["name", "arity", "flags", "first", "last", "step", "categories", "tips", "keys"];
    for entry in entries {
        let Value::Array(fields) = entry else { panic!("{entry:?}") };
        let name = text(&fields[0]);
        for (field, value) in FIELDS.iter().zip(fields) {
            facts.insert((name.clone(), (*field).to_owned()), render(value));
        }
        let subs = fields.last().unwrap();
        match subs {
            Value::Array(entries) => {
                facts.insert((name, "subcommands".into()), "array".into());
                info_facts(entries, facts);
            }
            empty => {
                facts.insert((name, "subcommands".into()), render(empty));
            }
        }
    }
}

fn pairs(value: &Value) -> Vec<(&Value, &Value)> {
    match value {
        Value::Map(pairs) => pairs.iter().map(|(k, v)| (k, v)).collect(),
        Value::Array(flat) => flat.chunks_exact(2).map(|pair| (&pair[0], &pair[1])).collect(),
        other => panic!("{other:?} is no map"),
    }
}

/// Entries of COMMAND DOCS as facts. The order of fields is a fact too.
fn docs_facts<'v>(entries: impl IntoIterator<Item = (&'v Value, &'v Value)>, facts: &mut Facts) {
    for (name, entry) in entries {
        let name = text(name);
        let mut order = Vec::new();
        for (field, value) in pairs(entry) {
            order.push(text(field));
            if text(field) == "subcommands" {
                docs_facts(pairs(value), facts);
            } else {
                facts.insert((name.clone(), text(field)), render(value));
            }
        }
        facts.insert((name, "order of fields".into()), order.join(" "));
    }
}

/// What of `ours` and `theirs` differs in commands that both know.
fn differences(ours: &Facts, theirs: &Facts) -> Vec<String> {
    let known: BTreeSet<&String> = theirs.keys().map(|(name, _)| name).collect();
    let both = |name: &String| known.contains(name) && ours.keys().any(|(mine, _)| mine == name);
    let mut keys: Vec<_> = ours.keys().chain(theirs.keys()).filter(|(name, _)| both(name)).collect();
    keys.sort();
    keys.dedup();
    keys.into_iter()
        .filter(|key| ours.get(*key) != theirs.get(*key))
        .map(|key| {
            format!("{} {}:\n  ours   {:?}\n  theirs {:?}", key.0, key.1, ours.get(key), theirs.get(key))
        })
        .collect()
}

fn compare(oracle: &mut Oracle, proto: Proto) {
    let (mut mine, mut theirs) = (Facts::new(), Facts::new());
    info_facts(&ours(proto, info::write), &mut mine);
    let Value::Array(entries) = oracle.ask(&["COMMAND"]) else { panic!("COMMAND") };
    info_facts(&entries, &mut theirs);
    let mut report = Vec::new();
    if oracle.is_70() {
        changed_in_72(&mut mine, &mut theirs);
    } else {
        let missing = theirs.keys().filter(|key| !mine.contains_key(*key)).collect::<Vec<_>>();
        assert!(missing.is_empty(), "not in the tables: {missing:?}");
    }
    report.extend(differences(&mine, &theirs));

    let (mut mine, mut theirs) = (Facts::new(), Facts::new());
    let names: Vec<Value> =
        EVERYTHING.commands().iter().map(|c| Value::BulkString(c.full_name.clone().into_bytes())).collect();
    docs_facts(names.iter().zip(&ours(proto, docs::write)), &mut mine);
    docs_facts(pairs(&oracle.ask(&["COMMAND", "DOCS"])), &mut theirs);
    if oracle.is_70() {
        changed_in_72(&mut mine, &mut theirs);
    }
    report.extend(differences(&mine, &theirs));
    assert!(report.is_empty(), "{} differences\n{}", report.len(), report.join("\n"));
    println!("{} facts agree", mine.len());
}

#[test]
fn entries_are_those_of_a_redis_server_in_resp2() {
    let Some(mut oracle) = Oracle::start(2) else { return };
    compare(&mut oracle, Proto::V2);
}

#[test]
fn entries_are_those_of_a_redis_server_in_resp3() {
    let Some(mut oracle) = Oracle::start(3) else { return };
    compare(&mut oracle, Proto::V3);
}

#[test]
fn keys_and_their_flags_are_those_that_a_redis_server_finds() {
    const LINES: &str = "get k|set k v|set k v get|set k v EX 10 gEt|mget a b c|mset a 1 b 2|mset a 1 b|del a|del a b c\
        |rename a b|copy a b|bitop and d a b|bitop not d a|bitfield k get u8 0|bitfield k|bitfield k set u8 0 1\
        |bitfield k overflow sat get u8 0|bitfield k get u8|bitfield k foo|object encoding k|memory usage k|memory usage\
        |object help|eval s 2 a b c|eval s 0|eval s 3 a|eval s -1 a|eval s x a|evalsha s 1 a|fcall f 1 k|fcall f 0\
        |zunionstore d 2 a b|zunionstore d 5 a|zunion 2 a b|zinterstore d 1 a weights 2|sintercard 2 a b|lmpop 2 a b left\
        |blmpop 0 2 a b left|zmpop 1 a min|bzmpop 0 1 a min|blpop a b 0|xread streams a b 0 0|xread count 1 streams a 0\
        |xread count 1 block 5 streams s t 0 $|xreadgroup group g c streams a >|xread count 1 a 0\
        |georadius k 1 1 1 m store d|georadius k 1 1 1 m|georadius k 1 1 1 m count 1 storedist d\
        |georadiusbymember k m 1 m store d|georadius_ro k 1 1 1 m|ping|client id|foo|config get x|config|get|get a b\
        |pfcount a b|pfmerge d a b|lcs a b|smove a b m|sort_x|scan 0|touch a b|unlink a|exists a a a|watch a b\
        |xadd s * f v|xgroup create s g $|xinfo stream s|getex k|expire k 1|swapdb 0 1|msetnx a 1 b 2|publish c m\
        |spublish c m|subscribe c|ssubscribe c|restore k 0 v|dump k|zdiff 1 a|zdiffstore d 1 a|zrangestore d a 0 1\
        |zinter 1 a|zintercard 1 a|sdiff a b|sdiffstore d a b|lmove a b left left|rpoplpush a b|hset k f v|geoadd k 1 1 m\
        |geosearchstore d s frommember m byradius 1 m|append k v|setrange k 0 v|strlen k|getdel k|bitcount k|bitpos k 1\
        |substr k 0 1|renamenx a b|move k 1|persist k|pexpireat k 1|type k|randomkey|keys *|debug object k|COMMAND";
    let Some(mut oracle) = Oracle::start(3) else { return };
    for line in LINES.split('|') {
        let words: Vec<&str> = line.split(' ').collect();
        let mut asked = vec!["COMMAND", "GETKEYSANDFLAGS"];
        asked.extend(&words);
        let theirs = render(&oracle.ask(&asked));
        if oracle.is_70() && theirs.contains("wrong number of arguments") {
            continue; // 7.0 wants at least two words to look at.
        }
        let argv: Vec<&[u8]> = words.iter().map(|word| word.as_bytes()).collect();
        let mut bytes = Vec::new();
        let mut out = Out::new(&mut bytes, Proto::V3);
        match super::keys_in(&EVERYTHING, &argv) {
            Ok(keys) => super::write_keys_and_flags(&mut out, &argv, &keys),
            Err(failure) => out.error(&failure.line()),
        }
        let ours = redis::parse_redis_value(&bytes).map_or_else(|e| format!("{e:?}"), |v| render(&v));
        assert_eq!(ours, theirs, "{line}");
    }
}

#[test]
fn lists_take_what_a_redis_server_takes() {
    let Some(mut oracle) = Oracle::start(3) else { return };
    let names = |value: Value| match value {
        Value::Array(items) => items.iter().map(text).collect::<BTreeSet<_>>(),
        other => panic!("{other:?}"),
    };
    let known = names(oracle.ask(&["COMMAND", "LIST"]));
    let all: BTreeSet<&str> = EVERYTHING.all().iter().map(|c| c.full_name.as_str()).collect();
    let options = [
        "",
        "module x",
        "aclcat STRING",
        "aclcat dangerous",
        "aclcat nope",
        "aclcat @read",
        "aclcat scripting",
    ]
    .into_iter()
    .chain([
        "pattern *",
        "pattern X*",
        "pattern config|*",
        "pattern ?et",
        "pattern",
        "nope x",
        "module x y",
    ]);
    for option in options {
        let mut words = vec!["COMMAND", "LIST"];
        if !option.is_empty() {
            words.push("FilterBy");
            words.extend(option.split(' '));
        }
        let argv: Vec<&[u8]> = words[2..].iter().map(|word| word.as_bytes()).collect();
        let theirs = oracle.ask(&words);
        match super::listed(&EVERYTHING, &argv) {
            Ok(ours) => {
                let ours: BTreeSet<String> = ours.iter().map(|&name| name.to_owned()).collect();
                let theirs: BTreeSet<String> =
                    names(theirs).into_iter().filter(|name| all.contains(name.as_str())).collect();
                assert_eq!(ours.intersection(&known).cloned().collect::<BTreeSet<_>>(), theirs, "{option}");
            }
            Err(failure) => {
                assert_eq!(failure, crate::command::Failure::Syntax, "{option}");
                assert!(matches!(theirs, Value::ServerError(_)), "{option}: {theirs:?}");
            }
        }
    }
}

#[test]
fn refusals_are_worded_as_a_redis_server_words_them() {
    let Some(mut oracle) = Oracle::start(3) else { return };
    let long = "x".repeat(200);
    let mut lines: Vec<Vec<String>> =
        ["foo", "foo a b c", "config nope", "CLIENT nope", "xgroup nope a b", "command nope"]
            .iter()
            .map(|line| line.split(' ').map(str::to_owned).collect())
            .collect();
    lines.push(vec![long.clone(), long.clone(), long.clone()]);
    lines.push(vec!["foo".into(), "x".repeat(120), "yyyyyyyyyy".into(), "z".into()]);
    lines.push(vec!["foo".into(), "x".repeat(125), "y".into()]);
    lines.push(vec!["foo".into(), "x".repeat(126), "y".into()]);
    lines.push(vec!["a\r\nb".into(), "c\nd".into(), "e\0f".into(), String::new()]);
    lines.push(vec!["config".into(), long]);
    lines.push(vec!["config".into(), "a\r\nb\0c".into()]);
    // Each command with one word too few, or one too many. Nothing of these runs.
    for command in EVERYTHING.all().iter().filter(|c| c.row.subcommands.is_empty()) {
        let meta = command.row.meta;
        // EXEC is refused with EXECABORT by the one that runs transactions; what takes more words in 7.2 would run in 7.0.
        if meta.name == "exec" || oracle.is_70() && changes::takes_more_words(&command.full_name) {
            continue;
        }
        let name: Vec<String> = command.full_name.split('|').map(str::to_owned).collect();
        let words = meta.arity.unsigned_abs() as usize;
        let wrong = if meta.arity > 0 { words + 1 } else { words - 1 };
        if wrong >= name.len() {
            lines.push(name.into_iter().chain(std::iter::repeat("1".to_owned())).take(wrong).collect());
        }
    }
    for line in &lines {
        let argv: Vec<&[u8]> = line.iter().map(|word| word.as_bytes()).collect();
        let theirs = oracle.ask_raw(&argv);
        let ours = match EVERYTHING.resolve(&argv) {
            Ok(command) => panic!("{line:?} would run {}", command.full_name),
            Err(failure) => String::from_utf8(failure.line().into_owned()).unwrap(),
        };
        // A command that this server lacks (of 7.4, or of 7.2 where it is 7.0).
        let newer = theirs.contains("unknown") && !ours.contains("unknown");
        if !newer {
            assert_eq!(format!("-{ours}"), theirs, "{line:?}");
        }
    }
}

#[test]
fn every_command_is_told_once() {
    let mut names: Vec<&str> = EVERYTHING.all().iter().map(|c| c.full_name.as_str()).collect();
    names.sort_unstable();
    assert!(names.windows(2).all(|pair| pair[0] != pair[1]));
    assert_eq!(EVERYTHING.commands().len(), 250, "241 of Redis 7.2 and nine of field expiry");
}
