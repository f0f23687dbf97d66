//! Speed of reading and writing numbers against the standard library.
//!
//! `cargo bench --bench numbers`. The standard library is a twin in speed only: it takes `+1` and `01`, which Redis
//! refuses, and prints floats in a form of its own.
#![allow(missing_docs, clippy::unwrap_used, reason = "a bench")]

mod support;

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use shoal::base::numbers::{fmt_f64, parse_f64, parse_i64, write_f64, write_i64};
use support::group;

const INTEGERS: [i64; 8] = [0, 7, -1, 42, 1_000, -123_456, 1_700_000_000_000, -9_223_372_036_854_775_808];
const FLOATS: [f64; 8] = [0.0, 1.5, -0.1, 3.0, 1e21, 2.5e-7, 12_345.678_9, 1.797_693_134_862_315_7e308];

fn integers(c: &mut Criterion) {
    let texts: Vec<String> = INTEGERS.iter().map(i64::to_string).collect();
    let mut group = group(c, "integer");
    group.throughput(Throughput::Elements(INTEGERS.len() as u64));
    group.bench_function("parse/shoal", |b| {
        b.iter(|| {
            texts.iter().filter_map(|text| parse_i64(black_box(text.as_bytes()))).fold(0, i64::wrapping_add)
        });
    });
    group.bench_function("parse/std", |b| {
        b.iter(|| texts.iter().filter_map(|text| black_box(text).parse().ok()).fold(0, i64::wrapping_add));
    });
    let mut out = Vec::new();
    group.bench_function("write/shoal", |b| {
        b.iter(|| {
            out.clear();
            INTEGERS.iter().for_each(|&n| write_i64(&mut out, black_box(n)));
        });
    });
    group.bench_function("write/std", |b| {
        b.iter(|| {
            out.clear();
            INTEGERS.iter().for_each(|&n| out.extend_from_slice(black_box(n).to_string().as_bytes()));
        });
    });
    group.finish();
}

fn floats(c: &mut Criterion) {
    let texts: Vec<String> = FLOATS.iter().map(|&n| fmt_f64(n)).collect();
    let mut group = group(c, "float");
    group.throughput(Throughput::Elements(FLOATS.len() as u64));
    group.bench_function("parse/shoal", |b| {
        b.iter(|| texts.iter().filter_map(|text| parse_f64(black_box(text.as_bytes()))).sum::<f64>());
    });
    group.bench_function("parse/std", |b| {
        b.iter(|| texts.iter().filter_map(|text| black_box(text).parse::<f64>().ok()).sum::<f64>());
    });
    let mut out = Vec::new();
    group.bench_function("write/shoal", |b| {
        b.iter(|| {
            out.clear();
            FLOATS.iter().for_each(|&n| write_f64(&mut out, black_box(n)));
        });
    });
    group.bench_function("write/std", |b| {
        b.iter(|| {
            out.clear();
            FLOATS.iter().for_each(|&n| out.extend_from_slice(format!("{:e}", black_box(n)).as_bytes()));
        });
    });
    group.finish();
}

criterion_group!(numbers, integers, floats);
criterion_main!(numbers);
