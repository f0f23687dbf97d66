//! The handlers of GEO commands, on one shard and on several; figures are those of Redis.

use crate::command::testing::{Fixture, check, run};

fn sicily(f: &mut Fixture) {
    check(f, "GEOADD Sicily 13.361389 38.115556 Palermo 15.087269 37.502669 Catania", ":2|");
    check(f, "GEOADD Sicily NX CH 13.583333 37.316667 Agrigento 0 0 Palermo", ":1|");
}

#[test]
fn places_are_added_and_looked_at() {
    for shards in [1, 4] {
        let f = &mut Fixture::sharded(shards);
        sicily(f);
        check(f, "GEODIST Sicily Palermo Catania", "$11|166274.1516|");
        check(f, "GEODIST Sicily Palermo Catania km", "$8|166.2742|");
        check(f, "GEODIST Sicily Palermo nowhere", "$-1|");
        check(f, "GEODIST none a b", "$-1|");
        check(f, "GEOHASH Sicily Palermo nowhere", "*2|$11|sqc8b49rny0|$-1|");
        check(
            f,
            "GEOPOS Sicily Palermo nowhere",
            "*2|*2|$20|13.36138933897018433|$20|38.11555639549629859|*-1|",
        );
        check(f, "TYPE Sicily", "+zset|");
        check(f, "ZSCORE Sicily Palermo", "$16|3479099956230698|");
    }
}

#[test]
fn areas_are_searched() {
    for (shards, entries) in [(1, 128), (4, 0)] {
        let f = &mut Fixture::sharded(shards);
        f.stores.iter_mut().for_each(|store| store.limits.zset_entries = entries);
        sicily(f);
        check(f, "GEORADIUS Sicily 15 37 200 km ASC", "*3|$7|Catania|$9|Agrigento|$7|Palermo|");
        check(f, "GEORADIUS_RO Sicily 15 37 100 km", "*1|$7|Catania|");
        check(
            f,
            "GEORADIUS Sicily 15 37 200 km WITHDIST WITHHASH COUNT 1",
            "*1|*3|$7|Catania|$7|56.4413|:3479447370796909|",
        );
        check(f, "GEORADIUSBYMEMBER Sicily Agrigento 100 km", "*2|$9|Agrigento|$7|Palermo|");
        check(
            f,
            "GEOSEARCH Sicily FROMLONLAT 15 37 BYBOX 400 400 km DESC",
            "*3|$7|Palermo|$9|Agrigento|$7|Catania|",
        );
        check(f, "GEOSEARCH Sicily FROMMEMBER Palermo BYRADIUS 10 km", "*1|$7|Palermo|");
        check(f, "GEOSEARCH none FROMMEMBER Palermo BYRADIUS 10 km", "*0|");
        check(f, "GEOSEARCHSTORE d Sicily FROMLONLAT 15 37 BYRADIUS 200 km COUNT 2", ":2|");
        check(f, "ZRANGE d 0 -1", "*2|$9|Agrigento|$7|Catania|");
        check(f, "GEOSEARCHSTORE d Sicily FROMLONLAT 15 37 BYRADIUS 100 km STOREDIST", ":1|");
        assert!(run(f, &["ZSCORE", "d", "Catania"]).contains("56.4412578701582"));
        check(f, "GEORADIUS Sicily 15 37 200 km STORE d", ":3|");
        check(f, "GEORADIUS Sicily 0 0 1 m STORE d", ":0|");
        check(f, "EXISTS d", ":0|");
    }
}

#[test]
fn words_that_do_not_fit_are_refused() {
    let f = &mut Fixture::new();
    sicily(f);
    check(f, "GEOADD s 181 0 a", "-ERR invalid longitude,latitude pair 181.000000,0.000000|");
    check(f, "GEOADD s x 0 a", "-ERR value is not a valid float|");
    check(f, "GEOADD s NX XX 0 0 a", "-ERR syntax error|");
    check(f, "GEOADD s 0 0 a 1", "-ERR syntax error|");
    check(f, "GEODIST Sicily a b parsec", "-ERR unsupported unit provided. please use M, KM, FT, MI|");
    check(f, "GEODIST Sicily a b m x", "-ERR syntax error|");
    check(f, "GEORADIUS Sicily 0 0 x km", "-ERR need numeric radius|");
    check(f, "GEORADIUS Sicily 0 0 -1 km", "-ERR radius cannot be negative|");
    check(f, "GEORADIUS Sicily 0 0 1 km COUNT 0", "-ERR COUNT must be > 0|");
    check(f, "GEORADIUS Sicily 0 0 1 km ANY", "-ERR the ANY argument requires COUNT argument|");
    check(
        f,
        "GEORADIUS Sicily 0 0 1 km STORE d WITHDIST",
        "-ERR STORE option in GEORADIUS is not compatible with WITHDIST, WITHHASH and WITHCOORD options|",
    );
    check(f, "GEORADIUS_RO Sicily 0 0 1 km STORE d", "-ERR syntax error|");
    check(f, "GEORADIUSBYMEMBER Sicily nowhere 1 km", "-ERR could not decode requested zset member|");
    check(f, "GEORADIUSBYMEMBER none a x y", "*0|");
    check(
        f,
        "GEOSEARCH Sicily BYRADIUS 1 km ASC DESC ASC",
        "-ERR exactly one of FROMMEMBER or FROMLONLAT can be specified for GEOSEARCH|",
    );
    check(
        f,
        "geosearch Sicily FROMLONLAT 0 0 ASC ASC ASC",
        "-ERR exactly one of BYRADIUS and BYBOX can be specified for geosearch|",
    );
    check(f, "GEOSEARCH Sicily FROMLONLAT 0 0 FROMMEMBER a BYRADIUS 1 km", "-ERR syntax error|");
    check(f, "GEOSEARCH Sicily FROMLONLAT 0 0 BYBOX -1 1 km", "-ERR height or width cannot be negative|");
    check(f, "GEOSEARCH Sicily FROMLONLAT 0 0 BYRADIUS 1 km STOREDIST", "-ERR syntax error|");
}

#[test]
fn the_effect_of_geoadd_is_a_zadd() {
    let f = &mut Fixture::new().journal();
    check(f, "GEOADD k CH 13.361389 38.115556 Palermo", ":1|");
    check(f, "GEOADD k NX 1 1 Palermo", ":0|");
    assert_eq!(f.effect_lines(), ["ZADD k CH 3479099956230698 Palermo"]);
}

/// Places on the edge of the map have a bit more than others; the search once cut it off and lost them.
#[test]
fn places_on_the_edge_of_the_map_are_found_where_redis_finds_them() {
    let f = &mut Fixture::new();
    check(f, "GEOADD g 0 85.05112878 top 180 39.637887 right 13.420138 37.682751 c", ":3|");
    check(f, "GEOSEARCH g FROMMEMBER top BYRADIUS 240 M", "*1|$3|top|");
    check(f, "GEORADIUSBYMEMBER g right 20 km", "*1|$5|right|");
    check(f, "GEOADD d -118.896843 50.635729 d", ":1|");
    check(f, "GEORADIUS d 180 39.696965 1000000 MI", "*0|");
}
