//! So many connections, each of which asks again as soon as it is answered.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::Result;
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::http::Connection;
use crate::statistics::percentile;

/// Gives the request of a number. Numbers are given out one after the other over all connections.
pub type Requests = Arc<dyn Fn(usize) -> Vec<u8> + Send + Sync>;

#[derive(Clone, Copy, Debug)]
pub enum Until {
    Elapsed(Duration),
    Asked(usize),
}

#[derive(Clone, Debug, Default)]
pub struct Load {
    pub latencies: Vec<f64>,
    pub seconds: f64,
}

impl Load {
    #[expect(clippy::cast_precision_loss, clippy::as_conversions, reason = "far below 2^52 requests")]
    pub fn requests(&self) -> f64 {
        self.latencies.len() as f64
    }

    pub fn rate(&self) -> f64 {
        if self.seconds > 0.0 { self.requests() / self.seconds } else { 0.0 }
    }

    /// The time in milliseconds within which this share of the requests was answered.
    pub fn within(&mut self, share: f64) -> f64 {
        percentile(&mut self.latencies, share)
    }
}

pub async fn load(address: SocketAddr, connections: u32, requests: &Requests, until: Until) -> Result<Load> {
    let mut opened = Vec::new();
    for _ in 0..connections {
        opened.push(Connection::open(address).await?);
    }
    let next = Arc::new(AtomicUsize::new(0));
    let started = Instant::now();
    let mut asking = JoinSet::new();
    for connection in opened {
        asking.spawn(ask(connection, Arc::clone(requests), Arc::clone(&next), until, started));
    }
    let mut load = Load::default();
    while let Some(asked) = asking.join_next().await {
        load.latencies.extend(asked??);
    }
    load.seconds = started.elapsed().as_secs_f64();
    Ok(load)
}

async fn ask(
    mut connection: Connection,
    requests: Requests,
    next: Arc<AtomicUsize>,
    until: Until,
    started: Instant,
) -> Result<Vec<f64>> {
    let mut latencies = Vec::new();
    loop {
        let number = next.fetch_add(1, Ordering::Relaxed);
        let enough = match until {
            Until::Elapsed(time) => started.elapsed() >= time,
            Until::Asked(count) => number >= count,
        };
        if enough {
            return Ok(latencies);
        }
        let request = requests(number);
        let asked = Instant::now();
        connection.ask(&request).await?;
        latencies.push(asked.elapsed().as_secs_f64() * 1000.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_of_what_was_answered() {
        let mut load = Load { latencies: vec![3.0, 1.0, 2.0, 4.0], seconds: 2.0 };
        assert_eq!((load.rate(), load.within(0.5), load.within(1.0)), (2.0, 3.0, 4.0));
        assert_eq!(Load::default().rate(), 0.0);
    }
}
