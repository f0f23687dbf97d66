//! What clients see of AUTH, HELLO and the small commands.

#![allow(clippy::unwrap_used, reason = "tests")]

use crate::command::session::ReplyMode;
use crate::command::testing::{Fixture, check, run};
use crate::config::Config;
use crate::resp::Proto;

fn guarded() -> Fixture {
    let mut f = Fixture::new();
    f.server.set_config(Config { requirepass: Some(b"secret".to_vec()), ..Config::default() });
    f.session.authenticated = false;
    f
}

#[test]
fn ping_and_echo_give_back_what_they_got() {
    let f = &mut Fixture::new();
    check(f, "PING", "+PONG|");
    check(f, "PING hello", "$5|hello|");
    check(f, "PING a b", "-ERR wrong number of arguments for 'ping' command|");
    check(f, "ECHO x", "$1|x|");
}

#[test]
fn select_takes_the_databases_there_are() {
    let f = &mut Fixture::new();
    check(f, "SELECT 15", "+OK|");
    assert_eq!(f.session.db, 15);
    for word in ["16", "-1"] {
        check(f, &format!("SELECT {word}"), "-ERR DB index is out of range|");
    }
    for word in ["x", "9223372036854775808", "1.0"] {
        check(f, &format!("SELECT {word}"), "-ERR value is not an integer or out of range|");
    }
    let beyond_int = "-ERR value is out of range, value must between -2147483648 and 2147483647|";
    check(f, "SELECT 2147483648", beyond_int);
    assert_eq!(f.session.db, 15);
}

#[test]
fn auth_without_a_password_says_so() {
    let f = &mut Fixture::new();
    let reply = run(f, &["AUTH", "x"]);
    assert!(reply.starts_with("-ERR AUTH <password> called without any password configured"), "{reply}");
    check(f, "AUTH default anything", "+OK|");
    check(f, "AUTH other x", "-WRONGPASS invalid username-password pair or user is disabled.|");
    check(f, "AUTH a b c", "-ERR syntax error|");
}

#[test]
fn auth_with_a_password_wants_that_password() {
    let f = &mut guarded();
    for line in ["AUTH wrong", "AUTH secre", "AUTH secret2", "AUTH root secret"] {
        check(f, line, "-WRONGPASS invalid username-password pair or user is disabled.|");
        assert!(!f.session.authenticated);
    }
    assert_eq!(f.server.acl.denied(crate::acl::Reason::Auth), 4);
    check(f, "AUTH secret", "+OK|");
    assert!(f.session.authenticated);
}

#[test]
fn hello_changes_the_protocol_of_its_own_reply() {
    let f = &mut Fixture::new();
    let reply = run(f, &["HELLO"]);
    assert!(
        reply.starts_with("*14\r\n$6\r\nserver\r\n$5\r\nredis\r\n$7\r\nversion\r\n$5\r\n7.2.4\r\n"),
        "{reply}"
    );
    let reply = run(f, &["HELLO", "3", "SETNAME", "me"]);
    assert!(reply.starts_with("%7\r\n") && reply.contains("proto\r\n:3\r\n"), "{reply}");
    assert_eq!(f.session.proto, Proto::V3);
    check(f, "CLIENT GETNAME", "$2|me|");
    assert!(run(f, &["HELLO", "2"]).starts_with("*14\r\n"));
}

#[test]
fn hello_refuses_what_it_does_not_know() {
    let f = &mut Fixture::new();
    for version in ["1", "4", "-3"] {
        check(f, &format!("HELLO {version}"), "-NOPROTO unsupported protocol version|");
    }
    check(f, "HELLO x", "-ERR Protocol version is not an integer or out of range|");
    check(f, "HELLO 3 FOO", "-ERR Syntax error in HELLO option 'FOO'|");
    check(f, "HELLO 3 auth x", "-ERR Syntax error in HELLO option 'auth'|");
    assert!(run(f, &["HELLO", "3", "SETNAME", "a b"]).starts_with("-ERR Client names cannot contain"));
    assert_eq!(f.session.proto, Proto::V2);
}

#[test]
fn hello_authenticates_or_asks_for_it() {
    let f = &mut guarded();
    assert!(
        run(f, &["HELLO", "3"])
            .starts_with("-NOAUTH HELLO must be called with the client already authenticated")
    );
    assert!(run(f, &["HELLO", "3", "AUTH", "default", "no"]).starts_with("-WRONGPASS"));
    assert_eq!(f.session.proto, Proto::V2);
    assert!(run(f, &["HELLO", "3", "AUTH", "default", "secret"]).starts_with("%7"));
    assert!(f.session.authenticated);
}

#[test]
fn reset_brings_the_connection_back_to_its_beginning() {
    let f = &mut guarded();
    run(f, &["HELLO", "3", "AUTH", "default", "secret", "SETNAME", "me"]);
    f.session.db = 3;
    f.session.no_touch = true;
    f.session.multi = Some(Box::default());
    f.session.reply = ReplyMode::Off;
    check(f, "MONITOR", "+OK|");
    check(f, "RESET", "+RESET|");
    let session = &f.session;
    assert!(session.multi.is_none() && session.forget_watch && !session.no_touch && !session.monitor);
    assert!(!session.authenticated && session.db == 0 && session.proto == Proto::V2);
    assert_eq!(session.reply, ReplyMode::On);
    assert!(session.info.labels().name.is_empty() && !f.server.has_monitors());
}

#[test]
fn quit_replies_before_the_connection_ends() {
    let f = &mut Fixture::new();
    check(f, "QUIT", "+OK|");
    assert!(f.session.close_after_reply);
}
