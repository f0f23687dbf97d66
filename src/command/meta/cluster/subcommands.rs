//! Group cluster, CLUSTER and its subcommands: facts of Redis 7.2's command table.

use super::super::build::{MULTIPLE, OPTIONAL, arg, block, command, one_of, token};
use super::super::{Meta, flag};
use super::GROUP;

/// `CLUSTER`.
pub static CLUSTER: Meta = command("cluster", -2, GROUP, "3.0.0")
    .summary("A container for Redis Cluster commands.")
    .flags(0, 0)
    .complexity("Depends on subcommand.");

/// `CLUSTER ADDSLOTS`.
pub static CLUSTER_ADDSLOTS: Meta = command("addslots", -3, GROUP, "3.0.0")
    .summary("Assigns new hash slots to a node.")
    .flags(flag::NO_ASYNC_LOADING | flag::ADMIN | flag::STALE, 0)
    .complexity("O(N) where N is the total number of hash slot arguments")
    .args(&[arg("slot", "integer").is(MULTIPLE)]);

/// `CLUSTER ADDSLOTSRANGE`.
pub static CLUSTER_ADDSLOTSRANGE: Meta = command("addslotsrange", -4, GROUP, "7.0.0")
    .summary("Assigns new hash slot ranges to a node.")
    .flags(flag::NO_ASYNC_LOADING | flag::ADMIN | flag::STALE, 0)
    .complexity(
        "O(N) where N is the total number of the slots between the start slot and end slot \
         arguments.",
    )
    .args(&[block("range", &[arg("start-slot", "integer"), arg("end-slot", "integer")]).is(MULTIPLE)]);

/// `CLUSTER BUMPEPOCH`.
pub static CLUSTER_BUMPEPOCH: Meta = command("bumpepoch", 2, GROUP, "3.0.0")
    .summary("Advances the cluster config epoch.")
    .flags(flag::NO_ASYNC_LOADING | flag::ADMIN | flag::STALE, 0)
    .complexity("O(1)")
    .tips(&["nondeterministic_output"]);

/// `CLUSTER COUNT-FAILURE-REPORTS`.
pub static CLUSTER_COUNT_FAILURE_REPORTS: Meta = command("count-failure-reports", 3, GROUP, "3.0.0")
    .summary("Returns the number of active failure reports active for a node.")
    .flags(flag::ADMIN | flag::STALE, 0)
    .complexity("O(N) where N is the number of failure reports")
    .tips(&["nondeterministic_output"])
    .args(&[arg("node-id", "string")]);

/// `CLUSTER COUNTKEYSINSLOT`.
pub static CLUSTER_COUNTKEYSINSLOT: Meta = command("countkeysinslot", 3, GROUP, "3.0.0")
    .summary("Returns the number of keys in a hash slot.")
    .flags(flag::STALE, 0)
    .complexity("O(1)")
    .args(&[arg("slot", "integer")]);

/// `CLUSTER DELSLOTS`.
pub static CLUSTER_DELSLOTS: Meta = command("delslots", -3, GROUP, "3.0.0")
    .summary("Sets hash slots as unbound for a node.")
    .flags(flag::NO_ASYNC_LOADING | flag::ADMIN | flag::STALE, 0)
    .complexity("O(N) where N is the total number of hash slot arguments")
    .args(&[arg("slot", "integer").is(MULTIPLE)]);

/// `CLUSTER DELSLOTSRANGE`.
pub static CLUSTER_DELSLOTSRANGE: Meta = command("delslotsrange", -4, GROUP, "7.0.0")
    .summary("Sets hash slot ranges as unbound for a node.")
    .flags(flag::NO_ASYNC_LOADING | flag::ADMIN | flag::STALE, 0)
    .complexity(
        "O(N) where N is the total number of the slots between the start slot and end slot \
         arguments.",
    )
    .args(&[block("range", &[arg("start-slot", "integer"), arg("end-slot", "integer")]).is(MULTIPLE)]);

/// `CLUSTER FAILOVER`.
pub static CLUSTER_FAILOVER: Meta = command("failover", -2, GROUP, "3.0.0")
    .summary("Forces a replica to perform a manual failover of its master.")
    .flags(flag::NO_ASYNC_LOADING | flag::ADMIN | flag::STALE, 0)
    .complexity("O(1)")
    .args(&[one_of("options", &[token("force", "FORCE"), token("takeover", "TAKEOVER")]).is(OPTIONAL)]);

/// `CLUSTER FLUSHSLOTS`.
pub static CLUSTER_FLUSHSLOTS: Meta = command("flushslots", 2, GROUP, "3.0.0")
    .summary("Deletes all slots information from a node.")
    .flags(flag::NO_ASYNC_LOADING | flag::ADMIN | flag::STALE, 0)
    .complexity("O(1)");

/// `CLUSTER FORGET`.
pub static CLUSTER_FORGET: Meta = command("forget", 3, GROUP, "3.0.0")
    .summary("Removes a node from the nodes table.")
    .flags(flag::NO_ASYNC_LOADING | flag::ADMIN | flag::STALE, 0)
    .complexity("O(1)")
    .args(&[arg("node-id", "string")]);

/// `CLUSTER GETKEYSINSLOT`.
pub static CLUSTER_GETKEYSINSLOT: Meta = command("getkeysinslot", 4, GROUP, "3.0.0")
    .summary("Returns the key names in a hash slot.")
    .flags(flag::STALE, 0)
    .complexity("O(N) where N is the number of requested keys")
    .tips(&["nondeterministic_output"])
    .args(&[arg("slot", "integer"), arg("count", "integer")]);

/// `CLUSTER HELP`.
pub static CLUSTER_HELP: Meta = command("help", 2, GROUP, "5.0.0")
    .summary("Returns helpful text about the different subcommands.")
    .flags(flag::LOADING | flag::STALE, 0)
    .complexity("O(1)");

/// `CLUSTER INFO`.
pub static CLUSTER_INFO: Meta = command("info", 2, GROUP, "3.0.0")
    .summary("Returns information about the state of a node.")
    .flags(flag::STALE, 0)
    .complexity("O(1)")
    .tips(&["nondeterministic_output"]);

/// `CLUSTER KEYSLOT`.
pub static CLUSTER_KEYSLOT: Meta = command("keyslot", 3, GROUP, "3.0.0")
    .summary("Returns the hash slot for a key.")
    .flags(flag::STALE, 0)
    .complexity("O(N) where N is the number of bytes in the key")
    .args(&[arg("key", "string")]);

/// `CLUSTER LINKS`.
pub static CLUSTER_LINKS: Meta = command("links", 2, GROUP, "7.0.0")
    .summary("Returns a list of all TCP links to and from peer nodes.")
    .flags(flag::STALE, 0)
    .complexity("O(N) where N is the total number of Cluster nodes")
    .tips(&["nondeterministic_output"]);

/// `CLUSTER MEET`.
pub static CLUSTER_MEET: Meta = command("meet", -4, GROUP, "3.0.0")
    .summary("Forces a node to handshake with another node.")
    .flags(flag::NO_ASYNC_LOADING | flag::ADMIN | flag::STALE, 0)
    .complexity("O(1)")
    .history(&[("4.0.0", "Added the optional `cluster_bus_port` argument.")])
    .args(&[
        arg("ip", "string"),
        arg("port", "integer"),
        arg("cluster-bus-port", "integer").since("4.0.0").is(OPTIONAL),
    ]);

/// `CLUSTER MYID`.
pub static CLUSTER_MYID: Meta = command("myid", 2, GROUP, "3.0.0")
    .summary("Returns the ID of a node.")
    .flags(flag::STALE, 0)
    .complexity("O(1)");

/// `CLUSTER MYSHARDID`.
pub static CLUSTER_MYSHARDID: Meta = command("myshardid", 2, GROUP, "7.2.0")
    .summary("Returns the shard ID of a node.")
    .flags(flag::STALE, 0)
    .complexity("O(1)")
    .tips(&["nondeterministic_output"]);

/// `CLUSTER NODES`.
pub static CLUSTER_NODES: Meta = command("nodes", 2, GROUP, "3.0.0")
    .summary("Returns the cluster configuration for a node.")
    .flags(flag::STALE, 0)
    .complexity("O(N) where N is the total number of Cluster nodes")
    .tips(&["nondeterministic_output"]);

/// `CLUSTER REPLICAS`.
pub static CLUSTER_REPLICAS: Meta = command("replicas", 3, GROUP, "5.0.0")
    .summary("Lists the replica nodes of a master node.")
    .flags(flag::ADMIN | flag::STALE, 0)
    .complexity("O(N) where N is the number of replicas.")
    .tips(&["nondeterministic_output"])
    .args(&[arg("node-id", "string")]);

/// `CLUSTER REPLICATE`.
pub static CLUSTER_REPLICATE: Meta = command("replicate", 3, GROUP, "3.0.0")
    .summary("Configure a node as replica of a master node.")
    .flags(flag::NO_ASYNC_LOADING | flag::ADMIN | flag::STALE, 0)
    .complexity("O(1)")
    .args(&[arg("node-id", "string")]);

/// `CLUSTER RESET`.
pub static CLUSTER_RESET: Meta = command("reset", -2, GROUP, "3.0.0")
    .summary("Resets a node.")
    .flags(flag::ADMIN | flag::STALE | flag::NOSCRIPT, 0)
    .complexity(
        "O(N) where N is the number of known nodes. The command may execute a FLUSHALL as a \
         side effect.",
    )
    .args(&[one_of("reset-type", &[token("hard", "HARD"), token("soft", "SOFT")]).is(OPTIONAL)]);

/// `CLUSTER SAVECONFIG`.
pub static CLUSTER_SAVECONFIG: Meta = command("saveconfig", 2, GROUP, "3.0.0")
    .summary("Forces a node to save the cluster configuration to disk.")
    .flags(flag::NO_ASYNC_LOADING | flag::ADMIN | flag::STALE, 0)
    .complexity("O(1)");

/// `CLUSTER SET-CONFIG-EPOCH`.
pub static CLUSTER_SET_CONFIG_EPOCH: Meta = command("set-config-epoch", 3, GROUP, "3.0.0")
    .summary("Sets the configuration epoch for a new node.")
    .flags(flag::NO_ASYNC_LOADING | flag::ADMIN | flag::STALE, 0)
    .complexity("O(1)")
    .args(&[arg("config-epoch", "integer")]);

/// `CLUSTER SETSLOT`.
pub static CLUSTER_SETSLOT: Meta = command("setslot", -4, GROUP, "3.0.0")
    .summary("Binds a hash slot to a node.")
    .flags(flag::NO_ASYNC_LOADING | flag::ADMIN | flag::STALE, 0)
    .complexity("O(1)")
    .args(&[
        arg("slot", "integer"),
        one_of(
            "subcommand",
            &[
                arg("importing", "string").display("node-id").token("IMPORTING"),
                arg("migrating", "string").display("node-id").token("MIGRATING"),
                arg("node", "string").display("node-id").token("NODE"),
                token("stable", "STABLE"),
            ],
        ),
    ]);

/// `CLUSTER SHARDS`.
pub static CLUSTER_SHARDS: Meta = command("shards", 2, GROUP, "7.0.0")
    .summary("Returns the mapping of cluster slots to shards.")
    .flags(flag::LOADING | flag::STALE, 0)
    .complexity("O(N) where N is the total number of cluster nodes")
    .tips(&["nondeterministic_output"]);

/// `CLUSTER SLAVES`.
pub static CLUSTER_SLAVES: Meta = command("slaves", 3, GROUP, "3.0.0")
    .summary("Lists the replica nodes of a master node.")
    .flags(flag::ADMIN | flag::STALE, 0)
    .complexity("O(N) where N is the number of replicas.")
    .deprecated("5.0.0", "`CLUSTER REPLICAS`")
    .tips(&["nondeterministic_output"])
    .args(&[arg("node-id", "string")]);

/// `CLUSTER SLOTS`.
pub static CLUSTER_SLOTS: Meta = command("slots", 2, GROUP, "3.0.0")
    .summary("Returns the mapping of cluster slots to nodes.")
    .flags(flag::LOADING | flag::STALE, 0)
    .complexity("O(N) where N is the total number of Cluster nodes")
    .deprecated("7.0.0", "`CLUSTER SHARDS`")
    .history(&[("4.0.0", "Added node IDs."), ("7.0.0", "Added additional networking metadata field.")])
    .tips(&["nondeterministic_output"]);
