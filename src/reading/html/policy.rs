//! What is allowed: everything that is not named here is taken out.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::io::Read;
use std::sync::LazyLock;
use std::time::Instant;

use ammonia::{Builder, UrlRelative};

use super::allowed::{ANYWHERE, besides, known};
use super::{Budget, style};

static POLICY: LazyLock<Builder<'static>> = LazyLock::new(|| {
    let mut policy = Builder::empty();
    policy
        .tags(known().collect())
        .generic_attributes(HashSet::from(ANYWHERE))
        .tag_attributes(known().map(|tag| (tag, besides(tag).iter().copied().collect())).collect())
        // `data` for pictures, the rest for links; which where, `filtered` says.
        .url_schemes(HashSet::from(["http", "https", "mailto", "data"]))
        .url_relative(UrlRelative::Deny)
        .clean_content_tags(HashSet::from(["script", "style", "title", "textarea", "iframe", "noembed", "noframes"]))
        .link_rel(Some("noopener noreferrer nofollow"))
        .set_tag_attribute_values(HashMap::from([("a", HashMap::from([("target", "_blank")]))]))
        .filter_style_properties(HashSet::from(style::PROPERTIES))
        .attribute_filter(filtered);
    policy
});

/// Takes out what is not allowed. What there is no time for is left off at the end.
pub fn apply(html: &str, budget: &Budget) -> String {
    // The tree that is made of it costs about as much to clean and to write down as to make.
    let source = Source { rest: html.as_bytes(), until: budget.half(), budget };
    POLICY.clean_from_reader(source).map(|document| document.to_string()).unwrap_or_default()
}

/// HTML that ends when its time is over: a parser that has begun with some of it cannot be stopped otherwise.
struct Source<'a> {
    rest: &'a [u8],
    until: Instant,
    budget: &'a Budget,
}

impl Read for Source<'_> {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        if !self.rest.is_empty() && Instant::now() >= self.until {
            self.budget.ends();
            return Ok(0);
        }
        self.rest.read(into)
    }
}

/// What becomes of an attribute's value.
fn filtered<'v>(tag: &str, attribute: &str, value: &'v str) -> Option<Cow<'v, str>> {
    let is_allowed = match attribute {
        "href" => is_link(value),
        "src" => tag == "img" && is_picture(value),
        "style" => return style::safe(value).map(Cow::Owned),
        // Words, which a reader sees or a browser keeps to itself.
        "alt" | "title" | "rel" | "target" => true,
        // Numbers, lengths, colours, languages, lists of fonts.
        _ => value.chars().all(|c| c.is_alphanumeric() || " #%,.-_+*'".contains(c)),
    };
    is_allowed.then_some(Cow::Borrowed(value))
}

/// Whether it leads to a page or an address, and says so itself.
fn is_link(value: &str) -> bool {
    let begins = |scheme: &str| value.get(..scheme.len()).is_some_and(|its| its.eq_ignore_ascii_case(scheme));
    (begins("http://") || begins("https://") || begins("mailto:")) && !value.contains(char::is_control)
}

/// Whether it is a picture of a kind that is only a picture.
fn is_picture(uri: &str) -> bool {
    let kinds = ["png", "jpeg", "gif", "webp"];
    let data =
        kinds.iter().find_map(|kind| uri.strip_prefix("data:image/")?.strip_prefix(kind)?.strip_prefix(";base64,"));
    data.is_some_and(|data| data.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+/=".contains(&byte)))
}
