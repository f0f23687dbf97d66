//! CPU time that the process, its children and the calling thread have used.

use std::mem::MaybeUninit;

/// CPU time in microseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CpuTime {
    /// In the kernel.
    pub system_us: u64,
    /// Outside it.
    pub user_us: u64,
}

/// Whose time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whose {
    /// Of all threads of this process.
    Process,
    /// Of its children that have ended and were waited for.
    Children,
    /// Of the calling thread.
    Thread,
}

/// CPU time used so far; zero if the kernel refuses to tell.
pub fn cpu_time(whose: Whose) -> CpuTime {
    let who = match whose {
        Whose::Process => libc::RUSAGE_SELF,
        Whose::Children => libc::RUSAGE_CHILDREN,
        Whose::Thread => libc::RUSAGE_THREAD,
    };
    let mut usage = MaybeUninit::<libc::rusage>::zeroed();
    // SAFETY: the pointer is to a writable `rusage`, which the call fills or leaves alone; all its bytes are initialized
    // (zero), and any bits are valid for its integer fields.
    let usage = unsafe {
        libc::getrusage(who, usage.as_mut_ptr());
        usage.assume_init()
    };
    let micros = |time: libc::timeval| {
        let seconds = u64::try_from(time.tv_sec).unwrap_or(0);
        seconds.saturating_mul(1_000_000).saturating_add(u64::try_from(time.tv_usec).unwrap_or(0))
    };
    CpuTime { system_us: micros(usage.ru_stime), user_us: micros(usage.ru_utime) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_takes_time_of_the_thread_and_of_the_process() {
        let total = |whose| {
            let time = cpu_time(whose);
            time.system_us + time.user_us
        };
        let (thread, process) = (total(Whose::Thread), total(Whose::Process));
        let mut x = 1_u64;
        while total(Whose::Thread) < thread + 20_000 {
            x = std::hint::black_box(x.wrapping_mul(3));
        }
        assert!(total(Whose::Process) >= process + 10_000);
        let _ = cpu_time(Whose::Children);
    }
}
