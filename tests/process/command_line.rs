//! Where settings come from: a file, files that it includes, standard input, options; and what only prints.

use crate::instance::{Place, setting};
use crate::support::server::tested_binary;

#[test]
fn a_file_is_read_with_its_includes_quotes_and_comments() {
    let place = Place::new();
    std::fs::create_dir(place.path("conf.d")).unwrap();
    place.file("conf.d/1.conf", "timeout 11\ntcp-keepalive 77\n");
    place.file("conf.d/2.conf", "timeout 12\n");
    let text = format!(
        "# a comment\n\n  port {}\nbind 127.0.0.1\nSAVE \"\"\nshards 1\ninclude {}/conf.d/*.conf\n\
         include {}/none/*.conf\nrequirepass \"p \\x41\\\"\"\nproc-title-template '{{title}} \\'q\\''\n",
        place.port,
        place.dir.path().display(),
        place.dir.path().display(),
    );
    let file = place.file("redis.conf", &text);
    let instance = place.spawn(&[&file]);
    instance.until_said("Ready to accept connections");
    let mut conn = instance.connect();
    assert_eq!(conn.cmd(&["AUTH", "p A\""]).bytes(), Some(&b"OK"[..]));
    assert_eq!(setting(&mut conn, "timeout"), "12");
    assert_eq!(setting(&mut conn, "tcp-keepalive"), "77");
    assert_eq!(setting(&mut conn, "proc-title-template"), "{title} 'q'");
}

#[test]
fn options_come_after_standard_input_and_that_after_the_file() {
    let mut place = Place::new();
    let file = place.file("redis.conf", "port 1\nbind 127.0.0.1\ntimeout 1\nmaxmemory-samples 3\nhz 20\n");
    place.stdin = b"timeout 2\nmaxmemory-samples 4\n".to_vec();
    let port = place.port.to_string();
    let instance = place.spawn(&[&file, "--port", &port, "--maxmemory-samples", "6", "--save", "", "-"]);
    instance.wait_until_ready();
    let mut conn = instance.connect();
    let settings = ["timeout", "maxmemory-samples", "hz"].map(|name| setting(&mut conn, name));
    assert_eq!(settings, ["2", "6", "20"]);
}

#[test]
fn commands_are_renamed_and_removed() {
    let place = Place::new();
    let file = place.file("redis.conf", "rename-command GET obtain\nrename-command FLUSHALL \"\"\n");
    let port = place.port.to_string();
    let instance = place.spawn(&[&file, "--port", &port, "--bind", "127.0.0.1"]);
    instance.wait_until_ready();
    let mut conn = instance.connect();
    conn.cmd(&["SET", "k", "v"]);
    assert_eq!(conn.cmd(&["OBTAIN", "k"]).bytes(), Some(&b"v"[..]));
    assert!(conn.call(&["GET", "k"]).unwrap().raw.starts_with(b"-ERR unknown command 'GET'"));
    assert!(conn.call(&["FLUSHALL"]).unwrap().raw.starts_with(b"-ERR unknown command 'FLUSHALL'"));
}

#[test]
fn config_rewrite_keeps_comments_and_order() {
    let place = Place::new();
    let text =
        format!("# first\nport {}\nbind 127.0.0.1\n\n# about timeout\ntimeout 5\n# last\n", place.port);
    let file = place.file("redis.conf", &text);
    let instance = place.spawn(&[&file]);
    instance.wait_until_ready();
    let mut conn = instance.connect();
    conn.cmd(&["CONFIG", "SET", "timeout", "9", "maxmemory-samples", "7"]);
    assert_eq!(conn.call(&["CONFIG", "REWRITE"]).unwrap().raw, b"+OK\r\n");
    let rewritten = std::fs::read_to_string(&file).unwrap();
    let kept = text.replace("timeout 5", "timeout 9");
    assert!(rewritten.starts_with(&kept), "{rewritten}");
    assert!(rewritten.contains("\nmaxmemory-samples 7\n"), "{rewritten}");
}

#[test]
fn log_lines_have_redis_form() {
    let instance = Place::new().serve(&[]);
    let pid = instance.child.id().to_string();
    let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    instance.until_said("Ready to accept connections tcp");
    for line in instance.output().lines() {
        // PID:M DD Mon YYYY HH:MM:SS.mmm * text
        let words: Vec<&str> = line.splitn(7, ' ').collect();
        let [id, day, month, year, time, level, text] = words[..] else { panic!("{line:?}") };
        assert_eq!(id, format!("{pid}:M"), "{line:?}");
        assert!(day.len() == 2 && day.parse::<u8>().is_ok_and(|d| (1..=31).contains(&d)), "{line:?}");
        assert!(months.contains(&month) && year.len() == 4 && year.parse::<u16>().is_ok(), "{line:?}");
        let shape: String = time.chars().map(|c| if c.is_ascii_digit() { '9' } else { c }).collect();
        assert_eq!(shape, "99:99:99.999", "{line:?}");
        assert!([".", "-", "*", "#"].contains(&level) && !text.is_empty(), "{line:?}");
    }
}

#[test]
fn version_help_and_tools_that_are_missing_answer_clearly() {
    let (code, text) = Place::new().run(&["--version"]);
    assert_eq!(code, Some(0));
    assert!(text.starts_with("Shoal server v=") && text.contains(" redis=7.2.4 "), "{text}");
    for (args, code, said) in [
        (&["--help"][..], 1, "Usage: "),
        (&["--check-system"], 1, "not built yet"),
        (&["--test-memory"], 1, "in megabytes"),
        (&["--test-memory", "5"], 1, "not built yet"),
    ] {
        let (ended, text) = Place::new().run(args);
        assert_eq!(ended, Some(code), "{args:?}: {text}");
        assert!(text.contains(said), "{args:?}: {text}");
    }
}

#[test]
fn the_link_name_chooses_the_program() {
    let linked = |name: &str| {
        let mut place = Place::new();
        std::os::unix::fs::symlink(tested_binary(), place.path(name)).unwrap();
        place.program = place.path(name);
        place
    };
    let (code, text) = linked("redis-server").run(&["-v"]);
    assert_eq!(code, Some(0));
    assert!(text.starts_with("Redis server v=7.2.4 sha="), "{text}");
    for (tool, says) in [
        ("redis-check-rdb", "Checking RDB file dump"),
        ("redis-check-aof", "Cannot open file"),
        ("redis-sentinel", "not built yet"),
    ] {
        let (code, text) = linked(tool).run(&["dump"]);
        assert_eq!(code, Some(1), "{tool}: {text}");
        assert!(text.contains(says), "{tool}: {text}");
    }
    let instance = linked("redis-server").serve(&[]);
    assert_eq!(instance.connect().call(&["PING"]).unwrap().raw, b"+PONG\r\n");
}
