//! Speed of the request parser against a naive twin that searches every line end and copies every word.
//!
//! `cargo bench --bench parse`. A pipeline is what one receive brings: 1, 16 or 64 requests back to back. The cut-off
//! request arrives in pieces of a receive buffer: the parser goes on where it stopped, the twin starts anew each time.
#![allow(missing_docs, clippy::unwrap_used, reason = "a bench")]

mod support;

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use shoal::resp::{Limits, Parsed, Parser};
use support::{VALUE, group, key, request};

const LIMITS: Limits = Limits { bulk_max: 512 * 1024 * 1024, authenticated: true };
/// Bytes that one receive brings of a large request.
const PIECE: usize = 16 * 1024;

/// Parses all of `bytes` and returns the number of words.
fn drain(parser: &mut Parser, bytes: &[u8]) -> usize {
    let (mut at, mut words) = (0, 0);
    while at < bytes.len() {
        let (n, consumed) = match parser.parse(&bytes[at..], &LIMITS).unwrap() {
            Parsed::Request(argv, consumed) => (black_box(&argv).len(), consumed),
            Parsed::Inline(argv, consumed) => (black_box(&argv).len(), consumed),
            Parsed::Empty(consumed) => (0, consumed),
            Parsed::More(_) => break,
        };
        words += n;
        at += consumed;
    }
    words
}

/// The words of the request at the start of `bytes`, and its length; nothing if it is cut off.
fn naive(bytes: &[u8]) -> Option<(Vec<Vec<u8>>, usize)> {
    fn line(bytes: &[u8], at: usize) -> Option<(&str, usize)> {
        let end = at + bytes.get(at..)?.windows(2).position(|pair| pair == b"\r\n")?;
        Some((std::str::from_utf8(&bytes[at..end]).unwrap(), end + 2))
    }
    let (head, mut at) = line(bytes, 0)?;
    let Some(count) = head.strip_prefix('*') else {
        return Some((head.split_whitespace().map(|word| word.as_bytes().to_vec()).collect(), at));
    };
    let mut words = Vec::new();
    for _ in 0..count.parse::<usize>().unwrap() {
        let (head, start) = line(bytes, at)?;
        let end = start + head.strip_prefix('$').unwrap().parse::<usize>().unwrap();
        words.push(bytes.get(start..end)?.to_vec());
        at = end + 2;
    }
    (at <= bytes.len()).then_some((words, at))
}

fn naive_drain(bytes: &[u8]) -> usize {
    let (mut at, mut words) = (0, 0);
    while let Some((argv, consumed)) = naive(&bytes[at..]).filter(|(_, consumed)| *consumed > 0) {
        words += black_box(&argv).len();
        at += consumed;
        if at == bytes.len() {
            break;
        }
    }
    words
}

fn pipeline(n: u64, one: impl Fn(u64) -> Vec<u8>) -> Vec<u8> {
    (0..n).flat_map(one).collect()
}

fn many_keys(n: u64) -> Vec<u8> {
    let keys: Vec<_> = (0..n).map(key).collect();
    let mut words: Vec<&[u8]> = vec![b"MSET"];
    words.extend(keys.iter().flat_map(|key| [&key[..], &VALUE[..]]));
    request(&words)
}

fn pipelines(c: &mut Criterion) {
    let mut inputs = Vec::new();
    for n in [1, 16, 64] {
        inputs.push((format!("get/{n}"), n, pipeline(n, |i| request(&[b"GET", &key(i)]))));
        inputs.push((format!("set/{n}"), n, pipeline(n, |i| request(&[b"SET", &key(i), &VALUE]))));
    }
    inputs.push(("mset10/1".to_owned(), 1, many_keys(10)));
    let inline = |i| [b"GET ", &key(i)[..], b"\r\n"].concat();
    inputs.push(("inline_get/16".to_owned(), 16, pipeline(16, inline)));
    let mut group = group(c, "parse");
    for (name, requests, bytes) in &inputs {
        assert_eq!(drain(&mut Parser::new(), bytes), naive_drain(bytes), "{name}");
        group.throughput(Throughput::Elements(*requests));
        let mut parser = Parser::new();
        group.bench_function(format!("{name}/shoal"), |b| b.iter(|| drain(&mut parser, black_box(bytes))));
        group.bench_function(format!("{name}/naive"), |b| b.iter(|| naive_drain(black_box(bytes))));
    }
    group.finish();
}

fn cut_off(c: &mut Criterion) {
    let bytes = many_keys(2_000);
    let ends: Vec<usize> = (PIECE..bytes.len()).step_by(PIECE).chain([bytes.len()]).collect();
    let mut group = group(c, "parse_cut_off");
    group.throughput(Throughput::Bytes(bytes.len() as u64));
    group.bench_function("mset2000/shoal", |b| {
        b.iter(|| {
            let mut parser = Parser::new();
            // Asked after every piece, though `More` says when it is worth it: the worst case.
            ends.iter().map(|&end| drain(&mut parser, black_box(&bytes[..end]))).sum::<usize>()
        });
    });
    group.bench_function("mset2000/naive", |b| {
        b.iter(|| ends.iter().map(|&end| naive_drain(black_box(&bytes[..end]))).sum::<usize>());
    });
    group.finish();
}

criterion_group!(parse, pipelines, cut_off);
criterion_main!(parse);
