//! SAVE, BGSAVE, save points, the end of the process: what is in the file, and when it is there.

use super::rdb_support::{PATIENCE, bgsave, digest, info, populate, redis_on, say, scan, until};
use super::support::{Rng, Server, seed};
use shoal::persist::rdb::scan::Checksum;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

#[test]
fn files_of_all_types_load_in_redis_with_the_same_digest() {
    for shards in [1, 3] {
        let server = Server::tested(shards, &[]);
        let mut conn = server.connect();
        populate(&mut conn);
        for options in [["yes", "yes"], ["no", "yes"]] {
            conn.cmd(&["CONFIG", "SET", "rdbcompression", options[0]]);
            assert_eq!(say(&mut conn, &["SAVE"]), "+OK\r\n");
            let file = server.dir().join("dump.rdb");
            assert_eq!(scan(&file).1, Checksum::Sound);
            let redis = redis_on(&file);
            let mut other = redis.connect();
            assert_eq!(digest(&mut conn), digest(&mut other), "{shards} shards, compression {}", options[0]);
            let functions = &["FUNCTION", "LIST", "WITHCODE"];
            assert_eq!(say(&mut conn, functions), say(&mut other, functions));
        }
    }
}

#[test]
fn without_rdbchecksum_the_sum_is_zero() {
    let server = Server::tested(2, &["--rdbchecksum", "no"]);
    let mut conn = server.connect();
    conn.cmd(&["SET", "a", "1"]);
    assert_eq!(say(&mut conn, &["SAVE"]), "+OK\r\n");
    let file = server.dir().join("dump.rdb");
    assert!(std::fs::read(&file).unwrap().ends_with(&[0; 8]));
    assert_eq!(scan(&file).1, Checksum::Absent);
    redis_on(&file);
}

/// Writers keep two keys of different shards equal by MSET. Every file must show them equal, and no key of a round that
/// began after BGSAVE was answered.
#[test]
fn a_file_shows_one_moment_of_all_shards() {
    let seed = seed();
    println!("SEED={seed}");
    let server = Server::tested(4, &[]);
    let mut conn = server.connect();
    conn.cmd(&["DEBUG", "POPULATE", "20000", "filler", "200"]);
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for writer in 0..2u64 {
            let (server, stop) = (&server, &stop);
            scope.spawn(move || {
                let (mut conn, mut rng) = (server.connect(), Rng::new(seed ^ writer));
                while !stop.load(Ordering::Relaxed) {
                    let (pair, value) = (rng.below(200), rng.below(1 << 40).to_string());
                    let (a, b) = (format!("{writer}:a:{pair}"), format!("{writer}:b:{pair}"));
                    assert_eq!(say(&mut conn, &["MSET", &a, &value, &b, &value]), "+OK\r\n");
                }
            });
        }
        for round in 0..8 {
            conn.cmd(&["SET", "round", &round.to_string()]);
            assert_eq!(say(&mut conn, &["BGSAVE"]), "+Background saving started\r\n");
            conn.cmd(&["SET", "round", "behind the cut"]);
            until("end of BGSAVE", || info(&mut conn, "rdb_bgsave_in_progress") == "0");
            let (keys, sum) = scan(&server.dir().join("dump.rdb"));
            assert_eq!(sum, Checksum::Sound);
            assert_eq!(keys[&(0, "round".to_owned())], Some(round.to_string()));
            let mut pairs = 0;
            for ((_, key), value) in keys.iter().filter(|((_, key), _)| key.contains(":a:")) {
                assert_eq!(value, &keys[&(0, key.replace(":a:", ":b:"))], "{key} in round {round}");
                pairs += 1;
            }
            assert!(pairs > 0 || round == 0);
        }
        stop.store(true, Ordering::Relaxed);
    });
}

#[test]
fn one_file_is_saved_at_a_time() {
    let server = Server::tested(2, &[]);
    let mut conn = server.connect();
    conn.cmd(&["DEBUG", "POPULATE", "1000"]);
    conn.cmd(&["CONFIG", "SET", "rdb-key-save-delay", "10000"]);
    let before = conn.cmd(&["LASTSAVE"]).int();
    assert_eq!(say(&mut conn, &["BGSAVE"]), "+Background saving started\r\n");
    assert_eq!(info(&mut conn, "rdb_bgsave_in_progress"), "1");
    assert_eq!(info(&mut conn, "current_save_keys_total"), "1000");
    for command in [&["BGSAVE"][..], &["SAVE"], &["BGSAVE", "SCHEDULE"]] {
        assert_eq!(say(&mut conn, command), "-ERR Background save already in progress\r\n");
    }
    assert_eq!(say(&mut conn, &["BGSAVE", "NOW"]), "-ERR syntax error\r\n");
    assert_eq!(conn.cmd(&["LASTSAVE"]).int(), before);
    // Others are served meanwhile.
    assert_eq!(say(&mut conn, &["SET", "a", "1"]), "+OK\r\n");
    conn.cmd(&["CONFIG", "SET", "rdb-key-save-delay", "0"]);
    until("end of BGSAVE", || info(&mut conn, "rdb_bgsave_in_progress") == "0");
    assert!(conn.cmd(&["LASTSAVE"]).int() >= before);
    assert_eq!(info(&mut conn, "rdb_changes_since_last_save"), "1", "what came behind the cut");
    assert_eq!(info(&mut conn, "rdb_saves"), "1");
    assert_eq!(info(&mut conn, "rdb_last_bgsave_status"), "ok");
    // Within EXEC it is put off.
    conn.cmd(&["MULTI"]);
    conn.cmd(&["BGSAVE"]);
    assert_eq!(say(&mut conn, &["EXEC"]), "*1\r\n+Background saving scheduled\r\n");
    until("scheduled save", || info(&mut conn, "rdb_changes_since_last_save") == "0");
}

#[test]
fn save_points_save() {
    let server = Server::tested(2, &[]);
    let mut conn = server.connect();
    conn.cmd(&["CONFIG", "SET", "save", "1 3"]);
    for key in ["a", "b", "c"] {
        conn.cmd(&["SET", key, "1"]);
    }
    assert_eq!(info(&mut conn, "rdb_changes_since_last_save"), "3");
    until("save", || info(&mut conn, "rdb_changes_since_last_save") == "0");
    assert!(server.log().contains("3 changes in 1 seconds. Saving..."), "{}", server.log());
    assert_eq!(scan(&server.dir().join("dump.rdb")).0.len(), 3);
}

#[test]
fn flushall_replaces_the_file_and_ends_what_is_being_saved() {
    let server = Server::tested(2, &[]);
    let mut conn = server.connect();
    conn.cmd(&["DEBUG", "POPULATE", "5000"]);
    assert_eq!(say(&mut conn, &["SAVE"]), "+OK\r\n");
    conn.cmd(&["CONFIG", "SET", "rdb-key-save-delay", "1000"]);
    assert_eq!(say(&mut conn, &["BGSAVE"]), "+Background saving started\r\n");
    let start = Instant::now();
    conn.cmd(&["FLUSHALL"]);
    until("end of BGSAVE", || info(&mut conn, "rdb_bgsave_in_progress") == "0");
    assert!(start.elapsed().as_secs() < 3, "it would have taken five seconds");
    // Without save points the old file stays, and the changes are not saved.
    assert_eq!(scan(&server.dir().join("dump.rdb")).0.len(), 5000);
    assert_eq!(info(&mut conn, "rdb_changes_since_last_save"), "5000");
    assert_eq!(info(&mut conn, "rdb_last_bgsave_status"), "ok");
    conn.cmd(&["CONFIG", "SET", "rdb-key-save-delay", "0", "save", "3600 1"]);
    conn.cmd(&["FLUSHALL"]);
    until("empty file", || scan(&server.dir().join("dump.rdb")).0.is_empty());
    until("count of changes", || info(&mut conn, "rdb_changes_since_last_save") == "0");
    bgsave(&mut conn);
}

#[test]
fn the_end_saves_if_there_are_save_points() {
    for (args, save, word) in [
        (&["--save", "3600 1"][..], true, None),
        (&[], false, None),
        (&["--save", "3600 1"], false, Some("NOSAVE")),
        (&[], true, Some("SAVE")),
    ] {
        let mut server = Server::tested(3, args);
        let mut conn = server.connect();
        conn.cmd(&["MSET", "a", "1", "b", "2", "c", "3"]);
        let file = server.dir().join("dump.rdb");
        let kept = tempfile::tempdir().unwrap();
        match word {
            Some(word) => {
                conn.send_command(&["SHUTDOWN", word]).unwrap();
                let transcript = conn.drain(PATIENCE);
                assert!(transcript.closed && transcript.bytes.is_empty(), "{transcript:?}");
            }
            None => {
                let pid = server.pid().to_string();
                assert!(std::process::Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
            }
        }
        until("end", || !server.alive());
        assert_eq!(file.exists(), save, "{args:?} {word:?}\n{}", server.log());
        if save {
            std::fs::copy(&file, kept.path().join("dump.rdb")).unwrap();
            assert_eq!(scan(&kept.path().join("dump.rdb")).0.len(), 3);
            assert!(server.log().contains("Saving the final RDB snapshot before exiting."));
            assert!(server.log().contains("DB saved on disk"));
        }
        assert!(server.log().contains("Redis is now ready to exit, bye bye..."));
    }
}
