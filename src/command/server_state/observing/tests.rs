//! What the hooks around a command leave behind.

#![allow(clippy::unwrap_used, reason = "tests")]

use crate::command::testing::{Fixture, run};
use crate::command::{Note, table};
use crate::observe::ClientInfo;
use std::sync::Arc;

fn argv(line: &str) -> Vec<&[u8]> {
    line.split(' ').map(str::as_bytes).collect()
}

fn slow(f: &Fixture, line: &str, nanos: u64) {
    let argv = argv(line);
    let command = table::registry().find(&argv).unwrap();
    if nanos >= f.server.slow_ns() {
        f.server.slow_command(command, &argv, nanos, 7);
    }
}

#[test]
fn slow_commands_reach_the_log_with_their_client_and_without_secrets() {
    let f = &mut Fixture::new();
    let client = ClientInfo { id: 7, addr: "1.2.3.4:5".into(), ..ClientInfo::default() };
    client.set_labels(|labels| labels.name = b"me".to_vec());
    f.server.clients.add(Arc::new(client));
    slow(f, "GET k", 9_999_999);
    slow(f, "GET k", 10_000_000);
    slow(f, "CONFIG SET requirepass x", 20_000_000);
    slow(f, "EXEC", 99_000_000);
    let entries = f.server.slowlog.latest(9);
    let shown: Vec<(i64, String)> =
        entries.iter().map(|e| (e.micros, String::from_utf8(e.words.join(&b' ')).unwrap())).collect();
    let expected = [(20_000, "CONFIG SET requirepass (redacted)"), (10_000, "GET k")];
    assert_eq!(shown, expected.map(|(micros, line)| (micros, line.to_owned())));
    assert_eq!((entries[0].addr.as_str(), entries[0].name.as_slice()), ("1.2.3.4:5", &b"me"[..]));
    assert!(f.server.latency.all().is_empty());
}

#[test]
fn spikes_of_fast_and_slow_commands_are_told_apart() {
    let f = &mut Fixture::new();
    run(f, &["CONFIG", "SET", "latency-monitor-threshold", "2", "slowlog-log-slower-than", "-1"]);
    slow(f, "GET k", 1_999_999);
    slow(f, "GET k", 3_000_000);
    slow(f, "KEYS *", 5_000_000);
    let all: Vec<(&str, u64)> = f.server.latency.all().iter().map(|(name, s)| (*name, s.max_ms)).collect();
    assert_eq!(all, [("command", 5), ("fast-command", 3)]);
    assert!(f.server.slowlog.is_empty());
}

#[test]
fn monitors_are_sent_the_words_of_a_command() {
    let f = &mut Fixture::new();
    run(f, &["MONITOR"]);
    assert!(f.server.has_monitors());
    let words: Vec<&[u8]> = vec![b"set", b"k", b"a\"\n\x01"];
    let command = table::registry().find(&words).unwrap();
    let line = f.server.monitor_line(command, &f.session, &words).into();
    f.server.feed_monitors(&line);
    let notes = f.server.take_notes(0);
    let Some(Note::Push(1, line)) = notes.last() else { panic!("{notes:?}") };
    let line = String::from_utf8(line.to_vec()).unwrap();
    let (time, rest) = line.split_once(' ').unwrap();
    assert!(time.starts_with('+') && time.rsplit_once('.').unwrap().1.len() == 6, "{line}");
    assert_eq!(rest, "[0 ] \"set\" \"k\" \"a\\\"\\n\\x01\"\r\n");
    f.server.monitor_left(1);
    assert!(!f.server.has_monitors());
}

#[test]
fn a_sample_knows_start_and_peak_of_memory() {
    let f = &mut Fixture::new();
    f.server.sample();
    let text = run(f, &["INFO", "memory"]);
    let field = |name: &str| -> usize {
        text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':')).unwrap().parse().unwrap()
    };
    assert!(field("used_memory_startup") > 0);
    assert!(field("used_memory_peak") >= field("used_memory"));
}
