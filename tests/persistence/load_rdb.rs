//! Loading RDB files that Redis wrote: whole, damaged, for fewer databases; and what a server does meanwhile.

use super::load_support::{Instance, digest, newer_redis, saved, text};
use super::support::{Conn, Rng, Server, seed};
use std::path::Path;
use std::time::Duration;

fn rng() -> (Rng, u64) {
    let seed = seed();
    println!("SEED={seed}");
    (Rng::new(seed), seed)
}

fn times(conn: &mut Conn, dir_keys: u64) -> Vec<String> {
    let mut all = Vec::new();
    for db in 0..6 {
        conn.cmd(&["SELECT", &db.to_string()]);
        for i in (0..dir_keys).step_by(7) {
            all.push(text(conn, &["PEXPIRETIME", &format!("k:{i}")]));
        }
    }
    all
}

#[test]
fn every_type_loads_from_a_file_of_redis() {
    let (mut rng, _) = rng();
    let (dir, expected) = saved(&mut rng, 1500, &[]);
    let mut seen = Vec::new();
    for shards in [1, 4] {
        let instance = Instance::ready(dir.path(), shards, &[]);
        let mut conn = instance.connect();
        assert_eq!(digest(&mut conn), expected, "{shards} shards");
        assert_eq!(text(&mut conn, &["FCALL", "f", "1", "nothing"]), "$-1\r\n");
        let info = text(&mut conn, &["INFO", "persistence"]);
        for line in ["loading:0", "rdb_last_load_keys_loaded:1500", "rdb_last_load_keys_expired:0"] {
            assert!(info.contains(&format!("{line}\r\n")), "{line} in {info}");
        }
        for line in [
            "Loading RDB produced by version",
            "RDB age",
            "RDB memory usage when created",
            "DB loaded from disk",
        ] {
            assert!(instance.log().contains(line), "{line} in {}", instance.log());
        }
        assert!(instance.log().contains("Done loading RDB, keys loaded: 1500, keys expired: 0."));
        seen.push(times(&mut conn, 1500));
    }
    assert_eq!(seen[0], seen[1]);
}

#[test]
fn a_file_of_a_newer_redis_loads() {
    let Some(path) = newer_redis() else {
        println!("no newer Redis here: skipped");
        return;
    };
    let dir = tempfile::tempdir().unwrap();
    let port = super::support::server::free_port();
    let mut child = std::process::Command::new(path)
        .args([
            "--port",
            &port.to_string(),
            "--bind",
            "127.0.0.1",
            "--save",
            "",
            "--enable-debug-command",
            "yes",
            "--dir",
        ])
        .arg(dir.path())
        .stdout(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let mut conn = loop {
        match Conn::open(port) {
            Ok(conn) => break conn,
            Err(_) => std::thread::sleep(Duration::from_millis(20)),
        }
    };
    let (mut rng, _) = rng();
    super::load_support::fill(&mut conn, &mut rng, 500);
    conn.cmd(&["SELECT", "0"]);
    conn.cmd(&["HSET", "timed", "a", "1", "b", "2"]);
    conn.cmd(&["HPEXPIREAT", "timed", "9999999999999", "FIELDS", "1", "a"]);
    let expected = digest(&mut conn);
    assert_eq!(text(&mut conn, &["SAVE"]), "+OK\r\n");
    child.kill().unwrap();
    child.wait().unwrap();
    for shards in [1, 4] {
        let instance = Instance::ready(dir.path(), shards, &[]);
        let mut conn = instance.connect();
        assert_eq!(digest(&mut conn), expected, "{shards} shards");
        assert_eq!(
            text(&mut conn, &["HPEXPIRETIME", "timed", "FIELDS", "1", "a"]),
            "*1\r\n:9999999999999\r\n"
        );
    }
}

#[test]
fn keys_whose_time_has_passed_are_left_out_and_marks_of_use_come_back() {
    let oracle = Server::oracle(&["--maxmemory-policy", "allkeys-lru"]);
    let mut conn = oracle.connect();
    conn.cmd(&["SET", "short", "v", "PX", "300"]);
    conn.cmd(&["SET", "long", "v", "EX", "5000"]);
    let super::support::Value::Bulk(payload) = conn.cmd(&["DUMP", "long"]) else { panic!("no payload") };
    let restored = conn.call(&[b"RESTORE", &b"idle"[..], b"0", &payload, b"IDLETIME", b"5000"]);
    assert_eq!(restored.unwrap().raw, b"+OK\r\n");
    conn.cmd(&["SAVE"]);
    let dir = tempfile::tempdir().unwrap();
    std::fs::copy(oracle.dir().join("dump.rdb"), dir.path().join("dump.rdb")).unwrap();
    std::thread::sleep(Duration::from_millis(400));
    let instance = Instance::ready(dir.path(), 2, &["--maxmemory-policy", "allkeys-lru"]);
    let mut conn = instance.connect();
    assert_eq!(text(&mut conn, &["DBSIZE"]), ":2\r\n");
    assert!(text(&mut conn, &["INFO", "persistence"]).contains("rdb_last_load_keys_expired:1\r\n"));
    let idle = text(&mut conn, &["OBJECT", "IDLETIME", "idle"]);
    assert!((5000..5100).contains(&idle.trim_matches([':', '\r', '\n']).parse::<u32>().unwrap()), "{idle}");
}

/// Starts on a directory whose file must not be loaded: the log.
fn refused(dir: &Path, args: &[&str]) -> String {
    let mut instance = Instance::spawn(dir, 2, args);
    assert_eq!(instance.wait_end(), Some(1), "{}", instance.log());
    instance.log()
}

#[test]
fn a_file_for_more_databases_is_refused() {
    let (mut rng, _) = rng();
    let (dir, _) = saved(&mut rng, 300, &[]);
    let log = refused(dir.path(), &["--databases", "2"]);
    assert!(
        log.contains("FATAL: Data file was created with a Redis server configured to handle more than 2"),
        "{log}"
    );
}

#[test]
fn a_wrong_sum_is_refused_unless_sums_do_not_count() {
    let (mut rng, _) = rng();
    let (dir, expected) = saved(&mut rng, 100, &[]);
    let path = dir.path().join("dump.rdb");
    let mut bytes = std::fs::read(&path).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    std::fs::write(&path, &bytes).unwrap();
    let log = refused(dir.path(), &[]);
    for line in
        ["Wrong RDB checksum expected", "RDB CRC error", "Terminating server after rdb file reading failure."]
    {
        assert!(log.contains(line), "{line} in {log}");
    }
    let instance = Instance::ready(dir.path(), 2, &["--rdbchecksum", "no"]);
    assert_eq!(digest(&mut instance.connect()), expected);
}

#[test]
fn a_file_that_was_cut_or_is_none_is_refused_with_its_offset() {
    let (mut rng, seed) = rng();
    let (dir, _) = saved(&mut rng, 200, &[]);
    let path = dir.path().join("dump.rdb");
    let bytes = std::fs::read(&path).unwrap();
    for _ in 0..8 {
        let len = 9 + rng.index(bytes.len() - 9);
        std::fs::write(&path, &bytes[..len]).unwrap();
        let log = refused(dir.path(), &[]);
        assert!(log.contains("Short read or OOM loading DB"), "seed {seed}, {len}: {log}");
        assert!(log.contains("Internal error in RDB reading offset"), "seed {seed}, {len}: {log}");
        assert!(log.contains("file dump.rdb"), "seed {seed}, {len}: {log}");
    }
    std::fs::write(&path, b"NOTREDIS0").unwrap();
    let log = refused(dir.path(), &[]);
    assert!(log.contains("Wrong signature trying to load DB from file"), "{log}");
    assert!(log.contains("Fatal error loading the DB, check server logs. Exiting."), "{log}");
    std::fs::write(&path, b"REDIS9999").unwrap();
    assert!(refused(dir.path(), &[]).contains("Can't handle RDB format version 9999"));
}

#[test]
fn changed_bytes_neither_panic_nor_hang() {
    let (mut rng, seed) = rng();
    let (dir, _) = saved(&mut rng, 150, &[]);
    let path = dir.path().join("dump.rdb");
    let bytes = std::fs::read(&path).unwrap();
    for round in 0..25 {
        let mut changed = bytes.clone();
        for _ in 0..1 + rng.below(4) {
            let at = rng.index(changed.len());
            changed[at] = rng.below(256) as u8;
        }
        std::fs::write(&path, &changed).unwrap();
        let mut instance = Instance::spawn(dir.path(), 2, &["--rdbchecksum", "no"]);
        match instance.wait_ready() {
            // What was changed was a value's own text.
            Ok(()) => assert!(digest(&mut instance.connect()).starts_with('+')),
            Err(code) => assert_eq!(code, Some(1), "seed {seed}, round {round}: {}", instance.log()),
        }
        assert!(!instance.log().contains("panicked"), "seed {seed}, round {round}: {}", instance.log());
    }
}

#[test]
fn commands_are_refused_while_loading_and_work_afterwards() {
    let (mut rng, _) = rng();
    let (dir, expected) = saved(&mut rng, 1000, &[]);
    for shards in [1, 4] {
        let instance = Instance::spawn(dir.path(), shards, &["--key-load-delay", "20000"]);
        let mut conn = instance.connect();
        for words in
            [&["GET", "k:1"][..], &["SET", "a", "b"], &["PING"], &["EVAL", "return 1", "0"], &["DBSIZE"]]
        {
            let reply = text(&mut conn, words);
            assert_eq!(reply, "-LOADING Redis is loading the dataset in memory\r\n", "{words:?}");
        }
        assert_eq!(text(&mut conn, &["MULTI"]), "+OK\r\n");
        assert!(text(&mut conn, &["GET", "k:1"]).starts_with("-LOADING"));
        assert!(text(&mut conn, &["EXEC"]).starts_with("-EXECABORT"));
        let info = text(&mut conn, &["INFO", "persistence"]);
        for line in ["loading:1", "loading_start_time:", "loading_total_bytes:", "loading_eta_seconds:"] {
            assert!(info.contains(line), "{line} in {info}");
        }
        assert!(text(&mut conn, &["CONFIG", "SET", "appendonly", "yes"]).starts_with("-LOADING"));
        assert_eq!(text(&mut conn, &["CONFIG", "SET", "key-load-delay", "0"]), "+OK\r\n");
        while text(&mut conn, &["PING"]) != "+PONG\r\n" {
            std::thread::sleep(Duration::from_millis(5));
        }
        assert_eq!(digest(&mut conn), expected);
        assert!(!text(&mut conn, &["INFO", "persistence"]).contains("loading_start_time"));
    }
}

#[test]
fn a_server_that_is_ended_while_loading_ends_and_its_file_stays() {
    let (mut rng, _) = rng();
    let (dir, expected) = saved(&mut rng, 500, &[]);
    let before = std::fs::read(dir.path().join("dump.rdb")).unwrap();
    for (signal, code) in [("TERM", Some(0)), ("KILL", None)] {
        let mut instance = Instance::spawn(dir.path(), 4, &["--key-load-delay", "20000"]);
        assert!(text(&mut instance.connect(), &["PING"]).starts_with("-LOADING"));
        instance.signal(signal);
        assert_eq!(instance.wait_end(), code, "{}", instance.log());
        if signal == "TERM" {
            assert!(instance.log().contains("Received shutdown signal during loading"), "{}", instance.log());
        }
    }
    let mut instance = Instance::spawn(dir.path(), 1, &["--key-load-delay", "20000"]);
    let mut conn = instance.connect();
    conn.send_command(&["SHUTDOWN", "NOSAVE"]).unwrap();
    assert_eq!(instance.wait_end(), Some(0));
    assert_eq!(std::fs::read(dir.path().join("dump.rdb")).unwrap(), before);
    assert_eq!(digest(&mut Instance::ready(dir.path(), 4, &[]).connect()), expected);
}

#[test]
fn debug_reload_saves_and_loads_and_can_merge() {
    let (mut rng, seed) = rng();
    let (dir, expected) = saved(&mut rng, 300, &[]);
    for shards in [1, 4] {
        let instance = Instance::ready(dir.path(), shards, &[]);
        let mut conn = instance.connect();
        assert_eq!(text(&mut conn, &["DEBUG", "RELOAD"]), "+OK\r\n", "seed {seed}: {}", instance.log());
        assert_eq!(digest(&mut conn), expected, "seed {seed}");
        assert_eq!(text(&mut conn, &["FCALL", "f", "1", "nothing"]), "$-1\r\n");
        conn.cmd(&["SET", "mine", "1"]);
        assert_eq!(text(&mut conn, &["DEBUG", "RELOAD", "NOSAVE"]), "+OK\r\n");
        assert_eq!(digest(&mut conn), expected, "seed {seed}");
        conn.cmd(&["SET", "mine", "1"]);
        assert!(
            text(&mut conn, &["DEBUG", "RELOAD", "NOSAVE", "NOFLUSH"])
                .starts_with("-ERR Error trying to load")
        );
        assert_eq!(text(&mut conn, &["DEBUG", "RELOAD", "NOSAVE", "NOFLUSH", "MERGE"]), "+OK\r\n");
        assert_eq!(text(&mut conn, &["GET", "mine"]), "$1\r\n1\r\n");
        conn.cmd(&["DEL", "mine"]);
        assert_eq!(digest(&mut conn), expected, "seed {seed}");
        assert!(
            text(&mut conn, &["DEBUG", "RELOAD", "NONSENSE"]).starts_with("-ERR DEBUG RELOAD only supports")
        );
        conn.cmd(&["MULTI"]);
        conn.cmd(&["DEBUG", "RELOAD"]);
        assert_eq!(text(&mut conn, &["EXEC"]), "*1\r\n+OK\r\n");
        assert_eq!(digest(&mut conn), expected, "seed {seed}");
    }
}
