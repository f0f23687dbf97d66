//! Speed of scripts from words to reply bytes: what EVAL and EVALSHA cost beside the commands that they call.
//!
//! `cargo bench --bench script`. Subtract `get` and `set` of the bench `execute` for the cost of Lua alone.
#![allow(missing_docs, clippy::unwrap_used, reason = "a bench")]

mod support;

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use support::{Fixture, group, key};

const SCRIPTS: &[(&str, &str)] = &[
    ("return_1", "return 1"),
    ("get", "return redis.call('get', KEYS[1])"),
    ("set", "return redis.call('set', KEYS[1], ARGV[1])"),
    ("loop_10", "for i = 1, 10 do redis.call('incr', KEYS[2]) end return 0"),
    ("json", "return cjson.encode(cjson.decode('{\"a\":[1,2,3],\"b\":\"text\"}'))"),
];

fn scripts(c: &mut Criterion) {
    let mut fixture = Fixture::filled(1_000);
    let mut group = group(c, "script");
    group.throughput(Throughput::Elements(1));
    let (text, counter) = (key(1), key(2_000));
    for (name, body) in SCRIPTS {
        let mut reply = Vec::new();
        fixture.run(&[b"SCRIPT", b"LOAD", body.as_bytes()], &mut reply);
        let sha = reply.split(|&b| b == b'\n').nth(1).unwrap().trim_ascii().to_vec();
        for (way, command, script) in [("eval", &b"EVAL"[..], body.as_bytes()), ("evalsha", b"EVALSHA", &sha)]
        {
            let argv: [&[u8]; 6] = [command, script, b"2", &text, &counter, b"value"];
            group.bench_function(format!("{way}/{name}"), |b| {
                b.iter(|| {
                    reply.clear();
                    fixture.run(black_box(&argv), &mut reply);
                    black_box(reply.len())
                });
            });
            assert_ne!(reply.first(), Some(&b'-'), "{name}: {}", String::from_utf8_lossy(&reply));
        }
    }
    group.finish();
}

criterion_group!(script, scripts);
criterion_main!(script);
