//! What a user's permissions cost per command: a comparison for one who may do everything, bits and patterns for others.
//!
//! `cargo bench --bench acl`.

#![allow(missing_docs, clippy::unwrap_used, reason = "a bench")]

mod support;

use criterion::{Criterion, criterion_group, criterion_main};
use shoal::acl::{Acl, User, edited};
use shoal::command::access::{permit, terms};
use shoal::command::{Command, Session, table};
use shoal::config::AclPubsubDefault;
use shoal::observe::ClientInfo;
use std::hint::black_box;
use std::sync::Arc;
use support::group;

fn user(rules: &str) -> User {
    let words: Vec<&[u8]> = rules.split(' ').map(str::as_bytes).collect();
    edited(&User::new(b"u", false), &words, terms(AclPubsubDefault::ResetChannels)).unwrap()
}

fn resolved(line: &str) -> (&'static Command, Vec<&[u8]>) {
    let argv: Vec<&[u8]> = line.split(' ').map(str::as_bytes).collect();
    (table::resolve(&argv).unwrap(), argv)
}

fn checks(c: &mut Criterion) {
    let mut group = group(c, "acl");
    let acl = Acl::default();
    let mut session = Session::new(Arc::new(ClientInfo::default()), true);
    session.log_out(&acl);
    group.bench_function("unrestricted user, any command", |b| {
        b.iter(|| assert!(black_box(&session).passes(black_box(&acl).generation())));
    });
    let cases = [
        ("one prefix, GET", "+@all ~app:* resetchannels", "GET app:user:1234"),
        ("one prefix, SET", "+@all ~app:* resetchannels", "SET app:user:1234 value"),
        (
            "ten prefixes, the last fits, GET",
            "+@read ~a:* ~b:* ~c:* ~d:* ~e:* ~f:* ~g:* ~h:* ~i:* ~app:*",
            "GET app:user:1234",
        ),
        ("one prefix, MGET of 4", "+@read ~app:*", "MGET app:1 app:2 app:3 app:4"),
        ("second selector, GET", "+@write ~tmp:* (+@read ~app:*)", "GET app:user:1234"),
        ("all keys, not all commands", "+@all -@dangerous allkeys", "GET app:user:1234"),
    ];
    for (name, rules, line) in cases {
        let (user, (command, argv)) = (user(rules), resolved(line));
        group.bench_function(name, |b| {
            b.iter(|| assert!(permit(black_box(&user), black_box(command), black_box(&argv)).is_ok()));
        });
    }
    group.finish();
}

criterion_group!(benches, checks);
criterion_main!(benches);
