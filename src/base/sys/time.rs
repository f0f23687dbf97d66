//! Clocks and the local calendar.

use std::mem::MaybeUninit;

/// A moment broken down in the machine's time zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LocalTime {
    /// Year, e.g. 2026.
    pub year: i32,
    /// Month, 1 to 12.
    pub month: u8,
    /// Day of the month, from 1.
    pub day: u8,
    /// Hour, 0 to 23.
    pub hour: u8,
    /// Minute, 0 to 59.
    pub minute: u8,
    /// Second, 0 to 60.
    pub second: u8,
    /// Seconds east of UTC.
    pub utc_offset_s: i32,
}

/// Reads `clock` in nanoseconds; 0 where the clock is unknown or before its epoch.
pub fn clock_gettime_ns(clock: libc::clockid_t) -> u64 {
    let mut ts = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: `ts` is a valid timespec that outlives the call; on error it stays zero.
    unsafe { libc::clock_gettime(clock, &raw mut ts) };
    let seconds = u64::try_from(ts.tv_sec).unwrap_or(0);
    let nanos = u64::try_from(ts.tv_nsec).unwrap_or(0);
    seconds.saturating_mul(1_000_000_000).saturating_add(nanos)
}

/// Breaks `unix_s` down in the machine's time zone (TZ or /etc/localtime).
///
/// Takes a lock inside the C library: not for signal handlers.
pub fn local_time(unix_s: i64) -> LocalTime {
    let mut tm = MaybeUninit::<libc::tm>::zeroed();
    // SAFETY: both pointers are valid for the call. `tm` was zeroed, and every field of it is an integer or a pointer
    // for which zero is a value, so it is initialized whether or not the call succeeds.
    let tm = unsafe {
        libc::localtime_r(&raw const unix_s, tm.as_mut_ptr());
        tm.assume_init()
    };
    let byte = |v: libc::c_int| u8::try_from(v).unwrap_or(0);
    LocalTime {
        year: tm.tm_year.saturating_add(1900),
        month: byte(tm.tm_mon).saturating_add(1),
        day: byte(tm.tm_mday),
        hour: byte(tm.tm_hour),
        minute: byte(tm.tm_min),
        second: byte(tm.tm_sec),
        utc_offset_s: i32::try_from(tm.tm_gmtoff).unwrap_or(0),
    }
}

/// Breaks a moment down from a known offset to UTC, without the C library: for signal handlers.
pub fn civil_time(unix_s: i64, utc_offset_s: i32) -> LocalTime {
    let local = unix_s.saturating_add(i64::from(utc_offset_s));
    let second_of_day = local.rem_euclid(86_400);
    // Days since 1 March of year 0: with the leap day last, a month's start is a linear function of its number.
    let days = local.div_euclid(86_400).saturating_add(719_468);
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    let year = year_of_era.saturating_add(era.saturating_mul(400)).saturating_add(i64::from(month <= 2));
    let byte = |v: i64| u8::try_from(v).unwrap_or(0);
    LocalTime {
        year: i32::try_from(year).unwrap_or(0),
        month: byte(month),
        day: byte(day),
        hour: byte(second_of_day / 3_600),
        minute: byte(second_of_day / 60 % 60),
        second: byte(second_of_day % 60),
        utc_offset_s,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_two_calendars_agree() {
        // Every 31 hours and some seconds over 120 years, leap centuries included.
        let mut t = -1_000_000_000_i64;
        while t < 4_500_000_000 {
            let libc = local_time(t);
            assert_eq!(libc, civil_time(t, libc.utc_offset_s), "at {t}");
            t += 111_617;
        }
    }
}
