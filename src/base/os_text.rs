//! The words of the operating system for what went wrong.

/// The text of a system error as strerror gives it, without the number that Rust appends: log lines that tools know
/// end with it.
pub fn os_text(error: &std::io::Error) -> String {
    let text = error.to_string();
    match text.rfind(" (os error ") {
        Some(end) => text[..end].to_owned(),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn system_errors_lose_their_number() {
        let error = std::io::Error::from_raw_os_error(libc::ENOENT);
        assert_eq!(super::os_text(&error), "No such file or directory");
        assert_eq!(super::os_text(&std::io::Error::other("odd")), "odd");
    }
}
