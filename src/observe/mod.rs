//! L3: what the server tells of itself: log, statistics, INFO sections.

pub mod log;
