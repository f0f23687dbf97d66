//! INFO memory, and the figures that MEMORY STATS and MEMORY DOCTOR share with it (object.c `getMemoryOverheadData`).

use super::{Facts, Lines, process};
use crate::base::alloc;
use crate::command::Server;
use crate::command::server::memory::TABLE_SHARE;
use std::sync::atomic::Ordering::Relaxed;

/// Bytes that the server takes, and what for.
#[derive(Clone, Debug, PartialEq)]
pub struct Memory {
    /// Allocated now.
    pub used: usize,
    /// Most allocated at once.
    pub peak: usize,
    /// Allocated when the server started.
    pub startup: usize,
    /// Resident in the machine's memory.
    pub resident: usize,
    /// Connections and their buffers.
    pub clients: usize,
    /// Per database with keys: index and bytes of its table beside the entries, estimated.
    pub tables: Vec<(usize, usize)>,
    /// All that is no data.
    pub overhead: usize,
    /// Keys in all databases.
    pub keys: u64,
}

impl Memory {
    /// The figures now.
    pub fn take(server: &Server) -> Memory {
        let used = alloc::used_memory();
        let clients = server.clients.snapshot().iter().map(|client| client.memory()).sum();
        let databases = server.stats.first().map_or(0, |shard| shard.keys.len());
        let keys_of = |db: usize| -> u64 {
            server.stats.iter().filter_map(|shard| shard.keys.get(db)).map(|db| db.keys.get()).sum()
        };
        let keys = (0..databases).map(keys_of).sum();
        // An exact figure would take a pass over every table.
        let table = |keys: u64| usize::try_from(keys).unwrap_or(usize::MAX).saturating_mul(TABLE_SHARE);
        let tables: Vec<(usize, usize)> =
            (0..databases).map(|db| (db, table(keys_of(db)))).filter(|(_, bytes)| *bytes > 0).collect();
        let startup = server.startup_memory.load(Relaxed);
        let overhead = tables.iter().map(|(_, bytes)| bytes).sum::<usize>() + clients + startup;
        let resident = process::resident();
        Memory { used, peak: server.note_peak(used), startup, resident, clients, tables, overhead, keys }
    }

    /// Bytes of data.
    pub fn dataset(&self) -> usize {
        self.used.saturating_sub(self.overhead)
    }

    /// Bytes allocated since the start; at least 1, for it divides.
    pub fn net(&self) -> usize {
        self.used.saturating_sub(self.startup).max(1)
    }

    /// Data in percent of what was allocated since the start.
    pub fn dataset_percent(&self) -> f64 {
        percent(self.dataset(), self.net())
    }

    /// Present use in percent of the peak.
    pub fn peak_percent(&self) -> f64 {
        percent(self.used, self.peak)
    }

    /// Resident bytes per allocated byte.
    pub fn fragmentation(&self) -> f64 {
        ratio(self.resident, self.used)
    }

    /// Resident bytes beyond the allocated ones.
    pub fn fragmentation_bytes(&self) -> i64 {
        let signed = |bytes: usize| i64::try_from(bytes).unwrap_or(i64::MAX);
        signed(self.resident).saturating_sub(signed(self.used))
    }
}

/// `part / whole`; 0 of nothing.
#[expect(clippy::cast_precision_loss, reason = "a ratio for people to read")]
pub(super) fn ratio(part: usize, whole: usize) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}

fn percent(part: usize, whole: usize) -> f64 {
    100.0 * ratio(part, whole)
}

/// Bytes with a unit (util.c `bytesToHuman`).
pub(super) fn human(bytes: usize) -> String {
    const UNITS: &[&str] = &["K", "M", "G", "T", "P"];
    if bytes < 1024 {
        return format!("{bytes}B");
    }
    let mut unit_bytes: usize = 1024;
    for unit in UNITS {
        if bytes / 1024 < unit_bytes || *unit == "P" {
            return format!("{:.2}{unit}", ratio(bytes, unit_bytes));
        }
        unit_bytes = unit_bytes.saturating_mul(1024);
    }
    format!("{bytes}B")
}

pub(super) fn write(facts: &Facts<'_>, lines: &mut Lines) {
    let memory = Memory::take(facts.server);
    let mut with_human = |name: &str, bytes: usize| {
        lines.put(name, bytes);
        lines.put(&format!("{name}_human"), human(bytes));
    };
    with_human("used_memory", memory.used);
    with_human("used_memory_rss", memory.resident);
    with_human("used_memory_peak", memory.peak);
    lines.put("used_memory_peak_perc", format_args!("{:.2}%", memory.peak_percent()));
    lines.put("used_memory_overhead", memory.overhead);
    lines.put("used_memory_startup", memory.startup);
    lines.put("used_memory_dataset", memory.dataset());
    lines.put("used_memory_dataset_perc", format_args!("{:.2}%", memory.dataset_percent()));
    // What the allocator holds is not told apart from what is resident, as in a Redis without jemalloc.
    lines.put("allocator_allocated", memory.used);
    lines.put("allocator_active", memory.resident);
    lines.put("allocator_resident", memory.resident);
    lines.put("total_system_memory", process::machine_memory());
    lines.put("total_system_memory_human", human(process::machine_memory()));
    scripts(lines, facts.server);
    let limit = usize::try_from(facts.config.maxmemory).unwrap_or(usize::MAX);
    lines.put("maxmemory", facts.config.maxmemory);
    lines.put("maxmemory_human", human(limit));
    lines.put("maxmemory_policy", facts.config.maxmemory_policy.as_str());
    lines.put_2("allocator_frag_ratio", memory.fragmentation());
    lines.put("allocator_frag_bytes", memory.fragmentation_bytes());
    lines.put_2("allocator_rss_ratio", 1.0);
    lines.put("allocator_rss_bytes", 0);
    lines.put_2("rss_overhead_ratio", 1.0);
    lines.put("rss_overhead_bytes", 0);
    lines.put_2("mem_fragmentation_ratio", memory.fragmentation());
    lines.put("mem_fragmentation_bytes", memory.fragmentation_bytes());
    lines.zero(&[
        "mem_not_counted_for_evict",
        "mem_replication_backlog",
        "mem_total_replication_buffers",
        "mem_clients_slaves",
    ]);
    lines.put("mem_clients_normal", memory.clients);
    lines.put("mem_cluster_links", 0);
    lines.put("mem_aof_buffer", facts.server.appending.facts().buffered);
    lines.put("mem_allocator", "mimalloc");
    lines.zero(&["active_defrag_running", "lazyfree_pending_objects"]);
    lines.put("lazyfreed_objects", facts.sum(|s| &s.lazyfreed));
}

/// Lua's memory, and that of the texts it compiled (server.c `genRedisInfoString`).
fn scripts(lines: &mut Lines, server: &Server) {
    let scripting = &server.scripting;
    let (of_scripts, of_functions) = scripting.memory();
    let (texts, libraries) = (scripting.cache.memory(), scripting.shelf.now());
    lines.put("used_memory_lua", of_scripts);
    lines.put("used_memory_vm_eval", of_scripts);
    lines.put("used_memory_lua_human", human(of_scripts));
    lines.put("used_memory_scripts_eval", texts);
    lines.put("number_of_cached_scripts", scripting.cache.len());
    lines.put("number_of_functions", libraries.functions_len());
    lines.put("number_of_libraries", libraries.len());
    lines.put("used_memory_vm_functions", of_functions);
    lines.put("used_memory_vm_total", of_scripts + of_functions);
    lines.put("used_memory_vm_total_human", human(of_scripts + of_functions));
    lines.put("used_memory_functions", libraries.memory());
    lines.put("used_memory_scripts", texts + libraries.memory());
    lines.put("used_memory_scripts_human", human(texts + libraries.memory()));
}
