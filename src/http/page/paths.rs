//! The paths of pages that other pages link to.

pub fn mailbox(address: &str) -> String {
    format!("/mailboxes/{}", encoded(address))
}

pub fn inbox(address: &str) -> String {
    format!("/inboxes/{}", encoded(address))
}

pub fn target(id: i64) -> String {
    format!("/targets/{id}")
}

/// An address as a path segment (RFC 3986 3.3), encoded like `urlencode_strict` in the templates.
fn encoded(address: &str) -> String {
    let mut path = String::new();
    for byte in address.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => path.push(char::from(byte)),
            byte => path.push_str(&format!("%{byte:02X}")),
        }
    }
    path
}
