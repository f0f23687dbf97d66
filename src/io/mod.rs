//! L0: the only user of io-uring and glommio: the shard driver, its simulated twin, wakes, rings between threads.
