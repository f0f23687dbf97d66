//! redis-check-rdb beside Redis's.

use super::rdb_support::populate;
use super::support::server::{find_in_path, tested_binary};
use super::support::{Rng, Server, seed};
use std::path::Path;
use std::process::Command;

/// What the program of this path prints about a file, and its exit code.
fn check(program: &Path, file: &Path) -> (String, Option<i32>) {
    let output = Command::new(program).arg(file).output().unwrap();
    (String::from_utf8_lossy(&output.stdout).into_owned(), output.status.code())
}

/// Without lines that differ by intent: of the type when no key was read yet (Redis says 0, a string), and, where Redis
/// names a line of its source for the end within a value of parts, what went wrong.
fn comparable(text: &str, by_source: bool) -> Vec<&str> {
    let is_reason = |line: &str| {
        line.contains("Internal error in RDB reading")
            || line.contains("Unexpected EOF reading RDB file")
            || line.contains("Terminating server after rdb file reading failure")
    };
    let differs = |line: &str| line.contains("Reading type") || (by_source && is_reason(line));
    text.lines().filter(|line| !differs(line)).collect()
}

#[test]
fn sound_and_cut_files_are_described_as_redis_does() {
    let seed = seed();
    println!("SEED={seed}");
    let mut rng = Rng::new(seed);
    let oracle = find_in_path("redis-check-rdb").expect("redis-check-rdb is in PATH");
    let dir = tempfile::tempdir().unwrap();
    let ours = dir.path().join("redis-check-rdb");
    std::os::unix::fs::symlink(tested_binary().canonicalize().unwrap(), &ours).unwrap();
    let redis = Server::oracle(&[]);
    let mut conn = redis.connect();
    populate(&mut conn);
    conn.cmd(&["SAVE"]);
    let whole = std::fs::read(redis.dir().join("dump.rdb")).unwrap();
    let file = dir.path().join("x.rdb");
    std::fs::write(&file, &whole).unwrap();
    assert_eq!(check(&ours, &file), check(&oracle, &file));
    for _ in 0..60 {
        let cut = rng.below(whole.len() as u64) as usize;
        std::fs::write(&file, &whole[..cut]).unwrap();
        let (theirs, our) = (check(&oracle, &file), check(&ours, &file));
        assert_eq!(our.1, theirs.1, "cut at {cut}");
        let by_source = theirs.0.contains("Internal error in RDB reading");
        assert_eq!(comparable(&our.0, by_source), comparable(&theirs.0, by_source), "cut at {cut}");
    }
    for _ in 0..60 {
        let mut bad = whole.clone();
        let at = rng.below(whole.len() as u64) as usize;
        bad[at] ^= 1 << rng.below(8);
        std::fs::write(&file, &bad).unwrap();
        let (theirs, our) = (check(&oracle, &file), check(&ours, &file));
        assert_eq!(our.1, theirs.1, "byte {at}:\n{}\n{}", our.0, theirs.0);
    }
}
