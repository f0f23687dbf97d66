//! Servers on directories that outlive them, and data of all kinds.

use super::support::server::{find_in_path, free_port, tested_binary};
use super::support::{Conn, Rng, Server, Value, encode};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// How long a server may take until it is ready or gives up.
const PATIENCE: Duration = Duration::from_secs(60);

/// A process of the binary under test on a directory of somebody else's; ended by its id when dropped.
pub struct Instance {
    child: Child,
    port: u16,
    log: PathBuf,
}

impl Instance {
    /// Starts on `dir`; does not wait.
    pub fn spawn(dir: &Path, shards: u32, args: &[&str]) -> Instance {
        let mut command = Command::new(tested_binary());
        command.args(["--shards", &shards.to_string()]);
        Instance::spawn_with(command, dir, args)
    }

    fn spawn_with(mut command: Command, dir: &Path, args: &[&str]) -> Instance {
        let port = free_port();
        let log = dir.join(format!("log-{port}"));
        let file = std::fs::File::create(&log).unwrap();
        command.args(["--port", &port.to_string(), "--bind", "127.0.0.1", "--save", ""]);
        command.args(["--enable-debug-command", "yes", "--dir"]).arg(dir);
        command.args(args).current_dir(dir).stdin(Stdio::null());
        command.stderr(file.try_clone().unwrap()).stdout(file);
        Instance { child: command.spawn().unwrap(), port, log }
    }

    /// As [`Instance::ready`], of another program.
    pub fn ready_with(command: Command, dir: &Path, args: &[&str]) -> Instance {
        let mut instance = Instance::spawn_with(command, dir, args);
        assert_eq!(instance.wait_ready(), Ok(()), "{}", instance.log());
        instance
    }

    /// Starts on `dir` and waits until everything is loaded.
    pub fn ready(dir: &Path, shards: u32, args: &[&str]) -> Instance {
        let mut instance = Instance::spawn(dir, shards, args);
        if let Err(code) = instance.wait_ready() {
            panic!("ended with {code:?} instead of being ready:\n{}", instance.log());
        }
        instance
    }

    /// Waits until it is ready, or ends: then its exit code (`None`: a signal).
    pub fn wait_ready(&mut self) -> Result<(), Option<i32>> {
        let deadline = Instant::now() + PATIENCE;
        while Instant::now() < deadline {
            if let Some(status) = self.child.try_wait().unwrap() {
                return Err(status.code());
            }
            if self.log().contains("Ready to accept connections") {
                return Ok(());
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        panic!("neither ready nor ended after {PATIENCE:?}:\n{}", self.log());
    }

    /// Waits for its end; the exit code.
    pub fn wait_end(&mut self) -> Option<i32> {
        let deadline = Instant::now() + PATIENCE;
        while Instant::now() < deadline {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status.code();
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        panic!("not ended after {PATIENCE:?}:\n{}", self.log());
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Its TCP port on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Sends a signal by its name.
    pub fn signal(&self, name: &str) {
        let sent = Command::new("kill").arg(format!("-{name}")).arg(self.child.id().to_string()).status();
        assert!(sent.unwrap().success());
    }

    pub fn log(&self) -> String {
        String::from_utf8_lossy(&std::fs::read(&self.log).unwrap_or_default()).into_owned()
    }

    /// A connection; the server may still be loading.
    pub fn connect(&self) -> Conn {
        let deadline = Instant::now() + PATIENCE;
        loop {
            match Conn::open(self.port) {
                Ok(conn) => return conn,
                Err(error) if Instant::now() > deadline => panic!("{error}:\n{}", self.log()),
                Err(_) => std::thread::sleep(Duration::from_millis(5)),
            }
        }
    }
}

impl Drop for Instance {
    fn drop(&mut self) {
        // Both fail only when the process is gone already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The reply as text.
pub fn text(conn: &mut Conn, words: &[&str]) -> String {
    let raw = conn.call(words).unwrap().raw;
    String::from_utf8_lossy(&raw).into_owned()
}

/// What DEBUG DIGEST says, after every key of Redis was looked at (it counts expired ones until then).
pub fn digest(conn: &mut Conn) -> String {
    text(conn, &["DEBUG", "DIGEST"])
}

/// A value of any size and form.
fn value(rng: &mut Rng) -> Vec<u8> {
    match rng.below(7) {
        0 => (rng.below(400) as i64 - 200).to_string().into_bytes(),
        1 => (rng.below(1 << 40) as i64).to_string().into_bytes(),
        2 => i64::MIN.to_string().into_bytes(),
        3 => vec![b'a'; rng.below(300) as usize],
        4 => (0..rng.below(60)).map(|_| rng.below(256) as u8).collect(),
        5 => format!("{}.{}", rng.below(1000), rng.below(1000)).into_bytes(),
        _ => vec![b'x'; 3000 + rng.below(3000) as usize],
    }
}

/// Fills a server with `keys` keys of all types in several databases, some of which expire in the far future, and a
/// library of functions. Scores are whole numbers: versions print others differently in DEBUG DIGEST.
pub fn fill(conn: &mut Conn, rng: &mut Rng, keys: u64) {
    let mut bytes = Vec::new();
    let mut count = 0;
    let mut send = |words: Vec<Vec<u8>>| {
        bytes.extend_from_slice(&encode(&words));
        count += 1;
    };
    let word = |text: &str| text.as_bytes().to_vec();
    let number = |n: u64| n.to_string().into_bytes();
    for i in 0..keys {
        if rng.below(30) == 0 {
            send(vec![word("SELECT"), number(rng.below(6))]);
        }
        let key = format!("k:{i}").into_bytes();
        let sort = rng.below(10);
        let verb =
            ["SET", "SET", "RPUSH", "SADD", "SADD", "ZADD", "HSET", "HSET", "PFADD", "XADD"][sort as usize];
        let mut words = vec![word(verb), key.clone()];
        match sort {
            0 | 1 => words.push(value(rng)),
            3 => (0..1 + rng.below(700)).for_each(|_| words.push(number(rng.below(1000)))),
            5 => (0..1 + rng.below(200)).for_each(|_| words.extend([number(rng.below(100)), value(rng)])),
            6 => (0..1 + rng.below(60)).for_each(|_| words.extend([value(rng), value(rng)])),
            7 => {
                (0..1 + rng.below(600)).for_each(|n| words.extend([format!("f{n}").into_bytes(), number(n)]))
            }
            9 => words.extend([word("7-1"), word("f"), value(rng)]),
            _ => (0..1 + rng.below(40)).for_each(|_| words.push(value(rng))),
        }
        send(words);
        if sort == 9 {
            for entry in 8..8 + rng.below(30) {
                send(vec![
                    word("XADD"),
                    key.clone(),
                    format!("{entry}-{}", rng.below(5)).into(),
                    word("g"),
                    value(rng),
                ]);
            }
            send(vec![word("XGROUP"), word("CREATE"), key.clone(), word("grp"), word("0")]);
            let read = ["XREADGROUP", "GROUP", "grp", "alice", "COUNT", "3", "STREAMS"];
            send(read.iter().map(|w| word(w)).chain([key.clone(), word(">")]).collect());
        }
        if rng.below(8) == 0 {
            send(vec![word("PEXPIRE"), key, number(10_000_000 + rng.below(1 << 30))]);
        }
    }
    send(vec![word("SELECT"), word("0")]);
    let code =
        "#!lua name=lib\nredis.register_function('f', function(keys) return redis.call('get', keys[1]) end)";
    send(vec![word("FUNCTION"), word("LOAD"), word(code)]);
    conn.send(&bytes).unwrap();
    for _ in 0..count {
        let reply = conn.read().unwrap();
        assert!(!matches!(reply.value, Value::Error(_)), "{:?}", String::from_utf8_lossy(&reply.raw));
    }
}

/// A directory with the RDB file of a Redis that was filled; the digest of its data.
pub fn saved(rng: &mut Rng, keys: u64, args: &[&str]) -> (tempfile::TempDir, String) {
    let oracle = Server::oracle(args);
    let mut conn = oracle.connect();
    fill(&mut conn, rng, keys);
    let sum = digest(&mut conn);
    assert_eq!(text(&mut conn, &["SAVE"]), "+OK\r\n");
    let dir = tempfile::tempdir().unwrap();
    std::fs::copy(oracle.dir().join("dump.rdb"), dir.path().join("dump.rdb")).unwrap();
    (dir, sum)
}

/// Copies a directory of files.
pub fn copy_dir(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        std::fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
    }
}

/// A newer Redis, if there is one on this machine (`REDIS8`, or `redis-server-8` in PATH).
pub fn newer_redis() -> Option<PathBuf> {
    std::env::var_os("REDIS8").map(PathBuf::from).or_else(|| find_in_path("redis-server-8"))
}
