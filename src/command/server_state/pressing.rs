//! Client eviction: the limit, and who has to go. When to look is the shards' business (`shard/memory.rs`).

use super::Server;
use crate::config::Config;
use crate::observe::ClientInfo;
use std::cmp::Reverse;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, PoisonError};

/// The lowest limit that is obeyed, in bytes: below it not even a few idle clients would fit (networking.c
/// `getClientEvictionLimit`).
const CLIENT_LIMIT_MIN: u64 = 128 * 1024;

impl Server {
    /// Bytes that all clients may take together (`maxmemory-clients`); 0: as many as they like.
    #[inline]
    pub fn client_limit(&self) -> u64 {
        self.client_limit.load(Relaxed)
    }

    pub(super) fn set_client_limit(&self, config: &Config) {
        let limit = config.maxmemory_clients.bytes(config.maxmemory);
        self.client_limit.store(if limit == 0 { 0 } else { limit.max(CLIENT_LIMIT_MIN) }, Relaxed);
    }

    /// Takes the largest clients out of the registry until the others take less than `limit` bytes together. Returns those
    /// that the caller has to end, and whether that is enough. Several shards may ask at the same time: what one has taken
    /// the next does not find.
    #[cold]
    pub fn choose_clients(&self, limit: u64) -> (Vec<Arc<ClientInfo>>, bool) {
        let _guard = self.choosing_clients.lock().unwrap_or_else(PoisonError::into_inner);
        let mut clients: Vec<(u64, Arc<ClientInfo>)> =
            self.clients.snapshot().into_iter().map(|client| (client.memory() as u64, client)).collect();
        let mut sum = clients.iter().fold(0_u64, |sum, (bytes, _)| sum.saturating_add(*bytes));
        clients.retain(|(_, client)| client.is_evictable());
        clients.sort_by_key(|(bytes, _)| Reverse(*bytes));
        let mut victims = Vec::new();
        for (bytes, client) in clients {
            if sum < limit {
                break;
            }
            sum = sum.saturating_sub(bytes);
            // Who is being ended already is no longer in the sum that counts.
            if !client.close.swap(true, Relaxed) {
                self.clients.remove(client.id);
                victims.push(client);
            }
        }
        (victims, sum < limit)
    }
}
