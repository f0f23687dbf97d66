//! Shoal against redis-server 7.0: the same random commands to both, every reply byte and the final data equal.
//!
//! Environment: `SEED` repeats a run, `SEQUENCES` and `COMMANDS` set its size, `ONLY=strings,bitmaps` picks
//! groups of commands, `SHOAL_BIN` tests another binary. A difference prints its seed, the sequence, the
//! shortest list of commands that still shows it, and both replies.

#![allow(clippy::unwrap_used, clippy::cast_possible_truncation)]

#[path = "differential/bitmaps.rs"]
mod bitmaps;
#[path = "differential/compare.rs"]
mod compare;
#[path = "differential/geo.rs"]
mod geo;
#[path = "differential/grammar.rs"]
mod grammar;
#[path = "differential/hashes.rs"]
mod hashes;
#[path = "differential/hyperloglogs.rs"]
mod hyperloglogs;
#[path = "differential/keys.rs"]
mod keys;
#[path = "differential/lists.rs"]
mod lists;
#[path = "differential/pair.rs"]
mod pair;
#[path = "differential/protocol.rs"]
mod protocol;
#[path = "differential/scripts.rs"]
mod scripts;
#[path = "differential/sessions.rs"]
mod sessions;
#[path = "differential/sets.rs"]
mod sets;
#[path = "differential/shrink.rs"]
mod shrink;
#[path = "differential/sorted_sets.rs"]
mod sorted_sets;
#[path = "differential/streams.rs"]
mod streams;
#[path = "differential/strings.rs"]
mod strings;
mod support;

use grammar::{Grammar, Rule, Step};
use pair::{Difference, Pair};
use std::collections::BTreeSet;
use support::{Rng, env_number, quote_command, seed};

/// A group of commands: its name, how often it is drawn, its rules.
type Group = (&'static str, u32, &'static [(u32, Rule)]);

const GROUPS: &[Group] = &[
    ("strings", 40, strings::RULES),
    ("bitmaps", 20, bitmaps::RULES),
    ("lists", 40, lists::RULES),
    ("hashes", 40, hashes::RULES),
    ("scripts", 20, scripts::RULES),
    ("streams", 30, streams::RULES),
    ("hyperloglogs", 10, hyperloglogs::RULES),
    ("sets", 30, sets::RULES),
    ("sorted_sets", 40, sorted_sets::RULES),
    ("geo", 15, geo::RULES),
    ("keys", 40, keys::RULES),
    ("connection", 11, sessions::CONNECTION),
    ("transactions", 12, sessions::TRANSACTIONS),
    ("server", 8, sessions::SERVER),
];

/// So many different commands may fail before the run stops.
const FAILURES_SHOWN: usize = 12;

fn weighted<'a, T>(rng: &mut Rng, items: &'a [T], weight: impl Fn(&T) -> u32) -> &'a T {
    let total: u32 = items.iter().map(&weight).sum();
    let mut at = rng.below(u64::from(total)) as u32;
    for item in items {
        if at < weight(item) {
            return item;
        }
        at -= weight(item);
    }
    unreachable!("the weights cover the draw")
}

/// Commands that the two servers answer differently by right, with consequences for what follows.
fn incomparable(words: &[Vec<u8>]) -> bool {
    let is = |at: usize, text: &str| words.get(at).is_some_and(|w| w.eq_ignore_ascii_case(text.as_bytes()));
    // 7.0 wants a command of two words at least (arity -4), 7.2 does not (-3): a transaction would fail or go on.
    let getkeys_of_one_word = is(0, "COMMAND") && is(1, "GETKEYS") && words.len() == 3;
    // A mutation may have made the port a valid one: Redis would listen there from now on, and no longer here.
    let port = (2..words.len()).any(|at| is(at, "port") && words.get(at + 1).is_some_and(|w| w != b"abc"));
    // 7.0 gives the name before it refuses the rest, 7.2 does not.
    let half_hello = is(0, "HELLO") && is(2, "SETNAME") && words.len() > 4;
    if streams::incomparable(words) {
        return true;
    }
    if sorted_sets::waits_long(words)
        || sorted_sets::is_newer(words)
        || sorted_sets::spoils_lex(words)
        || sets::leaves_some(words)
    {
        return true;
    }
    if lists::waits_long(words) || lists::ranks_least(words) {
        return true;
    }
    half_hello || getkeys_of_one_word || (is(0, "CONFIG") && is(1, "SET") && port)
}

/// A whole sequence. `alone` confines it to one connection and to commands that keep it open.
fn sequence(rng: Rng, commands: usize, alone: bool) -> Vec<Step> {
    let only = std::env::var("ONLY").unwrap_or_default();
    let groups: Vec<_> = GROUPS
        .iter()
        .filter(|group| only.is_empty() || only.split(',').any(|name| name == group.0))
        .collect();
    assert!(!groups.is_empty(), "ONLY={only} names no group");
    let mut grammar = Grammar::new(rng);
    let mut steps = Vec::new();
    while steps.len() < commands {
        grammar.conn = if alone || grammar.rng.percent(75) { 0 } else { 1 };
        if grammar.rng.percent(1) && !alone && !grammar.queueing() {
            steps.extend(expiring(&mut grammar));
            continue;
        }
        let rules = weighted(&mut grammar.rng, &groups, |group| group.1).2;
        let rule = weighted(&mut grammar.rng, rules, |rule| rule.0).1;
        let mut words = rule(&mut grammar);
        let name = words[0].to_ascii_uppercase();
        if !matches!(name.as_slice(), b"MULTI" | b"EXEC" | b"DISCARD" | b"QUIT" | b"RESET") {
            grammar.spoil(&mut words);
        }
        if incomparable(&words) {
            continue;
        }
        if alone && matches!(name.as_slice(), b"QUIT" | b"SCAN" | b"RANDOMKEY") {
            continue;
        }
        // Other limits hold from the next turn of the loop on, not from the next command of a pipeline.
        if alone
            && name == b"CONFIG"
            && words.iter().any(|word| word.to_ascii_lowercase().windows(5).any(|part| part == b"-max-"))
        {
            continue;
        }
        match name.as_slice() {
            b"MULTI" => grammar.in_multi[grammar.conn] = true,
            b"EXEC" | b"DISCARD" | b"RESET" | b"QUIT" => grammar.in_multi[grammar.conn] = false,
            _ => {}
        }
        let key = words.get(1).cloned();
        steps.push(Step { conn: grammar.conn, words, pause_ms: 0 });
        if let (b"SET" | b"GETEX", Some(key)) = (name.as_slice(), key) {
            // The key may have been given a time in the past, and may count in DBSIZE until it is touched.
            steps.push(Step { conn: grammar.conn, words: vec![b"EXISTS".to_vec(), key], pause_ms: 0 });
        }
    }
    steps
}

/// A key that expires for real, looked at right after: until then, whether it still counts is a matter of
/// each server's own cycle.
fn expiring(g: &mut Grammar) -> [Step; 3] {
    let (conn, key) = (g.conn, g.key());
    let words = |text: &str| text.split(' ').map(|w| w.as_bytes().to_vec()).collect::<Vec<_>>();
    let set = [words("SET"), vec![key.clone(), g.value()]].concat();
    let ttl = [words("PEXPIRE"), vec![key.clone(), b"3".to_vec()]].concat();
    let looks = ["GET", "EXISTS", "TTL", "TYPE", "STRLEN", "PERSIST", "INCR", "OBJECT ENCODING", "GETEX"];
    let look = *g.rng.pick(&looks);
    let look = [words(look), vec![key]].concat();
    [
        Step { conn, words: set, pause_ms: 0 },
        Step { conn, words: ttl, pause_ms: 12 },
        Step { conn, words: look, pause_ms: 0 },
    ]
}

fn report(label: &str, number: u64, steps: &[Step], difference: &Difference) -> String {
    let mut text = format!("\n{label}, sequence {number}, shortest form:\n");
    for step in steps {
        let pause = if step.pause_ms > 0 { format!("   (then {} ms)", step.pause_ms) } else { String::new() };
        text.push_str(&format!("  {}> {}{pause}\n", step.conn, quote_command(&step.words)));
    }
    text.push_str(&format!(
        "at: {}\n  redis: {}\n  shoal: {}\n",
        difference.what, difference.oracle, difference.tested
    ));
    text
}

/// Runs `SEQUENCES` of them (half as many pipelined ones) and panics with all differences found, one per command that shows one.
fn campaign(
    label: &str,
    shards: u32,
    pipelined: bool,
    generate: impl Fn(Rng) -> Vec<Step>,
    run: impl Fn(&Pair, &[Step]) -> Result<(), Difference>,
) {
    let seed = seed();
    let sequences = env_number("SEQUENCES", 150).div_ceil(if pipelined { 2 } else { 1 });
    println!("{label}: SEED={seed} SEQUENCES={sequences}");
    let mut pair = Pair::start(shards);
    let (mut total, mut seen, mut reports) = (0, BTreeSet::new(), String::new());
    for number in 0..sequences {
        let steps = generate(Rng::new(seed).fork(number));
        total += steps.len();
        let Err(first) = run(&pair, &steps) else { continue };
        let family = first.what.split(' ').next().unwrap_or_default().to_ascii_uppercase();
        if seen.insert(family) {
            let (short, difference) = shrink::shrink(&steps, first, |steps| run(&pair, steps));
            let text = report(label, number, &short, &difference);
            eprintln!("{text}");
            reports.push_str(&text);
        }
        if !pair.alive() {
            reports.push_str("the server under test died\n");
            break;
        }
        if seen.len() >= FAILURES_SHOWN {
            break;
        }
    }
    assert!(reports.is_empty(), "SEED={seed}: {} command(s) differ from Redis:\n{reports}", seen.len());
    println!("{label}: {total} commands in {sequences} sequences, all replies equal");
    if total >= 20_000 && std::env::var_os("ONLY").is_none() {
        // A container command alone (`client`) is no call, and two names are wrong on purpose.
        let alone = ["object", "client", "command", "config", "nosuch", "get|nosuch"];
        let left = if pipelined { &["quit", "scan", "randomkey"][..] } else { &[] };
        let mut missed = pair.uncovered(sessions::DESCRIBED);
        missed.retain(|name| !alone.contains(name) && !left.contains(name));
        assert!(missed.is_empty(), "SEED={seed}: never executed with success: {missed:?}");
    }
}

fn one_by_one(label: &str, shards: u32) {
    let commands = env_number("COMMANDS", 400) as usize;
    let generate = |rng| sequence(rng, commands, false);
    campaign(label, shards, false, generate, |pair, steps| pair.run(steps));
}

fn in_pipelines(label: &str, shards: u32) {
    let commands = env_number("COMMANDS", 400) as usize;
    let generate = |rng| sequence(rng, commands, true);
    campaign(label, shards, true, generate, |pair, steps| {
        // Where the cuts fall follows from the sequence, so that shrinking sees the same kinds of cuts.
        let mut rng = Rng::new(steps.len() as u64);
        let longest = *rng.pick(&[3, 40, 700, 20_000]);
        let cuts: Vec<usize> = (0..64).map(|_| 1 + rng.index(longest)).collect();
        pair.run_pipelined(steps, &cuts)
    });
}

#[test]
fn one_shard_answers_random_commands_as_redis_does() {
    one_by_one("one by one, 1 shard", 1);
}

#[test]
fn four_shards_answer_random_commands_as_redis_does() {
    one_by_one("one by one, 4 shards", 4);
}

#[test]
fn one_shard_answers_pipelines_cut_anywhere_as_redis_does() {
    in_pipelines("pipelined, 1 shard", 1);
}

#[test]
fn four_shards_answer_pipelines_cut_anywhere_as_redis_does() {
    in_pipelines("pipelined, 4 shards", 4);
}

#[test]
fn malformed_requests_are_answered_and_closed_as_redis_does() {
    protocol::compare_all();
}
