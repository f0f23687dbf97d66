//! The command line.

use std::ffi::OsString;

use crate::config::{Invocation, Startup, TitleFacts, expand_title, parse_args};

/// Parses a command line whose words hold no blanks.
fn parse(line: &str) -> Startup {
    parse_words(&line.split(' ').collect::<Vec<_>>())
}

/// Parses the words of a command line.
fn parse_words(words: &[&str]) -> Startup {
    let args: Vec<OsString> = words.iter().map(OsString::from).collect();
    parse_args(&args)
}

/// What to run.
fn run(words: &[&str]) -> Invocation {
    match parse_words(words) {
        Startup::Run(invocation) => invocation,
        other => panic!("{other:?}"),
    }
}

/// Checks the configuration lines that options turn into. Redis: server.c main.
fn check_options(words: &[&str], expect: &str) {
    let mut all = vec!["shoal"];
    all.extend_from_slice(words);
    assert_eq!(String::from_utf8(run(&all).options).unwrap(), expect, "{words:?}");
}

#[test]
fn options_become_lines() {
    check_options(&["--port", "6380"], "port \"6380\" ");
    check_options(&["--port", "6380", "--hz", "5"], "port \"6380\" \nhz \"5\" ");
    check_options(&["--save", "60", "1", "300", "10"], "save \"60\" \"1\" \"300\" \"10\" ");
    check_options(&["--save", ""], "save \"\" ");
    check_options(&["--save"], "save \"\"");
    check_options(&["--save", "--port", "1"], "save \"\"\nport \"1\" ");
    check_options(&["--port 6380", "--hz", "5"], "port 6380 \nhz \"5\" ");
    check_options(&["--sentinel", "--port", "1"], "sentinel \nport \"1\" ");
    // A value may begin with two dashes: the first word after a bare option is always a value.
    check_options(&["--requirepass", "--secret", "--port", "1"], "requirepass \"--secret\" \nport \"1\" ");
    check_options(&["--bind", "a\"b\n"], "bind \"a\\\"b\\n\" ");
    check_options(&["--port=6380"], "port=6380 ");
}

#[test]
fn the_first_word_is_the_file_and_a_dash_is_standard_input() {
    let invocation = run(&["shoal", "/etc/redis.conf", "--port", "1", "-"]);
    assert_eq!(invocation.config_file.as_deref(), Some("/etc/redis.conf".as_ref()));
    assert!(invocation.read_stdin);
    assert!(run(&["shoal", "-", "--port", "1"]).read_stdin);
    assert!(!run(&["shoal", "--logfile", "-", "--port", "1"]).read_stdin);
    let here = std::env::current_dir().unwrap();
    let invocation = run(&["shoal", "a/b.conf"]);
    assert_eq!(invocation.config_file, Some(here.join("a/b.conf")));
    assert_eq!(invocation.exec_args[1], here.join("a/b.conf"));
    assert_eq!(run(&["shoal", "../b.conf"]).config_file, Some(here.parent().unwrap().join("b.conf")));
    assert!(run(&["shoal"]).bare);
}

#[test]
fn programs_and_special_options_are_recognised() {
    assert_eq!(parse("shoal -v"), Startup::Version);
    assert_eq!(parse("shoal --version"), Startup::Version);
    assert_eq!(parse("shoal -h"), Startup::Help);
    assert_eq!(parse("shoal --help"), Startup::Help);
    assert_eq!(parse("shoal --check-system"), Startup::CheckSystem);
    assert_eq!(parse("shoal --test-memory 64"), Startup::TestMemory(Some(64)));
    assert_eq!(parse("shoal --test-memory"), Startup::TestMemory(None));
    assert_eq!(parse("/usr/bin/redis-check-rdb a"), Startup::CheckRdb(vec!["a".into()]));
    assert_eq!(parse("redis-check-aof"), Startup::CheckAof(vec![]));
    assert!(run(&["/usr/bin/redis-sentinel", "/s.conf"]).sentinel);
    assert!(run(&["shoal", "/s.conf", "--sentinel"]).sentinel);
    assert!(!run(&["shoal", "/s.conf"]).sentinel);
    assert_eq!(parse_args(&[]), Startup::Run(Invocation { bare: true, ..Invocation::default() }));
}

#[test]
fn titles_are_filled_in() {
    let facts = TitleFacts { title: "shoal", listen_addr: "*:1", port: 1, ..TitleFacts::default() };
    assert_eq!(expand_title("{title} {listen-addr} {server-mode}", &facts).as_deref(), Some("shoal *:1"));
    assert_eq!(expand_title("{{x}} {port}", &facts).as_deref(), Some("{x}} 1"));
    assert_eq!(expand_title("{nope}", &facts), None);
    assert_eq!(expand_title("{", &facts), None);
    assert_eq!(expand_title("{port", &facts), None);
}
