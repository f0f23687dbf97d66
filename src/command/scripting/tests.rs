//! The commands through the fixture, on one store and on several.

#![allow(clippy::unwrap_used, reason = "tests")]

use crate::command::server_state::replication::MASTERDOWN;
use crate::command::testing::{Fixture, check, run};
use crate::replication::master::Standing;

fn on_each(test: impl Fn(&mut Fixture)) {
    test(&mut Fixture::new());
    test(&mut Fixture::sharded(4));
}

#[track_caller]
fn eval(f: &mut Fixture, body: &str, words: &[&str], reply: &str) {
    let argv = [&["EVAL", body], words].concat();
    assert_eq!(run(f, &argv).replace("\r\n", "|"), reply, "{body}");
}

#[test]
fn keys_and_arguments_are_counted() {
    on_each(|f| {
        check(f, "EVAL return", "-ERR wrong number of arguments for 'eval' command|");
        check(f, "EVAL return 1", "-ERR Number of keys can't be greater than number of args|");
        check(f, "EVAL return -1", "-ERR Number of keys can't be negative|");
        check(f, "EVAL return 2 a", "-ERR Number of keys can't be greater than number of args|");
        check(f, "EVAL return x a", "-ERR value is not an integer or out of range|");
        check(f, "EVALSHA short 0", "-NOSCRIPT No matching script. Please use EVAL.|");
        eval(f, "return {#KEYS, #ARGV}", &["1", "a", "b", "c"], "*2|:1|:2|");
    });
}

#[test]
fn commands_of_scripts_are_checked() {
    on_each(|f| {
        let said = |what: &str| format!("{what}|");
        for (call, error) in [
            ("'nosuch'", "ERR Unknown Redis command called from script"),
            ("'get'", "ERR Wrong number of args calling Redis command from script"),
            ("'eval','return 1',0", "ERR This Redis command is not allowed from script"),
            ("'incr','text'", "ERR value is not an integer or out of range"),
        ] {
            check(f, "SET text abc", "+OK|");
            let body = format!("return redis.pcall({call}).err");
            eval(f, &body, &["0"], &said(&format!("${}|{error}", error.len())));
        }
        let got = run(f, &["EVAL_RO", "return redis.call('set','a',1)", "0"]);
        assert!(
            got.starts_with("-ERR Write commands are not allowed from read-only scripts. script: "),
            "{got}"
        );
        eval(
            f,
            "#!lua flags=no-writes\nreturn redis.pcall('set','a',1).err",
            &["0"],
            "$58|ERR Write commands are not allowed from read-only scripts.|",
        );
        let got = run(f, &["EVAL_RO", "#!lua\nreturn 1", "0"]);
        assert_eq!(got, "-ERR Can not execute a script with write flag using *_ro command.\r\n");
    });
}

#[test]
fn a_script_leaves_the_session_as_it_was() {
    on_each(|f| {
        eval(
            f,
            "redis.call('select', 3) redis.call('set','a',1) redis.setresp(3) return redis.call('get','a')",
            &["0"],
            "$1|1|",
        );
        check(f, "EXISTS a", ":0|");
        check(f, "SELECT 3", "+OK|");
        check(f, "GET a", "$1|1|");
        assert!(!f.session.deny_blocking);
    });
}

#[test]
fn effects_of_a_script_are_stated_together() {
    let mut f = Fixture::new().journal();
    eval(&mut f, "redis.call('set','a',1) redis.call('incr','a') return 1", &["0"], ":1|");
    let taken = f.stores[0].journal.take();
    assert_eq!(taken.runs.len(), 2);
    assert_eq!(taken.runs[0].unit, taken.runs[1].unit);
    check(&mut f, "SET b 1", "+OK|");
    check(&mut f, "SET c 1", "+OK|");
    let taken = f.stores[0].journal.take();
    assert_ne!(taken.runs[0].unit, taken.runs[1].unit);
}

#[test]
fn the_cache_is_filled_and_flushed() {
    on_each(|f| {
        let sha = "e0e1f9fabfc9d4800c877a703b823ac0578ff8db";
        let exists = format!("SCRIPT EXISTS {sha} {}", "f".repeat(40));
        check(f, &exists, "*2|:0|:0|");
        assert_eq!(run(f, &["SCRIPT", "LOAD", "return 1"]), format!("$40\r\n{sha}\r\n"));
        check(f, &exists, "*2|:1|:0|");
        check(f, &format!("EVALSHA {} 0", sha.to_uppercase()), ":1|");
        check(f, "SCRIPT FLUSH now", "-ERR SCRIPT FLUSH only support SYNC|ASYNC option|");
        check(f, "SCRIPT FLUSH ASYNC", "+OK|");
        check(f, &exists, "*2|:0|:0|");
        check(f, "SCRIPT KILL", "-NOTBUSY No scripts in execution right now.|");
    });
}

#[test]
fn libraries_are_loaded_dumped_and_restored() {
    on_each(|f| {
        let code = "#!lua name=lib\nredis.register_function{function_name='f', description='d', flags={'no-writes'}, callback=function(keys, args) return args[1] end}";
        assert_eq!(run(f, &["FUNCTION", "LOAD", code]), "$3\r\nlib\r\n");
        assert_eq!(run(f, &["FUNCTION", "LOAD", code]), "-ERR Library 'lib' already exists\r\n");
        assert_eq!(run(f, &["FUNCTION", "LOAD", "REPLACE", code]), "$3\r\nlib\r\n");
        check(f, "FCALL f 0 x", "$1|x|");
        check(f, "FCALL_RO F 0 x", "$1|x|");
        check(f, "FCALL g 0", "-ERR Function not found|");
        let listed = "*1|*6|$12|library_name|$3|lib|$6|engine|$3|LUA|$9|functions|*1|*6|$4|name|$1|f|$11|description|$1|d|$5|flags|*1|+no-writes|";
        check(f, "FUNCTION LIST", listed);
        let dump = f.run_bytes(&[b"FUNCTION", b"DUMP"]);
        let start = dump.iter().position(|&b| b == b'\n').unwrap() + 1;
        let payload = dump[start..dump.len() - 2].to_vec();
        let again = f.run_bytes(&[b"FUNCTION", b"RESTORE", &payload]);
        assert_eq!(again, b"-ERR Library lib already exists\r\n");
        check(f, "FUNCTION FLUSH", "+OK|");
        check(f, "FCALL f 0 x", "-ERR Function not found|");
        assert_eq!(f.run_bytes(&[b"FUNCTION", b"RESTORE", &payload]), b"+OK\r\n");
        check(f, "FUNCTION LIST", listed);
        check(f, "FUNCTION DELETE lib", "+OK|");
        check(f, "FUNCTION DELETE lib", "-ERR Library not found|");
    });
}

#[test]
fn what_is_no_library_is_refused() {
    on_each(|f| {
        for (code, error) in [
            ("return 1", "Missing library metadata"),
            ("#!lua name=a", "Invalid library metadata"),
            ("#!lua\n", "Library name was not given"),
            ("#!js name=a\n", "Engine 'js' not found"),
            (
                "#!lua name=a-b\n",
                "Library names can only contain letters, numbers, or underscores(_) and must be at least one character long",
            ),
            ("#!lua name=a b=c\n", "Invalid metadata value given: b=c"),
            ("#!lua name=a\nreturn 1", "No functions registered"),
            (
                "#!lua name=a\nreturn +",
                "Error compiling function: user_function:2: unexpected symbol near '+'",
            ),
            (
                "#!lua name=a\nredis.register_function('f')",
                "Error registering functions: ERR calling redis.register_function with a single argument is only applicable to Lua table (representing named arguments).",
            ),
            (
                "#!lua name=a\nreturn getmetatable(_G)",
                "Error registering functions: ERR user_function:2: Script attempted to access nonexistent global variable 'getmetatable'",
            ),
            (
                "#!lua name=a\nreturn redis.call('ping')",
                "Error registering functions: ERR user_function:2: Script attempted to access nonexistent global variable 'call'",
            ),
        ] {
            let got = run(f, &["FUNCTION", "LOAD", code]);
            assert!(got.contains(error), "{code}: {got}");
        }
    });
}

#[test]
fn a_replica_refuses_scripts_by_what_they_declare() {
    on_each(|f| {
        let standing = |is_linked| Standing { is_replica: true, is_linked, fails_over: false };
        f.server.replication.set_standing(standing(true));
        let read_only = "-READONLY You can't write against a read only replica.|";
        eval(f, "#!lua\nreturn 1", &["0"], read_only);
        eval(f, "#!lua flags=no-writes\nreturn 1", &["0"], ":1|");
        check(f, "CONFIG SET replica-serve-stale-data no", "+OK|");
        f.server.replication.set_standing(standing(false));
        let down = format!("-{MASTERDOWN}|");
        eval(f, "return 1", &["0"], &down);
        eval(f, "#!lua flags=no-writes\nreturn 1", &["0"], &down);
        let stale = "#!lua flags=no-writes,allow-stale\n";
        eval(f, &format!("{stale}return 1"), &["0"], ":1|");
        let refused = "ERR Can not execute the command on a stale replica";
        let body = format!("{stale}return redis.pcall('get','x').err == '{refused}' and 1");
        eval(f, &body, &["0"], ":1|");
    });
}
