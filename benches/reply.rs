//! Speed of the reply writer against `write!` with a format string.
//!
//! `cargo bench --bench reply`. The buffer is kept between rounds, as a connection keeps its own: what is measured is
//! the encoding, not the growth of a vector.
#![allow(missing_docs, clippy::unwrap_used, reason = "a bench")]

mod support;

use std::hint::black_box;
use std::io::Write;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use shoal::resp::{Out, Proto};
use support::{VALUE, group, key};

/// Replies written per round.
const REPLIES: u64 = 64;

/// Compares two writers of the same bytes.
fn compare(
    c: &mut Criterion,
    name: &str,
    shoal: impl Fn(&mut Out<'_>, u64),
    naive: impl Fn(&mut Vec<u8>, u64),
) {
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for n in 0..REPLIES {
        shoal(&mut Out::new(&mut ours, Proto::V2), n);
        naive(&mut theirs, n);
    }
    assert_eq!(ours, theirs, "{name}");
    let mut group = group(c, "reply");
    group.throughput(Throughput::Elements(REPLIES));
    group.bench_function(format!("{name}/shoal"), |b| {
        b.iter(|| {
            ours.clear();
            let mut out = Out::new(&mut ours, Proto::V2);
            (0..REPLIES).for_each(|n| shoal(&mut out, black_box(n)));
        });
    });
    group.bench_function(format!("{name}/naive"), |b| {
        b.iter(|| {
            theirs.clear();
            (0..REPLIES).for_each(|n| naive(&mut theirs, black_box(n)));
        });
    });
    group.finish();
}

fn naive_bulk(buf: &mut Vec<u8>, bytes: &[u8]) {
    write!(buf, "${}\r\n", bytes.len()).unwrap();
    buf.extend_from_slice(bytes);
    buf.extend_from_slice(b"\r\n");
}

fn replies(c: &mut Criterion) {
    compare(c, "bulk64", |out, _| out.bulk(&VALUE), |buf, _| naive_bulk(buf, &VALUE));
    // Numbers of one to nineteen digits, as counters are.
    let number = |n: u64| i64::try_from(n).unwrap().pow(5).wrapping_mul(7_919);
    compare(c, "int", |out, n| out.int(number(n)), |buf, n| write!(buf, ":{}\r\n", number(n)).unwrap());
    compare(c, "null", |out, _| out.null(), |buf, _| write!(buf, "$-1\r\n").unwrap());
    let items: Vec<_> = (0..10).map(key).collect();
    compare(
        c,
        "array10",
        |out, _| out.bulks(&items),
        |buf, _| {
            write!(buf, "*{}\r\n", items.len()).unwrap();
            items.iter().for_each(|item| naive_bulk(buf, item));
        },
    );
}

criterion_group!(reply, replies);
criterion_main!(reply);
