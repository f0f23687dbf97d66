//! Speed of glob patterns against a naive twin that tries every place of every star by recursion.
//!
//! `cargo bench --bench glob`. The pattern of many stars is the reason for the algorithm: the twin's time grows with
//! every star there (Redis before 7.0.9: CVE-2022-36021), so its text is kept short.
#![allow(missing_docs, clippy::unwrap_used, reason = "a bench")]

mod support;

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use shoal::base::glob::matches;
use support::group;

/// `*`, `?` and plain bytes only.
fn naive(pattern: &[u8], text: &[u8]) -> bool {
    match (pattern.split_first(), text.split_first()) {
        (None, None) => true,
        (Some((b'*', rest)), _) => (0..=text.len()).any(|from| naive(rest, &text[from..])),
        (Some((b'?', rest)), Some((_, tail))) => naive(rest, tail),
        (Some((p, rest)), Some((t, tail))) => p == t && naive(rest, tail),
        _ => false,
    }
}

fn globs(c: &mut Criterion) {
    let cases: [(&str, &[u8], &[u8]); 5] = [
        ("plain", b"key:000000000042", b"key:000000000042"),
        ("prefix", b"key:*", b"key:000000000042"),
        ("suffix", b"*:profile", b"user:000000000042:profile"),
        ("middle_miss", b"user:*:settings", b"user:000000000042:profile"),
        ("many_stars_miss", b"*a*a*a*a*b", b"aaaaaaaaaaaaaaaa"),
    ];
    let mut group = group(c, "glob");
    for (name, pattern, text) in cases {
        assert_eq!(matches(pattern, text, false), naive(pattern, text), "{name}");
        group.bench_function(format!("{name}/shoal"), |b| {
            b.iter(|| matches(black_box(pattern), black_box(text), false));
        });
        group.bench_function(format!("{name}/naive"), |b| {
            b.iter(|| naive(black_box(pattern), black_box(text)));
        });
    }
    group.finish();
}

criterion_group!(glob, globs);
criterion_main!(glob);
