//! What every row has to fulfil, and the manual that is written from the rows.

use std::collections::HashSet;
use std::fs;
use std::path::Path;

use super::load_bytes;
use crate::config::syntax::quote;
use crate::config::{Config, DIRECTIVES, Flags, Kind, Status, docs, rewritten};

#[test]
fn names_are_unique_lower_case_and_described() {
    let mut seen = HashSet::new();
    for directive in DIRECTIVES {
        for name in directive.spellings() {
            assert!(seen.insert(name), "{name} twice");
            assert_eq!(name, name.to_ascii_lowercase());
        }
        assert!(directive.doc.trim().ends_with('.'), "{}", directive.name);
        if let Status::Accepted(instead) = directive.status {
            assert!(!instead.is_empty() && !instead.ends_with('.'), "{}", directive.name);
        }
    }
}

#[test]
fn every_value_printed_is_accepted_again_and_means_the_same() {
    let config = Config { dir: "/".to_owned(), ..Config::default() };
    for directive in DIRECTIVES {
        let printed = directive.format(&config);
        let words: Vec<&[u8]> = if directive.is(Flags::MULTI) {
            printed.split(|byte| *byte == b' ').collect()
        } else {
            vec![&printed]
        };
        let mut again = config.clone();
        match directive.assign(&mut again, &words) {
            Ok(()) => assert_eq!(again, config, "{}", directive.name),
            // Nothing to follow is printed as nothing, which is no value.
            Err(_) => assert!(matches!(directive.kind, Kind::Primary), "{}", directive.name),
        }
    }
}

#[test]
fn every_bound_fits_its_field() {
    for directive in DIRECTIVES {
        let Kind::Number { min, max, .. } = directive.kind else { continue };
        for bound in [min, max] {
            let mut config = Config::default();
            assert!(
                (directive.store)(&mut config, crate::config::Value::Number(bound)),
                "{}",
                directive.name
            );
            assert_eq!((directive.load)(&config), crate::config::Value::Number(bound), "{}", directive.name);
        }
    }
}

#[test]
fn every_default_survives_rewrite_and_load() {
    let config = Config { dir: "/".to_owned(), ..Config::default() };
    // One line per directive, so that every one of them is rewritten.
    let mut old = Vec::new();
    for directive in DIRECTIVES {
        old.extend(format!("{} ", directive.name).bytes());
        quote(&directive.format(&config), &mut old);
        old.push(b'\n');
    }
    let text = rewritten(&old, &config, &[]);
    assert_eq!(load_bytes(&text).unwrap().config, config, "{}", String::from_utf8_lossy(&text));
}

#[test]
fn every_number_away_from_its_default_survives_rewrite_and_load() {
    for directive in DIRECTIVES {
        let Kind::Number { max, .. } = directive.kind else { continue };
        let mut config = Config { dir: "/".to_owned(), ..Config::default() };
        // `hz` is kept below its bound.
        let value = if directive.name == "hz" { 500 } else { max };
        assert!((directive.store)(&mut config, crate::config::Value::Number(value)));
        let text = rewritten(b"", &config, &[]);
        assert_eq!(load_bytes(&text).unwrap().config, config, "{}", directive.name);
    }
}

#[test]
fn the_manual_is_up_to_date() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/configuration.md");
    if std::env::var_os("UPDATE_DOCS").is_some() {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, docs()).unwrap();
    }
    let committed = fs::read_to_string(&path).unwrap_or_default();
    assert!(committed == docs(), "docs/configuration.md is old: run UPDATE_DOCS=1 cargo test --lib config::");
}
