//! L2: what the server tells of itself: log, statistics, slow commands, latency spikes, connections.

mod clients;
mod durations;
mod errors;
pub mod latency;
pub mod log;
pub mod rates;
pub mod slowlog;
mod stats;

pub use clients::{ClientInfo, Labels, Registry, client_flag};
pub use durations::Durations;
pub use errors::ErrorCodes;
pub use stats::{CommandStats, Counter, DbStats, ShardStats};
