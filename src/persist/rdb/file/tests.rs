//! Files from pieces in any interleaving, read back by the scanner.
#![allow(clippy::unwrap_used, reason = "tests")]

use super::*;
use crate::base::prng::Prng;
use crate::persist::rdb::scan::{Checksum, Event, Scanner};
use std::collections::BTreeSet;
use std::io::Cursor;

/// Database, key, value.
type Keys = BTreeSet<(u64, Vec<u8>, Vec<u8>)>;

const STYLE: Style = Style { checksum: true, compress: true };

fn preamble() -> Preamble {
    Preamble {
        version: 10,
        ctime_s: 1_700_000_000,
        used_memory: 123_456,
        replication: Some(ReplicationPoint { stream_db: 3, id: "a".repeat(40), offset: 77 }),
        is_aof_base: true,
        functions: vec![b"#!lua name=x\n".to_vec()],
    }
}

#[test]
fn the_version_named_is_that_of_info() {
    assert_eq!(REDIS_VER, crate::config::REDIS_VERSION.as_bytes());
}

fn seed() -> u64 {
    let seed = std::env::var("SEED").ok().and_then(|s| s.parse().ok()).unwrap_or(11);
    println!("SEED={seed}");
    seed
}

fn bytes_of(out: &[Chunk]) -> Vec<u8> {
    out.iter().flat_map(|chunk| chunk.bytes.iter().copied()).collect()
}

/// Everything that a file says.
fn read(file: &[u8]) -> (Vec<String>, Keys, Checksum) {
    let mut scanner = Scanner::sized(Cursor::new(file), Some(file.len() as u64));
    let (mut facts, mut keys, mut db) = (Vec::new(), BTreeSet::new(), 0);
    loop {
        match scanner.next().unwrap() {
            Event::Select(index) => db = index,
            Event::Key(record) => {
                assert!(keys.insert((db, record.key.to_vec(), record.value.to_vec())));
            }
            Event::End(sum) => return (facts, keys, sum),
            Event::Aux { name, value } => {
                facts.push(format!("{}={}", String::from_utf8_lossy(&name), String::from_utf8_lossy(&value)));
            }
            other => facts.push(format!("{other:?}")),
        }
    }
}

#[test]
fn the_preamble_says_what_redis_says() {
    let mut out = Vec::new();
    let file = Assembler::begin(&preamble(), STYLE, &[], &mut out);
    let len = file.end(&mut out).unwrap();
    let bytes = bytes_of(&out);
    assert_eq!(len, bytes.len() as u64);
    let (facts, keys, sum) = read(&bytes);
    assert!(keys.is_empty());
    assert_eq!(sum, Checksum::Sound);
    assert_eq!(
        facts,
        [
            "Version(10)",
            "redis-ver=7.2.4",
            "redis-bits=64",
            "ctime=1700000000",
            "used-mem=123456",
            "repl-stream-db=3",
            &format!("repl-id={}", "a".repeat(40)),
            "repl-offset=77",
            "aof-base=1",
            &format!("{:?}", Event::Function(b"#!lua name=x\n"[..].into())),
        ]
    );
}

#[test]
fn without_a_sum_a_file_ends_with_zeros() {
    let mut out = Vec::new();
    let style = Style { checksum: false, compress: false };
    Assembler::begin(&preamble(), style, &[], &mut out).end(&mut out).unwrap();
    let bytes = bytes_of(&out);
    assert!(bytes.ends_with(&[opcode::EOF, 0, 0, 0, 0, 0, 0, 0, 0]));
    assert_eq!(read(&bytes).2, Checksum::Absent);
}

#[test]
fn an_unfinished_record_is_no_file() {
    let mut out = Vec::new();
    let mut file = Assembler::begin(&preamble(), STYLE, &[], &mut out);
    file.push(0, Piece { db: 0, bytes: b"\x00\x01k".to_vec(), continues: true }, &mut out);
    assert_eq!(file.end(&mut out), Err(Unfinished));
}

/// The records of one shard, cut into pieces at random.
fn pieces(rng: &mut Prng, shard: usize, all: &mut Keys) -> VecDeque<Piece> {
    let mut pieces = VecDeque::new();
    for n in 0..rng.index(40) {
        let db = rng.index(3);
        let (key, text) = (format!("{shard}:{n}").into_bytes(), vec![b'v'; rng.index(60)]);
        let mut value = Vec::new();
        write_string(&mut value, &text, false);
        let mut record = vec![0];
        write_string(&mut record, &key, false);
        record.extend_from_slice(&value);
        all.insert((db as u64, key, value));
        while rng.one_in(2) && !record.is_empty() {
            let rest = record.split_off(rng.index(record.len() + 1));
            pieces.push_back(Piece { db, bytes: record, continues: true });
            record = rest;
        }
        pieces.push_back(Piece { db, bytes: record, continues: false });
    }
    pieces
}

#[test]
fn pieces_in_any_interleaving_make_one_sound_file() {
    let rng = &mut Prng::new(seed());
    for _ in 0..300 {
        let mut all = BTreeSet::new();
        let mut shards: Vec<_> = (0..4).map(|shard| pieces(rng, shard, &mut all)).collect();
        let mut out = Vec::new();
        let sizes = [DbSize { keys: 100, expires: 1 }; 3];
        let mut file = Assembler::begin(&preamble(), STYLE, &sizes, &mut out);
        while shards.iter().any(|pieces| !pieces.is_empty()) {
            let shard = rng.index(4);
            if let Some(piece) = shards[shard].pop_front() {
                file.push(shard, piece, &mut out);
            }
        }
        file.end(&mut out).unwrap();
        let (facts, keys, sum) = read(&bytes_of(&out));
        assert_eq!(sum, Checksum::Sound);
        assert!(keys == all, "{} keys of {}", keys.intersection(&all).count(), all.len());
        let dbs: BTreeSet<_> = all.iter().map(|(db, ..)| db).collect();
        assert_eq!(facts.iter().filter(|fact| fact.starts_with("Resize")).count(), dbs.len());
    }
}
