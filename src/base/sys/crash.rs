//! The report of a crash: what happened and where, written by a signal handler to the log.
//!
//! Redis: debug.c sigsegvHandler and bugReportEnd. The report names signal, address, instruction and stack. It leaves
//! out what the original adds by calling half the server from the handler (INFO, clients, a memory test): with many
//! threads that would read what others are changing.
//!
//! | field | who writes | who reads | when |
//! |---|---|---|---|
//! | `REPORTED` | the first thread that crashes or panics | every later one | a swap, so that one report comes out |
//! | `VERSION`, `PID_FILE` | boot | the handler | strings that are never freed |

use std::ffi::{CStr, CString, c_char, c_void};
use std::io;
use std::ptr;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicPtr, Ordering::Relaxed};

use super::fd::cvt;
use super::handler_io::{HandlerLog, Line};

static REPORTED: AtomicBool = AtomicBool::new(false);
static VERSION: OnceLock<&'static str> = OnceLock::new();
static PID_FILE: AtomicPtr<c_char> = AtomicPtr::new(ptr::null_mut());

/// The signals of a crash.
const CRASH_SIGNALS: [libc::c_int; 5] =
    [libc::SIGSEGV, libc::SIGBUS, libc::SIGFPE, libc::SIGILL, libc::SIGABRT];

/// First line of a report. Tools look for the text.
pub const REPORT_START: &str = "\n\n=== REDIS BUG REPORT START: Cut & paste starting from here ===\n";
/// Last line of a report.
pub const REPORT_END: &str = "\n=== REDIS BUG REPORT END. Make sure to include from START to END. ===\n\n";

/// Frames of the stack that are printed.
const MAX_FRAMES: usize = 100;

/// The instruction that was running when the signal came.
fn instruction_address(context: *const c_void) -> Option<usize> {
    if context.is_null() {
        return None;
    }
    // SAFETY: the kernel passes a ucontext_t to handlers installed with SA_SIGINFO.
    let context = unsafe { &*context.cast::<libc::ucontext_t>() };
    #[cfg(target_arch = "x86_64")]
    let address = usize::try_from(context.uc_mcontext.gregs[libc::REG_RIP as usize].cast_unsigned()).ok();
    #[cfg(target_arch = "aarch64")]
    let address = usize::try_from(context.uc_mcontext.pc).ok();
    #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
    let address = {
        let _ = context;
        None
    };
    address
}

fn write_line(log: &HandlerLog, fill: impl FnOnce(&mut Line)) {
    let mut line = Line::log_prefix(b'#');
    fill(&mut line);
    line.byte(b'\n');
    log.write(line.as_bytes());
}

fn write_stack(log: &HandlerLog) {
    let mut frames = [ptr::null_mut::<c_void>(); MAX_FRAMES];
    let capacity = libc::c_int::try_from(MAX_FRAMES).unwrap_or(0);
    log.write(b"\n------ STACK TRACE ------\nBacktrace:\n");
    // SAFETY: the array has the given capacity. `install` made the first call, which loads the unwinder, so this one
    // neither allocates nor takes the loader's lock; backtrace_symbols_fd writes to the descriptor directly.
    unsafe {
        let count = libc::backtrace(frames.as_mut_ptr(), capacity);
        libc::backtrace_symbols_fd(frames.as_ptr(), count, log.fd());
    }
}

/// Runs on the thread that crashed, on its alternate stack. The action was reset to the default before the call, so
/// a crash in here ends the process.
extern "C" fn on_crash(signal: libc::c_int, info: *mut libc::siginfo_t, context: *mut c_void) {
    if !REPORTED.swap(true, Relaxed) {
        let log = HandlerLog::open();
        log.write(REPORT_START.as_bytes());
        // SAFETY: the kernel passes a valid siginfo_t to handlers installed with SA_SIGINFO, and the fields read belong
        // to the signal: an address for faults, a sender for signals that a process sent.
        let (code, address, sender, uid) = unsafe {
            let is_fault = matches!(signal, libc::SIGSEGV | libc::SIGBUS);
            let is_sent = (*info).si_code == libc::SI_USER;
            (
                (*info).si_code,
                is_fault.then(|| (*info).si_addr().addr()),
                is_sent.then(|| (*info).si_pid()),
                if is_sent { (*info).si_uid() } else { 0 },
            )
        };
        write_line(&log, |line| {
            line.text("Redis ").text(VERSION.get().copied().unwrap_or("")).text(" crashed by signal: ");
            line.signed(signal.into()).text(", si_code: ").signed(code.into());
        });
        if let Some(address) = address {
            write_line(&log, |line| {
                line.text("Accessing address: ").address(address);
            });
        }
        if let Some(pid) = sender {
            write_line(&log, |line| {
                line.text("Killed by PID: ").signed(pid.into()).text(", UID: ").number(uid.into());
            });
        }
        if let Some(address) = instruction_address(context) {
            write_line(&log, |line| {
                line.text("Crashed running the instruction at: ").address(address);
            });
        }
        write_stack(&log);
        log.write(REPORT_END.as_bytes());
    }
    remove_pid_file();
    // The signal again, with its default action: the exit status tells it and a core is written if allowed.
    // SAFETY: touches no memory; raise is async-signal-safe.
    unsafe { libc::raise(signal) };
}

fn remove_pid_file() {
    let path = PID_FILE.load(Relaxed);
    if !path.is_null() {
        // SAFETY: a C string that is never freed; unlink is async-signal-safe.
        unsafe { libc::unlink(path) };
    }
}

fn set_actions(action: &libc::sigaction) -> io::Result<()> {
    for signal in CRASH_SIGNALS {
        // SAFETY: the action is valid for reading and its handler, if any, is safe in a handler.
        cvt(unsafe { libc::sigaction(signal, action, ptr::null_mut()) })?;
    }
    Ok(())
}

/// Reports crashes of every thread to the log from now on, naming `version`.
pub fn install(version: &'static str) -> io::Result<()> {
    let _ = VERSION.set(version);
    let mut frame = [ptr::null_mut::<c_void>(); 1];
    // SAFETY: an array of one; see `write_stack` for why it is called now.
    unsafe { libc::backtrace(frame.as_mut_ptr(), 1) };
    // SAFETY: a zeroed sigaction is a valid one.
    let mut action: libc::sigaction = unsafe { std::mem::zeroed() };
    let handler = on_crash as extern "C" fn(libc::c_int, *mut libc::siginfo_t, *mut c_void);
    action.sa_sigaction = handler as libc::sighandler_t;
    // std gives its threads an alternate stack, so that even an overflow of the stack is reported.
    action.sa_flags = libc::SA_SIGINFO | libc::SA_ONSTACK | libc::SA_NODEFER | libc::SA_RESETHAND;
    set_actions(&action)
}

/// Gives the crash signals their default action back (`crash-log-enabled no`).
pub fn uninstall() -> io::Result<()> {
    // SAFETY: a zeroed sigaction is a valid one: the default action.
    let action: libc::sigaction = unsafe { std::mem::zeroed() };
    set_actions(&action)
}

/// Claims the one report for the caller; false if another thread's report is under way or written.
pub fn claim_report() -> bool {
    !REPORTED.swap(true, Relaxed)
}

/// The file that a crash removes: a daemon's pid file, unless supervised. `None` to keep it.
pub fn set_pid_file(path: Option<&CStr>) {
    let path = path.map_or(ptr::null_mut(), |path| CString::from(path).into_raw());
    PID_FILE.store(path, Relaxed);
}

/// Crashes by reading an address that nothing maps: DEBUG SEGFAULT.
pub fn segfault() {
    // SAFETY: none of its kind. The access faults by design, which the operator asked for; the volatile read cannot be
    // taken for unreachable. Page zero is never mapped (vm.mmap_min_addr).
    unsafe { ptr::read_volatile(ptr::without_provenance::<u8>(16)) };
}
