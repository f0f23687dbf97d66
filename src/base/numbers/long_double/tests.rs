//! Expected texts were printed by glibc's strtold and printf on x86-64, in the way of Redis's ld2string, and agree
//! with what redis-server replies to INCRBYFLOAT.
#![allow(clippy::unwrap_used)]

use super::*;
use crate::base::prng::{Prng, os_random_u64};

fn parse(text: &str) -> Option<LongDouble> {
    LongDouble::parse(text.as_bytes())
}

#[track_caller]
fn check(text: &str, human: &str, auto: &str) {
    let value = parse(text).unwrap();
    assert_eq!((value.to_human().as_str(), value.to_auto().as_str()), (human, auto), "{text:?}");
    let mut written = Vec::new();
    value.write_human(&mut written);
    assert_eq!(written, human.as_bytes());
}

#[test]
fn prints_what_redis_prints() {
    check("0", "0", "0");
    check("-0", "0", "-0");
    check("3.0e3", "3000", "3000");
    check("10.50", "10.5", "10.5");
    check("-0.1", "-0.1", "-0.1");
    check("207.584", "207.58400000000000001", "207.584");
    check("1e-17", "0.00000000000000001", "1e-17");
    check("-1e-30", "0", "-1e-30");
    check("0.99999999999999999999", "1", "1");
    check("18446744073709551615", "18446744073709551615", "1.8446744073709552e+19");
    check("18446744073709551616", "18446744073709551616", "1.8446744073709552e+19");
    check("9223372036854775807.5", "9223372036854775807.5", "9.2233720368547758e+18");
    check("1e30", "1000000000000000000024696061952", "1e+30");
    check("0x1p-3", "0.125", "0.125");
    check("0.0001", "0.0001", "0.0001");
    check("0.00001", "0.00001", "1e-05");
    check("-inf", "-inf", "-inf");
}

#[test]
fn the_ends_of_the_range_are_exact() {
    let largest = parse("1.18973149535723176502e4932").unwrap();
    assert!(!largest.is_infinite());
    assert_eq!(largest.to_auto(), "1.1897314953572318e+4932");
    assert_eq!(largest.to_human().len(), 4_933);
    assert_eq!(parse("0x1p-16445").unwrap().to_auto(), "3.6451995318824746e-4951");
    assert_eq!(parse("3.6e-4951"), parse("0x1p-16445"));
    for vanished_or_overflown in
        ["1e5000", "-1e5000", "0x1p16384", "1.8e-4951", "0x1p-16446", "1e-99999999999", "1e99999999999"]
    {
        assert_eq!(parse(vanished_or_overflown), None, "{vanished_or_overflown}");
    }
    assert_eq!(parse("0x1.8p-16446"), parse("0x1p-16445"));
}

#[test]
fn refuses_what_is_no_number() {
    let too_long = "0".repeat(5 * 1024);
    for text in ["", " 1", "1 ", "nan", "-nan", "abc", "1e", "0x", ".", "1.1.1", "\0", too_long.as_str()] {
        assert_eq!(parse(text), None, "{text:?}");
    }
    assert_eq!(parse(&too_long[1..]), Some(LongDouble::ZERO));
}

#[track_caller]
fn check_sum(a: &str, b: &str, expect: Option<&str>) {
    let sum = parse(a).unwrap().checked_add(parse(b).unwrap());
    assert_eq!(sum.map(LongDouble::to_human).as_deref(), expect, "{a} + {b}");
}

#[test]
fn sums_round_once() {
    check_sum("10.5", "0.1", Some("10.6"));
    check_sum("5071.8817", "6827", Some("11898.88170000000000037"));
    check_sum("0.1", "0.2", Some("0.3"));
    check_sum("5.0e3", "2.0e2", Some("5200"));
    check_sum("1", "-1", Some("0"));
    check_sum("1", "-1e-4000", Some("1"));
    check_sum("18446744073709551616", "1", Some("18446744073709551616"));
    check_sum("18446744073709551616", "-0.5", Some("18446744073709551616")); // a tie
    check_sum("18446744073709551616", "-0.75", Some("18446744073709551615"));
    check_sum("9223372036854775808", "-0.5", Some("9223372036854775807.5"));
    check_sum("inf", "1", Some("inf"));
    check_sum("inf", "-inf", None);
    check_sum("1.1e4932", "1.1e4932", Some("inf"));
}

#[test]
fn small_and_big_paths_agree() {
    let seed = os_random_u64();
    println!("seed {seed}");
    let mut rng = Prng::new(seed);
    for _ in 0..20_000 {
        let (mantissa, places) = (rng.next_u64() >> rng.index(64), rng.index(27));
        // The same number with digits that do not fit 64 bits: zeros in front of the exponent's place.
        let short = format!("{mantissa}e-{places}");
        let long = format!("{mantissa}{}e-{}", "0".repeat(40), places + 40);
        assert_eq!(parse(&short), parse(&long), "{short}");
        // Sums are commutative, and adding the opposite gives zero.
        let (a, b) = (parse(&short).unwrap(), LongDouble::from(rng.next_u64().cast_signed()));
        assert_eq!(a.checked_add(b), b.checked_add(a));
        let minus = parse(&format!("-{short}")).unwrap();
        assert_eq!(a.checked_add(minus).unwrap().to_human(), "0");
    }
}

#[test]
fn integers_survive() {
    for value in [0, 1, -1, i64::MAX, i64::MIN] {
        assert_eq!(LongDouble::from(value).to_human(), value.to_string());
        assert_eq!(parse(&value.to_string()), Some(LongDouble::from(value)));
    }
}

#[test]
fn timeouts_round_up() {
    for (text, expect) in [
        ("0", Some(0)),
        ("0.0001", Some(1)),
        ("1.5", Some(1_500)),
        ("1.0001", Some(1_001)),
        ("-0.5", Some(-500)),
        ("9223372036854775.807", Some(i64::MAX)),
        ("9223372036854775.808", None),
        ("1e4000", None),
        ("-1e4000", Some(i64::MIN)),
        ("inf", None),
        ("1e-4900", Some(1)),
    ] {
        assert_eq!(parse(text).unwrap().scaled_ceil(1_000), expect, "{text}");
    }
}

#[test]
fn doubles_survive() {
    for (value, auto, human) in [
        (0.0, "0", "0"),
        (-0.0, "-0", "0"),
        (1.5, "1.5", "1.5"),
        (0.1, "0.10000000000000001", "0.10000000000000001"),
        (-2.5e-7, "-2.4999999999999999e-07", "-0.00000025"),
        (1e300, "1.0000000000000001e+300", &format!("{:.0}", 1e300)),
        (5e-324, "4.9406564584124654e-324", "0"),
        (f64::INFINITY, "inf", "inf"),
    ] {
        let long = LongDouble::from(value);
        assert_eq!((long.to_auto().as_str(), long.to_human().as_str()), (auto, human));
    }
}
