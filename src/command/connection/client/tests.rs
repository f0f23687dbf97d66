//! CLIENT and its subcommands.

#![allow(clippy::unwrap_used, reason = "tests")]

use crate::command::Note;
use crate::command::session::ReplyMode;
use crate::command::testing::{Fixture, NOW_MS, check, run};
use crate::observe::{ClientInfo, client_flag};
use std::sync::Arc;

/// Registers the caller and one more connection, on shard 0, with id 2.
fn two() -> Fixture {
    let f = Fixture::new();
    f.session.info.set_labels(|labels| labels.user = "default".into());
    f.server.clients.add(f.session.info.clone());
    let other = ClientInfo {
        id: 2,
        addr: "10.0.0.1:5".into(),
        laddr: "10.0.0.9:6379".into(),
        fd: 9,
        created_ms: NOW_MS - 5_000,
        ..ClientInfo::default()
    };
    other.set_labels(|labels| {
        labels.user = "default".into();
        labels.name = b"other".to_vec();
        labels.lib_name = b"lib".to_vec();
        labels.lib_ver = b"1.2".to_vec();
    });
    other.last_ms.store(NOW_MS - 2_500, std::sync::atomic::Ordering::Relaxed);
    other.multi.store(-1, std::sync::atomic::Ordering::Relaxed);
    other.resp.store(3, std::sync::atomic::Ordering::Relaxed);
    other.set_flag(client_flag::MULTI, true);
    other.set_flag(client_flag::NO_EVICT, true);
    f.server.clients.add(Arc::new(other));
    f
}

#[test]
fn names_are_one_printable_word() {
    let f = &mut Fixture::new();
    check(f, "CLIENT GETNAME", "$-1|");
    check(f, "CLIENT SETNAME me", "+OK|");
    check(f, "CLIENT GETNAME", "$2|me|");
    for name in ["a b", "a\n", "\u{e9}"] {
        assert!(run(f, &["CLIENT", "SETNAME", name]).starts_with("-ERR Client names cannot contain spaces"));
    }
    check(f, "CLIENT SETNAME ", "+OK|");
    check(f, "CLIENT GETNAME", "$-1|");
    check(f, "CLIENT SETINFO LIB-NAME x", "+OK|");
    check(f, "CLIENT SETINFO lib-ver 1", "+OK|");
    check(f, "CLIENT SETINFO foo 1", "-ERR Unrecognized option 'foo'|");
    let reply = run(f, &["CLIENT", "SETINFO", "lib-Ver", "a b"]);
    assert_eq!(reply, "-ERR lib-Ver cannot contain spaces, newlines or special characters.\r\n");
    let labels = f.session.info.labels();
    assert_eq!((labels.lib_name.as_slice(), labels.lib_ver.as_slice()), (&b"x"[..], &b"1"[..]));
}

#[test]
fn a_line_has_the_fields_of_redis_in_their_order() {
    let f = &mut two();
    let expected = "id=2 addr=10.0.0.1:5 laddr=10.0.0.9:6379 fd=9 name=other age=5 idle=2 flags=xe db=0 sub=0 psub=0 \
                    ssub=0 multi=-1 qbuf=0 qbuf-free=0 argv-mem=0 multi-mem=0 rbs=0 rbp=0 obl=0 oll=0 omem=0 tot-mem=";
    let reply = run(f, &["CLIENT", "LIST", "ID", "2", "77"]);
    assert!(reply.contains(expected), "{reply}");
    assert!(
        reply.ends_with("events=r cmd=NULL user=default redir=-1 resp=3 lib-name=lib lib-ver=1.2\n\r\n"),
        "{reply}"
    );
    let reply = run(f, &["CLIENT", "INFO"]);
    assert!(
        reply.contains("id=1 ") && reply.contains(" flags=N ") && reply.contains(" cmd=client|info "),
        "{reply}"
    );
}

#[test]
fn list_filters_by_type_and_id() {
    let f = &mut two();
    assert_eq!(run(f, &["CLIENT", "LIST"]).matches("id=").count(), 2);
    assert_eq!(run(f, &["CLIENT", "LIST", "TYPE", "Normal"]).matches("id=").count(), 2);
    check(f, "CLIENT LIST TYPE pubsub", "$0||");
    check(f, "CLIENT LIST TYPE x", "-ERR Unknown client type 'x'|");
    check(f, "CLIENT LIST ID x", "-ERR Invalid client ID|");
    check(f, "CLIENT LIST ID", "-ERR syntax error|");
    check(f, "CLIENT LIST foo", "-ERR syntax error|");
}

#[test]
fn kill_ends_what_fits_and_spares_the_caller_unless_told_otherwise() {
    let f = &mut two();
    check(f, "CLIENT KILL 1.1.1.1:1", "-ERR No such client|");
    check(f, "CLIENT KILL ID 9", ":0|");
    check(f, "CLIENT KILL TYPE normal LADDR 10.0.0.9:6379 ADDR 1.1.1.1:1", ":0|");
    check(f, "CLIENT KILL USER default TYPE normal", ":1|");
    assert!(matches!(f.server.take_notes(0).as_slice(), [.., Note::Close(2)]));
    assert_eq!(f.server.clients.count(), 1);
    assert!(!f.session.close_after_reply);
    check(f, "CLIENT KILL ID 1 SKIPME no", ":1|");
    assert!(f.session.close_after_reply);
}

#[test]
fn kill_names_what_is_wrong_with_a_filter() {
    let f = &mut two();
    check(f, "CLIENT KILL ID 0", "-ERR client-id should be greater than 0|");
    check(f, "CLIENT KILL ID x", "-ERR client-id should be greater than 0|");
    check(f, "CLIENT KILL TYPE x", "-ERR Unknown client type 'x'|");
    check(f, "CLIENT KILL USER x", "-ERR No such user 'x'|");
    check(f, "CLIENT KILL SKIPME x", "-ERR syntax error|");
    check(f, "CLIENT KILL ID 1 ADDR", "-ERR syntax error|");
    check(f, "CLIENT KILL foo 1", "-ERR syntax error|");
    assert_eq!(f.server.clients.count(), 2);
}

#[test]
fn the_old_form_may_end_the_caller() {
    let f = &mut Fixture::new();
    f.server.clients.add(Arc::new(ClientInfo { id: 1, addr: "a:1".into(), ..ClientInfo::default() }));
    check(f, "CLIENT KILL a:1", "+OK|");
    assert!(f.session.close_after_reply);
}

#[test]
fn pause_holds_until_its_end_and_takes_the_stricter_mode() {
    use crate::command::server_state::Pause;
    let f = &mut Fixture::new();
    check(f, "CLIENT PAUSE 100 WRITE", "+OK|");
    assert_eq!(f.server.paused(NOW_MS + 99), Some(Pause::Write));
    check(f, "CLIENT PAUSE 50", "+OK|");
    assert_eq!(f.server.paused(NOW_MS + 99), Some(Pause::All));
    assert_eq!(f.server.paused(NOW_MS + 100), None);
    check(f, "CLIENT UNPAUSE", "+OK|");
    assert_eq!(f.server.paused(NOW_MS), None);
    check(f, "CLIENT PAUSE 1 x", "-ERR CLIENT PAUSE mode must be WRITE or ALL|");
    check(f, "CLIENT PAUSE x", "-ERR timeout is not an integer or out of range|");
    check(f, "CLIENT PAUSE -1", "-ERR timeout is negative|");
    check(f, "CLIENT PAUSE 9223372036854775807", "-ERR timeout is out of range|");
}

#[test]
fn reply_modes_have_a_reply_only_when_replies_are_on() {
    let f = &mut Fixture::new();
    check(f, "CLIENT REPLY SKIP", "");
    assert_eq!(f.session.reply, ReplyMode::SkipNext);
    check(f, "CLIENT REPLY OFF", "");
    check(f, "CLIENT REPLY SKIP", "");
    assert_eq!(f.session.reply, ReplyMode::Off);
    check(f, "CLIENT REPLY ON", "+OK|");
    check(f, "CLIENT REPLY x", "-ERR syntax error|");
}

#[test]
fn switches_show_in_the_flags() {
    let f = &mut Fixture::new();
    check(f, "CLIENT NO-EVICT on", "+OK|");
    check(f, "CLIENT NO-TOUCH ON", "+OK|");
    assert!(f.session.no_touch);
    assert!(run(f, &["CLIENT", "INFO"]).contains(" flags=eT "));
    check(f, "CLIENT NO-EVICT off", "+OK|");
    check(f, "CLIENT NO-TOUCH off", "+OK|");
    check(f, "CLIENT NO-TOUCH x", "-ERR syntax error|");
    assert!(run(f, &["CLIENT", "INFO"]).contains(" flags=N "));
}

#[test]
fn tracking_is_off_until_it_is_asked_for() {
    let f = &mut two();
    check(f, "CLIENT TRACKING off", "+OK|");
    check(f, "CLIENT TRACKING off REDIRECT 2 PREFIX a BCAST", "+OK|");
    check(f, "CLIENT TRACKING on REDIRECT 99", "-ERR The client ID you want redirect to does not exist|");
    check(f, "CLIENT TRACKING off foo", "-ERR syntax error|");
    check(f, "CLIENT GETREDIR", ":-1|");
    check(f, "CLIENT TRACKINGINFO", "*6|$5|flags|*1|$3|off|$8|redirect|:-1|$8|prefixes|*0|");
    assert!(run(f, &["CLIENT", "CACHING", "yes"]).starts_with("-ERR CLIENT CACHING can be called only when"));
    check(f, "CLIENT UNBLOCK 2", ":0|");
    check(f, "CLIENT UNBLOCK 2 x", "-ERR CLIENT UNBLOCK reason should be TIMEOUT or ERROR|");
    check(f, "CLIENT UNBLOCK x", "-ERR value is not an integer or out of range|");
}

#[test]
fn help_lists_every_subcommand() {
    let f = &mut Fixture::new();
    let reply = run(f, &["CLIENT", "HELP"]);
    for row in super::ROWS {
        assert!(reply.contains(&format!("\n+{}", row.meta.name.to_uppercase())), "{}", row.meta.name);
    }
}
