//! Large values, requests and pipelines: right, and not slower than they are large.

use super::{pipeline, tested_servers};
use crate::support::{Value, encode};
use std::time::{Duration, Instant};

/// Time that is far above what the work takes and far below what it took with quadratic costs.
const AMPLE: Duration = Duration::from_secs(8);

#[test]
fn a_value_of_100_mb_goes_in_and_out() {
    for server in tested_servers(&[]) {
        let mut conn = server.connect();
        let value = b"0123456789".repeat(10_000_000);
        let start = Instant::now();
        assert_eq!(conn.cmd(&[b"SET", &b"big"[..], &value]).to_string(), "+OK");
        let reply = conn.cmd(&["GET", "big"]);
        assert!(reply == Value::Bulk(value), "{}: another value came back", server.name());
        println!("{}: SET and GET of 100 MB: {:?}", server.name(), start.elapsed());
        assert!(start.elapsed() < 2 * AMPLE, "{}: {:?}", server.name(), start.elapsed());
    }
}

#[test]
fn one_request_of_a_million_words_in_pieces() {
    for server in tested_servers(&[]) {
        let mut conn = server.connect();
        let words: Vec<String> = std::iter::once("MSET".to_owned())
            .chain((0..1_000_000).map(|n| if n % 2 == 0 { format!("key:{n}") } else { "value".to_owned() }))
            .collect();
        let bytes = encode(&words);
        let start = Instant::now();
        for piece in bytes.chunks(10_007) {
            conn.send(piece).unwrap();
        }
        assert_eq!(conn.read().unwrap().raw, b"+OK\r\n");
        println!("{}: MSET of 500,000 keys: {:?}", server.name(), start.elapsed());
        assert!(start.elapsed() < AMPLE, "{}: {:?}", server.name(), start.elapsed());
        assert_eq!(conn.cmd(&["DBSIZE"]), Value::Int(500_000));
    }
}

/// With four shards the cost of each reply once grew with the number of replies outstanding.
#[test]
fn a_pipeline_of_100_000_requests_in_one_write() {
    for server in tested_servers(&[]) {
        let (mut conn, mut writer) = (server.connect(), server.connect());
        let bytes: Vec<u8> =
            (0..100_000).flat_map(|n| pipeline(&[&format!("INCR key:{}", n % 1_000)])).collect();
        let start = Instant::now();
        conn.send(&bytes).unwrap();
        for n in 0..100_000 {
            assert_eq!(conn.read().unwrap().value, Value::Int(n / 1_000 + 1));
        }
        println!("{}: pipeline of 100,000: {:?}", server.name(), start.elapsed());
        assert!(start.elapsed() < AMPLE, "{}: {:?}", server.name(), start.elapsed());
        // Local and remote replies of 10 KB side by side.
        let value = "x".repeat(10_000);
        let keys: Vec<String> = (0..16).map(|n| format!("value:{n}")).collect();
        keys.iter().for_each(|key| assert_eq!(writer.cmd(&["SET", key, &value]).to_string(), "+OK"));
        let start = Instant::now();
        let bytes: Vec<u8> = (0..5_000).flat_map(|n| encode(&["GET", &keys[n % 16]])).collect();
        conn.send(&bytes).unwrap();
        for _ in 0..5_000 {
            assert!(conn.read().unwrap().value == Value::Bulk(value.clone().into_bytes()));
        }
        assert!(start.elapsed() < AMPLE, "{}: {:?}", server.name(), start.elapsed());
    }
}

#[test]
fn a_value_grows_by_many_small_pieces() {
    for server in tested_servers(&[]) {
        let mut conn = server.connect();
        let start = Instant::now();
        let piece = "y".repeat(1_000);
        for round in 0..20 {
            conn.send(&encode(&["APPEND", "grown", &piece]).repeat(1_000)).unwrap();
            for n in 1..=1_000 {
                assert_eq!(conn.read().unwrap().value, Value::Int((round * 1_000 + n) * 1_000));
            }
        }
        assert!(start.elapsed() < AMPLE, "{}: {:?}", server.name(), start.elapsed());
    }
}

#[test]
fn keys_may_be_empty_or_a_megabyte_long() {
    for server in tested_servers(&[]) {
        let mut conn = server.connect();
        for key in [String::new(), "k".repeat(1_000_000)] {
            assert_eq!(conn.cmd(&["SET", &key, "v"]).to_string(), "+OK");
            assert_eq!(conn.cmd(&["GET", &key]), Value::Bulk(b"v".to_vec()));
            assert_eq!(conn.cmd(&["MGET", &key, "other", &key]).to_string(), "[\"v\", $-1, \"v\"]");
            assert_eq!(conn.cmd(&["DEL", &key]), Value::Int(1));
        }
    }
}
