//! CONFIG SET of what lies outside the data.

use crate::instance::{Place, refused, set, setting};
use std::net::TcpStream;
use std::time::{Duration, Instant};

#[test]
fn dir_is_obeyed_at_the_start_and_later() {
    let place = Place::new();
    std::fs::create_dir_all(place.path("a/b")).unwrap();
    let (a, b) = (place.path("a").canonicalize().unwrap(), place.path("a/b").canonicalize().unwrap());
    let instance = place.serve(&["--dir", "a", "--pidfile", "x.pid", "--enable-protected-configs", "yes"]);
    let cwd = || std::fs::read_link(format!("/proc/{}/cwd", instance.child.id())).unwrap();
    assert_eq!(cwd(), a);
    assert!(a.join("x.pid").exists(), "a relative path starts at dir");
    let mut conn = instance.connect();
    set(&mut conn, "dir", "b");
    assert_eq!(cwd(), b);
    assert_eq!(setting(&mut conn, "dir"), b.to_str().unwrap());
    let error = refused(&mut conn, "dir", "none");
    assert!(error.contains("'dir') - No such file or directory"), "{error}");
    // What was applied is taken back when another setting of the same command is refused.
    let reply = conn.call(&["CONFIG", "SET", "dir", a.to_str().unwrap(), "bind", "192.0.2.1"]).unwrap();
    assert!(reply.value.is_error());
    assert_eq!(cwd(), b);
}

#[test]
fn the_limit_of_clients_follows_and_knows_the_descriptors() {
    let instance = Place::new().serve(&["--maxclients", "50"]);
    let mut conn = instance.connect();
    let error = refused(&mut conn, "maxclients", "4294967295");
    assert!(error.contains("not able to handle the specified number of clients, try with "), "{error}");
    assert_eq!(setting(&mut conn, "maxclients"), "50");
    set(&mut conn, "maxclients", "1");
    instance.until("refusal", || {
        let answer = instance.connect().drain(Duration::from_secs(1));
        answer.closed && answer.bytes == b"-ERR max number of clients reached\r\n"
    });
    set(&mut conn, "maxclients", "100");
    instance.wait_until_ready();
}

#[test]
fn the_score_for_the_out_of_memory_killer_is_set_and_restored() {
    let place = Place::new();
    let instance = place.serve(&["--oom-score-adj", "relative", "--oom-score-adj-values", "10 20 30"]);
    let score = |pid: u32| -> i32 {
        std::fs::read_to_string(format!("/proc/{pid}/oom_score_adj")).unwrap().trim().parse().unwrap()
    };
    let own = score(std::process::id());
    let shown = || score(instance.child.id());
    assert_eq!(shown(), (own + 10).min(1000));
    let mut conn = instance.connect();
    set(&mut conn, "oom-score-adj-values", "25 30 40");
    assert_eq!(shown(), (own + 25).min(1000));
    set(&mut conn, "oom-score-adj", "absolute");
    // Lowering a score needs a right that a container may lack; going back to the start never does.
    set(&mut conn, "oom-score-adj-values", "990 995 1000");
    assert_eq!(shown(), 990);
    if conn.call(&["CONFIG", "SET", "oom-score-adj", "no"]).unwrap().raw == b"+OK\r\n" {
        assert_eq!(shown(), own);
    }
}

#[test]
fn the_log_level_follows() {
    let instance = Place::new().serve(&["--loglevel", "warning"]);
    assert!(!instance.output().contains("Ready to accept"), "{}", instance.output());
    set(&mut instance.connect(), "loglevel", "verbose");
    let _conn = instance.connect();
    instance.until_said("Accepted 127.0.0.1:");
}

#[test]
fn idle_clients_are_ended_after_a_timeout_set_later() {
    let instance = Place::new().serve(&[]);
    let mut conn = instance.connect();
    let mut idle = instance.connect();
    idle.cmd(&["PING"]);
    set(&mut conn, "timeout", "1");
    let start = Instant::now();
    assert!(idle.drain(Duration::from_secs(8)).closed);
    assert!(start.elapsed() >= Duration::from_millis(900));
}

#[test]
fn crash_reports_and_spinning_can_be_switched() {
    let instance = Place::new().serve(&["--shard-spin-us", "50"]);
    let mut conn = instance.connect();
    set(&mut conn, "crash-log-enabled", "no");
    set(&mut conn, "crash-log-enabled", "yes");
    set(&mut conn, "shard-spin-us", "1000");
    for _ in 0..100 {
        assert_eq!(conn.call(&["PING"]).unwrap().raw, b"+PONG\r\n");
    }
    set(&mut conn, "shard-spin-us", "0");
    assert!(TcpStream::connect(("127.0.0.1", instance.place.port)).is_ok());
}

#[test]
fn shards_stay_on_the_cpus_they_are_given() {
    let allowed = |pid: u32, thread: &str| -> Option<String> {
        for task in std::fs::read_dir(format!("/proc/{pid}/task")).ok()? {
            let path = task.ok()?.path();
            if std::fs::read_to_string(path.join("comm")).ok()?.trim() == thread {
                let status = std::fs::read_to_string(path.join("status")).ok()?;
                let line = status.lines().find_map(|l| l.strip_prefix("Cpus_allowed_list:"))?;
                return Some(line.trim().to_owned());
            }
        }
        None
    };
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let list = status.lines().find_map(|l| l.strip_prefix("Cpus_allowed_list:")).unwrap().trim().to_owned();
    let first: String = list.chars().take_while(char::is_ascii_digit).collect();
    let instance = Place::new().serve(&["--server_cpulist", &first, "--bio_cpulist", &first]);
    for thread in ["shard-0", "shard-1", "bio_lazy_free"] {
        // The first shard answers while the others still start.
        let deadline = std::time::Instant::now() + std::time::Duration::from_secs(10);
        while allowed(instance.child.id(), thread).as_ref() != Some(&first) {
            assert!(std::time::Instant::now() < deadline, "{thread} is not where it should be");
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
    }
    let pid = instance.child.id();
    drop(instance);
    assert!(allowed(pid, "shard-0").is_none());
    let instance = Place::new().serve(&["--server_cpulist", "nonsense"]);
    instance.until_said("server_cpulist 'nonsense' is not a list of CPUs");
}
