//! Pagination. A cursor holds the name of its list and the key of an item, after which a page begins; clients must treat it
//! as opaque.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;
use serde::de::DeserializeOwned;
use utoipa::ToSchema;

use super::problem::Refusal;

/// A page of a list.
#[derive(Debug, Serialize, ToSchema)]
pub struct Page<T> {
    /// The items on this page.
    pub items: Vec<T>,
    /// The value of `after` for the next page; null on the last page.
    pub next: Option<String>,
}

/// The requested page.
pub struct Paging<K> {
    /// The maximum number of items on the page.
    pub limit: i64,
    /// The key of the item after which the page begins; `None` for the first page.
    pub after: Option<K>,
}

/// The default number of items on a page.
const DEFAULT_LIMIT: i64 = 50;
const MAX_LIMIT: i64 = 200;

impl<K: DeserializeOwned> Paging<K> {
    /// Parses the query of a list.
    ///
    /// # Errors
    /// The limit is out of range, or the cursor does not belong to this list.
    pub fn parse(list: &str, limit: Option<i64>, after: Option<&str>) -> Result<Self, Refusal> {
        let limit = limit.unwrap_or(DEFAULT_LIMIT);
        if !(1..=MAX_LIMIT).contains(&limit) {
            return Err(Refusal::BadRequest(format!("limit must be between 1 and {MAX_LIMIT}")));
        }
        let after = match after {
            Some(text) => Some(
                decode(list, text)
                    .ok_or_else(|| Refusal::BadRequest("after is not a cursor of this list".to_owned()))?,
            ),
            None => None,
        };
        Ok(Self { limit, after })
    }

    /// The number of items to fetch: one more than the page holds, which shows whether there is a next page.
    pub fn fetch_limit(&self) -> i64 {
        self.limit + 1
    }
}

impl<T> Page<T> {
    /// Makes a page of the items that were fetched with [`Paging::fetch_limit`].
    pub fn from_items<K: Serialize>(list: &str, mut items: Vec<T>, limit: i64, key: impl Fn(&T) -> K) -> Self {
        let limit = usize::try_from(limit).unwrap_or(0);
        let has_more = items.len() > limit;
        items.truncate(limit);
        let next = items.last().filter(|_| has_more).map(|last| encode(list, &key(last)));
        Self { items, next }
    }

    /// Converts the items.
    pub fn map<U>(self, view: impl FnMut(T) -> U) -> Page<U> {
        Page { items: self.items.into_iter().map(view).collect(), next: self.next }
    }
}

/// The cursor of the item with this key.
pub fn encode(list: &str, key: &impl Serialize) -> String {
    URL_SAFE_NO_PAD.encode(serde_json::to_string(&(list, key)).unwrap_or_default())
}

fn decode<K: DeserializeOwned>(list: &str, cursor: &str) -> Option<K> {
    let text = String::from_utf8(URL_SAFE_NO_PAD.decode(cursor).ok()?).ok()?;
    // Our cursors never contain U+0000, and PostgreSQL does not accept it.
    if text.contains("\\u0000") {
        return None;
    }
    let (cursor_list, key): (String, K) = serde_json::from_str(&text).ok()?;
    (cursor_list == list).then_some(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_valid_for_its_own_list_only() {
        let cursor = encode("inboxes", &"å@b.se");
        assert_eq!(decode::<String>("inboxes", &cursor).unwrap(), "å@b.se");
        assert!(decode::<String>("routes", &cursor).is_none());
        assert!(decode::<i64>("inboxes", &cursor).is_none());
        for text in ["", "x", "%%", "W10", &encode("inboxes", &"a\0")] {
            assert!(decode::<String>("inboxes", text).is_none(), "{text}");
        }
    }

    #[test]
    fn there_is_a_next_page_only_if_there_are_more_items() {
        assert!(Page::from_items("x", vec![1, 2], 2, |number| *number).next.is_none());
        let page = Page::from_items("x", vec![1, 2, 3], 2, |number| *number);
        assert_eq!((page.items.as_slice(), page.next), ([1, 2].as_slice(), Some(encode("x", &2))));
    }
}
