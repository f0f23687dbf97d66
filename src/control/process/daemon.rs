//! `daemonize yes`: a process in the background, without terminal.

use std::fs::OpenOptions;
use std::io;
use std::os::fd::AsFd;
use std::process::exit;

use crate::base::sys::process::{Forked, fork_single_threaded, new_session, redirect_standard_streams};

/// Continues in a child that has a session of its own and /dev/null as its standard streams; the caller's process ends
/// with exit code 0.
///
/// Redis: server.c daemonize. To be called before any thread starts, which the fork checks. With `logfile ""` nothing
/// is logged from here on: tell the logger (`Settings::daemonized`).
pub fn daemonize() -> io::Result<()> {
    if let Forked::Parent(_) = fork_single_threaded()? {
        exit(0);
    }
    new_session()?;
    // Without /dev/null (a bare chroot) the streams stay as they are.
    if let Ok(null) = OpenOptions::new().read(true).write(true).open("/dev/null") {
        redirect_standard_streams(null.as_fd())?;
    }
    Ok(())
}
