//! Certificates for the servers of tests: an authority of their own, and another that has signed nothing.

use std::ffi::OsString;
use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, Result};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, KeyUsagePurpose};

use rubis_devkit::{Account, Postgres, data_directory, interrupt};

/// The one name in the servers' certificate. Their address is not in it, so that tests can use a wrong name.
pub const NAME: &str = "localhost";

/// A folder with `ca.pem`, `other-ca.pem`, `server.pem` and `server.key`, removed with this value.
pub struct Certificates {
    directory: PathBuf,
}

impl Certificates {
    pub fn create(wanted: &Path) -> Result<Self> {
        let account = Account::for_servers()?;
        let certificates = Self { directory: data_directory(wanted, account.as_ref())? };
        let authority = authority("Rubis tests")?;
        let key = KeyPair::generate()?;
        let server = CertificateParams::new(vec![NAME.to_owned()])?.signed_by(&key, &authority)?;
        for (name, pem) in [
            ("ca.pem", authority.pem()),
            ("other-ca.pem", self::authority("Another authority")?.pem()),
            ("server.pem", server.pem()),
            ("server.key", key.serialize_pem()),
        ] {
            certificates.write(name, &pem, account.as_ref())?;
        }
        Ok(certificates)
    }

    pub fn directory(&self) -> &Path {
        &self.directory
    }

    pub fn file(&self, name: &str) -> PathBuf {
        self.directory.join(name)
    }

    pub fn encrypt(&self, server: &Postgres) -> Result<()> {
        for (name, value) in [
            ("ssl_cert_file", self.file("server.pem").display().to_string()),
            ("ssl_key_file", self.file("server.key").display().to_string()),
            ("ssl", "on".to_owned()),
        ] {
            server.query("postgres", &format!("ALTER SYSTEM SET {name} = '{value}'"))?;
        }
        server.query("postgres", "SELECT pg_reload_conf()")?;
        let is_on = || Ok((server.query("postgres", "SHOW ssl")?.trim() == "on").then_some(()));
        interrupt::poll(Duration::from_secs(5), Duration::from_millis(50), is_on)?
            .with_context(|| format!("PostgreSQL refuses the certificate in {}", self.directory.display()))
    }

    /// Arguments of a Redis that accepts encrypted connections on another port.
    pub fn redis_arguments(&self, port: u16) -> Vec<OsString> {
        let file = |name| self.file(name).into_os_string();
        let arguments: [(&str, OsString); 5] = [
            ("--tls-port", port.to_string().into()),
            ("--tls-cert-file", file("server.pem")),
            ("--tls-key-file", file("server.key")),
            ("--tls-ca-cert-file", file("ca.pem")),
            ("--tls-auth-clients", "no".into()),
        ];
        arguments.into_iter().flat_map(|(name, value)| [name.into(), value]).collect()
    }

    /// Servers refuse a key that others could read.
    fn write(&self, name: &str, pem: &str, account: Option<&Account>) -> Result<()> {
        let path = self.file(name);
        fs::write(&path, pem)
            .and_then(|()| fs::set_permissions(&path, Permissions::from_mode(0o600)))
            .with_context(|| format!("{} cannot be written", path.display()))?;
        if let Some(account) = account {
            chown(&path, Some(account.uid), Some(account.gid))?;
        }
        Ok(())
    }
}

impl Drop for Certificates {
    fn drop(&mut self) {
        // A leftover is in a directory for temporary data.
        let _ = fs::remove_dir_all(&self.directory);
    }
}

fn authority(name: &str) -> Result<CertifiedIssuer<'static, KeyPair>> {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    Ok(CertifiedIssuer::self_signed(params, KeyPair::generate()?)?)
}
