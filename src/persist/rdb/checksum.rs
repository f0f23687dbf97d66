//! The sum that ends RDB files and DUMP payloads: CRC-64 with Redis's polynomial (crc64.c: Jones, reflected, no final
//! complement), which the catalogues of checksums call CRC-64/REDIS.

use crc_fast::{CrcAlgorithm, Digest};

/// The sum over bytes that come in pieces. Pieces of a few hundred bytes and more are summed at the speed of memory.
pub struct Crc64(Digest);

impl Default for Crc64 {
    fn default() -> Crc64 {
        Crc64(Digest::new(CrcAlgorithm::Crc64Redis))
    }
}

impl Crc64 {
    /// Adds what follows.
    pub fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// The sum so far.
    #[must_use]
    pub fn value(&self) -> u64 {
        self.0.finalize()
    }
}

impl std::fmt::Debug for Crc64 {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Crc64({:016x})", self.value())
    }
}

/// The sum over `bytes`.
#[must_use]
pub fn crc64(bytes: &[u8]) -> u64 {
    crc_fast::checksum(CrcAlgorithm::Crc64Redis, bytes)
}
