//! `daemonize`, `pidfile`, the process title, supervisors.

use crate::instance::{Place, exists, set, signal, title};
use crate::support::Conn;
use std::os::unix::net::UnixDatagram;
use std::time::Duration;

/// Ends a daemon whatever happens to the test.
struct Ends(u32);

impl Drop for Ends {
    fn drop(&mut self) {
        if exists(self.0) {
            signal(self.0, "KILL");
        }
    }
}

#[test]
fn a_daemon_serves_after_its_parent_has_ended() {
    let place = Place::new();
    let (port, pidfile, log) = (place.port, place.path("d.pid"), place.path("d.log"));
    let mut instance = place.spawn(&[
        "--daemonize",
        "yes",
        "--pidfile",
        "d.pid",
        "--logfile",
        "d.log",
        "--shards",
        "2",
        "--port",
        &port.to_string(),
        "--bind",
        "127.0.0.1",
    ]);
    assert_eq!(instance.wait().code(), Some(0), "{}", instance.output());
    instance.wait_until_ready();
    instance.until("pid file", || std::fs::read_to_string(&pidfile).is_ok_and(|text| text.ends_with('\n')));
    let pid: u32 = std::fs::read_to_string(&pidfile).unwrap().trim().parse().unwrap();
    let ends = Ends(pid);
    assert_ne!(pid, instance.child.id());
    assert_eq!(instance.output(), "", "a daemon prints nothing");
    let said = || std::fs::read_to_string(&log).unwrap();
    instance.until("line in the log", || said().contains("Ready to accept connections tcp"));
    assert!(title(pid).ends_with(&format!(" 127.0.0.1:{port}")), "{}", title(pid));
    let mut conn = Conn::open(port).unwrap();
    assert!(conn.call(&["SHUTDOWN", "NOSAVE"]).is_err());
    instance.until("end of the daemon", || !exists(ends.0) && !pidfile.exists());
}

#[test]
fn the_title_follows_its_template() {
    let place = Place::new();
    let port = place.port;
    let instance = place.serve(&["--proc-title-template", "{title} TEST {listen-addr} {port} {config-file}"]);
    let shown = || title(instance.child.id());
    assert!(shown().ends_with(&format!(" TEST 127.0.0.1:{port} {port} -")), "{}", shown());
    set(&mut instance.connect(), "proc-title-template", "{title} again");
    assert!(shown().ends_with(" again"), "{}", shown());
}

#[test]
fn systemd_is_told_about_start_and_end() {
    let mut place = Place::new();
    let socket = UnixDatagram::bind(place.path("notify")).unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    place.env = vec![("NOTIFY_SOCKET".to_owned(), place.name("notify"))];
    let next = || {
        let mut buffer = [0; 200];
        let len = socket.recv(&mut buffer).unwrap();
        String::from_utf8_lossy(&buffer[..len]).into_owned()
    };
    // Under a supervisor `daemonize` is passed over.
    let mut instance = place.serve(&["--supervised", "systemd", "--daemonize", "yes"]);
    assert_eq!(next(), "STATUS=Redis is loading...\n");
    assert!(next().starts_with("STATUS=Ready to accept connections"));
    assert_eq!(next(), "READY=1\n");
    instance.signal("TERM");
    assert_eq!(next(), "STOPPING=1\n");
    assert_eq!(instance.wait().code(), Some(0));
}
