//! Saving that fails: what is refused, what stays, what recovers.

use super::rdb_support::{bgsave, digest, info, redis_on, say, scan, until};
use super::support::{Conn, Server};
use shoal::persist::rdb::scan::Checksum;
use std::path::PathBuf;

/// The temporary file of a server. A directory in its place, or a link to a full device, makes saving fail for anybody,
/// root included.
fn temp(server: &Server) -> PathBuf {
    server.dir().join(format!("temp-{}.rdb", server.pid()))
}

/// BGSAVE that fails.
fn fail(conn: &mut Conn) {
    assert_eq!(say(conn, &["BGSAVE"]), "+Background saving started\r\n");
    until("failure", || info(conn, "rdb_last_bgsave_status") == "err");
    assert_eq!(info(conn, "rdb_bgsave_in_progress"), "0");
}

const MISCONF: &str =
    "-MISCONF Redis is configured to save RDB snapshots, but it's currently unable to persist to disk. ";

#[test]
fn writes_are_refused_while_saving_fails() {
    let server = Server::tested(2, &[]);
    let mut conn = server.connect();
    conn.cmd(&["SET", "x", "x"]);
    std::fs::create_dir(temp(&server)).unwrap();
    fail(&mut conn);
    // Nobody counts on files without save points.
    assert_eq!(say(&mut conn, &["SET", "x", "y"]), "+OK\r\n");
    conn.cmd(&["CONFIG", "SET", "save", "3600 1"]);
    for command in [
        &["SET", "x", "z"][..],
        &["PING"],
        &["EVAL", "return redis.call('set', KEYS[1], 1)", "1", "x"],
        &["EVAL", "#!lua\nreturn redis.call('get', KEYS[1])", "1", "x"],
    ] {
        assert!(say(&mut conn, command).contains(&MISCONF[1..]), "{command:?}: {}", say(&mut conn, command));
    }
    for command in [
        &["GET", "x"][..],
        &["EVAL", "return redis.call('get', KEYS[1])", "1", "x"],
        &["EVAL", "#!lua flags=no-writes\nreturn redis.call('get', KEYS[1])", "1", "x"],
    ] {
        assert_eq!(say(&mut conn, command), "$1\r\ny\r\n", "{command:?}");
    }
    conn.cmd(&["MULTI"]);
    assert!(say(&mut conn, &["SET", "x", "z"]).starts_with(MISCONF));
    assert!(say(&mut conn, &["EXEC"]).starts_with("-EXECABORT"));
    conn.cmd(&["CONFIG", "SET", "stop-writes-on-bgsave-error", "no"]);
    assert_eq!(say(&mut conn, &["SET", "x", "z"]), "+OK\r\n");
    conn.cmd(&["CONFIG", "SET", "stop-writes-on-bgsave-error", "yes"]);
    std::fs::remove_dir(temp(&server)).unwrap();
    bgsave(&mut conn);
    assert_eq!(say(&mut conn, &["SET", "x", "w"]), "+OK\r\n");
    let log = server.log();
    assert!(log.contains("Failed opening the temp RDB file temp-"), "{log}");
    assert!(log.contains("Background saving error"), "{log}");
}

#[test]
fn a_full_disk_leaves_the_old_file_and_no_rest() {
    let server = Server::tested(2, &[]);
    let mut conn = server.connect();
    conn.cmd(&["SET", "old", "1"]);
    assert_eq!(say(&mut conn, &["SAVE"]), "+OK\r\n");
    let file = server.dir().join("dump.rdb");
    let before = std::fs::read(&file).unwrap();
    conn.cmd(&["DEBUG", "POPULATE", "50000", "key", "100"]);
    std::os::unix::fs::symlink("/dev/full", temp(&server)).unwrap();
    fail(&mut conn);
    assert_eq!(std::fs::read(&file).unwrap(), before);
    assert!(!temp(&server).exists() && std::fs::symlink_metadata(temp(&server)).is_err(), "a rest stays");
    assert!(server.log().contains("No space left on device"), "{}", server.log());
    // SAVE says it to its client.
    std::os::unix::fs::symlink("/dev/full", temp(&server)).unwrap();
    assert_eq!(say(&mut conn, &["SAVE"]), "-ERR\r\n");
    // What failed is swept up, and the next one works.
    assert_eq!(say(&mut conn, &["SAVE"]), "+OK\r\n");
    assert_eq!(scan(&file).0.len(), 50_001);
    let mut redis = redis_on(&file).connect();
    let _ = &mut redis;
    bgsave(&mut conn);
    assert_eq!(info(&mut conn, "rdb_last_bgsave_status"), "ok");
}

#[test]
fn a_target_that_cannot_be_replaced_is_a_failure() {
    let server = Server::tested(1, &[]);
    let mut conn = server.connect();
    std::fs::create_dir_all(server.dir().join("dump.rdb/x")).unwrap();
    fail(&mut conn);
    assert!(server.log().contains("Error moving temp DB file"), "{}", server.log());
    assert!(!temp(&server).exists());
}

#[test]
fn a_kill_while_saving_leaves_the_old_file() {
    let mut server = Server::tested(2, &[]);
    let mut conn = server.connect();
    conn.cmd(&["DEBUG", "POPULATE", "3000", "old", "50"]);
    assert_eq!(say(&mut conn, &["SAVE"]), "+OK\r\n");
    let old = digest(&mut conn);
    conn.cmd(&["FLUSHALL"]);
    conn.cmd(&["DEBUG", "POPULATE", "3000", "new", "5000"]);
    conn.cmd(&["CONFIG", "SET", "rdb-key-save-delay", "1000"]);
    assert_eq!(say(&mut conn, &["BGSAVE"]), "+Background saving started\r\n");
    until("some of the file", || std::fs::metadata(temp(&server)).is_ok_and(|meta| meta.len() > 0));
    let pid = server.pid().to_string();
    assert!(std::process::Command::new("kill").args(["-KILL", &pid]).status().unwrap().success());
    until("end", || !server.alive());
    let file = server.dir().join("dump.rdb");
    assert_eq!(scan(&file).1, Checksum::Sound);
    let redis = redis_on(&file);
    assert_eq!(digest(&mut redis.connect()), old);
}

#[test]
fn an_end_that_cannot_save_is_no_end() {
    let mut server = Server::tested(2, &["--save", "3600 1"]);
    let mut conn = server.connect();
    conn.cmd(&["SET", "a", "1"]);
    std::fs::create_dir(temp(&server)).unwrap();
    assert_eq!(say(&mut conn, &["SHUTDOWN"]), "-ERR Errors trying to SHUTDOWN. Check logs.\r\n");
    assert_eq!(say(&mut conn, &["GET", "a"]), "$1\r\n1\r\n");
    assert_eq!(say(&mut conn, &["SET", "a", "2"]), "+OK\r\n");
    let log = server.log();
    for line in ["Error trying to save the DB, can't exit.", "Errors trying to shut down the server."] {
        assert!(log.contains(line), "{line}:\n{log}");
    }
    conn.send_command(&["SHUTDOWN", "FORCE"]).unwrap();
    until("end", || !server.alive());
    assert!(server.log().contains("Error trying to save the DB. Exit anyway."));
}
