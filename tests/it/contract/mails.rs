//! The mails in the customer's mailbox, each with a different outcome.

use crate::support::{facts::JOBB, mail::mail};

/// The size limit of the mailbox, which one of the mails exceeds.
pub const MAX_SIZE: &str = "20KB";
/// A recipient whose mail a route sends to another inbox.
pub const BYGGLOV: &str = "bygglov@lillestad.se";

pub fn all() -> Vec<Vec<u8>> {
    vec![mail("Ärende 7", JOBB), with_attachment(), mail("Bygglov för en friggebod", BYGGLOV), too_large(), automatic()]
}

fn with_attachment() -> Vec<u8> {
    "From: Bo Berg <bo@example.se>\r\nTo: jobb@lillestad.se\r\nCc: anna@example.se\r\nSubject: =?utf-8?q?Ans=C3=B6kan?=\r\n\
     Message-ID: <2@example.se>\r\nDate: Tue, 03 Mar 2026 09:31:00 +0100\r\nMIME-Version: 1.0\r\n\
     Content-Type: multipart/mixed; boundary=b\r\n\r\n\
     --b\r\nContent-Type: multipart/alternative; boundary=a\r\n\r\n\
     --a\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nHej & hå, <b>inte fet</b>.\r\n\
     --a\r\nContent-Type: text/html; charset=utf-8\r\n\r\n\
     <p onclick=\"x()\">Hej <b>du</b> <img src=\"https://example.se/spy.png\"></p>\r\n--a--\r\n\
     --b\r\nContent-Type: application/pdf; name=\"cv.pdf\"\r\nContent-Disposition: attachment; filename=\"cv.pdf\"\r\n\
     Content-Transfer-Encoding: base64\r\n\r\nJVBERi0=\r\n--b--\r\n"
        .into()
}

/// A mail above the limit. Its size is not an ephemeral port number, because a snapshot masks
/// the number of a server's port wherever it occurs.
fn too_large() -> Vec<u8> {
    let mut large = mail("Ritningar", JOBB);
    large.extend("x".repeat(70).bytes().chain(*b"\r\n").collect::<Vec<u8>>().repeat(400));
    large
}

fn automatic() -> Vec<u8> {
    [b"Auto-Submitted: auto-replied\r\n".to_vec(), mail("Frånvaro", JOBB)].concat()
}
