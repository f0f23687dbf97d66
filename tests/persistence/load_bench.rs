//! How long loading an RDB file takes, beside redis-server on the same file. Ignored: it takes minutes and needs a release
//! build.
//!
//! ```text
//! LOAD_KEYS=4000000 LOAD_BYTES=400 SHOAL_BIN=target/release/shoal \
//!     cargo test --release --test persistence -- --ignored --nocapture load_time
//! ```

use super::load_support::{Instance, text};
use super::support::server::find_in_path;
use super::support::{Server, env_number};
use std::time::Duration;

/// The seconds in the line that tells of the end of loading.
fn seconds(log: &str) -> Option<f64> {
    let line = log.lines().find(|line| line.contains("DB loaded from disk: "))?;
    line.split("DB loaded from disk: ").nth(1)?.split(' ').next()?.parse().ok()
}

#[test]
#[ignore = "a measurement"]
fn load_time_beside_redis() {
    let (keys, bytes) = (env_number("LOAD_KEYS", 1_000_000), env_number("LOAD_BYTES", 200));
    // As it is: POPULATE writes zeros, which would compress to nothing.
    let oracle = Server::oracle(&["--rdbcompression", "no"]);
    let mut conn = oracle.connect();
    conn.send_command(&["DEBUG", "POPULATE", &keys.to_string(), "key", &bytes.to_string()]).unwrap();
    while conn.read().is_err() {
        std::thread::sleep(Duration::from_millis(100));
    }
    conn.send_command(&["SAVE"]).unwrap();
    while conn.read().is_err() {
        std::thread::sleep(Duration::from_millis(100));
    }
    let dir = tempfile::tempdir().unwrap();
    std::fs::rename(oracle.dir().join("dump.rdb"), dir.path().join("dump.rdb"))
        .or_else(|_| std::fs::copy(oracle.dir().join("dump.rdb"), dir.path().join("dump.rdb")).map(|_| ()))
        .unwrap();
    drop(oracle);
    let size = std::fs::metadata(dir.path().join("dump.rdb")).unwrap().len();
    println!("{keys} keys of {bytes} bytes, {size} bytes of file");
    for round in 0..3 {
        let redis = std::process::Command::new(find_in_path("redis-server").unwrap());
        let redis = Instance::ready_with(redis, dir.path(), &[]);
        println!("round {round}: redis-server     {:.3} s", seconds(&redis.log()).unwrap());
        drop(redis);
        for shards in [1, 2] {
            let instance = Instance::ready(dir.path(), shards, &[]);
            assert_eq!(text(&mut instance.connect(), &["DBSIZE"]), format!(":{keys}\r\n"));
            println!("round {round}: {shards} shard(s)       {:.3} s", seconds(&instance.log()).unwrap());
        }
    }
}
