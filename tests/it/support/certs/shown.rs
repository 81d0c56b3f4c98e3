//! Reads the certificate of a server, trusted or not.

use std::{
    net::TcpStream,
    sync::{Arc, Mutex},
};

use tokio_rustls::rustls::{
    ClientConfig, ClientConnection, DigitallySignedStruct, Error, SignatureScheme,
    client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    crypto::ring,
    pki_types::{CertificateDer, ServerName, UnixTime},
};

use crate::support::sha256;

/// The SHA-256 fingerprint of the certificate of the server on this port.
pub fn shown_by(port: u16) -> String {
    let seen = Arc::new(RecordingVerifier::default());
    let provider = Arc::new(ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .dangerous()
        .with_custom_certificate_verifier(Arc::clone(&seen) as Arc<dyn ServerCertVerifier>)
        .with_no_client_auth();
    let mut tls = ClientConnection::new(Arc::new(config), ServerName::try_from("localhost").unwrap()).unwrap();
    let mut tcp = TcpStream::connect(("127.0.0.1", port)).unwrap();
    // The verifier refuses every certificate, so the handshake always ends with an error.
    while tls.is_handshaking() && tls.complete_io(&mut tcp).is_ok() {}
    let certificate = seen.0.lock().unwrap();
    assert!(!certificate.is_empty(), "the server on port {port} shows no certificate");
    sha256::hex(&certificate)
}

#[derive(Debug, Default)]
struct RecordingVerifier(Mutex<Vec<u8>>);

impl RecordingVerifier {
    fn refuse<T>() -> Result<T, Error> {
        Err(Error::General("only looking".to_owned()))
    }
}

impl ServerCertVerifier for RecordingVerifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        *self.0.lock().unwrap() = end_entity.to_vec();
        Self::refuse()
    }

    fn verify_tls12_signature(
        &self,
        _message: &[u8],
        _cert: &CertificateDer<'_>,
        _signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Self::refuse()
    }

    fn verify_tls13_signature(
        &self,
        _message: &[u8],
        _cert: &CertificateDer<'_>,
        _signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Self::refuse()
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        ring::default_provider().signature_verification_algorithms.supported_schemes()
    }
}
