//! The area of a search, and the cells that cover it (geohash_helper.c `geohashCalculateAreasByShapeWGS84`).

use super::cell::{Cell, Way};
use super::{EARTH_RADIUS_M, Place, STEPS, degrees, latitude_distance_m, radians};
use smallvec::SmallVec;

/// Half the circumference of the projected earth (Redis: MERCATOR_MAX).
const MERCATOR_MAX: f64 = 20_037_726.37;

/// The shape of an area, in metres.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Shape {
    /// All within this distance.
    Circle {
        /// The distance.
        radius: f64,
    },
    /// All whose distance along the meridian and along the parallel is at most half of these.
    Box {
        /// From west to east.
        width: f64,
        /// From south to north.
        height: f64,
    },
}

/// An area: a shape around a place.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Area {
    /// Its middle.
    pub middle: Place,
    /// Its shape.
    pub shape: Shape,
    /// Metres of the unit in which the shape was stated. Redis scales in an order of its own, which shows in the last
    /// digits; so lengths of `shape` are in this unit.
    pub unit_m: f64,
}

struct Bounds {
    west: f64,
    east: f64,
    south: f64,
    north: f64,
}

/// The step at which nine cells around the middle cover a radius (geohash_helper.c `geohashEstimateStepsByRadius`).
fn steps_for(mut range_m: f64, latitude: f64) -> u32 {
    if range_m == 0.0 {
        return STEPS;
    }
    let mut step: u32 = 1;
    while range_m < MERCATOR_MAX {
        range_m *= 2.0;
        step += 1;
    }
    step = step.saturating_sub(2);
    // Towards the poles cells are narrower.
    if !(-66.0..=66.0).contains(&latitude) {
        step = step.saturating_sub(1);
        if !(-80.0..=80.0).contains(&latitude) {
            step = step.saturating_sub(1);
        }
    }
    step.clamp(1, STEPS)
}

impl Area {
    /// The distance of a place from the middle in metres, if it is in the area (geo.c `geoWithinShape`).
    #[must_use]
    pub fn distance_m(&self, place: Place) -> Option<f64> {
        match self.shape {
            Shape::Circle { radius } => {
                let distance = self.middle.distance_m(place);
                (distance <= radius * self.unit_m).then_some(distance)
            }
            Shape::Box { width, height } => {
                let (width, height) = (width * self.unit_m, height * self.unit_m);
                if latitude_distance_m(place.latitude, self.middle.latitude) > height / 2.0 {
                    return None;
                }
                let beside = Place { latitude: place.latitude, ..self.middle };
                if place.distance_m(beside) > width / 2.0 {
                    return None;
                }
                Some(self.middle.distance_m(place))
            }
        }
    }

    /// Half the height and half the width in metres.
    fn reach_m(&self) -> (f64, f64) {
        match self.shape {
            Shape::Circle { radius } => (self.unit_m * radius, self.unit_m * radius),
            Shape::Box { width, height } => (self.unit_m * (height / 2.0), self.unit_m * (width / 2.0)),
        }
    }

    /// The box of degrees around it (geohash_helper.c `geohashBoundingBox`).
    fn bounds(&self) -> Bounds {
        let (height, width) = self.reach_m();
        let Place { longitude, latitude } = self.middle;
        let up = degrees(height / EARTH_RADIUS_M);
        let side = |latitude: f64| degrees(width / EARTH_RADIUS_M / radians(latitude).cos());
        let wide = if latitude < 0.0 { side(latitude - up) } else { side(latitude + up) };
        Bounds { west: longitude - wide, east: longitude + wide, south: latitude - up, north: latitude + up }
    }

    /// Metres from the middle to the farthest point.
    fn radius_m(&self) -> f64 {
        let radius = match self.shape {
            Shape::Circle { radius } => radius,
            Shape::Box { width, height } => {
                ((width / 2.0) * (width / 2.0) + (height / 2.0) * (height / 2.0)).sqrt()
            }
        };
        radius * self.unit_m
    }

    /// The ranges of scores in which all places of the area are, in the order in which Redis looks at them: from the first
    /// score to before the second. Others are in them, too.
    #[must_use]
    pub fn score_ranges(&self) -> SmallVec<[(u64, u64); 9]> {
        use Way::{Back, Forth, Stay};
        let bounds = self.bounds();
        let mut step = steps_for(self.radius_m(), self.middle.latitude);
        let mut cell = Cell::around(self.middle, step);
        if step > 1 && !covers(cell, &bounds) {
            step -= 1;
            cell = Cell::around(self.middle, step);
        }
        // At step 1 the neighbours are the same few cells, all of which count.
        let (edges, prune) = (cell.edges(), step >= 2);
        let no_south = prune && edges.south < bounds.south;
        let no_north = prune && edges.north > bounds.north;
        let no_west = prune && edges.west < bounds.west;
        let no_east = prune && edges.east > bounds.east;

        let mut ranges = SmallVec::new();
        let mut last: Option<Cell> = None;
        for (at, (east, north)) in [
            (Stay, Stay),
            (Stay, Forth),
            (Stay, Back),
            (Forth, Stay),
            (Back, Stay),
            (Forth, Forth),
            (Back, Forth),
            (Forth, Back),
            (Back, Back),
        ]
        .into_iter()
        .enumerate()
        {
            let useless = (north == Back && no_south)
                || (north == Forth && no_north)
                || (east == Back && no_west)
                || (east == Forth && no_east);
            let neighbour = cell.moved(east, north);
            // With a huge radius neighbours coincide: one that is the same as the last one is left out. Redis never
            // compares with the middle (its index is 0 there, which stands for none).
            if useless || last == Some(neighbour) {
                continue;
            }
            ranges.push(neighbour.scores());
            if at > 0 {
                last = Some(neighbour);
            }
        }
        ranges
    }
}

/// Whether the neighbours of `cell` reach the edges of the area.
fn covers(cell: Cell, bounds: &Bounds) -> bool {
    use Way::{Back, Forth, Stay};
    let too_small = cell.moved(Stay, Forth).edges().north < bounds.north
        || cell.moved(Stay, Back).edges().south > bounds.south
        || cell.moved(Forth, Stay).edges().east < bounds.east
        || cell.moved(Back, Stay).edges().west > bounds.west;
    !too_small
}
