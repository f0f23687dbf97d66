//! Tests of `hll`: bytes and numbers of a Redis 7.0.15 server, registers against a plain array, hostile input.
#![allow(clippy::unwrap_used, clippy::cast_possible_truncation, reason = "tests")]

use super::*;
use crate::base::prng::Prng;

const MAX_BYTES: usize = 3000;

fn add(bytes: &mut Vec<u8>, element: &str) -> bool {
    raise(bytes, place(element.as_bytes()), MAX_BYTES).unwrap()
}

fn registers(bytes: &[u8]) -> Registers {
    let mut registers = [0; REGISTERS];
    Hll::parse(bytes).unwrap().merge_into(&mut registers).unwrap();
    registers
}

/// FNV-1a.
fn fingerprint(bytes: &[u8]) -> u64 {
    bytes
        .iter()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x100_0000_01b3))
}

#[test]
fn values_are_written_as_redis_writes_them() {
    let mut bytes = empty();
    invalidate(&mut bytes);
    // PFADD h
    assert_eq!(bytes, b"HYLL\x01\0\0\0\0\0\0\0\0\0\0\x80\x7f\xff");
    assert!(["a", "b", "c", "hello"].iter().all(|element| add(&mut bytes, element)));
    let body = b"`\xf3\x80C\n\x80M\xa5\x84K\xfb\x80BZ";
    assert_eq!(bytes, [b"HYLL\x01\0\0\0\0\0\0\0\0\0\0\x80", &body[..]].concat());
    assert!(!add(&mut bytes, "hello"));
    assert_eq!(Hll::parse(&bytes).unwrap().cached(), None);
    let count = Hll::parse(&bytes).unwrap().count().unwrap();
    set_cached(&mut bytes, count);
    assert_eq!(bytes, [b"HYLL\x01\0\0\0\x04\0\0\0\0\0\0\0", &body[..]].concat());
    assert_eq!(Hll::parse(&bytes).unwrap().cached(), Some(4));
}

/// PFADD of e0, e1, .. and PFCOUNT at some points, which notes the number in the value.
#[test]
fn values_of_many_elements_are_redis_own() {
    let (mut bytes, mut next) = (empty(), 0);
    for (elements, len, hash, count) in [
        (10, 48, 0x4afc_b65d_27f7_d346, 10),
        (100, 285, 0xdc19_0eeb_2be4_c6cc, 100),
        (500, 1068, 0x1295_390d_a090_0aba, 506),
        (1000, 1906, 0x65d1_4d84_4e16_560d, 1008),
        (1300, 2413, 0xedb6_7c50_36b1_3d63, 1309),
        (1500, 2719, 0xd7c0_9cfe_0d5c_a06e, 1509),
        (2000, 12_304, 0x5864_161f_4ab7_611c, 2000),
        (5000, 12_304, 0x3595_2698_3ee7_83b3, 4968),
        (50_000, 12_304, 0x0f37_853a_495f_1a01, 49_978),
    ] {
        for n in next..elements {
            add(&mut bytes, &format!("e{n}"));
        }
        invalidate(&mut bytes);
        next = elements;
        assert_eq!((bytes.len(), fingerprint(&bytes)), (len, hash), "{elements}");
        let number = Hll::parse(&bytes).unwrap().count().unwrap();
        assert_eq!(number, count);
        assert_eq!(super::count(&registers(&bytes)), count);
        set_cached(&mut bytes, number);
    }
}

#[test]
fn registers_are_an_array_of_maxima() {
    for seed in 1..=12 {
        println!("seed {seed}");
        let mut rng = Prng::new(seed);
        let mut twin = [0_u8; REGISTERS];
        let (mut sparse, mut dense) = (empty(), empty());
        assert_eq!((make_dense(&mut dense), make_dense(&mut dense)), (Ok(true), Ok(false)));
        // Near each other, so that runs meet; and high ones, which have no sparse form, at times.
        let (span, high) = ([40, 400, REGISTERS][rng.index(3)], rng.one_in(3));
        for step in 0..3000 {
            let run = 1 + rng.below(if high && step > 2000 { 51 } else { 6 }) as u8;
            let place = Place { index: REGISTERS - 1 - rng.index(span), run };
            let lower = twin[place.index] < run;
            twin[place.index] = twin[place.index].max(run);
            assert_eq!(raise(&mut sparse, place, 9000), Ok(lower));
            assert_eq!(raise_dense(&mut dense, place), Ok(lower));
        }
        assert!(registers(&sparse) == twin && registers(&dense) == twin);
        let counts = [&sparse, &dense].map(|bytes| Hll::parse(bytes).unwrap().count().unwrap());
        assert_eq!(counts, [super::count(&twin); 2]);
        let _ = make_dense(&mut sparse).unwrap();
        assert_eq!(sparse[HEADER..], dense[HEADER..]);
    }
}

#[test]
fn heads_are_checked() {
    let dense = [b"HYLL\0", vec![0; DENSE_LEN - 5].as_slice()].concat();
    assert_eq!(Hll::parse(&dense).map(|hll| hll.encoding()), Ok(Encoding::Dense));
    assert_eq!(Hll::parse(&empty()).map(|hll| hll.encoding().name()), Ok("sparse"));
    let long = [&dense[..], b"\0"].concat();
    for bytes in [
        &b""[..],
        b"HYLL",
        b"HYLL\x01\0\0\0\0\0\0\0\0\0\0",
        &dense[1..],
        &long,
        b"HYLM\x01\0\0\0\0\0\0\0\0\0\0\0\0",
    ] {
        assert!(Hll::parse(bytes).is_err());
        assert_eq!(raise(&mut bytes.to_vec(), place(b"x"), MAX_BYTES), Err(Corrupted));
        assert_eq!(raise_dense(&mut bytes.to_vec(), place(b"x")), Err(Corrupted));
    }
    let other = [b"HYLL\x02", &dense[5..]].concat();
    assert!(Hll::parse(&other).is_err());
}

/// Runs that go beyond the last register, stop before it, or are cut off: CVE-2025-32023 and its kin.
#[test]
fn broken_registers_are_refused() {
    let head = b"HYLL\x01\0\0\0\0\0\0\0\0\0\0\x80";
    for body in [
        &b""[..],
        b"\x7f",
        b"\x7f\xfe",
        b"\x7f\xff\x00",
        b"\x7f\xff\x80",
        b"\x7f\xff\x7f\xff",
        b"\x7f\xfe\x81",
        b"\x40",
        &[0x7f; 4000],
        &[0xff; 4097],
    ] {
        let bytes = [head, body].concat();
        let hll = Hll::parse(&bytes).unwrap();
        assert_eq!(hll.count(), Err(Corrupted), "{body:x?}");
        assert_eq!(hll.merge_into(&mut [0; REGISTERS]), Err(Corrupted));
        let mut copy = bytes.clone();
        assert_eq!((make_dense(&mut copy), copy), (Err(Corrupted), bytes.clone()));
        let far = Place { index: REGISTERS - 1, run: 40 };
        assert_eq!(raise(&mut bytes.clone(), far, MAX_BYTES), Err(Corrupted));
    }
    let mut rng = Prng::new(5);
    for _ in 0..3000 {
        let mut bytes = head.to_vec();
        bytes.extend((0..rng.index(400)).map(|_| rng.next_u32() as u8));
        for _ in 0..20 {
            let place = Place { index: rng.index(REGISTERS), run: 1 + rng.below(51) as u8 };
            let _ = raise(&mut bytes, place, 200 + rng.index(400));
            let _ = Hll::parse(&bytes).map(|hll| (hll.count(), ops(hll.body()).count()));
        }
    }
}

#[test]
fn runs_are_as_long_as_chance_makes_them() {
    let runs: Vec<_> = (0..2000_u32).map(|n| place(&n.to_le_bytes()).run).collect();
    assert!(runs.iter().all(|run| (1..=51).contains(run)));
    let ones = runs.iter().filter(|run| **run == 1).count();
    assert!((900..1100).contains(&ones), "{ones}");
}
