//! Signals that ask the process to end, and those that it ignores.
//!
//! The handler notes the signal, logs as Redis's does, and wakes whoever waits on the event descriptor. A second
//! SIGINT while a shutdown is under way ends the process at once: the user pressed Ctrl-C again.
//!
//! | field | who writes | who reads | when |
//! |---|---|---|---|
//! | `PENDING` | handler (set), control (take) | both | a swap takes it exactly once |
//! | `STOPPING` | handler and control (set), control (clear when a shutdown is aborted) | handler | relaxed |
//! | `LOADING`, `QUIET` | control | handler | relaxed |
//! | `EVENT_FD` | `install`, once | handler | before the handler is installed |

use std::io;
use std::os::fd::{BorrowedFd, IntoRawFd, OwnedFd};
use std::ptr;
use std::sync::atomic::{AtomicBool, AtomicI32, Ordering::Relaxed};

use super::fd::{cvt, eventfd};
use super::handler_io::{HandlerLog, Line};

static PENDING: AtomicI32 = AtomicI32::new(0);
static STOPPING: AtomicBool = AtomicBool::new(false);
static LOADING: AtomicBool = AtomicBool::new(false);
static QUIET: AtomicBool = AtomicBool::new(false);
static EVENT_FD: AtomicI32 = AtomicI32::new(-1);

/// The signals that ask for a shutdown.
const SHUTDOWN_SIGNALS: [libc::c_int; 2] = [libc::SIGTERM, libc::SIGINT];

/// Runs on whatever thread the signal interrupts. Only async-signal-safe calls.
extern "C" fn on_shutdown_signal(signal: libc::c_int) {
    // SAFETY: errno is a plain thread-local integer of the interrupted thread; it is put back before returning.
    let errno_at = unsafe { libc::__errno_location() };
    // SAFETY: as above.
    let saved = unsafe { *errno_at };
    // Redis: server.c sigShutdownHandler.
    if STOPPING.load(Relaxed) && signal == libc::SIGINT {
        log_from_handler("You insist... exiting now.");
        super::process::exit_now(1);
    }
    log_from_handler(match signal {
        _ if LOADING.load(Relaxed) => "Received shutdown signal during loading, scheduling shutdown.",
        libc::SIGINT => "Received SIGINT scheduling shutdown...",
        libc::SIGTERM => "Received SIGTERM scheduling shutdown...",
        _ => "Received shutdown signal, scheduling shutdown...",
    });
    STOPPING.store(true, Relaxed);
    PENDING.store(signal, Relaxed);
    wake();
    // SAFETY: as above.
    unsafe { *errno_at = saved };
}

fn wake() {
    let one = 1_u64.to_ne_bytes();
    // SAFETY: eight valid bytes; write is async-signal-safe. A full counter is awake already.
    let _ = unsafe { libc::write(EVENT_FD.load(Relaxed), one.as_ptr().cast(), one.len()) };
}

/// Redis: server.c serverLogFromHandler, down to the form of the line.
fn log_from_handler(message: &str) {
    if QUIET.load(Relaxed) {
        return;
    }
    let mut line = Line::default();
    let unix_s = super::time::clock_gettime_ns(libc::CLOCK_REALTIME) / 1_000_000_000;
    line.number(std::process::id().into()).text(":signal-handler (").number(unix_s).text(") ");
    line.text(message).byte(b'\n');
    HandlerLog::open().write(line.as_bytes());
}

fn set_action(signal: libc::c_int, handler: libc::sighandler_t) -> io::Result<()> {
    // SAFETY: a zeroed sigaction is a valid one: default action, empty mask, no flags.
    let mut action: libc::sigaction = unsafe { std::mem::zeroed() };
    action.sa_sigaction = handler;
    action.sa_flags = libc::SA_RESTART;
    // SAFETY: `action` is valid for reading; `handler` is SIG_IGN or a function that is safe in a handler.
    cvt(unsafe { libc::sigaction(signal, &raw const action, ptr::null_mut()) }).map(drop)
}

/// Ignores SIGHUP and SIGPIPE (a closed peer is an error of the write, not the end of the process), and takes SIGTERM
/// and SIGINT over. Returns a descriptor that becomes readable when one arrived. Once per process.
pub fn install() -> io::Result<BorrowedFd<'static>> {
    let event: OwnedFd = eventfd()?;
    // The handler may run until the very end: the descriptor stays open for the life of the process.
    let event = event.into_raw_fd();
    EVENT_FD.store(event, Relaxed);
    set_action(libc::SIGHUP, libc::SIG_IGN)?;
    set_action(libc::SIGPIPE, libc::SIG_IGN)?;
    let handler = on_shutdown_signal as extern "C" fn(libc::c_int);
    for signal in SHUTDOWN_SIGNALS {
        set_action(signal, handler as libc::sighandler_t)?;
    }
    // SAFETY: the descriptor was given up above and is never closed.
    Ok(unsafe { BorrowedFd::borrow_raw(event) })
}

/// Takes the signal that arrived since the last call, and resets the event descriptor.
pub fn take() -> Option<i32> {
    let mut count = [0_u8; 8];
    // SAFETY: eight writable bytes. The descriptor does not block; -1 (before `install`) is refused by the kernel.
    let _ = unsafe { libc::read(EVENT_FD.load(Relaxed), count.as_mut_ptr().cast(), count.len()) };
    let signal = PENDING.swap(0, Relaxed);
    (signal != 0).then_some(signal)
}

/// Tells the handler whether a shutdown is under way, however it was asked for.
pub fn set_stopping(stopping: bool) {
    STOPPING.store(stopping, Relaxed);
}

/// Tells the handler whether data is being loaded, which it mentions.
pub fn set_loading(loading: bool) {
    LOADING.store(loading, Relaxed);
}

/// Keeps the handler from logging: the level is above `warning`, or a daemon without a log file.
pub fn set_quiet(quiet: bool) {
    QUIET.store(quiet, Relaxed);
}

fn change_mask(how: libc::c_int) -> io::Result<()> {
    // SAFETY: a zeroed set is valid for sigemptyset to fill; every pointer outlives its call.
    let error = unsafe {
        let mut set: libc::sigset_t = std::mem::zeroed();
        libc::sigemptyset(&raw mut set);
        for signal in SHUTDOWN_SIGNALS {
            libc::sigaddset(&raw mut set, signal);
        }
        libc::pthread_sigmask(how, &raw const set, ptr::null_mut())
    };
    if error == 0 { Ok(()) } else { Err(io::Error::from_raw_os_error(error)) }
}

/// Keeps SIGTERM and SIGINT from interrupting the calling thread and the threads it starts.
pub fn block_shutdown_signals() -> io::Result<()> {
    change_mask(libc::SIG_BLOCK)
}

/// Lets the calling thread receive SIGTERM and SIGINT again.
pub fn unblock_shutdown_signals() -> io::Result<()> {
    change_mask(libc::SIG_UNBLOCK)
}

/// Sends `signal` to the calling thread.
pub fn raise(signal: i32) -> io::Result<()> {
    // SAFETY: touches no memory of the caller.
    if unsafe { libc::raise(signal) } == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}
