//! The append-only file that the server writes: loaded again by itself and by Redis, rewritten, switched on and
//! off, and in places where it cannot be.

use super::load_aof::change;
use super::load_support::{Instance, copy_dir, digest, fill, text};
use super::support::server::{find_in_path, free_port};
use super::support::{Conn, Rng, seed};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const AOF: &[&str] = &["--appendonly", "yes"];
const PATIENCE: Duration = Duration::from_secs(30);

fn rng() -> (Rng, u64) {
    let seed = seed();
    println!("SEED={seed}");
    (Rng::new(seed), seed)
}

fn wait_for(what: &str, mut is_so: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !is_so() {
        assert!(Instant::now() < deadline, "not within {PATIENCE:?}: {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

fn wait_for_rewrite(conn: &mut Conn) {
    wait_for("the rewrite ends", || {
        let info = text(conn, &["INFO", "persistence"]);
        info.contains("aof_rewrite_in_progress:0") && info.contains("aof_rewrite_scheduled:0")
    });
}

fn manifest(dir: &Path) -> String {
    std::fs::read_to_string(dir.join("appendonlydir/appendonly.aof.manifest")).unwrap_or_default()
}

/// A redis-server on a copy of a directory's append-only file, ended by its id.
struct Redis(Child, tempfile::TempDir);

impl Drop for Redis {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// What Redis says that the append-only file of `dir` holds.
fn digest_by_redis(dir: &Path) -> String {
    let copy = tempfile::tempdir().unwrap();
    copy_dir(&dir.join("appendonlydir"), &copy.path().join("appendonlydir"));
    let port = free_port();
    let mut command = Command::new(find_in_path("redis-server").expect("redis-server is in PATH"));
    command.args(["--port", &port.to_string(), "--bind", "127.0.0.1", "--save", "", "--appendonly", "yes"]);
    command.args(["--enable-debug-command", "yes", "--dir"]).arg(copy.path());
    let log = std::fs::File::create(copy.path().join("log")).unwrap();
    let child = command.stdin(Stdio::null()).stdout(log).spawn().unwrap();
    let redis = Redis(child, copy);
    let mut found = String::new();
    wait_for("redis-server has loaded the file", || match Conn::open(port) {
        Ok(mut conn) => {
            // DEBUG is answered while data is being loaded.
            if !text(&mut conn, &["INFO", "persistence"]).contains("\r\nloading:0\r\n") {
                return false;
            }
            found = digest(&mut conn);
            true
        }
        Err(_) => {
            let log = std::fs::read_to_string(redis.1.path().join("log")).unwrap_or_default();
            assert!(!log.contains("Bad file") && !log.contains("atal"), "{log}");
            false
        }
    });
    found
}

#[test]
fn what_is_appended_is_loaded_again_by_redis_too() {
    let (mut rng, seed) = rng();
    for fsync in ["always", "everysec", "no"] {
        for preamble in ["yes", "no"] {
            let dir = tempfile::tempdir().unwrap();
            let args = [
                AOF,
                &["--appendfsync", fsync, "--aof-use-rdb-preamble", preamble],
                &["--aof-timestamp-enabled", preamble],
            ]
            .concat();
            let mut instance = Instance::ready(dir.path(), 2, &args);
            let mut conn = instance.connect();
            fill(&mut conn, &mut rng, 100);
            change(&mut conn, &mut rng, 300);
            assert_eq!(
                text(&mut conn, &["BGREWRITEAOF"]),
                "+Background append only file rewriting started\r\n",
                "seed {seed}"
            );
            change(&mut conn, &mut rng, 300);
            wait_for_rewrite(&mut conn);
            change(&mut conn, &mut rng, 300);
            let suffix = if preamble == "yes" { "rdb" } else { "aof" };
            assert_eq!(
                manifest(dir.path()),
                format!(
                    "file appendonly.aof.2.base.{suffix} seq 2 type b\nfile appendonly.aof.2.incr.aof seq 2 type i\n"
                )
            );
            let expected = digest(&mut conn);
            // An orderly end appends and syncs what is left.
            instance.signal("TERM");
            assert_eq!(instance.wait_end(), Some(0), "{}", instance.log());
            assert!(instance.log().contains("Calling fsync() on the AOF file."));
            let context = format!("seed {seed}, {fsync}, preamble {preamble}");
            assert_eq!(digest_by_redis(dir.path()), expected, "redis, {context}");
            let again = Instance::ready(dir.path(), 3, &args);
            assert_eq!(digest(&mut again.connect()), expected, "{context}");
        }
    }
}

#[test]
fn it_is_switched_on_and_off_while_commands_run() {
    let (mut rng, seed) = rng();
    let dir = tempfile::tempdir().unwrap();
    let mut expected = String::new();
    {
        let instance = Instance::ready(dir.path(), 2, &[]);
        let mut conn = instance.connect();
        fill(&mut conn, &mut rng, 100);
        for round in 0..3 {
            assert_eq!(text(&mut conn, &["CONFIG", "SET", "appendonly", "yes"]), "+OK\r\n");
            assert!(text(&mut conn, &["INFO", "persistence"]).contains("aof_enabled:1"));
            change(&mut conn, &mut rng, 100);
            wait_for_rewrite(&mut conn);
            change(&mut conn, &mut rng, 100);
            expected = digest(&mut conn);
            assert_eq!(text(&mut conn, &["WAITAOF", "1", "0", "5000"]), "*2\r\n:1\r\n:0\r\n");
            if round < 2 {
                assert_eq!(text(&mut conn, &["CONFIG", "SET", "appendonly", "no"]), "+OK\r\n");
                assert!(
                    text(&mut conn, &["WAITAOF", "1", "0", "0"]).starts_with("-ERR WAITAOF cannot be used")
                );
            }
        }
        assert_eq!(manifest(dir.path()).lines().count(), 2, "{}", manifest(dir.path()));
    }
    assert_eq!(digest_by_redis(dir.path()), expected, "seed {seed}");
    let again = Instance::ready(dir.path(), 2, AOF);
    assert_eq!(digest(&mut again.connect()), expected, "seed {seed}");
}

#[test]
fn a_first_base_that_is_being_written_keeps_the_process_from_ending() {
    let dir = tempfile::tempdir().unwrap();
    let mut instance = Instance::ready(dir.path(), 2, &["--rdb-key-save-delay", "100000"]);
    let mut conn = instance.connect();
    for i in 0..100 {
        text(&mut conn, &["SET", &format!("k{i}"), "v"]);
    }
    text(&mut conn, &["CONFIG", "SET", "appendonly", "yes"]);
    wait_for("the rewrite runs", || instance.log().contains("Background append only file rewriting started"));
    assert_eq!(text(&mut conn, &["SHUTDOWN"]), "-ERR Errors trying to SHUTDOWN. Check logs.\r\n");
    assert!(instance.log().contains("Writing initial AOF, can't exit."), "{}", instance.log());
    assert!(text(&mut conn, &["BGSAVE"]).starts_with("-ERR Another child process is active (AOF?)"));
    assert_eq!(
        text(&mut conn, &["BGREWRITEAOF"]),
        "-ERR Background append only file rewriting already in progress\r\n"
    );
    assert!(conn.call(&["SHUTDOWN", "FORCE"]).is_err());
    assert_eq!(instance.wait_end(), Some(0), "{}", instance.log());
}

#[test]
fn a_directory_that_cannot_be_made_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("appendonlydir"), b"in the way").unwrap();
    let instance = Instance::ready(dir.path(), 1, &[]);
    let mut conn = instance.connect();
    assert_eq!(
        text(&mut conn, &["CONFIG", "SET", "appendonly", "yes"]),
        "-ERR CONFIG SET failed (possibly related to argument 'appendonly') - Unable to turn on AOF. Check server logs.\r\n"
    );
    assert_eq!(text(&mut conn, &["SET", "k", "v"]), "+OK\r\n");
    assert!(text(&mut conn, &["INFO", "persistence"]).contains("aof_enabled:0"));
    assert!(
        text(&mut conn, &["BGREWRITEAOF"]).starts_with("-ERR Can't execute an AOF background rewriting.")
    );
    let mut refused = Instance::spawn(dir.path(), 1, AOF);
    assert_eq!(refused.wait_end(), Some(1));
    assert!(
        refused.log().contains("Can't open or create append-only dir appendonlydir"),
        "{}",
        refused.log()
    );
}
