//! Expected texts were printed by Redis 7.2's fpconv and d2string, values read by glibc's strtod.

use super::*;
use crate::base::prng::{Prng, os_random_u64};

#[track_caller]
fn check_parse(text: &str, expect: Option<f64>) {
    let got = parse_f64(text.as_bytes());
    assert_eq!(got.map(f64::to_bits), expect.map(f64::to_bits), "{text:?}: {got:?}");
}

#[test]
fn reads_what_strtod_reads() {
    for (text, expect) in [
        ("0", Some(0.0)),
        ("-0", Some(-0.0)),
        ("+1.5", Some(1.5)),
        ("1.", Some(1.0)),
        (".5", Some(0.5)),
        ("1e3", Some(1_000.0)),
        ("0x1p-3", Some(0.125)),
        ("0X.8", Some(0.5)),
        ("-Inf", Some(f64::NEG_INFINITY)),
        ("infinity", Some(f64::INFINITY)),
        ("0e99999", Some(0.0)),
        ("1e309", None),
        ("-1e309", None),
        ("1e-400", None),
        ("2.4e-324", None),
        ("2.5e-324", Some(f64::from_bits(1))),
        ("4.9e-324", Some(f64::from_bits(1))),
        ("1.7976931348623159e308", None),
        ("0x1p1024", None),
        ("0x1.fffffffffffff8p1023", None),
        ("0x1.fffffffffffff7p1023", Some(f64::MAX)),
        ("0x1p-1074", Some(f64::from_bits(1))),
        ("0x1p-1075", None),
        ("0x1.8p-1075", Some(f64::from_bits(1))),
        ("0x1.00000000000008p0", Some(1.0)),
        ("0x1.000000000000081p0", Some(1.0 + f64::EPSILON)),
        ("nan", None),
        ("", None),
        (" 1", None),
        ("1 ", None),
        ("1,5", None),
    ] {
        check_parse(text, expect);
    }
}

#[test]
fn prints_what_redis_prints() {
    for (value, expect) in [
        (0.0, "0"),
        (-0.0, "-0"),
        (f64::NAN, "nan"),
        (f64::INFINITY, "inf"),
        (f64::NEG_INFINITY, "-inf"),
        (3.0, "3"),
        (-17.25, "-17.25"),
        (0.1, "0.1"),
        (1e15, "1000000000000000"),
        (1e18, "1000000000000000000"),
        (1e21, "1e+21"),
        (1.5e300, "1.5e+300"),
        (-2.5e-7, "-2.5e-7"),
        (1e-5, "0.00001"),
        (5e-324, "5e-324"),
        (f64::MAX, "1.7976931348623157e+308"),
        // More than 6 digits behind the point and an exponent of 4 or more: scientific, as fpconv has it.
        (f64::from_bits(0x414e_14e0_f15f_4ea4), "3.9428498857210446e+6"),
        (f64::from_bits(0x7969_0975_fbde_15b0), "6.934698245112694e+276"),
        (f64::from_bits(0x40ed_884c_9470_64ed), "60482.39312"),
    ] {
        assert_eq!(fmt_f64(value), expect);
    }
}

#[test]
fn every_text_reads_back_to_its_value() {
    let seed = os_random_u64();
    println!("seed {seed}");
    let mut rng = Prng::new(seed);
    for _ in 0..100_000 {
        let value = f64::from_bits(rng.next_u64());
        if value.is_finite() {
            check_parse(&fmt_f64(value), Some(value));
        }
    }
}

#[test]
fn whole_numbers_are_found() {
    assert_eq!(f64_as_i64(4_503_599_627_370_497.0), Some(4_503_599_627_370_497));
    assert_eq!(f64_as_i64(0.5), None);
    assert_eq!(f64_as_i64(1e19), None);
    assert_eq!(f64_as_i64(f64::NAN), None);
}

#[test]
fn fixed_point_rounds_half_to_even() {
    for (value, decimals, expect) in [
        (0.0, 4, "0.0000"),
        (166.274_15, 4, "166.2742"),
        (0.00005, 4, "0.0000"),
        (-0.77, 3, "-0.770"),
        (-1234.5, 1, "-1234.5"),
        (12.0, 2, "12.00"),
    ] {
        let mut out = Vec::new();
        write_fixed(&mut out, value, decimals);
        assert_eq!(String::from_utf8_lossy(&out), expect);
    }
}

#[test]
fn ends_of_ranges_are_read_as_strtod_reads_them() {
    for (text, expect) in [
        ("", Some(0.0)),
        ("\0x", Some(0.0)),
        (" \t1.5", Some(1.5)),
        ("1.5\0junk", Some(1.5)),
        ("1e400", Some(f64::INFINITY)),
        ("-1e400", Some(f64::NEG_INFINITY)),
        ("1e-400", Some(0.0)),
        ("-inf", Some(f64::NEG_INFINITY)),
        ("0x10", Some(16.0)),
        (" ", None),
        ("1 ", None),
        ("nan", None),
        ("(1", None),
    ] {
        assert_eq!(parse_f64_loosely(text.as_bytes()), expect, "{text:?}");
    }
}
