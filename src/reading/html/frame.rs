//! The frame that cleaned HTML is shown in: a document of its own.

use super::Cleaned;

/// The Content-Security-Policy that [`frame_document`] is served with. Even if something got through, nothing runs, nothing is
/// loaded, no form is sent, and the document has no origin: it reaches neither the page around it nor a session. Links open
/// elsewhere, without the sandbox.
pub const FRAME_POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; \
    form-action 'none'; frame-ancestors 'self'; sandbox allow-popups allow-popups-to-escape-sandbox";

const STYLE: &str = "body{margin:1em;font:15px/1.5 system-ui,sans-serif;overflow-wrap:anywhere}\
    img{max-width:100%;height:auto}pre{white-space:pre-wrap}table{max-width:100%}\
    blockquote{margin:0 0 0 .5em;padding-left:.75em;border-left:2px solid #8888}";

/// A whole document for a frame. `lang` is the page's language: the mail's own is not known. Mails are written for white
/// paper, so `dark` is only for those who ask for it.
/// `cut` says that something was left out, where it was.
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
