//! CONFIG GET and SET: names, patterns, atomicity, error texts.

use super::{config_of, value_of};
use crate::config::{Applied, Config, SetContext, SetError, get, is_sensitive, set};

/// Sets pairs on the defaults as a remote client.
fn try_set(pairs: &[(&str, &str)]) -> Result<Applied, SetError> {
    set_on(&Config::default(), pairs, SetContext::default())
}

/// Sets pairs on given settings.
fn set_on(config: &Config, pairs: &[(&str, &str)], context: SetContext) -> Result<Applied, SetError> {
    let pairs: Vec<(&[u8], &[u8])> =
        pairs.iter().map(|(name, value)| (name.as_bytes(), value.as_bytes())).collect();
    set(config, &pairs, context)
}

/// Checks a refusal.
fn check_error(pairs: &[(&str, &str)], expect: &str) {
    assert_eq!(try_set(pairs).unwrap_err().to_string(), expect);
}

/// The names that patterns find.
fn names(patterns: &[&str]) -> Vec<String> {
    let patterns: Vec<&[u8]> = patterns.iter().map(|pattern| pattern.as_bytes()).collect();
    get(&Config::default(), &patterns).into_iter().map(|(name, _)| name).collect()
}

#[test]
fn get_matches_names_aliases_and_globs_once() {
    assert_eq!(names(&["maxmemory", "MAXMEMORY"]), ["maxmemory"]);
    assert_eq!(names(&["MaxMemory"]), ["MaxMemory"]);
    assert_eq!(names(&["slave-read-only"]), ["slave-read-only"]);
    assert_eq!(names(&["*-READ-only"]), ["replica-read-only", "slave-read-only"]);
    assert_eq!(names(&["maxm[a-e]mory-p*", "maxmemory-polic?"]), ["maxmemory-policy"]);
    assert_eq!(names(&["nope", "no*pe"]), [""; 0]);
    assert_eq!(names(&["hz*", "[^a-gi-z]z"]), ["hz"]);
    assert_eq!(names(&["watchdog*"]), [""; 0]);
    assert_eq!(names(&["watchdog-period"]), ["watchdog-period"]);
    assert_eq!(names(&["*a*a*a*a*a*a*a*a*a*a*a*b"]), [""; 0]);
}

#[test]
fn values_are_printed_as_redis_prints_them() {
    let config =
        config_of("oom-score-adj relative\nshutdown-on-sigint now force\nnotify-keyspace-events KEAmn");
    for (name, value) in [
        ("save", "3600 1 300 100 60 10000"),
        ("client-output-buffer-limit", "normal 0 0 0 slave 268435456 67108864 60 pubsub 33554432 8388608 60"),
        ("bind", "* -::*"),
        ("oom-score-adj", "yes"),
        ("oom-score-adj-values", "0 200 800"),
        ("latency-tracking-info-percentiles", "50 99 99.9"),
        ("shutdown-on-sigint", "now force"),
        ("shutdown-on-sigterm", "default"),
        ("notify-keyspace-events", "AKEm"),
        ("replicaof", ""),
        ("proto-max-bulk-len", "536870912"),
        ("list-max-ziplist-size", "-2"),
    ] {
        assert_eq!(value_of(&config, name), value, "{name}");
    }
}

#[test]
fn set_changes_all_or_nothing_and_says_what_changed() {
    let applied = try_set(&[("maxmemory", "10mb"), ("HZ", "1000"), ("timeout", "0"), ("save", "")]).unwrap();
    assert_eq!((applied.config.maxmemory, applied.config.hz), (10 << 20, 500));
    assert_eq!(applied.changed, ["maxmemory", "hz", "save"]);
    assert_eq!(applied.notices.len(), 1, "hz");
    check_error(
        &[("maxmemory", "10mb"), ("port", "x")],
        "CONFIG SET failed (possibly related to argument 'port') - argument couldn't be parsed into an integer",
    );
    // An empty value is no word at all: nothing to change here.
    assert_eq!(try_set(&[("client-output-buffer-limit", "")]).unwrap().changed, [""; 0]);
    assert_eq!(try_set(&[("bind", "")]).unwrap().config.bind, [""; 0]);
    assert_eq!(try_set(&[("repl-backlog-size", "1")]).unwrap().config.repl_backlog_size, 16 << 10);
    // Both spellings count as one change; the later value stays.
    let applied = try_set(&[("replica-priority", "1"), ("slave-priority", "2")]).unwrap();
    assert_eq!((applied.changed, applied.config.replica_priority), (vec!["replica-priority"], 2));
    assert_eq!(try_set(&[("tls-cert-file", "")]).unwrap().changed, ["tls-cert-file"]);
}

#[test]
fn refusals_are_worded_as_redis_words_them() {
    check_error(&[("foo", "1")], "Unknown option or number of arguments for CONFIG SET - 'foo'");
    check_error(
        &[("Daemonize", "yes")],
        "CONFIG SET failed (possibly related to argument 'Daemonize') - can't set immutable config",
    );
    check_error(
        &[("timeout", "1"), ("timeout", "2")],
        "CONFIG SET failed (possibly related to argument 'timeout') - duplicate parameter",
    );
    check_error(
        &[("dir", "/")],
        "CONFIG SET failed (possibly related to argument 'dir') - can't set protected config",
    );
    check_error(
        &[("slave-priority", "-1")],
        "CONFIG SET failed (possibly related to argument 'slave-priority') - argument must be between 0 and 2147483647 inclusive",
    );
    for (name, value, reason) in [
        (
            "maxmemory-policy",
            "x",
            "argument(s) must be one of the following: volatile-lru, volatile-lfu, volatile-random, volatile-ttl, allkeys-lru, allkeys-lfu, allkeys-random, noeviction",
        ),
        ("maxmemory-clients", "x", "argument must be a memory or percent value"),
        (
            "client-output-buffer-limit",
            "normal 1",
            "Wrong number of arguments in buffer limit configuration.",
        ),
        (
            "client-output-buffer-limit",
            "master 0 0 0",
            "Invalid client class specified in buffer limit configuration.",
        ),
        (
            "client-output-buffer-limit",
            "normal -1 0 0",
            "Error in hard, soft or soft_seconds setting in buffer limit configuration.",
        ),
        ("oom-score-adj-values", "1 2", "wrong number of arguments"),
        (
            "oom-score-adj-values",
            "1 2 2001",
            "Invalid oom-score-adj-values, elements must be between -2000 and 2000.",
        ),
        ("notify-keyspace-events", "Kq", "Invalid event class character. Use 'Ag$lshzxeKEtmdn'."),
        (
            "latency-tracking-info-percentiles",
            "101",
            "latency-tracking-info-percentiles parameters should sit between [0.0,100.0]",
        ),
        ("latency-tracking-info-percentiles", "x", "Invalid latency-tracking-info-percentiles parameters"),
        (
            "shutdown-on-sigterm",
            "save nosave",
            "shutdown options SAVE and NOSAVE can't be used simultaneously",
        ),
        ("save", "60", "Invalid save parameters"),
        ("bind", "1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17", "Too many bind addresses specified."),
        ("proc-title-template", "{x}", "template format is invalid or contains unknown variables"),
        (
            "cluster-announce-hostname",
            "a_b",
            "Hostnames may only contain alphanumeric characters, hyphens or dots",
        ),
        ("maxmemory", "-1", "argument must be a memory value"),
        ("proto-max-bulk-len", "1k", "argument must be between 1048576 and 9223372036854775807 inclusive"),
    ] {
        check_error(
            &[(name, value)],
            &format!("CONFIG SET failed (possibly related to argument '{name}') - {reason}"),
        );
    }
}

#[test]
fn protected_and_loading_follow_the_context() {
    let config = config_of("enable-protected-configs local");
    let here = SetContext { client_is_local: true, loading: false };
    assert!(set_on(&config, &[("dir", "/")], SetContext::default()).is_err());
    assert_eq!(set_on(&config, &[("dir", "/tmp/..")], here).unwrap().config.dir, "/");
    let loading = SetContext { client_is_local: true, loading: true };
    let error = set_on(&config, &[("appendonly", "yes"), ("foo", "x")], loading).unwrap_err();
    assert_eq!((error.code(), error), ("LOADING", SetError::Loading));
    assert!(is_sensitive(b"RequirePass") && is_sensitive(b"masteruser") && !is_sensitive(b"maxmemory"));
}
