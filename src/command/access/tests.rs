//! Permissions against the real command table.

#![allow(clippy::unwrap_used, reason = "tests")]

use super::*;
use crate::acl::edited;
use crate::command::meta::key_flag;

fn user(rules: &str) -> User {
    let words: Vec<&[u8]> = rules.split(' ').map(str::as_bytes).collect();
    edited(&User::new(b"u", false), &words, terms(AclPubsubDefault::ResetChannels)).unwrap()
}

fn verdict(rules: &str, line: &str) -> Result<(), (Reason, usize)> {
    let argv: Vec<&[u8]> = line.split(' ').map(str::as_bytes).collect();
    permit(&user(rules), table::resolve(&argv).unwrap(), &argv).map_err(|d| (d.reason, d.at))
}

#[track_caller]
fn allows(rules: &str, line: &str) {
    assert_eq!(verdict(rules, line), Ok(()), "{rules}: {line}");
}

#[track_caller]
fn denies(rules: &str, line: &str, reason: Reason, at: usize) {
    assert_eq!(verdict(rules, line), Err((reason, at)), "{rules}: {line}");
}

#[test]
fn commands_are_asked_for_first() {
    denies("allkeys", "GET k", Reason::Command, 0);
    denies("+get", "GET k", Reason::Key, 1);
    allows("+get ~k", "GET k");
    // Logging in needs no permission.
    allows("off", "AUTH x");
    denies("+@all -config|set allkeys", "CONFIG SET hz 1", Reason::Command, 0);
    allows("+@all -config|set", "CONFIG GET hz");
    allows("+select|0", "SELECT 0");
    denies("+select|0", "SELECT 1", Reason::Command, 0);
}

#[test]
fn every_key_needs_what_is_done_to_it() {
    allows("+@all %R~r* %W~w*", "COPY r w");
    denies("+@all %R~r* %W~w*", "COPY w r", Reason::Key, 1);
    denies("+@all %R~r* %W~w*", "COPY r r", Reason::Key, 2);
    denies("+@all ~a* ~c*", "MGET a b c", Reason::Key, 2);
    // Which access it is depends on the words.
    allows("+@all %W~w*", "SET w v");
    denies("+@all %W~w*", "SET w v GET", Reason::Key, 1);
    allows("+@all %R~r*", "BITFIELD r GET u4 0");
    denies("+@all %R~r*", "BITFIELD r SET u4 0 1", Reason::Key, 1);
    // What tells nothing of the value needs the key only.
    allows("+@all %W~w*", "EXISTS w");
    denies("+@all %W~w*", "EXISTS x", Reason::Key, 1);
}

#[test]
fn selectors_are_not_added_up() {
    let rules = "+get ~a (+set ~b) (+get ~b)";
    allows(rules, "GET a");
    allows(rules, "SET b 1");
    allows(rules, "GET b");
    denies(rules, "SET a 1", Reason::Key, 1);
    denies(rules, "DEL a", Reason::Command, 0);
    // The last key that no selector allows is told.
    denies("+mget ~key (+mget ~key ~otherkey)", "MGET otherkey someotherkey", Reason::Key, 2);
}

#[test]
fn refusals_are_worded_as_redis_words_them() {
    let (user, argv): (_, [&[u8]; 2]) = (user("on"), [b"GET", b"k"]);
    let command = table::resolve(&argv).unwrap();
    let text = |reason, verbose| {
        let denied = Denied { reason, at: 1 };
        String::from_utf8(denied.text(&user, command, &argv, verbose)).unwrap()
    };
    assert_eq!(text(Reason::Command, false), "User u has no permissions to run the 'get' command");
    assert_eq!(text(Reason::Key, false), "No permissions to access a key");
    assert_eq!(text(Reason::Key, true), "User u has no permissions to access the 'k' key");
    assert_eq!(text(Reason::Channel, false), "No permissions to access a channel");
    assert_eq!(text(Reason::Channel, true), "User u has no permissions to access the 'k' channel");
}

#[test]
fn all_keys_may_be_asked_for_beside_those_of_the_command() {
    let argv: [&[u8]; 2] = [b"GET", b"k"];
    let command = table::resolve(&argv).unwrap();
    let may = |rules| permit_with_all_keys(&user(rules), command, &argv, Access::READ);
    assert!(may("+get allkeys") && may("+get ~k %R~*") && !may("+get ~k %W~*") && !may("+get ~k* (%R~*)"));
}

#[test]
fn the_short_way_to_a_commands_key_agrees_with_the_long_one() {
    for command in table::all().iter().filter(|command| command.one_key.is_some()) {
        let meta = command.row.meta;
        let arity = meta.arity.unsigned_abs() as usize;
        let argv = vec![&b"1"[..]; arity.max(2)];
        let mut found = Vec::new();
        if table::keys_with_flags(command, &argv, &mut found).is_ok() {
            let long: Vec<_> = found.into_iter().map(|(at, flags)| (at, access(flags))).collect();
            assert_eq!(key_words(command, &argv).to_vec(), long, "{}", command.full_name);
        }
        assert!(meta.keys.iter().all(|spec| spec.flags & key_flag::NOT_KEY == 0));
    }
}

#[test]
fn scripts_ask_for_their_callers_user_on_any_shard() {
    use crate::command::testing::{Fixture, run};
    let f = &mut Fixture::new();
    assert!(f.session.limits(&f.server.acl).is_none());
    run(f, &["ACL", "SETUSER", "u", "on", "nopass", "+set", "~a"]);
    let serial = u32::try_from(f.server.acl.users().get(b"u").unwrap().serial()).unwrap();
    let mut guest = Session::new(std::sync::Arc::default(), true);
    guest.guest = Some(serial);
    let user = guest.limits(&f.server.acl).unwrap();
    let argv: [&[u8]; 3] = [b"SET", b"b", b"1"];
    let command = table::resolve(&argv).unwrap();
    let said = permit_in_script(&f.server, &guest, &user, command, &argv, 0).unwrap_err();
    assert_eq!(said, b"ACL failure in script: No permissions to access a key");
    let entry = &f.server.acl.log.latest(1)[0];
    assert_eq!((entry.last.context, entry.last.object.as_slice()), (Context::Lua, &b"b"[..]));
    // Who is gone may do nothing.
    run(f, &["ACL", "DELUSER", "u"]);
    assert_eq!(guest.limits(&f.server.acl).unwrap().name(), b"");
    guest.guest = Some(1);
    assert!(guest.limits(&f.server.acl).is_none());
}

#[test]
fn channels_are_matched_by_name_and_patterns_by_letter() {
    allows("+@all &news.*", "SUBSCRIBE news.a news.b");
    denies("+@all &news.*", "SUBSCRIBE news.a other", Reason::Channel, 2);
    allows("+@all &news.*", "PSUBSCRIBE news.*");
    denies("+@all &news.*", "PSUBSCRIBE news.a*", Reason::Channel, 1);
    denies("+@all &news.*", "PUBLISH other news.x", Reason::Channel, 1);
    allows("+@all", "UNSUBSCRIBE x");
    allows("+@all", "PUBSUB CHANNELS x");
}
