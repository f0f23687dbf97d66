//! Starts that fail: one message that names the cause, exit code 1.

use crate::instance::Place;
use std::net::TcpListener;
use std::process::Command;

/// Runs with `args`, which must fail, and checks what is said.
#[track_caller]
fn check(place: Place, args: &[&str], says: &[&str]) {
    let (code, text) = place.run(args);
    assert_eq!(code, Some(1), "{args:?}: {text}");
    for part in says {
        assert_eq!(text.matches(part).count(), 1, "{args:?} does not say once {part:?}:\n{text}");
    }
}

#[test]
fn bad_configurations_are_named_with_line_and_reason() {
    for (line, reason) in [
        ("bogus 1", "Bad directive or wrong number of arguments"),
        ("timeout abc", "argument couldn't be parsed into an integer"),
        ("maxmemory-policy nothing", "argument(s) must be one of the following"),
        ("shards 257", "argument must be between 0 and 255 inclusive"),
        ("dir /nonexistent", "No such file or directory"),
        ("requirepass \"open", "Unbalanced quotes in configuration line"),
        ("rename-command NOSUCH x", "No such command in rename-command"),
        ("logfile /nonexistent/log", "Can't open the log file: No such file or directory"),
    ] {
        let place = Place::new();
        let file = place.file("redis.conf", &format!("# a comment\n{line}\n"));
        check(place, &[&file], &["*** FATAL CONFIG FILE ERROR (Redis 7.2.4) ***", reason]);
    }
    let place = Place::new();
    let file = place.name("none.conf");
    check(place, &[&file], &["Fatal error, can't open config file", "none.conf': No such file or directory"]);
}

#[test]
fn a_port_in_use_is_named() {
    let place = Place::new();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let pidfile = place.file("p.pid", "of another server\n");
    let text = format!(
        "Could not create server TCP listening socket 127.0.0.1:{port}: bind: Address already in use"
    );
    check(place, &["--port", &port, "--bind", "127.0.0.1", "--pidfile", &pidfile], &[&text]);
}

#[test]
fn a_failed_start_leaves_the_pid_file_of_another_server() {
    let place = Place::new();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    place.file("p.pid", "of another server\n");
    let mut instance = place.spawn(&["--port", &port, "--bind", "127.0.0.1", "--pidfile", "p.pid"]);
    assert_eq!(instance.wait().code(), Some(1));
    assert_eq!(std::fs::read_to_string(instance.place.path("p.pid")).unwrap(), "of another server\n");
}

#[test]
fn sockets_that_cannot_be_opened_are_named() {
    let place = Place::new();
    let port = place.port.to_string();
    check(
        place,
        &["--port", &port, "--bind", "127.0.0.1", "--unixsocket", "/nonexistent/s"],
        &["Failed opening Unix socket: bind: No such file or directory"],
    );
    check(Place::new(), &["--port", "0"], &["Configured to not listen anywhere, exiting."]);
    check(Place::new(), &["--bind", "192.0.2.1"], &["192.0.2.1:6379: bind: Cannot assign requested address"]);
}

#[test]
fn a_pid_file_that_cannot_be_written_is_a_warning() {
    let instance = Place::new().serve(&["--pidfile", "/nonexistent/p.pid"]);
    instance.until_said("Failed to write PID file: No such file or directory");
}

/// A shell that lowers a limit for good and then becomes the program.
fn limited(limit: &str) -> Place {
    let mut place = Place::new();
    place.wrapper = ["sh", "-c", &format!("ulimit {limit} && exec \"$0\" \"$@\"")].map(String::from).to_vec();
    place
}

/// Whether this process may raise limits again (CAP_SYS_RESOURCE), as a privileged container's root: then nothing fails.
fn may_raise_limits() -> bool {
    let raised = Command::new("sh").args(["-c", "ulimit -l 64 && ulimit -l 128"]).output().unwrap();
    raised.status.success()
}

#[test]
fn too_low_limits_are_named_with_the_cure() {
    if may_raise_limits() {
        println!("skipped: this process may raise its limits");
        return;
    }
    check(limited("-n 40"), &["--port", "0"], &["'ulimit -n' of 40 is not enough", "at least 10"]);
    check(limited("-l 64"), &["--port", "0"], &["limit on locked memory is 64 KiB", "'ulimit -l 512'"]);
}

/// Without io_uring (a container's seccomp profile) the message names it and what to allow.
#[test]
fn a_refused_io_uring_is_named_with_the_cure() {
    // A classic BPF program: system call 425, io_uring_setup, fails with EPERM, others pass.
    const FILTER: &str = "\
import ctypes as c, os, struct, sys
code = b''.join(struct.pack('HBBI', *i) for i in [(0x20,0,0,0),(0x15,0,1,425),(6,0,0,0x50001),(6,0,0,0x7fff0000)])
class Program(c.Structure): _fields_ = [('len', c.c_ushort), ('filter', c.c_char_p)]
libc = c.CDLL(None)
assert libc.prctl(38, 1, 0, 0, 0) == 0 and libc.prctl(22, 2, c.byref(Program(4, code)), 0, 0) == 0
os.execv(sys.argv[1], sys.argv[1:])";
    if Command::new("python3").args(["-c", "import ctypes"]).output().is_err() {
        println!("skipped: no python3 to install a seccomp filter");
        return;
    }
    let mut place = Place::new();
    place.wrapper = ["python3", "-c", FILTER].map(String::from).to_vec();
    let port = place.port.to_string();
    check(
        place,
        &["--port", &port, "--bind", "127.0.0.1", "--shards", "1"],
        &["io_uring is refused here (Operation not permitted", "kernel.io_uring_disabled=0", "seccomp"],
    );
}
