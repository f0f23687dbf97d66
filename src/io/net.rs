//! Sockets before and beside the driver: listening, and what a fresh connection tells of itself.

use socket2::{Domain, Protocol, SockAddr, SockRef, Socket, TcpKeepalive, Type};
use std::io;
use std::net::{IpAddr, SocketAddr, ToSocketAddrs};
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::Duration;

/// What the server asks of a connected socket that no driver has adopted yet.
pub trait Connection {
    /// Remote and local address, `ip:port`, `[ip6]:port`, or the socket's path and `:0`.
    fn addresses(&self) -> (String, String);
    /// File descriptor (CLIENT LIST).
    fn descriptor(&self) -> i32;
    /// Whether it came over a unix socket.
    fn is_unix(&self) -> bool;
    /// Whether the peer is on this machine (protected mode).
    fn is_local(&self) -> bool;
    /// Sets TCP_NODELAY, and keepalive probes every so many seconds (0: none).
    fn tune(&self, keepalive_s: u64);
    /// Sends an error line as far as the socket takes it, for a connection that is refused.
    fn refuse(&self, line: &[u8]);
}

fn text(address: io::Result<SockAddr>, path: &str) -> String {
    match address.ok().and_then(|a| a.as_socket()) {
        Some(a) => canonical(a).to_string(),
        None => format!("{path}:0"),
    }
}

/// An IPv4 address that came over an IPv6 socket is shown as IPv4.
fn canonical(address: SocketAddr) -> SocketAddr {
    SocketAddr::new(address.ip().to_canonical(), address.port())
}

impl Connection for OwnedFd {
    fn addresses(&self) -> (String, String) {
        let socket = SockRef::from(self);
        let path = socket
            .local_addr()
            .ok()
            .and_then(|a| a.as_pathname().map(|p| p.display().to_string()))
            .unwrap_or_default();
        (text(socket.peer_addr(), &path), text(socket.local_addr(), &path))
    }

    fn descriptor(&self) -> i32 {
        self.as_raw_fd()
    }

    fn is_unix(&self) -> bool {
        SockRef::from(self).local_addr().is_ok_and(|a| a.is_unix())
    }

    fn is_local(&self) -> bool {
        let socket = SockRef::from(self);
        self.is_unix()
            || socket
                .peer_addr()
                .ok()
                .and_then(|a| a.as_socket())
                .is_some_and(|a| canonical(a).ip().is_loopback())
    }

    fn tune(&self, keepalive_s: u64) {
        // A socket that dies while it is tuned reports that on its first receive.
        let _ = tune(&SockRef::from(self), keepalive_s);
    }

    fn refuse(&self, line: &[u8]) {
        let _ = SockRef::from(self).send_with_flags(line, libc::MSG_DONTWAIT | libc::MSG_NOSIGNAL);
    }
}

fn tune(socket: &Socket, keepalive_s: u64) -> io::Result<()> {
    socket.set_tcp_nodelay(true)?;
    if keepalive_s == 0 {
        return Ok(());
    }
    // Redis: anet.c anetKeepAlive: probes at a third of the interval, three of them.
    let third = Duration::from_secs((keepalive_s / 3).max(1));
    let probes =
        TcpKeepalive::new().with_time(Duration::from_secs(keepalive_s)).with_interval(third).with_retries(3);
    socket.set_tcp_keepalive(&probes)
}

/// A socket that may be connected to `to`, from the address `from` if given, tuned as [`Connection::tune`] does.
///
/// # Errors
/// No more descriptors, or `from` is no address of this machine or of another family than `to`.
pub fn outgoing(to: SocketAddr, from: Option<IpAddr>, keepalive_s: u64) -> io::Result<OwnedFd> {
    let socket = Socket::new(Domain::for_address(to), Type::STREAM, Some(Protocol::TCP))?;
    tune(&socket, keepalive_s)?;
    if let Some(from) = from {
        // Redis: anet.c anetTcpGenericConnect: the source may still be held by a connection that has ended.
        socket.set_reuse_address(true)?;
        socket.bind(&SocketAddr::new(from, 0).into())?;
    }
    Ok(socket.into())
}

/// Listens on one address (a host name, an IPv4 or IPv6 address, `*` or `::*`).
///
/// # Errors
/// The address does not resolve, is not of this machine, or the port is taken.
pub fn listen_tcp(host: &str, port: u16, backlog: i32) -> io::Result<Socket> {
    let address = match host {
        "*" => SocketAddr::from(([0, 0, 0, 0], port)),
        "::*" => SocketAddr::from(([0u16; 8], port)),
        _ => (host, port)
            .to_socket_addrs()?
            .next()
            .ok_or_else(|| io::Error::new(io::ErrorKind::AddrNotAvailable, "Name or service not known"))?,
    };
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    if address.is_ipv6() {
        socket.set_only_v6(true)?;
    }
    socket.set_reuse_address(true)?;
    socket.bind(&address.into())?;
    socket.listen(backlog)?;
    Ok(socket)
}

/// Listens on a unix socket at `path` with permission bits `mode` (0: as the umask says).
///
/// The mode is set before the socket listens, so nobody can connect under wider permissions (CVE-2023-45145).
///
/// # Errors
/// The path cannot be bound or its mode not be set.
pub fn listen_unix(path: &Path, mode: u32, backlog: i32) -> io::Result<Socket> {
    match std::fs::remove_file(path) {
        Err(e) if e.kind() != io::ErrorKind::NotFound => return Err(e),
        _ => {}
    }
    let socket = Socket::new(Domain::UNIX, Type::STREAM, None)?;
    socket.bind(&SockAddr::unix(path)?)?;
    if mode != 0 {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode))?;
    }
    socket.listen(backlog)?;
    Ok(socket)
}
