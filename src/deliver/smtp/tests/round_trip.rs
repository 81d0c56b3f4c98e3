//! Sends any bytes through a whole session to a server that reads commands as RFC 5321 and RFC 3030 define them.

use proptest::prelude::*;
use tokio::io::{AsyncBufReadExt, BufReader};

use super::*;

/// A server that records mails and commands. It also accepts a lone CR or LF as a line end, which is what smuggling exploits.
async fn receive(stream: DuplexStream, offers: &str) -> (Vec<Vec<u8>>, Vec<String>) {
    let mut stream = BufReader::new(stream);
    let (mut mails, mut commands, mut chunks) = (Vec::new(), Vec::new(), Vec::new());
    stream.write_all(b"220 mx\r\n").await.unwrap();
    loop {
        let mut line = Vec::new();
        if stream.read_until(b'\n', &mut line).await.unwrap() == 0 {
            return (mails, commands);
        }
        let line = String::from_utf8_lossy(&line).trim_end().to_owned();
        commands.push(line.split(' ').next().unwrap().to_owned());
        match line.split(' ').collect::<Vec<_>>()[..] {
            ["EHLO", _] => stream.write_all(format!("250-mx\r\n{offers}250 HELP\r\n").as_bytes()).await.unwrap(),
            ["DATA"] => {
                stream.write_all(b"354 go\r\n").await.unwrap();
                mails.push(read_data(&mut stream).await);
                stream.write_all(b"250 ok\r\n").await.unwrap();
            }
            ["BDAT", size, ref last @ ..] => {
                let mut chunk = vec![0; size.parse().unwrap()];
                stream.read_exact(&mut chunk).await.unwrap();
                chunks.append(&mut chunk);
                if last == ["LAST"] {
                    mails.push(std::mem::take(&mut chunks));
                }
                stream.write_all(b"250 ok\r\n").await.unwrap();
            }
            _ => stream.write_all(b"250 ok\r\n").await.unwrap(),
        }
    }
}

/// Reads lines until a lone dot. CR, LF and CRLF each end a line.
async fn read_data(stream: &mut BufReader<DuplexStream>) -> Vec<u8> {
    let (mut mail, mut line) = (Vec::new(), Vec::new());
    loop {
        let byte = stream.read_u8().await.unwrap();
        line.push(byte);
        let is_crlf_next = byte == b'\r' && stream.fill_buf().await.unwrap().first() == Some(&b'\n');
        if is_crlf_next || !matches!(byte, b'\r' | b'\n') {
            continue;
        }
        if line.trim_ascii() == b"." && line[0] == b'.' {
            return mail;
        }
        mail.extend_from_slice(line.strip_prefix(b".").unwrap_or(&line));
        line.clear();
    }
}

async fn through(mail: &[u8], piece: usize, offers: &str) -> (Vec<Vec<u8>>, Vec<String>, Option<Accepted>) {
    let (ours, theirs) = tokio::io::duplex(100);
    let offers: String = offers.split_whitespace().map(|offer| format!("250-{offer}\r\n")).collect();
    let receiving = tokio::spawn(async move { receive(theirs, &offers).await });
    let sending = async {
        let mut session = Session::open(ours, &Terms { repair_line_ends: true, ..terms() }).await?;
        let to: Address = "jobb@l.se".parse().unwrap();
        let mut transaction = session.begin(&Envelope { from: None, to: &to }, &scan(mail)).await?;
        for piece in mail.chunks(piece) {
            transaction.push(piece).await?;
        }
        transaction.finish().await
    };
    let sent: Result<Accepted, DeliveryProblem> = sending.await;
    let (mails, commands) = receiving.await.unwrap();
    (mails, commands, sent.ok())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]
    #[test]
    fn any_bytes_arrive_as_one_mail(
        mail in proptest::collection::vec(prop_oneof![Just(b'\r'), Just(b'\n'), Just(b'.'), any::<u8>()], 0..400),
        piece in 1..50_usize,
        offers in prop_oneof![Just(""), Just("PIPELINING"), Just("CHUNKING"), Just("PIPELINING CHUNKING")],
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let (mails, commands, sent) = runtime.block_on(through(&mail, piece, offers));
        let accepted = sent.unwrap();
        let is_chunked = offers.contains("CHUNKING");
        let last = if is_chunked { "BDAT" } else { "DATA" };
        prop_assert_eq!(commands, ["EHLO", "MAIL", "RCPT", last]);
        prop_assert_eq!(mails.len(), 1);
        if is_chunked || scan(&mail).has_crlf_only() {
            let added: &[u8] = if accepted.last_line_end_added { b"\r\n" } else { b"" };
            prop_assert_eq!(&mails[0], &[&mail[..], added].concat());
            prop_assert_eq!(accepted.line_ends_repaired, 0);
            prop_assert!(!(is_chunked && accepted.last_line_end_added));
        }
    }
}
