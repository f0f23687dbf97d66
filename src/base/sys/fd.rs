//! File descriptors: readiness, terminals, event counters.

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd};

/// Turns the C library's -1 into the error it stands for.
pub(super) fn cvt(result: libc::c_int) -> io::Result<libc::c_int> {
    if result == -1 { Err(io::Error::last_os_error()) } else { Ok(result) }
}

/// Whether `fd` takes data without blocking, within `timeout_ms`. For a pipe: at least 4 KiB.
pub fn writable_within(fd: BorrowedFd<'_>, timeout_ms: i32) -> bool {
    ready_within(fd, libc::POLLOUT, timeout_ms)
}

/// Whether `fd` has data to read, or its other end is gone, within `timeout_ms`.
pub fn readable_within(fd: BorrowedFd<'_>, timeout_ms: i32) -> bool {
    ready_within(fd, libc::POLLIN, timeout_ms)
}

fn ready_within(fd: BorrowedFd<'_>, events: libc::c_short, timeout_ms: i32) -> bool {
    let mut poll = libc::pollfd { fd: fd.as_raw_fd(), events, revents: 0 };
    // SAFETY: one valid pollfd, as the count says.
    let ready = unsafe { libc::poll(&raw mut poll, 1, timeout_ms) };
    // Errors of the descriptor count as ready: the call that follows reports them.
    ready > 0
}

/// A new event counter, closed on exec, not blocking.
pub fn eventfd() -> io::Result<OwnedFd> {
    // SAFETY: no pointer is passed; the result is checked before it becomes an owned descriptor.
    unsafe {
        let fd = cvt(libc::eventfd(0, libc::EFD_CLOEXEC | libc::EFD_NONBLOCK))?;
        Ok(OwnedFd::from_raw_fd(fd))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::io::Write as _;
    use std::os::fd::AsFd as _;

    use super::*;

    #[test]
    fn a_full_pipe_is_not_writable() {
        let (_reader, mut writer) = io::pipe().unwrap();
        assert!(writable_within(writer.as_fd(), 0));
        let page = [0_u8; 4_096];
        let mut written = 0;
        while writable_within(writer.as_fd(), 0) && written < 10_000_000 {
            writer.write_all(&page).unwrap();
            written += page.len();
        }
        assert!(!writable_within(writer.as_fd(), 1));
    }

    #[test]
    fn an_event_counter_opens() {
        assert!(eventfd().unwrap().as_raw_fd() > 2);
    }
}
