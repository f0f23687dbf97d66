//! Damaged RDB files and RESTORE payloads: refused or read, but never a panic, a hang or memory without bound.
//!
//! `RDB_MUTATIONS` files go through DEBUG RELOAD, `RDB_STARTS` through starts of a process, `RESTORE_MUTATIONS` payloads
//! to a running server. Most sums are made right again, so that what is behind them is reached.

use super::load_support::{Instance, digest, saved, text};
use super::support::{Conn, Rng, Value, env_number, seed};
use shoal::persist::rdb::{crc64, payload};
use std::path::Path;
use std::time::{Duration, Instant};

/// How long one file or payload may take.
const PATIENCE: Duration = Duration::from_secs(5);
/// What one may add to a process's memory, in KiB: far more than the files hold, far less than lengths can claim.
const GROWTH_KIB: u64 = 400 * 1024;

/// Changes some bytes: bits, bytes, lengths, parts taken out, doubled or moved, an end cut off.
fn mutate(rng: &mut Rng, bytes: &mut Vec<u8>) {
    for _ in 0..=rng.index(3) {
        if bytes.is_empty() {
            return;
        }
        let at = rng.index(bytes.len());
        let end = (at + rng.index(30)).min(bytes.len());
        match rng.below(8) {
            0 | 1 => bytes[at] ^= 1 << rng.below(8),
            2 => bytes[at] = rng.below(256) as u8,
            3 => bytes[at] = [0, 1, 0x3f, 0x40, 0x7f, 0x80, 0x81, 0xc0, 0xc3, 0xfe, 0xff][rng.index(11)],
            4 => {
                let length = [&[0x81][..], &(rng.next() >> rng.below(64)).to_be_bytes()].concat();
                bytes.splice(at..at, length);
            }
            5 => drop(bytes.drain(at..end)),
            6 => {
                let part = bytes[at..end].to_vec();
                let to = rng.index(bytes.len());
                bytes.splice(to..to, part);
            }
            _ if rng.percent(20) => bytes.truncate(at),
            _ => bytes[at] = bytes[at].wrapping_add(1),
        }
    }
}

/// The memory of a process in KiB.
fn memory(conn: &mut Conn) -> u64 {
    let info = text(conn, &["INFO", "memory"]);
    let line = info.lines().find_map(|line| line.strip_prefix("used_memory_rss:")).unwrap();
    line.parse::<u64>().unwrap() / 1024
}

/// A damaged file and whether its sum was made right again.
fn damaged(rng: &mut Rng, files: &[(tempfile::TempDir, Vec<u8>)]) -> (Vec<u8>, bool) {
    let bytes = &files[rng.index(files.len())].1;
    let mut changed = bytes[..bytes.len() - 8].to_vec();
    mutate(rng, &mut changed);
    let is_summed = rng.percent(85);
    let sum = if is_summed { crc64(&changed).to_le_bytes() } else { rng.next().to_le_bytes() };
    changed.extend_from_slice(&sum);
    (changed, is_summed)
}

fn files(rng: &mut Rng) -> Vec<(tempfile::TempDir, Vec<u8>)> {
    // Small ones, so that every value and opcode is hit often; each of another make.
    let makes: [&[&str]; 3] = [
        &[],
        &["--rdbcompression", "no"],
        &["--list-max-listpack-size", "3", "--set-max-intset-entries", "1"],
    ];
    let save = |args: &&[&str]| {
        let (dir, _) = saved(rng, 25, args);
        let bytes = std::fs::read(dir.path().join("dump.rdb")).unwrap();
        (dir, bytes)
    };
    makes.iter().map(save).collect()
}

#[test]
fn damaged_files_are_refused_or_loaded() {
    let seed = seed();
    let (rounds, starts) = (env_number("RDB_MUTATIONS", 150), env_number("RDB_STARTS", 10));
    println!("SEED={seed} RDB_MUTATIONS={rounds} RDB_STARTS={starts}");
    let mut rng = Rng::new(seed);
    let files = files(&mut rng);
    let dir = tempfile::tempdir().unwrap();
    let (mut loaded, mut slowest) = (0, Duration::ZERO);
    {
        let instance = Instance::ready(dir.path(), 2, &["--sanitize-dump-payload", "no"]);
        let mut conn = instance.connect();
        let before = memory(&mut conn);
        for round in 0..rounds {
            let (changed, _) = damaged(&mut rng, &files);
            std::fs::write(dir.path().join("dump.rdb"), &changed).unwrap();
            let begun = Instant::now();
            let reply = text(&mut conn, &["DEBUG", "RELOAD", "NOSAVE"]);
            slowest = slowest.max(begun.elapsed());
            let context = format!("seed {seed}, round {round}");
            assert!(begun.elapsed() < PATIENCE, "{context}: {:?}", begun.elapsed());
            assert!(
                reply == "+OK\r\n" || reply.starts_with("-ERR Error trying to load"),
                "{context}: {reply}"
            );
            loaded += u64::from(reply == "+OK\r\n");
            // What was loaded can be looked at.
            assert!(digest(&mut conn).starts_with('+'), "{context}");
            let grown = memory(&mut conn).saturating_sub(before);
            assert!(grown < GROWTH_KIB, "{context}: {grown} KiB more");
        }
        assert!(!instance.log().contains("panicked"), "seed {seed}: {}", instance.log());
    }
    println!("{rounds} files: {loaded} loaded, the slowest in {slowest:?}");
    for round in 0..starts {
        let (changed, is_summed) = damaged(&mut rng, &files);
        start_on(dir.path(), &changed, is_summed, &format!("seed {seed}, start {round}"));
    }
}

/// A start with a damaged file: refused with its name and an offset, or loaded.
fn start_on(dir: &Path, bytes: &[u8], is_summed: bool, context: &str) {
    std::fs::write(dir.join("dump.rdb"), bytes).unwrap();
    let mut instance = Instance::spawn(dir, 2, &[]);
    let begun = Instant::now();
    let outcome = instance.wait_ready();
    assert!(begun.elapsed() < PATIENCE, "{context}: {:?}", begun.elapsed());
    let log = instance.log();
    assert!(!log.contains("panicked"), "{context}: {log}");
    match outcome {
        Ok(()) => {
            assert!(is_summed, "{context}: a wrong sum was taken: {log}");
            assert!(digest(&mut instance.connect()).starts_with('+'), "{context}: {log}");
        }
        Err(code) => {
            assert_eq!(code, Some(1), "{context}: {log}");
            let is_named = log.contains("dump.rdb") || log.contains("Can't handle RDB format version");
            assert!(is_named || log.contains("Wrong signature"), "{context}: {log}");
            let says_where = ["offset", "RDB CRC error", "Wrong signature", "RDB format version"];
            assert!(says_where.iter().any(|words| log.contains(words)), "{context}: {log}");
        }
    }
}

/// The payloads of keys of all types, made by Redis and by the server under test.
fn payloads(rng: &mut Rng, conn: &mut Conn, keys: usize) -> Vec<Vec<u8>> {
    let oracle = super::support::Server::oracle(&[]);
    let mut redis = oracle.connect();
    for target in [&mut redis, &mut *conn] {
        super::load_support::fill(target, rng, keys as u64);
    }
    let mut all = Vec::new();
    for source in [&mut redis, conn] {
        for db in 0..6 {
            source.cmd(&["SELECT", &db.to_string()]);
            for n in 0..keys {
                if let Some(bytes) = source.cmd(&["DUMP", &format!("k:{n}")]).bytes() {
                    all.push(bytes.to_vec());
                }
            }
        }
        source.cmd(&["SELECT", "0"]);
    }
    all
}

/// Reads a restored value in the ways of its type, changes it, and throws it away.
fn use_up(conn: &mut Conn) -> std::io::Result<()> {
    let kind = String::from_utf8_lossy(&conn.call(&["TYPE", "x"])?.raw).trim().to_owned();
    let commands: &[&[&str]] = match kind.as_str() {
        "+string" => &[&["GET", "x"], &["APPEND", "x", "y"], &["SETRANGE", "x", "3", "z"]],
        "+list" => &[&["LRANGE", "x", "0", "-1"], &["LINSERT", "x", "BEFORE", "1", "2"], &["RPOP", "x"]],
        "+set" => &[&["SMEMBERS", "x"], &["SADD", "x", "1", "word"], &["SPOP", "x", "3"]],
        "+zset" => &[
            &["ZRANGE", "x", "0", "-1", "WITHSCORES"],
            &["ZRANGEBYSCORE", "x", "-inf", "+inf"],
            &["ZADD", "x", "7", "m"],
            &["ZPOPMIN", "x", "3"],
        ],
        "+hash" => &[&["HGETALL", "x"], &["HSET", "x", "f", "v"], &["HDEL", "x", "f1", "f2"]],
        "+stream" => &[
            &["XRANGE", "x", "-", "+"],
            &["XREVRANGE", "x", "+", "-"],
            &["XINFO", "STREAM", "x", "FULL"],
            &["XPENDING", "x", "grp"],
            &["XADD", "x", "*", "f", "v"],
            &["XTRIM", "x", "MAXLEN", "2"],
        ],
        other => panic!("TYPE says {other}"),
    };
    for words in [&["DUMP", "x"][..], &["OBJECT", "ENCODING", "x"], &["DEBUG", "DIGEST-VALUE", "x"]] {
        conn.call(words)?;
    }
    for words in commands {
        conn.call(words)?;
    }
    conn.call(&["DEL", "x"]).map(drop)
}

#[test]
fn damaged_payloads_are_refused_or_restored() {
    let (seed, rounds) = (seed(), env_number("RESTORE_MUTATIONS", 600));
    println!("SEED={seed} RESTORE_MUTATIONS={rounds}");
    let mut rng = Rng::new(seed);
    let dir = tempfile::tempdir().unwrap();
    let instance = Instance::ready(dir.path(), 2, &[]);
    let mut conn = instance.connect();
    let payloads = payloads(&mut rng, &mut conn, 60);
    conn.cmd(&["FLUSHALL"]);
    let before = memory(&mut conn);
    let (mut restored, mut slowest) = (0, Duration::ZERO);
    for round in 0..rounds {
        let sound = rng.pick(&payloads).clone();
        let mut bytes = sound[..sound.len() - 10].to_vec();
        mutate(&mut rng, &mut bytes);
        let is_summed = rng.percent(90);
        let damaged = if is_summed {
            payload::seal(bytes)
        } else {
            bytes.extend_from_slice(&sound[sound.len() - 10..]);
            bytes
        };
        let context = format!("seed {seed}, round {round}");
        let begun = Instant::now();
        let reply = conn.call(&[b"RESTORE".as_slice(), b"x", b"0", &damaged]);
        let reply = reply.unwrap_or_else(|error| panic!("{context}: {error}: {}", instance.log()));
        if let Value::Error(error) = &reply.value {
            let error = String::from_utf8_lossy(&error.to_vec()).into_owned();
            assert!(
                error.starts_with("ERR Bad data format") || error.starts_with("ERR DUMP payload"),
                "{context}: {error}"
            );
        } else {
            assert!(is_summed || damaged == sound, "{context}: a wrong sum was taken");
            restored += 1;
            use_up(&mut conn).unwrap_or_else(|error| panic!("{context}: {error}: {}", instance.log()));
        }
        slowest = slowest.max(begun.elapsed());
        assert!(begun.elapsed() < PATIENCE, "{context}: {:?}", begun.elapsed());
        if round % 50 == 0 || round + 1 == rounds {
            let grown = memory(&mut conn).saturating_sub(before);
            assert!(grown < GROWTH_KIB, "{context}: {grown} KiB more");
        }
    }
    assert_eq!(text(&mut conn, &["DBSIZE"]), ":0\r\n", "seed {seed}");
    assert!(!instance.log().contains("panicked"), "{}", instance.log());
    println!("{rounds} payloads: {restored} restored, the slowest in {slowest:?}");
}
