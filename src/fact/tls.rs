//! Why a TLS connection could not be established.

use serde::{Deserialize, Serialize, Serializer};

use super::{Fact, Text};
use crate::clock::Timestamp;

/// The problem that prevented a TLS connection.
///
/// A renamed variant keeps its stored name, so that stored facts can still be read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "tls")]
pub enum TlsProblem {
    /// The host name cannot appear in a certificate.
    NoName { host: String },
    /// The configured certificates cannot be used.
    NoTrust { words: String },
    /// The certificate has expired.
    Expired {
        #[serde(serialize_with = "as_stored")]
        at: Option<Timestamp>,
    },
    /// The certificate is not valid yet.
    NotYetValid,
    /// The certificate is for another name.
    OtherName { subject: String, host: String, fingerprint: String },
    /// The issuer of the certificate is not trusted.
    UnknownIssuer { fingerprint: String },
    /// The certificate is not the pinned one.
    NotThePinned { fingerprint: String },
    /// The server presents a CA certificate as its own.
    CaAsServer { fingerprint: String },
    /// The certificate was refused for another reason.
    Refused { fault: CertificateFault, fingerprint: String },
    /// The handshake failed.
    Handshake { words: String },
    /// The server closed the connection during the handshake.
    Closed,
}

/// Serialises a time in milliseconds, like every time in the database.
fn as_stored<S: Serializer>(at: &Option<Timestamp>, serializer: S) -> Result<S::Ok, S::Error> {
    at.map(|at| at.0).serialize(serializer)
}

/// A less common fault of a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CertificateFault {
    Unreadable,
    Revoked,
    RevocationUnknown,
    Signature,
    Algorithm,
    Extension,
    Purpose,
    Other,
}

impl TlsProblem {
    /// The SHA-256 fingerprint of the certificate, if a person who knows the server may pin it.
    pub fn fingerprint(&self) -> Option<&str> {
        match self {
            Self::OtherName { fingerprint, .. }
            | Self::UnknownIssuer { fingerprint }
            | Self::NotThePinned { fingerprint }
            | Self::CaAsServer { fingerprint }
            | Self::Refused { fingerprint, .. } => Some(fingerprint.as_str()).filter(|hex| !hex.is_empty()),
            Self::NoName { .. } | Self::NoTrust { .. } | Self::Expired { .. } | Self::NotYetValid => None,
            Self::Handshake { .. } | Self::Closed => None,
        }
    }
}

impl Fact for TlsProblem {
    fn text(&self) -> Text {
        match self {
            Self::NoName { host } => Text::new("no-tls-no-name").with("host", host),
            Self::NoTrust { words } => Text::new("no-tls-no-trust").with("words", words),
            Self::Expired { at: Some(at) } => Text::new("no-tls-expired-at").with("at", at),
            Self::Expired { at: None } => Text::new("no-tls-expired"),
            Self::NotYetValid => Text::new("no-tls-not-yet-valid"),
            Self::OtherName { subject, host, fingerprint } => Text::new("no-tls-other-name")
                .with("subject", subject)
                .with("host", host)
                .with("fingerprint", fingerprint),
            Self::UnknownIssuer { fingerprint } => Text::new("no-tls-unknown-issuer").with("fingerprint", fingerprint),
            Self::NotThePinned { fingerprint } => Text::new("no-tls-pin-mismatch").with("fingerprint", fingerprint),
            Self::CaAsServer { fingerprint } => Text::new("no-tls-ca-as-server").with("fingerprint", fingerprint),
            Self::Refused { fault, fingerprint } => {
                Text::new("no-tls-refused").with("fault", fault.id()).with("fingerprint", fingerprint)
            }
            Self::Handshake { words } => Text::new("no-tls-handshake").with("words", words),
            Self::Closed => Text::new("no-tls-closed"),
        }
    }
}

impl CertificateFault {
    #[cfg(test)]
    pub const ALL: [Self; 8] = [
        Self::Unreadable,
        Self::Revoked,
        Self::RevocationUnknown,
        Self::Signature,
        Self::Algorithm,
        Self::Extension,
        Self::Purpose,
        Self::Other,
    ];

    /// The id in the language files.
    fn id(self) -> &'static str {
        match self {
            Self::Unreadable => "unreadable",
            Self::Revoked => "revoked",
            Self::RevocationUnknown => "revocation-unknown",
            Self::Signature => "signature",
            Self::Algorithm => "algorithm",
            Self::Extension => "extension",
            Self::Purpose => "purpose",
            Self::Other => "other",
        }
    }
}
