//! What clients see of ACL, AUTH and HELLO.

#![allow(clippy::unwrap_used, reason = "tests")]

use crate::acl::Reason;
use crate::command::testing::{Fixture, check, run};
use crate::config::Config;

#[test]
fn users_are_made_listed_and_deleted() {
    let f = &mut Fixture::new();
    check(f, "ACL WHOAMI", "$7|default|");
    check(f, "ACL SETUSER bob on >pw ~k* +get", "+OK|");
    check(f, "ACL USERS", "*2|$3|bob|$7|default|");
    let list = run(f, &["ACL", "LIST"]);
    assert!(list.contains("user default on nopass sanitize-payload ~* &* +@all"), "{list}");
    assert!(list.contains(" ~k* resetchannels -@all +get"), "{list}");
    check(f, "ACL DELUSER bob nobody", ":1|");
    check(f, "ACL GETUSER bob", "$-1|");
    check(f, "ACL DELUSER default", "-ERR The 'default' user cannot be removed|");
    let spaces = "-ERR Usernames can't contain spaces or null characters\r\n";
    assert_eq!(run(f, &["ACL", "SETUSER", "a b"]), spaces);
    check(
        f,
        "ACL SETUSER bob +nope",
        "-ERR Error in ACL SETUSER modifier '+nope': Unknown command or category name in ACL|",
    );
}

#[test]
fn getuser_tells_everything() {
    let f = &mut Fixture::new();
    run(f, &["ACL", "SETUSER", "u", "on", "nopass", "%R~a", "&c", "+get", "(~b", "+set)"]);
    check(
        f,
        "ACL GETUSER u",
        "*12|$5|flags|*3|$2|on|$6|nopass|$16|sanitize-payload|$9|passwords|*0|$8|commands|$10|-@all +get|\
         $4|keys|$4|%R~a|$8|channels|$2|&c|$9|selectors|*1|*6|$8|commands|$10|-@all +set|$4|keys|$2|~b|\
         $8|channels|$0||",
    );
}

#[test]
fn dryrun_says_what_would_happen() {
    let f = &mut Fixture::new();
    run(f, &["ACL", "SETUSER", "u", "+set", "~a"]);
    check(f, "ACL DRYRUN u SET a 1", "+OK|");
    check(
        f,
        "ACL DRYRUN u SET b 1",
        "$51|User u has no permissions to access the 'b' key|".replace("51", "47").as_str(),
    );
    check(f, "ACL DRYRUN u GET a", "$50|User u has no permissions to run the 'get' command|");
    check(f, "ACL DRYRUN x GET a", "-ERR User 'x' not found|");
    check(f, "ACL DRYRUN u NOPE a", "-ERR Command 'NOPE' not found|");
    check(f, "ACL DRYRUN u CONFIG nope", "-ERR Command 'CONFIG' not found|");
    check(f, "ACL DRYRUN u SET a", "-ERR wrong number of arguments for 'set' command|");
}

#[test]
fn categories_and_passwords() {
    let f = &mut Fixture::new();
    assert!(run(f, &["ACL", "CAT"]).starts_with("*21\r\n$8\r\nkeyspace\r\n"));
    let found = run(f, &["ACL", "CAT", "CONNECTION"]);
    assert!(found.contains("\r\nclient|id\r\n") && !found.contains("\r\nget\r\n"), "{found}");
    check(f, "ACL CAT nope", "-ERR Unknown category 'nope'|");
    check(f, "ACL CAT a b", "-ERR unknown subcommand or wrong number of arguments for 'CAT'. Try ACL HELP.|");
    assert_eq!(run(f, &["ACL", "GENPASS"]).len(), 64 + 7);
    assert_eq!(run(f, &["ACL", "GENPASS", "5"]).len(), 2 + 6);
    for bits in ["0", "-1", "4097"] {
        assert!(run(f, &["ACL", "GENPASS", bits]).starts_with("-ERR ACL GENPASS argument must be"));
    }
    check(f, "ACL GENPASS x", "-ERR value is not an integer or out of range|");
}

#[test]
fn logging_in_takes_a_user_and_failing_leaves_a_trace() {
    let f = &mut Fixture::new();
    run(f, &["ACL", "SETUSER", "bob", "on", ">pw", "+@all", "~*", "&*"]);
    check(f, "AUTH bob no", "-WRONGPASS invalid username-password pair or user is disabled.|");
    assert_eq!(f.server.acl.denied(Reason::Auth), 1);
    let log = run(f, &["ACL", "LOG"]);
    for part in ["auth", "toplevel", "AUTH", "bob", "entry-id"] {
        assert!(log.contains(&format!("\r\n{part}\r\n")), "{part}: {log}");
    }
    check(f, "AUTH bob pw", "+OK|");
    check(f, "ACL WHOAMI", "$3|bob|");
    assert_eq!(f.session.info.labels().user, b"bob");
    check(f, "ACL LOG RESET", "+OK|");
    check(f, "ACL LOG", "*0|");
    check(f, "ACL LOG x", "-ERR value is not an integer or out of range|");
    // Who is deleted is nobody any more, and goes.
    check(f, "ACL DELUSER bob", ":1|");
    f.session.renew_if_stale(&f.server.acl);
    assert!(!f.session.authenticated && f.session.user().name() == b"default");
    assert!(f.session.close_after_reply || f.server.clients.count() == 0);
}

#[test]
fn requirepass_is_the_password_of_the_default_user() {
    let f = &mut Fixture::new();
    check(f, "CONFIG SET requirepass secret", "+OK|");
    check(f, "AUTH secret", "+OK|");
    check(f, "AUTH default wrong", "-WRONGPASS invalid username-password pair or user is disabled.|");
    run(f, &["ACL", "SETUSER", "default", ">other"]);
    check(f, "AUTH other", "+OK|");
    f.server.set_config(Config::default());
    assert!(run(f, &["AUTH", "x"]).contains("without any password configured"));
}

#[test]
fn files_are_used_only_if_there_is_one() {
    let f = &mut Fixture::new();
    for line in [["ACL", "LOAD"], ["ACL", "SAVE"]] {
        assert!(run(f, &line).starts_with("-ERR This Redis instance is not configured to use an ACL file."));
    }
}
