//! The stream against one growing vector.

use super::super::{Audience, Item, Part, Stream};
use super::lines;
use crate::base::prng::Prng;
use bytes::Bytes;

/// What a reader at `offset` gets, as one vector.
fn read(stream: &mut Stream, offset: u64, max: usize) -> Option<Vec<u8>> {
    let mut slices: Vec<Bytes> = Vec::new();
    let read = stream.read(offset, max, &mut slices)?;
    let all = slices.concat();
    assert_eq!(read, all.len());
    Some(all)
}

fn set(key: &str) -> Vec<u8> {
    format!("*3\r\n$3\r\nSET\r\n${}\r\n{key}\r\n$1\r\n1\r\n", key.len()).into_bytes()
}

#[test]
fn effects_are_preceded_by_their_database_and_units_bracketed() {
    let (a, b) = (set("a"), set("b"));
    let part = |db, bytes| Part { db, bytes, effects: 1, audience: Audience::All };
    let mut stream = Stream::new(0);
    stream.append_item(&Item::Singles(part(0, &a)));
    stream.append_item(&Item::Singles(part(0, &b)));
    stream.append_item(&Item::Unit(&[part(2, &a), part(0, &b)]));
    stream.append_item(&Item::Cut(1));
    stream.append_item(&Item::Singles(part(0, &a)));
    stream.forget_db();
    stream.append_item(&Item::Singles(part(0, &a)));
    assert_eq!(
        lines(&read(&mut stream, 0, usize::MAX).unwrap()),
        [
            "SELECT 0", "SET a 1", "SET b 1", "MULTI", "SELECT 2", "SET a 1", "SELECT 0", "SET b 1", "EXEC",
            "SET a 1", "SELECT 0", "SET a 1"
        ]
    );
}

#[test]
fn an_offset_outside_is_refused() {
    let mut stream = Stream::new(100);
    assert_eq!((stream.offset(), stream.first_offset(), stream.is_empty()), (100, 100, true));
    assert_eq!(read(&mut stream, 100, 10), Some(Vec::new()));
    assert_eq!(read(&mut stream, 99, 10), None);
    stream.append(b"xyz");
    assert_eq!(read(&mut stream, 101, 10), Some(b"yz".to_vec()));
    assert_eq!(read(&mut stream, 104, 10), None);
    stream.reset(7);
    assert_eq!((stream.offset(), stream.len()), (7, 0));
}

#[test]
fn slices_outlive_what_is_forgotten() {
    let mut stream = Stream::new(0);
    stream.append(&vec![b'x'; 200_000]);
    let mut slices = Vec::new();
    stream.read(0, 10, &mut slices).unwrap();
    stream.trim(0, Some(150_000));
    assert!(stream.first_offset() > 60_000 && stream.first_offset() <= 150_000);
    stream.trim(1 << 20, None);
    assert!(stream.len() >= 50_000, "trimming brings nothing back and takes no more than it must");
    stream.trim(0, None);
    assert!(stream.is_empty() || stream.len() < 65_536);
    assert!(slices.iter().all(|slice| slice.iter().all(|b| *b == b'x')));
}

#[test]
fn a_reader_in_tiny_steps_does_not_make_the_row_long() {
    let mut stream = Stream::new(0);
    for _ in 0..100_000 {
        stream.append(b"0123456789");
        let at = stream.offset() - 10;
        assert_eq!(read(&mut stream, at, usize::MAX).as_deref(), Some(&b"0123456789"[..]));
    }
    let mut slices = Vec::new();
    stream.read(0, usize::MAX, &mut slices).unwrap();
    let full = 1_000_000 / 65_536;
    assert!(slices.len() < full + 65_536 / 10 + 2, "{}", slices.len());
    assert!(stream.memory() < 2_000_000);
    stream.append(&[0; 65_536]);
    slices.clear();
    stream.read(0, usize::MAX, &mut slices).unwrap();
    assert!(slices.len() <= full + 8, "{}", slices.len());
}

#[test]
fn random_writes_reads_and_trims_agree_with_a_vector() {
    let seed = crate::base::prng::os_random_u64();
    println!("seed {seed}");
    let mut rng = Prng::new(seed);
    let start = rng.below(1 << 40);
    let (mut stream, mut twin) = (Stream::new(start), Vec::new());
    for step in 0..20_000 {
        match rng.below(10) {
            0..=5 => {
                let len = if rng.one_in(50) { rng.index(300_000) } else { rng.index(200) };
                let mut bytes = vec![0; len];
                rng.fill(&mut bytes);
                stream.append(&bytes);
                twin.extend_from_slice(&bytes);
            }
            6 => {
                let pinned = rng.one_in(2).then(|| start + rng.below(twin.len() as u64 + 1));
                let before = stream.first_offset();
                let keep = rng.below(1_000_000);
                stream.trim(keep, pinned);
                let first = stream.first_offset();
                assert!(first >= before, "seed {seed}, step {step}");
                assert!(
                    stream.len() >= keep.min(twin.len() as u64 + start - before),
                    "seed {seed}, step {step}"
                );
                assert!(pinned.is_none_or(|pin| first <= pin.max(before)), "seed {seed}, step {step}");
            }
            _ => {
                let span = usize::try_from(stream.len()).unwrap();
                let from = stream.first_offset() + rng.index(span + 1) as u64;
                let max = rng.index(100_000) + 1;
                let got = read(&mut stream, from, max).unwrap();
                let at = usize::try_from(from - start).unwrap();
                assert_eq!(got, twin[at..at + got.len()], "seed {seed}, step {step}");
                assert!(got.len() >= max.min(twin.len() - at), "seed {seed}, step {step}");
            }
        }
        assert_eq!(stream.offset(), start + twin.len() as u64);
    }
}
