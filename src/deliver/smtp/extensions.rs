//! The extensions that a server offers in its reply to EHLO or LHLO.

use super::reply::Reply;

/// The extensions that matter here. ENHANCEDSTATUSCODES (RFC 2034) does not: the codes are read from any reply that has them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Extensions {
    /// Maximum size of a mail (RFC 1870). `None` if the server names none.
    pub size_limit: Option<u64>,
    /// Whether MAIL may announce the size.
    pub size: bool,
    /// 8BITMIME (RFC 6152)
    pub eight_bit: bool,
    /// SMTPUTF8 (RFC 6531)
    pub smtputf8: bool,
    /// PIPELINING (RFC 2920)
    pub pipelining: bool,
    /// CHUNKING (RFC 3030), the command BDAT
    pub chunking: bool,
    pub starttls: bool,
    /// AUTH PLAIN
    pub auth_plain: bool,
    /// AUTH LOGIN
    pub auth_login: bool,
}

impl Extensions {
    /// Reads the extensions from an EHLO reply. Its first line is the server's name.
    pub fn read(reply: &Reply) -> Self {
        let mut extensions = Self::default();
        for line in reply.lines.iter().skip(1) {
            let line = line.to_ascii_uppercase();
            let mut words = line.split_ascii_whitespace();
            let keyword = words.next().unwrap_or_default();
            match keyword {
                "SIZE" => {
                    extensions.size = true;
                    // 0 means no fixed limit (RFC 1870 4); a number too large to parse is no limit in practice.
                    extensions.size_limit = words.next().and_then(|size| size.parse().ok()).filter(|size| *size > 0);
                }
                "8BITMIME" => extensions.eight_bit = true,
                "SMTPUTF8" => extensions.smtputf8 = true,
                "PIPELINING" => extensions.pipelining = true,
                "CHUNKING" => extensions.chunking = true,
                "STARTTLS" => extensions.starttls = true,
                // "AUTH=LOGIN PLAIN" is an obsolete form, the only one that some servers send.
                _ if keyword == "AUTH" || keyword.starts_with("AUTH=") => {
                    let first = keyword.strip_prefix("AUTH=");
                    for mechanism in first.into_iter().chain(words) {
                        extensions.auth_plain |= mechanism == "PLAIN";
                        extensions.auth_login |= mechanism == "LOGIN";
                    }
                }
                _ => {}
            }
        }
        extensions
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(lines: &[&str]) -> Extensions {
        let lines = ["mx.l.se"].iter().chain(lines).map(|line| (*line).to_owned()).collect();
        Extensions::read(&Reply { code: 250, enhanced: None, lines })
    }

    #[test]
    fn keywords_are_case_insensitive_and_unknown_ones_are_skipped() {
        let found = read(&[
            "PIPELINING",
            "size 10240000",
            "VRFY",
            "ETRN",
            "STARTTLS",
            "AUTH PLAIN LOGIN CRAM-MD5",
            "ENHANCEDSTATUSCODES",
            "8BitMime",
            "SMTPUTF8",
            "CHUNKING",
            "",
            "X-SIZE 5",
        ]);
        assert_eq!(
            found,
            Extensions {
                size_limit: Some(10_240_000),
                size: true,
                eight_bit: true,
                smtputf8: true,
                pipelining: true,
                chunking: true,
                starttls: true,
                auth_plain: true,
                auth_login: true,
            }
        );
        assert_eq!(read(&[]), Extensions::default());
        let first_line = Reply { code: 250, enhanced: None, lines: vec!["STARTTLS".to_owned()] };
        assert_eq!(Extensions::read(&first_line), Extensions::default(), "the first line is the server's name");
    }

    #[test]
    fn a_size_limit_is_a_positive_number() {
        for (line, limit) in [
            ("SIZE 5", Some(5)),
            ("SIZE", None),
            ("SIZE 0", None),
            ("SIZE x", None),
            ("SIZE -1", None),
            ("SIZE 99999999999999999999999", None),
        ] {
            let found = read(&[line]);
            assert_eq!((found.size, found.size_limit), (true, limit), "{line}");
        }
    }

    #[test]
    fn logins_are_found_in_both_forms() {
        for (line, plain, login) in [
            ("AUTH LOGIN", false, true),
            ("AUTH=PLAIN", true, false),
            ("AUTH=LOGIN PLAIN", true, true),
            ("AUTH XOAUTH2", false, false),
            ("AUTH", false, false),
            ("AUTHPLAIN", false, false),
        ] {
            let found = read(&[line]);
            assert_eq!((found.auth_plain, found.auth_login), (plain, login), "{line}");
        }
    }
}
