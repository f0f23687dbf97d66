//! Places on earth as scores of a sorted set: 52 bits in which longitude and latitude alternate.
//!
//! ```text
//!  longitude -180 … 180   in 2^26 steps   x25 x24 … x0        score: x25 y25 x24 y24 … x0 y0
//!  latitude  -85.05 … 85.05               y25 y24 … y0
//! ```
//!
//! A prefix of 2·step bits is a cell of the map; the places in it are one range of scores. A search takes the cell around
//! its middle and the eight around that, at a step where they cover the area, and looks at every place in them (area.rs).
//!
//! Every formula stands in the order in which Redis computes it (geohash.c, geohash_helper.c): the last bits of the doubles,
//! and with them replies, are the same. Pure functions.

mod area;
mod cell;

#[cfg(test)]
mod tests;

pub use area::{Area, Shape};

use cell::Cell;

/// Steps of a score.
const STEPS: u32 = 26;
/// Highest latitude that the projection reaches (EPSG:3857; Redis: geohash.h GEO_LAT_MAX).
const LATITUDE_MAX: f64 = 85.051_128_78;
const LONGITUDE_MAX: f64 = 180.0;
/// Redis: geohash_helper.c EARTH_RADIUS_IN_METERS.
const EARTH_RADIUS_M: f64 = 6_372_797.560_856;

/// A place, in degrees.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Place {
    /// East of Greenwich.
    pub longitude: f64,
    /// North of the equator.
    pub latitude: f64,
}

fn radians(degrees: f64) -> f64 {
    degrees * (std::f64::consts::PI / 180.0)
}

fn degrees(radians: f64) -> f64 {
    radians / (std::f64::consts::PI / 180.0)
}

impl Place {
    /// Whether the projection reaches it.
    #[must_use]
    pub fn is_valid(self) -> bool {
        (-LONGITUDE_MAX..=LONGITUDE_MAX).contains(&self.longitude)
            && (-LATITUDE_MAX..=LATITUDE_MAX).contains(&self.latitude)
    }

    /// Its score; a place beyond the projection has that of its edge.
    #[must_use]
    pub fn score(self) -> u64 {
        Cell::around(self, STEPS).bits
    }

    /// The middle of the smallest cell that has this score; any number will do (geo.c `decodeGeohash`).
    #[must_use]
    pub fn of_score(score: f64) -> Place {
        // What x86-64 makes of C's cast to an unsigned number: negative ones by way of the signed one, 0 beyond 64 bits.
        #[allow(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "saturates within the cases"
        )]
        let bits = match score {
            ..0.0 => (score as i64).cast_unsigned(),
            18_446_744_073_709_551_616.0.. => 0,
            _ => score as u64,
        };
        Cell { bits, step: STEPS }.middle()
    }

    /// The eleven letters of the standard geohash, which has other bounds of latitude; the last one is always `0`, since
    /// 52 bits are ten letters and a bit (geo.c `geohashCommand`).
    #[must_use]
    pub fn geohash(self) -> [u8; 11] {
        const LETTERS: &[u8; 32] = b"0123456789bcdefghjkmnpqrstuvwxyz";
        let bits = cell::encode(self, 90.0, STEPS);
        let mut text = [b'0'; 11];
        for (letter, place) in text.iter_mut().zip((0..10).map(|at| 52 - (at + 1) * 5)) {
            *letter = LETTERS[usize::from((bits >> place & 0x1f) as u8)];
        }
        text
    }

    /// Metres to another place along a great circle (geohash_helper.c `geohashGetDistance`).
    #[must_use]
    pub fn distance_m(self, other: Place) -> f64 {
        let (west, east) = (radians(self.longitude), radians(other.longitude));
        let v = ((east - west) / 2.0).sin();
        if v == 0.0 {
            return latitude_distance_m(self.latitude, other.latitude);
        }
        let (from, to) = (radians(self.latitude), radians(other.latitude));
        let u = ((to - from) / 2.0).sin();
        let a = u * u + from.cos() * to.cos() * v * v;
        // Rounding may carry places on opposite sides beyond 1, where Redis gets what is no number.
        2.0 * EARTH_RADIUS_M * a.sqrt().min(1.0).asin()
    }
}

/// Metres between two latitudes on one meridian (geohash_helper.c `geohashGetLatDistance`).
fn latitude_distance_m(from: f64, to: f64) -> f64 {
    EARTH_RADIUS_M * (radians(to) - radians(from)).abs()
}
