//! The pictures that HTML calls for by their Content-ID (RFC 2392).

/// So much of them is put in, as data URIs, in all, and so many are asked for.
const MOST_BYTES: usize = 5 << 20;
const MOST_ASKED: usize = 200;

/// Gives pictures as long as they are few and small.
pub struct Pictures<'a> {
    find: &'a dyn Fn(&str) -> Option<String>,
    bytes: usize,
    asked: usize,
}

impl<'a> Pictures<'a> {
    pub fn new(find: &'a dyn Fn(&str) -> Option<String>) -> Self {
        Self { find, bytes: 0, asked: 0 }
    }

    /// The data URI for a `cid:` address as it stands in an attribute; `None` for any other address.
    pub fn get(&mut self, written: &str) -> Option<String> {
        let (scheme, id) = written.trim().split_at_checked(4)?;
        if !scheme.eq_ignore_ascii_case("cid:") || self.asked >= MOST_ASKED {
            return None;
        }
        self.asked += 1;
        let uri = (self.find)(&percent_decoded(&id.replace("&amp;", "&")))?;
        let bytes = self.bytes + uri.len();
        (bytes <= MOST_BYTES).then(|| {
            self.bytes = bytes;
            uri
        })
    }
}

/// What a URL cannot hold stands in it as `%40`.
fn percent_decoded(id: &str) -> String {
    let mut bytes = Vec::with_capacity(id.len());
    let mut rest = id.as_bytes();
    while let Some((byte, after)) = rest.split_first() {
        let digits = after.get(..2).and_then(|digits| std::str::from_utf8(digits).ok());
        match digits.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(decoded) if *byte == b'%' => {
                bytes.push(decoded);
                rest = after.get(2..).unwrap_or_default();
            }
            _ => {
                bytes.push(*byte);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
