//! Which names strangers may give a server.

use url::Host;

/// A host's full name in the letters of DNS, with its international letters encoded (IDNA, UTS 46). `None` for an IP address in
/// any notation, a name without a dot, which the machine's own search list would complete, and what is no host's name
/// (RFC 1123 2.1).
pub fn host_name(text: &str) -> Option<String> {
    // The reader of URLs would take %6C for a letter, which a name does not hold.
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
    fn names_are_made_ready_for_dns() {
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
    fn addresses_and_nonsense_are_no_names() {
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
