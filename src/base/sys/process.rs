//! Process identity: fork, session, names, stopping.

use std::ffi::CString;
use std::io;
use std::os::fd::{AsRawFd, BorrowedFd};

use super::fd::cvt;

/// Which side of a fork the caller is on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Forked {
    /// The new process.
    Child,
    /// The old process, with the child's id.
    Parent(i32),
}

/// Number of threads of this process; 1 where /proc is not mounted.
pub fn thread_count() -> usize {
    std::fs::read_dir("/proc/self/task").map_or(1, |tasks| tasks.count())
}

/// Forks, which is only allowed while the process has one thread: another thread's locks would stay taken for ever.
pub fn fork_single_threaded() -> io::Result<Forked> {
    if thread_count() != 1 {
        return Err(io::Error::other("fork with more than one thread"));
    }
    // SAFETY: with one thread the child is a full copy, in which every function may be called.
    match cvt(unsafe { libc::fork() })? {
        0 => Ok(Forked::Child),
        pid => Ok(Forked::Parent(pid)),
    }
}

/// Makes the process leader of a new session without a terminal.
pub fn new_session() -> io::Result<()> {
    // SAFETY: takes and touches no memory.
    cvt(unsafe { libc::setsid() }).map(drop)
}

/// Makes standard input, output and error the same file as `fd`.
pub fn redirect_standard_streams(fd: BorrowedFd<'_>) -> io::Result<()> {
    for target in 0..=2 {
        // SAFETY: touches no memory. Descriptors 0 to 2 are owned by nobody in this process, so replacing their file
        // takes nothing from under anyone.
        cvt(unsafe { libc::dup2(fd.as_raw_fd(), target) })?;
    }
    Ok(())
}

/// Ends the process at once: no destructors, no buffers flushed, allowed in a signal handler.
pub fn exit_now(code: i32) -> ! {
    // SAFETY: never returns and touches no memory of this process.
    unsafe { libc::_exit(code) }
}

/// Stops the process until it is continued (SIGSTOP), which tells upstart that it is ready.
pub fn stop_self() -> io::Result<()> {
    // SAFETY: touches no memory.
    cvt(unsafe { libc::raise(libc::SIGSTOP) }).map(drop)
}

/// Takes a variable out of the environment.
///
/// Only while the process has one thread; otherwise nothing is done, and the variable stays.
pub fn remove_env(name: &str) {
    if thread_count() == 1 {
        // SAFETY: no other thread can be reading the environment.
        unsafe { std::env::remove_var(name) };
    }
}

/// Names the calling thread (15 bytes are kept) as `ps -L`, `top -H` and /proc/PID/comm show it.
pub fn set_thread_name(name: &str) -> io::Result<()> {
    let name = CString::new(name.replace('\0', " ")).unwrap_or_default();
    // SAFETY: a C string that outlives the call; the kernel copies at most 16 bytes of it.
    cvt(unsafe { libc::prctl(libc::PR_SET_NAME, name.as_ptr(), 0, 0, 0) }).map(drop)
}

/// Whether the process may write a core file when it crashes (PR_SET_DUMPABLE).
pub fn set_dumpable(dumpable: bool) -> io::Result<()> {
    // SAFETY: takes integers only.
    cvt(unsafe { libc::prctl(libc::PR_SET_DUMPABLE, libc::c_ulong::from(dumpable), 0, 0, 0) }).map(drop)
}

/// Switches transparent huge pages off for memory that this process maps or touches from now on (PR_SET_THP_DISABLE).
pub fn disable_huge_pages() -> io::Result<()> {
    // SAFETY: takes integers only.
    cvt(unsafe { libc::prctl(libc::PR_SET_THP_DISABLE, 1, 0, 0, 0) }).map(drop)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_process_with_threads_does_not_fork() {
        let (hold, held) = std::sync::mpsc::channel::<()>();
        let thread = std::thread::spawn(move || held.recv());
        assert!(fork_single_threaded().is_err());
        drop(hold);
        assert!(thread.join().unwrap().is_err());
    }

    #[test]
    fn a_thread_takes_its_name() {
        let name = std::thread::spawn(|| {
            set_thread_name("a-name-that-is-too-long").unwrap();
            std::fs::read_to_string("/proc/thread-self/comm").unwrap()
        });
        assert_eq!(name.join().unwrap().trim(), "a-name-that-is-");
    }
}
