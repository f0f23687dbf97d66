//! What is written makes the same value again, and is what Redis writes. Random tests print their seed.
#![allow(clippy::unwrap_used, reason = "tests")]

use super::*;
use crate::base::prng::Prng;
use crate::command::testing::Fixture;
use crate::data::object::tests::edits::{EDITORS, Scale, are_same};
use crate::data::{EntryBox, Kind, Stream};
use crate::persist::aof::read::Reader;

fn seed() -> u64 {
    let seed = std::env::var("SEED").ok().and_then(|s| s.parse().ok()).unwrap_or(5);
    println!("SEED={seed}");
    seed
}

/// All commands of an entry, written in portions of `max` bytes.
fn written(entry: &Entry, max: usize) -> Vec<u8> {
    let mut writer = CommandWriter::new(entry);
    let mut out = Vec::new();
    loop {
        let before = out.len();
        let is_end = writer.write_some(&mut out, max);
        // The longest element, or command of a stream.
        assert!(out.len() - before <= max.saturating_add(8_000));
        if is_end {
            break;
        }
        assert!(out.len() > before, "no progress");
    }
    assert!(writer.write_some(&mut out, max));
    out
}

fn commands(mut bytes: &[u8]) -> Vec<Vec<Vec<u8>>> {
    let mut reader = Reader::new(&mut bytes);
    std::iter::from_fn(|| reader.next().unwrap())
        .map(|command| command.argv.iter().map(|word| word.to_vec()).collect())
        .collect()
}

/// Runs commands in a new store.
fn replayed(bytes: &[u8], now_ms: i64) -> Fixture {
    let mut fixture = Fixture::new();
    fixture.now_ms = now_ms;
    for command in commands(bytes) {
        let argv: Vec<&[u8]> = command.iter().map(|word| &word[..]).collect();
        let reply = fixture.run_bytes(&argv);
        assert_ne!(reply.first(), Some(&b'-'), "{}", String::from_utf8_lossy(&reply));
        assert!(argv.len() <= 2 + 2 * PER_COMMAND);
    }
    fixture
}

#[test]
fn the_commands_of_a_value_make_it_again() {
    let rng = &mut Prng::new(seed());
    for round in 0..200 {
        let editor = &EDITORS[rng.index(EDITORS.len())];
        if editor.kind == Kind::Stream {
            continue;
        }
        let scale = Scale { names: 1 + rng.index(800), rounds: 1, steps: 1 };
        let mut object = (editor.new)();
        for growing in [true, false] {
            (0..rng.index(scale.names * 3)).for_each(|_| (editor.edit)(&mut object, growing, scale, rng));
        }
        let expire = rng.one_in(2).then_some(1 << 50);
        let mut entry = EntryBox::new_object(b"k", editor.kind, object, expire);
        let whole = written(&entry, usize::MAX);
        let max = [0, 10, 1_000, 20_000][rng.index(4)];
        assert!(written(&entry.share(), max) == whole, "in portions of {max}");
        let mut fixture = replayed(&whole, 0);
        match fixture.entry("k") {
            Some(back) => {
                let (ValueRef::Object(left), ValueRef::Object(right)) = (back.value(), entry.value()) else {
                    panic!("objects in round {round}");
                };
                assert!(are_same(left, right) && back.expire_ms() == expire, "round {round}");
            }
            None => assert!(whole.len() < 100, "an empty collection leaves no key"),
        }
    }
    for text in [&b""[..], b"-17", b"9223372036854775807", b"text", &[0xff; 3000]] {
        let entry = EntryBox::new_string(b"\r\n", text, None);
        let mut fixture = replayed(&written(&entry, 5), 0);
        assert_eq!(fixture.entry("\r\n").unwrap().value(), entry.value());
    }
}

type PendingView = Vec<(crate::data::StreamId, Vec<u8>, i64, u64)>;

/// Name, state, names of consumers, what is pending.
type GroupView = (Vec<u8>, String, Vec<Vec<u8>>, PendingView);

/// What commands can say of a stream.
fn view(stream: &Stream) -> (String, Vec<GroupView>) {
    let log = &stream.log;
    let counters = (log.len(), log.added(), log.first_id(), log.last_id(), log.max_deleted_id());
    let mut text = format!("{counters:?}");
    for entry in log.range(crate::data::StreamId::MIN, crate::data::StreamId::MAX, false) {
        let words: Vec<_> = entry.fields().map(|(f, v)| (f.to_vec(), v.to_vec())).collect();
        text += &format!("\n{:?} {words:?}", entry.id);
    }
    let groups = stream.groups().map(|(name, group)| {
        let pending = group.pending().iter().filter(|(id, _)| log.get(**id).is_some());
        let pending = pending.map(|(id, it)| {
            let owner = group.consumer(it.consumer).unwrap().name.to_vec();
            (*id, owner, it.delivered_ms, it.deliveries)
        });
        let state = format!("{:?} {:?}", group.last_id, group.entries_read);
        let consumers = group.consumers().map(|consumer| consumer.name.to_vec()).collect();
        (name.to_vec(), state, consumers, pending.collect())
    });
    (text, groups.collect())
}

fn stream_of(fixture: &mut Fixture) -> &Stream {
    match fixture.entry("k").map(Entry::value) {
        Some(ValueRef::Object(Object::Stream(stream))) => stream,
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_commands_of_a_stream_make_it_again() {
    let rng = &mut Prng::new(seed());
    for round in 0..60 {
        let mut fixture = Fixture::new();
        for step in 0..rng.index(400) + 1 {
            let (id, group, consumer) = (rng.below(60), rng.below(4), rng.below(4));
            let line = match rng.below(12) {
                0 => format!("XDEL k {id}-0"),
                1 if rng.one_in(4) => format!("XTRIM k MAXLEN {}", rng.below(20)),
                2 => format!("XGROUP CREATE k g{group} {id} MKSTREAM"),
                3 => format!("XGROUP CREATECONSUMER k g{group} idle{consumer}"),
                4..=6 => format!("XREADGROUP GROUP g{group} c{consumer} COUNT 3 STREAMS k >"),
                7 => format!("XACK k g{group} {id}-0"),
                8 => format!("XCLAIM k g{group} c{consumer} 0 {id}-0 TIME 77 RETRYCOUNT {id}"),
                9 if rng.one_in(30) => format!("XTRIM k MAXLEN {}", 0),
                _ if rng.one_in(2) => format!("XADD k {}-0 field {id}", step + 1),
                _ => format!("XADD k {}-0 field {id} other {}", step + 1, "x".repeat(rng.index(50))),
            };
            let argv: Vec<&[u8]> = line.split(' ').map(str::as_bytes).collect();
            fixture.run_bytes(&argv);
        }
        fixture.run_bytes(&[b"XGROUP", b"CREATE", b"k", b"last", b"$", b"MKSTREAM"]);
        let whole = written(fixture.entry("k").unwrap(), usize::MAX);
        let max = [0, 10, 1_000][rng.index(3)];
        assert!(written(fixture.entry("k").unwrap(), max) == whole, "in portions of {max}");
        let now_ms = fixture.now_ms;
        let mut again = replayed(&whole, now_ms);
        let (left, right) = (view(stream_of(&mut fixture)), view(stream_of(&mut again)));
        assert_eq!(left, right, "round {round}");
    }
}

/// Base file of Redis 7.0.15 without `aof-use-rdb-preamble`, as lines of words.
const OF_REDIS: &str = "\
RPUSH l a 1 bb -300
SADD ints 1 2 3
SET s hello
XADD e MAXLEN 0 0-1 x y
XSETID e 0-0 ENTRIESADDED 0 MAXDELETEDID 0-0
XGROUP CREATE e g 0-0 ENTRIESREAD -1
SADD word a
HMSET h f v n 17
SET n 12345
PEXPIREAT n 32503680000000
XADD x 1-1 f v g w
XADD x 5-0 other 7
XSETID x 5-0 ENTRIESADDED 3 MAXDELETEDID 1-2
XGROUP CREATE x g1 5-0 ENTRIESREAD 3
XCLAIM x g1 alice 0 1-1 TIME 1700000000000 RETRYCOUNT 3 JUSTID FORCE
XCLAIM x g1 bob 0 5-0 TIME 1700000000001 RETRYCOUNT 1 JUSTID FORCE
XGROUP CREATE x g2 5-0 ENTRIESREAD 3
XGROUP CREATECONSUMER x g2 idle
ZADD z -3 c 1 a 2.5 b inf d
";

/// The commands that the keys of [`OF_REDIS`] were made with.
const MADE_WITH: &str = "\
SET s hello
SET n 12345 PXAT 32503680000000
RPUSH l a 1 bb -300
SADD ints 3 1 2
SADD word a
ZADD z 1 a 2.5 b -3 c inf d
HSET h f v n 17
XADD x 1-1 f v g w
XADD x 1-2 f v2 g w2
XADD x 5-0 other 7
XDEL x 1-2
XGROUP CREATE x g1 0
XGROUP CREATE x g2 5-0 ENTRIESREAD 3
XGROUP CREATECONSUMER x g2 idle
XREADGROUP GROUP g1 alice COUNT 1 STREAMS x >
XREADGROUP GROUP g1 bob COUNT 1 STREAMS x >
XCLAIM x g1 alice 0 1-1 TIME 1700000000000 RETRYCOUNT 3
XCLAIM x g1 bob 0 5-0 TIME 1700000000001 RETRYCOUNT 1
XGROUP CREATE e g $ MKSTREAM
";

#[test]
fn the_text_is_that_of_redis() {
    let mut fixture = Fixture::new();
    // Times of delivery are not later than the present.
    fixture.now_ms += 1;
    for line in MADE_WITH.lines() {
        let argv: Vec<&[u8]> = line.split(' ').map(str::as_bytes).collect();
        let reply = fixture.run_bytes(&argv);
        assert_ne!(reply.first(), Some(&b'-'), "{line}: {}", String::from_utf8_lossy(&reply));
    }
    // Redis writes keys in the order of its table.
    let mut ours = String::new();
    for key in ["l", "ints", "s", "e", "word", "h", "n", "x", "z"] {
        for words in commands(&written(fixture.entry(key).unwrap(), usize::MAX)) {
            let words: Vec<_> = words.iter().map(|word| String::from_utf8_lossy(word)).collect();
            ours += &words.join(" ");
            ours.push('\n');
        }
    }
    assert_eq!(ours, OF_REDIS);
}

#[test]
fn fields_with_times_are_set_one_by_one() {
    let mut fixture = Fixture::new();
    fixture.run_bytes(&[b"HSET", b"h", b"a", b"1", b"b", b"2"]);
    fixture.run_bytes(&[b"HPEXPIREAT", b"h", b"32503680000000", b"FIELDS", b"1", b"b"]);
    let lines: Vec<String> = commands(&written(fixture.entry("h").unwrap(), usize::MAX))
        .iter()
        .map(|words| String::from_utf8_lossy(&words.join(&b' ')).into_owned())
        .collect();
    // The soonest comes first in a packed hash; Redis 7.4 walks it likewise.
    assert_eq!(lines, ["HMSET h b 2", "HPEXPIREAT h 32503680000000 FIELDS 1 b", "HMSET h a 1"]);
}

#[test]
fn long_collections_come_in_commands_of_64() {
    let mut fixture = Fixture::new();
    for n in 0..130 {
        fixture.run_bytes(&[b"RPUSH", b"l", n.to_string().as_bytes()]);
    }
    let lengths: Vec<usize> =
        commands(&written(fixture.entry("l").unwrap(), 50)).iter().map(Vec::len).collect();
    assert_eq!(lengths, [66, 66, 4]);
}
