//! TLS connections that trust the system's certificate authorities, given authorities, one pinned certificate, or any
//! certificate.

mod unverified;

use std::sync::{Arc, Mutex, PoisonError};

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use sha2::{Digest, Sha256};
use tokio::io::{AsyncRead, AsyncWrite, BufReader};
use tokio_rustls::rustls;
use tokio_rustls::{TlsConnector, client::TlsStream};

use unverified::Unverified;

use crate::clock::Timestamp;
use crate::fact::{CertificateFault, Invalid, TlsProblem};
use crate::shown::shown;
use crate::vault::hex;

/// A TLS connection. rustls reads 4 KiB at a time, so a buffer sits in front of the socket.
pub type Protected<S> = TlsStream<BufReader<S>>;

/// The server certificates that are accepted.
#[derive(Debug, Clone)]
pub enum Trust {
    /// Certificates of the system's certificate authorities.
    System,
    /// Only certificates of these authorities (PEM).
    Authorities(String),
    /// Only the certificate with this SHA-256. Its names and dates are not checked.
    Pin([u8; 32]),
    /// Any certificate. Only for mail servers that were found by MX in a domain that enforces no MTA-STS policy. The
    /// alternative is no TLS at all: half of these servers have a certificate of a private authority or for another name,
    /// and the MX record itself is not authenticated (RFC 7435 3, RFC 7672 1.3). Unverified TLS still protects against
    /// passive eavesdroppers.
    Unverified,
}

/// A server's certificate.
#[derive(Debug, Clone, Default)]
pub struct Certificate {
    /// SHA-256 of the certificate in hexadecimal, as `--pin-sha256` accepts it.
    pub fingerprint: String,
    /// Subject of the certificate.
    pub subject: String,
    /// End of the certificate's validity, if it can be parsed.
    pub valid_until: Option<Timestamp>,
}

/// Performs the handshake, and returns the server's certificate.
pub async fn connect<S: AsyncRead + AsyncWrite + Unpin>(
    stream: S,
    host: &str,
    trust: &Trust,
) -> Result<(Protected<S>, Certificate), TlsProblem> {
    let misconfigured = |words: String| TlsProblem::NoTrust { words };
    let name = ServerName::try_from(host.to_owned()).map_err(|_| TlsProblem::NoName { host: host.to_owned() })?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let recorder = Arc::new(RecordingVerifier {
        inner: verifier(trust, &provider).map_err(misconfigured)?,
        leaf: Mutex::default(),
    });
    let config = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])
        .map_err(|error| misconfigured(error.to_string()))?
        .dangerous() // what follows is stricter than the default, or accepts exactly what `trust` asks for
        .with_custom_certificate_verifier(recorder.clone())
        .with_no_client_auth();
    match TlsConnector::from(Arc::new(config)).connect(name, BufReader::with_capacity(64 << 10, stream)).await {
        Ok(stream) => Ok((stream, recorder.certificate())),
        Err(error) => Err(problem(&error, host, recorder.certificate())),
    }
}

/// Parses 64 hexadecimal digits, with or without colons, as `openssl x509 -fingerprint -sha256` prints them.
pub fn parse_fingerprint(text: &str) -> Result<[u8; 32], Invalid> {
    let digits: Vec<u8> = text.bytes().filter(|byte| *byte != b':' && !byte.is_ascii_whitespace()).collect();
    let (pairs, []) = digits.as_chunks::<2>() else {
        return Err(not_a_fingerprint(text));
    };
    let bytes: Option<Vec<u8>> = pairs
        .iter()
        .map(|pair| {
            std::str::from_utf8(pair).ok().filter(|t| !t.starts_with('+')).and_then(|t| u8::from_str_radix(t, 16).ok())
        })
        .collect();
    bytes.and_then(|bytes| bytes.try_into().ok()).ok_or_else(|| not_a_fingerprint(text))
}

fn not_a_fingerprint(text: &str) -> Invalid {
    Invalid::Fingerprint(text.to_owned())
}

/// Whether a PEM text contains usable authorities.
pub fn check_authorities(pem: &str) -> Result<(), Invalid> {
    authorities(pem).map(drop)
}

fn authorities(pem: &str) -> Result<RootCertStore, Invalid> {
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(pem.as_bytes()) {
        let certificate = certificate.map_err(|_| Invalid::AuthoritiesNotPem)?;
        roots.add(certificate).map_err(|_| Invalid::AuthoritiesUnreadable)?;
    }
    if roots.is_empty() { Err(Invalid::NoAuthorities) } else { Ok(roots) }
}

fn verifier(trust: &Trust, provider: &Arc<CryptoProvider>) -> Result<Arc<dyn ServerCertVerifier>, String> {
    Ok(match trust {
        Trust::System => Arc::new(
            rustls_platform_verifier::Verifier::new(provider.clone())
                .map_err(|error| format!("the system's certificate authorities cannot be read: {error}"))?,
        ),
        Trust::Authorities(pem) => {
            let roots = authorities(pem).map_err(|why| why.to_string())?;
            rustls::client::WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider.clone())
                .build()
                .map_err(|error| error.to_string())?
        }
        Trust::Pin(sha256) => Arc::new(Pinned { sha256: *sha256, provider: provider.clone() }),
        Trust::Unverified => Arc::new(Unverified { provider: provider.clone() }),
    })
}

/// Accepts a single certificate. Checks only its hash and that the server has its key.
#[derive(Debug)]
struct Pinned {
    sha256: [u8; 32],
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for Pinned {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        match Sha256::digest(end_entity)[..] == self.sha256 {
            true => Ok(ServerCertVerified::assertion()),
            false => Err(CertificateError::ApplicationVerificationFailure.into()),
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, cert, dss, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, cert, dss, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

/// Records the server's certificate, even a rejected one, so that the error message can name it.
#[derive(Debug)]
struct RecordingVerifier {
    inner: Arc<dyn ServerCertVerifier>,
    leaf: Mutex<Option<Vec<u8>>>,
}

impl RecordingVerifier {
    fn certificate(&self) -> Certificate {
        let leaf = self.leaf.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(der) = leaf.as_deref() else {
            return Certificate::default();
        };
        let fingerprint = hex(&Sha256::digest(der));
        match x509_parser::parse_x509_certificate(der) {
            Ok((_, certificate)) => Certificate {
                fingerprint,
                subject: shown(&certificate.subject().to_string()),
                valid_until: Some(Timestamp(certificate.validity().not_after.timestamp().saturating_mul(1000))),
            },
            Err(_) => Certificate { fingerprint, ..Certificate::default() },
        }
    }
}

impl ServerCertVerifier for RecordingVerifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        *self.leaf.lock().unwrap_or_else(PoisonError::into_inner) = Some(end_entity.to_vec());
        self.inner.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.inner.verify_tls12_signature(message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.inner.verify_tls13_signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.inner.supported_verify_schemes()
    }
}

/// The reason for a failed handshake.
fn problem(error: &std::io::Error, host: &str, certificate: Certificate) -> TlsProblem {
    let Certificate { fingerprint, subject, valid_until } = certificate;
    match error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
        Some(rustls::Error::InvalidCertificate(certificate_error)) => match certificate_error {
            CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
                TlsProblem::Expired { at: valid_until }
            }
            CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => TlsProblem::NotYetValid,
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
                TlsProblem::OtherName { subject, host: host.to_owned(), fingerprint }
            }
            CertificateError::UnknownIssuer => TlsProblem::UnknownIssuer { fingerprint },
            CertificateError::ApplicationVerificationFailure => TlsProblem::NotThePinned { fingerprint },
            other if is_ca_as_server(other) => TlsProblem::CaAsServer { fingerprint },
            other => TlsProblem::Refused { fault: fault(other), fingerprint },
        },
        Some(other) => TlsProblem::Handshake { words: other.to_string() },
        None => match error.kind() {
            std::io::ErrorKind::UnexpectedEof | std::io::ErrorKind::ConnectionReset => TlsProblem::Closed,
            kind => TlsProblem::Handshake { words: kind.to_string() },
        },
    }
}

fn is_ca_as_server(certificate_error: &CertificateError) -> bool {
    let CertificateError::Other(other) = certificate_error else { return false };
    matches!(other.0.downcast_ref::<webpki::Error>(), Some(webpki::Error::CaUsedAsEndEntity))
}

fn fault(certificate_error: &CertificateError) -> CertificateFault {
    match certificate_error {
        CertificateError::BadEncoding => CertificateFault::Unreadable,
        CertificateError::Revoked => CertificateFault::Revoked,
        CertificateError::UnknownRevocationStatus
        | CertificateError::ExpiredRevocationList
        | CertificateError::ExpiredRevocationListContext { .. }
        | CertificateError::InvalidOcspResponse => CertificateFault::RevocationUnknown,
        CertificateError::BadSignature => CertificateFault::Signature,
        CertificateError::UnsupportedSignatureAlgorithmContext { .. }
        | CertificateError::UnsupportedSignatureAlgorithmForPublicKeyContext { .. } => CertificateFault::Algorithm,
        CertificateError::UnhandledCriticalExtension => CertificateFault::Extension,
        CertificateError::InvalidPurpose | CertificateError::InvalidPurposeContext { .. } => CertificateFault::Purpose,
        _ => CertificateFault::Other,
    }
}
