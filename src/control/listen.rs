//! The listening sockets that the configuration asks for, with Redis's log lines (server.c `initListeners`).
//!
//! The control room keeps each socket, shard 0 accepts on duplicates. So any thread can change the set: it opens the new
//! sockets here and hands duplicates to shard 0, and it can stop the old ones first without asking shard 0, by
//! `shutdown`, which ends listening but keeps an address that was bound by its port number. That is what a change of `bind` needs: `*` and one address
//! cannot listen on one port at once.

use super::process::os_text;
use crate::config::Config;
use crate::io::net::{listen_tcp, listen_unix};
use crate::log;
use socket2::Socket;
use std::io;
use std::net::Shutdown;
use std::path::Path;
use std::time::{Duration, Instant};

/// How long a port that is in use is asked for.
const PATIENCE: Duration = Duration::from_secs(1);

/// All listening sockets of the process.
pub struct Listeners {
    tcp: Vec<Socket>,
    unix: Option<Socket>,
}

/// Why a set of sockets could not be opened; the log has said it.
#[derive(Debug)]
pub struct Failed;

fn backlog(config: &Config) -> i32 {
    i32::try_from(config.tcp_backlog).unwrap_or(511)
}

impl Listeners {
    /// Opens all of them.
    ///
    /// # Errors
    /// One that must be opened cannot be, or there is none at all; the reason is in the log.
    pub fn open(config: &Config) -> Result<Self, Failed> {
        let tcp = open_tcp(config)?;
        let unix = match config.unixsocket.as_deref().filter(|path| !path.is_empty()) {
            Some(path) => Some(open_unix(path, config)?),
            None => None,
        };
        if tcp.is_empty() && unix.is_none() {
            log!(Warning, "Configured to not listen anywhere, exiting.");
            return Err(Failed);
        }
        Ok(Self { tcp, unix })
    }

    /// One duplicate of each, for shard 0.
    ///
    /// # Errors
    /// No more file descriptors.
    pub fn duplicates(&self) -> io::Result<Vec<Socket>> {
        self.tcp.iter().chain(&self.unix).map(Socket::try_clone).collect()
    }

    /// Replaces the TCP sockets by those of `new`; `same_port` says that they may stand in each other's way. After an
    /// error the old ones listen as before. Returns duplicates of all for shard 0.
    ///
    /// Redis: config.c applyBind, updatePort; server.c changeListener, which closes the old ones first.
    ///
    /// # Errors
    /// An address cannot be listened on; the reason is in the log.
    pub fn replace_tcp(&mut self, new: &Config, same_port: bool) -> Result<Vec<Socket>, Failed> {
        if same_port {
            // A socket that cannot be shut is in the way of a new one at worst, and that is reported.
            self.tcp.iter().for_each(|socket| drop(socket.shutdown(Shutdown::Both)));
        }
        let opened = open_tcp(new).and_then(|tcp| {
            let old = std::mem::replace(&mut self.tcp, tcp);
            self.duplicates().map_err(|error| {
                log!(Warning, "Listening sockets cannot be duplicated: {}", os_text(&error));
                self.tcp = old;
                Failed
            })
        });
        if opened.is_err() && same_port {
            for socket in &self.tcp {
                if let Err(error) = socket.listen(backlog(new)) {
                    log!(Warning, "A listening socket is lost: {}", os_text(&error));
                }
            }
        }
        opened
    }
}

fn open_unix(path: &str, config: &Config) -> Result<Socket, Failed> {
    let socket = listen_unix(Path::new(path), config.unixsocketperm, backlog(config)).map_err(|error| {
        log!(Warning, "Failed opening Unix socket: bind: {}", os_text(&error));
        Failed
    })?;
    mark(&socket, config, path);
    Ok(socket)
}

/// One listener per address of `bind`; an address with a leading `-` may be missing on this machine. Without addresses
/// there is none, as `bind ""` asks for (server.c `listenToPort`).
fn open_tcp(config: &Config) -> Result<Vec<Socket>, Failed> {
    let mut sockets = Vec::new();
    if config.port == 0 {
        return Ok(sockets);
    }
    for address in &config.bind {
        let (host, optional) = match address.strip_prefix('-') {
            Some(host) => (host, true),
            None => (address.as_str(), false),
        };
        match listen_patiently(host, config) {
            Ok(socket) => {
                mark(&socket, config, host);
                sockets.push(socket);
            }
            Err(error) if unavailable(&error) && optional => {}
            // `*` stands for both families; a machine without the protocol has just one.
            Err(error) if unsupported(&error) => {}
            Err(error) => {
                log!(
                    Warning,
                    "Warning: Could not create server TCP listening socket {host}:{}: bind: {}",
                    config.port,
                    os_text(&error)
                );
                return Err(refused(config));
            }
        }
    }
    if sockets.is_empty() && !config.bind.is_empty() { Err(refused(config)) } else { Ok(sockets) }
}

/// Listens, and tries for a moment if the port is in use: the kernel takes the rings of a process that was killed apart
/// after its end, and the listening sockets with them. Measured: 100 to 200 ms.
fn listen_patiently(host: &str, config: &Config) -> io::Result<Socket> {
    let begun = Instant::now();
    loop {
        match listen_tcp(host, config.port, backlog(config)) {
            Err(error) if error.kind() == io::ErrorKind::AddrInUse && begun.elapsed() < PATIENCE => {
                std::thread::sleep(PATIENCE / 50);
            }
            outcome => return outcome,
        }
    }
}

fn refused(config: &Config) -> Failed {
    log!(Warning, "Failed listening on port {} (tcp), aborting.", config.port);
    Failed
}

/// `socket-mark-id`. Redis ignores a failure (anet.c anetSetSockMarkId needs CAP_NET_ADMIN); here the log tells.
fn mark(socket: &Socket, config: &Config, place: &str) {
    if config.socket_mark_id == 0 {
        return;
    }
    if let Err(error) = socket.set_mark(config.socket_mark_id) {
        log!(Warning, "socket-mark-id cannot be set on {place}: {}", os_text(&error));
    }
}

fn unavailable(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::AddrNotAvailable || unsupported(error)
}

fn unsupported(error: &io::Error) -> bool {
    matches!(
        error.raw_os_error(),
        Some(libc::EAFNOSUPPORT | libc::EPROTONOSUPPORT | libc::ESOCKTNOSUPPORT | libc::ENOPROTOOPT)
    )
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use std::net::TcpStream;

    fn config(port: u16, bind: &[&str]) -> Config {
        Config { port, bind: bind.iter().map(|&b| b.to_owned()).collect(), ..Config::default() }
    }

    fn port_of(listeners: &Listeners) -> u16 {
        listeners.tcp[0].local_addr().unwrap().as_socket().unwrap().port()
    }

    fn connects(port: u16) -> bool {
        TcpStream::connect(("127.0.0.1", port)).is_ok()
    }

    /// A set on a free port, asked for by number: one that the kernel chose would be lost when a socket is shut.
    fn listening(bind: &[&str]) -> (Listeners, u16) {
        let chosen = listen_tcp("*", 0, 5).unwrap();
        let port = chosen.local_addr().unwrap().as_socket().unwrap().port();
        drop(chosen);
        (Listeners::open(&config(port, bind)).unwrap(), port)
    }

    #[test]
    fn every_address_gives_way_to_one_on_the_same_port() {
        let (mut listeners, port) = listening(&["*"]);
        assert_eq!(listeners.replace_tcp(&config(port, &["127.0.0.1"]), true).unwrap().len(), 1);
        assert!(connects(port));
    }

    #[test]
    fn after_a_failure_the_old_ones_listen_again() {
        let (mut listeners, port) = listening(&["127.0.0.1"]);
        // 192.0.2.0/24 is for documentation (RFC 5737): no machine has it.
        assert!(listeners.replace_tcp(&config(port, &["127.0.0.1", "192.0.2.1"]), true).is_err());
        assert_eq!(port_of(&listeners), port);
        assert!(connects(port));
    }

    #[test]
    fn listeners_carry_the_mark_where_the_process_may_set_one() {
        let (mut listeners, port) = listening(&["127.0.0.1"]);
        let may = listeners.tcp[0].set_mark(7).is_ok();
        let marked = Config { socket_mark_id: 9, ..config(port, &["127.0.0.1"]) };
        listeners.replace_tcp(&marked, true).unwrap();
        assert_eq!(listeners.tcp[0].mark().unwrap(), if may { 9 } else { 0 });
    }

    #[test]
    fn without_addresses_there_is_no_listener() {
        let (mut listeners, port) = listening(&["127.0.0.1"]);
        assert_eq!(listeners.replace_tcp(&config(port, &[]), true).unwrap().len(), 0);
        assert!(!connects(port));
        listeners.replace_tcp(&config(port, &["127.0.0.1"]), true).unwrap();
        assert!(connects(port));
    }

    #[test]
    fn a_port_that_is_about_to_be_free_is_waited_for() {
        let (listeners, port) = listening(&["127.0.0.1"]);
        let holder = std::thread::spawn(move || {
            std::thread::sleep(PATIENCE / 5);
            drop(listeners);
        });
        assert!(Listeners::open(&config(port, &["127.0.0.1"])).is_ok());
        holder.join().unwrap();
        let (_held, port) = listening(&["127.0.0.1"]);
        let begun = Instant::now();
        assert!(Listeners::open(&config(port, &["127.0.0.1"])).is_err());
        assert!(begun.elapsed() >= PATIENCE);
    }

    #[test]
    fn an_address_that_may_be_missing_is_left_out() {
        let (mut listeners, port) = listening(&["127.0.0.1"]);
        assert_eq!(
            listeners.replace_tcp(&config(port, &["127.0.0.1", "-192.0.2.1"]), true).unwrap().len(),
            1
        );
        assert!(Listeners::open(&Config { port: 0, ..Config::default() }).is_err());
    }
}
