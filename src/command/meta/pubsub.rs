//! Group pubsub: facts of Redis 7.2's command table.

use super::build::{MULTIPLE, OPTIONAL, OPTIONAL_MULTIPLE, arg, command, key, range};
use super::{Meta, flag, key_flag};

const GROUP: &str = "pubsub";

/// `PSUBSCRIBE`.
pub static PSUBSCRIBE: Meta = command("psubscribe", -2, GROUP, "2.0.0")
    .summary("Listens for messages published to channels that match one or more patterns.")
    .flags(flag::PUBSUB | flag::NOSCRIPT | flag::LOADING | flag::STALE | flag::SENTINEL, 0)
    .complexity("O(N) where N is the number of patterns to subscribe to.")
    .args(&[arg("pattern", "pattern").is(MULTIPLE)]);

/// `PUBLISH`.
pub static PUBLISH: Meta = command("publish", 3, GROUP, "2.0.0")
    .summary("Posts a message to a channel.")
    .flags(flag::PUBSUB | flag::LOADING | flag::STALE | flag::FAST | flag::MAY_REPLICATE | flag::SENTINEL, 0)
    .complexity(
        "O(N+M) where N is the number of clients subscribed to the receiving channel and M is \
         the total number of subscribed patterns (by any client).",
    )
    .args(&[arg("channel", "string"), arg("message", "string")]);

/// `PUBSUB`.
pub static PUBSUB: Meta = command("pubsub", -2, GROUP, "2.8.0")
    .summary("A container for Pub/Sub commands.")
    .flags(0, 0)
    .complexity("Depends on subcommand.");

/// `PUBSUB CHANNELS`.
pub static PUBSUB_CHANNELS: Meta = command("channels", -2, GROUP, "2.8.0")
    .summary("Returns the active channels.")
    .flags(flag::PUBSUB | flag::LOADING | flag::STALE, 0)
    .complexity(
        "O(N) where N is the number of active channels, and assuming constant time pattern \
         matching (relatively short channels and patterns)",
    )
    .args(&[arg("pattern", "pattern").is(OPTIONAL)]);

/// `PUBSUB HELP`.
pub static PUBSUB_HELP: Meta = command("help", 2, GROUP, "6.2.0")
    .summary("Returns helpful text about the different subcommands.")
    .flags(flag::LOADING | flag::STALE, 0)
    .complexity("O(1)");

/// `PUBSUB NUMPAT`.
pub static PUBSUB_NUMPAT: Meta = command("numpat", 2, GROUP, "2.8.0")
    .summary("Returns a count of unique pattern subscriptions.")
    .flags(flag::PUBSUB | flag::LOADING | flag::STALE, 0)
    .complexity("O(1)");

/// `PUBSUB NUMSUB`.
pub static PUBSUB_NUMSUB: Meta = command("numsub", -2, GROUP, "2.8.0")
    .summary("Returns a count of subscribers to channels.")
    .flags(flag::PUBSUB | flag::LOADING | flag::STALE, 0)
    .complexity("O(N) for the NUMSUB subcommand, where N is the number of requested channels")
    .args(&[arg("channel", "string").is(OPTIONAL_MULTIPLE)]);

/// `PUBSUB SHARDCHANNELS`.
pub static PUBSUB_SHARDCHANNELS: Meta = command("shardchannels", -2, GROUP, "7.0.0")
    .summary("Returns the active shard channels.")
    .flags(flag::PUBSUB | flag::LOADING | flag::STALE, 0)
    .complexity(
        "O(N) where N is the number of active shard channels, and assuming constant time \
         pattern matching (relatively short shard channels).",
    )
    .args(&[arg("pattern", "pattern").is(OPTIONAL)]);

/// `PUBSUB SHARDNUMSUB`.
pub static PUBSUB_SHARDNUMSUB: Meta = command("shardnumsub", -2, GROUP, "7.0.0")
    .summary("Returns the count of subscribers of shard channels.")
    .flags(flag::PUBSUB | flag::LOADING | flag::STALE, 0)
    .complexity("O(N) for the SHARDNUMSUB subcommand, where N is the number of requested shard channels")
    .args(&[arg("shardchannel", "string").is(OPTIONAL_MULTIPLE)]);

/// `PUNSUBSCRIBE`.
pub static PUNSUBSCRIBE: Meta = command("punsubscribe", -1, GROUP, "2.0.0")
    .summary("Stops listening to messages published to channels that match one or more patterns.")
    .flags(flag::PUBSUB | flag::NOSCRIPT | flag::LOADING | flag::STALE | flag::SENTINEL, 0)
    .complexity("O(N) where N is the number of patterns to unsubscribe.")
    .args(&[arg("pattern", "pattern").is(OPTIONAL_MULTIPLE)]);

/// `SPUBLISH`.
pub static SPUBLISH: Meta = command("spublish", 3, GROUP, "7.0.0")
    .summary("Post a message to a shard channel")
    .flags(flag::PUBSUB | flag::LOADING | flag::STALE | flag::FAST | flag::MAY_REPLICATE, 0)
    .keys(&[key(key_flag::NOT_KEY, 1)])
    .complexity("O(N) where N is the number of clients subscribed to the receiving shard channel.")
    .args(&[arg("shardchannel", "string"), arg("message", "string")]);

/// `SSUBSCRIBE`.
pub static SSUBSCRIBE: Meta = command("ssubscribe", -2, GROUP, "7.0.0")
    .summary("Listens for messages published to shard channels.")
    .flags(flag::PUBSUB | flag::NOSCRIPT | flag::LOADING | flag::STALE, 0)
    .keys(&[range(key_flag::NOT_KEY, 1, -1, 1)])
    .complexity("O(N) where N is the number of shard channels to subscribe to.")
    .args(&[arg("shardchannel", "string").is(MULTIPLE)]);

/// `SUBSCRIBE`.
pub static SUBSCRIBE: Meta = command("subscribe", -2, GROUP, "2.0.0")
    .summary("Listens for messages published to channels.")
    .flags(flag::PUBSUB | flag::NOSCRIPT | flag::LOADING | flag::STALE | flag::SENTINEL, 0)
    .complexity("O(N) where N is the number of channels to subscribe to.")
    .args(&[arg("channel", "string").is(MULTIPLE)]);

/// `SUNSUBSCRIBE`.
pub static SUNSUBSCRIBE: Meta = command("sunsubscribe", -1, GROUP, "7.0.0")
    .summary("Stops listening to messages posted to shard channels.")
    .flags(flag::PUBSUB | flag::NOSCRIPT | flag::LOADING | flag::STALE, 0)
    .keys(&[range(key_flag::NOT_KEY, 1, -1, 1)])
    .complexity("O(N) where N is the number of shard channels to unsubscribe.")
    .args(&[arg("shardchannel", "string").is(OPTIONAL_MULTIPLE)]);

/// `UNSUBSCRIBE`.
pub static UNSUBSCRIBE: Meta = command("unsubscribe", -1, GROUP, "2.0.0")
    .summary("Stops listening to messages posted to channels.")
    .flags(flag::PUBSUB | flag::NOSCRIPT | flag::LOADING | flag::STALE | flag::SENTINEL, 0)
    .complexity("O(N) where N is the number of channels to unsubscribe.")
    .args(&[arg("channel", "string").is(OPTIONAL_MULTIPLE)]);
