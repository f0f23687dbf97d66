//! Redis's own tools, redis-cli and redis-benchmark, against the real binary.

#![allow(clippy::unwrap_used)]

mod support;

use std::io::Write;
use std::process::{Command, Stdio};
use support::Server;

/// Runs a tool against the server; its standard output, or a panic with all it said.
fn tool(name: &str, server: &Server, args: &[&str], input: &[u8]) -> String {
    let path = support::server::find_in_path(name)
        .unwrap_or_else(|| panic!("{name} is not in PATH; `tests/run` installs it"));
    let mut child = Command::new(path)
        .args(["-h", "127.0.0.1", "-p", &server.port().to_string()])
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_vec();
    // A tool that reads nothing closes its end first: no failure.
    let writer = std::thread::spawn(move || drop(stdin.write_all(&input)));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{name} {args:?}: {}\n{text}{errors}", output.status);
    text
}

fn cli(server: &Server, args: &[&str]) -> String {
    tool("redis-cli", server, args, b"")
}

#[test]
fn redis_cli_speaks_both_protocols() {
    let server = Server::tested(4, &[]);
    assert_eq!(cli(&server, &["SET", "key", "value"]), "OK\n");
    assert_eq!(cli(&server, &["-3", "GET", "key"]), "value\n");
    assert!(cli(&server, &["-3", "--no-raw", "CONFIG", "GET", "maxmemory-samples"]).contains("=> \"5\""));
    assert!(cli(&server, &["--no-raw", "GET", "absent"]).contains("(nil)"));
    assert!(cli(&server, &["-n", "5", "DBSIZE"]).starts_with('0'));
    assert!(cli(&server, &["INFO", "server"]).contains("redis_version:"));
    assert!(cli(&server, &["COMMAND", "DOCS", "get"]).contains("summary"));
}

#[test]
fn redis_cli_loads_in_bulk_and_iterates() {
    let server = Server::tested(4, &[]);
    let mut requests = Vec::new();
    for n in 0..20_000 {
        let (key, value) = (format!("key:{n}"), "v".repeat(n % 100));
        requests.extend(support::encode(&["SET", &key, &value]));
    }
    let loaded = tool("redis-cli", &server, &["--pipe"], &requests);
    assert!(loaded.contains("errors: 0, replies: 20000"), "{loaded}");
    assert_eq!(cli(&server, &["--scan", "--pattern", "key:*"]).lines().count(), 20_000);
    assert_eq!(cli(&server, &["--scan", "--pattern", "key:1999?"]).lines().count(), 10);
    let largest = cli(&server, &["--bigkeys"]);
    assert!(largest.contains("Sampled 20000 keys in the keyspace!"), "{largest}");
    assert!(largest.contains("has 99 bytes"), "{largest}");
}

#[test]
fn redis_cli_repeats_and_reads_commands_from_its_input() {
    let server = Server::tested(4, &[]);
    assert!(cli(&server, &["-r", "50", "INCR", "n"]).ends_with("50\n"));
    let script = b"MULTI\nSET a 1\nSET b 2\nEXEC\nMGET a b\n";
    assert_eq!(tool("redis-cli", &server, &[], script), "OK\nQUEUED\nQUEUED\nOK\nOK\n1\n2\n");
}

/// Commands a second that redis-benchmark reports for each test, checked to be there and above zero.
fn benchmark(server: &Server, args: &[&str]) {
    let report = tool("redis-benchmark", server, args, b"");
    assert!(!report.contains("Error") && !report.contains("WARNING: Could not"), "{report}");
    let lines: Vec<&str> = report.lines().filter(|line| line.starts_with('"')).skip(1).collect();
    assert!(!lines.is_empty(), "no results in: {report}");
    for line in lines {
        let rate: f64 = line.split(',').nth(1).unwrap().trim_matches('"').parse().unwrap();
        assert!(rate > 0.0, "{line}");
    }
}

#[test]
fn redis_benchmark_runs_without_errors() {
    for shards in [1, 4] {
        let server = Server::tested(shards, &[]);
        let tests = "ping_inline,ping_mbulk,set,get,incr,mset";
        benchmark(&server, &["-t", tests, "-n", "20000", "-P", "16", "-r", "100000", "--csv"]);
        benchmark(&server, &["-t", "set,get", "-n", "5000", "-P", "1", "-d", "5000", "--csv"]);
        benchmark(&server, &["-n", "5000", "-P", "4", "-r", "1000", "--csv", "EXISTS", "key:__rand_int__"]);
    }
}
