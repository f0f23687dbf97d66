//! Who may connect, and how connections are ended by others: protected mode, `timeout`, CLIENT KILL.

use super::{all_servers, info, same_for_all, tested_servers, wait_until};
use crate::support::{Conn, Server, Value};
use std::io::Read;
use std::net::{IpAddr, TcpStream, UdpSocket};
use std::time::Duration;

/// An address of this machine that is not its loopback. Nothing is sent: a UDP socket only picks its route.
fn outer_address() -> Option<IpAddr> {
    let socket = UdpSocket::bind("0.0.0.0:0").ok()?;
    socket.connect("192.0.2.1:9").ok()?;
    Some(socket.local_addr().ok()?.ip()).filter(|ip| !ip.is_loopback())
}

#[test]
fn protected_mode_refuses_other_machines_until_there_is_a_password() {
    let Some(address) = outer_address() else {
        println!("skipped: this machine has no address but its loopback");
        return;
    };
    let servers = all_servers(&["--bind", "0.0.0.0"]);
    same_for_all(&servers, "refusal", |server| {
        let mut stream = TcpStream::connect((address, server.port())).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(2))).unwrap();
        let mut told = String::new();
        stream.read_to_string(&mut told).unwrap();
        assert!(told.starts_with("-DENIED"), "{told}");
        told
    });
    for server in &servers {
        server.connect().cmd(&["CONFIG", "SET", "requirepass", "secret"]);
        wait_until("configured everywhere", Duration::from_secs(2), || {
            let mut stream = TcpStream::connect((address, server.port())).unwrap();
            stream.set_read_timeout(Some(Duration::from_millis(100))).unwrap();
            let mut byte = [0];
            stream.read(&mut byte).is_err_and(|e| e.kind() == std::io::ErrorKind::WouldBlock)
        });
    }
}

#[test]
fn timeout_ends_the_idle_and_only_them() {
    for server in tested_servers(&["--timeout", "1"]) {
        let (mut idle, mut busy) = (server.connect(), server.connect());
        idle.cmd(&["PING"]);
        wait_until("idle closed", Duration::from_secs(4), || {
            busy.cmd(&["PING"]);
            info(&mut busy, "connected_clients") == 1
        });
        assert!(idle.call(&["PING"]).is_err(), "{}", server.name());
    }
}

/// The replies to several CLIENT KILL forms and which of three named connections survive.
fn kill(server: &Server, words: &[&str]) -> (String, Vec<bool>) {
    let mut killer = server.connect();
    let mut others: Vec<Conn> = (0..3).map(|_| server.connect()).collect();
    let ids: Vec<String> =
        others.iter_mut().map(|c| c.cmd(&["CLIENT", "ID"]).to_string()[1..].to_owned()).collect();
    let Value::Bulk(info) = others[0].cmd(&["CLIENT", "INFO"]) else {
        panic!("CLIENT INFO is a bulk string")
    };
    let info = String::from_utf8(info).unwrap();
    let field = |name: &str| info.split(' ').find_map(|f| f.strip_prefix(name)).unwrap().to_owned();
    let words: Vec<String> = words
        .iter()
        .map(|w| match *w {
            "ID0" => ids[0].clone(),
            "ID1" => ids[1].clone(),
            "ADDR0" => field("addr="),
            "LADDR" => field("laddr="),
            other => other.to_owned(),
        })
        .collect();
    let words: Vec<&str> = ["CLIENT", "KILL"].into_iter().chain(words.iter().map(String::as_str)).collect();
    let reply = killer.call(&words).map_or("closed".to_owned(), |r| r.value.to_string());
    // Another shard ends its connection a moment later.
    std::thread::sleep(Duration::from_millis(50));
    let alive = others.iter_mut().chain([&mut killer]).map(|c| c.call(&["PING"]).is_ok()).collect();
    (reply, alive)
}

#[test]
fn client_kill_in_all_forms_ends_whom_redis_ends() {
    let servers = all_servers(&[]);
    let forms: &[&[&str]] = &[
        &["ADDR0"],
        &["1.2.3.4:5"],
        &["ID", "ID0"],
        &["ID", "999999"],
        &["ID", "x"],
        &["ADDR", "ADDR0"],
        &["ADDR", "ADDR0", "ID", "ID1"],
        &["LADDR", "LADDR", "SKIPME", "yes"],
        &["TYPE", "normal"],
        &["TYPE", "normal", "SKIPME", "no"],
        &["TYPE", "pubsub"],
        &["TYPE", "nosuch"],
        &["USER", "default", "ID", "ID0"],
        &["USER", "nosuch"],
        &["SKIPME", "maybe"],
        &["ID"],
        &[],
        &["ID", "ID0", "NOSUCH", "x"],
    ];
    for form in forms {
        same_for_all(&servers, &format!("CLIENT KILL {form:?}"), |server| kill(server, form));
    }
}
