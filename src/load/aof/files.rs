//! Where the append-only file lies, before the log core takes it over: reading its manifest, and moving the single file of
//! an old Redis into its directory (aof.c `aofLoadManifestFromDisk`, `aofUpgradePrepare`).

use crate::config::Config;
use crate::load::Aborted;
use crate::log;
use crate::observe::log;
use crate::persist::aof::manifest::{Manifest, Names};
use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{self, Write};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// The directory of the append-only file and its names.
#[derive(Clone, Debug)]
pub struct Place {
    dir: PathBuf,
    names: Names,
}

impl Place {
    /// As the configuration says; relative to the working directory.
    pub fn of(config: &Config) -> Place {
        Place { dir: PathBuf::from(&config.appenddirname), names: Names::new(&config.appendfilename) }
    }

    /// The path of one of its files.
    pub fn path_of(&self, name: &[u8]) -> PathBuf {
        self.dir.join(OsStr::from_bytes(name))
    }

    /// The name of the single file that a version before 7.0 wrote.
    pub fn old_name(&self) -> &str {
        self.names.old_style()
    }

    /// Whether that file is there, outside of the directory.
    pub fn has_old_file(&self) -> bool {
        Path::new(self.old_name()).exists()
    }

    /// Whether there is something to load, or to complain of.
    pub fn is_anything_there(&self) -> bool {
        self.dir.exists() || self.has_old_file()
    }

    /// Whether the old file is to be taken over: nothing newer is there, or that was begun and not finished.
    pub fn is_upgrade_due(&self, manifest: &Manifest) -> bool {
        let moved = self.path_of(self.old_name().as_bytes()).exists();
        !self.dir.is_dir() || manifest.is_empty() || (manifest.is_only_base(self.old_name()) && !moved)
    }

    /// The manifest; an empty one if there is none.
    ///
    /// # Errors
    /// It cannot be read, or is none.
    pub fn read_manifest(&self) -> Result<Manifest, Aborted> {
        let name = self.names.manifest();
        let path = self.path_of(name.as_bytes());
        if !self.dir.is_dir() {
            log!(Debug, "The AOF directory {} doesn't exist", self.dir.display());
            return Ok(Manifest::default());
        }
        let text = match fs::read(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                log!(Debug, "The AOF manifest file {name} doesn't exist");
                return Ok(Manifest::default());
            }
            Err(error) => {
                let why = error_text(&error);
                let path = path.display();
                log!(Warning, "Fatal error: can't open the AOF manifest file {path} for reading: {why}");
                return Err(Aborted::Fatal);
            }
        };
        Manifest::parse(&text).map_err(|refused| {
            refused.report().iter().for_each(|line| log::warning(line));
            Aborted::Fatal
        })
    }

    /// Makes the old file the base: first the manifest says so, then the file is moved. A crash in between is mended by the
    /// next start.
    ///
    /// # Errors
    /// The file system refuses; the log says what.
    pub fn adopt_old_file(&self, manifest: &mut Manifest) -> Result<(), Aborted> {
        let dir = self.dir.display();
        self.make_dir()?;
        manifest.adopt_old(&self.names);
        self.persist(manifest)?;
        let old = self.old_name();
        fs::rename(old, self.path_of(old.as_bytes())).map_err(|error| {
            let why = error_text(&error);
            log!(Warning, "Error trying to move the old AOF file {old} into dir {dir}: {why}");
            Aborted::Fatal
        })?;
        log!(Notice, "Successfully migrated an old-style AOF file ({old}) into the AOF directory ({dir}).");
        Ok(())
    }

    /// The names of its files.
    pub(super) fn names(&self) -> &Names {
        &self.names
    }

    /// Makes the directory if it is missing.
    ///
    /// # Errors
    /// The file system refuses; the log says what.
    pub(super) fn make_dir(&self) -> Result<(), Aborted> {
        match fs::create_dir(&self.dir) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists || !self.dir.is_dir() => {
                let (dir, why) = (self.dir.display(), error_text(&error));
                log!(Warning, "Can't open or create append-only dir {dir}: {why}");
                Err(Aborted::Fatal)
            }
            _ => Ok(()),
        }
    }

    /// Makes a manifest the one in force.
    ///
    /// # Errors
    /// The file system refuses; the log says what.
    pub(super) fn persist(&self, manifest: &Manifest) -> Result<(), Aborted> {
        self.write_manifest(manifest).map_err(|error| {
            let (name, why) = (self.names.manifest(), error_text(&error));
            log!(Warning, "Error trying to write the AOF manifest file {name}: {why}");
            Aborted::Fatal
        })
    }

    /// Replaces the manifest on disk, all of it or nothing (aof.c `writeAofManifestFile`).
    fn write_manifest(&self, manifest: &Manifest) -> io::Result<()> {
        let temp = self.path_of(self.names.temp_manifest().as_bytes());
        let mut file = File::create(&temp)?;
        file.write_all(&manifest.format())?;
        file.sync_all()?;
        fs::rename(&temp, self.path_of(self.names.manifest().as_bytes()))?;
        File::open(&self.dir)?.sync_all()
    }
}

/// The system's words for an error, as Redis's `strerror` gives them.
pub(in crate::load) fn error_text(error: &io::Error) -> String {
    let text = error.to_string();
    text.split(" (os error").next().unwrap_or_default().to_owned()
}
