//! Manifests: what is read and written, and each way in which one is refused.

#![allow(clippy::unwrap_used)]

use super::*;

fn refused(text: &str) -> Refused {
    Manifest::parse(text.as_bytes()).unwrap_err()
}

const BASE: &str = "file appendonly.aof.1.base.aof seq 1 type b\n";
const INCR: &str = "file appendonly.aof.1.incr.aof seq 1 type i\n";

#[test]
fn what_redis_refuses_is_refused_in_its_words() {
    // (text, reason, number of the line that is shown)
    let cases: &[(&str, &str, Option<usize>)] = &[
        ("", "Found an empty AOF manifest", None),
        (
            "file a.2.incr.aof seq 2 type i\nfile a.1.incr.aof seq 1 type i\n",
            "Found a non-monotonic sequence number",
            Some(2),
        ),
        (&format!("{INCR}\nfile a.3.incr.aof seq 3 type i\n"), INVALID, Some(2)),
        (
            &format!("{BASE}file a.2.base.aof seq 2 type b\n{INCR}"),
            "Found duplicate base file information",
            Some(2),
        ),
        ("file appendonly.aof.1.base.aof seq 1 type x\n", "Unknown AOF file type", Some(1)),
        ("filx appendonly.aof.1.base.aof seq 1 type b\n", INVALID, Some(1)),
        (&format!("{BASE}file appendonly.aof.1.incr.aof type i\n"), INVALID, Some(2)),
        (&format!("{}\n", BASE.trim_end().repeat(43)), "The AOF manifest file contains too long line", None),
        (&format!("{BASE}file a.1.incr.aof seq 1 type i newkey\n"), INVALID, Some(2)),
        ("file dir/a seq 1 type b\n", "File can't be a path, just a filename", Some(1)),
        ("file dir\\a seq 1 type b\n", "File can't be a path, just a filename", Some(1)),
        ("file a seq 0 type b\n", INVALID, Some(1)),
        ("file \"\" seq 1 type b\n", INVALID, Some(1)),
        ("file a seq x type b\n", INVALID, Some(1)),
        ("file a seq 9223372036854775807 type i\n", INVALID, Some(1)),
        ("file a seq 1 type \"\"\n", INVALID, Some(1)),
        ("file \"a seq 1 type b\n", INVALID, Some(1)),
        ("file a seq 1 type b", "The AOF manifest file contains too long line", None),
        ("file a\0 seq 1 type b\n", "The AOF manifest file contains too long line", None),
        ("file a seq -1 type i\n", "Found a non-monotonic sequence number", Some(1)),
    ];
    for (text, reason, line) in cases {
        let error = refused(text);
        assert_eq!(
            (error.reason, error.line.as_ref().map(|(number, _)| *number)),
            (*reason, *line),
            "{text}"
        );
    }
}

#[test]
fn the_report_shows_the_line() {
    assert_eq!(
        refused("# c\n  file x y\t\n").report(),
        [
            "\n*** FATAL AOF MANIFEST FILE ERROR ***\n",
            "Reading the manifest file, at line 2\n",
            ">>> 'file x y'\n",
            "Invalid AOF manifest file format\n"
        ]
    );
    assert_eq!(refused("").report().len(), 2);
}

#[test]
fn comments_unknown_keys_case_and_order_do_not_matter() {
    let manifest = Manifest::parse(
        b"# one\n#two\nTYPE b SEQ 7 x y FILE appendonly.aof.7.base.rdb\r\nfile h seq 3 type h\n\
          file a.1.incr.aof seq 1 type i\nfile a.3.incr.aof seq 3 type i\n",
    )
    .unwrap();
    assert_eq!(manifest.base().unwrap().seq, 7);
    assert_eq!(manifest.incrs().iter().map(|part| part.seq).collect::<Vec<_>>(), [1, 3]);
    assert_eq!(manifest.history().len(), 1);
    assert_eq!(
        manifest.format(),
        b"file appendonly.aof.7.base.rdb seq 7 type b\nfile h seq 3 type h\nfile a.1.incr.aof seq 1 type i\n\
          file a.3.incr.aof seq 3 type i\n"
    );
    assert!(Manifest::parse(b"# only a comment\n").unwrap().is_empty());
}

#[test]
fn names_with_blanks_and_quotes_come_back() {
    for stem in [" file seq \n\n.aof ", "a\"b", "tab\t", "\u{e9}t\u{e9}", "plain"] {
        let mut manifest = Manifest::default();
        manifest.new_base(&Names::new(stem), true);
        manifest.new_incr(&Names::new(stem));
        assert_eq!(Manifest::parse(&manifest.format()).unwrap(), manifest, "{stem:?}");
    }
    let mut manifest = Manifest::default();
    manifest.new_base(&Names::new(" file seq \n\n.aof "), true);
    assert_eq!(
        manifest.format(),
        br#"file " file seq \n\n.aof .1.base.rdb" seq 1 type b
"#
    );
}

#[test]
fn a_rewrite_leaves_history() {
    let names = Names::new("appendonly.aof");
    let mut manifest = Manifest::default();
    assert_eq!(manifest.new_base(&names, true), "appendonly.aof.1.base.rdb");
    assert_eq!(manifest.new_incr(&names), "appendonly.aof.1.incr.aof");
    assert_eq!(manifest.new_incr(&names), "appendonly.aof.2.incr.aof");
    assert_eq!(manifest.new_incr(&names), "appendonly.aof.3.incr.aof");
    assert_eq!(manifest.new_base(&names, false), "appendonly.aof.2.base.aof");
    manifest.retire_incrs(1);
    assert_eq!(
        String::from_utf8(manifest.format()).unwrap(),
        "file appendonly.aof.2.base.aof seq 2 type b\nfile appendonly.aof.1.incr.aof seq 1 type h\n\
         file appendonly.aof.2.incr.aof seq 2 type h\nfile appendonly.aof.1.base.rdb seq 1 type h\n\
         file appendonly.aof.3.incr.aof seq 3 type i\n"
    );
    assert_eq!(manifest.take_history().len(), 3);
    assert_eq!(
        manifest.parts().map(Part::shown).collect::<Vec<_>>(),
        ["appendonly.aof.2.base.aof", "appendonly.aof.3.incr.aof"]
    );
}

proptest::proptest! {
    #[test]
    fn no_text_panics(text in proptest::collection::vec(proptest::num::u8::ANY, 0..2000)) {
        if let Ok(manifest) = Manifest::parse(&text) {
            let _ = manifest.format();
        }
    }

    #[test]
    fn what_is_read_is_written_and_read_again(
        text in "(#?(file [a-z\"\\\\ ]{1,4} seq [0-9]{1,2} type [bhi]( x y)?)?\n){0,6}"
    ) {
        if let Ok(manifest) = Manifest::parse(text.as_bytes())
            && !manifest.format().is_empty()
        {
            proptest::prop_assert_eq!(Manifest::parse(&manifest.format()).unwrap(), manifest);
        }
    }
}
