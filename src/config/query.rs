//! CONFIG GET: the settings whose names match patterns.
//!
//! Reads one immutable [`Config`]; may run on any thread. Redis: config.c `configGetCommand`.

use super::directive::{Directive, Flags};
use super::{Config, DIRECTIVES};

/// Names and values of the directives that match any of `patterns`, each once, as CONFIG GET prints them.
///
/// A pattern without `*`, `?` or `[` is a name: it finds hidden directives too and is echoed as it was
/// spelled. Other patterns are globs over names and aliases, in any case.
pub fn get(config: &Config, patterns: &[&[u8]]) -> Vec<(String, Vec<u8>)> {
    let mut found: Vec<(String, Vec<u8>)> = Vec::new();
    let mut add = |directive: &Directive, name: &str| {
        if !found.iter().any(|(known, _)| known.eq_ignore_ascii_case(name)) {
            found.push((name.to_owned(), directive.format(config)));
        }
    };
    for pattern in patterns {
        if !pattern.iter().any(|byte| matches!(byte, b'[' | b'*' | b'?')) {
            if let Some((directive, _)) = Directive::find(pattern) {
                add(directive, &String::from_utf8_lossy(pattern));
            }
            continue;
        }
        for directive in DIRECTIVES.iter().filter(|directive| !directive.is(Flags::HIDDEN)) {
            for name in directive.spellings().filter(|name| matches(pattern, name.as_bytes())) {
                add(directive, name);
            }
        }
    }
    found
}

/// The settings that a crash report shows, as configuration lines. Redis: config.c `getConfigDebugInfo`.
pub fn debug_lines(config: &Config) -> Vec<String> {
    DIRECTIVES
        .iter()
        .filter(|directive| directive.is(Flags::DEBUG))
        .map(|directive| format!("{} {}", directive.name, String::from_utf8_lossy(&directive.format(config))))
        .collect()
}

/// Whether a name matches a glob, in any case. Redis: util.c `stringmatchlen` with `nocase`.
///
/// Works without recursion: on a mismatch it returns to the last `*` and lets that take one byte more.
fn matches(pattern: &[u8], name: &[u8]) -> bool {
    let (mut rest, mut text) = (pattern, name);
    let mut retry: Option<(&[u8], &[u8])> = None;
    loop {
        if let [b'*', tail @ ..] = rest {
            rest = tail;
            retry = Some((tail, text));
            continue;
        }
        let step = match (rest, text) {
            ([], []) => return true,
            (_, [first, text_tail @ ..]) => match_one(rest, *first).map(|rest_tail| (rest_tail, text_tail)),
            (_, []) => None,
        };
        (rest, text) = match (step, retry) {
            (Some(next), _) => next,
            (None, Some((after_star, [_, shorter @ ..]))) => {
                retry = Some((after_star, shorter));
                (after_star, shorter)
            }
            (None, _) => return false,
        };
    }
}

/// Matches one byte against the first element of a pattern; returns the pattern after it.
fn match_one(pattern: &[u8], byte: u8) -> Option<&[u8]> {
    let byte = byte.to_ascii_lowercase();
    match pattern {
        [] => None,
        [b'?', tail @ ..] => Some(tail),
        [b'[', tail @ ..] => {
            let (tail, inside) = match_class(tail, byte);
            inside.then_some(tail)
        }
        [b'\\', literal, tail @ ..] | [literal, tail @ ..] => {
            (literal.to_ascii_lowercase() == byte).then_some(tail)
        }
    }
}

/// Matches a byte against a class whose `[` is already read; returns what follows its `]`.
fn match_class(mut rest: &[u8], byte: u8) -> (&[u8], bool) {
    let negated = rest.first() == Some(&b'^');
    if negated {
        rest = &rest[1..];
    }
    let mut inside = false;
    loop {
        rest = match rest {
            // A class that is never closed ends with the pattern.
            [] => return (rest, inside != negated),
            [b']', tail @ ..] => return (tail, inside != negated),
            [b'\\', literal, tail @ ..] => {
                inside |= literal.to_ascii_lowercase() == byte;
                tail
            }
            [low, b'-', high, tail @ ..] => {
                let (low, high) = (low.to_ascii_lowercase(), high.to_ascii_lowercase());
                inside |= (low.min(high)..=low.max(high)).contains(&byte);
                tail
            }
            [literal, tail @ ..] => {
                inside |= literal.to_ascii_lowercase() == byte;
                tail
            }
        };
    }
}
