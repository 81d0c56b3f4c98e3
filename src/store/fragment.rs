//! Pieces of SQL that several statements share, each under a name that the statements write in braces.

use std::borrow::Cow;

/// Every fragment. A fragment may name others that stand after it.
const FRAGMENTS: &[(&str, &str)] = &[];

/// The text with each `{name}` of a fragment replaced by it. `{rows}` and `{list}` stay: the statement fills them in.
pub(super) fn expand(text: &'static str) -> Cow<'static, str> {
    let mut text = Cow::Borrowed(text);
    for (name, fragment) in FRAGMENTS {
        if text.contains(name) {
            text = Cow::Owned(text.replace(name, fragment));
        }
    }
    text
}
