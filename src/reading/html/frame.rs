//! The document in which sanitised HTML is shown, in a frame of its own.

use super::Cleaned;

/// The Content-Security-Policy of [`frame_document`]. Even if something harmful got through, nothing runs, nothing is
/// loaded, no form is sent, and the document has no origin, so it reaches neither the surrounding page nor a session.
/// Links open in a new, unsandboxed window.
pub const FRAME_POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; \
    form-action 'none'; frame-ancestors 'self'; sandbox allow-popups allow-popups-to-escape-sandbox";

const STYLE: &str = "body{margin:1em;font:15px/1.5 system-ui,sans-serif;overflow-wrap:anywhere}\
    img{max-width:100%;height:auto}pre{white-space:pre-wrap}table{max-width:100%}\
    blockquote{margin:0 0 0 .5em;padding-left:.75em;border-left:2px solid #8888}";

/// A complete document for a frame. `lang` is the language of the page, since that of the mail is unknown. Mails are
/// designed for a white background, so `dark` is only for readers who ask for it. `cut` is the note that is shown if
/// something was left out.
pub fn frame_document(clean: &Cleaned, lang: &str, dark: bool, cut: &str) -> String {
    let lang: String = lang.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '-').take(35).collect();
    let (scheme, colours) = match dark {
        true => ("dark", "color:#e6e6e6;background:#1b1b1b"),
        false => ("light", "color:#1b1b1b;background:#fff"),
    };
    let note = if clean.is_cut { format!("<p><em>{}</em></p>", super::escaped(cut)) } else { String::new() };
    format!(
        "<!DOCTYPE html>\n<html lang=\"{lang}\"><head><meta charset=\"utf-8\"><title>-</title>\
         <meta name=\"referrer\" content=\"no-referrer\"><meta name=\"viewport\" content=\"width=device-width\">\
         <style>:root{{color-scheme:{scheme}}}body{{{colours}}}{STYLE}</style></head>\n<body>{note}{}</body></html>\n",
        clean.html
    )
}
