//! Requests that break the protocol: the bytes sent back and whether the connection closes must be Redis's.

use crate::support::conn::Transcript;
use crate::support::{Conn, Rng, Server, encode, env_number, quote, seed};
use std::time::Duration;

/// A server that has been silent for so long has said all it will.
const QUIET: Duration = Duration::from_millis(150);

/// Connections tried at the same time: they mostly wait for silence.
const PARALLEL: usize = 16;

/// Requests written down by hand, each for a fresh connection of a server with default limits.
fn fixed() -> Vec<Vec<u8>> {
    let mut all: Vec<Vec<u8>> = [
        // Multibulk counts.
        "*\r\n",
        "*x\r\n",
        "*-1\r\n+\r\nPING\r\n",
        "*0\r\nPING\r\n",
        "*-10\r\nPING\r\n",
        "*1048577\r\n",
        "*2147483647\r\n",
        "*1048576\r\n",
        "*99999999999999999999\r\n",
        "* 1\r\n$4\r\nPING\r\n",
        "*1 \r\n$4\r\nPING\r\n",
        "*+1\r\n$4\r\nPING\r\n",
        "*01\r\n$4\r\nPING\r\n",
        "*1\n$4\r\nPING\r\n",
        "*1\r$4\r\nPING\r\n",
        "*-0\r\nPING\r\n",
        "*1x\r\n$4\r\nPING\r\n",
        // Bulk lengths.
        "*1\r\n",
        "*1\r\n$\r\n",
        "*1\r\n$-1\r\n",
        "*1\r\n$abc\r\n",
        "*1\r\n4\r\nPING\r\n",
        "*1\r\n+PING\r\n",
        "*1\r\n:1\r\n",
        "*1\r\n$536870913\r\n",
        "*1\r\n$9223372036854775807\r\n",
        "*1\r\n$ 4\r\nPING\r\n",
        "*1\r\n$4 \r\nPING\r\n",
        "*1\r\n$04\r\nPING\r\n",
        "*1\r\n$4\r\nPINGxx*1\r\n$4\r\nPING\r\n",
        "*1\r\n$4\nPING\r\n",
        "*1\r\n$0\r\n\r\n",
        "*2\r\n$4\r\nECHO\r\n$0\r\n\r\n",
        "*1\r\n$5\r\nPING\r\n",
        "*1\r\n$3\r\nPING\r\nPING\r\n",
        "*2\r\n$4\r\nECHO\r\n",
        "*1\r\n*1\r\n$4\r\nPING\r\n",
        "*1\r\n\r\n",
        "*1\r\n$4\r\nPING\r\n*1\r\n$x\r\n",
        "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$-5\r\nabc\r\n",
        // Inline commands.
        "PING\r\n",
        "PING\n",
        "ping\r\n",
        "\r\n",
        "\r\n\r\nPING\r\n",
        "\n\n\nPING\r\n",
        "   \r\nPING\r\n",
        "  PING  \r\n",
        "\tPING\t\r\n",
        "PING\r\r\n",
        "PING \"hello world\"\r\n",
        "PING 'hello world'\r\n",
        "PING \"a\\x41\\n\\\"\\\\\"\r\n",
        "PING 'a\\'b'\r\n",
        "PING 'a\\nb'\r\n",
        "PING \"unbalanced\r\nPING\r\n",
        "PING 'unbalanced\r\n",
        "PING \"a\"b\r\n",
        "PING 'a'b\r\n",
        "PING a\"b\"\r\n",
        "PING a'b c'd\r\n",
        "PING \"\"\r\n",
        "PING ''\r\n",
        "ECHO \"\\xff\\x0g\\xZZ\"\r\n",
        "ECHO \"\\a\\b\\t\\q\"\r\n",
        "ECHO\r\n",
        "\"PING\"\r\n",
        "$4\r\nPING\r\n",
        "+PING\r\n",
        "PING a b\r\n",
        "GET a b c\r\n",
        "nosuch a 'b c' \"d\\n\"\r\n",
        "PI\0NG\r\n",
        "PING a\0b\r\n",
        "\0\r\n",
        "'\r\n",
        "\"\r\n",
        "\"\"\r\n",
        "PING \"\\\r\n",
        "SELECT 1\r\nSELECT 16\r\nPING\r\n",
        "QUIT\r\nPING\r\n",
        "QUIT a\r\nPING\r\n",
        "PING\r\n*x\r\nPING\r\n",
        "MULTI\r\nbad\r\nEXEC\r\n",
        "MULTI\r\n*x\r\n",
        "MULTI\r\nGET\r\nPING\r\nEXEC\r\nEXEC\r\n",
        "MULTI\r\nQUIT\r\nPING\r\n",
        "HELLO 3\r\n*x\r\n",
        "MULTI\r\nMULTI\r\nWATCH a\r\nEXEC\r\n",
        "RESET\r\n",
        "MULTI\r\nRESET\r\nEXEC\r\n",
        // HTTP and other strangers: refused without a word (Redis: networking.c securityWarningCommand).
        "POST / HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\n\r\nPING\r\n",
        "Host: a\r\nPING\r\n",
        // Limits that are reached without sending much.
        "SETBIT k 4294967295 x\r\n",
        "SETBIT k 4294967296 1\r\n",
        "SETRANGE k 536870912 x\r\n",
        "SETRANGE k 536870911 xy\r\n",
        "SETRANGE k 9223372036854775807 x\r\n",
        "SETRANGE k 536870912 \"\"\r\n",
        "BITFIELD k SET u8 4294967296 1\r\n",
        "BITFIELD k SET u8 #536870912 1\r\n",
        "BITFIELD k GET u8 4294967288\r\n",
        "BITFIELD k GET u8 4294967289\r\n",
        "GETBIT k 4294967295\r\n",
        "GETBIT k 4294967296\r\n",
    ]
    .iter()
    .map(|text| text.as_bytes().to_vec())
    .collect();
    let long = |len: usize| vec![b'a'; len];
    // PROTO_INLINE_MAX_SIZE is 64 KiB, with and without the line's end in sight.
    for len in [65_000, 65_530, 65_536, 65_537, 70_000, 200_000] {
        all.push(long(len));
        all.push([&long(len)[..], b"\r\nPING\r\n"].concat());
        all.push([&b"*"[..], &long(len)].concat());
        all.push([&b"*1\r\n$"[..], &long(len)].concat());
        all.push([&b"PING "[..], &long(len - 7), b"\r\n"].concat());
    }
    all.push(encode(&[&b"ECHO"[..], &long(100_000)]));
    all.push([&b"*"[..], &b"0".repeat(40_000), b"\r\nPING\r\n"].concat());
    all
}

/// A few commands with a byte or two changed, dropped, doubled or exchanged.
fn mutated(rng: &mut Rng) -> Vec<u8> {
    // No key that is read can be written, mutated or not: requests run side by side.
    const WORDS: &[&[&str]] = &[
        &["PING"],
        &["PING", "good day"],
        &["ECHO", "how are you"],
        &["SET", "written", "value"],
        &["GET", "read"],
        &["MGET", "r", "s", "t"],
        &["ECHO", "\r\n$3\r\n*1\r\n"],
    ];
    let mut bytes = Vec::new();
    for _ in 0..rng.range(1, 4) {
        bytes.extend(encode(WORDS[rng.index(WORDS.len())]));
    }
    for _ in 0..rng.range(1, 3) {
        let at = rng.index(bytes.len());
        let byte = *rng.pick(b"*$\r\n0123456789-+: \"'aGP\0\xff");
        match rng.below(4) {
            0 => bytes[at] = byte,
            1 => bytes.insert(at, byte),
            2 => bytes.truncate(at + 1),
            _ => {
                let end = (at + 1 + rng.index(6)).min(bytes.len());
                let part = bytes[at..end].to_vec();
                if rng.percent(50) {
                    bytes.splice(at..at, part);
                } else if part.len() < bytes.len() {
                    bytes.drain(at..end);
                }
            }
        }
    }
    bytes
}

fn answer(server: &Server, request: &[u8]) -> Transcript {
    let mut conn: Conn = server.connect();
    // A server that closes early makes the rest of the write fail; what it said is still to be read.
    let _ = conn.send(request);
    conn.drain(QUIET)
}

/// What of an answer is compared: HELLO names its server's version and a connection id.
fn comparable(request: &[u8], answer: &Transcript) -> Transcript {
    if !request.starts_with(b"HELLO") {
        return answer.clone();
    }
    let tail = answer.bytes.len().saturating_sub(60);
    Transcript { bytes: answer.bytes[tail..].to_vec(), closed: answer.closed }
}

/// Sends every request to the oracle and to the tested server with one and with four shards.
pub fn compare_all() {
    let seed = seed();
    println!("malformed requests: SEED={seed}");
    let mut rng = Rng::new(seed);
    let mut requests = fixed();
    requests.extend((0..env_number("MUTATIONS", 400)).map(|_| mutated(&mut rng)));
    let oracle = Server::oracle(&[]);
    let tested = [Server::tested(1, &[]), Server::tested(4, &[])];
    let next = std::sync::atomic::AtomicUsize::new(0);
    let failures = std::sync::Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..PARALLEL {
            scope.spawn(|| {
                loop {
                    let at = next.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                    let Some(request) = requests.get(at) else { return };
                    let expected = comparable(request, &answer(&oracle, request));
                    for server in &tested {
                        let mut got = comparable(request, &answer(server, request));
                        if got != expected {
                            // On a busy machine silence may have come too early: ask both again.
                            let expected = comparable(request, &answer(&oracle, request));
                            got = comparable(request, &answer(server, request));
                            if got != expected {
                                failures.lock().unwrap().push(failure(server, request, &expected, &got));
                            }
                        }
                    }
                }
            });
        }
    });
    let failures = failures.into_inner().unwrap();
    let count = failures.len();
    let shown = failures.into_iter().take(20).collect::<String>();
    assert!(count == 0, "SEED={seed}: {count} malformed request(s) answered unlike Redis:\n{shown}");
    println!("malformed requests: {} sent, all answered alike", requests.len());
}

fn failure(server: &Server, request: &[u8], expected: &Transcript, got: &Transcript) -> String {
    format!(
        "{}\n  request: {}\n  redis: {} closed={}\n  shoal: {} closed={}\n",
        server.name(),
        quote(request),
        quote(&expected.bytes),
        expected.closed,
        quote(&got.bytes),
        got.closed
    )
}
