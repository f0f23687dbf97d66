//! SIGTERM and SIGINT as a request that the control thread takes up.

use std::io;
use std::os::fd::BorrowedFd;

use crate::base::sys::signal;

/// A signal that asked for the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ShutdownSignal {
    /// `shutdown-on-sigterm` says how to end.
    Term,
    /// `shutdown-on-sigint` says how to end.
    Int,
}

/// The signals of this process. One per process, owned by the control thread.
#[derive(Debug)]
pub struct Shutdown {
    event: BorrowedFd<'static>,
}

impl Shutdown {
    /// Ignores SIGHUP and SIGPIPE, takes SIGTERM and SIGINT over, and blocks the latter in the calling thread and all
    /// that it starts from now on: a shard's system calls are not interrupted.
    pub fn install() -> io::Result<Self> {
        let event = signal::install()?;
        signal::block_shutdown_signals()?;
        Ok(Self { event })
    }

    /// Lets the calling thread, the control thread, receive them.
    pub fn listen(&self) -> io::Result<()> {
        signal::unblock_shutdown_signals()
    }

    /// An event descriptor that is readable when a signal came: for the control core to wait on. Stays open.
    pub fn event_fd(&self) -> BorrowedFd<'static> {
        self.event
    }

    /// Takes the signal that came since the last call.
    pub fn take(&self) -> Option<ShutdownSignal> {
        signal::take()
            .map(|signal| if signal == libc::SIGINT { ShutdownSignal::Int } else { ShutdownSignal::Term })
    }

    /// A shutdown is under way (true: SIGINT then ends the process at once) or was aborted (false).
    pub fn set_stopping(&self, stopping: bool) {
        signal::set_stopping(stopping);
    }

    /// Takes back a signal that nobody took yet; whether there was one. Any thread may call this.
    pub fn abort() -> bool {
        let came = signal::take().is_some();
        if came {
            signal::set_stopping(false);
        }
        came
    }

    /// Whether data is being loaded, which the log line of a signal mentions.
    pub fn set_loading(&self, loading: bool) {
        signal::set_loading(loading);
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::base::sys::fd::readable_within;

    /// One test, since the signals are those of the whole test process. SIGTERM is blocked in this thread, and raised
    /// to this thread alone.
    #[test]
    fn a_signal_waits_until_the_control_thread_takes_it() {
        let shutdown = Shutdown::install().unwrap();
        shutdown.set_loading(true);
        signal::raise(libc::SIGTERM).unwrap();
        assert_eq!(shutdown.take(), None, "blocked");
        shutdown.listen().unwrap();
        // SAFETY is not at stake: the descriptor stays open for the life of the process.
        assert!(readable_within(shutdown.event_fd(), 0));
        assert_eq!(shutdown.take(), Some(ShutdownSignal::Term));
        assert_eq!(shutdown.take(), None);
        assert!(!readable_within(shutdown.event_fd(), 0));
        // A first SIGINT after an aborted shutdown is a request again; a second would end the process.
        shutdown.set_stopping(false);
        signal::raise(libc::SIGINT).unwrap();
        assert_eq!(shutdown.take(), Some(ShutdownSignal::Int));
        shutdown.set_stopping(false);
        signal::raise(libc::SIGPIPE).unwrap();
        signal::raise(libc::SIGHUP).unwrap();
    }
}
