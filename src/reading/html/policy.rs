//! The allow-list: everything else is removed.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::io::Read;
use std::sync::LazyLock;
use std::time::Instant;

use ammonia::{Builder, UrlRelative};

use super::allowed::{GLOBAL_ATTRIBUTES, extra_attributes, tags};
use super::{Budget, style};

static POLICY: LazyLock<Builder<'static>> = LazyLock::new(|| {
    let mut policy = Builder::empty();
    policy
        .tags(tags().collect())
        .generic_attributes(HashSet::from(GLOBAL_ATTRIBUTES))
        .tag_attributes(tags().map(|tag| (tag, extra_attributes(tag).iter().copied().collect())).collect())
        // `data` is allowed for pictures and the other schemes for links; `filter_attribute` distinguishes them.
        .url_schemes(HashSet::from(["http", "https", "mailto", "data"]))
        .url_relative(UrlRelative::Deny)
        .clean_content_tags(HashSet::from(["script", "style", "title", "textarea", "iframe", "noembed", "noframes"]))
        .link_rel(Some("noopener noreferrer nofollow"))
        .set_tag_attribute_values(HashMap::from([("a", HashMap::from([("target", "_blank")]))]))
        .filter_style_properties(HashSet::from(style::PROPERTIES))
        .attribute_filter(filter_attribute);
    policy
});

/// Removes everything that is not allowed. If time runs out, the rest is cut off.
pub fn apply(html: &str, budget: &Budget) -> String {
    // Parsing gets half of the time: cleaning and serialising the tree takes about as long as building it.
    let source = Source { rest: html.as_bytes(), until: budget.half_time(), budget };
    POLICY.clean_from_reader(source).map(|document| document.to_string()).unwrap_or_default()
}

/// A reader of HTML whose input ends when the time is up. A running parser cannot be stopped in any other way.
struct Source<'a> {
    rest: &'a [u8],
    until: Instant,
    budget: &'a Budget,
}

impl Read for Source<'_> {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        if !self.rest.is_empty() && Instant::now() >= self.until {
            self.budget.exhaust();
            return Ok(0);
        }
        self.rest.read(into)
    }
}

/// The allowed value of an attribute, or `None`.
fn filter_attribute<'v>(tag: &str, attribute: &str, value: &'v str) -> Option<Cow<'v, str>> {
    let is_allowed = match attribute {
        "href" => is_link(value),
        "src" => tag == "img" && is_picture(value),
        "style" => return style::sanitized(value).map(Cow::Owned),
        // These values are plain text or not visible.
        "alt" | "title" | "rel" | "target" => true,
        // The other values are numbers, lengths, colours, languages and lists of fonts.
        _ => value.chars().all(|c| c.is_alphanumeric() || " #%,.-_+*'".contains(c)),
    };
    is_allowed.then_some(Cow::Borrowed(value))
}

/// Whether a link has an absolute URL with an allowed scheme.
fn is_link(value: &str) -> bool {
    let begins = |scheme: &str| value.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme));
    (begins("http://") || begins("https://") || begins("mailto:")) && !value.contains(char::is_control)
}

/// Whether a data URI is a raster picture.
fn is_picture(uri: &str) -> bool {
    let kinds = ["png", "jpeg", "gif", "webp"];
    let data =
        kinds.iter().find_map(|kind| uri.strip_prefix("data:image/")?.strip_prefix(kind)?.strip_prefix(";base64,"));
    data.is_some_and(|data| data.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+/=".contains(&byte)))
}
