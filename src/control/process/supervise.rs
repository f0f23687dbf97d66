//! Telling systemd or upstart what state the server is in (`supervised`).

use std::env;
use std::ffi::{OsStr, OsString};
use std::io;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};

use crate::base::sys::process::{remove_env, stop_self};
use crate::log;

/// The setting `supervised`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Not supervised.
    No,
    /// By what the environment shows.
    Auto,
    /// By systemd: messages to NOTIFY_SOCKET.
    Systemd,
    /// By upstart: SIGSTOP when ready.
    Upstart,
}

impl Mode {
    /// Every setting. Redis: config.c supervised_mode_enum.
    pub const ALL: [Mode; 4] = [Mode::Upstart, Mode::Systemd, Mode::Auto, Mode::No];

    /// The setting's name.
    pub fn name(self) -> &'static str {
        match self {
            Mode::No => "no",
            Mode::Auto => "auto",
            Mode::Systemd => "systemd",
            Mode::Upstart => "upstart",
        }
    }

    /// The setting of that name, in any case.
    pub fn from_name(name: &[u8]) -> Option<Mode> {
        Mode::ALL.into_iter().find(|mode| name.eq_ignore_ascii_case(mode.name().as_bytes()))
    }
}

/// The supervisor that was found.
#[derive(Debug, PartialEq, Eq)]
pub enum Supervisor {
    /// None: a `daemonize yes` is obeyed.
    None,
    /// systemd, with the address it listens on.
    Systemd(OsString),
    /// upstart, which was told that the server is ready.
    Upstart,
}

impl Supervisor {
    /// Finds the supervisor that `mode` asks for, and tells it that the server starts.
    ///
    /// Redis: server.c redisIsSupervised. To be called before threads start: it changes the environment.
    pub fn detect(mode: Mode) -> Self {
        let upstart_job = env::var_os("UPSTART_JOB").is_some();
        let socket = env::var_os("NOTIFY_SOCKET").filter(|socket| !socket.is_empty());
        match choose(mode, upstart_job, socket.is_some()) {
            Mode::Upstart => start_upstart(upstart_job),
            Mode::Systemd => start_systemd(socket),
            Mode::No | Mode::Auto => Supervisor::None,
        }
    }

    /// Whether someone supervises.
    pub fn is_some(&self) -> bool {
        *self != Supervisor::None
    }

    /// Tells systemd that clients are served. `status` is shown by `systemctl status`.
    pub fn ready(&self, status: &str) {
        self.notify(&format!("STATUS={}\n", one_line(status)));
        self.notify("READY=1\n");
    }

    /// Tells systemd what the server does.
    pub fn status(&self, status: &str) {
        self.notify(&format!("STATUS={}\n", one_line(status)));
    }

    /// Tells systemd that the server ends. Redis: server.c finishShutdown.
    pub fn stopping(&self) {
        self.notify("STOPPING=1\n");
    }

    fn notify(&self, message: &str) {
        if let Supervisor::Systemd(socket) = self
            && let Err(error) = send(socket, message)
        {
            let code = error.raw_os_error().unwrap_or(libc::EINVAL);
            log!(Warning, "systemd supervision error: sd_notify: -{code}");
        }
    }
}

/// A message is one line per variable.
fn one_line(text: &str) -> String {
    text.replace('\n', " ")
}

/// What `auto` comes to in an environment.
fn choose(mode: Mode, upstart_job: bool, notify_socket: bool) -> Mode {
    match mode {
        Mode::Auto if upstart_job => {
            log!(Verbose, "Upstart supervision detected.");
            Mode::Upstart
        }
        Mode::Auto if notify_socket => {
            log!(Verbose, "Systemd supervision detected.");
            Mode::Systemd
        }
        Mode::Auto => Mode::No,
        chosen => chosen,
    }
}

fn start_upstart(upstart_job: bool) -> Supervisor {
    if !upstart_job {
        log!(Warning, "upstart supervision requested, but UPSTART_JOB not found!");
        return Supervisor::None;
    }
    log!(Notice, "supervised by upstart, will stop to signal readiness.");
    if let Err(error) = stop_self() {
        log!(Warning, "Can't stop for upstart: {}", super::os_text(&error));
    }
    remove_env("UPSTART_JOB");
    Supervisor::Upstart
}

fn start_systemd(socket: Option<OsString>) -> Supervisor {
    let Some(socket) = socket else {
        log!(Warning, "systemd supervision error: NOTIFY_SOCKET not found!");
        return Supervisor::None;
    };
    if let Err(error) = send(&socket, "STATUS=Redis is loading...\n") {
        log!(
            Warning,
            "systemd supervision error: sd_notify: -{}",
            error.raw_os_error().unwrap_or(libc::EINVAL)
        );
        return Supervisor::None;
    }
    log!(
        Notice,
        "Supervised by systemd. Please make sure you set appropriate values for TimeoutStartSec and \
         TimeoutStopSec in your service unit."
    );
    Supervisor::Systemd(socket)
}

/// One datagram to the socket: a path, or a name in the abstract namespace behind `@` (sd_notify(3)).
fn send(socket: &OsStr, message: &str) -> io::Result<()> {
    let address = match socket.as_bytes() {
        [b'@', name @ ..] => SocketAddr::from_abstract_name(name)?,
        [b'/', ..] => SocketAddr::from_pathname(socket)?,
        _ => return Err(io::Error::from_raw_os_error(libc::EAFNOSUPPORT)),
    };
    UnixDatagram::unbound()?.send_to_addr(message.as_bytes(), &address).map(drop)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn receive(socket: &UnixDatagram) -> String {
        socket.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
        let mut buf = [0; 256];
        let len = socket.recv(&mut buf).unwrap();
        String::from_utf8(buf[..len].to_vec()).unwrap()
    }

    fn drive(listener: &UnixDatagram, address: OsString) {
        let supervisor = start_systemd(Some(address));
        assert!(supervisor.is_some());
        assert_eq!(receive(listener), "STATUS=Redis is loading...\n");
        supervisor.ready("Ready to\naccept connections");
        assert_eq!(receive(listener), "STATUS=Ready to accept connections\n");
        assert_eq!(receive(listener), "READY=1\n");
        supervisor.stopping();
        assert_eq!(receive(listener), "STOPPING=1\n");
    }

    #[test]
    fn systemd_is_told_by_path_and_by_abstract_name() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("notify");
        drive(&UnixDatagram::bind(&path).unwrap(), path.into_os_string());
        let name = format!("shoal-test-{}", std::process::id());
        let address = SocketAddr::from_abstract_name(&name).unwrap();
        drive(&UnixDatagram::bind_addr(&address).unwrap(), format!("@{name}").into());
    }

    #[test]
    fn a_dead_or_missing_socket_is_no_supervisor() {
        assert_eq!(start_systemd(None), Supervisor::None);
        assert_eq!(start_systemd(Some("/no/such/socket".into())), Supervisor::None);
        assert_eq!(start_systemd(Some("vsock:2:1".into())), Supervisor::None);
        assert_eq!(start_upstart(false), Supervisor::None);
    }

    #[test]
    fn auto_goes_by_the_environment() {
        assert_eq!(choose(Mode::Auto, true, true), Mode::Upstart);
        assert_eq!(choose(Mode::Auto, false, true), Mode::Systemd);
        assert_eq!(choose(Mode::Auto, false, false), Mode::No);
        assert_eq!(choose(Mode::No, true, true), Mode::No);
        assert_eq!(choose(Mode::Systemd, true, false), Mode::Systemd);
        assert_eq!(Mode::from_name(b"SystemD"), Some(Mode::Systemd));
        assert_eq!(Mode::from_name(b"yes"), None);
    }
}
