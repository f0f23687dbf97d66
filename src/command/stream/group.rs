//! XGROUP: groups and their consumers (t_stream.c `xgroupCommand`).

use super::{KEYS, bad_subcommand, ids, no_group_in, noted};
use crate::command::args::{c_str, int, is, word};
use crate::command::meta::stream as meta;
use crate::command::{Args, Ctx, Failure, Outcome, Route, Row, help};
use crate::data::stream::Group;
use crate::data::{HKey, Kind, Stream};

/// Rows of the subcommands.
pub(super) static ROWS: &[Row] = &[
    Row::new(&meta::XGROUP_CREATE, KEYS, create),
    Row::new(&meta::XGROUP_CREATECONSUMER, KEYS, create_consumer),
    Row::new(&meta::XGROUP_DELCONSUMER, KEYS, delete_consumer),
    Row::new(&meta::XGROUP_DESTROY, KEYS, destroy),
    Row::new(&meta::XGROUP_HELP, Route::Home, show_help),
    Row::new(&meta::XGROUP_SETID, KEYS, set_id),
];

const NO_KEY: Failure = Failure::text(
    "ERR The XGROUP subcommand requires the key to exist. Note that for CREATE you may want to use the MKSTREAM \
     option to create an empty stream automatically.",
);

/// What CREATE and SETID take behind the id.
#[derive(Default)]
struct Options {
    make_stream: bool,
    entries_read: Option<u64>,
}

impl Options {
    fn parse(args: Args<'_>, creates: bool) -> Result<Options, Failure> {
        let mut options = Options::default();
        let mut words = args.get(5..).unwrap_or_default();
        loop {
            words = match words {
                [] => return Ok(options),
                [name, rest @ ..] if creates && is(c_str(name), "MKSTREAM") => {
                    options.make_stream = true;
                    rest
                }
                [name, count, rest @ ..] if is(c_str(name), "ENTRIESREAD") => {
                    options.entries_read = match int(count)? {
                        -1 => None,
                        count => Some(u64::try_from(count).map_err(|_| {
                            Failure::text("ERR value for ENTRIESREAD must be positive or -1")
                        })?),
                    };
                    rest
                }
                _ => return Err(bad_subcommand(args)),
            };
        }
    }
}

/// Fails unless the key is there, with the group if that is `required`; whether it has the group.
fn look(ctx: &mut Ctx<'_>, args: Args<'_>, required: bool) -> Result<bool, Failure> {
    let (key, group) = (HKey::new(word(args, 2)), word(args, 3));
    let stream = ctx.keys.read_for_write::<Stream>(&key)?.ok_or(NO_KEY)?;
    let found = stream.group(group).is_some();
    if required && !found { Err(no_group_in(key.bytes, group)) } else { Ok(found) }
}

/// Lets `edit` change the group, which is there.
fn edit<R: Default>(
    ctx: &mut Ctx<'_>,
    args: Args<'_>,
    edit: impl FnOnce(&mut Group) -> R,
) -> Result<R, Failure> {
    let (key, name) = (HKey::new(word(args, 2)), word(args, 3));
    let edited =
        ctx.keys.edit(&key, |stream: &mut Stream, _| stream.parts(name).map(|(_, group)| edit(group)))?;
    Ok(edited.and_then(|edited| edited.result).unwrap_or_default())
}

/// The command is its own effect, and one change.
fn done(ctx: &mut Ctx<'_>, args: Args<'_>, event: &'static str) {
    let key = HKey::new(word(args, 2));
    ctx.keys.effect(&key, args);
    noted(&mut ctx.keys, &key, 1, Some(event));
}

/// XGROUP CREATE key group id | $ [MKSTREAM] [ENTRIESREAD entries-read]
fn create(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let options = Options::parse(args, true)?;
    let (key, name, id) = (HKey::new(word(args, 2)), word(args, 3), word(args, 4));
    let exists = match ctx.keys.read_for_write::<Stream>(&key)? {
        None if !options.make_stream => return Err(NO_KEY),
        stream => stream.is_some(),
    };
    if args.len() > 8 {
        return Err(bad_subcommand(args));
    }
    let given = if ids::is_mark(id, b"$") { None } else { Some(ids::exact(id)?) };
    let edited = ctx.keys.upsert(&key, Stream::default, |stream: &mut Stream, _| {
        let last_id = given.unwrap_or(stream.log.last_id());
        stream.add_group(name, Group::new(last_id, options.entries_read))
    })?;
    if !edited.result {
        return Err(Failure::text("BUSYGROUP Consumer Group name already exists"));
    }
    if !exists {
        // Those who watch the key see that it came into being, though not that it got a group.
        let db = ctx.keys.db;
        ctx.keys.store(&key).watched.touch(db, key.bytes);
    }
    done(ctx, args, "xgroup-create");
    ctx.out.ok();
    Ok(())
}

/// XGROUP SETID key group id | $ [ENTRIESREAD entries-read]
fn set_id(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let options = Options::parse(args, false)?;
    look(ctx, args, true)?;
    if args.len() > 7 {
        return Err(bad_subcommand(args));
    }
    let (key, name, id) = (HKey::new(word(args, 2)), word(args, 3), word(args, 4));
    // `-` and `+` are ids here, unlike in CREATE.
    let given = if ids::is_mark(id, b"$") { None } else { Some(ids::lenient(id, 0)?) };
    ctx.keys.edit(&key, |stream: &mut Stream, _| {
        if let Some((log, group)) = stream.parts(name) {
            group.last_id = given.unwrap_or(log.last_id());
            group.entries_read = options.entries_read;
        }
    })?;
    done(ctx, args, "xgroup-setid");
    ctx.out.ok();
    Ok(())
}

/// XGROUP DESTROY key group
fn destroy(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let found = look(ctx, args, false)?;
    if found {
        let (key, name) = (HKey::new(word(args, 2)), word(args, 3));
        ctx.keys.edit(&key, |stream: &mut Stream, _| stream.remove_group(name))?;
        done(ctx, args, "xgroup-destroy");
        // Those who wait as consumers of the group get an error now.
        ctx.keys.ready(&key, Kind::Stream);
    }
    ctx.out.int(i64::from(found));
    Ok(())
}

/// XGROUP CREATECONSUMER key group consumer
fn create_consumer(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    look(ctx, args, true)?;
    let now_ms = ctx.keys.now_ms;
    let created = edit(ctx, args, |group| group.find_or_create(word(args, 4), now_ms).1)?;
    if created {
        done(ctx, args, "xgroup-createconsumer");
    }
    ctx.out.int(i64::from(created));
    Ok(())
}

/// XGROUP DELCONSUMER key group consumer
fn delete_consumer(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    look(ctx, args, true)?;
    let removed = edit(ctx, args, |group| group.remove_consumer(word(args, 4)))?;
    if removed.is_some() {
        done(ctx, args, "xgroup-delconsumer");
    }
    ctx.out.count(removed.unwrap_or(0));
    Ok(())
}

/// XGROUP HELP
fn show_help(ctx: &mut Ctx<'_>, _: Args<'_>) -> Outcome {
    help::reply(
        &mut ctx.out,
        "XGROUP",
        &[
            "CREATE <key> <groupname> <id|$> [option]",
            "    Create a new consumer group. Options are:",
            "    * MKSTREAM",
            "      Create the empty stream if it does not exist.",
            "    * ENTRIESREAD entries_read",
            "      Set the group's entries_read counter (internal use).",
            "CREATECONSUMER <key> <groupname> <consumer>",
            "    Create a new consumer in the specified group.",
            "DELCONSUMER <key> <groupname> <consumer>",
            "    Remove the specified consumer.",
            "DESTROY <key> <groupname>",
            "    Remove the specified group.",
            "SETID <key> <groupname> <id|$> [ENTRIESREAD entries_read]",
            "    Set the current group ID and entries_read counter.",
        ],
    );
    Ok(())
}
