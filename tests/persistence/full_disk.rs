//! A disk that is full: reported, writes refused, and all is well again when there is room.
//!
//! The disk is a small tmpfs in a mount namespace of the server's own; where such cannot be made, this is skipped.

use super::load_support::{Instance, digest, text};
use super::support::Conn;
use super::support::server::tested_binary;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_secs(20);
const MISCONF_AOF: &str = "-MISCONF Errors writing to the AOF file: No space left on device\r\n";

/// A server whose directory is a disk of 2 MiB, and a way to that disk from outside.
struct Small {
    instance: Instance,
    disk: PathBuf,
    // Behind the instance: the directory goes last.
    _dir: tempfile::TempDir,
}

/// Starts one; `None` where the system forbids it.
fn small(shards: u32, args: &[&str]) -> Option<Small> {
    let may =
        Command::new("unshare").args(["-rm", "sh", "-c", "mount -t tmpfs -o size=1m tmpfs /mnt"]).output();
    if !may.is_ok_and(|output| output.status.success()) {
        println!("no mount namespaces here: skipped");
        return None;
    }
    let dir = tempfile::tempdir().unwrap();
    let place = dir.path().join("disk");
    std::fs::create_dir(&place).unwrap();
    let mut command = Command::new("unshare");
    let script = r#"mount -t tmpfs -o size=2m tmpfs "$1" && shift && exec "$@""#;
    command.args(["-rm", "sh", "-c", script, "sh"]).arg(&place).arg(tested_binary());
    command.args(["--shards", &shards.to_string()]);
    let disk = place.display().to_string();
    let instance = Instance::ready_with(command, dir.path(), &[&["--dir", &disk], args].concat());
    let pid = instance.pid();
    let disk = PathBuf::from(format!("/proc/{pid}/root{disk}"));
    Some(Small { instance, disk, _dir: dir })
}

/// Fills what is left of the disk.
fn fill(disk: &Path) {
    let ballast = disk.join("ballast");
    let error =
        std::io::copy(&mut std::io::repeat(7), &mut std::fs::File::create(ballast).unwrap()).unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::StorageFull);
}

fn make_room(disk: &Path) {
    std::fs::remove_file(disk.join("ballast")).unwrap();
}

fn until(what: &str, log: impl Fn() -> String, mut is_so: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !is_so() {
        assert!(Instant::now() < deadline, "not within {PATIENCE:?}: {what}: {}", log());
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn info(conn: &mut Conn, line: &str) -> bool {
    text(conn, &["INFO", "persistence"]).contains(&format!("\r\n{line}\r\n"))
}

#[test]
fn an_append_only_file_recovers_when_there_is_room() {
    for (policy, shards) in [("everysec", 1), ("everysec", 4), ("no", 2)] {
        let Some(small) = small(shards, &["--appendonly", "yes", "--appendfsync", policy]) else { return };
        let log = || small.instance.log();
        let mut conn = small.instance.connect();
        assert_eq!(text(&mut conn, &["SET", "before", "1"]), "+OK\r\n");
        fill(&small.disk);
        let large = "x".repeat(10_000);
        let mut n = 0;
        until("writes are refused", log, || {
            n += 1;
            text(&mut conn, &["SET", &format!("k{n}"), &large]) == MISCONF_AOF
        });
        assert!(info(&mut conn, "aof_last_write_status:err"), "{policy}");
        let (short, none) =
            ("Short write while writing to the AOF file", "Error writing to the AOF file: No space left");
        assert!(log().contains(short) || log().contains(none), "{}", log());
        assert!(text(&mut conn, &["PING"]).starts_with("-MISCONF"), "as Redis does");
        assert_eq!(text(&mut conn, &["GET", "before"]), "$1\r\n1\r\n");
        let script = ["EVAL", "return redis.call('set', KEYS[1], 1)", "1", "k"];
        assert!(text(&mut conn, &script).contains("MISCONF"), "{policy}");
        make_room(&small.disk);
        until("writes are taken again", log, || text(&mut conn, &["SET", "after", "1"]) == "+OK\r\n");
        assert!(info(&mut conn, "aof_last_write_status:ok"), "{policy}");
        assert!(log().contains("AOF write error looks solved"), "{}", log());
        assert_eq!(text(&mut conn, &["WAITAOF", "1", "0", "5000"]).starts_with("*2\r\n:1"), policy != "no");
        until("everything is in the file", log, || text(&mut conn, &["DEBUG", "LOADAOF"]) == "+OK\r\n");
        assert_eq!(text(&mut conn, &["GET", "after"]), "$1\r\n1\r\n", "{policy}");
        // Nothing that was taken is lost; what was refused is not there.
        assert_eq!(text(&mut conn, &["DBSIZE"]), format!(":{}\r\n", n - 1 + 2), "{policy}");
    }
}

#[test]
fn under_always_a_full_disk_ends_the_process_before_anything_is_acknowledged() {
    for shards in [1, 4] {
        let Some(mut small) = small(shards, &["--appendonly", "yes", "--appendfsync", "always"]) else {
            return;
        };
        let mut conn = small.instance.connect();
        assert_eq!(text(&mut conn, &["SET", "before", "1"]), "+OK\r\n");
        fill(&small.disk);
        let large = "x".repeat(10_000);
        let mut n = 0;
        // The first bytes may fit in the page that was begun.
        while let Ok(reply) = conn.call(&["SET", &format!("k{n}"), &large]) {
            n += 1;
            assert!(n < 3 && reply.raw == b"+OK\r\n", "{n}: {}", String::from_utf8_lossy(&reply.raw));
        }
        assert_eq!(small.instance.wait_end(), Some(1), "{}", small.instance.log());
        let log = small.instance.log();
        assert!(
            log.contains("Can't recover from AOF write error when the AOF fsync policy is 'always'"),
            "{log}"
        );
    }
}

#[test]
fn an_rdb_file_and_a_rewrite_recover_when_there_is_room() {
    for policy in ["everysec", "always", "no"] {
        let args = ["--appendonly", "yes", "--appendfsync", policy, "--save", "3600 1"];
        let Some(small) = small(2, &args) else { return };
        let log = || small.instance.log();
        let mut conn = small.instance.connect();
        for n in 0..30 {
            let value: String =
                (0..5000).map(|at| char::from(b'a' + ((at * 7 + n * at * at) % 26) as u8)).collect();
            assert_eq!(text(&mut conn, &["SET", &format!("k{n}"), &value]), "+OK\r\n");
        }
        assert!(text(&mut conn, &["CONFIG", "SET", "rdbcompression", "no"]).starts_with("+OK"));
        let sum = digest(&mut conn);
        fill(&small.disk);
        assert!(text(&mut conn, &["BGSAVE"]).starts_with("+Background saving started"));
        until("BGSAVE fails", log, || info(&mut conn, "rdb_last_bgsave_status:err"));
        assert!(text(&mut conn, &["SET", "k", "v"]).starts_with("-MISCONF Redis is configured to save RDB"));
        assert!(text(&mut conn, &["SAVE"]).starts_with("-ERR"));
        text(&mut conn, &["BGREWRITEAOF"]);
        until("the rewrite fails", log, || info(&mut conn, "aof_last_bgrewrite_status:err"));
        assert_eq!(digest(&mut conn), sum, "{policy}");
        let rests = || {
            let all = std::fs::read_dir(&small.disk).unwrap().flatten();
            all.filter(|entry| entry.file_name().to_string_lossy().starts_with("temp-")).count()
        };
        until("no temporary file stays", log, || rests() == 0);
        make_room(&small.disk);
        assert!(text(&mut conn, &["BGSAVE"]).starts_with("+Background saving started"));
        until("BGSAVE succeeds", log, || info(&mut conn, "rdb_last_bgsave_status:ok"));
        assert_eq!(text(&mut conn, &["SET", "k", "v"]), "+OK\r\n", "{policy}");
        text(&mut conn, &["BGREWRITEAOF"]);
        until("the rewrite succeeds", log, || info(&mut conn, "aof_last_bgrewrite_status:ok"));
        let sum = digest(&mut conn);
        assert_eq!(text(&mut conn, &["DEBUG", "LOADAOF"]), "+OK\r\n");
        assert_eq!(digest(&mut conn), sum, "{policy}: {}", log());
    }
}
