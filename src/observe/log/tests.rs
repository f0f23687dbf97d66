//! The line format, and a file log from its creation over a rotation to its failure.
#![allow(clippy::unwrap_used)]

use std::sync::{Mutex, MutexGuard, PoisonError};

use super::*;

/// The logger is one per process: tests that configure it take turns.
fn exclusive() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

fn to_file(level: Level, file: &std::path::Path) -> Settings {
    Settings { level, file: Some(file.to_owned()), ..Settings::default() }
}

/// The lines of this module in `file`, without what other tests logged meanwhile.
fn own_lines(file: &std::path::Path) -> Vec<String> {
    let text = String::from_utf8_lossy(&std::fs::read(file).unwrap()).into_owned();
    text.lines().filter(|line| line.contains("own ")).map(str::to_owned).collect()
}

#[test]
fn a_line_has_the_form_of_redis() {
    let line = String::from_utf8(format_line(Level::Notice, 1_700_000_000_042, b"hello")).unwrap();
    let (prefix, rest) = line.split_once(' ').unwrap();
    let (pid, role) = prefix.split_once(':').unwrap();
    assert_eq!(pid, std::process::id().to_string());
    assert!("MSX".contains(role));
    // 14 or 15 November 2023, depending on the time zone.
    assert!(rest.contains(" Nov 2023 "), "{line}");
    assert!(rest.ends_with(".042 * hello\n"), "{line}");
}

#[test]
fn levels_have_names_letters_and_an_order() {
    for level in Level::ALL {
        assert_eq!(Level::from_name(level.name().to_uppercase().as_bytes()), Some(level));
    }
    assert_eq!(Level::from_name(b"loud"), None);
    assert!(Level::ALL.is_sorted());
    let letters: Vec<u8> = Level::ALL[..4].iter().map(|l| l.letter()).collect();
    assert_eq!(letters, b".-*#");
}

#[test]
fn facilities_have_the_names_of_redis_conf() {
    assert_eq!(syslog_facility(b"LOCAL7"), Some(libc::LOG_LOCAL7));
    assert_eq!(syslog_facility(b"user"), Some(libc::LOG_USER));
    assert_eq!(syslog_facility(b"local8"), None);
    assert_eq!(syslog_facility(b"daemon"), None);
}

#[test]
fn a_file_gets_the_lines_that_pass_and_survives_rotation() {
    let _turn = exclusive();
    let dir = tempfile::tempdir().unwrap();
    let (file, rotated) = (dir.path().join("log"), dir.path().join("log.1"));
    configure(to_file(Level::Verbose, &file));
    crate::log!(Debug, "own {}", 1);
    crate::log!(Verbose, "own {}", 2);
    crate::log!(Warning, "own {}", 3);
    write_raw(Level::Notice, b"own raw\n");
    std::fs::rename(&file, &rotated).unwrap();
    notice("own 4");
    configure(to_file(Level::Nothing, &file));
    warning("own 5");
    configure(Settings::default());
    let first = own_lines(&rotated);
    assert_eq!(first.len(), 3, "{first:?}");
    assert!(first[0].ends_with(" - own 2") && first[1].ends_with(" # own 3") && first[2] == "own raw");
    assert_eq!(own_lines(&file).len(), 1);
}

#[test]
fn threads_do_not_tear_each_others_lines() {
    let _turn = exclusive();
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("log");
    configure(to_file(Level::Notice, &file));
    std::thread::scope(|scope| {
        for thread in 0..4 {
            scope.spawn(move || {
                (0..200).for_each(|i| crate::log!(Notice, "own {thread} {i} {}", "x".repeat(500)))
            });
        }
    });
    configure(Settings::default());
    let lines = own_lines(&file);
    assert_eq!(lines.len(), 800);
    assert!(lines.iter().all(|line| line.ends_with(&"x".repeat(500)) && line.matches("own").count() == 1));
}

#[test]
fn a_failing_file_or_a_fifo_without_reader_does_not_stop_the_server() {
    let _turn = exclusive();
    let dir = tempfile::tempdir().unwrap();
    let missing = dir.path().join("no/such/dir/log");
    assert!(check_file(&missing).is_err());
    configure(to_file(Level::Notice, &missing));
    notice("own lost");
    assert!(FILE_FAILED.load(Relaxed));
    configure(Settings::default());
    assert!(!FILE_FAILED.load(Relaxed));
}

#[test]
fn long_messages_are_cut() {
    let _turn = exclusive();
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("log");
    configure(to_file(Level::Notice, &file));
    crate::log!(Notice, "own {}", "y".repeat(5_000));
    configure(Settings::default());
    assert!(own_lines(&file)[0].len() < MAX_MESSAGE_LEN + 80);
}

#[test]
fn a_stalled_reader_costs_lines_and_learns_how_many() {
    use std::io::Read;
    let _turn = exclusive();
    let (mut reader, writer) = io::pipe().unwrap();
    while fd::writable_within(writer.as_fd(), 0) {
        (&writer).write_all(&[b'.'; 4_096]).unwrap();
    }
    LOST.store(0, Relaxed);
    let start = std::time::Instant::now();
    put_to_stream(&writer, b"one\n");
    put_to_stream(&writer, b"two\n");
    assert!(start.elapsed() < std::time::Duration::from_secs(1));
    let mut stale = vec![0; 8_192];
    reader.read_exact(&mut stale).unwrap();
    put_to_stream(&writer, b"three\n");
    drop(writer);
    let mut rest = String::new();
    reader.read_to_string(&mut rest).unwrap();
    assert!(
        rest.ends_with("# 2 log lines were lost: standard output took no data\nthree\n"),
        "{}",
        rest.trim_matches('.')
    );
}
