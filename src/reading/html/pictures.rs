//! Pictures within a mail, to which its HTML refers by Content-ID (RFC 2392).

use std::collections::HashMap;
use std::rc::Rc;

/// Maximum total size of the data URIs, in bytes.
const MAX_BYTES: usize = 5 << 20;
/// Maximum number of lookups.
const MAX_LOOKUPS: usize = 200;
/// Maximum length of a Content-ID.
const MAX_ID_LENGTH: usize = 1000;

/// Looks up the pictures of a mail, within the limits. Each picture is converted once, even if it is used several times.
pub struct Pictures<'a> {
    find: &'a dyn Fn(&str) -> Option<String>,
    cache: HashMap<String, Option<Rc<str>>>,
    bytes: usize,
    lookups: usize,
    is_cut: bool,
}

impl<'a> Pictures<'a> {
    pub fn new(find: &'a dyn Fn(&str) -> Option<String>) -> Self {
        Self { find, cache: HashMap::new(), bytes: 0, lookups: 0, is_cut: false }
    }

    /// Whether pictures were left out.
    pub fn is_cut(&self) -> bool {
        self.is_cut
    }

    /// The data URI for a `cid:` URL in an attribute; `None` for any other URL.
    pub fn get(&mut self, written: &str) -> Option<Rc<str>> {
        let (scheme, id) = written.trim().split_at_checked(4)?;
        if !scheme.eq_ignore_ascii_case("cid:") {
            return None;
        }
        if self.lookups >= MAX_LOOKUPS || self.bytes >= MAX_BYTES || id.len() > MAX_ID_LENGTH {
            self.is_cut = true;
            return None;
        }
        self.lookups += 1;
        let id = percent_decoded(&id.replace("&amp;", "&"));
        let found = match self.cache.get(&id) {
            Some(cached) => cached.clone(),
            None => (self.find)(&id).map(Rc::from),
        };
        let fits = found.as_ref().is_none_or(|uri| self.bytes + uri.len() <= MAX_BYTES);
        self.is_cut |= !fits;
        let uri = found.filter(|_| fits);
        self.bytes += uri.as_ref().map_or(0, |uri| uri.len());
        // A picture that does not fit is remembered too, so that it is not converted again.
        self.cache.entry(id).or_insert_with(|| uri.clone());
        uri
    }
}

/// Decodes percent-encoding.
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
