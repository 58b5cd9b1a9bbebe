//! A private Redis, or Valkey.

use std::ffi::OsString;
use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use nix::sys::signal::Signal;

use crate::{Account, Launch, Process};

const START_LIMIT: Duration = Duration::from_secs(20);

/// A server of the loopback interface. Dropping it stops it.
#[derive(Debug)]
pub struct Redis {
    launch: Launch,
    process: Option<Process>,
    address: SocketAddr,
}

impl Redis {
    /// Starts `program`, with `further` arguments.
    ///
    /// It keeps nothing on the disk: Redis may lose its data at any time, and losing it at each start keeps that true.
    /// As in production it refuses writes if its memory is full, rather than drop keys.
    pub fn start(program: &Path, log: &Path, port: u16, further: &[OsString]) -> Result<Self> {
        let launch = Launch::new("Redis", program)
            .arguments(further)
            .arguments(["--bind", "127.0.0.1", "--port", &port.to_string(), "--protected-mode", "yes"])
            .arguments(["--save", "", "--appendonly", "no", "--maxmemory-policy", "noeviction"])
            .arguments(["--daemonize", "no"])
            .directory("/")
            .account(Account::for_servers()?)
            .log(log);
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let mut server = Self { launch, process: None, address };
        server.start_again()?;
        Ok(server)
    }

    pub fn start_again(&mut self) -> Result<()> {
        let address = self.address;
        let process = self.process.insert(self.launch.start()?);
        process.wait_until(START_LIMIT, || call(address, "PING").is_ok_and(|reply| reply == "+PONG\r\n"))
    }

    /// Kills it; its data is lost.
    pub fn kill(&mut self) -> Result<()> {
        self.process.take().map_or(Ok(()), Process::kill)
    }

    /// Freezes it: connections stay open, and nothing gets a reply.
    pub fn pause(&self) -> Result<()> {
        self.process.as_ref().map_or(Ok(()), |process| process.signal(Signal::SIGSTOP))
    }

    pub fn resume(&self) -> Result<()> {
        self.process.as_ref().map_or(Ok(()), |process| process.signal(Signal::SIGCONT))
    }

    /// Resumes it if it was paused, starts it if it was killed.
    pub fn mend(&mut self) -> Result<()> {
        if self.process.is_none() { self.start_again() } else { self.resume() }
    }

    pub fn flush(&self) -> Result<()> {
        let reply = call(self.address, "FLUSHALL").context("Redis does not respond")?;
        ensure!(reply.starts_with("+OK"), "Redis refuses FLUSHALL: {reply}");
        Ok(())
    }

    pub fn url(&self) -> String {
        format!("redis://{}/", self.address)
    }

    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Fails with the end of the log if it has ended.
    pub fn check(&mut self) -> Result<()> {
        self.process.as_mut().map_or(Ok(()), Process::check)
    }
}

/// Sends a command without arguments and returns the beginning of the reply.
fn call(address: SocketAddr, command: &str) -> std::io::Result<String> {
    let limit = Duration::from_secs(2);
    let mut stream = TcpStream::connect_timeout(&address, limit)?;
    stream.set_read_timeout(Some(limit))?;
    stream.write_all(format!("{command}\r\n").as_bytes())?;
    let mut reply = [0_u8; 64];
    let length = stream.read(&mut reply)?;
    Ok(String::from_utf8_lossy(reply.get(..length).unwrap_or_default()).into_owned())
}
