//! MTA-STS (RFC 8461): reads the record and the policy of a domain, and matches its mail servers. Pure.

use std::time::Duration;

use crate::discover::host_name;
use crate::target::StsMode;

/// Maximum size of a policy.
pub const MAX_SIZE: usize = 64 << 10;
/// Maximum number of host patterns; even large providers have only a few wildcards.
const MAX_PATTERNS: usize = 500;
/// The largest `max_age` (RFC 8461 3.2).
const MAX_AGE: u64 = 31_557_600;

/// The MTA-STS policy of a domain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    pub mode: StsMode,
    /// The permitted hosts: names, or `*.NAME` for every name with exactly one more label.
    pub hosts: Vec<String>,
    /// How long the policy is valid.
    pub max_age: Duration,
}

/// The id in the TXT records of `_mta-sts.DOMAIN` (RFC 8461 3.1); `None`: the domain announces no policy.
pub fn policy_id(records: &[String]) -> Option<String> {
    let mut announcing = records.iter().filter_map(|record| {
        let mut fields = record.split(';').map(str::trim);
        (fields.next() == Some("v=STSv1") && record.contains(';')).then_some(fields)
    });
    let (mut fields, None) = (announcing.next()?, announcing.next()) else { return None };
    let id = fields.find_map(|field| field.strip_prefix("id="))?;
    let is_valid = (1..=32).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_alphanumeric());
    is_valid.then(|| id.to_owned())
}

/// Reads a policy; `None` if it is invalid.
pub fn policy(text: &str) -> Option<Policy> {
    let fields: Vec<(&str, &str)> =
        text.lines().filter_map(|line| line.split_once(':')).map(|(name, value)| (name.trim(), value.trim())).collect();
    let first = |wanted: &str| fields.iter().find(|(name, _)| *name == wanted).map(|(_, value)| *value);
    if first("version") != Some("STSv1") {
        return None;
    }
    let mode = StsMode::try_from(first("mode")?.to_owned()).ok()?;
    let max_age = first("max_age")?;
    let is_number = (1..=10).contains(&max_age.len()) && max_age.bytes().all(|byte| byte.is_ascii_digit());
    let max_age = max_age.parse::<u64>().ok().filter(|_| is_number)?.min(MAX_AGE);
    let hosts = fields.iter().filter(|(name, _)| *name == "mx").map(|(_, value)| pattern(value));
    let hosts: Vec<String> = hosts.take(MAX_PATTERNS).collect::<Option<_>>()?;
    if hosts.is_empty() && mode != StsMode::None {
        return None;
    }
    Some(Policy { mode, hosts, max_age: Duration::from_secs(max_age) })
}

fn pattern(text: &str) -> Option<String> {
    match text.strip_prefix("*.") {
        Some(name) => host_name(name).map(|name| format!("*.{name}")),
        None => host_name(text),
    }
}

impl Policy {
    /// Whether a host, in lower case, is permitted. A wildcard matches exactly one label (RFC 8461 4.1).
    pub fn permits(&self, host: &str) -> bool {
        let parent = host.split_once('.').map(|(_, parent)| parent);
        self.hosts.iter().any(|pattern| match pattern.strip_prefix("*.") {
            Some(name) => parent == Some(name),
            None => pattern == host,
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn exactly_one_record_announces_the_policy() {
        for (records, id) in [
            (&["v=STSv1; id=20160831085700Z;"][..], Some("20160831085700Z")),
            (&["v=STSv1;id=1"], Some("1")),
            (&["v=STSv1 ; ext=x; id=2 ;"], Some("2")),
            (&["v=spf1 -all", "v=STSv1; id=3"], Some("3")),
            (&["v=STSv1; id=4", "v=STSv1; id=5"], None),
            (&["v=STSv1;"], None),
            (&["v=STSv1"], None),
            (&["v=STSv10; id=6"], None),
            (&["id=7; v=STSv1"], None),
            (&["v=STSv1; id="], None),
            (&["v=STSv1; id=a-b"], None),
            (&["v=STSv1; id=abcdefghijabcdefghijabcdefghijabc"], None),
            (&[], None),
        ] {
            let records: Vec<String> = records.iter().map(|record| (*record).to_owned()).collect();
            assert_eq!(policy_id(&records).as_deref(), id, "{records:?}");
        }
    }

    fn read(text: &str) -> Option<(StsMode, String, u64)> {
        policy(text).map(|policy| (policy.mode, policy.hosts.join(" "), policy.max_age.as_secs()))
    }

    #[test]
    fn policies_are_read() {
        let text =
            "version: STSv1\r\nmode: enforce\r\nmx: mail.example.com\r\nmx: *.Example.net\r\nmax_age: 604800\r\n";
        let hosts = "mail.example.com *.example.net".to_owned();
        assert_eq!(read(text), Some((StsMode::Enforce, hosts.clone(), 604_800)));
        assert_eq!(read(&text.replace("\r\n", "\n")), Some((StsMode::Enforce, hosts.clone(), 604_800)));
        assert_eq!(read(&text.replace("enforce", "testing")), Some((StsMode::Testing, hosts.clone(), 604_800)));
        // Unknown fields are ignored, and so is the second occurrence of a field.
        let more = format!("x-other: y\r\n{text}mode: none\r\nmax_age: 1\r\n");
        assert_eq!(read(&more), Some((StsMode::Enforce, hosts.clone(), 604_800)));
        assert_eq!(read(&text.replace("604800", "9999999999")), Some((StsMode::Enforce, hosts, MAX_AGE)));
        assert_eq!(read("version:STSv1\nmode:none\nmax_age:0"), Some((StsMode::None, String::new(), 0)));
    }

    #[test]
    fn invalid_policies_count_as_none() {
        let text = "version: STSv1\nmode: enforce\nmx: mail.example.com\nmax_age: 604800\n";
        for (from, to) in [
            ("STSv1", "STSv2"),
            ("version: STSv1\n", ""),
            ("enforce", "Enforce"),
            ("enforce", "strict"),
            ("mode: enforce\n", ""),
            ("mx: mail.example.com\n", ""),
            ("mail.example.com", "*"),
            ("mail.example.com", "*.*.example.com"),
            ("mail.example.com", "mail.*.com"),
            ("mail.example.com", "192.0.2.1"),
            ("max_age: 604800\n", ""),
            ("604800", "+5"),
            ("604800", "12345678901"),
            ("604800", "week"),
        ] {
            assert_eq!(read(&text.replace(from, to)), None, "{from} -> {to}");
        }
        assert_eq!(read("<!doctype html><p>404: not found"), None);
    }

    /// A line of a policy, mostly a valid one.
    fn line() -> impl Strategy<Value = String> {
        prop_oneof![
            2 => Just("version: STSv1".to_owned()),
            2 => "mode: ?(enforce|testing|none)",
            2 => "max_age: ?[0-9]{1,11}",
            1 => "mx: ?(\\*\\.)?[a-z]{1,3}\\.[a-z.*-]{1,5}",
            1 => "\\PC{0,9}",
        ]
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(lines in prop::collection::vec(line(), 2..12), end in "\r?\n") {
            if let Some(policy) = policy(&lines.join(&end)) {
                prop_assert!(policy.max_age.as_secs() <= MAX_AGE);
                prop_assert!(policy.mode == StsMode::None || !policy.hosts.is_empty());
                for host in &policy.hosts {
                    prop_assert!(policy.permits(&host.replace('*', "one")), "{}", host);
                }
            }
        }
    }

    #[test]
    fn a_wildcard_matches_one_label() {
        let of = |pattern: &str| Policy {
            mode: StsMode::Enforce,
            hosts: vec!["first.example".to_owned(), pattern.to_owned()],
            max_age: Duration::from_secs(1),
        };
        for (pattern, host, is_permitted) in [
            ("mx.kundo.se", "mx.kundo.se", true),
            ("mx.kundo.se", "mx2.kundo.se", false),
            ("mx.kundo.se", "a.mx.kundo.se", false),
            ("mx.kundo.se", "first.example", true),
            ("*.kundo.se", "mx.kundo.se", true),
            ("*.kundo.se", "kundo.se", false),
            ("*.kundo.se", "a.mx.kundo.se", false),
            ("*.kundo.se", "mx.notkundo.se", false),
            ("*.kundo.se", "se", false),
        ] {
            assert_eq!(of(pattern).permits(host), is_permitted, "{pattern} {host}");
        }
    }
}
