//! The check of append-only files against the real redis-check-aof.

#![allow(clippy::unwrap_used)]

use super::*;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::rc::Rc;

type Files = BTreeMap<String, Vec<u8>>;

#[derive(Clone, Default)]
struct Screen(Rc<RefCell<Vec<u8>>>);

impl Write for Screen {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.borrow_mut().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What a run leaves: the text, with the directory as DIR, the exit code, and the files.
#[derive(PartialEq, Eq)]
struct Run {
    text: String,
    code: i32,
    files: Files,
}

impl std::fmt::Debug for Run {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let lens: Vec<_> = self.files.iter().map(|(name, bytes)| (name, bytes.len())).collect();
        write!(f, "exit {}, {lens:?}\n{}", self.code, self.text)
    }
}

fn lay_out(files: &Files) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    for (name, bytes) in files {
        std::fs::write(dir.path().join(name), bytes).unwrap();
    }
    dir
}

fn collect(dir: &Path, out: &[u8], code: i32) -> Run {
    let files = std::fs::read_dir(dir)
        .unwrap()
        .map(|entry| entry.unwrap())
        .map(|entry| (entry.file_name().into_string().unwrap(), std::fs::read(entry.path()).unwrap()))
        .collect();
    let text = String::from_utf8_lossy(out).replace(dir.to_str().unwrap(), "DIR");
    Run { text, code, files }
}

fn arguments(dir: &Path, args: &[&str]) -> Vec<OsString> {
    args.iter().map(|arg| arg.strip_prefix('@').map_or((*arg).into(), |name| dir.join(name).into())).collect()
}

/// Runs the check over `files`; `@name` among the arguments is one of them.
fn ours(files: &Files, args: &[&str], input: &str) -> Run {
    let dir = lay_out(files);
    let mut screen = Screen::default();
    let mut log_screen = screen.clone();
    let mut words: Vec<OsString> = vec!["redis-check-aof".into()];
    words.extend(arguments(dir.path(), args));
    let code = main(
        &words,
        Surroundings {
            out: &mut screen,
            input: &mut input.as_bytes(),
            log: &mut |line| writeln!(log_screen, "{line}").unwrap(),
            check_rdb: &mut |out, path, file| crate::tools::check_rdb::check(out, path, file).unwrap(),
        },
    );
    let text = screen.0.borrow().clone();
    collect(dir.path(), &text, code.into())
}

/// The same by the program of Redis, `None` if it is not installed.
fn theirs(files: &Files, args: &[&str], input: &str) -> Option<Run> {
    let program = ["/usr/bin/redis-check-aof", "/usr/local/bin/redis-check-aof"].map(PathBuf::from);
    let program = program.into_iter().find(|path| path.exists())?;
    let dir = lay_out(files);
    let mut command = Command::new(program);
    std::os::unix::process::CommandExt::arg0(&mut command, "redis-check-aof");
    command.args(arguments(dir.path(), args)).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn().unwrap();
    // A program that asks nothing does not read.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    let output = child.wait_with_output().unwrap();
    let mut run = collect(dir.path(), &output.stdout, output.status.code().unwrap());
    // Log lines lose their prefix.
    let plain = |line: &str| match line.split_once(":C ").and_then(|(_, rest)| rest.split_once(" # ")) {
        Some((_, message)) => message.to_owned(),
        None => line.to_owned(),
    };
    run.text = run.text.split('\n').map(plain).collect::<Vec<_>>().join("\n");
    Some(run)
}

/// Behind a line that the end of the file cuts, C shows a byte of what was on the stack.
fn without_stack(mut run: Run) -> Run {
    while let Some(at) = run.text.find("got: 00") {
        run.text.replace_range(at..at + 9, "got NUL");
    }
    run
}

fn compare(files: &Files, args: &[&str], input: &str) -> Run {
    let ours = without_stack(ours(files, args, input));
    match theirs(files, args, input) {
        Some(theirs) => assert_eq!(ours, without_stack(theirs), "{args:?}"),
        None => println!("not compared: redis-check-aof is not installed"),
    }
    ours
}

fn command(words: &[&str]) -> Vec<u8> {
    let mut out = format!("*{}\r\n", words.len()).into_bytes();
    words.iter().for_each(|word| out.extend(format!("${}\r\n{word}\r\n", word.len()).bytes()));
    out
}

fn files(list: &[(&str, &[u8])]) -> Files {
    list.iter().map(|(name, bytes)| ((*name).to_owned(), bytes.to_vec())).collect()
}

fn sample() -> Vec<u8> {
    [
        &b"#TS:1700000000\r\n"[..],
        &command(&["SELECT", "0"]),
        &command(&["SET", "k", "v\r\nw"]),
        b"#TS:1700000005\r\n",
        &command(&["MULTI"]),
        &command(&["SET", "k", "2"]),
        &command(&["EXEC"]),
        b"#TS:1700000009\r\n",
        &command(&["SET", "k", "3"]),
    ]
    .concat()
}

#[test]
fn a_sound_file_is_valid() {
    let run = compare(&files(&[("a.aof", &sample())]), &["@a.aof"], "");
    assert_eq!(run.code, 0);
    assert!(run.text.ends_with("AOF DIR/a.aof is valid\n"), "{run:?}");
}

#[test]
fn a_file_cut_anywhere_is_reported_and_mended_alike() {
    let whole = sample();
    for cut in 0..whole.len() {
        let files = files(&[("a.aof", &whole[..cut])]);
        compare(&files, &["@a.aof"], "");
        let mended = compare(&files, &["--fix", "@a.aof"], "y\n");
        assert_eq!(mended.code, 0, "cut at {cut}: {mended:?}");
        assert_eq!(ours(&mended.files, &["@a.aof"], "").code, 0, "cut at {cut}");
    }
}

#[test]
fn corrupted_files_are_reported_alike() {
    let whole = sample();
    let seed = crate::base::prng::os_random_u64();
    println!("seed {seed}");
    let mut random = crate::base::prng::Prng::new(seed);
    for _ in 0..150 {
        let mut bad = whole.clone();
        let at = random.index(bad.len());
        bad[at] = match random.below(4) {
            0 => b'\r',
            1 => b'0' + u8::try_from(random.below(10)).unwrap(),
            2 => 0,
            // A length of many digits would have C allocate what it says.
            _ => random.next_u64().to_le_bytes()[0],
        };
        println!("byte {at} is {}", bad[at]);
        compare(&files(&[("a.aof", &bad)]), &["@a.aof"], "");
    }
    for bad in [
        [whole.clone(), command(&["EXEC"])].concat(),
        [whole.clone(), command(&["multi"]), command(&["MULTI"])].concat(),
        [whole.clone(), command(&["MULTI"]), whole.clone()].concat(),
        [&whole[..], b"*1\r\n$-5\r\n"].concat(),
        [&whole[..], b"*1\r\n$9223372036854775807\r\n"].concat(),
        [&whole[..], b"*1\r\n\xff"].concat(),
        [&whole[..], b"*1\xff\r\n"].concat(),
        [&whole[..], b"*0\r\n*-3\r\n#", &[b'x'; 3000]].concat(),
    ] {
        compare(&files(&[("a.aof", &bad)]), &["@a.aof"], "");
    }
}

#[test]
fn the_question_wants_a_yes() {
    let files = files(&[("a.aof", &sample()[..100])]);
    for (answer, code) in [("y\n", 0), ("Yes\n", 0), ("n\n", 1), ("\n", 1), ("", 1)] {
        assert_eq!(compare(&files, &["--fix", "@a.aof"], answer).code, code, "{answer:?}");
    }
}

#[test]
fn a_file_is_cut_to_a_timestamp() {
    let files = files(&[("a.aof", &sample())]);
    for (stamp, code) in [
        ("1699999999", 1),
        ("1700000000", 0),
        ("1700000004", 0),
        ("1700000008", 0),
        ("1700000009", 0),
        ("0", 0),
        ("", 0),
        (" 1700000005", 0),
        ("1700000005x", 1),
        ("99999999999999999999", 1),
    ] {
        assert_eq!(
            compare(&files, &["--truncate-to-timestamp", stamp, "@a.aof"], "").code,
            code,
            "{stamp:?}"
        );
    }
    let odd = [&sample()[..], b"#TS:17x\r\n#TS:99999999999999999999\r\n"].concat();
    compare(
        &super::tests::files(&[("a.aof", &odd)]),
        &["--truncate-to-timestamp", "1800000000", "@a.aof"],
        "",
    );
}

const MANIFEST: &str =
    "file a.1.base.aof seq 1 type b\nfile a.1.incr.aof seq 1 type i\nfile a.2.incr.aof seq 2 type i\n";

#[test]
fn parts_are_checked_in_turn_and_only_the_last_is_cut() {
    let set = command(&["SET", "k", "v"]);
    let stamped = sample();
    let parts: [&[u8]; 4] = [&set, &stamped, &stamped[..stamped.len() - 3], b""];
    for base in parts {
        for first in parts {
            for last in parts {
                let files = files(&[
                    ("a.manifest", MANIFEST.as_bytes()),
                    ("a.1.base.aof", base),
                    ("a.1.incr.aof", first),
                    ("a.2.incr.aof", last),
                ]);
                compare(&files, &["@a.manifest"], "");
                compare(&files, &["--fix", "@a.manifest"], "y");
                compare(&files, &["--truncate-to-timestamp", "1700000006", "@a.manifest"], "");
            }
        }
    }
}

#[test]
fn manifests_are_refused_alike() {
    for manifest in [
        "file a.1.incr.aof seq 1 type i\n",
        "file a.2.incr.aof seq 2 type i\nfile a.1.incr.aof seq 1 type i\n",
        "file a.1.base.aof seq 1 type b\nfile a.1.base.aof seq 1 type b\n",
        "file a.1.base.aof seq 1 type x\n",
        "file a.1.base.aof seq 1\n",
        "# c\n\nfile a.1.base.aof seq 1 type b\n",
        "file ../a.1.base.aof seq 1 type b\n",
        "file a.1.base.aof seq 1 type b",
        "file\n",
        "files\n",
    ] {
        let run = compare(&files(&[("a.manifest", manifest.as_bytes())]), &["@a.manifest"], "");
        assert_eq!(run.code, 1, "{manifest}");
    }
}

#[test]
fn arguments_and_missing_files_are_reported_alike() {
    let files = files(&[("a.aof", &sample()), ("empty", b""), ("short", b"*"), ("rdb", b"REDIS00")]);
    for args in [
        &[][..],
        &["--fix"],
        &["--fixx", "@a.aof"],
        &["--truncate-to-timestamp", "@a.aof"],
        &["--truncate", "1", "@a.aof"],
        &["a", "b", "c", "d"],
        &["@missing"],
        &["--fix", "@missing"],
        &["@empty"],
        &["--fix", "@empty"],
        &["@short"],
        &["@rdb"],
        &["@"],
    ] {
        compare(&files, args, "");
    }
}

#[test]
fn directories_are_named_as_dirname_names_them() {
    for (path, dir) in [("a", "."), ("/a", "/"), ("a/b", "a"), ("/a/b", "/a"), ("a//b", "a"), ("//b", "/")] {
        assert_eq!(dir_name(path.as_bytes()), dir.as_bytes(), "{path}");
    }
}
