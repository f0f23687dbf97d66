//! The system log.

use std::ffi::CString;

/// Opens the connection under the name `ident`; later calls replace it. Redis: server.c initServer.
///
/// The C library keeps the name's address, so it is leaked: a few bytes per call, and calls are rare.
pub fn open(ident: &str, facility: i32) {
    let ident = CString::new(ident.replace('\0', "")).unwrap_or_default().into_raw();
    // SAFETY: the name is a C string that is never freed.
    unsafe { libc::openlog(ident, libc::LOG_PID | libc::LOG_NDELAY | libc::LOG_NOWAIT, facility) };
}

/// Closes the connection.
pub fn close() {
    // SAFETY: takes nothing, and is allowed without an open connection.
    unsafe { libc::closelog() };
}

/// Sends one message; what follows a zero byte is dropped.
pub fn send(priority: i32, message: &[u8]) {
    let end = message.iter().position(|&b| b == 0).unwrap_or(message.len());
    let Ok(message) = CString::new(&message[..end]) else { return };
    // SAFETY: the format takes one string, and one C string is given.
    unsafe { libc::syslog(priority, c"%s".as_ptr(), message.as_ptr()) };
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_message_can_be_sent_without_a_daemon() {
        super::open("shoal-test", libc::LOG_LOCAL0);
        super::send(libc::LOG_DEBUG, b"100% of a message\0 and a tail");
        super::close();
    }
}
