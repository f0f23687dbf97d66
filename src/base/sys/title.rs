//! The process title as `ps` shows it: the memory in which the kernel passed arguments and environment.
//!
//! ```text
//! arg_start                 arg_end = env_start                     env_end
//! | argv[0] 0 argv[1] 0 … 0 | VAR=value 0 VAR=value 0 …             |
//! | title 0 0 0 0 0 …                                               |
//! ```
//!
//! The kernel shows the argument part; if its last byte is not zero it reads on into the environment part up to the
//! next zero (fs/proc/base.c get_mm_cmdline). So the environment's strings are moved to the heap first, which needs
//! a process of one thread, and then both parts are ours.

use std::ffi::OsString;
use std::io;

use super::process::thread_count;

/// Longest title. Redis: setproctitle.c SPT_MAXTITLE.
const MAX_TITLE_LEN: usize = 255;

/// The memory that holds the title. One per process.
#[derive(Debug)]
pub struct TitleArea {
    start: usize,
    len: usize,
}

impl TitleArea {
    /// Takes the argument and environment memory over.
    ///
    /// To be called before any other thread starts, and after the arguments were read: `std::env::args` gives garbage
    /// once a title is set.
    pub fn claim() -> io::Result<Self> {
        if thread_count() != 1 {
            return Err(io::Error::other("the title must be claimed before threads start"));
        }
        let area = Self::find()?;
        let variables: Vec<(OsString, OsString)> = std::env::vars_os().collect();
        // SAFETY: one thread, so nobody reads the environment meanwhile. Clearing drops the array that points into the
        // area; setting makes copies on the heap.
        unsafe {
            libc::clearenv();
            for (name, value) in variables {
                std::env::set_var(name, value);
            }
        }
        Ok(area)
    }

    /// Finds the area by the fields arg_start to env_end of /proc/self/stat (proc(5)).
    fn find() -> io::Result<Self> {
        let stat = std::fs::read_to_string("/proc/self/stat")?;
        let [arg_start, arg_end, env_start, env_end] = stat_addresses(&stat)
            .ok_or_else(|| io::Error::other("/proc/self/stat gives no argument addresses"))?;
        let end = if env_start == arg_end { env_end } else { arg_end };
        if arg_start == 0 || end <= arg_start {
            return Err(io::Error::other("no argument memory"));
        }
        Ok(Self { start: arg_start, len: end - arg_start })
    }

    /// Shows `title`, cut to the room there is, and fills the rest with zeros.
    pub fn set(&mut self, title: &[u8]) {
        let kept = title.len().min(MAX_TITLE_LEN).min(self.len.saturating_sub(1));
        let area = std::ptr::with_exposed_provenance_mut::<u8>(self.start);
        // SAFETY: the kernel mapped start..start+len writable for the life of the process, `claim` moved away the
        // environment, `&mut self` excludes a second writer, and `kept` is within the area.
        unsafe {
            std::ptr::write_bytes(area, 0, self.len);
            std::ptr::copy_nonoverlapping(title.as_ptr(), area, kept);
        }
    }
}

/// Fields 48 to 51 of a stat line. The name in field 2 may hold spaces and brackets, so counting starts behind it.
fn stat_addresses(stat: &str) -> Option<[usize; 4]> {
    let (_, behind_name) = stat.rsplit_once(')')?;
    let fields: Vec<&str> = behind_name.split_ascii_whitespace().collect();
    let mut addresses = [0; 4];
    for (address, text) in addresses.iter_mut().zip(fields.get(45..49)?) {
        *address = text.parse().ok()?;
    }
    Some(addresses)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_found_behind_an_odd_name() {
        let fields: Vec<String> = (3..=52).map(|n| n.to_string()).collect();
        let stat = format!("1 (a ) b) {}", fields.join(" "));
        assert_eq!(stat_addresses(&stat), Some([48, 49, 50, 51]));
        assert_eq!(stat_addresses("1 (x) R 1"), None);
    }

    #[test]
    fn this_process_has_an_area_and_refuses_it_to_threads() {
        let area = TitleArea::find();
        assert!(area.is_ok_and(|area| area.len > 1));
        let (hold, held) = std::sync::mpsc::channel::<()>();
        let thread = std::thread::spawn(move || held.recv());
        assert!(TitleArea::claim().is_err());
        drop(hold);
        assert!(thread.join().is_ok());
    }
}
