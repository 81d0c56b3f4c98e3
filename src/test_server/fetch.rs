//! Answers FETCH, with the faults of the account.

use super::account::{Folder, Message};
use super::faults::{Body, Faults, Parts, Sizes};
use super::wire::untagged;

/// The substitute that Exchange sends for a mail that it cannot retrieve (OfflineIMAP/offlineimap#62).
fn substitute(uid: u32) -> Vec<u8> {
    format!(
        "From: \"Microsoft Exchange Server\" <>\r\nSubject: Retrieval using the IMAP4 protocol failed for the following \
         message: {uid}\r\n\r\nThe server couldn't retrieve the following message.\r\n"
    )
    .into_bytes()
}

/// The answers for these UIDs. `Err` is the tagged refusal, or empty if the connection breaks.
pub fn answer(folder: &Folder, uids: &[u32], items: &str, faults: &Faults, out: &mut Vec<u8>) -> Result<(), String> {
    for uid in uids.iter().filter(|uid| !faults.hidden_from_fetch.contains(uid)) {
        let Some((at, message)) = folder.messages.iter().enumerate().find(|(_, message)| message.uid == *uid) else {
            continue;
        };
        let number = at + 1;
        let asks_for_body = items.contains("BODY[]") || items.contains("BODY.PEEK[]") || items.contains("RFC822)");
        let fault = faults.bodies.get(uid).copied().filter(|_| asks_for_body);
        if faults.unsolicited {
            untagged(out, &format!("{number} FETCH (FLAGS (\\Seen))"));
            untagged(out, &format!("{} FETCH (UID {} FLAGS (\\Answered))", number + 1, uid.saturating_add(1)));
            untagged(out, "999 EXPUNGE");
            untagged(out, &format!("{} EXISTS", folder.messages.len()));
        }
        if items.contains("RFC822.SIZE") && faults.breaks_at_size_of.contains(uid) {
            return Err(String::new());
        }
        let items_text = items_text(message, items, faults);
        match fault {
            Some(Body::Refused) => {
                return Err("NO [UNAVAILABLE] UID FETCH Server error while fetching messages".to_owned());
            }
            Some(Body::Bye) => {
                untagged(out, "BYE Internal error occurred. Refer to server log for more information.");
                return Err(String::new());
            }
            Some(Body::Absent) => untagged(out, &format!("{number} FETCH (UID {uid})")),
            Some(Body::Nil) => untagged(out, &format!("{number} FETCH (UID {uid}{items_text} BODY[] NIL)")),
            Some(Body::Split) => {
                untagged(out, &format!("{number} FETCH (UID {uid} FLAGS (\\Seen))"));
                let begin = format!("* {number} FETCH (UID {uid}");
                body(message, begin, &FetchRequest { items, faults, fault: None }, out)?;
            }
            Some(Body::OtherUid(other)) => {
                let begin = format!("* {number} FETCH (UID {other}{items_text}");
                body(message, begin, &FetchRequest { items, faults, fault: None }, out)?;
            }
            fault => {
                let begin = format!("* {number} FETCH (UID {uid}{items_text}");
                body(message, begin, &FetchRequest { items, faults, fault }, out)?;
            }
        }
    }
    Ok(())
}

fn items_text(message: &Message, items: &str, faults: &Faults) -> String {
    let mut items_text = String::new();
    if items.contains("FLAGS") {
        let flags: Vec<&str> = message.flags.iter().map(String::as_str).collect();
        items_text.push_str(&format!(" FLAGS ({})", flags.join(" ")));
    }
    if items.contains("INTERNALDATE") {
        items_text.push_str(&format!(" INTERNALDATE \"{}\"", message.date.strftime("%e-%b-%Y %H:%M:%S +0000")));
    }
    if items.contains("RFC822.SIZE") {
        let size = message.bytes.len();
        match faults.sizes {
            Sizes::Correct => items_text.push_str(&format!(" RFC822.SIZE {size}")),
            Sizes::Missing => {}
            Sizes::Zero => items_text.push_str(" RFC822.SIZE 0"),
            Sizes::Negative => items_text.push_str(" RFC822.SIZE -1"),
            Sizes::MultipliedBy(factor) => {
                items_text.push_str(&format!(" RFC822.SIZE {}", size as u64 * u64::from(factor)))
            }
            Sizes::DividedBy(part) => {
                items_text.push_str(&format!(" RFC822.SIZE {}", size as u64 / u64::from(part.max(1))))
            }
        }
    }
    items_text
}

/// The requested items, and the faults of the answer.
struct FetchRequest<'a> {
    items: &'a str,
    faults: &'a Faults,
    /// The fault of this mail's body, if it has one.
    fault: Option<Body>,
}

/// Writes one answer: `begin`, then the requested sections.
fn body(message: &Message, begin: String, request: &FetchRequest<'_>, out: &mut Vec<u8>) -> Result<(), String> {
    let FetchRequest { items, faults, fault } = *request;
    let start = out.len();
    out.extend(begin.into_bytes());
    let substitute = substitute(message.uid);
    let whole: &[u8] = match fault {
        Some(Body::Substitute) => &substitute,
        Some(Body::Empty) => &[],
        _ => &message.bytes,
    };
    let header_end = whole.windows(4).position(|end| end == b"\r\n\r\n").map_or(whole.len(), |end| end + 4);
    for (request, name, content) in [
        ("BODY.PEEK[]", "BODY[]", whole),
        ("BODY[]", "BODY[]", whole),
        ("BODY.PEEK[HEADER]", "BODY[HEADER]", whole.get(..header_end).unwrap_or_default()),
        ("BODY.PEEK[HEADER.FIELDS (MESSAGE-ID)]", "BODY[HEADER.FIELDS (MESSAGE-ID)]", &message_id(whole)),
    ] {
        let Some((_, behind)) = items.split_once(request) else { continue };
        let (origin, part, blank) = part(behind, content, faults).inspect_err(|_| out.truncate(start))?;
        let (announced, sent, after): (usize, &[u8], &[u8]) = match fault {
            Some(Body::LiteralTooLong(missing)) => (part.len() + missing, part, b""),
            Some(Body::LiteralTooShort(more)) => (part.len().saturating_sub(more), part, b""),
            Some(Body::LineEndOutside) => (part.len().saturating_sub(2), part, b""),
            Some(Body::Cut) => (part.len(), part.get(..part.len() / 2).unwrap_or_default(), b""),
            _ => (part.len(), part, b""),
        };
        out.extend(format!(" {name}{origin}{blank}{{{announced}}}\r\n").into_bytes());
        out.extend(sent);
        out.extend(after);
        if fault == Some(Body::Cut) {
            return Err(String::new());
        }
    }
    out.extend(b")\r\n");
    Ok(())
}

/// The Message-ID field with its line end, and an empty line.
fn message_id(mail: &[u8]) -> Vec<u8> {
    let is_field = |line: &&[u8]| line.get(..11).is_some_and(|start| start.eq_ignore_ascii_case(b"message-id:"));
    let field =
        mail.split_inclusive(|byte| *byte == b'\n').take_while(|line| !line.trim_ascii().is_empty()).find(is_field);
    [field.unwrap_or_default(), b"\r\n"].concat()
}

/// The origin as the answer states it, the part that `<origin.count>` after the section requests, and the space before
/// the literal.
fn part<'a>(behind: &str, content: &'a [u8], faults: &Faults) -> Result<(String, &'a [u8], &'static str), String> {
    let request = behind.strip_prefix('<').and_then(|rest| rest.split_once('>')).map(|(request, _)| request);
    let Some((origin, count)) = request.and_then(|request| request.split_once('.')) else {
        return Ok((String::new(), content, " "));
    };
    let (start, count) = (origin.parse().unwrap_or(0), count.parse().unwrap_or(usize::MAX));
    let cut = |start: usize, count: usize| {
        let end = start.saturating_add(count).min(content.len());
        content.get(start..end).unwrap_or_default()
    };
    let right = cut(start, count);
    Ok(match faults.parts {
        Parts::Correct => (format!("<{origin}>"), right, " "),
        Parts::Whole => (String::new(), content, " "),
        Parts::Echoed => (format!("<{origin}.{count}>"), right, " "),
        Parts::FromStart => ("<0>".to_owned(), cut(0, count), " "),
        Parts::TooLong => (format!("<{origin}>"), cut(start, count.saturating_add(1)), " "),
        Parts::Empty => (format!("<{origin}>"), &[], " "),
        Parts::NoSpace => (format!("<{origin}>"), right, ""),
        Parts::RefusedBehindEnd if right.is_empty() => return Err("NO the offset is behind the end".to_owned()),
        Parts::RefusedBehindEnd => (format!("<{origin}>"), right, " "),
    })
}
