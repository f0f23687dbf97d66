//! Cells of the map: prefixes of scores (geohash.c).

use super::{LATITUDE_MAX, LONGITUDE_MAX, Place, STEPS};

/// Bits of longitude, and of latitude, in a score.
const LONGITUDE_BITS: u64 = 0xAAAA_AAAA_AAAA_AAAA;
const LATITUDE_BITS: u64 = 0x5555_5555_5555_5555;

/// Spreads the bits of a number to the even places.
fn spread(number: u32) -> u64 {
    let mut bits = u64::from(number);
    for (shift, mask) in [
        (16, 0x0000_FFFF_0000_FFFF),
        (8, 0x00FF_00FF_00FF_00FF),
        (4, 0x0F0F_0F0F_0F0F_0F0F),
        (2, 0x3333_3333_3333_3333),
        (1, LATITUDE_BITS),
    ] {
        bits = (bits | bits << shift) & mask;
    }
    bits
}

/// Gathers the bits of the even places: the inverse of [`spread`].
#[allow(clippy::cast_possible_truncation, reason = "the last mask leaves 32 bits")]
fn gather(bits: u64) -> u32 {
    let mut bits = bits & LATITUDE_BITS;
    for (shift, mask) in [
        (1, 0x3333_3333_3333_3333),
        (2, 0x0F0F_0F0F_0F0F_0F0F),
        (4, 0x00FF_00FF_00FF_00FF),
        (8, 0x0000_FFFF_0000_FFFF),
        (16, 0x0000_0000_FFFF_FFFF_u64),
    ] {
        bits = (bits | bits >> shift) & mask;
    }
    bits as u32
}

/// The bits of a place at `step`, where latitude goes from -`latitude_max` to `latitude_max` (geohash.c `geohashEncode`).
pub(super) fn encode(place: Place, latitude_max: f64, step: u32) -> u64 {
    let cells = (1_u64 << step) as f64;
    let latitude = (place.latitude + latitude_max) / (latitude_max + latitude_max);
    let longitude = (place.longitude + LONGITUDE_MAX) / (LONGITUDE_MAX + LONGITUDE_MAX);
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "saturates; a step is below 32"
    )]
    let index = |offset: f64| (offset * cells) as u32;
    spread(index(latitude)) | spread(index(longitude)) << 1
}

/// Which way to a neighbour.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    Stay,
    Back,
    Forth,
}

/// A cell: the first `2 * step` bits of scores.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Cell {
    pub(super) bits: u64,
    pub(super) step: u32,
}

/// The edges of a cell, in degrees.
pub(super) struct Edges {
    pub(super) west: f64,
    pub(super) east: f64,
    pub(super) south: f64,
    pub(super) north: f64,
}

impl Cell {
    /// The cell that a place is in.
    pub(super) fn around(place: Place, step: u32) -> Cell {
        Cell { bits: encode(place, LATITUDE_MAX, step), step }
    }

    /// Where it lies (geohash.c `geohashDecode`).
    pub(super) fn edges(self) -> Edges {
        let cells = (1_u64 << self.step) as f64;
        let (x, y) = (gather(self.bits >> 1), gather(self.bits));
        let scale = (LONGITUDE_MAX + LONGITUDE_MAX, LATITUDE_MAX + LATITUDE_MAX);
        // Redis adds one in 32 bits.
        let (x_end, y_end) = (x.wrapping_add(1), y.wrapping_add(1));
        Edges {
            west: -LONGITUDE_MAX + f64::from(x) / cells * scale.0,
            east: -LONGITUDE_MAX + f64::from(x_end) / cells * scale.0,
            south: -LATITUDE_MAX + f64::from(y) / cells * scale.1,
            north: -LATITUDE_MAX + f64::from(y_end) / cells * scale.1,
        }
    }

    /// Its middle, within the projection.
    pub(super) fn middle(self) -> Place {
        let edges = self.edges();
        let longitude = f64::midpoint(edges.west, edges.east);
        let latitude = f64::midpoint(edges.south, edges.north);
        Place {
            longitude: longitude.clamp(-LONGITUDE_MAX, LONGITUDE_MAX),
            latitude: latitude.clamp(-LATITUDE_MAX, LATITUDE_MAX),
        }
    }

    /// A neighbour, around the edges of the map (geohash.c `geohash_move_x`, `geohash_move_y`). A coordinate that stays is
    /// left as it is: a place on the very edge of the map has a bit too many, and is found only in its own column or row.
    pub(super) fn moved(self, east: Way, north: Way) -> Cell {
        let unused = u64::BITS - self.step * 2;
        let x = stepped(self.bits & LONGITUDE_BITS, LATITUDE_BITS >> unused, LONGITUDE_BITS >> unused, east);
        let y = stepped(self.bits & LATITUDE_BITS, LONGITUDE_BITS >> unused, LATITUDE_BITS >> unused, north);
        Cell { bits: x | y, step: self.step }
    }

    /// The scores in it: from the first to before the second (geo.c `scoresOfGeoHashBox`).
    pub(super) fn scores(self) -> (u64, u64) {
        let shift = (STEPS - self.step.min(STEPS)) * 2;
        (self.bits << shift, self.bits.wrapping_add(1) << shift)
    }
}

/// One coordinate, a step on, within `own`; `gaps` are the bits of the other one, which carry over.
fn stepped(bits: u64, gaps: u64, own: u64, way: Way) -> u64 {
    match way {
        Way::Stay => bits,
        Way::Forth => bits.wrapping_add(gaps.wrapping_add(1)) & own,
        Way::Back => (bits | gaps).wrapping_sub(gaps.wrapping_add(1)) & own,
    }
}
