//! The simulated twin of the shard driver.
