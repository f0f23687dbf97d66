//! Group geo: facts of Redis 7.2's command table.

use super::build::{MULTIPLE, OPTIONAL, OPTIONAL_MULTIPLE, arg, block, command, key, one_of, spec, token};
use super::{Begin, Find, Meta, cat, flag, key_flag};

const GROUP: &str = "geo";

/// `GEOADD`.
pub static GEOADD: Meta = command("geoadd", -5, GROUP, "3.2.0")
    .summary("Adds one or more members to a geospatial index. The key is created if it doesn't exist.")
    .flags(flag::WRITE | flag::DENYOOM, cat::GEO)
    .keys(&[key(key_flag::RW | key_flag::UPDATE, 1)])
    .complexity("O(log(N)) for each item added, where N is the number of elements in the sorted set.")
    .history(&[("6.2.0", "Added the `CH`, `NX` and `XX` options.")])
    .args(&[
        arg("key", "key").key(0),
        one_of("condition", &[token("nx", "NX"), token("xx", "XX")]).since("6.2.0").is(OPTIONAL),
        token("change", "CH").since("6.2.0").is(OPTIONAL),
        block("data", &[arg("longitude", "double"), arg("latitude", "double"), arg("member", "string")])
            .is(MULTIPLE),
    ]);

/// `GEODIST`.
pub static GEODIST: Meta = command("geodist", -4, GROUP, "3.2.0")
    .summary("Returns the distance between two members of a geospatial index.")
    .flags(flag::READONLY, cat::GEO)
    .keys(&[key(key_flag::RO | key_flag::ACCESS, 1)])
    .complexity("O(1)")
    .args(&[
        arg("key", "key").key(0),
        arg("member1", "string"),
        arg("member2", "string"),
        one_of("unit", &[token("m", "M"), token("km", "KM"), token("ft", "FT"), token("mi", "MI")])
            .is(OPTIONAL),
    ]);

/// `GEOHASH`.
pub static GEOHASH: Meta = command("geohash", -2, GROUP, "3.2.0")
    .summary("Returns members from a geospatial index as geohash strings.")
    .flags(flag::READONLY, cat::GEO)
    .keys(&[key(key_flag::RO | key_flag::ACCESS, 1)])
    .complexity("O(1) for each member requested.")
    .args(&[arg("key", "key").key(0), arg("member", "string").is(OPTIONAL_MULTIPLE)]);

/// `GEOPOS`.
pub static GEOPOS: Meta = command("geopos", -2, GROUP, "3.2.0")
    .summary("Returns the longitude and latitude of members from a geospatial index.")
    .flags(flag::READONLY, cat::GEO)
    .keys(&[key(key_flag::RO | key_flag::ACCESS, 1)])
    .complexity("O(1) for each member requested.")
    .args(&[arg("key", "key").key(0), arg("member", "string").is(OPTIONAL_MULTIPLE)]);

/// `GEORADIUS`.
pub static GEORADIUS: Meta = command("georadius", -6, GROUP, "3.2.0")
    .summary(
        "Queries a geospatial index for members within a distance from a coordinate, optionally \
         stores the result.",
    )
    .flags(flag::WRITE | flag::DENYOOM, cat::GEO)
    .keys(&[
        key(key_flag::RO | key_flag::ACCESS, 1),
        spec(
            key_flag::OW | key_flag::UPDATE,
            Begin::Keyword("STORE", 6),
            Find::Range { last: 0, step: 1, limit: 0 },
        ),
        spec(
            key_flag::OW | key_flag::UPDATE,
            Begin::Keyword("STOREDIST", 6),
            Find::Range { last: 0, step: 1, limit: 0 },
        ),
    ])
    .complexity(
        "O(N+log(M)) where N is the number of elements inside the bounding box of the circular \
         area delimited by center and radius and M is the number of items inside the index.",
    )
    .deprecated("6.2.0", "`GEOSEARCH` and `GEOSEARCHSTORE` with the `BYRADIUS` argument")
    .history(&[
        ("6.2.0", "Added the `ANY` option for `COUNT`."),
        ("7.0.0", "Added support for uppercase unit names."),
    ])
    .args(&[
        arg("key", "key").key(0),
        arg("longitude", "double"),
        arg("latitude", "double"),
        arg("radius", "double"),
        one_of("unit", &[token("m", "M"), token("km", "KM"), token("ft", "FT"), token("mi", "MI")]),
        token("withcoord", "WITHCOORD").is(OPTIONAL),
        token("withdist", "WITHDIST").is(OPTIONAL),
        token("withhash", "WITHHASH").is(OPTIONAL),
        block(
            "count-block",
            &[arg("count", "integer").token("COUNT"), token("any", "ANY").since("6.2.0").is(OPTIONAL)],
        )
        .is(OPTIONAL),
        one_of("order", &[token("asc", "ASC"), token("desc", "DESC")]).is(OPTIONAL),
        one_of(
            "store",
            &[
                arg("storekey", "key").key(1).display("key").token("STORE"),
                arg("storedistkey", "key").key(2).display("key").token("STOREDIST"),
            ],
        )
        .is(OPTIONAL),
    ]);

/// `GEORADIUSBYMEMBER`.
pub static GEORADIUSBYMEMBER: Meta = command("georadiusbymember", -5, GROUP, "3.2.0")
    .summary(
        "Queries a geospatial index for members within a distance from a member, optionally stores \
         the result.",
    )
    .flags(flag::WRITE | flag::DENYOOM, cat::GEO)
    .keys(&[
        key(key_flag::RO | key_flag::ACCESS, 1),
        spec(
            key_flag::OW | key_flag::UPDATE,
            Begin::Keyword("STORE", 5),
            Find::Range { last: 0, step: 1, limit: 0 },
        ),
        spec(
            key_flag::OW | key_flag::UPDATE,
            Begin::Keyword("STOREDIST", 5),
            Find::Range { last: 0, step: 1, limit: 0 },
        ),
    ])
    .complexity(
        "O(N+log(M)) where N is the number of elements inside the bounding box of the circular \
         area delimited by center and radius and M is the number of items inside the index.",
    )
    .deprecated("6.2.0", "`GEOSEARCH` and `GEOSEARCHSTORE` with the `BYRADIUS` and `FROMMEMBER` arguments")
    .history(&[("7.0.0", "Added support for uppercase unit names.")])
    .args(&[
        arg("key", "key").key(0),
        arg("member", "string"),
        arg("radius", "double"),
        one_of("unit", &[token("m", "M"), token("km", "KM"), token("ft", "FT"), token("mi", "MI")]),
        token("withcoord", "WITHCOORD").is(OPTIONAL),
        token("withdist", "WITHDIST").is(OPTIONAL),
        token("withhash", "WITHHASH").is(OPTIONAL),
        block("count-block", &[arg("count", "integer").token("COUNT"), token("any", "ANY").is(OPTIONAL)])
            .is(OPTIONAL),
        one_of("order", &[token("asc", "ASC"), token("desc", "DESC")]).is(OPTIONAL),
        one_of(
            "store",
            &[
                arg("storekey", "key").key(1).display("key").token("STORE"),
                arg("storedistkey", "key").key(2).display("key").token("STOREDIST"),
            ],
        )
        .is(OPTIONAL),
    ]);

/// `GEORADIUSBYMEMBER_RO`.
pub static GEORADIUSBYMEMBER_RO: Meta = command("georadiusbymember_ro", -5, GROUP, "3.2.10")
    .summary("Returns members from a geospatial index that are within a distance from a member.")
    .flags(flag::READONLY, cat::GEO)
    .keys(&[key(key_flag::RO | key_flag::ACCESS, 1)])
    .complexity(
        "O(N+log(M)) where N is the number of elements inside the bounding box of the circular \
         area delimited by center and radius and M is the number of items inside the index.",
    )
    .deprecated("6.2.0", "`GEOSEARCH` with the `BYRADIUS` and `FROMMEMBER` arguments")
    .args(&[
        arg("key", "key").key(0),
        arg("member", "string"),
        arg("radius", "double"),
        one_of("unit", &[token("m", "M"), token("km", "KM"), token("ft", "FT"), token("mi", "MI")]),
        token("withcoord", "WITHCOORD").is(OPTIONAL),
        token("withdist", "WITHDIST").is(OPTIONAL),
        token("withhash", "WITHHASH").is(OPTIONAL),
        block("count-block", &[arg("count", "integer").token("COUNT"), token("any", "ANY").is(OPTIONAL)])
            .is(OPTIONAL),
        one_of("order", &[token("asc", "ASC"), token("desc", "DESC")]).is(OPTIONAL),
    ]);

/// `GEORADIUS_RO`.
pub static GEORADIUS_RO: Meta = command("georadius_ro", -6, GROUP, "3.2.10")
    .summary("Returns members from a geospatial index that are within a distance from a coordinate.")
    .flags(flag::READONLY, cat::GEO)
    .keys(&[key(key_flag::RO | key_flag::ACCESS, 1)])
    .complexity(
        "O(N+log(M)) where N is the number of elements inside the bounding box of the circular \
         area delimited by center and radius and M is the number of items inside the index.",
    )
    .deprecated("6.2.0", "`GEOSEARCH` with the `BYRADIUS` argument")
    .history(&[("6.2.0", "Added the `ANY` option for `COUNT`.")])
    .args(&[
        arg("key", "key").key(0),
        arg("longitude", "double"),
        arg("latitude", "double"),
        arg("radius", "double"),
        one_of("unit", &[token("m", "M"), token("km", "KM"), token("ft", "FT"), token("mi", "MI")]),
        token("withcoord", "WITHCOORD").is(OPTIONAL),
        token("withdist", "WITHDIST").is(OPTIONAL),
        token("withhash", "WITHHASH").is(OPTIONAL),
        block(
            "count-block",
            &[arg("count", "integer").token("COUNT"), token("any", "ANY").since("6.2.0").is(OPTIONAL)],
        )
        .is(OPTIONAL),
        one_of("order", &[token("asc", "ASC"), token("desc", "DESC")]).is(OPTIONAL),
    ]);

/// `GEOSEARCH`.
pub static GEOSEARCH: Meta = command("geosearch", -7, GROUP, "6.2.0")
    .summary("Queries a geospatial index for members inside an area of a box or a circle.")
    .flags(flag::READONLY, cat::GEO)
    .keys(&[key(key_flag::RO | key_flag::ACCESS, 1)])
    .complexity(
        "O(N+log(M)) where N is the number of elements in the grid-aligned bounding box area \
         around the shape provided as the filter and M is the number of items inside the shape",
    )
    .history(&[("7.0.0", "Added support for uppercase unit names.")])
    .args(&[
        arg("key", "key").key(0),
        one_of(
            "from",
            &[
                arg("member", "string").token("FROMMEMBER"),
                block("fromlonlat", &[arg("longitude", "double"), arg("latitude", "double")])
                    .token("FROMLONLAT"),
            ],
        ),
        one_of(
            "by",
            &[
                block(
                    "circle",
                    &[
                        arg("radius", "double").token("BYRADIUS"),
                        one_of(
                            "unit",
                            &[token("m", "M"), token("km", "KM"), token("ft", "FT"), token("mi", "MI")],
                        ),
                    ],
                ),
                block(
                    "box",
                    &[
                        arg("width", "double").token("BYBOX"),
                        arg("height", "double"),
                        one_of(
                            "unit",
                            &[token("m", "M"), token("km", "KM"), token("ft", "FT"), token("mi", "MI")],
                        ),
                    ],
                ),
            ],
        ),
        one_of("order", &[token("asc", "ASC"), token("desc", "DESC")]).is(OPTIONAL),
        block("count-block", &[arg("count", "integer").token("COUNT"), token("any", "ANY").is(OPTIONAL)])
            .is(OPTIONAL),
        token("withcoord", "WITHCOORD").is(OPTIONAL),
        token("withdist", "WITHDIST").is(OPTIONAL),
        token("withhash", "WITHHASH").is(OPTIONAL),
    ]);

/// `GEOSEARCHSTORE`.
pub static GEOSEARCHSTORE: Meta = command("geosearchstore", -8, GROUP, "6.2.0")
    .summary(
        "Queries a geospatial index for members inside an area of a box or a circle, optionally \
         stores the result.",
    )
    .flags(flag::WRITE | flag::DENYOOM, cat::GEO)
    .keys(&[key(key_flag::OW | key_flag::UPDATE, 1), key(key_flag::RO | key_flag::ACCESS, 2)])
    .complexity(
        "O(N+log(M)) where N is the number of elements in the grid-aligned bounding box area \
         around the shape provided as the filter and M is the number of items inside the shape",
    )
    .history(&[("7.0.0", "Added support for uppercase unit names.")])
    .args(&[
        arg("destination", "key").key(0),
        arg("source", "key").key(1),
        one_of(
            "from",
            &[
                arg("member", "string").token("FROMMEMBER"),
                block("fromlonlat", &[arg("longitude", "double"), arg("latitude", "double")])
                    .token("FROMLONLAT"),
            ],
        ),
        one_of(
            "by",
            &[
                block(
                    "circle",
                    &[
                        arg("radius", "double").token("BYRADIUS"),
                        one_of(
                            "unit",
                            &[token("m", "M"), token("km", "KM"), token("ft", "FT"), token("mi", "MI")],
                        ),
                    ],
                ),
                block(
                    "box",
                    &[
                        arg("width", "double").token("BYBOX"),
                        arg("height", "double"),
                        one_of(
                            "unit",
                            &[token("m", "M"), token("km", "KM"), token("ft", "FT"), token("mi", "MI")],
                        ),
                    ],
                ),
            ],
        ),
        one_of("order", &[token("asc", "ASC"), token("desc", "DESC")]).is(OPTIONAL),
        block("count-block", &[arg("count", "integer").token("COUNT"), token("any", "ANY").is(OPTIONAL)])
            .is(OPTIONAL),
        token("storedist", "STOREDIST").is(OPTIONAL),
    ]);
