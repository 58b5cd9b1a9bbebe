//! A private Redis, or Valkey.

use std::ffi::OsString;
use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::path::Path;
use std::time::Duration;

use anyhow::Result;

use super::account::Account;
use super::certificates::Certificates;
use crate::processes::{Guarded, Launch};

/// A running server. Dropping it stops it.
pub struct Redis {
    process: Guarded,
    port: u16,
}

impl Redis {
    /// Starts `program` on `port` of the loopback interface.
    ///
    /// It keeps nothing on the disk: what Redis holds can be lost at any time, and losing it at each start keeps
    /// that true. Like in production it refuses writes when its memory is full rather than drop keys.
    ///
    /// # Errors
    /// When it does not start, with the end of its log.
    pub fn start(program: &Path, log: &Path, port: u16) -> Result<Self> {
        Self::start_with(program, log, port, &[])
    }

    /// As [`Redis::start`], with a second port that takes encrypted connections.
    ///
    /// # Errors
    /// As there.
    pub fn start_encrypted(
        program: &Path,
        log: &Path,
        [port, tls_port]: [u16; 2],
        certificates: &Certificates,
    ) -> Result<Self> {
        let (tls_port, file) = (tls_port.to_string(), |name| certificates.file(name).into_os_string());
        let arguments = [
            ("--tls-port", OsString::from(tls_port)),
            ("--tls-cert-file", file("server.pem")),
            ("--tls-key-file", file("server.key")),
            ("--tls-ca-cert-file", file("ca.pem")),
            ("--tls-auth-clients", "no".into()),
        ];
        let arguments = arguments.map(|(name, value)| [OsString::from(name), value]);
        Self::start_with(program, log, port, arguments.as_flattened())
    }

    fn start_with(program: &Path, log: &Path, port: u16, further: &[OsString]) -> Result<Self> {
        let port_text = port.to_string();
        let mut process = Launch::new("Redis", program)
            .arguments(further)
            .arguments(["--bind", "127.0.0.1", "--port", &port_text, "--protected-mode", "yes"])
            .arguments(["--save", "", "--appendonly", "no", "--maxmemory-policy", "noeviction"])
            .arguments(["--daemonize", "no"])
            .directory("/")
            .account(Account::for_servers()?)
            .log(log)
            .start()?;
        process.wait_until(Duration::from_secs(20), || answers(port))?;
        Ok(Self { process, port })
    }

    /// Its URL.
    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}/", self.port)
    }

    /// Where it listens.
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// Looks whether it still runs.
    ///
    /// # Errors
    /// When it does not, with the end of its log.
    pub fn check(&mut self) -> Result<()> {
        self.process.check()
    }
}

fn answers(port: u16) -> bool {
    let ask = || -> std::io::Result<bool> {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let mut stream = TcpStream::connect_timeout(&address, Duration::from_secs(1))?;
        stream.set_read_timeout(Some(Duration::from_secs(1)))?;
        stream.write_all(b"PING\r\n")?;
        let mut answer = [0_u8; 7];
        stream.read_exact(&mut answer)?;
        Ok(&answer == b"+PONG\r\n")
    };
    ask().unwrap_or(false)
}
