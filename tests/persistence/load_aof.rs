//! Loading append-only files that Redis wrote: whole, cut, damaged, of an old version.

use super::load_support::{Instance, copy_dir, digest, fill, text};
use super::support::{Conn, Rng, Server, seed};
use std::path::{Path, PathBuf};
use tempfile::TempDir;

const AOF: &[&str] = &["--appendonly", "yes"];

fn rng() -> (Rng, u64) {
    let seed = seed();
    println!("SEED={seed}");
    (Rng::new(seed), seed)
}

/// Changes of all kinds, transactions and scripts among them, behind what [`fill`] wrote.
pub fn change(conn: &mut Conn, rng: &mut Rng, count: u64) {
    for i in 0..count {
        let (a, b) = (format!("k:{}", rng.below(300)), format!("n:{}", rng.below(50)));
        let n = rng.below(100).to_string();
        match rng.below(14) {
            0 => drop(conn.call(&["SET", &b, &n])),
            1 => drop(conn.call(&["DEL", &a, &b])),
            2 => drop(conn.call(&["INCRBY", &b, &n])),
            3 => drop(conn.call(&["RENAME", &a, &b])),
            4 => drop(conn.call(&["MSET", &a, &n, &b, &n])),
            5 => drop(conn.call(&["PEXPIRE", &a, "90000000"])),
            6 => drop(conn.call(&["SELECT", &rng.below(3).to_string()])),
            7 => drop(conn.call(&["SUNIONSTORE", &b, &a, "k:1", "k:2"])),
            8 => drop(conn.call(&["SPOP", &a])),
            9 => drop(conn.call(&["LPUSH", &format!("l:{n}"), &n, &a])),
            10 => drop(conn.call(&[
                "EVAL",
                "redis.call('set',KEYS[1],1) redis.call('incr',KEYS[2])",
                "2",
                &b,
                &a,
            ])),
            11 => drop(conn.call(&["COPY", &a, &b, "REPLACE"])),
            12 => {
                for words in
                    [&["MULTI"][..], &["SET", &a, &n], &["APPEND", &b, &n], &["RPUSH", "list", &n], &["EXEC"]]
                {
                    conn.call(words).unwrap();
                }
            }
            _ => drop(conn.call(&["SWAPDB", "0", &(i % 3).to_string()])),
        }
    }
    conn.cmd(&["SELECT", "0"]);
}

/// The directory of a Redis with an append-only file, and the digest of its data.
fn written(rng: &mut Rng, keys: u64, changes: u64, args: &[&str]) -> (TempDir, String) {
    let oracle = Server::oracle(&[AOF, args].concat());
    let mut conn = oracle.connect();
    fill(&mut conn, rng, keys);
    conn.cmd(&["CONFIG", "SET", "appendfsync", "always"]);
    if changes > 0 {
        assert!(text(&mut conn, &["BGREWRITEAOF"]).starts_with('+'));
        while !text(&mut conn, &["INFO", "persistence"]).contains("aof_rewrite_in_progress:0")
            || !text(&mut conn, &["INFO", "persistence"]).contains("aof_rewrite_scheduled:0")
        {
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
        change(&mut conn, rng, changes);
    }
    let sum = digest(&mut conn);
    let dir = tempfile::tempdir().unwrap();
    copy_dir(&oracle.dir().join("appendonlydir"), &dir.path().join("appendonlydir"));
    (dir, sum)
}

/// The last file of commands.
fn last_incr(dir: &Path) -> PathBuf {
    let mut all: Vec<PathBuf> = std::fs::read_dir(dir.join("appendonlydir"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.to_string_lossy().ends_with(".incr.aof"))
        .collect();
    all.sort();
    all.pop().unwrap()
}

fn refused(dir: &Path, args: &[&str]) -> String {
    let mut instance = Instance::spawn(dir, 2, &[AOF, args].concat());
    assert_eq!(instance.wait_end(), Some(1), "{}", instance.log());
    instance.log()
}

#[test]
fn base_and_commands_of_redis_load() {
    let (mut rng, seed) = rng();
    for preamble in ["yes", "no"] {
        let (dir, expected) = written(&mut rng, 400, 1500, &["--aof-use-rdb-preamble", preamble]);
        for shards in [1, 4] {
            let copy = tempfile::tempdir().unwrap();
            copy_dir(&dir.path().join("appendonlydir"), &copy.path().join("appendonlydir"));
            let instance = Instance::ready(copy.path(), shards, AOF);
            let mut conn = instance.connect();
            assert_eq!(digest(&mut conn), expected, "seed {seed}, preamble {preamble}, {shards} shards");
            for line in
                ["DB loaded from base file", "DB loaded from incr file", "DB loaded from append only file"]
            {
                assert!(instance.log().contains(line), "{line} in {}", instance.log());
            }
            assert!(!instance.log().contains("CRITICAL"), "{}", instance.log());
        }
    }
}

#[test]
fn commands_alone_load() {
    let (mut rng, seed) = rng();
    let (dir, expected) = written(&mut rng, 600, 0, &[]);
    let instance = Instance::ready(dir.path(), 4, AOF);
    assert_eq!(digest(&mut instance.connect()), expected, "seed {seed}");
}

#[test]
fn a_key_that_expires_in_the_log_expires_as_the_log_says() {
    let oracle = Server::oracle(AOF);
    let mut conn = oracle.connect();
    conn.cmd(&["DEBUG", "SET-ACTIVE-EXPIRE", "0"]);
    // Alive when it is changed, long past when the file is loaded.
    conn.cmd(&["SET", "kept", "1", "PX", "150"]);
    conn.cmd(&["INCR", "kept"]);
    conn.cmd(&["PERSIST", "kept"]);
    conn.cmd(&["SET", "gone", "1", "PX", "1"]);
    let dir = tempfile::tempdir().unwrap();
    std::thread::sleep(std::time::Duration::from_millis(1500));
    copy_dir(&oracle.dir().join("appendonlydir"), &dir.path().join("appendonlydir"));
    let instance = Instance::ready(dir.path(), 2, AOF);
    let mut conn = instance.connect();
    assert_eq!(text(&mut conn, &["GET", "kept"]), "$1\r\n2\r\n");
    assert_eq!(text(&mut conn, &["GET", "gone"]), "$-1\r\n");
}

#[test]
fn the_cut_end_of_the_last_file_is_cut_off() {
    let (mut rng, seed) = rng();
    let (dir, _) = written(&mut rng, 50, 200, &[]);
    let path = last_incr(dir.path());
    let bytes = std::fs::read(&path).unwrap();
    for _ in 0..6 {
        let len = 1 + rng.index(bytes.len() - 1);
        std::fs::write(&path, &bytes[..len]).unwrap();
        let first = {
            let instance = Instance::ready(dir.path(), 4, AOF);
            digest(&mut instance.connect())
        };
        let cut = std::fs::read(&path).unwrap();
        assert!(cut.len() <= len && bytes.starts_with(&cut), "seed {seed}, {len}");
        // Mended: the next start finds nothing wrong and the same data, with any number of shards.
        let instance = Instance::ready(dir.path(), 1, &[AOF, &["--aof-load-truncated", "no"]].concat());
        assert_eq!(digest(&mut instance.connect()), first, "seed {seed}, {len}");
        assert!(!instance.log().contains("short read"), "{}", instance.log());
    }
    std::fs::write(&path, &bytes[..bytes.len() - 1]).unwrap();
    let log = refused(dir.path(), &["--aof-load-truncated", "no"]);
    assert!(log.contains("Unexpected end of file reading the append only file"), "{log}");
    assert_eq!(std::fs::read(&path).unwrap().len(), bytes.len() - 1);
}

#[test]
fn a_transaction_without_its_end_is_cut_off_whole() {
    let (mut rng, _) = rng();
    let (dir, expected) = written(&mut rng, 20, 20, &[]);
    let path = last_incr(dir.path());
    let bytes = std::fs::read(&path).unwrap();
    let tail = b"*1\r\n$5\r\nMULTI\r\n*3\r\n$3\r\nSET\r\n$4\r\nhalf\r\n$1\r\n1\r\n";
    std::fs::write(&path, [&bytes[..], tail].concat()).unwrap();
    let instance = Instance::ready(dir.path(), 4, AOF);
    assert_eq!(digest(&mut instance.connect()), expected);
    assert!(instance.log().contains("Revert incomplete MULTI/EXEC transaction"), "{}", instance.log());
    assert_eq!(std::fs::read(&path).unwrap(), bytes);
}

#[test]
fn damage_elsewhere_is_refused_with_file_and_offset() {
    let (mut rng, _) = rng();
    let (dir, _) = written(&mut rng, 20, 40, &[]);
    let path = last_incr(dir.path());
    let bytes = std::fs::read(&path).unwrap();
    let name = path.file_name().unwrap().to_string_lossy().into_owned();
    std::fs::write(&path, [&bytes[..], b"garbage\r\n*1\r\n$4\r\nPING\r\n"].concat()).unwrap();
    let log = refused(dir.path(), &[]);
    assert!(log.contains("Bad file format reading the append only file"), "{log}");
    assert!(log.contains(&name) && log.contains(&format!("at offset {}", bytes.len())), "{log}");
    std::fs::write(&path, [&bytes[..], b"*1\r\n$8\r\nNONSENSE\r\n"].concat()).unwrap();
    let log = refused(dir.path(), &[]);
    assert!(log.contains("Unknown command 'NONSENSE' reading the append only file"), "{log}");
    // A file that is not the last may not be cut.
    std::fs::write(&path, &bytes[..bytes.len() - 1]).unwrap();
    let more = path.with_file_name("appendonly.aof.99.incr.aof");
    std::fs::write(&more, b"*1\r\n$4\r\nPING\r\n").unwrap();
    let manifest = path.with_file_name("appendonly.aof.manifest");
    let mut lines = std::fs::read_to_string(&manifest).unwrap();
    lines.push_str("file appendonly.aof.99.incr.aof seq 99 type i\n");
    std::fs::write(&manifest, lines).unwrap();
    let log = refused(dir.path(), &[]);
    assert!(log.contains("the truncated file is not the last file"), "{log}");
    assert_eq!(std::fs::read(&path).unwrap().len(), bytes.len() - 1);
    std::fs::remove_file(&more).unwrap();
    assert!(
        refused(dir.path(), &[]).contains("Unable to obtain the AOF file appendonly.aof.99.incr.aof length")
    );
    std::fs::write(&manifest, "nonsense\n").unwrap();
    assert!(refused(dir.path(), &[]).contains("FATAL AOF MANIFEST FILE ERROR"));
}

#[test]
fn the_single_file_of_an_old_version_is_taken_over() {
    let (mut rng, _) = rng();
    let (dir, expected) = written(&mut rng, 100, 100, &[]);
    // Base and commands in one: an RDB file with a tail.
    let from = dir.path().join("appendonlydir");
    let base = std::fs::read_dir(&from).unwrap().map(|e| e.unwrap().path());
    let base = base.into_iter().find(|path| path.to_string_lossy().ends_with(".base.rdb")).unwrap();
    let whole = [std::fs::read(base).unwrap(), std::fs::read(last_incr(dir.path())).unwrap()].concat();
    let old = tempfile::tempdir().unwrap();
    std::fs::write(old.path().join("appendonly.aof"), whole).unwrap();
    for _ in 0..2 {
        let instance = Instance::ready(old.path(), 4, AOF);
        assert_eq!(digest(&mut instance.connect()), expected);
        assert!(instance.log().contains("Reading RDB preamble from AOF file..."), "{}", instance.log());
        assert!(old.path().join("appendonlydir/appendonly.aof").exists());
        assert!(!old.path().join("appendonly.aof").exists());
    }
}

#[test]
fn with_appendonly_an_rdb_file_is_not_looked_at() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("dump.rdb"), b"nonsense").unwrap();
    let instance = Instance::ready(dir.path(), 2, AOF);
    assert_eq!(text(&mut instance.connect(), &["DBSIZE"]), ":0\r\n");
}

#[test]
fn debug_loadaof_replaces_the_dataset() {
    let (mut rng, seed) = rng();
    let (dir, expected) = written(&mut rng, 100, 300, &[]);
    for shards in [1, 4] {
        let instance = Instance::ready(dir.path(), shards, AOF);
        let mut conn = instance.connect();
        assert_eq!(text(&mut conn, &["DEBUG", "LOADAOF"]), "+OK\r\n", "seed {seed}: {}", instance.log());
        assert_eq!(digest(&mut conn), expected, "seed {seed}, {shards} shards");
    }
}

/// Nothing is propagated while a dataset is loaded (server.c `shouldPropagate`), whether a file is written or not; what
/// comes behind it is.
#[test]
fn replicas_see_nothing_of_debug_loadaof_and_everything_after_it() {
    for (shards, appendonly) in [(1, "no"), (4, "no"), (1, "yes"), (4, "yes")] {
        let context = format!("{shards} shards, appendonly {appendonly}");
        let (dir, away) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let files = dir.path().join("appendonlydir");
        std::fs::create_dir(&files).unwrap();
        let manifest = "file appendonly.aof.1.incr.aof seq 1 type i\n";
        std::fs::write(files.join("appendonly.aof.manifest"), manifest).unwrap();
        let commands = "*2\r\n$6\r\nSELECT\r\n$1\r\n0\r\n*2\r\n$4\r\nINCR\r\n$1\r\nn\r\n";
        std::fs::write(files.join("appendonly.aof.1.incr.aof"), commands).unwrap();
        let now = ["--appendonly", appendonly, "--repl-diskless-sync-delay", "0"];
        let master = Instance::ready(dir.path(), shards, &now);
        let mut conn = master.connect();
        let address = ["--replicaof", "127.0.0.1", &master.port().to_string()];
        let replica = Instance::ready(away.path(), shards, &address);
        let mut copy = replica.connect();
        let synced = |conn: &mut Conn| text(conn, &["WAIT", "1", "5000"]) == ":1\r\n";
        wait_for_link(&mut copy, &replica);
        assert_eq!(text(&mut conn, &["SET", "n", "10"]), "+OK\r\n");
        assert!(synced(&mut conn), "{context}");
        assert_eq!(text(&mut conn, &["DEBUG", "LOADAOF"]), "+OK\r\n", "{context}");
        let loaded = if appendonly == "yes" { "$2\r\n10\r\n" } else { "$1\r\n1\r\n" };
        assert_eq!(text(&mut conn, &["GET", "n"]), loaded, "{context}");
        for n in 0..20 {
            assert_eq!(text(&mut conn, &["SET", &format!("after:{n}"), "1"]), "+OK\r\n");
        }
        assert!(synced(&mut conn), "{context}");
        assert_eq!(text(&mut copy, &["GET", "n"]), "$2\r\n10\r\n", "{context}");
        assert_eq!(text(&mut copy, &["DBSIZE"]), ":21\r\n", "{context}");
    }
}

fn wait_for_link(copy: &mut Conn, replica: &Instance) {
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(20);
    while !text(copy, &["INFO", "replication"]).contains("master_link_status:up") {
        assert!(std::time::Instant::now() < deadline, "{}", replica.log());
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
}
