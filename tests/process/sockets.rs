//! Where the server listens.

use crate::instance::{Place, refused, set, setting};
use crate::support::server::free_port;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;

/// Whether a PING over this stream is answered.
fn pongs(stream: std::io::Result<impl Read + Write>) -> bool {
    let mut answer = [0; 7];
    stream
        .and_then(|mut s| s.write_all(b"PING\r\n").and_then(|()| s.read_exact(&mut answer)))
        .is_ok_and(|()| &answer == b"+PONG\r\n")
}

fn has_ipv6() -> bool {
    TcpListener::bind("[::1]:0").is_ok()
}

#[test]
fn a_unix_socket_is_served_with_its_mode_and_removed_at_the_end() {
    let place = Place::new();
    let path = place.path("s.sock");
    let mut instance = place.serve(&["--unixsocket", "s.sock", "--unixsocketperm", "700"]);
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o700);
    assert!(pongs(UnixStream::connect(&path)));
    instance.until_said("Ready to accept connections unix");
    instance.signal("TERM");
    assert_eq!(instance.wait().code(), Some(0));
    assert!(!path.exists());
}

#[test]
fn a_unix_socket_alone_is_enough() {
    let place = Place::new();
    let path = place.path("s.sock");
    let instance = place.spawn(&["--port", "0", "--unixsocket", "s.sock", "--shards", "2"]);
    instance.until("PONG", || pongs(UnixStream::connect(&path)));
    let shown = crate::instance::title(instance.child.id());
    assert!(shown.ends_with("unixsocket:s.sock"), "{shown}");
}

#[test]
fn several_addresses_are_listened_on_and_missing_ones_may_be_marked() {
    let place = Place::new();
    let port = place.port;
    let own = if has_ipv6() { "::1" } else { "127.0.0.3" };
    // 192.0.2.0/24 is for documentation (RFC 5737): no machine has it.
    let bind = format!("127.0.0.1 127.0.0.2 {own} -192.0.2.1");
    let instance = place.spawn(&["--port", &port.to_string(), "--bind", &bind, "--shards", "2"]);
    instance.wait_until_ready();
    for host in ["127.0.0.2", own] {
        assert!(pongs(TcpStream::connect((host, port))), "{host}");
    }
    assert!(TcpStream::connect(("127.0.0.4", port)).is_err(), "not one of them");
}

#[test]
fn port_and_bind_change_while_the_server_runs() {
    let instance = Place::new().serve(&[]);
    let (old, new) = (instance.place.port, free_port());
    let mut conn = instance.connect();
    set(&mut conn, "port", &new.to_string());
    assert!(pongs(TcpStream::connect(("127.0.0.1", new))));
    instance.until("end of the old port", || TcpStream::connect(("127.0.0.1", old)).is_err());
    let shown = crate::instance::title(instance.child.id());
    assert!(shown.ends_with(&format!(":{new}")), "{shown}");
    // The connection itself stays. From one address to all and back, on one port.
    set(&mut conn, "bind", "*");
    instance.until("any address", || pongs(TcpStream::connect(("127.0.0.7", new))));
    set(&mut conn, "bind", "127.0.0.7");
    instance.until("PONG", || pongs(TcpStream::connect(("127.0.0.7", new))));
    instance.until("end of *", || TcpStream::connect(("127.0.0.1", new)).is_err());
    // Port 0 closes them; the connection remains to open others.
    set(&mut conn, "port", "0");
    instance.until("no port", || TcpStream::connect(("127.0.0.7", new)).is_err());
    set(&mut conn, "port", &old.to_string());
    instance.until("PONG", || pongs(TcpStream::connect(("127.0.0.7", old))));
    assert!(!instance.output().contains("Accepting client connection"), "{}", instance.output());
}

#[test]
fn a_refused_change_of_port_or_bind_changes_nothing() {
    let instance = Place::new().serve(&[]);
    let port = instance.place.port;
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let other = taken.local_addr().unwrap().port().to_string();
    let mut conn = instance.connect();
    let error = refused(&mut conn, "port", &other);
    assert!(error.contains("'port') - Unable to listen on this port. Check server logs."), "{error}");
    let error = refused(&mut conn, "bind", "127.0.0.1 192.0.2.1");
    assert!(error.contains("'bind') - Failed to bind to specified addresses."), "{error}");
    assert_eq!(setting(&mut conn, "port"), port.to_string());
    assert_eq!(setting(&mut conn, "bind"), "127.0.0.1");
    for _ in 0..20 {
        assert!(pongs(TcpStream::connect(("127.0.0.1", port))));
    }
}
