//! The pictures that HTML calls for by their Content-ID (RFC 2392).

use std::collections::HashMap;
use std::rc::Rc;

/// So much of them is put in, as data URIs, in all, and so many are asked for.
const MOST_BYTES: usize = 5 << 20;
const MOST_ASKED: usize = 200;
/// A longer name is no Content-ID.
const LONGEST_ID: usize = 1000;

/// Gives pictures as long as they are few and small. Each is made once, however often it is called for.
pub struct Pictures<'a> {
    find: &'a dyn Fn(&str) -> Option<String>,
    made: HashMap<String, Option<Rc<str>>>,
    bytes: usize,
    asked: usize,
    is_cut: bool,
}

impl<'a> Pictures<'a> {
    pub fn new(find: &'a dyn Fn(&str) -> Option<String>) -> Self {
        Self { find, made: HashMap::new(), bytes: 0, asked: 0, is_cut: false }
    }

    /// Whether some were left out.
    pub fn is_cut(&self) -> bool {
        self.is_cut
    }

    /// The data URI for a `cid:` address as it stands in an attribute; `None` for any other address.
    pub fn get(&mut self, written: &str) -> Option<Rc<str>> {
        let (scheme, id) = written.trim().split_at_checked(4)?;
        if !scheme.eq_ignore_ascii_case("cid:") {
            return None;
        }
        if self.asked >= MOST_ASKED || self.bytes >= MOST_BYTES || id.len() > LONGEST_ID {
            self.is_cut = true;
            return None;
        }
        self.asked += 1;
        let id = percent_decoded(&id.replace("&amp;", "&"));
        let found = match self.made.get(&id) {
            Some(made) => made.clone(),
            None => (self.find)(&id).map(Rc::from),
        };
        let fits = found.as_ref().is_none_or(|uri| self.bytes + uri.len() <= MOST_BYTES);
        self.is_cut |= !fits;
        let uri = found.filter(|_| fits);
        self.bytes += uri.as_ref().map_or(0, |uri| uri.len());
        // One that does not fit is not made again.
        self.made.entry(id).or_insert_with(|| uri.clone());
        uri
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
