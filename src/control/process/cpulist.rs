//! `server_cpulist` and its like: lists of CPUs such as `0-7:2,9` (Redis: setcpuaffinity.c).

use crate::base::sys::affinity::{MAX_CPUS, allowed_cpus};
use crate::log;

/// The CPUs that the directive `name` names and this process may use, in ascending order; without a usable list, those
/// that it may use. Redis passes over a list that it cannot read; here the log tells.
pub fn chosen(name: &str, list: Option<&str>) -> Vec<usize> {
    let allowed = allowed_cpus().unwrap_or_default();
    let Some(list) = list else { return allowed };
    let Some(named) = parse(list) else {
        log!(Warning, "{name} '{list}' is not a list of CPUs like 0-7:2,9 and is ignored.");
        return allowed;
    };
    let both: Vec<usize> = allowed.iter().copied().filter(|cpu| named.contains(cpu)).collect();
    if both.is_empty() {
        log!(Warning, "{name} '{list}' names no CPU that this process may use and is ignored.");
        return allowed;
    }
    both
}

/// The CPUs of a list: numbers, ranges and ranges with a step, between commas or blanks.
fn parse(list: &str) -> Option<Vec<usize>> {
    let number = |text: &str| text.parse().ok().filter(|&cpu: &usize| cpu < MAX_CPUS);
    let mut cpus = Vec::new();
    for part in list.split([',', ' ', '\t']).filter(|part| !part.is_empty()) {
        let (range, step) = part.split_once(':').unwrap_or((part, "1"));
        let (first, last) = range.split_once('-').unwrap_or((range, range));
        let (first, last, step) = (number(first)?, number(last)?, number(step)?);
        if step == 0 || first > last || (step != 1 && first == last) {
            return None;
        }
        cpus.extend((first..=last).step_by(step));
    }
    (!cpus.is_empty()).then_some(cpus)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(list: &str, expect: Option<&[usize]>) {
        assert_eq!(parse(list).as_deref(), expect, "{list:?}");
    }

    #[test]
    fn numbers_ranges_and_steps_are_read() {
        check("3", Some(&[3]));
        check("0-2", Some(&[0, 1, 2]));
        check("0-7:2,9", Some(&[0, 2, 4, 6, 9]));
        check("1, 3\t5", Some(&[1, 3, 5]));
    }

    #[test]
    fn what_is_no_list_is_refused() {
        for list in ["", "a", "1-", "-1", "3-1", "0-4:0", "1:2", "0-99999999", "1-2-3"] {
            check(list, None);
        }
    }

    #[test]
    fn a_list_without_a_usable_cpu_is_ignored() {
        let allowed = allowed_cpus().unwrap_or_default();
        assert_eq!(chosen("server_cpulist", None), allowed);
        assert_eq!(chosen("server_cpulist", Some("x")), allowed);
        let first: Vec<usize> = allowed.first().copied().into_iter().collect();
        let list: String = first.iter().map(ToString::to_string).collect();
        assert_eq!(chosen("server_cpulist", Some(&list)), first);
    }
}
