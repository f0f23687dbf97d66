//! The few system calls of the driver that neither std nor the io-uring crate wraps safely.

use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};

/// Adds one to an event descriptor. A full counter (EAGAIN) has already woken its reader.
pub fn event_signal(event: &OwnedFd) {
    let one: u64 = 1;
    // SAFETY: writes eight bytes from a live u64.
    let _ = unsafe { libc::write(event.as_raw_fd(), (&raw const one).cast(), 8) };
}

/// Ends both directions of a socket, so that operations in flight on it complete.
pub fn shutdown(fd: BorrowedFd<'_>) {
    // SAFETY: the descriptor is open for the length of the borrow; an error (not connected) changes nothing.
    let _ = unsafe { libc::shutdown(fd.as_fd().as_raw_fd(), libc::SHUT_RDWR) };
}

/// Takes over a descriptor that the kernel has just made for us.
///
/// # Safety
/// `fd` must be open and owned by nobody else.
pub unsafe fn own(fd: RawFd) -> OwnedFd {
    // SAFETY: by this function's contract.
    unsafe { OwnedFd::from_raw_fd(fd) }
}
