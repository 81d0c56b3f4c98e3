//! The answers of an ordinary, correct IMAP server with given messages in the folder INBOX. It preserves every byte: bare LF, NUL
//! and everything that Dovecot and GreenMail would change. The scripted server falls back on it, so that a dialogue only has to
//! describe where its server differs.

pub const UID_VALIDITY: u32 = 17;

/// The answer to one command line without its CRLF; `None` for an unknown command.
pub fn answer(line: &str, messages: &[Vec<u8>]) -> Option<Vec<u8>> {
    answer_without(0, "OK done", line, messages)
}

/// Like `answer`, but FETCH omits one UID, and the tagged line is replaced.
pub fn answer_without(omitted: usize, end: &str, line: &str, messages: &[Vec<u8>]) -> Option<Vec<u8>> {
    let (tag, command) = line.split_once(' ')?;
    let upper = command.to_ascii_uppercase();
    let mut answer = Vec::new();
    let mut untagged = |text: String| answer.extend(format!("* {text}\r\n").into_bytes());
    let count = messages.len();
    match upper.split(' ').next()? {
        "CAPABILITY" => untagged("CAPABILITY IMAP4rev1 SASL-IR UIDPLUS MOVE ID NAMESPACE".to_owned()),
        "LOGIN" | "AUTHENTICATE" | "NOOP" => {}
        "ID" => untagged("ID NIL".to_owned()),
        "NAMESPACE" => untagged("NAMESPACE ((\"\" \"/\")) NIL NIL".to_owned()),
        "LIST" => untagged("LIST () \"/\" INBOX".to_owned()),
        "STATUS" => {
            let (validity, next) = (UID_VALIDITY, count + 1);
            untagged(format!("STATUS INBOX (MESSAGES {count} UIDNEXT {next} UIDVALIDITY {validity})"));
        }
        "EXAMINE" | "SELECT" => {
            untagged("FLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft)".to_owned());
            untagged(format!("{count} EXISTS"));
            untagged(format!("OK [UIDVALIDITY {UID_VALIDITY}] valid"));
            untagged(format!("OK [UIDNEXT {}] next", count + 1));
        }
        "LOGOUT" => untagged("BYE see you".to_owned()),
        "UID" => match upper.split(' ').nth(1)? {
            "SEARCH" => untagged(search(&upper, count)),
            "FETCH" => answer.extend(fetch(omitted, &upper, messages)?),
            _ => return None,
        },
        _ => return None,
    }
    answer.extend(format!("{tag} {end}\r\n").into_bytes());
    Some(answer)
}

/// The answer to a search. Only a set of UIDs is evaluated: every message matches all other criteria.
fn search(command: &str, count: usize) -> String {
    let mut words = command.split(' ').skip_while(|word| *word != "UID").skip(1).skip_while(|word| *word != "UID");
    let wanted = words.nth(1).map(|set| uids(set, count));
    let hits = (1..=count).filter(|uid| wanted.as_ref().is_none_or(|wanted| wanted.contains(uid)));
    format!("SEARCH{}", hits.map(|uid| format!(" {uid}")).collect::<String>())
}

fn fetch(omitted: usize, command: &str, messages: &[Vec<u8>]) -> Option<Vec<u8>> {
    let mut answer = Vec::new();
    let items = command.splitn(4, ' ').nth(3)?;
    for uid in uids(command.split(' ').nth(2)?, messages.len()).into_iter().filter(|uid| *uid != omitted) {
        let message = &messages[uid - 1];
        let size = message.len();
        answer.extend(
            format!("* {uid} FETCH (UID {uid} FLAGS () INTERNALDATE \"03-Mar-2026 09:30:00 +0100\" RFC822.SIZE {size}")
                .into_bytes(),
        );
        let header_end = message.windows(4).position(|window| window == b"\r\n\r\n").map_or(size, |end| end + 4);
        for (name, content) in [("[]", &message[..]), ("[HEADER]", &message[..header_end])] {
            if let Some((_, section)) = items.split_once(&format!("BODY.PEEK{name}")) {
                let (origin, part) = part(section, content);
                answer.extend(format!(" BODY{name}{origin} {{{}}}\r\n", part.len()).into_bytes());
                answer.extend(part);
            }
        }
        answer.extend(b")\r\n");
    }
    Some(answer)
}

/// The octets that `<origin.count>` after `BODY.PEEK[]` requests, or all of them.
fn part<'a>(section: &str, message: &'a [u8]) -> (String, &'a [u8]) {
    let asked =
        section.strip_prefix('<').and_then(|rest| rest.split_once('>')).and_then(|(asked, _)| asked.split_once('.'));
    let Some((origin, count)) = asked else {
        return (String::new(), message);
    };
    let (start, count): (usize, usize) = (origin.parse().unwrap(), count.parse().unwrap());
    let end = start.saturating_add(count).min(message.len());
    (format!("<{origin}>"), message.get(start..end).unwrap_or_default())
}

/// The existing UIDs in a set. `n:*` always includes the last message, as RFC 3501 requires.
fn uids(set: &str, count: usize) -> Vec<usize> {
    let number = |text: &str| {
        if text == "*" { count } else { text.parse().unwrap() }
    };
    let ranges = set.split(',').map(|part| {
        let (first, last) = part.split_once(':').unwrap_or((part, part));
        let (first, last) = (number(first), number(last));
        first.min(last)..=first.max(last)
    });
    let mut uids: Vec<usize> = ranges.flat_map(|range| *range.start()..=(*range.end()).min(count)).collect();
    uids.retain(|uid| (1..=count).contains(uid));
    uids.sort_unstable();
    uids.dedup();
    uids
}
