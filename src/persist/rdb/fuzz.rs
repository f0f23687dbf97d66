//! Files with random values in random pieces: sound ones come back whole, damaged ones are refused or read, never more.
#![allow(clippy::unwrap_used, reason = "tests")]

use super::file::{Assembler, Chunk, DbSize, Piece, Preamble, Style};
use super::scan::{Checksum, Event, Scanner};
use super::{Reader, opcode, read_value, tests, write_string, write_value};
use crate::base::prng::Prng;
use crate::data::{EntryBox, Limits};
use std::io::Cursor;

/// Files that are damaged; `RDB_FUZZ` says otherwise.
const ROUNDS: u64 = 2_000;

fn number(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

/// The record of an entry, as a snapshot writes it.
fn record(rng: &mut Prng, entry: &EntryBox, key: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    if rng.one_in(3) {
        out.push(opcode::EXPIRETIME_MS);
        out.extend_from_slice(&rng.next_u64().to_le_bytes());
    }
    if rng.one_in(4) {
        out.extend_from_slice(&[opcode::FREQ, 9]);
    } else if rng.one_in(4) {
        out.extend_from_slice(&[opcode::IDLE, 33]);
    }
    let mut value = Vec::new();
    write_value(&mut value, entry, rng.one_in(2));
    out.push(value[0]);
    write_string(&mut out, key, true);
    out.extend_from_slice(&value[1..]);
    out
}

/// A file with some keys, and how many.
fn file(rng: &mut Prng) -> (Vec<u8>, usize) {
    let preamble = Preamble { version: 12, functions: vec![vec![b'f'; 70]], ..Preamble::default() };
    let style = Style { checksum: true, compress: true };
    let mut out: Vec<Chunk> = Vec::new();
    let mut file = Assembler::begin(&preamble, style, &[DbSize { keys: 9, expires: 3 }; 3], &mut out);
    let keys = rng.index(12) + 1;
    for n in 0..keys {
        let entry = tests::entry(rng);
        let bytes = record(rng, &entry, format!("key:{n}").as_bytes());
        file.push(n % 2, Piece { db: rng.index(3), bytes, continues: false }, &mut out);
    }
    file.end(&mut out).unwrap();
    (out.into_iter().flat_map(|chunk| chunk.bytes).collect(), keys)
}

/// Scans to the end or the first damage, decodes what is decodable; keys and the verdict.
fn scan(bytes: &[u8]) -> (usize, usize, Option<Checksum>) {
    let mut scanner = Scanner::sized(Cursor::new(bytes), Some(bytes.len() as u64));
    let (mut keys, mut decoded) = (0, 0);
    loop {
        match scanner.next() {
            Err(damage) => {
                assert!(damage.offset <= bytes.len() as u64, "{damage}");
                return (keys, decoded, None);
            }
            Ok(Event::End(verdict)) => return (keys, decoded, Some(verdict)),
            Ok(Event::Key(record)) => {
                keys += 1;
                let mut value = Reader::new(record.value);
                if read_value(&mut value, record.kind, &Limits::default()).is_ok() {
                    decoded += usize::from(value.left() == 0);
                }
            }
            Ok(_) => {}
        }
    }
}

fn damage(rng: &mut Prng, bytes: &mut Vec<u8>) {
    for _ in 0..=rng.index(4) {
        let at = rng.index(bytes.len());
        match rng.below(5) {
            0 => bytes[at] ^= 1 << rng.index(8),
            1 => bytes[at] = rng.next_u64().to_le_bytes()[0],
            2 => bytes.truncate(at.max(10)),
            // An absurd length.
            3 => {
                let len = [&[0x81][..], &(rng.next_u64() >> rng.index(64)).to_be_bytes()].concat();
                bytes.splice(at..at, len);
            }
            _ => {
                let end = (at + rng.index(40)).min(bytes.len());
                let part = bytes[at..end].to_vec();
                let to = rng.index(bytes.len());
                bytes.splice(to..to, part);
            }
        }
    }
}

#[test]
fn whole_files_come_back_whole() {
    let seed = number("SEED", 21);
    println!("SEED={seed}");
    let rng = &mut Prng::new(seed);
    for _ in 0..60 {
        let (bytes, keys) = file(rng);
        assert_eq!(scan(&bytes), (keys, keys, Some(Checksum::Sound)));
    }
}

#[test]
fn damaged_files_are_refused_or_read() {
    let (seed, rounds) = (number("SEED", 22), number("RDB_FUZZ", ROUNDS));
    println!("SEED={seed} RDB_FUZZ={rounds}");
    let rng = &mut Prng::new(seed);
    let (mut whole, mut sound) = (0, 0);
    while whole < rounds {
        let (bytes, _) = file(rng);
        for _ in 0..20 {
            let mut bad = bytes.clone();
            damage(rng, &mut bad);
            let (.., verdict) = scan(&bad);
            whole += 1;
            sound += u64::from(verdict == Some(Checksum::Sound) && bad != bytes);
        }
    }
    // What a sum does not cover is what follows it.
    assert!(sound * 20 <= whole, "{sound} of {whole} damaged files passed as sound");
}
