//! Files of certificates that servers are verified with.

use std::fs;
use std::path::PathBuf;

/// The certificates that a server's certificate must be signed by, in place of the public ones.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificateFile {
    /// The file.
    pub path: PathBuf,
    /// Its content, in PEM.
    pub pem: Vec<u8>,
}

/// The value that keys of such files take.
pub(super) const TAKES: &str = "the path of a readable PEM file with certificates";

/// Reads the file; `None` if that fails or there is no certificate in it.
pub(super) fn file(text: &str) -> Option<CertificateFile> {
    let path = PathBuf::from(text);
    let pem = fs::read(&path).ok()?;
    let begin = b"-----BEGIN CERTIFICATE-----";
    pem.windows(begin.len()).any(|part| part == begin).then_some(CertificateFile { path, pem })
}
