//! Tests of `entry`: every shape of block, read back and changed.
#![allow(clippy::unwrap_used, clippy::cast_possible_truncation, reason = "tests")]

use super::*;

fn text(entry: &Entry) -> Vec<u8> {
    entry.string_bytes(&mut itoa::Buffer::new()).unwrap().to_vec()
}

#[test]
fn every_shape_reads_back_what_was_put_in() {
    let keys = [0, 1, 7, 16, 255, 65_534, 65_535, 65_536, 70_000];
    let values = [0, 1, 8, 64, INLINE_MAX, INLINE_MAX + 1, 70_000];
    for key in keys.map(|len| vec![b'k'; len]) {
        for value in values.map(|len| vec![b'v'; len]) {
            for expire in [None, Some(0), Some(i64::MAX), Some(-1)] {
                let entry = EntryBox::new_string(&key, &value, expire);
                assert_eq!((entry.key(), entry.expire_ms(), entry.kind()), (&key[..], expire, Kind::String));
                assert_eq!((text(&entry), entry.string_len()), (value.clone(), value.len()));
                assert!(entry.mem_bytes() >= key.len() + value.len() && !entry.is_raw());
                let moved = entry.with_expire(Some(5)).with_key(b"other").with_expire(None).with_key(&key);
                assert_eq!((moved.key(), moved.expire_ms(), text(&moved)), (&key[..], None, value.clone()));
            }
        }
    }
}

#[test]
fn canonical_numbers_are_kept_as_numbers() {
    for (value, number) in [
        ("0", Some(0)),
        ("-1", Some(-1)),
        ("9223372036854775807", Some(i64::MAX)),
        ("-9223372036854775808", Some(i64::MIN)),
        ("9223372036854775808", None),
        ("-9223372036854775809", None),
        ("18446744073709551616", None),
        ("-0", None),
        ("00", None),
        ("01", None),
        ("+1", None),
        ("", None),
        ("-", None),
        ("1 ", None),
        ("1.0", None),
        ("123456789012345678901", None),
    ] {
        let entry = EntryBox::new_string(b"k", value.as_bytes(), None);
        assert_eq!((entry.int_value(), entry.string_len()), (number, value.len()), "{value}");
        assert_eq!(text(&entry), value.as_bytes());
        let raw = EntryBox::new_raw(b"k", value.as_bytes(), None);
        assert_eq!((raw.int_value(), raw.is_raw()), (None, true));
    }
}

#[test]
fn numbers_change_in_place() {
    let mut entry = EntryBox::new_int(b"counter", 1, Some(9));
    assert!(entry.set_int(i64::MIN));
    assert_eq!((entry.int_value(), entry.expire_ms()), (Some(i64::MIN), Some(9)));
    assert!(entry.str_bytes_mut().is_none() && entry.object_mut().is_none());
    assert!(!EntryBox::new_string(b"k", b"v", None).set_int(1));
}

#[test]
fn strings_change_in_place_where_the_block_has_room() {
    let mut entry = EntryBox::new_raw(b"key", b"twelve bytes", Some(3));
    assert!(entry.overwrite_string(b"eleven byte"));
    assert_eq!((text(&entry), entry.expire_ms(), entry.is_raw()), (b"eleven byte".to_vec(), Some(3), false));
    assert!(entry.overwrite_string(b"thirteen byte"));
    assert!(!entry.overwrite_string(b"far too long for the same block"));
    assert!(!entry.overwrite_string(b"1234567890123"));
    entry.str_bytes_mut().unwrap()[0] = b'T';
    assert_eq!((text(&entry), entry.key()), (b"Thirteen byte".to_vec(), &b"key"[..]));
}

#[test]
fn objects_move_with_their_entry_and_copies_are_their_own() {
    let mut entry = EntryBox::new_object(b"k", Kind::String, Object::Str(vec![b'x'; 10]), None);
    let copy = entry.clone_with_key(b"copy");
    let Some(Object::Str(bytes)) = entry.object_mut() else { panic!("an object") };
    bytes.extend_from_slice(b"yy");
    let entry = entry.with_key(b"a longer key").with_expire(Some(1));
    assert_eq!((text(&entry), entry.key()), (b"xxxxxxxxxxyy".to_vec(), &b"a longer key"[..]));
    assert_eq!((text(&copy), copy.key(), copy.free_effort()), (b"xxxxxxxxxx".to_vec(), &b"copy"[..], 1));
}

#[test]
fn access_field_kind_and_raw_do_not_disturb_each_other() {
    for kind in [Kind::String, Kind::List, Kind::Set, Kind::ZSet, Kind::Hash, Kind::Stream] {
        let mut entry = EntryBox::new_object(b"k", kind, Object::Str(Vec::new()), Some(2));
        entry.set_lru(u32::MAX);
        assert_eq!((entry.lru(), entry.kind(), entry.is_raw()), (LRU_MAX, kind, false));
        entry.set_raw(true);
        entry.set_lru(0x12_3456);
        let entry = entry.with_expire(None);
        assert_eq!((entry.lru(), entry.kind(), entry.is_raw()), (0x12_3456, kind, true));
    }
}

#[test]
fn update_puts_back_what_the_closure_makes() {
    let mut entry = EntryBox::new_string(b"k", b"v", None);
    entry.update(|entry| entry.with_expire(Some(4)));
    assert_eq!((entry.expire_ms(), text(&entry)), (Some(4), b"v".to_vec()));
}

#[test]
fn an_entry_of_16_and_64_bytes_takes_one_block_of_88() {
    let entry = EntryBox::new_string(&[b'k'; 16], &[b'v'; 64], None);
    assert_eq!(entry.mem_bytes(), 88);
}
