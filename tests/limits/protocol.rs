//! Requests beyond the limits of the protocol: the reply, and whether the connection closes, are those of Redis.

use super::{all_servers, lock_all, pipeline, same_for_all};
use crate::support::{encode, quote};
use std::time::Duration;

const QUIET: Duration = Duration::from_millis(200);

#[test]
fn lines_that_are_cut_off_or_hold_zero_bytes_wait_as_in_redis() {
    let servers = all_servers(&[]);
    for request in [
        // Zero bytes once ended the line that Redis goes on waiting for.
        &b"PI\0NG\r\n"[..],
        b"PI\0NG\r\nPING\r\n",
        b"*1\0\r\n$4\r\nPING\r\n",
        b"*1\r\n$4\0\r\nPING\r\n",
        b"*1\r\n\0\r\n",
        // A wrong first byte was once complained of before its line was whole.
        b"*1\r\nX",
        b"*1\r\nX\r",
        b"*1\r\nX\r\n",
        // This byte once came back as two, in UTF-8.
        b"*1\r\n\xff\r\n",
    ] {
        same_for_all(&servers, &quote(request), |server| {
            let mut conn = server.connect();
            conn.send(request).unwrap();
            conn.drain(QUIET)
        });
    }
}

#[test]
fn what_was_pipelined_before_an_error_is_answered() {
    let servers = all_servers(&[]);
    let good = pipeline(&["SET a 1", "MGET a b c d", "GET a", "MSET a 2 b 3", "DEL b", "SET a 1"]).repeat(20);
    for bad in [&b"*1\r\n$-1\r\n"[..], b"*x\r\n", b"*1\r\n:3\r\n", b"\"\r\n", b"*2147483648\r\n"] {
        same_for_all(&servers, &quote(bad), |server| {
            let mut conn = server.connect();
            conn.send(&[&good[..], bad, &encode(&["PING"])].concat()).unwrap();
            conn.drain(QUIET)
        });
    }
}

#[test]
fn an_unauthenticated_client_may_not_announce_much() {
    let servers = all_servers(&[]);
    lock_all(&servers);
    for request in
        ["*11\r\n", "*10\r\n", "*1\r\n$16385\r\n", "*1\r\n$16384\r\n", "*2147483648\r\n", "PING\r\n"]
    {
        same_for_all(&servers, request, |server| {
            let mut conn = server.connect();
            conn.send(request.as_bytes()).unwrap();
            conn.drain(QUIET)
        });
    }
    // AUTH lifts the limits for what stands behind it in the same write.
    let words: Vec<String> =
        std::iter::once("EXISTS".into()).chain((0..50).map(|n| format!("k{n}"))).collect();
    same_for_all(&servers, "AUTH, then many words", |server| {
        let mut conn = server.connect();
        conn.send(&[encode(&["AUTH", "secret"]), encode(&words)].concat()).unwrap();
        conn.drain(QUIET)
    });
}
