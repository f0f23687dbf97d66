//! The file that names the process id, for scripts that stop the server.

use std::ffi::CString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::base::sys;
use crate::log;

/// Where a daemon's pid file lies when no `pidfile` is configured. Redis: server.h CONFIG_DEFAULT_PID_FILE.
pub const DEFAULT_PATH: &str = "/var/run/redis.pid";

/// A pid file that is to be written, and removed at the end.
#[derive(Debug, PartialEq, Eq)]
pub struct PidFile {
    path: PathBuf,
}

impl PidFile {
    /// The pid file that the configuration asks for: the configured path, or the default one for a process in the
    /// background; none otherwise.
    ///
    /// Redis: server.c main, `if (background || server.pidfile) createPidFile()`. A relative path is fixed to the
    /// working directory of the moment.
    pub fn wanted(configured: Option<&Path>, background: bool) -> Option<Self> {
        let path = match configured {
            Some(path) if !path.as_os_str().is_empty() => path,
            _ if background => Path::new(DEFAULT_PATH),
            _ => return None,
        };
        Some(Self { path: std::path::absolute(path).unwrap_or_else(|_| path.to_owned()) })
    }

    /// Writes the process id. Failing to is a warning in the log, not an end.
    ///
    /// With `remove_on_crash` (a daemon that no supervisor watches) a crash removes the file too.
    pub fn create(&self, remove_on_crash: bool) {
        if let Err(error) = fs::write(&self.path, format!("{}\n", std::process::id())) {
            log!(Warning, "Failed to write PID file: {}", super::os_text(&error));
            return;
        }
        if remove_on_crash {
            let path = CString::new(self.path.as_os_str().as_encoded_bytes()).ok();
            sys::crash::set_pid_file(path.as_deref());
        }
    }

    /// Removes the file, if it is there. Redis: server.c finishShutdown.
    pub fn remove(&self) -> io::Result<()> {
        sys::crash::set_pid_file(None);
        log!(Notice, "Removing the pid file.");
        match fs::remove_file(&self.path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    /// Where the file lies.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn only_daemons_have_a_default() {
        assert_eq!(PidFile::wanted(None, false), None);
        assert_eq!(PidFile::wanted(Some(Path::new("")), false), None);
        assert_eq!(PidFile::wanted(None, true).unwrap().path(), Path::new(DEFAULT_PATH));
        assert_eq!(PidFile::wanted(Some(Path::new("/a/b.pid")), true).unwrap().path(), Path::new("/a/b.pid"));
        assert!(PidFile::wanted(Some(Path::new("b.pid")), false).unwrap().path().is_absolute());
    }

    #[test]
    fn the_file_comes_and_goes() {
        let dir = tempfile::tempdir().unwrap();
        let file = PidFile::wanted(Some(&dir.path().join("x.pid")), false).unwrap();
        file.create(false);
        assert_eq!(fs::read_to_string(file.path()).unwrap(), format!("{}\n", std::process::id()));
        file.remove().unwrap();
        assert!(!file.path().exists());
        file.remove().unwrap();
        PidFile::wanted(Some(&dir.path().join("no/dir/x.pid")), false).unwrap().create(false);
    }
}
