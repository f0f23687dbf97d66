//! Group geo: sorted sets whose scores are places on earth (`data::geo`).
//!
//! `add` (GEOADD), `look` (GEODIST, GEOHASH, GEOPOS), `call` (the words of a search), `search` (GEOSEARCH, GEORADIUS and
//! their kin).

mod add;
mod call;
mod look;
mod search;

#[cfg(test)]
mod tests;

use super::meta::geo as meta;
use super::{Args, Ctx, Failure, Outcome, Route, Row, Spread};
use crate::base::numbers::parse_f64;
use crate::command::args::is;
use crate::data::geo::Place;

/// One key, or keys that the handler needs together.
const WHOLE: Route = Route::Keys(Spread::Whole);

/// Rows of this group.
pub static ROWS: &[Row] = &[
    Row::new(&meta::GEOADD, WHOLE, add::geoadd),
    Row::new(&meta::GEODIST, WHOLE, look::geodist),
    Row::new(&meta::GEOHASH, WHOLE, look::geohash),
    Row::new(&meta::GEOPOS, WHOLE, look::geopos),
    Row::new(&meta::GEORADIUS, WHOLE, search::georadius),
    Row::new(&meta::GEORADIUSBYMEMBER, WHOLE, search::georadiusbymember),
    Row::new(&meta::GEORADIUSBYMEMBER_RO, WHOLE, search::georadiusbymember_ro),
    Row::new(&meta::GEORADIUS_RO, WHOLE, search::georadius_ro),
    Row::new(&meta::GEOSEARCH, WHOLE, search::geosearch),
    Row::new(&meta::GEOSEARCHSTORE, WHOLE, search::geosearchstore),
];

/// Reads a longitude and a latitude (geo.c `extractLongLatOrReply`).
fn place(longitude: &[u8], latitude: &[u8]) -> Result<Place, Failure> {
    let longitude = parse_f64(longitude).ok_or(Failure::NotFloat)?;
    let latitude = parse_f64(latitude).ok_or(Failure::NotFloat)?;
    let place = Place { longitude, latitude };
    if place.is_valid() {
        return Ok(place);
    }
    Err(format!("ERR invalid longitude,latitude pair {longitude:.6},{latitude:.6}").into())
}

/// Metres of a unit (geo.c `extractUnitOrReply`).
fn unit_m(word: &[u8]) -> Result<f64, Failure> {
    match () {
        () if is(word, "m") => Ok(1.0),
        () if is(word, "km") => Ok(1000.0),
        () if is(word, "ft") => Ok(0.3048),
        () if is(word, "mi") => Ok(1609.34),
        () => Err(Failure::text("ERR unsupported unit provided. please use M, KM, FT, MI")),
    }
}
