//! A blocking client connection that keeps the reply bytes exactly as they came.

use super::value::Value;
use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::time::{Duration, Instant};

/// How long a reply may take before the test fails; generous, since test machines are shared.
const REPLY_TIMEOUT: Duration = Duration::from_secs(10);

/// One connection. Not shared between threads.
pub struct Conn {
    stream: TcpStream,
    /// Bytes received and not yet taken; `taken` is where the next reply starts.
    buffer: Vec<u8>,
    taken: usize,
}

/// One reply: its meaning and its exact bytes.
#[derive(Clone, Debug)]
pub struct Reply {
    /// The parsed form.
    pub value: Value,
    /// The bytes as sent.
    pub raw: Vec<u8>,
}

/// What a server sent in answer to raw bytes, up to silence or the end of the connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transcript {
    /// Everything received.
    pub bytes: Vec<u8>,
    /// Whether the server closed the connection.
    pub closed: bool,
}

/// A command as a RESP array of bulk strings.
pub fn encode(words: &[impl AsRef<[u8]>]) -> Vec<u8> {
    let mut out = format!("*{}\r\n", words.len()).into_bytes();
    for word in words {
        let word = word.as_ref();
        out.extend_from_slice(format!("${}\r\n", word.len()).as_bytes());
        out.extend_from_slice(word);
        out.extend_from_slice(b"\r\n");
    }
    out
}

impl Conn {
    /// Connects to a port of this machine.
    pub fn open(port: u16) -> io::Result<Self> {
        let stream = TcpStream::connect(("127.0.0.1", port))?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(REPLY_TIMEOUT))?;
        stream.set_write_timeout(Some(REPLY_TIMEOUT))?;
        Ok(Self { stream, buffer: Vec::new(), taken: 0 })
    }

    /// Sends bytes as they are.
    pub fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.write_all(bytes)
    }

    /// Sends one command without waiting for its reply.
    pub fn send_command(&mut self, words: &[impl AsRef<[u8]>]) -> io::Result<()> {
        self.send(&encode(words))
    }

    /// The next reply; an error when the connection ends, times out or carries what is no reply.
    pub fn read(&mut self) -> io::Result<Reply> {
        loop {
            let parsed = Value::parse(&self.buffer[self.taken..])
                .map_err(|malformed| io::Error::new(io::ErrorKind::InvalidData, malformed.0))?;
            if let Some((value, len)) = parsed {
                let raw = self.buffer[self.taken..self.taken + len].to_vec();
                self.taken += len;
                if self.taken == self.buffer.len() {
                    self.buffer.clear();
                    self.taken = 0;
                }
                return Ok(Reply { value, raw });
            }
            if self.fill()? == 0 {
                return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "connection closed by the server"));
            }
        }
    }

    fn fill(&mut self) -> io::Result<usize> {
        let mut chunk = [0; 65536];
        loop {
            match self.stream.read(&mut chunk) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                other => {
                    let len = other?;
                    self.buffer.extend_from_slice(&chunk[..len]);
                    return Ok(len);
                }
            }
        }
    }

    /// Sends one command and returns its reply.
    pub fn call(&mut self, words: &[impl AsRef<[u8]>]) -> io::Result<Reply> {
        self.send_command(words)?;
        self.read()
    }

    /// Like [`Conn::call`] for tests of a server that must answer: the value, or a panic.
    pub fn cmd(&mut self, words: &[impl AsRef<[u8]>]) -> Value {
        self.call(words).unwrap_or_else(|error| panic!("no reply: {error}")).value
    }

    /// Sends commands in one write and returns their replies.
    pub fn pipeline(&mut self, commands: &[Vec<Vec<u8>>]) -> io::Result<Vec<Reply>> {
        let bytes: Vec<u8> = commands.iter().flat_map(|words| encode(words)).collect();
        self.send(&bytes)?;
        commands.iter().map(|_| self.read()).collect()
    }

    /// Switches to RESP3 (`HELLO 3`) and returns the server's description of itself.
    pub fn hello3(&mut self) -> Value {
        self.cmd(&["HELLO", "3"])
    }

    /// Everything the server sends until it closes or is silent for `quiet`.
    pub fn drain(&mut self, quiet: Duration) -> Transcript {
        let deadline = Instant::now() + REPLY_TIMEOUT;
        self.stream.set_read_timeout(Some(quiet)).unwrap();
        let mut closed = false;
        while Instant::now() < deadline {
            match self.fill() {
                Ok(0) => closed = true,
                Ok(_) => continue,
                Err(error) if error.kind() == io::ErrorKind::ConnectionReset => closed = true,
                Err(_) => {}
            }
            break;
        }
        self.stream.set_read_timeout(Some(REPLY_TIMEOUT)).unwrap();
        let bytes = self.buffer.split_off(self.taken);
        self.buffer.clear();
        self.taken = 0;
        Transcript { bytes, closed }
    }

    /// Tells the server that no more requests will come.
    pub fn finish(&mut self) {
        // The server may have closed first; that is no failure of the test.
        let _ = self.stream.shutdown(Shutdown::Write);
    }
}
