//! CONFIG SET: several settings at once, all or none.
//!
//! Makes a new [`Config`] out of the old one; the caller applies side effects (listening on another port, …)
//! and publishes the new snapshot only when they succeed. Redis: config.c `configSetCommand`.

use super::directive::{Directive, Flags, Status};
use super::special::Reason;
use super::{Config, Notice};

/// What CONFIG SET needs to know about its caller.
#[derive(Clone, Copy, Debug, Default)]
pub struct SetContext {
    /// The client is on this machine, which `local` in `enable-protected-configs` asks for.
    pub client_is_local: bool,
    /// Data is being loaded from disk.
    pub loading: bool,
}

/// The outcome of a CONFIG SET that may be published.
#[derive(Clone, Debug)]
pub struct Applied {
    /// The new settings.
    pub config: Config,
    /// Names of the directives to apply, without repetition: those whose value changed, and those that name
    /// files whose content may have changed.
    pub changed: Vec<&'static str>,
    /// Settings that were changed but do nothing here; for the log.
    pub notices: Vec<Notice>,
}

/// Why CONFIG SET was refused. The text is Redis's, without the error code in front.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SetError {
    /// No directive has this name.
    #[error("Unknown option or number of arguments for CONFIG SET - '{}'", String::from_utf8_lossy(.0))]
    Unknown(Vec<u8>),
    /// A directive cannot be set, or not to this value. A caller that fails to apply a new setting uses it too.
    #[error("CONFIG SET failed (possibly related to argument '{name}') - {reason}")]
    Refused {
        /// The directive.
        name: String,
        /// What is wrong.
        reason: Reason,
    },
    /// The setting may not change now. This one carries its own code, `LOADING`.
    #[error("Redis is loading the dataset in memory")]
    Loading,
}

impl SetError {
    /// A refusal of `name` for `reason`.
    pub fn refused(name: impl Into<String>, reason: impl Into<Reason>) -> Self {
        SetError::Refused { name: name.into(), reason: reason.into() }
    }

    /// The error code of the reply.
    pub fn code(&self) -> &'static str {
        match self {
            SetError::Loading => "LOADING",
            _ => "ERR",
        }
    }

    /// The error line of the reply, code first. A client's own word goes back as it came, up to a zero byte (C's `%s`).
    pub fn line(&self) -> Vec<u8> {
        match self {
            SetError::Unknown(name) => {
                let name = name.split(|&byte| byte == 0).next().unwrap_or_default();
                [b"ERR Unknown option or number of arguments for CONFIG SET - '", name, b"'"].concat()
            }
            other => format!("{} {other}", other.code()).into_bytes(),
        }
    }
}

/// Sets every pair of name and value, or none when one is refused.
pub fn set(config: &Config, pairs: &[(&[u8], &[u8])], context: SetContext) -> Result<Applied, SetError> {
    let mut targets: Vec<(&Directive, &'static str, &[u8])> = Vec::with_capacity(pairs.len());
    for (name, value) in pairs {
        let (directive, spelling) = may_set(config, name, context)?;
        // Redis keeps an alias as an entry of its own, so both spellings may be given; the later one counts.
        if targets.iter().any(|(_, known, _)| *known == spelling) {
            return Err(SetError::refused(String::from_utf8_lossy(name), "duplicate parameter"));
        }
        targets.push((directive, spelling, value));
    }
    let mut next = config.clone();
    for (directive, spelling, value) in &targets {
        // Redis: performInterfaceSet splits at every single space, so two in a row make an empty word, while
        // an empty value makes no word at all.
        let words: Vec<&[u8]> = match value {
            _ if !directive.is(Flags::MULTI) => vec![value],
            [] => Vec::new(),
            _ => value.split(|byte| *byte == b' ').collect(),
        };
        directive.assign(&mut next, &words).map_err(|reason| SetError::refused(*spelling, reason))?;
    }
    next.settle();
    let mut applied = Applied { config: next, changed: Vec::new(), notices: Vec::new() };
    for (directive, ..) in targets {
        let changed = directive.is(Flags::VOLATILE) || !directive.same(config, &applied.config);
        if !changed || applied.changed.contains(&directive.name) {
            continue;
        }
        applied.changed.push(directive.name);
        if let Status::Accepted(instead) = directive.status {
            applied.notices.push(Notice { directive: directive.name, instead, is_default: false });
        }
    }
    Ok(applied)
}

/// Finds a directive and checks that this caller may set it now.
fn may_set(
    config: &Config,
    name: &[u8],
    context: SetContext,
) -> Result<(&'static Directive, &'static str), SetError> {
    let shown = || String::from_utf8_lossy(name).into_owned();
    let (directive, spelling) = Directive::find(name).ok_or_else(|| SetError::Unknown(name.to_vec()))?;
    if directive.is(Flags::IMMUTABLE) {
        return Err(SetError::refused(shown(), "can't set immutable config"));
    }
    if directive.is(Flags::PROTECTED) && !config.enable_protected_configs.allows(context.client_is_local) {
        return Err(SetError::refused(shown(), "can't set protected config"));
    }
    if directive.is(Flags::DENY_LOADING) && context.loading {
        return Err(SetError::Loading);
    }
    Ok((directive, spelling))
}

/// Whether values of this directive must not appear in the slow log, MONITOR or ACL log. Applies to every
/// argument of a CONFIG SET, also one that is refused.
pub fn is_sensitive(name: &[u8]) -> bool {
    Directive::find(name).is_some_and(|(directive, _)| directive.is(Flags::SENSITIVE))
}
