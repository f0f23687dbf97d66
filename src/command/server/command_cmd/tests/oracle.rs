//! A server of Redis on a free port of 127.0.0.1, ended with the test.

use redis::Value;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// The running server and a connection to it.
pub(super) struct Oracle {
    child: Child,
    stream: BufReader<TcpStream>,
    version: String,
}

impl Oracle {
    /// Starts it and says HELLO; `None`, with the reason printed, where there is no such server.
    pub(super) fn start(proto: u8) -> Option<Oracle> {
        let binary = std::env::var("REDIS_SERVER").unwrap_or_else(|_| "redis-server".to_owned());
        let port = TcpListener::bind("127.0.0.1:0").and_then(|l| l.local_addr()).unwrap().port().to_string();
        let args = ["--port", &port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"];
        let spawned = Command::new(&binary).args(args).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        let child = match spawned {
            Ok(child) => child,
            Err(reason) => {
                println!("skipped: {binary} does not start: {reason}");
                return None;
            }
        };
        let mut oracle = Oracle { child, stream: connect(&port), version: String::new() };
        let hello = oracle.ask(&["HELLO", &proto.to_string()]);
        let version = super::pairs(&hello).into_iter().find(|(field, _)| super::text(field) == "version");
        oracle.version = super::text(version.unwrap().1);
        if !oracle.is_70() && !oracle.version.starts_with("7.2.") {
            println!("skipped: {binary} is of version {}, neither 7.0 nor 7.2", oracle.version);
            return None;
        }
        Some(oracle)
    }

    /// Whether it is of version 7.0.
    pub(super) fn is_70(&self) -> bool {
        self.version.starts_with("7.0.")
    }

    fn send(&mut self, words: &[&[u8]]) {
        let mut bytes = format!("*{}\r\n", words.len()).into_bytes();
        for word in words {
            bytes.extend(format!("${}\r\n", word.len()).into_bytes());
            bytes.extend_from_slice(word);
            bytes.extend_from_slice(b"\r\n");
        }
        self.stream.get_mut().write_all(&bytes).unwrap();
    }

    /// The reply to these words.
    pub(super) fn ask(&mut self, words: &[&str]) -> Value {
        self.send(&words.iter().map(|word| word.as_bytes()).collect::<Vec<_>>());
        redis::Parser::new().parse_value(&mut self.stream).unwrap()
    }

    /// The first line of the reply.
    pub(super) fn ask_raw(&mut self, words: &[&[u8]]) -> String {
        self.send(words);
        let mut line = Vec::new();
        self.stream.read_until(b'\n', &mut line).unwrap();
        String::from_utf8(line).unwrap().trim_end_matches("\r\n").to_owned()
    }
}

fn connect(port: &str) -> BufReader<TcpStream> {
    let deadline = Instant::now() + Duration::from_secs(20);
    loop {
        match TcpStream::connect(format!("127.0.0.1:{port}")) {
            Ok(stream) => return BufReader::new(stream),
            Err(reason) => assert!(Instant::now() < deadline, "no server on port {port}: {reason}"),
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

impl Drop for Oracle {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
