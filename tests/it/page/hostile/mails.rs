//! Mails that carry the payloads in every field and part, each in a folder that is named after the payload.

use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, STANDARD_NO_PAD},
};

use super::payloads::Payload;
use crate::support::{
    dovecot::{self, Dovecot},
    facts::JOBB,
    imap_client::ImapClient,
};

/// Dovecot with folders of any name: no name contains its separator, and characters that are forbidden in file names are escaped.
const ANY_FOLDER: &str = "namespace inbox {\n  separator = ^\n}\nmail_plugins = listescape\n";

/// The number of mails in a batch, which one search finds together.
const BATCH: usize = 40;

/// A server with all these mails.
pub fn server(payloads: &[Payload]) -> Dovecot {
    let server = Dovecot::start_with(&[JOBB], ANY_FOLDER, |certs| &certs.good);
    let mut client = ImapClient::login(server.imap, JOBB, dovecot::PASSWORD);
    for payload in payloads {
        let (folder, mail) = (on_the_wire(&folder(payload)), mail(payload));
        client.command(&format!("CREATE {folder}"));
        client.command(&format!("APPEND {folder} {{{}+}}\r\n{mail}", mail.len()));
    }
    server
}

/// The folder that is named after the payload.
pub fn folder(payload: &Payload) -> String {
    payload.without_controls()
}

/// The batches of payloads, each with the search word that finds all its mails.
pub fn batches(payloads: &[Payload]) -> Vec<(String, &[Payload])> {
    payloads.chunks(BATCH).map(|chunk| (batch(&chunk[0]), chunk)).collect()
}

fn batch(payload: &Payload) -> String {
    format!("sheaf{}", (payload.number - 1) / BATCH)
}

pub fn message_id(payload: &Payload) -> String {
    format!("<mail-{}@{}.example>", payload.number, batch(payload))
}

/// The sender's address, made of characters that an address may contain: a tag that a later `>` of the page would close.
pub fn sender(payload: &Payload) -> String {
    let kept = payload.text.chars().filter(|c| (c.is_ascii_graphic() || *c == ' ') && !r">\,;".contains(*c));
    let kept = kept.map(|c| match c {
        ' ' => '/',
        '(' | ')' => '`',
        other => other,
    });
    // Breaks up "=?", because an encoded word would be decoded.
    format!("{}@{}.example", kept.collect::<String>().replace("=?", "="), batch(payload))
}

fn mail(payload: &Payload) -> String {
    let Payload { number, text } = payload;
    let word = encoded_word(*number, text);
    let subject = if number % 4 == 3 && is_plain(text) { text.clone() } else { word.clone() };
    let (html, charset) = html(payload);
    let (plain, html, file) = (in_lines(text.as_bytes()), in_lines(html.as_bytes()), file_name(*number, text));
    let (sender, id) = (sender(payload), message_id(payload));
    format!(
        "From: {word} <{sender}>\r\nTo: {word} <{JOBB}>\r\nCc: {word} <cc@hostile.example>\r\nSubject: {subject}\r\n\
         Message-ID: {id}\r\nDate: Tue, 03 Mar 2026 09:30:00 +0100\r\nMIME-Version: 1.0\r\n\
         Content-Type: multipart/mixed; boundary=outer\r\n\r\n\
         --outer\r\nContent-Type: multipart/alternative; boundary=inner\r\n\r\n\
         --inner\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n{plain}\r\n\
         --inner\r\nContent-Type: text/html; charset={charset}\r\nContent-Transfer-Encoding: base64\r\n\r\n{html}\r\n\
         --inner--\r\n\
         --outer\r\nContent-Type: text/html\r\nContent-Disposition: attachment;{file}\r\n\r\n\
         <script>alert('an attachment is never shown')</script>\r\n--outer--\r\n"
    )
}

/// A body with the payload as escaped text, in a title attribute (from which it breaks out if a page unescapes it), and raw;
/// and the charset of the body.
fn html(payload: &Payload) -> (String, &'static str) {
    let text = &payload.text;
    let words = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;");
    // A UTF-7 payload is sent with the charset UTF-7. Its escaped copies encode each `+`, so that they still mean this text.
    let (words, charset) =
        if text.starts_with('+') { (words.replace('+', "+ACs-"), "utf-7") } else { (words, "utf-8") };
    (format!("<p title=\"{words}\">{words}</p>\r\n{text}\r\n<p>the end</p>"), charset)
}

/// Whether the payload can be written raw in a header without changing its meaning.
fn is_plain(text: &str) -> bool {
    !text.contains("=?") && !text.contains(char::is_control) && text.trim() == text
}

/// Encodes a text in one of the forms of RFC 2047.
fn encoded_word(number: usize, text: &str) -> String {
    match number % 3 {
        0 => format!("=?utf-8?B?{}?=", STANDARD.encode(text)),
        1 => format!("=?utf-8?Q?{}?=", text.bytes().map(|byte| format!("={byte:02X}")).collect::<String>()),
        _ => {
            let units: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
            format!("=?utf-7?B?{}?=", STANDARD.encode(format!("+{}-", STANDARD_NO_PAD.encode(units))))
        }
    }
}

/// Encodes a file name in one of the forms that mail programs use: RFC 2231 whole or in pieces, an encoded word, or quotes.
fn file_name(number: usize, text: &str) -> String {
    let percent = |text: &str| text.bytes().map(|byte| format!("%{byte:02X}")).collect::<String>();
    let middle = text.floor_char_boundary(text.len() / 2);
    match number % 4 {
        0 => format!(" filename*=utf-8''{}", percent(text)),
        1 => format!(
            "\r\n filename*0*=utf-8''{};\r\n filename*1*={}",
            percent(&text[..middle]),
            percent(&text[middle..])
        ),
        3 if is_plain(text) => format!(" filename=\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"")),
        _ => format!(" filename=\"=?utf-8?B?{}?=\"", STANDARD.encode(text)),
    }
}

fn in_lines(bytes: &[u8]) -> String {
    let encoded = STANDARD.encode(bytes);
    encoded.as_bytes().chunks(76).map(|line| String::from_utf8_lossy(line) + "\r\n").collect()
}

/// A folder's name on the wire: in modified UTF-7 (RFC 3501 5.1.3) and in quotes.
fn on_the_wire(name: &str) -> String {
    let mut wire = String::new();
    let mut rest = name;
    while let Some(first) = rest.chars().next() {
        let is_plain = |c: char| (' '..='~').contains(&c);
        let end = rest.find(|c: char| is_plain(c) != is_plain(first)).unwrap_or(rest.len());
        let (run, after) = rest.split_at(end);
        if is_plain(first) {
            wire.push_str(&run.replace('&', "&-").replace('\\', "\\\\").replace('"', "\\\""));
        } else {
            let units: Vec<u8> = run.encode_utf16().flat_map(u16::to_be_bytes).collect();
            wire.push_str(&format!("&{}-", STANDARD_NO_PAD.encode(units).replace('/', ",")));
        }
        rest = after;
    }
    format!("\"{wire}\"")
}
