//! Replaces the parts of an answer that differ between two runs, and nothing else.

use regex_lite::Regex;

/// Pattern and replacement, applied from top to bottom.
const TABLE: &[(&str, &str)] = &[
    // The mails of the tests are from March 2026: their dates are kept, in a form that the patterns below do not match.
    (r"2026-03-(\d\d)", "MARCH-$1"),
    (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", "YYYY-MM-DDThh:mm:ssZ"),
    (r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", "YYYY-MM-DD hh:mm:ss"),
    (r"\d{4}-\d\d-\d\d \d\d:\d\d", "YYYY-MM-DD hh:mm"),
    (r"\b20\d\d-\d\d-\d\d\b", "YYYY-MM-DD"),
    (r"\b(just now|\d+ (minute|hour|day)s? ago)", "AGE"),
    (r"\b(nyss\b|för \d+ (minut|minuter|timme|timmar|dag|dagar) sedan)", "AGE"),
    (r"\bin \d+ (minute|hour|day)s?\b", "in TIME"),
    (r"\bom \d+ (minut|minuter|timme|timmar|dag|dagar)\b", "om TIME"),
    (r#""seconds": [0-9.e-]+"#, r#""seconds": 0"#),
    (r"\b[0-9.]+(e-\d+)? s\b", "SECONDS s"),
    // Keys, tokens, sessions, and the state and the challenge of a consent.
    (r"\bmf_[A-Za-z0-9_-]{43}", "mf_TOKEN"),
    (r"/(setup|invitation|customer)/[A-Za-z0-9_-]{43}", "/$1/KEY"),
    (r"(__Host-[a-z]+)=[A-Za-z0-9_-]{43}", "$1=KEY"),
    (r"\b(state|nonce|code_challenge)=[A-Za-z0-9_-]{20,}", "$1=RANDOM"),
    (r#"name="invitation" value="[0-9a-f]{64}""#, r#"name="invitation" value="HASH""#),
    (r#"("key": "|, key |key )[0-9a-f]{8,}\b"#, "${1}KEY"),
    (r"\bTEST[A-Z0-9]{8}\b", "TESTCODE"),
    // Values that depend on the build and on the machine.
    (r"/assets/[0-9a-f]{12}/", "/assets/VERSION/"),
    (r"\b0\.1\.0\b", "VERSION"),
    (r"(127\.0\.0\.1|localhost)(:|%3A)\d{4,5}\b", "$1${2}PORT"),
    // The list of all time zones of this machine.
    (r"<option>(UTC|[A-Za-z]+/[A-Za-z0-9_/+-]+)</option>\s*", ""),
];

#[derive(Clone)]
pub struct Masks {
    known: Vec<(Regex, String)>,
    table: Vec<(Regex, &'static str)>,
}

impl Masks {
    pub fn new() -> Self {
        let table = TABLE.iter().map(|(pattern, name)| (Regex::new(pattern).unwrap(), *name)).collect();
        Self { known: Vec::new(), table }
    }

    /// Masks a text that only this run has, such as a port or a folder.
    pub fn mask(&mut self, text: &str, name: &str) {
        let begin = if text.starts_with(|c: char| c.is_alphanumeric()) { r"\b" } else { "" };
        let end = if text.ends_with(|c: char| c.is_alphanumeric()) { r"\b" } else { "" };
        let pattern = Regex::new(&format!("{begin}{}{end}", regex_lite::escape(text))).unwrap();
        self.known.push((pattern, name.to_owned()));
    }

    pub fn apply(&self, text: &str) -> String {
        let known = self.known.iter().map(|(pattern, name)| (pattern, name.as_str()));
        let table = self.table.iter().map(|(pattern, name)| (pattern, *name));
        known.chain(table).fold(text.to_owned(), |text, (pattern, name)| pattern.replace_all(&text, name).into_owned())
    }
}

#[test]
fn only_values_that_differ_between_two_runs_are_masked() {
    let mut masks = Masks::new();
    masks.mask("/tmp/mailferry-x1", "DIR");
    masks.mask("23456", "JOBB-PORT");
    let key = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNO-_";
    let hash = "0123456789abcdef".repeat(4);
    for (text, wanted) in [
        ("/tmp/mailferry-x1/vault.key and /tmp/mailferry-x12", "DIR/vault.key and /tmp/mailferry-x12"),
        ("port 23456, 234567 bytes", "port JOBB-PORT, 234567 bytes"),
        ("2026-03-03T08:30:00Z, 2026-11-28T14:38:27Z", "MARCH-03T08:30:00Z, YYYY-MM-DDThh:mm:ssZ"),
        ("(2026-11-28 14:38:27) 2026-11-28 14:38", "(YYYY-MM-DD hh:mm:ss) YYYY-MM-DD hh:mm"),
        ("1 minute ago, just now, in 23 hours", "AGE, AGE, in TIME"),
        ("för 2 timmar sedan, nyss, om 1 dag, om 3 mejl", "AGE, AGE, om TIME, om 3 mejl"),
        ("\"seconds\": 0.013, 3 imported, 0.02 s", "\"seconds\": 0, 3 imported, SECONDS s"),
        (&format!("mf_{key} x"), "mf_TOKEN x"),
        (&format!("http://localhost:8025/customer/{key}"), "http://localhost:PORT/customer/KEY"),
        (&format!("?state={key}&code_challenge={key}"), "?state=RANDOM&code_challenge=RANDOM"),
        ("/?state=needs-person", "/?state=needs-person"),
        ("redirect_uri=http%3A%2F%2Flocalhost%3A20161%2Foauth", "redirect_uri=http%3A%2F%2Flocalhost%3APORT%2Foauth"),
        (&format!("__Host-mailferry={key}; Path=/"), "__Host-mailferry=KEY; Path=/"),
        (&format!("\"sha256\": \"{hash}\""), &format!("\"sha256\": \"{hash}\"")),
        (&format!("name=\"invitation\" value=\"{hash}\""), "name=\"invitation\" value=\"HASH\""),
        ("/assets/0123456789ab/mailferry.css", "/assets/VERSION/mailferry.css"),
        ("mailferry 0.1.0, 10.1.0.1, port 993", "mailferry VERSION, 10.1.0.1, port 993"),
        ("<option>UTC</option>\n<option>Europe/Oslo</option>\n<option>default</option>", "<option>default</option>"),
        ("Test TEST2A7KQXRM, TEST", "Test TESTCODE, TEST"),
    ] {
        assert_eq!(masks.apply(text), wanted);
    }
}
