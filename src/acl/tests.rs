//! Rules, descriptions, files and the log, on a small catalog of commands.

#![allow(clippy::unwrap_used, reason = "tests")]

use super::*;
use crate::base::digest::sha256_hex;
use crate::base::prng::Prng;

const READ: u32 = 1;
const WRITE: u32 = 2;
const SLOW: u32 = 4;

fn catalog() -> Catalog {
    let command = |name: &str, categories| CommandFacts {
        full_name: name.into(),
        categories,
        subcommands: Vec::new(),
        is_subcommand: name.contains('|'),
    };
    let mut all = vec![
        command("get", READ),
        command("set", WRITE),
        command("select", 0),
        command("config", 0),
        command("config|get", SLOW),
        command("config|set", SLOW | WRITE),
        command("getex", WRITE),
    ];
    all[3].subcommands = vec![4, 5];
    Catalog::new(all, &[(READ, "read"), (WRITE, "write"), (SLOW, "slow")])
}

/// The user that these rules make, or the first error.
fn made(rules: &[&str]) -> Result<User, RuleError> {
    let catalog = catalog();
    let mut user = User::new(b"u", false);
    for rule in rules {
        user.apply(rule.as_bytes(), Terms { catalog: &catalog, all_channels: false })?;
    }
    Ok(user)
}

/// Rules, split at `, `, and the description of the user that they make.
#[track_caller]
fn check(rules: &str, description: &str) {
    let rules: Vec<&str> = rules.split(", ").collect();
    let line = made(&rules).map(|user| String::from_utf8(user.line()).unwrap());
    assert_eq!(line.as_deref(), Ok(format!("user u {description}").as_str()), "{rules:?}");
}

#[track_caller]
fn check_error(rules: &str, error: RuleError) {
    let rules: Vec<&str> = rules.split(", ").collect();
    assert_eq!(made(&rules).err(), Some(error), "{rules:?}");
}

#[test]
fn a_user_is_described_by_rules_in_redis_order() {
    check("", "off sanitize-payload resetchannels -@all");
    check("on, nopass, allkeys, allchannels, allcommands", "on nopass sanitize-payload ~* &* +@all");
    check("skip-sanitize-payload, &a, &b, ~k", "off skip-sanitize-payload ~k resetchannels &a &b -@all");
    check("%R~a, %w~b, %rW~c, %W~a", "off sanitize-payload ~a %W~b ~c resetchannels -@all");
    check(
        "(+get ~x*), (%R~y &z)",
        "off sanitize-payload resetchannels -@all (~x* resetchannels -@all +get) (%R~y resetchannels &z -@all)",
    );
    // Written as `~*` it could not be read back.
    check("%RW~*, ~a", "off sanitize-payload %RW~* ~a resetchannels -@all");
    check("%RW~*", "off sanitize-payload ~* resetchannels -@all");
    let hash = sha256_hex(b"pw");
    check(">pw, >pw", &format!("off sanitize-payload #{hash} resetchannels -@all"));
    check(">pw, <pw, >pw, nopass", "off nopass sanitize-payload resetchannels -@all");
}

#[test]
fn command_rules_keep_their_order_and_swallow_what_they_make_void() {
    check("+get, +@write, -set", "off sanitize-payload resetchannels -@all +get +@write -set");
    check("+get, -get", "off sanitize-payload resetchannels -@all -get");
    check("+config|get, +config|set, +CONFIG", "off sanitize-payload resetchannels -@all +config");
    check("+select|0, +select|1, -select", "off sanitize-payload resetchannels -@all -select");
    // `get` does not swallow `getex`.
    check("+getex, +get", "off sanitize-payload resetchannels -@all +getex +get");
    check("+@Write, +@all, -config|SET", "off sanitize-payload resetchannels +@all -config|set");
    check("+@all, -get, nocommands", "off sanitize-payload resetchannels -@all");
}

#[test]
fn reset_makes_a_user_new_again() {
    let user = made(&["on", ">p", "~a", "&b", "+get", "(+set)", "skip-sanitize-payload", "reset"]).unwrap();
    assert_eq!(user, User::new(b"u", false));
}

#[test]
fn bad_rules_are_named() {
    check_error("+nope", RuleError::Unknown);
    check_error("-get|x", RuleError::Unknown);
    check_error("+config|nope", RuleError::Unknown);
    check_error("+@nope", RuleError::Unknown);
    check_error("+config|get|x", RuleError::FirstArg);
    check_error("+select|", RuleError::Syntax);
    check_error("+select|a b", RuleError::Syntax);
    for rule in
        ["%~x", "%", "%RR~x", "%RX~y", "~a b", "&a\tb", "nonsense", "(", ")", "(nonsense)", "(+get \"x)"]
    {
        check_error(rule, RuleError::Syntax);
    }
    check_error("allkeys, ~x", RuleError::AllKeys);
    check_error("(allchannels &x)", RuleError::AllChannels);
    check_error("<pw", RuleError::NoPassword);
    check_error("#abc", RuleError::Hash);
    check_error(&format!("#{}", sha256_hex(b"x").to_uppercase()), RuleError::Hash);
}

#[test]
fn bits_follow_commands_categories_and_first_arguments() {
    let may = |rules: &[&str], id, arg: Option<&[u8]>| made(rules).unwrap().root().may_run(id, arg);
    assert!(may(&["+get"], 0, None) && !may(&["+get"], 1, None));
    assert!(may(&["+@write", "-getex"], 5, None) && !may(&["+@write", "-getex"], 6, None));
    assert!(may(&["+config"], 4, None) && !may(&["+config", "-config|get"], 4, None));
    assert!(!may(&["+@all", "-get"], 0, None) && may(&["+@all", "-get"], 1, None));
    let select = ["+select|0", "+select|ONE"];
    assert!(may(&select, 2, Some(b"0")) && may(&select, 2, Some(b"one")));
    assert!(!may(&select, 2, Some(b"1")) && !may(&select, 2, None));
    // The default user's bits are not spelled out, and one can be taken away.
    let mut default = User::new_default();
    assert!(default.is_unrestricted());
    default.apply(b"-get", Terms { catalog: &catalog(), all_channels: false }).unwrap();
    assert!(
        !default.root().may_run(0, None) && default.root().may_run(6, None) && !default.is_unrestricted()
    );
}

#[test]
fn keys_and_channels_match_patterns() {
    let user = made(&["%R~r*", "%W~w*", "~b*", "%R~*", "&news.*", "&lit[ab]"]).unwrap();
    let root = user.root();
    assert!(root.may_touch(b"rx", Access::READ) && !root.may_touch(b"rx", Access::WRITE));
    assert!(root.may_touch(b"wx", Access::WRITE) && !root.may_touch(b"wx", Access::ALL));
    assert!(root.may_touch(b"bx", Access::ALL) && root.may_touch(b"zz", Access::NONE));
    assert!(root.may_touch_all(Access::READ) && !root.may_touch_all(Access::WRITE));
    assert!(user.may_use_channel(b"news.x", false) && user.may_use_channel(b"lita", false));
    assert!(!user.may_use_channel(b"other", false) && !user.may_use_channel(b"news.x", true));
    assert!(user.may_use_channel(b"news.*", true));
    assert!(!made(&["~"]).unwrap().root().may_touch(b"x", Access::NONE));
}

#[test]
fn passwords_let_in_while_the_user_is_enabled() {
    let user = made(&["on", ">one", &format!("#{}", sha256_hex(b"two"))]).unwrap();
    assert!(user.admits(b"one") && user.admits(b"two") && !user.admits(b"three") && !user.admits(b""));
    assert!(!made(&["off", "nopass"]).unwrap().admits(b"x"));
    assert!(made(&["on", "nopass"]).unwrap().admits(b"x"));
    assert!(!made(&["on"]).unwrap().admits(b""));
}

#[test]
fn losing_a_channel_is_noticed_and_gaining_one_is_not() {
    let user = |rules: &[&str]| made(rules).unwrap();
    assert!(user(&["&a", "&b"]).loses_channels_in(&user(&["&a"])));
    assert!(user(&["allchannels"]).loses_channels_in(&user(&["&*x"])));
    assert!(!user(&["&a"]).loses_channels_in(&user(&["&a", "&b"])));
    assert!(!user(&["&a"]).loses_channels_in(&user(&["(&a)"])));
    assert!(!user(&["allchannels"]).loses_channels_in(&user(&["(allchannels)"])));
}

#[test]
fn words_of_a_selector_are_joined() {
    let merged = |words: &[&str]| {
        let words: Vec<&[u8]> = words.iter().map(|w| w.as_bytes()).collect();
        merge_selectors(&words).map(|m| m.join(&b'|')).map(|m| String::from_utf8(m).unwrap())
    };
    assert_eq!(merged(&["on", "(+get", "~a", ")", "(x)", "", "off"]), Ok("on|(+get ~a )|(x)||off".into()));
    assert_eq!(merged(&["on", "(+get", "~a"]), Err(1));
    assert_eq!(merged(&["(", "(a)"]), Ok("( (a)".into()));
}

fn parsed(text: &[u8]) -> Result<Vec<User>, String> {
    let catalog = catalog();
    parse(text, "f", Terms { catalog: &catalog, all_channels: false })
        .map_err(|errors| String::from_utf8_lossy(&errors).into_owned())
}

#[test]
fn a_file_reports_every_line_that_is_wrong() {
    let text = b"user a on\n\n \tuser b +get (~x +set)\r\nuser a\nuser\nfoo bar\nuser c\x0b +get\n\
        user d +nope +no %% %%%\nuser e (+get\n";
    assert_eq!(
        parsed(text).unwrap_err(),
        "WARNING: Duplicate user 'a' found on line 4. f:5 should start with user keyword followed by the username. \
         f:6 should start with user keyword followed by the username. \
         'f:7: username 'c\x0b' contains invalid characters. \
         f:8: Error in applying operation '+nope': Unknown command or category name in ACL. \
         f:8: Error in applying operation '+no': Unknown command or category name in ACL. f:8: Syntax error. \
         f:9: Unmatched parenthesis in selector definition.\
         WARNING: ACL errors detected, no change to the previously active ACL rules was performed"
    );
    assert_eq!(parsed(b"").unwrap(), []);
}

#[test]
fn what_is_saved_is_read_back() {
    let acl = Acl::default();
    let catalog = catalog();
    let terms = Terms { catalog: &catalog, all_channels: false };
    let rules: &[&[u8]] =
        &[b"on", b">x", b"~a'b", b"%R~\"q", b"&c\\", b"+config|get", b"(\"~\\\"x\" \"~y)\" +get)", b"(&d)"];
    acl.set_user(b"one", rules, terms).unwrap();
    acl.set_user(b"two", &[b"allkeys", b"+@all", b"-@write"], terms).unwrap();
    let text = saved(&acl.users());
    let other = Acl::default();
    other.replace(parsed(&text).unwrap());
    assert_eq!(saved(&other.users()), text);
    // So is a line of the configuration file.
    for user in acl.users().iter() {
        let words = crate::base::args::split_args(&user.config_line()).unwrap();
        let words: Vec<&[u8]> = words.iter().map(Vec::as_slice).collect();
        let again = edited(&User::new(words[1], false), &words[2..], terms).unwrap();
        assert_eq!(again.line(), user.line());
    }
}

#[test]
fn mutated_files_never_panic_and_what_is_accepted_survives_a_round() {
    let seed = crate::base::prng::os_random_u64();
    println!("seed {seed}");
    let mut rng = Prng::new(seed);
    let text: &[u8] = b"user default on nopass ~* &* +@all\nuser a on #9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08 %R~x* resetchannels &c -@all +get +config|set +select|0 (~k \"~q\" -@all +@read)\n";
    for _ in 0..4_000 {
        let mut text = text.to_vec();
        for _ in 0..=rng.index(4) {
            let at = rng.index(text.len());
            match rng.index(3) {
                0 => text[at] = b"()%~&+-@|#\"' \n\0x"[rng.index(16)],
                1 => drop(text.remove(at)),
                _ => text.insert(at, b"()%~&+-@|#\"' \n\0x"[rng.index(16)]),
            }
        }
        let Ok(users) = parsed(&text) else { continue };
        let acl = Acl::default();
        acl.replace(users);
        let once = saved(&acl.users());
        let again = Acl::default();
        again.replace(parsed(&once).unwrap_or_else(|e| panic!("{e}: {}", String::from_utf8_lossy(&once))));
        assert_eq!(saved(&again.users()), once);
    }
}

#[test]
fn changes_move_the_generation_and_keep_serial_numbers() {
    let (acl, catalog) = (Acl::default(), catalog());
    let terms = Terms { catalog: &catalog, all_channels: true };
    let start = acl.generation();
    let first = acl.set_user(b"u", &[b"on"], terms).unwrap();
    assert!(first.before.is_none() && first.after.root().has_all_channels());
    let second = acl.set_user(b"u", &[b"off"], terms).unwrap();
    assert_eq!(second.before.unwrap().serial(), second.after.serial());
    assert_eq!(acl.generation(), start + 2);
    // A refused change is none.
    let error = acl.set_user(b"u", &[b"on", b"+nope"], terms).unwrap_err();
    assert_eq!(error, b"Error in ACL SETUSER modifier '+nope': Unknown command or category name in ACL");
    let error = acl.set_user(b"u", &[b"on", b"(+get", b"x"], terms).unwrap_err();
    assert_eq!(error, b"Unmatched parenthesis in acl selector starting at '(+get'.");
    assert_eq!(acl.generation(), start + 2);
    assert!(!acl.users().get(b"u").unwrap().is_enabled());
    assert_eq!(acl.delete(&[b"u", b"default", b"none"]).len(), 1);
    let again = acl.set_user(b"u", &[], terms).unwrap();
    assert_ne!(again.after.serial(), second.after.serial());
    assert!(acl.users().by_serial(second.after.serial()).is_none());
    acl.set_default_password(Some(b"pw"));
    assert!(acl.users().default_user().admits(b"pw") && !acl.users().default_user().admits(b""));
    acl.set_default_password(None);
    assert!(acl.users().default_user().admits(b""));
}

#[test]
fn the_log_groups_what_is_alike_within_a_minute() {
    let log = AclLog::default();
    let event = |object: &str, time_ms| Event {
        reason: Reason::Key,
        context: Context::Toplevel,
        object: object.into(),
        username: b"u".to_vec(),
        client_info: Vec::new(),
        time_ms,
    };
    log.add(event("a", 0), 3);
    log.add(event("b", 10), 3);
    log.add(event("a", 60_000), 3);
    log.add(event("a", 120_001), 3);
    log.add(Event { context: Context::Lua, ..event("a", 120_001) }, 3);
    let seen: Vec<_> = log.latest(9).iter().map(|e| (e.id, e.count, e.created_ms, e.last.time_ms)).collect();
    assert_eq!(seen, [(3, 1, 120_001, 120_001), (2, 1, 120_001, 120_001), (0, 2, 0, 60_000)]);
    log.reset();
    log.add(event("c", 0), 3);
    assert_eq!(log.latest(9)[0].id, 4);
    log.add(event("d", 0), 0);
    assert!(log.latest(9).is_empty());
}
