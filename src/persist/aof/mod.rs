//! The append-only file (Redis: aof.c): its manifest, what stands in its files, and who writes them when.
//!
//! ```text
//!  <dir>/<appenddirname>/<appendfilename>.manifest          which files, in which order      (manifest.rs)
//!                        <appendfilename>.2.base.rdb        the dataset at the last rewrite
//!                        <appendfilename>.4.incr.aof        commands since then              (read.rs)
//! ```

pub mod manifest;
pub mod read;
