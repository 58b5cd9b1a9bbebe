//! Certificate files with which servers are verified.

use std::fs;
use std::path::PathBuf;

/// Certificate authorities that may have signed a server's certificate, instead of the public ones.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificateFile {
    pub path: PathBuf,
    /// Content, in PEM.
    pub pem: Vec<u8>,
}

/// Description of the values that such keys take.
pub(super) const TAKES: &str = "the path of a readable PEM file with certificates";

/// Reads the file; `None` if that fails or there is no certificate in it.
pub(super) fn file(text: &str) -> Option<CertificateFile> {
    let path = PathBuf::from(text);
    let pem = fs::read(&path).ok()?;
    let begin = b"-----BEGIN CERTIFICATE-----";
    pem.windows(begin.len()).any(|part| part == begin).then_some(CertificateFile { path, pem })
}
