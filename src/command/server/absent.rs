//! Commands of parts that are not built yet: migration, modules. Their rows are here so that
//! COMMAND, ACL and clients know them; each answers with what is missing.

use crate::command::meta::{generic as generic_meta, server as meta};
use crate::command::{Args, Ctx, Failure, Outcome, Route, Row, Spread};

/// The rows.
pub static ROWS: &[Row] = &[
    Row::new(&generic_meta::MIGRATE, Route::Keys(Spread::Whole), migrate),
    Row::container(&meta::MODULE, MODULE),
];

const MODULE: &[Row] = &[
    Row::new(&meta::MODULE_LIST, Route::Home, modules),
    Row::new(&meta::MODULE_LOAD, Route::Home, no_modules),
    Row::new(&meta::MODULE_LOADEX, Route::Home, no_modules),
    Row::new(&meta::MODULE_UNLOAD, Route::Home, no_modules),
];

fn migrate(_: &mut Ctx<'_>, _: Args<'_>) -> Outcome {
    Err(Failure::text("ERR MIGRATE is not built yet: move keys with DUMP and RESTORE"))
}

/// MODULE LIST: none is ever loaded.
fn modules(ctx: &mut Ctx<'_>, _: Args<'_>) -> Outcome {
    ctx.out.array(0);
    Ok(())
}

fn no_modules(_: &mut Ctx<'_>, _: Args<'_>) -> Outcome {
    Err(Failure::text("ERR modules are shared objects made for Redis; none can be loaded"))
}
