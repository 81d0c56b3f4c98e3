//! Validates host names from untrusted sources.

use url::Host;

/// The full name of a host in ASCII form (IDNA, UTS 46). `None` for an IP address in any notation, a name without a dot
/// (which the machine's search list would complete), and invalid host names (RFC 1123 2.1).
pub fn host_name(text: &str) -> Option<String> {
    // The URL parser would accept percent-encoding, and decode %6C to a letter.
    if text.contains('%') {
        return None;
    }
    let Ok(Host::Domain(name)) = Host::parse(text.strip_suffix('.').unwrap_or(text)) else { return None };
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    (name.len() <= 253 && name.contains('.') && name.split('.').all(label)).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_converted_to_ascii() {
        let ready = [
            ("lillestad.se", "lillestad.se"),
            ("IMAP.Lillestad.SE.", "imap.lillestad.se"),
            ("mejl.åmål.se", "mejl.xn--ml-xiab.se"),
            ("xn--ml-xiab.se", "xn--ml-xiab.se"),
            ("a-b.example", "a-b.example"),
        ];
        for (text, name) in ready {
            assert_eq!(host_name(text).as_deref(), Some(name), "{text}");
        }
    }

    #[test]
    fn addresses_and_invalid_names_are_rejected() {
        let long = format!("{}.se", "a".repeat(64));
        let longer = format!("{}se", "abcdefgh.".repeat(32));
        for text in [
            "",
            ".",
            "..",
            "localhost",
            "127.0.0.1",
            "127.1",
            "2130706433",
            "0x7f000001",
            "0177.0.0.1",
            "mail.0x7f",
            "[::1]",
            "::1",
            "127。0。0。1",
            "１２７.0.0.1",
            "a..se",
            "a_b.se",
            "-a.se",
            "a-.se",
            "a b.se",
            "a/b.se",
            "a:993.se",
            "a@b.se",
            "a%2e.se",
            "b\r\n.se",
            &long,
            &longer,
        ] {
            assert_eq!(host_name(text), None, "{text:?}");
        }
    }
}
