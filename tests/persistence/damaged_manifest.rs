//! Manifests that are damaged and files that are missing: a start is refused with a reason that names what is wrong.

use super::load_support::{Instance, digest, text};
use super::support::{Rng, env_number, seed};
use std::path::{Path, PathBuf};

const AOF: &[&str] = &["--appendonly", "yes"];
const BASE: &str = "file appendonly.aof.2.base.rdb seq 2 type b\n";
const INCR: &str = "file appendonly.aof.2.incr.aof seq 2 type i\n";

/// A directory with a base, a file of commands and a manifest; the digest of its data.
fn sound() -> (tempfile::TempDir, String) {
    let dir = tempfile::tempdir().unwrap();
    let instance = Instance::ready(dir.path(), 2, &[AOF, &["--appendfsync", "always"]].concat());
    let mut conn = instance.connect();
    conn.cmd(&["SET", "in-base", "1"]);
    text(&mut conn, &["BGREWRITEAOF"]);
    while !text(&mut conn, &["INFO", "persistence"]).contains("aof_rewrite_in_progress:0") {
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    conn.cmd(&["SET", "in-incr", "1"]);
    let sum = digest(&mut conn);
    drop(instance);
    assert_eq!(std::fs::read_to_string(manifest(dir.path())).unwrap(), [BASE, INCR].concat());
    (dir, sum)
}

fn file(dir: &Path, name: &str) -> PathBuf {
    dir.join("appendonlydir").join(name)
}

fn manifest(dir: &Path) -> PathBuf {
    file(dir, "appendonly.aof.manifest")
}

/// Starts on `dir`, which must be refused with a log that has all of `words`.
fn refused(dir: &Path, words: &[&str]) {
    let mut instance = Instance::spawn(dir, 2, AOF);
    assert_eq!(instance.wait_end(), Some(1), "{words:?}: {}", instance.log());
    for word in words {
        assert!(instance.log().contains(word), "{word} in {}", instance.log());
    }
    assert!(!instance.log().contains("panicked"), "{}", instance.log());
}

#[test]
fn damaged_manifests_are_refused_with_line_and_reason() {
    let (dir, sum) = sound();
    let path = manifest(dir.path());
    let fatal = "FATAL AOF MANIFEST FILE ERROR";
    let format = "Invalid AOF manifest file format";
    let second = "at line 2";
    for (lines, words) in [
        ("", &[fatal, "Found an empty AOF manifest"][..]),
        ("nonsense\n", &[fatal, "at line 1", ">>> 'nonsense'", format]),
        (&[BASE, "file x seq\n"].concat(), &[fatal, second, ">>> 'file x seq'", format]),
        (&[BASE, "file x seq many type i\n"].concat(), &[fatal, second, format]),
        (&[BASE, "file x seq 3 type q\n"].concat(), &[fatal, second, "Unknown AOF file type"]),
        (
            &[BASE, "file ../x seq 3 type i\n"].concat(),
            &[fatal, second, "File can't be a path, just a filename"],
        ),
        (&[BASE, "\n", INCR].concat(), &[fatal, second]),
        (&[BASE, BASE, INCR].concat(), &[fatal, second, "Found duplicate base file information"]),
        (&[BASE, INCR, INCR].concat(), &[fatal, "at line 3", "Found a non-monotonic sequence number"]),
        (&BASE[..BASE.len() - 1], &[fatal, "too long line"]),
        (&format!("file {} seq 1 type i\n", "x".repeat(2000)), &[fatal, "too long line"]),
    ] {
        std::fs::write(&path, lines).unwrap();
        refused(dir.path(), words);
        assert_eq!(std::fs::read_to_string(&path).unwrap(), lines, "a refused manifest is left alone");
    }
    std::fs::write(&path, [BASE, INCR].concat()).unwrap();
    assert_eq!(digest(&mut Instance::ready(dir.path(), 2, AOF).connect()), sum);
}

#[test]
fn missing_and_damaged_files_are_refused_by_name() {
    for name in ["appendonly.aof.2.base.rdb", "appendonly.aof.2.incr.aof"] {
        let (dir, sum) = sound();
        let path = file(dir.path(), name);
        let bytes = std::fs::read(&path).unwrap();
        std::fs::remove_file(&path).unwrap();
        refused(dir.path(), &[name, "No such file or directory"]);
        std::fs::create_dir(&path).unwrap();
        refused(dir.path(), &[name]);
        std::fs::remove_dir(&path).unwrap();
        std::fs::write(&path, [b"REDIS!", &bytes[6..]].concat()).unwrap();
        refused(dir.path(), &[name]);
        std::fs::write(&path, &bytes).unwrap();
        assert_eq!(digest(&mut Instance::ready(dir.path(), 1, AOF).connect()), sum, "{name}");
    }
    // A base is never cut back; an empty file counts as one that holds nothing, as in Redis.
    let (dir, _) = sound();
    let path = file(dir.path(), "appendonly.aof.2.base.rdb");
    let bytes = std::fs::read(&path).unwrap();
    for len in [1, 5, bytes.len() / 2, bytes.len() - 1] {
        std::fs::write(&path, &bytes[..len]).unwrap();
        refused(dir.path(), &["appendonly.aof.2.base.rdb"]);
        assert_eq!(std::fs::metadata(&path).unwrap().len(), len as u64);
    }
}

#[test]
fn changed_bytes_of_a_manifest_neither_panic_nor_hang() {
    let (seed, rounds) = (seed(), env_number("MANIFEST_MUTATIONS", 12));
    println!("SEED={seed} MANIFEST_MUTATIONS={rounds}");
    let mut rng = Rng::new(seed);
    let (dir, sum) = sound();
    let good = [BASE, INCR].concat();
    for round in 0..rounds {
        let mut bytes = good.clone().into_bytes();
        for _ in 0..=rng.below(2) {
            let at = rng.index(bytes.len());
            match rng.below(3) {
                0 => bytes[at] = rng.below(256) as u8,
                1 => bytes[at] = b"0123456789 \n\tbhi\"\\#"[rng.index(19)],
                _ => bytes.truncate(at),
            }
        }
        std::fs::write(manifest(dir.path()), &bytes).unwrap();
        let mut instance = Instance::spawn(dir.path(), 2, AOF);
        let context = format!("seed {seed}, round {round}, {:?}", String::from_utf8_lossy(&bytes));
        match instance.wait_ready() {
            Ok(()) => drop(digest(&mut instance.connect())),
            Err(code) => {
                assert_eq!(code, Some(1), "{context}: {}", instance.log());
                let says = ["AOF MANIFEST FILE ERROR", "append only file", "AOF file", "AOF base file"];
                assert!(
                    says.iter().any(|words| instance.log().contains(words)),
                    "{context}: {}",
                    instance.log()
                );
            }
        }
        assert!(!instance.log().contains("panicked"), "{context}: {}", instance.log());
        drop(instance);
        // A manifest that was taken may have been a smaller one: whatever was tidied away comes back.
        let (again, _) = sound();
        for name in ["appendonly.aof.2.base.rdb", "appendonly.aof.2.incr.aof"] {
            std::fs::copy(file(again.path(), name), file(dir.path(), name)).unwrap();
        }
    }
    std::fs::write(manifest(dir.path()), &good).unwrap();
    assert_eq!(digest(&mut Instance::ready(dir.path(), 2, AOF).connect()), sum, "seed {seed}");
}
