//! L2: what the server tells of itself: log, statistics, connections.

mod clients;
pub mod log;
mod stats;

pub use clients::{ClientInfo, Labels, Registry, client_flag};
pub use stats::{CommandStats, Counter, DbStats, ShardStats};
