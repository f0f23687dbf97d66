//! Opening the listening sockets that the configuration asks for, with Redis's log lines (server.c `initListeners`).

use super::process::os_text;
use crate::config::Config;
use crate::io::net::{listen_tcp, listen_unix};
use crate::log;
use socket2::Socket;
use std::io;
use std::path::Path;

/// Opens all of them.
///
/// # Errors
/// One that must be opened cannot be, or there is none at all; the reason is in the log.
pub fn open(config: &Config) -> Result<Vec<Socket>, ()> {
    let backlog = i32::try_from(config.tcp_backlog).unwrap_or(511);
    let mut sockets = Vec::new();
    if config.port != 0 {
        tcp(config, backlog, &mut sockets)?;
        if sockets.is_empty() {
            log!(Warning, "Failed listening on port {} (tcp), aborting.", config.port);
            return Err(());
        }
    }
    if let Some(path) = config.unixsocket.as_deref().filter(|p| !p.is_empty()) {
        match listen_unix(Path::new(path), config.unixsocketperm, backlog) {
            Ok(socket) => sockets.push(socket),
            Err(error) => {
                log!(Warning, "Failed opening Unix socket: bind: {}", os_text(&error));
                return Err(());
            }
        }
    }
    if sockets.is_empty() {
        log!(Warning, "Configured to not listen anywhere, exiting.");
        return Err(());
    }
    Ok(sockets)
}

/// One listener per address of `bind`; an address with a leading `-` may be missing on this machine.
fn tcp(config: &Config, backlog: i32, sockets: &mut Vec<Socket>) -> Result<(), ()> {
    for address in &config.bind {
        let (host, optional) = match address.strip_prefix('-') {
            Some(host) => (host, true),
            None => (address.as_str(), false),
        };
        match listen_tcp(host, config.port, backlog) {
            Ok(socket) => sockets.push(socket),
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
                log!(Warning, "Failed listening on port {} (tcp), aborting.", config.port);
                return Err(());
            }
        }
    }
    Ok(())
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
