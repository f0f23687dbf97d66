//! The matcher against cases of Redis's own behaviour, and against a naive twin that follows the original's recursion.

use std::time::{Duration, Instant};

use super::*;
use crate::base::args::repr;
use crate::base::prng::Prng;

/// The definition, recursive and exponential: what a star takes is tried byte by byte.
fn naive(pattern: &[u8], text: &[u8], nocase: bool) -> bool {
    match (pattern, text) {
        ([], []) => true,
        ([], _) => false,
        (_, []) => false,
        ([b'*', rest @ ..], _) => {
            rest.iter().all(|&b| b == b'*') || (0..text.len()).any(|skip| naive(rest, &text[skip..], nocase))
        }
        _ => match match_one(pattern, 0, text[0], nocase) {
            Some(next) if text.len() == 1 => pattern[next..].iter().all(|&b| b == b'*'),
            Some(next) => naive(&pattern[next..], &text[1..], nocase),
            None => false,
        },
    }
}

#[track_caller]
fn check(pattern: &str, text: &str, expect: bool) {
    assert_eq!(matches(pattern.as_bytes(), text.as_bytes(), false), expect, "{pattern:?} on {text:?}");
}

#[test]
fn matches_the_plain_cases() {
    for (pattern, text, expect) in [
        ("", "", true),
        ("*", "", false),
        ("", "a", false),
        ("*", "anything", true),
        ("**", "a", true),
        ("a", "a", true),
        ("a", "A", false),
        ("a*", "a", true),
        ("a*", "abc", true),
        ("*c", "abc", true),
        ("*b", "abc", false),
        ("a*c", "ac", true),
        ("a**c", "abbc", true),
        ("?", "a", true),
        ("??", "a", false),
        ("*?", "a", true),
        ("h[ae]llo", "hello", true),
        ("h[ae]llo", "hillo", false),
        ("h[^e]llo", "hallo", true),
        ("h[^e]llo", "hello", false),
        ("h[a-b]llo", "hbllo", true),
        ("h[b-a]llo", "hallo", true),
        ("h\\*llo", "h*llo", true),
        ("h\\*llo", "hello", false),
        ("\\", "\\", true),
        ("a\\", "a\\", true),
    ] {
        check(pattern, text, expect);
    }
}

#[test]
fn unclosed_and_odd_classes_follow_the_original() {
    for (pattern, text, expect) in [
        ("[", "[", false),
        ("[^", "x", true),
        ("[a", "a", true),
        ("[ab", "b", true),
        ("[a-", "-", true),
        ("[a-", "b", false),
        ("[]", "]", false),
        ("[^]", "a", true),
        ("[]a]", "a]", false),
        ("[a-]", "]", true),
        ("[a-]", "_", true),
        ("[\\]]", "]", true),
        ("[\\", "\\", true),
        ("[a\\-c]", "-", true),
        ("[a\\-c]", "b", false),
    ] {
        check(pattern, text, expect);
    }
}

#[test]
fn folding_skips_escapes_in_classes() {
    assert!(matches(b"HeLLo*", b"hEllO world", true));
    assert!(matches(b"[A-C]", b"b", true));
    assert!(matches(b"[X]", b"x", true));
    assert!(!matches(b"[\\X]", b"x", true));
    assert!(matches(b"\\X", b"x", true));
}

#[test]
fn ranges_compare_signed_characters() {
    assert!(matches(b"[a-\xff]", b"A", false));
    assert!(matches(b"[a-\xff]", b"\xff", false));
    assert!(!matches(b"[a-\xff]", b"\xfe", false));
    assert!(!matches(b"[a-\xff]", b"b", false));
}

#[test]
fn agrees_with_the_naive_twin() {
    let seed = crate::base::prng::os_random_u64();
    println!("seed {seed}");
    let mut rng = Prng::new(seed);
    let alphabet = b"aabbAB*?[]^-\\c\xff\x80";
    let mut matched = 0;
    for _ in 0..200_000 {
        let mut draw = |max: usize, letters: &[u8]| -> Vec<u8> {
            (0..rng.index(max)).map(|_| letters[rng.index(letters.len())]).collect()
        };
        let (pattern, text) = (draw(10, alphabet), draw(8, b"aabbABc-]\\\xff\x80"));
        let nocase = rng.one_in(2);
        let expect = naive(&pattern, &text, nocase);
        matched += u32::from(expect);
        assert_eq!(
            matches(&pattern, &text, nocase),
            expect,
            "{} on {} {nocase}",
            repr(&pattern),
            repr(&text)
        );
    }
    assert!(matched > 2_000, "the alphabet makes enough matches: {matched}");
}

#[test]
fn abusive_patterns_take_bounded_time() {
    let start = Instant::now();
    // CVE-2022-36021: exponential in the number of stars.
    let pattern = "a*".repeat(5_000) + "b";
    assert!(!matches(pattern.as_bytes(), "a".repeat(10_000).as_bytes(), false));
    // CVE-2024-31228: a stack frame per star.
    let pattern = "*?".repeat(500_000);
    assert!(!matches(pattern.as_bytes(), &[b'x'; 1_000], false));
    assert!(start.elapsed() < Duration::from_secs(2), "took {:?}", start.elapsed());
}
