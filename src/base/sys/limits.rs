//! Resource limits of the process.

use std::io;

use super::fd::cvt;

/// A soft and a hard limit; `u64::MAX` is unlimited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit {
    /// What is enforced.
    pub soft: u64,
    /// Up to where the soft limit may be raised.
    pub hard: u64,
}

/// A resource that is limited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resource {
    /// Open file descriptors.
    OpenFiles,
    /// Bytes that may be locked into memory.
    LockedMemory,
    /// Bytes of a core file.
    CoreFile,
}

impl Resource {
    fn raw(self) -> libc::__rlimit_resource_t {
        match self {
            Resource::OpenFiles => libc::RLIMIT_NOFILE,
            Resource::LockedMemory => libc::RLIMIT_MEMLOCK,
            Resource::CoreFile => libc::RLIMIT_CORE,
        }
    }
}

/// Reads a limit.
pub fn get(resource: Resource) -> io::Result<Limit> {
    let mut raw = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: `raw` is valid for writing.
    cvt(unsafe { libc::getrlimit(resource.raw(), &raw mut raw) })?;
    Ok(Limit { soft: raw.rlim_cur, hard: raw.rlim_max })
}

/// Sets a limit. Only a privileged process may raise the hard one.
pub fn set(resource: Resource, limit: Limit) -> io::Result<()> {
    let raw = libc::rlimit { rlim_cur: limit.soft, rlim_max: limit.hard };
    // SAFETY: `raw` is valid for reading.
    cvt(unsafe { libc::setrlimit(resource.raw(), &raw const raw) }).map(drop)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_can_be_set_to_what_it_is() {
        for resource in [Resource::OpenFiles, Resource::LockedMemory, Resource::CoreFile] {
            let limit = get(resource).unwrap();
            assert!(limit.soft <= limit.hard);
            set(resource, limit).unwrap();
            assert_eq!(get(resource).unwrap(), limit);
        }
    }
}
