//! The process is killed again and again while clients write under `appendfsync always`, in the middle of rewrites too: no
//! start fails, nothing acknowledged is lost, no transaction is torn, whatever shards its keys are of.
//!
//! `AOF_KILLS` says how often for each number of shards.

use super::load_support::{Instance, text};
use super::support::{Conn, Rng, encode, env_number, seed};
use std::path::Path;
use std::time::Duration;

/// Clients that write; each in the form `FORMS[writer % FORMS.len()]`.
const WRITERS: usize = 8;
/// Keys that never change, in a database of their own; they make a rewrite take its time.
const STILL: &str = "2000";
const STILL_DB: &str = "9";

/// How a client writes one number to its two keys at once.
#[derive(Clone, Copy, Debug)]
enum Form {
    Multi,
    Script,
    Mset,
    /// Transactions of several databases, sixteen on the way at a time.
    Pipeline,
}

const FORMS: [Form; 4] = [Form::Multi, Form::Script, Form::Mset, Form::Pipeline];

/// What a writer sent last, and what was acknowledged last.
#[derive(Clone, Copy, Default)]
struct Account {
    sent: u64,
    acked: u64,
}

fn keys(writer: usize) -> (String, String) {
    (format!("a:{writer}"), format!("b:{writer}"))
}

/// The commands that write `n`; the last one's reply acknowledges it.
fn commands(form: Form, writer: usize, n: u64) -> Vec<Vec<String>> {
    let (a, b) = keys(writer);
    let n = n.to_string();
    let command = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
    let (first, second) = (command(&["SET", &a, &n]), command(&["SET", &b, &n]));
    match form {
        Form::Multi => vec![command(&["MULTI"]), first, second, command(&["EXEC"])],
        Form::Script => {
            let code = "redis.call('set', KEYS[1], ARGV[1]) redis.call('set', KEYS[2], ARGV[1])";
            vec![command(&["EVAL", code, "2", &a, &b, &n])]
        }
        Form::Mset => vec![command(&["MSET", &a, &n, &b, &n])],
        Form::Pipeline => {
            let (there, back) = (command(&["SELECT", "1"]), command(&["SELECT", "0"]));
            vec![command(&["MULTI"]), first, there, second, back, command(&["EXEC"])]
        }
    }
}

/// Where a form keeps its second key.
fn second_db(form: Form) -> &'static str {
    if matches!(form, Form::Pipeline) { "1" } else { "0" }
}

/// Writes ascending numbers until the server is gone.
fn write_until_killed(mut conn: Conn, writer: usize, from: u64) -> Account {
    let form = FORMS[writer % FORMS.len()];
    let mut account = Account { sent: from, acked: from };
    let at_once = if matches!(form, Form::Pipeline) { 16 } else { 1 };
    loop {
        let numbers: Vec<u64> = (account.sent + 1..=account.sent + at_once).collect();
        let commands: Vec<_> = numbers.iter().map(|n| commands(form, writer, *n)).collect();
        let bytes: Vec<u8> = commands.iter().flatten().flat_map(|words| encode(words)).collect();
        account.sent += at_once;
        if conn.send(&bytes).is_err() {
            return account;
        }
        for (n, commands) in numbers.iter().zip(&commands) {
            for _ in commands {
                let Ok(reply) = conn.read() else { return account };
                assert!(!reply.value.is_error(), "{:?}", reply.value);
            }
            account.acked = *n;
        }
    }
}

fn number(conn: &mut Conn, db: &str, key: &str) -> u64 {
    conn.cmd(&["SELECT", db]);
    let value = conn.cmd(&["GET", key]);
    value.bytes().map_or(0, |bytes| std::str::from_utf8(bytes).unwrap().parse().unwrap())
}

/// Compares what is there after a start with what was acknowledged; goes on from there.
fn settle(conn: &mut Conn, accounts: &mut [Account], context: &str) {
    for (writer, account) in accounts.iter_mut().enumerate() {
        let (a, b) = keys(writer);
        let found = number(conn, "0", &a);
        let second = number(conn, second_db(FORMS[writer % FORMS.len()]), &b);
        assert_eq!(found, second, "torn: writer {writer}, {context}");
        let Account { sent, acked } = *account;
        assert!((acked..=sent).contains(&found), "writer {writer}: {found} of {acked}..{sent}, {context}");
        *account = Account { sent: found, acked: found };
    }
    conn.cmd(&["SELECT", STILL_DB]);
    assert_eq!(text(conn, &["DBSIZE"]), format!(":{STILL}\r\n"), "{context}");
    conn.cmd(&["SELECT", "0"]);
}

/// Whether a base was being written when the process was killed: its temporary file is there. Sweeps it up.
fn was_rewriting(dir: &Path) -> bool {
    let all = std::fs::read_dir(dir).unwrap().chain(std::fs::read_dir(dir.join("appendonlydir")).unwrap());
    let rests: Vec<_> = all
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.to_string_lossy().contains("temp-rewriteaof"))
        .collect();
    rests.iter().for_each(|path| std::fs::remove_file(path).unwrap());
    !rests.is_empty()
}

fn kill_often(shards: u32) {
    let (seed, kills) = (seed(), env_number("AOF_KILLS", 4));
    println!("SEED={seed} AOF_KILLS={kills}, {shards} shards");
    let mut rng = Rng::new(seed);
    let dir = tempfile::tempdir().unwrap();
    let args = ["--appendonly", "yes", "--appendfsync", "always", "--rdb-key-save-delay", "30"];
    {
        let instance = Instance::ready(dir.path(), shards, &args);
        let mut conn = instance.connect();
        conn.cmd(&["SELECT", STILL_DB]);
        assert_eq!(text(&mut conn, &["DEBUG", "POPULATE", STILL, "still", "50"]), "+OK\r\n");
        // DEBUG POPULATE is not logged: a base has it.
        text(&mut conn, &["BGREWRITEAOF"]);
        while !text(&mut conn, &["INFO", "persistence"]).contains("aof_rewrite_in_progress:0") {
            std::thread::sleep(Duration::from_millis(10));
        }
    }
    let mut accounts = [Account::default(); WRITERS];
    let (mut rewriting, mut acked) = (0, 0);
    for kill in 0..=kills {
        let context = format!("seed {seed}, kill {kill}, {shards} shards");
        let mut instance = Instance::ready(dir.path(), shards, &args);
        let mut conn = instance.connect();
        settle(&mut conn, &mut accounts, &context);
        if kill == kills {
            break;
        }
        let before = accounts;
        let writers: Vec<_> = (0..WRITERS)
            .map(|writer| {
                let conn = instance.connect();
                std::thread::spawn(move || write_until_killed(conn, writer, before[writer].acked))
            })
            .collect();
        std::thread::sleep(Duration::from_millis(rng.below(250)));
        if rng.percent(60) {
            text(&mut conn, &["BGREWRITEAOF"]);
            std::thread::sleep(Duration::from_millis(rng.below(120)));
        }
        instance.signal("KILL");
        instance.wait_end();
        for (account, writer) in accounts.iter_mut().zip(writers) {
            *account = writer.join().unwrap();
        }
        acked += accounts.iter().zip(before).map(|(now, before)| now.acked - before.acked).sum::<u64>();
        rewriting += u64::from(was_rewriting(dir.path()));
        std::fs::read_dir(dir.path()).unwrap().flatten().for_each(|entry| {
            if entry.file_name().to_string_lossy().starts_with("log-") {
                let _ = std::fs::remove_file(entry.path());
            }
        });
    }
    println!("{kills} kills, {rewriting} of them while a base was written, {acked} writes acknowledged");
    assert!(acked > 0);
}

#[test]
fn kills_lose_and_tear_nothing_with_one_shard() {
    kill_often(1);
}

#[test]
fn kills_lose_and_tear_nothing_with_four_shards() {
    kill_often(4);
}
