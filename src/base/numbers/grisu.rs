//! Shortest digits of a double by Grisu2, laid out as fpconv does.
//!
//! Redis 7.2 prints doubles by deps/fpconv. Grisu2 gives digits that read back to the same double and are the
//! shortest such digits in 99.9 % of cases; in the rest an exact algorithm (ryu) would print one digit less, and
//! a reply, a digest or a file would differ from Redis's. So it is Grisu2 here too.
//!
//! After F. Loitsch, "Printing Floating-Point Numbers Quickly and Accurately with Integers" (PLDI 2010):
//!
//! ```text
//! (lower, v, upper)  the double and the middles to its neighbours, as 64-bit fractions with one exponent
//! c = 10^-k          from the table, so that the product's exponent lies in -60..=-32
//! (lower, v, upper) *= c, and the interval shrinks by one unit on each side for the error of c
//! digits of upper until the rest is within the interval, then the last digit moves towards v
//! ```

/// A fraction and a power of two: `frac` × 2^`exp`.
#[derive(Clone, Copy)]
struct Scaled {
    frac: u64,
    exp: i32,
}

/// Decimal exponents of the first power in [`POWERS`], and the step between two.
const FIRST_POWER: i32 = -348;
const POWER_STEP: i32 = 8;

/// 10^-348, 10^-340, … 10^340, each rounded to 64 bits with the top bit set.
const POWERS: [Scaled; 87] = {
    const fn p(frac: u64, exp: i32) -> Scaled {
        Scaled { frac, exp }
    }
    [
        p(0xfa8fd5a0081c0288, -1220),
        p(0xbaaee17fa23ebf76, -1193),
        p(0x8b16fb203055ac76, -1166),
        p(0xcf42894a5dce35ea, -1140),
        p(0x9a6bb0aa55653b2d, -1113),
        p(0xe61acf033d1a45df, -1087),
        p(0xab70fe17c79ac6ca, -1060),
        p(0xff77b1fcbebcdc4f, -1034),
        p(0xbe5691ef416bd60c, -1007),
        p(0x8dd01fad907ffc3c, -980),
        p(0xd3515c2831559a83, -954),
        p(0x9d71ac8fada6c9b5, -927),
        p(0xea9c227723ee8bcb, -901),
        p(0xaecc49914078536d, -874),
        p(0x823c12795db6ce57, -847),
        p(0xc21094364dfb5637, -821),
        p(0x9096ea6f3848984f, -794),
        p(0xd77485cb25823ac7, -768),
        p(0xa086cfcd97bf97f4, -741),
        p(0xef340a98172aace5, -715),
        p(0xb23867fb2a35b28e, -688),
        p(0x84c8d4dfd2c63f3b, -661),
        p(0xc5dd44271ad3cdba, -635),
        p(0x936b9fcebb25c996, -608),
        p(0xdbac6c247d62a584, -582),
        p(0xa3ab66580d5fdaf6, -555),
        p(0xf3e2f893dec3f126, -529),
        p(0xb5b5ada8aaff80b8, -502),
        p(0x87625f056c7c4a8b, -475),
        p(0xc9bcff6034c13053, -449),
        p(0x964e858c91ba2655, -422),
        p(0xdff9772470297ebd, -396),
        p(0xa6dfbd9fb8e5b88f, -369),
        p(0xf8a95fcf88747d94, -343),
        p(0xb94470938fa89bcf, -316),
        p(0x8a08f0f8bf0f156b, -289),
        p(0xcdb02555653131b6, -263),
        p(0x993fe2c6d07b7fac, -236),
        p(0xe45c10c42a2b3b06, -210),
        p(0xaa242499697392d3, -183),
        p(0xfd87b5f28300ca0e, -157),
        p(0xbce5086492111aeb, -130),
        p(0x8cbccc096f5088cc, -103),
        p(0xd1b71758e219652c, -77),
        p(0x9c40000000000000, -50),
        p(0xe8d4a51000000000, -24),
        p(0xad78ebc5ac620000, 3),
        p(0x813f3978f8940984, 30),
        p(0xc097ce7bc90715b3, 56),
        p(0x8f7e32ce7bea5c70, 83),
        p(0xd5d238a4abe98068, 109),
        p(0x9f4f2726179a2245, 136),
        p(0xed63a231d4c4fb27, 162),
        p(0xb0de65388cc8ada8, 189),
        p(0x83c7088e1aab65db, 216),
        p(0xc45d1df942711d9a, 242),
        p(0x924d692ca61be758, 269),
        p(0xda01ee641a708dea, 295),
        p(0xa26da3999aef774a, 322),
        p(0xf209787bb47d6b85, 348),
        p(0xb454e4a179dd1877, 375),
        p(0x865b86925b9bc5c2, 402),
        p(0xc83553c5c8965d3d, 428),
        p(0x952ab45cfa97a0b3, 455),
        p(0xde469fbd99a05fe3, 481),
        p(0xa59bc234db398c25, 508),
        p(0xf6c69a72a3989f5c, 534),
        p(0xb7dcbf5354e9bece, 561),
        p(0x88fcf317f22241e2, 588),
        p(0xcc20ce9bd35c78a5, 614),
        p(0x98165af37b2153df, 641),
        p(0xe2a0b5dc971f303a, 667),
        p(0xa8d9d1535ce3b396, 694),
        p(0xfb9b7cd9a4a7443c, 720),
        p(0xbb764c4ca7a44410, 747),
        p(0x8bab8eefb6409c1a, 774),
        p(0xd01fef10a657842c, 800),
        p(0x9b10a4e5e9913129, 827),
        p(0xe7109bfba19c0c9d, 853),
        p(0xac2820d9623bf429, 880),
        p(0x80444b5e7aa7cf85, 907),
        p(0xbf21e44003acdd2d, 933),
        p(0x8e679c2f5e44ff8f, 960),
        p(0xd433179d9c8cb841, 986),
        p(0x9e19db92b4e31ba9, 1013),
        p(0xeb96bf6ebadf77d9, 1039),
        p(0xaf87023b9bf0ee6b, 1066),
    ]
};

const HIDDEN_BIT: u64 = 1 << 52;

/// Rounded upper half of the 128-bit product.
fn multiply(a: Scaled, b: Scaled) -> Scaled {
    let product = u128::from(a.frac) * u128::from(b.frac) + (1 << 63);
    let frac = u64::try_from(product >> 64).unwrap_or(u64::MAX);
    Scaled { frac, exp: a.exp + b.exp + 64 }
}

/// The table's power that brings a fraction with exponent `exp` into -60..=-32, and its decimal exponent.
///
/// For some exponents two powers do; which one is taken shows in the last digit, so the search starts at fpconv's
/// guess (fpconv_powers.h find_cachedpow10) and walks as it does.
fn cached_power(exp: i32) -> (Scaled, i32) {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "a few hundred at most; truncation is the original's rounding"
    )]
    let guess = (-f64::from(exp + 87) * 0.301_029_995_663_981_14) as i32;
    let mut index = ((guess - FIRST_POWER) / POWER_STEP).clamp(0, 86);
    loop {
        let power = POWERS[usize::try_from(index).unwrap_or(0)];
        let reached = exp + power.exp + 64;
        if reached < -60 && index < 86 {
            index += 1;
        } else if reached > -32 && index > 0 {
            index -= 1;
        } else {
            return (power, FIRST_POWER + index * POWER_STEP);
        }
    }
}

/// Up to 17 digits, and the power of ten of the last one.
struct Digits {
    buf: [u8; 18],
    len: usize,
    exponent: i32,
}

impl Digits {
    fn push(&mut self, digit: u64) {
        if (digit != 0 || self.len > 0) && self.len < self.buf.len() {
            self.buf[self.len] = b'0' + u8::try_from(digit).unwrap_or(9);
            self.len += 1;
        }
    }

    /// Moves the last digit down while that brings it closer to the value.
    fn round(&mut self, delta: u64, mut rest: u64, unit: u64, distance: u64) {
        while rest < distance
            && delta - rest >= unit
            && (rest + unit < distance || distance - rest > rest + unit - distance)
        {
            self.buf[self.len - 1] -= 1;
            rest += unit;
        }
    }
}

/// Digits of `value`, which is finite and above zero.
fn shortest(value: f64) -> Digits {
    let bits = value.to_bits();
    let (fraction, biased) = (bits & (HIDDEN_BIT - 1), i32::try_from(bits >> 52 & 0x7ff).unwrap_or(0));
    let exact = match biased {
        0 => Scaled { frac: fraction, exp: 1 - 1_075 },
        _ => Scaled { frac: fraction | HIDDEN_BIT, exp: biased - 1_075 },
    };
    let upper = normalized(Scaled { frac: exact.frac * 2 + 1, exp: exact.exp - 1 });
    // Below a power of two the neighbour is half as far.
    let closer = if exact.frac == HIDDEN_BIT { 2 } else { 1 };
    let lower = Scaled { frac: (exact.frac << closer) - 1, exp: exact.exp - closer };
    let lower = Scaled { frac: lower.frac << (lower.exp - upper.exp), exp: upper.exp };

    let (power, decimal) = cached_power(upper.exp);
    let middle = multiply(normalized(exact), power);
    let upper = multiply(upper, power).frac - 1;
    let lower = multiply(lower, power).frac + 1;
    generate(middle, upper, lower, -decimal)
}

fn normalized(value: Scaled) -> Scaled {
    let shift = value.frac.leading_zeros();
    Scaled { frac: value.frac << shift, exp: value.exp - i32::try_from(shift).unwrap_or(0) }
}

/// Digits of a number between `lower` and `upper`, near `middle`; all three share `middle`'s exponent.
fn generate(middle: Scaled, upper: u64, lower: u64, exponent: i32) -> Digits {
    let mut digits = Digits { buf: [0; 18], len: 0, exponent };
    let shift = middle.exp.unsigned_abs();
    let one = 1_u64 << shift;
    let mut distance = upper - middle.frac;
    let mut delta = upper - lower;
    let (mut whole, mut part) = (upper >> shift, upper & (one - 1));

    for kappa in (0..10_i32).rev() {
        let unit = 10_u64.pow(kappa.unsigned_abs());
        digits.push(whole / unit);
        whole %= unit;
        let rest = (whole << shift) + part;
        if rest <= delta {
            digits.exponent += kappa;
            digits.round(delta, rest, unit << shift, distance);
            return digits;
        }
    }
    for kappa in 1_i32.. {
        // `delta` < 2^63 stays in 64 bits: the loop ends when a tenth of `one` is within it. The original lets the
        // distance wrap as well.
        part = part.wrapping_mul(10);
        delta = delta.wrapping_mul(10);
        distance = distance.wrapping_mul(10);
        digits.push(part >> shift);
        part &= one - 1;
        if part < delta {
            digits.exponent -= kappa;
            digits.round(delta, part, one, distance);
            break;
        }
    }
    digits
}

/// Appends `value`, which is finite and not zero.
pub(super) fn write(out: &mut Vec<u8>, value: f64) {
    if value.is_sign_negative() {
        out.push(b'-');
    }
    let found = shortest(value.abs());
    let digits = &found.buf[..found.len];
    let len = i32::try_from(digits.len()).unwrap_or(0);
    let power = found.exponent;
    let scientific = power + len - 1;
    if power >= 0 && scientific.abs() < len + 7 {
        out.extend_from_slice(digits);
        out.resize(out.len() + usize::try_from(power).unwrap_or(0), b'0');
    } else if power < 0 && (power > -7 || scientific.abs() < 4) {
        match usize::try_from(len + power) {
            Ok(point) if point > 0 => {
                out.extend_from_slice(&digits[..point]);
                out.push(b'.');
                out.extend_from_slice(&digits[point..]);
            }
            _ => {
                out.extend_from_slice(b"0.");
                out.resize(out.len() + usize::try_from(-(len + power)).unwrap_or(0), b'0');
                out.extend_from_slice(digits);
            }
        }
    } else {
        write_scientific(out, digits, scientific, value.is_sign_negative());
    }
}

/// `d.ddde±x`; the exponent has as many digits as it needs.
fn write_scientific(out: &mut Vec<u8>, digits: &[u8], exponent: i32, negative: bool) {
    // fpconv cuts at 18 characters with the sign, which no 17 digits exceed.
    let kept = digits.len().min(if negative { 17 } else { 18 });
    out.push(digits[0]);
    if kept > 1 {
        out.push(b'.');
        out.extend_from_slice(&digits[1..kept]);
    }
    out.push(b'e');
    out.push(if exponent < 0 { b'-' } else { b'+' });
    super::integer::write_u64(out, u64::from(exponent.unsigned_abs()));
}
