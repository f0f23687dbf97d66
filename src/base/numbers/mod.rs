//! Numbers to text and back, byte for byte as Redis does it. Pure functions.
//!
//! | file | Redis |
//! |---|---|
//! | `integer` | util.c string2ll, string2ull, ll2string, memtoull |
//! | `float` | util.c string2d, d2string, fixedpoint_d2string |
//! | `grisu` | deps/fpconv: the digits that d2string prints |
//! | `long_double` | util.c string2ld, ld2string: the 80-bit arithmetic of INCRBYFLOAT |
//! | `syntax` | what strtod and strtold accept, shared by both |

mod float;
mod grisu;
mod integer;
mod long_double;
mod syntax;

pub use float::{
    f64_as_i64, fmt_f64, parse_f64, parse_f64_loosely, write_f64, write_f64_digits, write_fixed,
    write_shortest,
};
pub use integer::{parse_i64, parse_memory, parse_u64, write_i64, write_u64};
pub use long_double::LongDouble;
