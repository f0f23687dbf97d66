//! What a script or function declares of itself, and the shebang line that says so.
//!
//! Redis: script.c `scripts_flags_def`, eval.c `evalExtractShebangFlags`, functions.c `functionExtractLibMetaData`.

use crate::base::args::split_args;

/// Declared flags of a script or function.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Flags(u8);

/// It does not write.
pub const NO_WRITES: Flags = Flags(1);
/// It may run although memory is short.
pub const ALLOW_OOM: Flags = Flags(2);
/// It may run on a replica that lost its master.
pub const ALLOW_STALE: Flags = Flags(4);
/// It must not run in cluster mode.
pub const NO_CLUSTER: Flags = Flags(8);
/// No shebang: rules of Redis before 7.0 hold.
pub const COMPAT: Flags = Flags(16);
/// It may use keys of several slots in cluster mode.
pub const ALLOW_CROSS_SLOT: Flags = Flags(32);

const NAMES: &[(Flags, &str)] = &[
    (NO_WRITES, "no-writes"),
    (ALLOW_OOM, "allow-oom"),
    (ALLOW_STALE, "allow-stale"),
    (NO_CLUSTER, "no-cluster"),
    (ALLOW_CROSS_SLOT, "allow-cross-slot-keys"),
];

impl Flags {
    /// Whether all of `other` are set.
    pub fn has(self, other: Flags) -> bool {
        self.0 & other.0 == other.0
    }

    /// Both.
    #[must_use]
    pub fn with(self, other: Flags) -> Flags {
        Flags(self.0 | other.0)
    }

    /// The flag of this name, in any case where a function is registered, in lower case in a shebang line.
    pub fn named(name: &[u8], any_case: bool) -> Option<Flags> {
        let fits = |n: &str| {
            if any_case { name.eq_ignore_ascii_case(n.as_bytes()) } else { name == n.as_bytes() }
        };
        NAMES.iter().find(|(_, n)| fits(n)).map(|(flag, _)| *flag)
    }

    /// Names of the flags that are set, in Redis's order.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        NAMES.iter().filter(move |(flag, _)| self.has(*flag)).map(|(_, name)| *name)
    }
}

/// The flags of a script and the length of its shebang line, without the line's end.
///
/// # Errors
/// What is wrong with the line.
pub fn of_script(body: &[u8]) -> Result<(Flags, usize), Vec<u8>> {
    if !body.starts_with(b"#!") {
        return Ok((COMPAT, 0));
    }
    let end = line_end(body).ok_or_else(|| b"Invalid script shebang".to_vec())?;
    let parts = split_args(body.get(..end).unwrap_or_default()).unwrap_or_default();
    let Some((engine, options)) = parts.split_first() else {
        return Err(b"Invalid engine in script shebang".to_vec());
    };
    if engine != b"#!lua" {
        return Err([b"Unexpected engine in script shebang: ", engine.as_slice()].concat());
    }
    let mut flags = Flags::default();
    for option in options {
        let Some(list) = option.strip_prefix(b"flags=") else {
            return Err([b"Unknown lua shebang option: ", option.as_slice()].concat());
        };
        // sds.c `sdssplitlen` makes nothing of an empty text.
        for name in list.split(|&b| b == b',').filter(|_| !list.is_empty()) {
            let flag = Flags::named(name, false)
                .ok_or_else(|| [b"Unexpected flag in script shebang: ", name].concat())?;
            flags = flags.with(flag);
        }
    }
    Ok((flags, end))
}

/// The name that a library gives itself, its engine, and where its code begins.
///
/// # Errors
/// What is wrong with the shebang line.
pub fn of_library(code: &[u8]) -> Result<(Vec<u8>, Vec<u8>, usize), Vec<u8>> {
    if !code.starts_with(b"#!") {
        return Err(b"Missing library metadata".to_vec());
    }
    let invalid = || b"Invalid library metadata".to_vec();
    let end = line_end(code).ok_or_else(invalid)?;
    let parts = split_args(code.get(..end).unwrap_or_default()).unwrap_or_default();
    let (engine, options) = parts.split_first().ok_or_else(invalid)?;
    let mut name = None;
    for option in options {
        let is_name = option.get(..5).is_some_and(|start| start.eq_ignore_ascii_case(b"name="));
        match is_name {
            true if name.is_some() => {
                return Err(b"Invalid metadata value, name argument was given multiple times".to_vec());
            }
            true => name = option.get(5..).map(<[u8]>::to_vec),
            false => return Err([b"Invalid metadata value given: ", option.as_slice()].concat()),
        }
    }
    let name = name.ok_or_else(|| b"Library name was not given".to_vec())?;
    Ok((name, engine.get(2..).unwrap_or_default().to_vec(), end))
}

/// Whether a library or function may have this name (functions.c `functionsVerifyName`).
pub fn is_name(name: &[u8]) -> bool {
    !name.is_empty() && name.iter().all(|b| b.is_ascii_alphanumeric() || *b == b'_')
}

/// Where the first line ends. C reads it to the first zero byte at most.
fn line_end(text: &[u8]) -> Option<usize> {
    let end = memchr::memchr2(b'\n', 0, text)?;
    (text.get(end) == Some(&b'\n')).then_some(end)
}
