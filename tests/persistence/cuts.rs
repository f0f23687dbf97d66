//! The append-only file is cut off at offsets of its last 64 KiB: what is loaded is the state after some whole unit, the
//! last one before the cut, never half a transaction or script.
//!
//! `AOF_CUTS` says at how many offsets, one of which follows from `SEED`, the others at equal distances (65536: all of
//! them); `AOF_STARTS` how many of these by starts of a process instead of DEBUG LOADAOF.

use super::load_aof::change;
use super::load_support::{Instance, digest, text};
use super::support::{Rng, env_number, seed};
use std::path::{Path, PathBuf};

const AOF: &[&str] = &["--appendonly", "yes"];
const TAIL: u64 = 65_536;

/// The bytes of a file, and after each of its units its length and the digest of the data.
struct Written {
    bytes: Vec<u8>,
    states: Vec<(u64, String)>,
}

impl Written {
    /// The state of the last whole unit before `cut`.
    fn at(&self, cut: u64) -> (u64, &str) {
        let after = self.states.partition_point(|(end, _)| *end <= cut);
        let (end, sum) = &self.states[after - 1];
        (*end, sum)
    }
}

fn incr(dir: &Path) -> PathBuf {
    dir.join("appendonlydir/appendonly.aof.1.incr.aof")
}

/// Has a server write more than [`TAIL`] bytes, unit by unit.
fn written(rng: &mut Rng, shards: u32) -> Written {
    let dir = tempfile::tempdir().unwrap();
    let instance = Instance::ready(dir.path(), shards, &[AOF, &["--appendfsync", "always"]].concat());
    let mut conn = instance.connect();
    let path = incr(dir.path());
    let mut states = vec![(0, digest(&mut conn))];
    loop {
        change(&mut conn, rng, 1);
        states.push((std::fs::metadata(&path).unwrap().len(), digest(&mut conn)));
        let filling = "x".repeat(rng.index(150));
        let (a, b) = (format!("t:{}", rng.below(40)), format!("t:{}", rng.below(40)));
        match rng.below(4) {
            0 => drop(conn.cmd(&["SET", &a, &filling])),
            1 => {
                for words in [&["MULTI"][..], &["SET", &a, &filling], &["APPEND", &b, "y"], &["EXEC"]] {
                    conn.cmd(words);
                }
            }
            2 => {
                let code = "for _, key in ipairs(KEYS) do redis.call('append', key, ARGV[1]) end";
                conn.cmd(&["EVAL", code, "3", &a, &b, "t:last", "z"]);
            }
            _ => drop(conn.cmd(&["MSET", &a, &filling, &b, "1"])),
        }
        let len = std::fs::metadata(&path).unwrap().len();
        states.push((len, digest(&mut conn)));
        if len > TAIL + 10_000 {
            return Written { bytes: std::fs::read(&path).unwrap(), states };
        }
    }
}

#[test]
fn a_file_cut_anywhere_loads_as_a_prefix() {
    let seed = seed();
    let (cuts, starts) = (env_number("AOF_CUTS", 60).min(TAIL), env_number("AOF_STARTS", 6));
    println!("SEED={seed} AOF_CUTS={cuts} AOF_STARTS={starts}");
    let mut rng = Rng::new(seed);
    let written = written(&mut rng, 4);
    let len = written.bytes.len() as u64;
    let step = TAIL / cuts;
    let dir = tempfile::tempdir().unwrap();
    std::fs::create_dir(dir.path().join("appendonlydir")).unwrap();
    let manifest = dir.path().join("appendonlydir/appendonly.aof.manifest");
    std::fs::write(&manifest, "file appendonly.aof.1.incr.aof seq 1 type i\n").unwrap();
    let path = incr(dir.path());
    let first = len - TAIL + rng.below(step);
    let all: Vec<u64> = (0..cuts).map(|n| first + n * step).collect();
    for shards in [1, 4] {
        // Without a file of its own: it does nothing but read.
        let instance = Instance::ready(dir.path(), shards, &[]);
        let mut conn = instance.connect();
        for cut in all.iter().skip(usize::from(shards == 4)).step_by(2) {
            let context = format!("seed {seed}, cut at {cut}, {shards} shards");
            std::fs::write(&path, &written.bytes[..*cut as usize]).unwrap();
            assert_eq!(text(&mut conn, &["DEBUG", "LOADAOF"]), "+OK\r\n", "{context}: {}", instance.log());
            let (end, sum) = written.at(*cut);
            assert_eq!(digest(&mut conn), sum, "{context}");
            assert!((end..=*cut).contains(&std::fs::metadata(&path).unwrap().len()), "{context}");
        }
    }
    for _ in 0..starts {
        let cut = len - rng.below(TAIL);
        let shards = [1, 2, 4][rng.index(3)];
        let context = format!("seed {seed}, cut at {cut}, {shards} shards");
        std::fs::write(&path, &written.bytes[..cut as usize]).unwrap();
        let instance = Instance::ready(dir.path(), shards, AOF);
        let (end, sum) = written.at(cut);
        assert_eq!(digest(&mut instance.connect()), sum, "{context}");
        assert!((end..=cut).contains(&std::fs::metadata(&path).unwrap().len()), "{context}");
    }
}
