//! Free ports of the loopback interface.

use std::net::{Ipv4Addr, TcpListener};

use anyhow::{Context as _, Result};

const TRIES: u16 = 100;

/// `preferred`, or the next port that nothing listens on.
pub fn free_from(preferred: u16) -> Result<u16> {
    (preferred..preferred.saturating_add(TRIES))
        .find(|port| is_free(*port))
        .with_context(|| format!("no free port from {preferred} on"))
}

/// A port that the system picks.
pub fn any() -> Result<u16> {
    several().map(|[port]| port)
}

pub fn several<const COUNT: usize>() -> Result<[u16; COUNT]> {
    // All stay bound until the last is known, so that none is picked twice.
    let listeners = (0..COUNT)
        .map(|_| TcpListener::bind((Ipv4Addr::LOCALHOST, 0)))
        .collect::<Result<Vec<_>, _>>()
        .context("no free port on 127.0.0.1")?;
    let mut ports = [0; COUNT];
    for (port, listener) in ports.iter_mut().zip(&listeners) {
        *port = listener.local_addr()?.port();
    }
    Ok(ports)
}

fn is_free(port: u16) -> bool {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_taken_port_is_passed_over() {
        let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = taken.local_addr().unwrap().port();
        assert!(free_from(port).unwrap() > port);
    }
}
