//! Certificates for one test: good ones and each kind of bad one.

mod shown;

use std::{
    fs,
    path::{Path, PathBuf},
};

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose, date_time_ymd};

use super::sha256;

pub use shown::shown_by;

/// A server's certificate with its key, as PEM files and as DER.
#[derive(Clone, Debug)]
pub struct Identity {
    pub cert_file: PathBuf,
    pub key_file: PathBuf,
    pub cert_der: Vec<u8>,
    pub key_der: Vec<u8>,
    /// SHA-256 over the certificate, hexadecimal without colons.
    pub fingerprint: String,
}

/// A certificate authority and server certificates, signed by it or not.
#[derive(Debug)]
pub struct Certs {
    /// The authority's certificate, for `--ca-file`.
    pub ca_file: PathBuf,
    /// A certificate signed by the authority, for localhost and 127.0.0.1.
    pub good: Identity,
    /// A certificate like `good`, but expired.
    pub expired: Identity,
    /// A certificate signed by the authority, for another name.
    pub foreign: Identity,
    /// A certificate signed by the authority, for the hosts below mail.kundo.se.
    pub mx: Identity,
    /// A certificate as `openssl req -x509` creates it: self-signed, for the right name, and marked CA:TRUE.
    pub self_signed_ca: Identity,
}

impl Certs {
    pub fn make(folder: &Path) -> Self {
        let mut ca_params = CertificateParams::new(Vec::new()).unwrap();
        ca_params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        ca_params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        ca_params.distinguished_name.push(DnType::CommonName, "Test authority");
        let ca_key = KeyPair::generate().unwrap();
        let ca_file = folder.join("ca.pem");
        fs::write(&ca_file, ca_params.self_signed(&ca_key).unwrap().pem()).unwrap();
        let ca = Issuer::from_params(&ca_params, &ca_key);

        let signed = |name: &str, params: CertificateParams| {
            let key = KeyPair::generate().unwrap();
            let cert = params.signed_by(&key, &ca).unwrap();
            Identity::write(folder, name, &cert, &key)
        };
        let mut expired = for_localhost();
        expired.not_before = date_time_ymd(2020, 1, 1);
        expired.not_after = date_time_ymd(2021, 1, 1);
        let mx = CertificateParams::new(vec!["*.mail.kundo.se".to_owned()]).unwrap();
        let foreign = CertificateParams::new(vec!["imap.example.org".to_owned()]).unwrap();

        let mut self_signed = for_localhost();
        self_signed.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let self_signed = self_signed.self_signed(&key).unwrap();

        Self {
            ca_file,
            good: signed("good", for_localhost()),
            expired: signed("expired", expired),
            foreign: signed("foreign", foreign),
            mx: signed("mx", mx),
            self_signed_ca: Identity::write(folder, "self-signed-ca", &self_signed, &key),
        }
    }
}

fn for_localhost() -> CertificateParams {
    let mut params = CertificateParams::new(vec!["localhost".to_owned(), "127.0.0.1".to_owned()]).unwrap();
    params.distinguished_name.push(DnType::CommonName, "localhost");
    params
}

impl Identity {
    fn write(folder: &Path, name: &str, cert: &rcgen::Certificate, key: &KeyPair) -> Self {
        let cert_file = folder.join(format!("{name}.pem"));
        let key_file = folder.join(format!("{name}.key"));
        fs::write(&cert_file, cert.pem()).unwrap();
        fs::write(&key_file, key.serialize_pem()).unwrap();
        Self {
            cert_file,
            key_file,
            cert_der: cert.der().to_vec(),
            key_der: key.serialize_der(),
            fingerprint: sha256::hex(cert.der()),
        }
    }
}
