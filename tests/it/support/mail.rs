//! Small mails for the tests, identified by their subjects.

/// A mail whose Message-ID is derived from its subject, so that the same call returns the same bytes.
pub fn mail(subject: &str, to: &str) -> Vec<u8> {
    let id: String = subject.chars().filter(char::is_ascii_alphanumeric).collect();
    format!(
        "From: Anna Ek <anna@example.se>\r\n\
         To: {to}\r\n\
         Subject: {subject}\r\n\
         Message-ID: <{id}@example.se>\r\n\
         Date: Tue, 03 Mar 2026 09:30:00 +0100\r\n\
         MIME-Version: 1.0\r\n\
         Content-Type: text/plain; charset=utf-8\r\n\
         \r\n\
         Hej,\r\n\
         det gäller {subject}.\r\n"
    )
    .into_bytes()
}
