//! A process of the binary under test, started with exactly the arguments that a test gives.

use crate::support::server::{free_port, tested_binary};
use crate::support::{Conn, Value};
use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// How long anything may take that must happen; machines are shared.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// A directory and a port for one process.
pub struct Place {
    pub dir: TempDir,
    pub port: u16,
    /// What is run; a link name changes it.
    pub program: PathBuf,
    /// A wrapper that starts the program: words before it.
    pub wrapper: Vec<String>,
    pub env: Vec<(String, String)>,
    pub stdin: Vec<u8>,
}

/// A running process; killed and waited for when dropped.
pub struct Instance {
    pub place: Place,
    pub child: Child,
}

impl Place {
    pub fn new() -> Self {
        Self {
            dir: TempDir::new().unwrap(),
            port: free_port(),
            program: tested_binary().canonicalize().unwrap(),
            wrapper: Vec::new(),
            env: Vec::new(),
            stdin: Vec::new(),
        }
    }

    /// A path in the directory.
    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// The same as text.
    pub fn name(&self, name: &str) -> String {
        self.path(name).to_str().unwrap().to_owned()
    }

    /// Writes a file in the directory; returns its path as text.
    pub fn file(&self, name: &str, text: &str) -> String {
        std::fs::write(self.path(name), text).unwrap();
        self.name(name)
    }

    /// Starts the program; what it prints goes to the files `out` and `err`.
    pub fn spawn(self, args: &[&str]) -> Instance {
        let (program, wrapped) = match self.wrapper.split_first() {
            Some((first, rest)) => (PathBuf::from(first), [rest, &[self.name_of_program()]].concat()),
            None => (self.program.clone(), Vec::new()),
        };
        let mut command = Command::new(program);
        command.args(wrapped).args(args).current_dir(self.dir.path()).envs(self.env.clone());
        command.stdout(File::create(self.path("out")).unwrap());
        command.stderr(File::create(self.path("err")).unwrap());
        let mut child = command.stdin(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(&self.stdin).unwrap();
        Instance { place: self, child }
    }

    fn name_of_program(&self) -> String {
        self.program.to_str().unwrap().to_owned()
    }

    /// Starts a server on the place's port of 127.0.0.1 with two shards and further options, and waits until it serves.
    pub fn serve(self, options: &[&str]) -> Instance {
        let port = self.port.to_string();
        let mut args = vec!["--port", &port, "--bind", "127.0.0.1", "--save", "", "--shards", "2"];
        args.extend(options);
        let instance = self.spawn(&args);
        instance.wait_until_ready();
        instance
    }

    /// Starts the program, which is to end by itself; its exit code and all that it printed.
    pub fn run(self, args: &[&str]) -> (Option<i32>, String) {
        let mut instance = self.spawn(args);
        let status = instance.wait();
        (status.code(), instance.output())
    }
}

impl Instance {
    /// Waits until the port answers.
    pub fn wait_until_ready(&self) {
        let port = self.place.port;
        self.until("PONG", || {
            Conn::open(port).and_then(|mut c| c.call(&["PING"])).is_ok_and(|r| r.raw == b"+PONG\r\n")
        });
    }

    /// Waits until `done` holds.
    pub fn until(&self, what: &str, mut done: impl FnMut() -> bool) {
        let deadline = Instant::now() + PATIENCE;
        while !done() {
            assert!(Instant::now() < deadline, "no {what}; printed:\n{}", self.output());
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Waits until the output contains `text`.
    pub fn until_said(&self, text: &str) {
        self.until(text, || self.output().contains(text));
    }

    /// Everything it has printed: standard output, then standard error.
    pub fn output(&self) -> String {
        let read =
            |name| String::from_utf8_lossy(&std::fs::read(self.place.path(name)).unwrap()).into_owned();
        read("out") + &read("err")
    }

    pub fn connect(&self) -> Conn {
        Conn::open(self.place.port).unwrap()
    }

    /// Waits for the end.
    pub fn wait(&mut self) -> ExitStatus {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(Instant::now() < deadline, "it does not end; printed:\n{}", self.output());
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    pub fn signal(&self, name: &str) {
        signal(self.child.id(), name);
    }
}

impl Drop for Instance {
    fn drop(&mut self) {
        // Both fail only when it has ended, which is what is wanted.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Sends a signal by name.
pub fn signal(pid: u32, name: &str) {
    assert!(Command::new("kill").args([format!("-{name}"), pid.to_string()]).status().unwrap().success());
}

/// The value of one directive as CONFIG GET gives it.
pub fn setting(conn: &mut Conn, name: &str) -> String {
    let reply = conn.cmd(&["CONFIG", "GET", name]);
    let value = reply.items().get(1).and_then(Value::bytes).unwrap_or_else(|| panic!("{name}: {reply:?}"));
    String::from_utf8(value.to_vec()).unwrap()
}

/// CONFIG SET that must succeed.
pub fn set(conn: &mut Conn, name: &str, value: &str) {
    assert_eq!(conn.call(&["CONFIG", "SET", name, value]).unwrap().raw, b"+OK\r\n", "{name} {value}");
}

/// CONFIG SET that must be refused; its error.
pub fn refused(conn: &mut Conn, name: &str, value: &str) -> String {
    let raw = conn.call(&["CONFIG", "SET", name, value]).unwrap().raw;
    let text = String::from_utf8(raw).unwrap();
    assert!(text.starts_with('-'), "{name} {value}: {text}");
    text
}

/// The command line that other processes see.
pub fn title(pid: u32) -> String {
    let text = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap();
    String::from_utf8_lossy(&text).trim_end_matches('\0').to_owned()
}

/// Whether a process of this id exists.
pub fn exists(pid: u32) -> bool {
    Path::new(&format!("/proc/{pid}")).exists()
}
