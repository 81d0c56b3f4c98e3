//! Reads a mail for a sink, and answers it.

use std::io::{BufRead as _, Read as _};

use super::{
    personality::{Act, Protocol, Step},
    session::{Session, SessionEnded},
};

impl Session<'_> {
    pub(super) fn data(&mut self) -> Result<(), SessionEnded> {
        let said = self.step(&[Step::Data], "354 go ahead")?;
        if !said.starts_with("354") {
            return Ok(());
        }
        let mut places = self.personality.places_in_body();
        // Only CRLF ends a line (RFC 5321, 2.3.8).
        let mut begins_line = true;
        let mut line = Vec::new();
        loop {
            line.clear();
            self.stream.read_until(b'\n', &mut line).map_err(|_| SessionEnded)?;
            if !line.ends_with(b"\n") {
                return Err(SessionEnded);
            }
            if begins_line && (line == b".\r\n" || (self.personality.is_lenient && line == b".\n")) {
                return self.answer();
            }
            let dots = usize::from(begins_line && line.starts_with(b"."));
            begins_line = line.ends_with(b"\r\n") || self.personality.is_lenient;
            self.transaction.bytes.extend(&line[dots..]);
            self.act_in_body(&mut places)?;
        }
    }

    pub(super) fn chunk(&mut self, argument: &str) -> Result<(), SessionEnded> {
        let mut words = argument.split_whitespace();
        let Some(length) = words.next().and_then(|word| word.parse::<usize>().ok()) else {
            return self.send(b"501 5.5.4 no length\r\n");
        };
        let is_last = words.next().is_some_and(|word| word.eq_ignore_ascii_case("LAST"));
        self.transaction.chunked = true;
        let places = self.personality.places_in_body();
        let mut places: Vec<usize> = places.into_iter().filter(|place| *place > self.transaction.bytes.len()).collect();
        let end = self.transaction.bytes.len() + length;
        while self.transaction.bytes.len() < end {
            let mut part = vec![0; (end - self.transaction.bytes.len()).min(1 << 14)];
            self.stream.read_exact(&mut part).map_err(|_| SessionEnded)?;
            self.transaction.bytes.extend(part);
            self.act_in_body(&mut places)?;
        }
        if self.transaction.recipients.is_empty() {
            return self.send(b"503 5.5.1 no recipients\r\n");
        }
        match is_last {
            true => self.answer(),
            false => self.step(&[Step::Chunk], "250 2.0.0 more").map(drop),
        }
    }

    /// Performs the acts that the personality has for the offsets of the body that have been reached.
    fn act_in_body(&mut self, places: &mut Vec<usize>) -> Result<(), SessionEnded> {
        while let Some(place) = places.first().copied().filter(|place| *place <= self.transaction.bytes.len()) {
            places.remove(0);
            match self.personality.act(&Step::Body(place)) {
                Some(Act::Wait | Act::Drip) => self.shared.gate.pass(),
                Some(Act::Close) => return Err(SessionEnded),
                Some(Act::Say(lines)) => self.send(format!("{lines}\r\n").as_bytes())?,
                Some(Act::SayAndClose(lines)) => {
                    self.send(format!("{lines}\r\n").as_bytes())?;
                    return Err(SessionEnded);
                }
                Some(Act::Bytes(bytes) | Act::Flood(bytes)) => self.send(&bytes)?,
                None => {}
            }
        }
        Ok(())
    }

    /// Records the mail, then answers it. The record comes first, since the answer may never be sent.
    fn answer(&mut self) -> Result<(), SessionEnded> {
        let mut state = self.shared.lock();
        let index = state.transactions.len();
        state.transactions.push(self.transaction.clone());
        drop(state);
        let recipients = match self.personality.protocol {
            Protocol::Smtp => vec![None],
            Protocol::Lmtp => self.transaction.recipients.iter().cloned().map(Some).collect(),
        };
        for recipient in recipients {
            let for_recipient = recipient.as_ref().map_or(String::new(), |recipient| format!(" for <{recipient}>"));
            let steps: Vec<Step> = recipient.map(Step::AnswerFor).into_iter().chain([Step::Answer]).collect();
            self.answer_one(index, &steps, &format!("250 2.0.0 taken as {}{for_recipient}", index + 1))?;
        }
        self.reset();
        Ok(())
    }

    fn answer_one(&mut self, index: usize, steps: &[Step], usual: &str) -> Result<(), SessionEnded> {
        let mut act = steps.iter().find_map(|step| self.personality.act(step));
        if let Some(Act::Wait) = act {
            self.shared.gate.pass();
            act = None;
        }
        // The answer is recorded before it is sent, since the test may look as soon as the client has it.
        let said = match &act {
            Some(Act::Close | Act::Flood(_)) => None,
            Some(Act::Say(lines) | Act::SayAndClose(lines)) => Some(lines.clone()),
            Some(Act::Bytes(bytes)) => Some(String::from_utf8_lossy(bytes).into_owned()),
            Some(Act::Wait | Act::Drip) | None => Some(usual.to_owned()),
        };
        self.shared.lock().transactions[index].answers.extend(said);
        self.perform(act, usual).map(drop)
    }
}
