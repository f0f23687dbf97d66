//! The settings that take one word out of a list, as Rust enums.
//!
//! Each enum knows its spellings in the order in which Redis lists them in an error text; where two spellings
//! mean the same, the first is the one printed. Redis: config.c, the `configEnum` tables.

use super::value::{Cell, Value};

/// Spellings of a choice and the number each stands for.
pub type Names = &'static [(&'static str, u8)];

/// Declares an enum whose variants are configuration words.
macro_rules! choices {
    ($( $(#[$meta:meta])* $name:ident { $($variant:ident = $text:literal $(| $synonym:literal)?),+ $(,)? } )*) => { $(
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[repr(u8)]
        pub enum $name { $(
            #[doc = concat!("Written `", $text, "`.")]
            $variant,
        )+ }

        impl $name {
            /// Every spelling, in Redis's order.
            pub const NAMES: Names = &[$(
                ($text, $name::$variant as u8),
                $(($synonym, $name::$variant as u8),)?
            )+];

            /// The word that stands for this choice in a configuration file.
            pub fn as_str(self) -> &'static str {
                match self { $($name::$variant => $text,)+ }
            }
        }

        impl Cell for $name {
            fn load(&self) -> Value {
                Value::Choice(*self as u8)
            }

            fn store(value: Value) -> Option<Self> {
                let Value::Choice(number) = value else { return None };
                [$($name::$variant),+].into_iter().find(|choice| *choice as u8 == number)
            }
        }
    )* };
}

choices! {
    /// What to evict when `maxmemory` is reached.
    MaxmemoryPolicy {
        VolatileLru = "volatile-lru",
        VolatileLfu = "volatile-lfu",
        VolatileRandom = "volatile-random",
        VolatileTtl = "volatile-ttl",
        AllkeysLru = "allkeys-lru",
        AllkeysLfu = "allkeys-lfu",
        AllkeysRandom = "allkeys-random",
        NoEviction = "noeviction",
    }

    /// Facility under which syslog files the log lines.
    SyslogFacility {
        User = "user",
        Local0 = "local0",
        Local1 = "local1",
        Local2 = "local2",
        Local3 = "local3",
        Local4 = "local4",
        Local5 = "local5",
        Local6 = "local6",
        Local7 = "local7",
    }

    /// Least important log line that is still written.
    LogLevel {
        Debug = "debug",
        Verbose = "verbose",
        Notice = "notice",
        Warning = "warning",
        Nothing = "nothing",
    }

    /// Supervisor to report readiness to.
    SupervisedMode {
        Upstart = "upstart",
        Systemd = "systemd",
        Auto = "auto",
        No = "no",
    }

    /// When appended commands are forced to disk.
    AppendFsync {
        Everysec = "everysec",
        Always = "always",
        No = "no",
    }

    /// How a replica receives a full copy without a file of its own.
    DisklessLoad {
        Disabled = "disabled",
        OnEmptyDb = "on-empty-db",
        Swapdb = "swapdb",
    }

    /// Whether TLS clients have to show a certificate.
    TlsAuthClients {
        No = "no",
        Yes = "yes",
        Optional = "optional",
    }

    /// How `oom-score-adj-values` are applied. `relative` is printed as `yes`, as Redis does.
    OomScoreAdj {
        No = "no",
        Relative = "yes" | "relative",
        Absolute = "absolute",
    }

    /// Channels that a new ACL user may use.
    AclPubsubDefault {
        AllChannels = "allchannels",
        ResetChannels = "resetchannels",
    }

    /// Whose serialized values are checked in full before they are used.
    SanitizeDumpPayload {
        No = "no",
        Yes = "yes",
        Clients = "clients",
    }

    /// From where a dangerous operation is allowed.
    ProtectedAction {
        No = "no",
        Yes = "yes",
        Local = "local",
    }

    /// What a cluster node names as its endpoint in redirections.
    EndpointType {
        Ip = "ip",
        Hostname = "hostname",
        UnknownEndpoint = "unknown-endpoint",
    }

    /// What to do when a replicated command fails.
    PropagationErrorBehavior {
        Ignore = "ignore",
        Panic = "panic",
        PanicOnReplicas = "panic-on-replicas",
    }
}

impl ProtectedAction {
    /// Whether a client may do the guarded thing. Redis: config.c `allowProtectedAction`.
    pub fn allows(self, client_is_local: bool) -> bool {
        match self {
            ProtectedAction::No => false,
            ProtectedAction::Yes => true,
            ProtectedAction::Local => client_is_local,
        }
    }
}
