//! Group connection, CLIENT and its subcommands: facts of Redis 7.2's command table.

use super::super::build::{
    MULTIPLE, OPTIONAL, OPTIONAL_MULTIPLE, OPTIONAL_MULTIPLE_TOKEN, arg, command, one_of, token,
};
use super::super::{Meta, cat, flag};
use super::GROUP;

/// `CLIENT`.
pub static CLIENT: Meta = command("client", -2, GROUP, "2.4.0")
    .summary("A container for client connection commands.")
    .flags(flag::SENTINEL, 0)
    .complexity("Depends on subcommand.");

/// `CLIENT CACHING`.
pub static CLIENT_CACHING: Meta = command("caching", 3, GROUP, "6.0.0")
    .summary("Instructs the server whether to track the keys in the next request.")
    .flags(flag::NOSCRIPT | flag::LOADING | flag::STALE | flag::SENTINEL, cat::CONNECTION)
    .complexity("O(1)")
    .args(&[one_of("mode", &[token("yes", "YES"), token("no", "NO")])]);

/// `CLIENT GETNAME`.
pub static CLIENT_GETNAME: Meta = command("getname", 2, GROUP, "2.6.9")
    .summary("Returns the name of the connection.")
    .flags(flag::NOSCRIPT | flag::LOADING | flag::STALE | flag::SENTINEL, cat::CONNECTION)
    .complexity("O(1)");

/// `CLIENT GETREDIR`.
pub static CLIENT_GETREDIR: Meta = command("getredir", 2, GROUP, "6.0.0")
    .summary("Returns the client ID to which the connection's tracking notifications are redirected.")
    .flags(flag::NOSCRIPT | flag::LOADING | flag::STALE | flag::SENTINEL, cat::CONNECTION)
    .complexity("O(1)");

/// `CLIENT HELP`.
pub static CLIENT_HELP: Meta = command("help", 2, GROUP, "5.0.0")
    .summary("Returns helpful text about the different subcommands.")
    .flags(flag::LOADING | flag::STALE | flag::SENTINEL, cat::CONNECTION)
    .complexity("O(1)");

/// `CLIENT ID`.
pub static CLIENT_ID: Meta = command("id", 2, GROUP, "5.0.0")
    .summary("Returns the unique client ID of the connection.")
    .flags(flag::NOSCRIPT | flag::LOADING | flag::STALE | flag::SENTINEL, cat::CONNECTION)
    .complexity("O(1)");

/// `CLIENT INFO`.
pub static CLIENT_INFO: Meta = command("info", 2, GROUP, "6.2.0")
    .summary("Returns information about the connection.")
    .flags(flag::NOSCRIPT | flag::LOADING | flag::STALE | flag::SENTINEL, cat::CONNECTION)
    .complexity("O(1)")
    .tips(&["nondeterministic_output"]);

/// `CLIENT KILL`.
pub static CLIENT_KILL: Meta = command("kill", -3, GROUP, "2.4.0")
    .summary("Terminates open connections.")
    .flags(flag::ADMIN | flag::NOSCRIPT | flag::LOADING | flag::STALE | flag::SENTINEL, cat::CONNECTION)
    .complexity("O(N) where N is the number of client connections")
    .history(&[
        ("2.8.12", "Added new filter format."),
        ("2.8.12", "`ID` option."),
        ("3.2.0", "Added `master` type in for `TYPE` option."),
        (
            "5.0.0",
            "Replaced `slave` `TYPE` with `replica`. `slave` still supported for backward \
             compatibility.",
        ),
        ("6.2.0", "`LADDR` option."),
    ])
    .args(&[one_of(
        "filter",
        &[
            arg("old-format", "string").display("ip:port").deprecated("2.8.12"),
            one_of(
                "new-format",
                &[
                    arg("client-id", "integer").token("ID").since("2.8.12").is(OPTIONAL),
                    one_of(
                        "client-type",
                        &[
                            token("normal", "NORMAL"),
                            token("master", "MASTER").since("3.2.0"),
                            token("slave", "SLAVE"),
                            token("replica", "REPLICA").since("5.0.0"),
                            token("pubsub", "PUBSUB"),
                        ],
                    )
                    .token("TYPE")
                    .since("2.8.12")
                    .is(OPTIONAL),
                    arg("username", "string").token("USER").is(OPTIONAL),
                    arg("addr", "string").display("ip:port").token("ADDR").is(OPTIONAL),
                    arg("laddr", "string").display("ip:port").token("LADDR").since("6.2.0").is(OPTIONAL),
                    one_of("skipme", &[token("yes", "YES"), token("no", "NO")]).token("SKIPME").is(OPTIONAL),
                ],
            )
            .is(MULTIPLE),
        ],
    )]);

/// `CLIENT LIST`.
pub static CLIENT_LIST: Meta = command("list", -2, GROUP, "2.4.0")
    .summary("Lists open connections.")
    .flags(flag::ADMIN | flag::NOSCRIPT | flag::LOADING | flag::STALE | flag::SENTINEL, cat::CONNECTION)
    .complexity("O(N) where N is the number of client connections")
    .history(&[
        ("2.8.12", "Added unique client `id` field."),
        ("5.0.0", "Added optional `TYPE` filter."),
        ("6.0.0", "Added `user` field."),
        ("6.2.0", "Added `argv-mem`, `tot-mem`, `laddr` and `redir` fields and the optional `ID` filter."),
        ("7.0.0", "Added `resp`, `multi-mem`, `rbs` and `rbp` fields."),
        ("7.0.3", "Added `ssub` field."),
    ])
    .tips(&["nondeterministic_output"])
    .args(&[
        one_of(
            "client-type",
            &[
                token("normal", "NORMAL"),
                token("master", "MASTER"),
                token("replica", "REPLICA"),
                token("pubsub", "PUBSUB"),
            ],
        )
        .token("TYPE")
        .since("5.0.0")
        .is(OPTIONAL),
        arg("client-id", "integer").token("ID").since("6.2.0").is(OPTIONAL_MULTIPLE),
    ]);

/// `CLIENT NO-EVICT`.
pub static CLIENT_NO_EVICT: Meta = command("no-evict", 3, GROUP, "7.0.0")
    .summary("Sets the client eviction mode of the connection.")
    .flags(flag::ADMIN | flag::NOSCRIPT | flag::LOADING | flag::STALE | flag::SENTINEL, cat::CONNECTION)
    .complexity("O(1)")
    .args(&[one_of("enabled", &[token("on", "ON"), token("off", "OFF")])]);

/// `CLIENT NO-TOUCH`.
pub static CLIENT_NO_TOUCH: Meta = command("no-touch", 3, GROUP, "7.2.0")
    .summary("Controls whether commands sent by the client affect the LRU/LFU of accessed keys.")
    .flags(flag::NOSCRIPT | flag::LOADING | flag::STALE, cat::CONNECTION)
    .complexity("O(1)")
    .args(&[one_of("enabled", &[token("on", "ON"), token("off", "OFF")])]);

/// `CLIENT PAUSE`.
pub static CLIENT_PAUSE: Meta = command("pause", -3, GROUP, "3.0.0")
    .summary("Suspends commands processing.")
    .flags(flag::ADMIN | flag::NOSCRIPT | flag::LOADING | flag::STALE | flag::SENTINEL, cat::CONNECTION)
    .complexity("O(1)")
    .history(&[("6.2.0", "`CLIENT PAUSE WRITE` mode added along with the `mode` option.")])
    .args(&[
        arg("timeout", "integer"),
        one_of("mode", &[token("write", "WRITE"), token("all", "ALL")]).since("6.2.0").is(OPTIONAL),
    ]);

/// `CLIENT REPLY`.
pub static CLIENT_REPLY: Meta = command("reply", 3, GROUP, "3.2.0")
    .summary("Instructs the server whether to reply to commands.")
    .flags(flag::NOSCRIPT | flag::LOADING | flag::STALE | flag::SENTINEL, cat::CONNECTION)
    .complexity("O(1)")
    .args(&[one_of("action", &[token("on", "ON"), token("off", "OFF"), token("skip", "SKIP")])]);

/// `CLIENT SETINFO`.
pub static CLIENT_SETINFO: Meta = command("setinfo", 4, GROUP, "7.2.0")
    .summary("Sets information specific to the client or connection.")
    .flags(flag::NOSCRIPT | flag::LOADING | flag::STALE | flag::SENTINEL, cat::CONNECTION)
    .complexity("O(1)")
    .tips(&["request_policy:all_nodes", "response_policy:all_succeeded"])
    .args(&[one_of(
        "attr",
        &[arg("libname", "string").token("LIB-NAME"), arg("libver", "string").token("LIB-VER")],
    )]);

/// `CLIENT SETNAME`.
pub static CLIENT_SETNAME: Meta = command("setname", 3, GROUP, "2.6.9")
    .summary("Sets the connection name.")
    .flags(flag::NOSCRIPT | flag::LOADING | flag::STALE | flag::SENTINEL, cat::CONNECTION)
    .complexity("O(1)")
    .tips(&["request_policy:all_nodes", "response_policy:all_succeeded"])
    .args(&[arg("connection-name", "string")]);

/// `CLIENT TRACKING`.
pub static CLIENT_TRACKING: Meta = command("tracking", -3, GROUP, "6.0.0")
    .summary("Controls server-assisted client-side caching for the connection.")
    .flags(flag::NOSCRIPT | flag::LOADING | flag::STALE | flag::SENTINEL, cat::CONNECTION)
    .complexity("O(1). Some options may introduce additional complexity.")
    .args(&[
        one_of("status", &[token("on", "ON"), token("off", "OFF")]),
        arg("client-id", "integer").token("REDIRECT").is(OPTIONAL),
        arg("prefix", "string").token("PREFIX").is(OPTIONAL_MULTIPLE_TOKEN),
        token("bcast", "BCAST").is(OPTIONAL),
        token("optin", "OPTIN").is(OPTIONAL),
        token("optout", "OPTOUT").is(OPTIONAL),
        token("noloop", "NOLOOP").is(OPTIONAL),
    ]);

/// `CLIENT TRACKINGINFO`.
pub static CLIENT_TRACKINGINFO: Meta = command("trackinginfo", 2, GROUP, "6.2.0")
    .summary("Returns information about server-assisted client-side caching for the connection.")
    .flags(flag::NOSCRIPT | flag::LOADING | flag::STALE | flag::SENTINEL, cat::CONNECTION)
    .complexity("O(1)");

/// `CLIENT UNBLOCK`.
pub static CLIENT_UNBLOCK: Meta = command("unblock", -3, GROUP, "5.0.0")
    .summary("Unblocks a client blocked by a blocking command from a different connection.")
    .flags(flag::ADMIN | flag::NOSCRIPT | flag::LOADING | flag::STALE | flag::SENTINEL, cat::CONNECTION)
    .complexity("O(log N) where N is the number of client connections")
    .args(&[
        arg("client-id", "integer"),
        one_of("unblock-type", &[token("timeout", "TIMEOUT"), token("error", "ERROR")]).is(OPTIONAL),
    ]);

/// `CLIENT UNPAUSE`.
pub static CLIENT_UNPAUSE: Meta = command("unpause", 2, GROUP, "6.2.0")
    .summary("Resumes processing commands from paused clients.")
    .flags(flag::ADMIN | flag::NOSCRIPT | flag::LOADING | flag::STALE | flag::SENTINEL, cat::CONNECTION)
    .complexity("O(N) Where N is the number of paused clients");
