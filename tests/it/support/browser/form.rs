//! A minimal parser for the first form of a page.

/// The URL that the form is sent to.
pub fn target(page_url: &str, body: &str) -> String {
    let action = tags(form(body), "<form").next().and_then(|tag| attribute(tag, "action")).unwrap_or_default();
    let (scheme, rest) = page_url.split_once("://").unwrap();
    let path_begins = rest.find('/').unwrap_or(rest.len());
    match action {
        action if action.is_empty() => page_url.to_owned(),
        action if action.contains("://") => action,
        action if action.starts_with('/') => format!("{scheme}://{}{action}", &rest[..path_begins]),
        action => {
            let path = rest.split(['?', '#']).next().unwrap_or(rest);
            let folder = path.rfind('/').map_or(path, |slash| &path[..slash]);
            format!("{scheme}://{folder}/{action}")
        }
    }
}

/// The hidden fields, such as a CSRF token.
pub fn hidden_fields(body: &str) -> Vec<(String, String)> {
    tags(form(body), "<input")
        .filter(|tag| attribute(tag, "type").as_deref() == Some("hidden"))
        .filter_map(|tag| Some((attribute(tag, "name")?, attribute(tag, "value").unwrap_or_default())))
        .collect()
}

fn form(body: &str) -> &str {
    let form = &body[body.find("<form").expect("a form")..];
    &form[..form.find("</form>").unwrap_or(form.len())]
}

fn tags<'a>(html: &'a str, beginning: &'a str) -> impl Iterator<Item = &'a str> {
    html.match_indices(beginning).map(|(at, _)| &html[at..]).map(|tag| &tag[..tag.find('>').unwrap_or(tag.len())])
}

fn attribute(tag: &str, name: &str) -> Option<String> {
    let (_, rest) = tag.split_once(&format!(" {name}=\""))?;
    let (value, _) = rest.split_once('"')?;
    let marks = [
        ("&quot;", "\""),
        ("&#34;", "\""),
        ("&#39;", "'"),
        ("&#x2F;", "/"),
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&amp;", "&"),
    ];
    Some(marks.iter().fold(value.to_owned(), |value, (written, meant)| value.replace(written, meant)))
}
