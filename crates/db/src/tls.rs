//! TLS to PostgreSQL: rustls with ring, in the modes of libpq.

use std::{
    fs,
    path::{Path, PathBuf},
    str::FromStr,
    sync::Arc,
};

use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme,
    client::{
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
        verify_server_cert_signed_by_trust_anchor,
    },
    crypto::{
        CryptoProvider, WebPkiSupportedAlgorithms, ring, verify_tls12_signature, verify_tls13_signature,
    },
    pki_types::{CertificateDer, ServerName, UnixTime, pem::PemObject},
    server::ParsedCertificate,
};
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::address::AddressError;

/// Encryption of a connection, and verification of the server's certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SslMode {
    /// No encryption.
    Disable,
    /// Encryption if the server offers it, without verification.
    Prefer,
    /// Encryption, without verification: no protection from a server in between.
    Require,
    /// The certificate is signed by a root of `sslrootcert`; its name is ignored.
    VerifyCa,
    /// The certificate is signed by a known root and names the host of the address.
    VerifyFull,
}

impl FromStr for SslMode {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        match text {
            "disable" => Ok(Self::Disable),
            "prefer" => Ok(Self::Prefer),
            "require" => Ok(Self::Require),
            "verify-ca" => Ok(Self::VerifyCa),
            "verify-full" => Ok(Self::VerifyFull),
            _ => Err(AddressError::SslMode),
        }
    }
}

/// Returns the TLS configuration of this mode; `None` without encryption.
///
/// # Errors
/// The root certificates cannot be read, or do not fit the mode.
pub(crate) fn connector(
    mode: SslMode,
    root_file: Option<PathBuf>,
) -> Result<Option<MakeRustlsConnect>, AddressError> {
    let config = match (mode, root_file) {
        (SslMode::Disable | SslMode::Prefer | SslMode::Require, Some(_)) => {
            return Err(AddressError::RootCertificateUnused);
        }
        (SslMode::VerifyCa, None) => return Err(AddressError::RootCertificateMissing),
        (SslMode::Disable, None) => return Ok(None),
        (SslMode::Prefer | SslMode::Require, None) => verified_by(CertificateCheck::any())?,
        (SslMode::VerifyCa, Some(file)) => verified_by(CertificateCheck::signed_by(read_roots(&file)?))?,
        (SslMode::VerifyFull, Some(file)) => verified_in_full(read_roots(&file)?)?,
        (SslMode::VerifyFull, None) => {
            verified_in_full(RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() })?
        }
    };
    Ok(Some(MakeRustlsConnect::new(config)))
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(ring::default_provider())
}

fn verified_in_full(roots: RootCertStore) -> Result<ClientConfig, AddressError> {
    let builder = ClientConfig::builder_with_provider(provider()).with_safe_default_protocol_versions()?;
    Ok(builder.with_root_certificates(roots).with_no_client_auth())
}

fn verified_by(check: CertificateCheck) -> Result<ClientConfig, AddressError> {
    let builder = ClientConfig::builder_with_provider(provider()).with_safe_default_protocol_versions()?;
    let builder = builder.dangerous().with_custom_certificate_verifier(Arc::new(check));
    Ok(builder.with_no_client_auth())
}

fn read_roots(path: &Path) -> Result<RootCertStore, AddressError> {
    let unusable = |reason: String| AddressError::RootCertificate { path: path.to_path_buf(), reason };
    let pem = fs::read(path).map_err(|error| unusable(error.to_string()))?;
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(&pem) {
        let certificate = certificate.map_err(|error| unusable(error.to_string()))?;
        roots.add(certificate).map_err(|error| unusable(error.to_string()))?;
    }
    if roots.is_empty() {
        return Err(unusable("there is no certificate in it".to_owned()));
    }
    Ok(roots)
}

/// Verifies less of a certificate than rustls does by default: never its name.
#[derive(Debug)]
struct CertificateCheck {
    /// Roots, one of which must have signed it; `None` accepts any certificate.
    roots: Option<RootCertStore>,
    algorithms: WebPkiSupportedAlgorithms,
}

impl CertificateCheck {
    fn any() -> Self {
        Self { roots: None, algorithms: ring::default_provider().signature_verification_algorithms }
    }

    fn signed_by(roots: RootCertStore) -> Self {
        Self { roots: Some(roots), ..Self::any() }
    }
}

impl ServerCertVerifier for CertificateCheck {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        if let Some(roots) = &self.roots {
            let certificate = ParsedCertificate::try_from(end_entity)
                .map_err(|_| Error::InvalidCertificate(CertificateError::BadEncoding))?;
            let algorithms = self.algorithms.all;
            verify_server_cert_signed_by_trust_anchor(&certificate, roots, intermediates, now, algorithms)?;
        }
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, certificate, signed, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signed, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}
