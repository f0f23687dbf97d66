//! The end: SHUTDOWN and signals, their log lines and exit codes.

use crate::instance::{Instance, Place, set};
use std::time::{Duration, Instant};

/// Checks that each line was logged exactly once, in this order.
fn check_lines(instance: &Instance, lines: &[&str]) {
    let said = instance.output();
    let mut last = 0;
    for line in lines {
        assert_eq!(said.matches(line).count(), 1, "{line}:\n{said}");
        let at = said.find(line).unwrap();
        assert!(at >= last, "{line} came early:\n{said}");
        last = at;
    }
}

const BYE: &str = "Redis is now ready to exit, bye bye...";

#[test]
fn signals_end_the_server_in_order() {
    for (signal, line) in [("TERM", "Received SIGTERM scheduling"), ("INT", "Received SIGINT scheduling")] {
        let mut instance = Place::new().serve(&["--pidfile", "p.pid"]);
        instance.signal(signal);
        assert_eq!(instance.wait().code(), Some(0));
        check_lines(&instance, &[line, "User requested shutdown...", "Removing the pid file.", BYE]);
        assert!(!instance.place.path("p.pid").exists());
    }
}

#[test]
fn shutdown_closes_the_connection_without_a_reply_and_at_once() {
    let mut instance = Place::new().serve(&[]);
    let mut conn = instance.connect();
    let start = Instant::now();
    conn.send_command(&["SHUTDOWN", "NOSAVE"]).unwrap();
    let transcript = conn.drain(Duration::from_secs(5));
    assert!(transcript.closed && transcript.bytes.is_empty(), "{transcript:?}");
    assert_eq!(instance.wait().code(), Some(0));
    let took = start.elapsed();
    // 100 ms until the control core looks, and a shared machine.
    assert!(took < Duration::from_millis(1000), "{took:?}");
    check_lines(&instance, &["User requested shutdown...", BYE]);
}

#[test]
fn a_second_sigint_does_not_wait() {
    let mut instance = Place::new().serve(&[]);
    // Replies that nobody reads keep the shards from ending for a while.
    let mut deaf = instance.connect();
    deaf.cmd(&["SET", "k", &"x".repeat(1 << 20)]);
    for _ in 0..64 {
        deaf.send_command(&["GET", "k"]).unwrap();
    }
    instance.signal("INT");
    instance.until_said("Received SIGINT scheduling shutdown...");
    instance.signal("INT");
    assert_eq!(instance.wait().code(), Some(1), "{}", instance.output());
    check_lines(&instance, &["Received SIGINT scheduling shutdown...", "You insist... exiting now."]);
}

#[test]
fn a_signal_that_must_save_does_not_end_what_cannot_be_saved() {
    let mut instance = Place::new().serve(&["--shutdown-on-sigterm", "save"]);
    // No file can be made under the name of a directory, whoever tries.
    std::fs::create_dir(instance.place.path(&format!("temp-{}.rdb", instance.child.id()))).unwrap();
    instance.signal("TERM");
    instance.until_said("Errors trying to shut down the server.");
    let mut conn = instance.connect();
    assert_eq!(conn.call(&["PING"]).unwrap().raw, b"+PONG\r\n");
    set(&mut conn, "shutdown-on-sigterm", "save force");
    instance.signal("TERM");
    assert_eq!(instance.wait().code(), Some(0));
}
