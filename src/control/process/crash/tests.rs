//! Each test starts this test program again as a child that dies on purpose, and reads what it left behind.
#![allow(clippy::unwrap_used)]

use std::os::unix::process::ExitStatusExt;
use std::process::{Command, Output};

use super::*;
use crate::base::sys::{process, signal};
use crate::control::process::signals::Shutdown;
use crate::observe::log;

/// Names the death that a child is to die.
const DEATH: &str = "SHOAL_TEST_DEATH";

/// Not a test of its own: what the children run.
#[test]
fn child() {
    let Ok(death) = std::env::var(DEATH) else { return };
    let _ = process::set_dumpable(false);
    log::set_role(log::Role::Sentinel);
    match death.as_str() {
        "segfault" => {
            install("7.2.4", true).unwrap();
            crash::segfault();
        }
        "abort" => {
            install("7.2.4", true).unwrap();
            std::process::abort();
        }
        "overflow" => {
            install("7.2.4", true).unwrap();
            std::hint::black_box(overflow(1));
        }
        "panic" => {
            install("7.2.4", true).unwrap();
            let _ = panic::catch_unwind(|| panic!("out of ideas"));
            std::process::abort();
        }
        "disabled" => {
            install("7.2.4", false).unwrap();
            crash::segfault();
        }
        "insist" => {
            let shutdown = Shutdown::install().unwrap();
            shutdown.listen().unwrap();
            signal::raise(libc::SIGINT).unwrap();
            signal::raise(libc::SIGINT).unwrap();
        }
        other => panic!("unknown death {other}"),
    }
}

#[expect(unconditional_recursion, reason = "to overflow the stack")]
fn overflow(depth: u64) -> u64 {
    let room = std::hint::black_box([depth; 64]);
    overflow(depth + 1) + room[0]
}

fn die(death: &str) -> (Output, String) {
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "control::process::crash::tests::child", "--nocapture"])
        .env(DEATH, death)
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    (output, text)
}

#[track_caller]
fn check_report(text: &str, parts: &[&str]) {
    for part in [crash::REPORT_START.trim(), "STACK TRACE", crash::REPORT_END.trim()].iter().chain(parts) {
        assert_eq!(text.matches(part).count(), 1, "{part} in {text}");
    }
}

#[test]
fn a_segfault_leaves_a_report_and_its_signal() {
    let (output, text) = die("segfault");
    assert_eq!(output.status.signal(), Some(libc::SIGSEGV), "{text}");
    check_report(&text, &["# Redis 7.2.4 crashed by signal: 11, si_code: 1", "Accessing address: 0x10\n"]);
    assert!(text.contains(":X ") && text.contains("Crashed running the instruction at: 0x"), "{text}");
}

#[test]
fn an_overflow_of_the_stack_leaves_a_report() {
    let (output, text) = die("overflow");
    assert_eq!(output.status.signal(), Some(libc::SIGSEGV), "{text}");
    check_report(&text, &["crashed by signal: 11"]);
}

#[test]
fn an_abort_leaves_a_report() {
    let (output, text) = die("abort");
    assert_eq!(output.status.signal(), Some(libc::SIGABRT), "{text}");
    check_report(&text, &["crashed by signal: 6"]);
}

#[test]
fn a_panic_leaves_one_report_though_it_aborts() {
    let (output, text) = die("panic");
    assert_eq!(output.status.signal(), Some(libc::SIGABRT), "{text}");
    check_report(&text, &["Guru Meditation: out of ideas #src/control/process/crash/tests.rs:"]);
    assert!(!text.contains("crashed by signal"), "{text}");
}

#[test]
fn no_report_where_it_is_disabled() {
    let (output, text) = die("disabled");
    assert_eq!(output.status.signal(), Some(libc::SIGSEGV));
    assert!(!text.contains("BUG REPORT"), "{text}");
}

#[test]
fn a_second_sigint_ends_the_process_at_once() {
    let (output, text) = die("insist");
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert!(
        text.contains(":signal-handler (") && text.contains(") Received SIGINT scheduling shutdown..."),
        "{text}"
    );
    assert!(text.contains(") You insist... exiting now."), "{text}");
}
