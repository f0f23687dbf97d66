//! What is printed about sound, cut and damaged files.
#![allow(clippy::unwrap_used, reason = "tests")]

use super::*;

/// What is printed about a file of these bytes, and whether it is sound.
fn checked(bytes: &[u8]) -> (String, bool) {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(bytes).unwrap();
    file.rewind().unwrap();
    let mut out = Vec::new();
    let sound = check(&mut out, Path::new("x.rdb"), &mut file).unwrap();
    (String::from_utf8_lossy(&out).into_owned(), sound)
}

fn file(body: &[u8]) -> Vec<u8> {
    [b"REDIS0010", body, b"\xFF\0\0\0\0\0\0\0\0"].concat()
}

#[test]
fn a_sound_file_is_told_record_by_record() {
    let body = b"\xFA\x03abc\xC0\x05\xFE\x02\xFC\x01\0\0\0\0\0\0\0\x00\x01k\x01v\x00\x01l\x01v";
    let (out, sound) = checked(&file(body));
    assert!(sound);
    assert_eq!(
        out,
        "[offset 0] Checking RDB file x.rdb\n[offset 16] AUX FIELD abc = '5'\n[offset 18] Selecting DB ID 2\n\
         [offset 46] RDB file was saved with checksum disabled: no check performed.\n\
         [offset 46] \\o/ RDB looks OK! \\o/\n[info] 2 keys read\n[info] 1 expires\n[info] 1 already expired\n"
    );
}

#[test]
fn faults_name_place_key_and_type() {
    for (body, lines) in [
        (
            &b"\xE0"[..],
            "[offset 10] Invalid object type: 224\n[additional info] While doing: read-type\n[info] 0",
        ),
        (
            b"\x0A\x01k\x05hello",
            "[offset 18] damaged packed collection\n[additional info] While doing: read-object-value\n\
             [additional info] Reading key 'k'\n[additional info] Reading type 10 (list-ziplist)\n[info] 1 keys",
        ),
        (b"\x00\x01k\xC7\x05", "[offset 13] Unknown RDB string encoding type 7\n"),
        (b"\x02\x01k\x02\x01a\x01a", "[offset 17] an element occurs twice\n"),
        (b"\x02\x01k\x00", "[offset 13] empty collection\n"),
        (b"\x00\x84k", "[offset 11] Unknown length encoding 2 in rdbLoadLen()\n"),
        (b"\xF6", "[offset 10] Pre-release function format not supported.\n"),
        (b"\x03\x01x\x01\x01a\x03abc", "[offset 19] invalid score\n"),
    ] {
        let (out, sound) = checked(&file(body));
        assert!(!sound);
        let expected = format!("--- RDB ERROR DETECTED ---\n{lines}");
        assert!(out.contains(&expected), "{out}\n--- expected\n{expected}");
    }
}

#[test]
fn data_of_modules_is_walked_over() {
    let body =
        b"\xF7\x81\xff\0\0\0\0\0\0\x01\x02\x01\x02\x05\x00\x07\x01k\x81\xff\0\0\0\0\0\0\x01\x02\x01\x00";
    let (out, sound) = checked(&file(body));
    assert!(sound, "{out}");
    assert!(out.contains("MODULE AUX for: _wAAAAAAA\n"), "{out}");
}

#[test]
fn the_position_is_left_behind_a_preamble() {
    let mut file_on_disk = tempfile::tempfile().unwrap();
    file_on_disk.write_all(&[file(b""), b"*1\r\n".to_vec()].concat()).unwrap();
    file_on_disk.rewind().unwrap();
    assert!(check(&mut io::sink(), Path::new("x"), &mut file_on_disk).unwrap());
    let mut rest = Vec::new();
    file_on_disk.read_to_end(&mut rest).unwrap();
    assert_eq!(rest, b"*1\r\n");
}
