//! Loading: lines, includes, save points, errors in Redis's words.

use std::fs;

use proptest::prelude::*;

use super::{config_of, load_bytes, load_text, value_of};
use crate::config::{
    AppendFsync, ClassLimit, Invocation, LogLevel, MaxmemoryPolicy, MemoryLimit, SavePoint, load,
};

/// The text printed for a file that must be refused.
fn error_of(text: &str) -> String {
    load_text(text).unwrap_err().to_string()
}

/// Checks the report for a wrong line.
fn check_line_error(text: &str, line: usize, shown: &str, reason: &str) {
    let expect = format!(
        "\n*** FATAL CONFIG FILE ERROR (Redis 7.2.4) ***\nReading the configuration file, at line {line}\n>>> '{shown}'\n{reason}"
    );
    assert_eq!(error_of(text), expect);
}

#[test]
fn a_file_sets_what_it_names() {
    let config = config_of(
        "# comment\n\n  PORT 7000  \r\nmaxmemory 100mb\nmaxmemory-policy ALLKEYS-LRU\nloglevel debug\n\
         appendfsync \"always\"\nslave-read-only no\nmaxmemory-clients 5%\nbind 127.0.0.1 -::1\n\
         requirepass \"p\\x00\\xff\"\nunixsocketperm 700\nclient-output-buffer-limit replica 1mb 1k 5\n",
    );
    assert_eq!(config.port, 7000);
    assert_eq!(config.maxmemory, 100 << 20);
    assert_eq!(config.maxmemory_policy, MaxmemoryPolicy::AllkeysLru);
    assert_eq!(config.loglevel, LogLevel::Debug);
    assert_eq!(config.appendfsync, AppendFsync::Always);
    assert!(!config.replica_read_only);
    assert_eq!(config.maxmemory_clients, MemoryLimit::Percent(5));
    assert_eq!(config.maxmemory_clients.bytes(config.maxmemory), 5 << 20);
    assert_eq!(config.bind, ["127.0.0.1", "-::1"]);
    assert_eq!(config.requirepass.as_deref(), Some(&b"p\x00\xff"[..]));
    assert_eq!(config.unixsocketperm, 0o700);
    assert_eq!(config.client_output_buffer_limit[1], ClassLimit::new(1 << 20, 1000, 5));
    assert_eq!(value_of(&config, "maxmemory-clients"), "5%");
    assert_eq!(value_of(&config, "unixsocketperm"), "700");
}

#[test]
fn the_first_save_line_replaces_the_defaults_and_others_add() {
    let point = |seconds, changes| SavePoint { seconds, changes };
    assert_eq!(config_of("").save.len(), 3);
    assert_eq!(config_of("save 60 1\nsave 30 2").save, [point(60, 1), point(30, 2)]);
    assert_eq!(config_of("save 60 1 30 2").save, [point(60, 1), point(30, 2)]);
    assert_eq!(config_of("save \"60 1 30 2\"").save, [point(60, 1), point(30, 2)]);
    assert_eq!(config_of("save \"\"").save, []);
    assert_eq!(config_of("save 60 1\nsave \"\"\nsave 5 5").save, [point(5, 5)]);
    check_line_error("save 60", 1, "save 60", "Invalid save parameters");
    check_line_error("save 0 1", 1, "save 0 1", "Invalid save parameters");
}

#[test]
fn wrong_lines_are_reported_in_redis_words() {
    check_line_error("\nfoo bar ", 2, "foo bar", "Bad directive or wrong number of arguments");
    check_line_error("port", 1, "port", "wrong number of arguments");
    check_line_error("port 1 2", 1, "port 1 2", "wrong number of arguments");
    check_line_error("port x", 1, "port x", "argument couldn't be parsed into an integer");
    check_line_error("port 65536", 1, "port 65536", "argument must be between 0 and 65535 inclusive");
    check_line_error("maxmemory x", 1, "maxmemory x", "argument must be a memory value");
    check_line_error("dir \"x", 1, "dir \"x", "Unbalanced quotes in configuration line");
    check_line_error("dir /no/such/dir", 1, "dir /no/such/dir", "No such file or directory");
    check_line_error("daemonize maybe", 1, "daemonize maybe", "argument must be 'yes' or 'no'");
    check_line_error("include", 1, "include", "Bad directive or wrong number of arguments");
    check_line_error("a.b", 1, "a.b", "Module config specified without value");
    check_line_error(
        "loglevel loud",
        1,
        "loglevel loud",
        "argument(s) must be one of the following: debug, verbose, notice, warning, nothing",
    );
    check_line_error(
        "sentinel monitor m 127.0.0.1 6379 2",
        1,
        "sentinel monitor m 127.0.0.1 6379 2",
        "sentinel directive while not in sentinel mode",
    );
    check_line_error(
        "maxmemory-clients 101%",
        1,
        "maxmemory-clients 101%",
        "percentage argument must be less or equal to 100",
    );
}

#[test]
fn contradictions_are_reported_without_a_line() {
    assert_eq!(
        error_of("cluster-enabled yes\nreplicaof 127.0.0.1 6379"),
        "\n*** FATAL CONFIG FILE ERROR (Redis 7.2.4) ***\nreplicaof directive not allowed in cluster mode"
    );
    assert_eq!(
        error_of("logfile /no/such/dir/log"),
        "\n*** FATAL CONFIG FILE ERROR (Redis 7.2.4) ***\nCan't open the log file: No such file or directory"
    );
    assert!(error_of("a.b c").starts_with("Module Configuration detected without loadmodule"));
    assert_eq!(config_of("cluster-enabled yes").databases, 1);
    assert_eq!(config_of("hz 0").hz, 1);
    assert_eq!(config_of("hz 1000").hz, 500);
}

#[test]
fn directives_without_effect_are_noted_once() {
    let loaded =
        load_text("io-threads 4\nio-threads 1\nactiverehashing no\nuser x on\nuser y on\nport 1").unwrap();
    let names: Vec<(&str, bool)> =
        loaded.notices.iter().map(|notice| (notice.directive, notice.is_default)).collect();
    assert_eq!(names, [("io-threads", true), ("activerehashing", false)]);
    assert_eq!(loaded.users.len(), 2);
    assert!(loaded.notices[0].to_string().contains("shards"));
}

#[test]
fn deprecated_lines_are_read_over() {
    assert_eq!(config_of("lua-replicate-commands yes\nlist-max-ziplist-entries 512"), config_of(""));
    check_line_error(
        "lua-replicate-commands",
        1,
        "lua-replicate-commands",
        "Bad directive or wrong number of arguments",
    );
}

#[test]
fn commands_are_renamed_only_when_they_exist() {
    let loaded = load_text("rename-command GET fetch\nrename-command set \"\"").unwrap();
    assert_eq!(
        loaded.renamed_commands,
        [(b"GET".to_vec(), b"fetch".to_vec()), (b"set".to_vec(), Vec::new())]
    );
    for (text, reason) in [
        ("rename-command nope x", "No such command in rename-command"),
        ("rename-command get SET", "Target command name already exists"),
    ] {
        check_line_error(text, 1, text, reason);
    }
    let twice = "rename-command get a\nrename-command get b";
    check_line_error(twice, 2, "rename-command get b", "No such command in rename-command");
    assert!(load_text("rename-command get a\nrename-command set get\nrename-command a set").is_ok());
}

#[test]
fn includes_take_effect_in_place() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    fs::write(path("one.conf"), "port 1\nhz 20\n").unwrap();
    fs::write(path("two.conf"), "port 2\nsave 7 7\n").unwrap();
    fs::write(path("loop.conf"), format!("include {}\n", path("loop.conf").display())).unwrap();
    let base = folder.path().display();
    let config = config_of(&format!("port 9\nsave 5 5\ninclude {base}/one.conf\nhz 30"));
    assert_eq!((config.port, config.hz), (1, 30));
    // Wildcards: alphabetic order, and none at all is fine.
    assert_eq!(config_of(&format!("include {base}/[ot]*o*.conf")).port, 2);
    assert_eq!(config_of(&format!("port 9\ninclude {base}/none*.conf")).port, 9);
    // Relative to `dir` as set above.
    assert_eq!(config_of(&format!("dir {base}\ninclude two.conf\nsave 8 8")).save.len(), 2);
    assert_eq!(
        error_of(&format!("include {base}/missing.conf")),
        format!("Fatal error, can't open config file '{base}/missing.conf': No such file or directory")
    );
    assert!(error_of(&format!("include {base}/loop.conf")).ends_with("Too many levels of include"));
}

#[test]
fn file_input_and_options_come_in_this_order() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("redis.conf");
    fs::write(&file, "port 1\nhz 11\ntimeout 1").unwrap();
    let invocation = Invocation {
        config_file: Some(file),
        read_stdin: true,
        options: b"timeout \"3\" ".to_vec(),
        ..Invocation::default()
    };
    let config = load(&invocation, &mut &b"\nport 2\ntimeout 2"[..], &|_| true).unwrap().config;
    assert_eq!((config.port, config.hz, config.timeout_s), (2, 11, 3));
}

#[test]
fn endless_input_is_refused() {
    let invocation = Invocation { read_stdin: true, ..Invocation::default() };
    let error = load(&invocation, &mut std::io::repeat(b'#'), &|_| true).unwrap_err();
    assert_eq!(error.to_string(), "Fatal error, can't open config file '-': file too large");
}

#[test]
fn sentinel_mode_keeps_its_lines_and_port() {
    let invocation = Invocation { sentinel: true, read_stdin: true, ..Invocation::default() };
    let text = b"sentinel monitor m 127.0.0.1 6379 2\n";
    let loaded = load(&invocation, &mut &text[..], &|_| true).unwrap();
    assert_eq!(loaded.config.port, 26379);
    assert_eq!(loaded.sentinel_lines[0].words[0], b"monitor");
}

proptest! {
    #[test]
    fn any_bytes_are_loaded_or_refused(text in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = load_bytes(&text);
    }

    #[test]
    fn any_value_of_any_directive_is_loaded_or_refused(
        row in 0..crate::config::DIRECTIVES.len(),
        value in "[ -~]{0,20}|[0-9]{1,30}(k|mb|gb|%)?|-?[0-9]{1,4}( [0-9]{1,4}){0,4}",
    ) {
        let name = crate::config::DIRECTIVES[row].name;
        // `logfile` would make files of any name.
        prop_assume!(name != "logfile");
        let _ = load_bytes(format!("{name} {value}").as_bytes());
    }
}
