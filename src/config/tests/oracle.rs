//! Comparison with a real redis-server, run by hand: `cargo test --lib config:: -- --ignored`.

use std::collections::{BTreeMap, BTreeSet};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use super::config_of;
use crate::config::{Config, DIRECTIVES, Flags, SetContext, Startup, get, load, parse_args, rewritten, set};

/// Port of the server under comparison.
const PORT: &str = "23017";

/// Directives of ours that Redis 7.0 does not have: those of 7.2, and Shoal's own.
const NOT_IN_7_0: [&str; 7] = [
    "cluster-announce-human-nodename",
    "locale-collate",
    "set-max-listpack-entries",
    "set-max-listpack-value",
    "shard-pin",
    "shard-spin-us",
    "shards",
];

/// Directives that Redis 7.0 lists and 7.2 hides.
const NOT_OURS: [&str; 1] = ["aof-disable-auto-gc"];

/// Directives that depend on how the server was started.
const BY_START: [&str; 4] = ["dir", "port", "bind", "save"];

/// Directives that are not tried with odd values: setting one shuts the comparison out, acts on the machine, or
/// (`loglevel`) 7.0 names fewer choices in its refusal than 7.2.
const NOT_TRIED: [&str; 5] = ["appendonly", "maxclients", "requirepass", "activedefrag", "loglevel"];

/// Intended differences: Redis lets this number wrap to a negative one and then calls it a percentage.
const DIFFERENT: [(&str, &str); 1] = [("maxmemory-clients", "9223372036854775808")];

/// Values tried on every directive.
const ODD_VALUES: [&str; 22] = [
    "",
    "0",
    "1",
    "-1",
    "007",
    " 1",
    "50",
    "101",
    "1024",
    "2147483648",
    "4294967296",
    "9223372036854775807",
    "9223372036854775808",
    "1mb",
    "2Kb",
    "5%",
    "-5%",
    "yes",
    "NO",
    "x",
    "a b",
    "a/b",
];

/// Values that are tried on both sides: name, value. Replies must be equal.
const SETS: [(&str, &str); 38] = [
    ("maxmemory", "1gb"),
    ("maxmemory", "x"),
    ("maxmemory", ""),
    ("maxmemory-clients", "50%"),
    ("maxmemory-clients", "101%"),
    ("maxmemory-clients", "-5"),
    ("hz", "9999"),
    ("hz", "-1"),
    ("timeout", "007"),
    ("save", "60 1 30 2"),
    ("save", "60"),
    ("save", ""),
    ("save", "60 "),
    ("notify-keyspace-events", "KEA"),
    ("notify-keyspace-events", "AKEmn"),
    ("notify-keyspace-events", "Kq"),
    ("client-output-buffer-limit", "replica 1mb 2k 3 normal 1 2 3"),
    ("client-output-buffer-limit", "replica 1mb"),
    ("client-output-buffer-limit", "master 0 0 0"),
    ("oom-score-adj-values", "1 2 3"),
    ("oom-score-adj-values", "1 2 3000"),
    ("latency-tracking-info-percentiles", "50.123456789 100.0"),
    ("latency-tracking-info-percentiles", "nan"),
    ("latency-tracking-info-percentiles", "101"),
    ("latency-tracking-info-percentiles", ""),
    ("shutdown-on-sigint", "force now"),
    ("shutdown-on-sigint", "save nosave"),
    ("shutdown-on-sigint", "save  now"),
    ("maxmemory-policy", "AllKeys-LRU"),
    ("maxmemory-policy", "lru"),
    ("proc-title-template", "{title}"),
    ("proc-title-template", "{nope}"),
    ("slave-priority", "-1"),
    ("lua-time-limit", "77"),
    ("daemonize", "yes"),
    ("nope", "1"),
    ("dir", "/"),
    ("proto-max-bulk-len", "1k"),
];

/// A redis-server that ends with the test.
struct Server(Child);

impl Server {
    fn start() -> Server {
        Server::start_with(&["--port", PORT, "--bind", "127.0.0.1", "--save", "", "--dir", "/"])
    }

    /// Starts it with these arguments, which make it listen on [`PORT`].
    fn start_with(args: &[&str]) -> Server {
        let child = Command::new("redis-server").args(args).stdout(Stdio::null()).spawn().unwrap();
        let server = Server(child);
        for _ in 0..100 {
            if server.call(&["PING"]) == "PONG\n" {
                return server;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        panic!("redis-server does not answer");
    }

    /// Sends a command through redis-cli and returns what that prints.
    fn call(&self, words: &[&str]) -> String {
        let output = Command::new("redis-cli").args(["-p", PORT]).args(words).output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    }

    /// CONFIG GET as pairs.
    fn get(&self, pattern: &str) -> BTreeMap<String, String> {
        let text = self.call(&["CONFIG", "GET", pattern]);
        let lines: Vec<&str> = text.lines().collect();
        let (pairs, _) = lines.as_chunks::<2>();
        pairs.iter().map(|[name, value]| ((*name).to_owned(), (*value).to_owned())).collect()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Our CONFIG GET as pairs.
fn our_get(config: &Config, pattern: &str) -> BTreeMap<String, String> {
    let found = get(config, &[pattern.as_bytes()]);
    found.into_iter().map(|(name, value)| (name, String::from_utf8_lossy(&value).into_owned())).collect()
}

#[test]
#[ignore = "needs redis-server 7.0 on this machine"]
fn names_and_defaults_equal_redis() {
    let server = Server::start();
    let theirs = server.get("*");
    let ours = our_get(&Config::default(), "*");
    let missing: BTreeSet<&str> =
        theirs.keys().map(String::as_str).filter(|name| !ours.contains_key(*name)).collect();
    assert_eq!(missing, NOT_OURS.into_iter().collect());
    let extra: BTreeSet<&str> =
        ours.keys().map(String::as_str).filter(|name| !theirs.contains_key(*name)).collect();
    assert_eq!(extra, NOT_IN_7_0.into_iter().collect());
    for (name, value) in &theirs {
        if !BY_START.contains(&name.as_str()) && !NOT_OURS.contains(&name.as_str()) {
            assert_eq!(ours.get(name), Some(value), "{name}");
        }
    }
    for directive in DIRECTIVES.iter().filter(|directive| directive.is(Flags::HIDDEN)) {
        let theirs = server.get(directive.name);
        assert!(theirs.is_empty() || theirs == our_get(&Config::default(), directive.name), "{theirs:?}");
    }
}

#[test]
#[ignore = "needs redis-server 7.0 on this machine"]
fn settings_are_accepted_and_refused_as_redis_does() {
    let server = Server::start();
    let mut config = config_of("save \"\"\ndir /");
    for (name, value) in SETS {
        assert_eq!(difference(&server, &mut config, name, value), None);
    }
}

#[test]
#[ignore = "needs redis-server 7.0 on this machine"]
fn every_directive_answers_to_odd_values_as_redis_does() {
    let server = Server::start();
    let mut config = config_of("save \"\"\ndir /");
    let known = server.get("*");
    let mut differences = Vec::new();
    for directive in DIRECTIVES {
        let skipped = [BY_START.as_slice(), &NOT_TRIED].concat().contains(&directive.name);
        if skipped || !known.contains_key(directive.name) || directive.name.starts_with("tls-") {
            continue;
        }
        for value in ODD_VALUES {
            let difference = difference(&server, &mut config, directive.name, value);
            differences.extend(difference.filter(|_| !DIFFERENT.contains(&(directive.name, value))));
        }
    }
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}

#[test]
#[ignore = "needs redis-server 7.0 on this machine"]
fn a_file_is_rewritten_as_redis_rewrites_it() {
    const OLD: &str = "# a comment\nPORT 23017\n\n\n  bind   127.0.0.1\nsave 100 1\nsave 200 2\n# more\nsave 300 3\n\
        slave-priority 5\nclient-output-buffer-limit slave 1mb 2mb 3\nmaxmemory 100mb\nmaxmemory 200mb\n\
        loglevel notice\nlatency-tracking-info-percentiles 50 99.90\nrequirepass \"\"\n\
        proc-title-template '{title} it\\'s'\noom-score-adj relative\ndir /\nuser default on nopass ~* &* +@all\n\
        notify-keyspace-events Ex\nlist-max-ziplist-entries 512\n";
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("redis.conf");
    std::fs::write(&path, OLD).unwrap();
    let server = Server::start_with(&[path.to_str().unwrap()]);
    let mut config = config_of(OLD);
    for (name, value) in [
        ("maxmemory-policy", "allkeys-lfu"),
        ("maxmemory-clients", "7%"),
        ("save", "9 9 8 8"),
        ("masterauth", "a \"b\" \\\\ c"),
        ("repl-backlog-size", "3mb"),
        ("client-output-buffer-limit", "normal 5 5kb 5"),
        ("maxmemory", "0"),
        ("shutdown-on-sigterm", "now nosave"),
        ("bind", "127.0.0.1 -::1"),
    ] {
        assert_eq!(difference(&server, &mut config, name, value), None);
    }
    assert_eq!(server.call(&["CONFIG", "REWRITE"]), "OK\n");
    let theirs = std::fs::read_to_string(&path).unwrap();
    let ours = String::from_utf8(rewritten(OLD.as_bytes(), &config, &[])).unwrap();
    // Above the signature the order is that of the old file; below it Redis's is that of a hash table. The
    // user is the ACL room's to print.
    let parts = |text: &str| {
        let lines: Vec<String> =
            text.lines().filter(|line| !line.starts_with("user ")).map(str::to_owned).collect();
        let signature = lines.iter().position(|line| line.starts_with("# Generated")).unwrap();
        let appended: BTreeSet<String> = lines[signature..].iter().cloned().collect();
        (lines[..signature].to_vec(), appended)
    };
    assert_eq!(parts(&ours), parts(&theirs));
}

#[test]
#[ignore = "needs redis-server 7.0 on this machine"]
fn wrong_command_lines_are_reported_as_redis_reports_them() {
    for words in [
        &["--port", "x"][..],
        &["--port"],
        &["--port", "1", "2"],
        &["--port=1"],
        &["--port", "23018", "--nope", "a b"],
        &["--save", "60"],
        &["--save", "60 1 2"],
        &["--save", "a", "b"],
        &["--requirepass", "--x", "--hz", "y\"\n"],
        &["--hz 5", "--bind \"a"],
        &["--bind", "1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17"],
        &["--dir", "/no/such"],
        &["--dir", "/etc/passwd"],
        &["--logfile", "/no/such/log"],
        &["--rename-command", "nope", "x"],
        &["--cluster-enabled", "yes", "--replicaof", "127.0.0.1", "1"],
        &["--replicaof", "127.0.0.1", "70000"],
        &["--replicaof", "127.0.0.1"],
        &["--sentinel-x", "1"],
        &["--user"],
        &["--loadmodule"],
        &["--x.y"],
        &["--include"],
        &["--shutdown-on-sigint", "save nosave"],
        &["--unixsocketperm", "999"],
        &["--unixsocketperm", "7777"],
        &["--client-output-buffer-limit", "normal", "1"],
        &["--appendfilename", "a/b"],
        &["--dbfilename", "a/b"],
        &["--io-threads", "129"],
        &["--oom-score-adj-values", "1"],
        &["--oom-score-adj", "maybe"],
    ] {
        let output = Command::new("redis-server").args(words).stdin(Stdio::null()).output().unwrap();
        let theirs = String::from_utf8_lossy(&output.stderr).replace("(Redis 7.0.15)", "(Redis 7.2.4)");
        let mut args = vec!["shoal".into()];
        args.extend(words.iter().map(std::ffi::OsString::from));
        let Startup::Run(invocation) = parse_args(&args) else { panic!("{words:?}") };
        let ours = match load(&invocation, &mut std::io::empty(), &|_| false) {
            Ok(_) => "accepted".to_owned(),
            Err(error) => format!("{error}\n"),
        };
        assert_eq!(ours, theirs, "{words:?}");
    }
}

#[test]
#[ignore = "needs the path of a redis.conf in REDIS_CONF"]
fn the_sample_file_of_redis_is_loaded() {
    let path = std::env::var("REDIS_CONF").unwrap();
    let loaded = super::load_bytes(&std::fs::read(path).unwrap()).unwrap();
    for notice in loaded.notices {
        println!("{notice}");
    }
}

/// Sets a value on both sides; tells where replies or what is kept differ.
fn difference(server: &Server, config: &mut Config, name: &str, value: &str) -> Option<String> {
    let theirs = server.call(&["CONFIG", "SET", name, value]);
    let ours = match set(config, &[(name.as_bytes(), value.as_bytes())], SetContext::default()) {
        Ok(applied) => {
            *config = applied.config;
            "OK".to_owned()
        }
        Err(error) => format!("{} {error}", error.code()),
    };
    let (ours, theirs) = ((ours, our_get(config, name)), (theirs.trim_end().to_owned(), server.get(name)));
    (ours != theirs).then(|| format!("{name} '{value}':\n  ours   {ours:?}\n  theirs {theirs:?}"))
}
