//! Scores, distances and areas against Redis's figures, and against each other.

#![allow(clippy::float_cmp, reason = "the last bit counts")]

use super::*;
use crate::base::prng::{Prng, os_random_u64};

fn place(longitude: f64, latitude: f64) -> Place {
    Place { longitude, latitude }
}

#[test]
fn scores_hashes_and_distances_are_those_of_redis() {
    // Figures of Redis 7.0.15 for the places of its documentation.
    let (palermo, catania) = (place(13.361_389, 38.115_556), place(15.087_269, 37.502_669));
    assert_eq!((palermo.score(), catania.score()), (3_479_099_956_230_698, 3_479_447_370_796_909));
    let (palermo, catania) =
        (Place::of_score(3_479_099_956_230_698.0), Place::of_score(3_479_447_370_796_909.0));
    assert_eq!(palermo, place(13.361_389_338_970_184, 38.115_556_395_496_3));
    assert_eq!(&palermo.geohash(), b"sqc8b49rny0");
    assert_eq!(&catania.geohash(), b"sqdtr74hyu0");
    assert_eq!(format!("{:.4}", palermo.distance_m(catania)), "166274.1516");
    assert_eq!(palermo.distance_m(palermo), 0.0);
}

#[test]
fn a_place_survives_its_score_to_less_than_a_metre() {
    let seed = os_random_u64();
    println!("seed {seed}");
    let mut rng = Prng::new(seed);
    for _ in 0..10_000 {
        let place = place(rng.unit_f64() * 360.0 - 180.0, (rng.unit_f64() * 2.0 - 1.0) * LATITUDE_MAX);
        assert!(place.is_valid());
        let back = Place::of_score(place.score() as f64);
        assert!(place.distance_m(back) < 1.0, "{place:?} {back:?}");
        assert_eq!(back.score(), place.score());
    }
}

#[test]
fn any_number_is_a_place() {
    for score in [0.0, -0.0, -1.0, 1.5, -1e18, 1e16, 1e19, 1e300, f64::INFINITY, f64::NEG_INFINITY] {
        assert!(Place::of_score(score).is_valid(), "{score}");
    }
}

#[test]
fn the_ranges_of_an_area_hold_all_that_is_in_it() {
    let seed = os_random_u64();
    println!("seed {seed}");
    let mut rng = Prng::new(seed);
    for _ in 0..3_000 {
        // Towards the poles and across the date line Redis misses some; it must miss the same, so only the rest is held.
        let middle = place(rng.unit_f64() * 300.0 - 150.0, rng.unit_f64() * 120.0 - 60.0);
        let size = 10_f64.powf(rng.unit_f64() * 5.0);
        let shape = if rng.one_in(2) {
            Shape::Circle { radius: size }
        } else {
            Shape::Box { width: size, height: size * rng.unit_f64() }
        };
        let area = Area { middle, shape, unit_m: 1.0 };
        let ranges = area.score_ranges();
        for _ in 0..20 {
            let near = |rng: &mut Prng| (rng.unit_f64() - 0.5) * size / 50_000.0;
            let point = place(middle.longitude + near(&mut rng), middle.latitude + near(&mut rng));
            if !point.is_valid() {
                continue;
            }
            let score = point.score();
            if area.distance_m(Place::of_score(score as f64)).is_some() {
                assert!(ranges.iter().any(|(min, max)| (*min..*max).contains(&score)), "{area:?} {point:?}");
            }
        }
    }
}

#[test]
fn extreme_areas_have_ranges() {
    for radius in [0.0, 5e-324, 1e7, 1e300, f64::INFINITY] {
        for latitude in [-LATITUDE_MAX, 0.0, LATITUDE_MAX] {
            let area =
                Area { middle: place(180.0, latitude), shape: Shape::Circle { radius }, unit_m: 1609.34 };
            assert!(!area.score_ranges().is_empty());
            let area = Area { shape: Shape::Box { width: radius, height: radius }, ..area };
            assert!(!area.score_ranges().is_empty());
        }
    }
}

#[test]
fn a_distance_is_a_number_however_far_the_places_are_apart() {
    let seed = os_random_u64();
    println!("seed {seed}");
    let mut rng = Prng::new(seed);
    for _ in 0..20_000 {
        let (longitude, latitude) = (rng.unit_f64() * 180.0, (rng.unit_f64() * 2.0 - 1.0) * LATITUDE_MAX);
        let distance = place(longitude, latitude).distance_m(place(longitude - 180.0, -latitude));
        assert!((20_020_000.0..20_021_000.0).contains(&distance), "{longitude} {latitude}: {distance}");
    }
}
