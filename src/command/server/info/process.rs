//! Facts that the kernel knows of the process and the machine. Each is a file under /proc, read when asked for; a file
//! that cannot be read counts as zero, as in Redis's zmalloc.c.

use std::fs;
use std::sync::OnceLock;

const PAGE_BYTES: usize = 4_096;
const KIB: usize = 1_024;

/// Bytes of memory that the process has resident (zmalloc.c `zmalloc_get_rss`).
pub(super) fn resident() -> usize {
    let text = fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages = text.split(' ').nth(1).and_then(|pages| pages.parse::<usize>().ok());
    pages.unwrap_or(0).saturating_mul(PAGE_BYTES)
}

/// Bytes of memory that the machine has.
pub(super) fn machine_memory() -> usize {
    static BYTES: OnceLock<usize> = OnceLock::new();
    *BYTES.get_or_init(|| {
        let text = fs::read_to_string("/proc/meminfo").unwrap_or_default();
        let kib = text.lines().find_map(|line| {
            line.strip_prefix("MemTotal:")?.trim().strip_suffix(" kB")?.parse::<usize>().ok()
        });
        kib.unwrap_or(0).saturating_mul(KIB)
    })
}

/// `Linux 6.1.0 x86_64`, as `uname` tells it.
pub(super) fn os() -> &'static str {
    static NAME: OnceLock<String> = OnceLock::new();
    NAME.get_or_init(|| {
        let read = |file: &str| fs::read_to_string(format!("/proc/sys/kernel/{file}")).unwrap_or_default();
        format!("{} {} {}", read("ostype").trim(), read("osrelease").trim(), std::env::consts::ARCH)
    })
}
