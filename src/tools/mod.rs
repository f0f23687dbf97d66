//! L4: the programs that come with a server under names of their own: they look at files and never serve.
//!
//! One thread, plain blocking files. What they print, and their exit codes, are Redis's to the byte, since scripts read
//! them.

pub mod check_aof;
pub mod check_rdb;
