//! Server processes under test: the real binary on a port of its own in a directory of its own.
//!
//! `SHOAL_BIN` names another binary to test in place of the one cargo built; with `SHOAL_BIN=redis-server`
//! every test runs Redis against itself, which shows what the tests take for granted.

use super::conn::Conn;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// How long a server may take until it answers PING.
const START_TIMEOUT: Duration = Duration::from_secs(20);

/// A running server; dropping it ends the process and removes its directory.
pub struct Server {
    child: Child,
    port: u16,
    dir: TempDir,
    name: String,
}

impl Server {
    /// Starts the binary under test with `shards` shards and extra arguments.
    pub fn tested(shards: u32, args: &[&str]) -> Self {
        let path = tested_binary();
        let mut all: Vec<String> = args.iter().map(|arg| (*arg).to_string()).collect();
        if !is_redis(&path) {
            all.extend(["--shards".to_string(), shards.to_string()]);
        }
        Self::start(&path, &all, format!("tested server with {shards} shard(s)"))
    }

    /// Starts the redis-server found in PATH: the oracle.
    pub fn oracle(args: &[&str]) -> Self {
        let path = find_in_path("redis-server")
            .expect("redis-server is not in PATH; `tests/run` installs it (apt-get install redis-server)");
        let all: Vec<String> = args.iter().map(|arg| (*arg).to_string()).collect();
        Self::start(&path, &all, "redis-server".to_string())
    }

    fn start(path: &Path, args: &[String], name: String) -> Self {
        // Between choosing a port and the server binding it another process may take it: try a few.
        let mut failures = String::new();
        for _ in 0..5 {
            match Self::try_start(path, args, name.clone()) {
                Ok(server) => return server,
                Err(failure) => failures.push_str(&failure),
            }
        }
        panic!("{name} ({}) did not start:\n{failures}", path.display());
    }

    fn try_start(path: &Path, args: &[String], name: String) -> Result<Self, String> {
        let dir = TempDir::new().map_err(|e| e.to_string())?;
        let port = free_port();
        let log = File::create(dir.path().join("log")).map_err(|e| e.to_string())?;
        let mut command = Command::new(path);
        command.args(["--port", &port.to_string(), "--bind", "127.0.0.1", "--save", ""]);
        command.args(["--appendonly", "no", "--enable-debug-command", "yes", "--dir"]).arg(dir.path());
        command.args(args).current_dir(dir.path()).stdin(Stdio::null());
        command.stderr(log.try_clone().map_err(|e| e.to_string())?).stdout(log);
        let child = command.spawn().map_err(|e| format!("cannot run: {e}\n"))?;
        let mut server = Server { child, port, dir, name };
        let deadline = Instant::now() + START_TIMEOUT;
        while Instant::now() < deadline {
            if !server.alive() {
                break;
            }
            if server.answers_ping() {
                // The PONG may have come from another process that took the port: then ours is about to exit.
                std::thread::sleep(Duration::from_millis(20));
                if server.alive() {
                    return Ok(server);
                }
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        Err(format!("no PONG on port {port}; its log:\n{}\n", server.log()))
    }

    fn answers_ping(&self) -> bool {
        let reply = Conn::open(self.port).and_then(|mut conn| conn.call(&["PING"]));
        reply.is_ok_and(|reply| reply.raw == b"+PONG\r\n")
    }

    /// Its TCP port on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// What to call it in messages.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its working directory.
    pub fn dir(&self) -> &Path {
        self.dir.path()
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// A new connection, or a panic with the server's log.
    pub fn connect(&self) -> Conn {
        Conn::open(self.port).unwrap_or_else(|error| {
            panic!("cannot connect to {} on port {}: {error}\n{}", self.name, self.port, self.log())
        })
    }

    /// Whether the process still runs.
    pub fn alive(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// What it has written to its standard streams so far.
    pub fn log(&self) -> String {
        let bytes = std::fs::read(self.dir.path().join("log")).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// Asks for the end (SIGTERM) and returns the exit code; `None` when a signal ended it or it did not end.
    pub fn terminate(mut self) -> io::Result<Option<i32>> {
        Command::new("kill").arg("-TERM").arg(self.pid().to_string()).status()?;
        let deadline = Instant::now() + START_TIMEOUT;
        while Instant::now() < deadline {
            if let Some(status) = self.child.try_wait()? {
                return Ok(status.code());
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        Ok(None)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let died = !self.alive();
        // Both fail only when the process is gone already, which is what is wanted.
        let _ = self.child.kill();
        let _ = self.child.wait();
        if died || std::thread::panicking() {
            let log = self.log();
            let lines: Vec<&str> = log.lines().collect();
            let tail = &lines[lines.len().saturating_sub(30)..];
            eprintln!("log of {}{}:\n{}", self.name, if died { " (had died)" } else { "" }, tail.join("\n"));
        }
    }
}

/// The binary under test.
pub fn tested_binary() -> PathBuf {
    match std::env::var_os("SHOAL_BIN") {
        Some(path) if Path::new(&path).components().count() == 1 => {
            find_in_path(&path.to_string_lossy()).expect("SHOAL_BIN is not in PATH")
        }
        Some(path) => PathBuf::from(path),
        None => PathBuf::from(env!("CARGO_BIN_EXE_shoal")),
    }
}

/// Whether the binary is Redis itself. Distributions link redis-server to a sibling, and Shoal may be linked
/// under Redis's names: the file at the end of the links tells.
pub fn is_redis(path: &Path) -> bool {
    let real = path.canonicalize().unwrap_or_else(|_| path.to_path_buf());
    real.file_name().is_some_and(|name| name.to_string_lossy().starts_with("redis"))
}

/// The first executable of that name in PATH.
pub fn find_in_path(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|dir| dir.join(name)).find(|file| file.is_file())
}

/// A port nobody listens on: below the range the kernel hands to clients, so that no client of a
/// neighbouring test takes it meanwhile. `TEST_PORTS=low-high` confines the choice.
pub fn free_port() -> u16 {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let range = std::env::var("TEST_PORTS").unwrap_or_else(|_| "20000-30000".to_string());
    let bounds = range.split_once('-').and_then(|(l, h)| Some((l.parse().ok()?, h.parse().ok()?)));
    let (low, high): (u32, u32) = bounds.unwrap_or_else(|| panic!("TEST_PORTS={range}: expected low-high"));
    for _ in low..=high {
        let step = NEXT.fetch_add(1, Ordering::Relaxed);
        // Processes start at different places, so that tests run side by side seldom meet.
        let port = low + (std::process::id().wrapping_mul(37).wrapping_add(step)) % (high - low + 1);
        let port = u16::try_from(port).expect("TEST_PORTS beyond 65535");
        if std::net::TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
    panic!("no free port in {range}");
}
