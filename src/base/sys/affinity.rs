//! Which CPUs a thread may run on.

use std::io;

use super::fd::cvt;

/// CPUs beyond this number do not fit the C library's set.
pub const MAX_CPUS: usize = libc::CPU_SETSIZE as usize;

fn empty_set() -> libc::cpu_set_t {
    // SAFETY: a CPU set is an array of integers, for which zero is a value.
    unsafe { std::mem::zeroed() }
}

/// The CPUs that the calling thread may run on, in ascending order (cgroup sets and taskset are obeyed).
pub fn allowed_cpus() -> io::Result<Vec<usize>> {
    let mut set = empty_set();
    // SAFETY: the set is valid for writing and its size is given.
    cvt(unsafe { libc::sched_getaffinity(0, size_of::<libc::cpu_set_t>(), &raw mut set) })?;
    // SAFETY: CPU_ISSET reads the bit of a CPU below the set's size.
    Ok((0..MAX_CPUS).filter(|&cpu| unsafe { libc::CPU_ISSET(cpu, &set) }).collect())
}

/// Lets the calling thread run on `cpus` only.
pub fn set_allowed_cpus(cpus: &[usize]) -> io::Result<()> {
    let mut set = empty_set();
    for &cpu in cpus {
        if cpu >= MAX_CPUS {
            return Err(io::Error::from_raw_os_error(libc::EINVAL));
        }
        // SAFETY: CPU_SET writes the bit of a CPU below the set's size, as checked.
        unsafe { libc::CPU_SET(cpu, &mut set) };
    }
    // SAFETY: the set is valid for reading and its size is given.
    cvt(unsafe { libc::sched_setaffinity(0, size_of::<libc::cpu_set_t>(), &raw const set) }).map(drop)
}

/// Pins the calling thread to one CPU.
pub fn pin_to(cpu: usize) -> io::Result<()> {
    set_allowed_cpus(&[cpu])
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_thread_can_be_pinned_to_each_allowed_cpu() {
        let done = std::thread::spawn(|| {
            let allowed = allowed_cpus().unwrap();
            assert!(!allowed.is_empty());
            for &cpu in &allowed {
                pin_to(cpu).unwrap();
                assert_eq!(allowed_cpus().unwrap(), [cpu]);
            }
            set_allowed_cpus(&allowed).unwrap();
            assert!(pin_to(MAX_CPUS).is_err());
        });
        done.join().unwrap();
    }
}
