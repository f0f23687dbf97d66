//! The real driver against real sockets and files: handing sockets over under traffic, connects, order of file operations
//! and their failures, rings that wake each other.

#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use super::*;
use crate::io::{FileEvent, FileId, Files, Open};
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

fn ring(number: usize, wakes: &Arc<Wakes>) -> Uring {
    Uring::new(number, wakes.clone(), WakeBy::RingMessage).unwrap()
}

fn lone_ring() -> Uring {
    ring(0, &Arc::new(Wakes::new(1).unwrap()))
}

/// Turns until `done` says so of all events so far; fails after ten seconds.
fn turn_until(driver: &mut Uring, events: &mut Events, done: impl Fn(&Events) -> bool) {
    let begin = Instant::now();
    while !done(events) {
        assert!(begin.elapsed() < Duration::from_secs(10), "nothing came but {} events", events.len());
        driver.turn(Wait::AtMost(Duration::from_millis(50)), events).unwrap();
    }
}

fn pair() -> (TcpStream, OwnedFd) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let peer = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    (peer, listener.accept().unwrap().0.into())
}

fn bytes_of(events: &Events) -> Vec<u8> {
    let data = |e: &Event<RecvBuf, OwnedFd>| match e {
        Event::Received { data, .. } => data.as_ref().to_vec(),
        _ => Vec::new(),
    };
    events.iter().flat_map(data).collect()
}

fn take_released(events: &mut Events) -> Option<OwnedFd> {
    let at = events.iter().position(|e| matches!(e, Event::Released { .. }))?;
    match events.remove(at) {
        Event::Released { socket, .. } => Some(socket),
        _ => None,
    }
}

/// Numbers as the peers of these tests send them.
fn numbers(from: u32, to: u32) -> Vec<u8> {
    (from..to).flat_map(u32::to_be_bytes).collect()
}

#[test]
fn a_socket_is_handed_to_and_fro_under_traffic_without_loss() {
    const LAST: u32 = 60_000;
    let wakes = Arc::new(Wakes::new(2).unwrap());
    let mut drivers = [ring(0, &wakes), ring(1, &wakes)];
    let (mut peer, socket) = pair();
    peer.set_nodelay(true).unwrap();
    let sender = std::thread::spawn(move || {
        (0..LAST).for_each(|n| peer.write_all(&n.to_be_bytes()).unwrap());
        peer
    });
    let (mut at, mut handovers, mut got) = (0, 0, Vec::new());
    let mut sock = drivers[0].adopt(socket);
    let begin = Instant::now();
    while got.len() < LAST as usize * 4 {
        assert!(begin.elapsed() < Duration::from_secs(30), "{} bytes after {handovers} handovers", got.len());
        let mut events = Vec::new();
        drivers[at].turn(Wait::AtMost(Duration::from_millis(1)), &mut events).unwrap();
        if !bytes_of(&events).is_empty() {
            drivers[at].release(sock);
        }
        let released = take_released(&mut events);
        got.extend(bytes_of(&events));
        if let Some(socket) = released {
            at = 1 - at;
            sock = drivers[at].adopt(socket);
            handovers += 1;
        }
    }
    assert!(got == numbers(0, LAST), "bytes were lost, doubled or moved");
    assert!(handovers > 20, "{handovers}");
    drop(sender.join().unwrap());
    let mut events = Vec::new();
    turn_until(&mut drivers[at], &mut events, |e| {
        e.iter().any(|e| matches!(e, Event::Ended { .. } | Event::Released { .. }))
    });
}

#[test]
fn a_release_waits_for_the_send_and_needs_no_traffic() {
    let mut driver = lone_ring();
    let (mut peer, socket) = pair();
    let sock = driver.adopt(socket);
    let long = vec![b'x'; 8 << 20];
    driver.send(sock, long.clone());
    driver.release(sock);
    let mut events = Vec::new();
    for _ in 0..5 {
        driver.turn(Wait::AtMost(Duration::from_millis(5)), &mut events).unwrap();
    }
    assert!(events.is_empty(), "the peer has not read");
    let reader = std::thread::spawn(move || {
        let mut got = vec![0; 8 << 20];
        peer.read_exact(&mut got).unwrap();
        (peer, got)
    });
    turn_until(&mut driver, &mut events, |e| e.len() == 2);
    assert!(
        matches!(&events[..], [Event::Sent { result: Ok(n), .. }, Event::Released { .. }] if *n == long.len())
    );
    let (mut peer, got) = reader.join().unwrap();
    assert_eq!(got, long);

    // Deaf and silent: given out with the next turn, however long that may wait; an end is seen again.
    let mut sock = driver.adopt(take_released(&mut events).unwrap());
    events.clear();
    driver.hear(sock, false);
    driver.turn(Wait::Never, &mut events).unwrap();
    driver.release(sock);
    let begin = Instant::now();
    driver.turn(Wait::AtMost(Duration::from_secs(20)), &mut events).unwrap();
    assert!(begin.elapsed() < Duration::from_secs(10));
    peer.write_all(b"end").unwrap();
    drop(peer);
    for _ in 0..2 {
        sock = driver.adopt(take_released(&mut events).unwrap());
        turn_until(&mut driver, &mut events, |e| e.iter().any(|e| matches!(e, Event::Ended { .. })));
        driver.release(sock);
        turn_until(&mut driver, &mut events, |e| e.iter().any(|e| matches!(e, Event::Released { .. })));
    }
    assert_eq!(bytes_of(&events), b"end");
    assert_eq!(events.iter().filter(|e| matches!(e, Event::Ended { .. })).count(), 2);
}

#[test]
fn closing_overrules_a_release() {
    let mut driver = lone_ring();
    let (mut peer, socket) = pair();
    let sock = driver.adopt(socket);
    driver.release(sock);
    driver.close(sock);
    let mut events = Vec::new();
    for _ in 0..5 {
        driver.turn(Wait::AtMost(Duration::from_millis(2)), &mut events).unwrap();
    }
    assert!(events.is_empty() && driver.sockets.is_empty());
    assert_eq!(peer.read(&mut [0; 4]).unwrap(), 0);
}

#[test]
fn a_connect_succeeds_is_refused_or_is_given_up() {
    let mut driver = lone_ring();
    let mut events = Vec::new();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let sock = driver.connect(address, Some("127.0.0.2".parse().unwrap()), 300);
    turn_until(&mut driver, &mut events, |e| !e.is_empty());
    assert!(matches!(events.pop(), Some(Event::Connected { sock: s, result: Ok(()) }) if s == sock));
    let (mut peer, from) = listener.accept().unwrap();
    assert_eq!(from.ip().to_string(), "127.0.0.2");
    peer.write_all(b"hello").unwrap();
    turn_until(&mut driver, &mut events, |e| bytes_of(e) == b"hello");
    events.clear();
    driver.send_shared(sock, Bytes::from_static(b"shared bytes").slice(7..));
    turn_until(&mut driver, &mut events, |e| !e.is_empty());
    assert!(matches!(events.pop(), Some(Event::SentShared { result: Ok(5), .. })));
    driver.release(sock);
    turn_until(&mut driver, &mut events, |e| !e.is_empty());
    let socket = take_released(&mut events).unwrap();
    let socket = socket2::SockRef::from(&socket);
    assert!(socket.tcp_nodelay().unwrap() && socket.keepalive().unwrap());
    let mut five = [0; 5];
    peer.read_exact(&mut five).unwrap();
    assert_eq!(&five, b"bytes");

    drop(listener);
    for (to, from) in [(address, None), (address, Some("::1")), (address, Some("192.0.2.1"))] {
        let sock = driver.connect(to, from.map(|f| f.parse().unwrap()), 0);
        turn_until(&mut driver, &mut events, |e| !e.is_empty());
        assert!(matches!(events.pop(), Some(Event::Connected { sock: s, result: Err(_) }) if s == sock));
        driver.close(sock);
    }
    // TEST-NET-1: nobody answers, or the network refuses at once.
    let sock = driver.connect("192.0.2.1:9".parse().unwrap(), None, 0);
    driver.turn(Wait::Never, &mut Vec::new()).unwrap();
    driver.close(sock);
    let begin = Instant::now();
    while !driver.sockets.is_empty() {
        assert!(begin.elapsed() < Duration::from_secs(5), "the connect goes on");
        driver.turn(Wait::AtMost(Duration::from_millis(5)), &mut events).unwrap();
    }
    assert!(events.is_empty());
}

#[test]
fn a_connect_to_a_full_backlog_is_given_up_at_once() {
    let mut driver = lone_ring();
    let listener = Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
    listener.bind(&"127.0.0.1:0".parse::<SocketAddr>().unwrap().into()).unwrap();
    listener.listen(0).unwrap();
    let address = listener.local_addr().unwrap().as_socket().unwrap();
    let socks: Vec<Sock> = (0..4).map(|_| driver.connect(address, None, 0)).collect();
    let mut events = Vec::new();
    for _ in 0..10 {
        driver.turn(Wait::AtMost(Duration::from_millis(5)), &mut events).unwrap();
    }
    assert!(events.len() < socks.len(), "some must hang");
    events.clear();
    socks.into_iter().for_each(|sock| driver.close(sock));
    let begin = Instant::now();
    while !driver.sockets.is_empty() {
        assert!(begin.elapsed() < Duration::from_secs(1));
        driver.turn(Wait::AtMost(Duration::from_millis(5)), &mut events).unwrap();
    }
    assert!(events.is_empty());
}

/// What file events say, in order: `w<bytes>` or `s`, with the error's number if there is one.
fn told(events: &Events) -> Vec<String> {
    let code = |r: &io::Result<()>| match r {
        Ok(()) => String::new(),
        Err(e) => e.raw_os_error().map_or(format!(" {:?}", e.kind()), |code| format!(" {code}")),
    };
    let one = |e: &Event<RecvBuf, OwnedFd>| match e {
        Event::File(FileEvent::Written { bytes, result, .. }) => format!("w{bytes}{}", code(result)),
        Event::File(FileEvent::Synced { result, .. }) => format!("s{}", code(result)),
        _ => "?".into(),
    };
    events.iter().map(one).collect()
}

fn is_synced(events: &Events, times: usize) -> bool {
    events.iter().filter(|e| matches!(e, Event::File(FileEvent::Synced { .. }))).count() >= times
}

#[test]
fn appends_keep_their_order_and_syncs_come_after_them() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("log");
    std::fs::write(&path, b"old").unwrap();
    let mut driver = lone_ring();
    let file = driver.open_file(&path, Open::Create).unwrap();
    let mut expected = Vec::new();
    let mut events = Vec::new();
    for round in 0..20_u32 {
        let part = numbers(round * 1_000, (round + 1) * 1_000);
        expected.extend_from_slice(&part);
        driver.append(file, part);
        driver.sync(file, round % 2 == 0);
    }
    driver.append(file, Vec::new());
    driver.sync(file, false);
    driver.close_file(file);
    turn_until(&mut driver, &mut events, |e| is_synced(e, 21));
    assert_eq!(std::fs::read(&path).unwrap(), expected);
    let (mut written, mut synced) = (0, 0);
    for event in &events {
        match event {
            Event::File(FileEvent::Written { bytes, buffer, result, .. }) => {
                assert!(result.is_ok() && *bytes == buffer.len());
                written += 1;
            }
            Event::File(FileEvent::Synced { result, .. }) => {
                assert!(result.is_ok());
                synced += 1;
                assert!(written >= synced, "sync {synced} before its appends");
            }
            _ => panic!("no file's event"),
        }
    }
    assert_eq!((written, synced), (21, 21));
    driver.turn(Wait::Never, &mut events).unwrap();
    assert!(driver.files.is_empty());
    let file = driver.open_file(&path, Open::Append).unwrap();
    driver.truncate(file, 8).unwrap();
    driver.append(file, b"tail".to_vec());
    driver.sync(file, true);
    turn_until(&mut driver, &mut events, |e| is_synced(e, 22));
    assert_eq!(std::fs::read(&path).unwrap(), [&expected[..8], b"tail"].concat());
}

#[test]
fn a_full_disk_is_a_result_and_stops_what_is_behind() {
    let mut driver = lone_ring();
    let file = driver.open_file(Path::new("/dev/full"), Open::Append).unwrap();
    for part in [&b"first"[..], b"second"] {
        driver.append(file, part.to_vec());
        driver.sync(file, true);
    }
    driver.append(file, b"third".to_vec());
    let mut events = Vec::new();
    turn_until(&mut driver, &mut events, |e| e.len() == 5);
    let (full, cancelled) = (libc::ENOSPC, libc::ECANCELED);
    let behind = format!("{cancelled}");
    assert_eq!(
        told(&events),
        [
            format!("w0 {full}"),
            format!("w0 {behind}"),
            format!("w0 {behind}"),
            format!("s {behind}"),
            format!("s {behind}")
        ]
    );
    // It takes appends again at once.
    events.clear();
    driver.append(file, b"again".to_vec());
    driver.close_file(file);
    turn_until(&mut driver, &mut events, |e| !e.is_empty());
    assert_eq!(told(&events), [format!("w0 {full}")]);
}

#[test]
fn a_write_that_is_cut_short_goes_on_and_its_part_is_told() {
    // The limit of file size cuts the write, as a disk that gets full does. It is the process's, so that a child takes it.
    if std::env::var_os("SHOAL_SHORT_WRITE").is_none() {
        let me = std::env::current_exe().unwrap();
        let test = "io::uring::tests::a_write_that_is_cut_short_goes_on_and_its_part_is_told";
        let mut child = std::process::Command::new(me);
        let outcome =
            child.args([test, "--exact", "--nocapture"]).env("SHOAL_SHORT_WRITE", "1").output().unwrap();
        assert!(outcome.status.success(), "{}", String::from_utf8_lossy(&outcome.stderr));
        return;
    }
    // SAFETY: sets a limit of this process and ignores a signal; both structs are whole.
    unsafe {
        libc::signal(libc::SIGXFSZ, libc::SIG_IGN);
        let limit = libc::rlimit { rlim_cur: 10_000, rlim_max: 10_000 };
        assert_eq!(libc::setrlimit(libc::RLIMIT_FSIZE, &raw const limit), 0);
    }
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("log");
    let mut driver = lone_ring();
    let file = driver.open_file(&path, Open::Append).unwrap();
    let mut events = Vec::new();
    driver.append(file, vec![b'a'; 6_000]);
    driver.sync(file, true);
    driver.append(file, vec![b'b'; 6_000]);
    driver.append(file, vec![b'c'; 10]);
    driver.sync(file, true);
    turn_until(&mut driver, &mut events, |e| e.len() == 5);
    let mut told = told(&events);
    told.sort_unstable();
    let (big, cancelled) = (libc::EFBIG, libc::ECANCELED);
    assert_eq!(
        told,
        [
            "s".into(),
            format!("s {cancelled}"),
            format!("w0 {cancelled}"),
            format!("w4000 {big}"),
            "w6000".into()
        ]
    );
    driver.truncate(file, 6_000).unwrap();
    driver.append(file, vec![b'd'; 10]);
    driver.sync(file, true);
    turn_until(&mut driver, &mut events, |e| is_synced(e, 3));
    assert_eq!(std::fs::read(&path).unwrap(), [vec![b'a'; 6_000], vec![b'd'; 10]].concat());
}

#[test]
fn files_that_cannot_be_used_so_say_so() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("read");
    std::fs::write(&path, b"0123456789").unwrap();
    let mut driver = lone_ring();
    let file = driver.open_file(&path, Open::Read).unwrap();
    driver.append(file, b"no".to_vec());
    let mut events = Vec::new();
    turn_until(&mut driver, &mut events, |e| !e.is_empty());
    assert_eq!(told(&events), [format!("w0 {}", libc::EBADF)]);
    let mut four = [0; 4];
    assert_eq!((driver.read_at(file, 3, &mut four).unwrap(), &four), (4, b"3456"));
    assert_eq!(driver.read_at(file, 8, &mut four).unwrap(), 2);
    driver.close_file(file);
    assert_eq!(driver.truncate(file, 0).unwrap_err().raw_os_error(), Some(libc::EBADF));
    assert_eq!(driver.truncate(FileId(77), 0).unwrap_err().raw_os_error(), Some(libc::EBADF));
    let missing = dir.path().join("none/log");
    assert_eq!(driver.open_file(&missing, Open::Append).unwrap_err().kind(), io::ErrorKind::NotFound);
    assert_eq!(driver.read_file(&path, 9).unwrap_err().kind(), io::ErrorKind::FileTooLarge);
    assert_eq!(driver.read_file(&path, 10).unwrap(), b"0123456789");
}

#[test]
fn names_are_made_moved_listed_and_removed() {
    let dir = tempfile::tempdir().unwrap();
    let mut driver = lone_ring();
    let sub = dir.path().join("appendonlydir");
    driver.create_dir(&sub).unwrap();
    driver.create_dir(&sub).unwrap();
    for name in ["b", "a"] {
        std::fs::write(sub.join(name), name).unwrap();
    }
    assert_eq!(driver.list_dir(&sub).unwrap(), ["a", "b"]);
    driver.rename(&sub.join("a"), &sub.join("b")).unwrap();
    driver.sync_dir(&sub).unwrap();
    assert_eq!(driver.list_dir(&sub).unwrap(), ["b"]);
    assert_eq!(
        (driver.read_file(&sub.join("b"), 9).unwrap(), driver.file_len(&sub.join("b")).unwrap()),
        (b"a".to_vec(), 1)
    );
    driver.remove(&sub.join("b")).unwrap();
    assert_eq!(driver.remove(&sub.join("b")).unwrap_err().kind(), io::ErrorKind::NotFound);
    assert_eq!(driver.file_len(&sub.join("b")).unwrap_err().kind(), io::ErrorKind::NotFound);
    assert!(driver.rename(&sub.join("b"), &sub.join("c")).is_err());
    assert!(driver.create_dir(&dir.path().join("x/y")).is_err());
    driver.turn(Wait::AtMost(Duration::from_millis(20)), &mut Vec::new()).unwrap();
}

#[test]
fn descriptors_of_files_are_closed_behind() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("f");
    let mut driver = lone_ring();
    let open = || {
        let of_it = |e: std::fs::DirEntry| std::fs::read_link(e.path()).is_ok_and(|to| to.starts_with(&path));
        std::fs::read_dir("/proc/self/fd")
            .unwrap()
            .flatten()
            .filter(|e| std::fs::read_link(e.path()).is_ok())
            .any(of_it)
    };
    for _ in 0..50 {
        let file = driver.open_file(&path, Open::Append).unwrap();
        driver.append(file, b"x".to_vec());
        driver.close_file(file);
        driver.rename(&path, &path).unwrap();
    }
    assert!(open());
    let begin = Instant::now();
    while open() || !driver.files.is_empty() {
        assert!(begin.elapsed() < Duration::from_secs(5));
        driver.turn(Wait::AtMost(Duration::from_millis(5)), &mut Vec::new()).unwrap();
    }
    assert_eq!(std::fs::metadata(&path).unwrap().len(), 50);
}

#[test]
fn a_dropped_driver_finishes_its_files_and_lets_go_of_its_sockets() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("log");
    let wakes = Arc::new(Wakes::new(1).unwrap());
    let mut driver = ring(0, &wakes);
    let (mut peer, socket) = pair();
    let sock = driver.adopt(socket);
    driver.send(sock, vec![1; 16 << 20]);
    let file = driver.open_file(&path, Open::Append).unwrap();
    (0..50_u32).for_each(|n| driver.append(file, numbers(n * 100, n * 100 + 100)));
    driver.turn(Wait::Never, &mut Vec::new()).unwrap();
    let begin = Instant::now();
    drop(driver);
    assert!(begin.elapsed() < PARTING / 2);
    assert_eq!(std::fs::read(&path).unwrap(), numbers(0, 5_000));
    assert!(wakes.ring_fd(0).is_none());
    // The kernel no longer reads the buffer: the peer finds the end of what it had taken.
    let mut got = Vec::new();
    let _ = peer.read_to_end(&mut got);
    assert!(got.len() < 16 << 20 && got.iter().all(|&byte| byte == 1));
}

#[test]
fn shards_wake_the_ring_behind_them_and_it_wakes_them() {
    const LONG: Duration = Duration::from_secs(10);
    let wakes = Arc::new(Wakes::new(3).unwrap());
    let given = Arc::new([AtomicBool::new(false), AtomicBool::new(false)]);
    let barrier = Arc::new(std::sync::Barrier::new(2));
    /// Sleeps until what it waits for is there; says how long it took.
    fn sleep(driver: &mut Uring, wakes: &Wakes, me: usize, given: &AtomicBool) -> Duration {
        let begin = Instant::now();
        while !given.load(Ordering::Acquire) && begin.elapsed() < LONG {
            wakes.announce_sleep(me);
            let wait = if given.load(Ordering::Acquire) { Wait::Never } else { Wait::AtMost(LONG) };
            driver.turn(wait, &mut Vec::new()).unwrap();
            wakes.awake(me);
        }
        begin.elapsed()
    }
    let (theirs, token, gate) = (wakes.clone(), given.clone(), barrier.clone());
    let log = std::thread::spawn(move || {
        let mut driver = ring(2, &theirs);
        gate.wait();
        let slept = sleep(&mut driver, &theirs, 2, &token[0]);
        std::thread::sleep(Duration::from_millis(20));
        token[1].store(true, Ordering::Release);
        driver.wake(0);
        driver.turn(Wait::Never, &mut Vec::new()).unwrap();
        slept
    });
    let mut driver = ring(0, &wakes);
    barrier.wait();
    assert!(wakes.ring_fd(2).is_some());
    std::thread::sleep(Duration::from_millis(20));
    given[0].store(true, Ordering::Release);
    driver.wake(2);
    driver.turn(Wait::Never, &mut Vec::new()).unwrap();
    let slept = sleep(&mut driver, &wakes, 0, &given[1]);
    assert!(slept < LONG / 2 && log.join().unwrap() < LONG / 2);
}
