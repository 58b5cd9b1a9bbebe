//! Deliveries on a timetable, on as many connections as it takes.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::Result;
use rubis_kernel::{Clock as _, SystemClock};
use rubis_stripe_fake::SignedDelivery;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

use super::environment::Environment;
use crate::api::http::{self, Connection};
use crate::api::load::Load;

#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// In each second.
    pub rate: u32,
    /// For so many seconds.
    pub seconds: u32,
}

#[derive(Debug, Default)]
pub struct Sent {
    /// From the instant of the timetable to the end of the response, in milliseconds.
    pub load: Load,
    pub failures: u32,
    pub first_failure: Option<String>,
}

type Idle = Arc<Mutex<Vec<Connection>>>;

impl Pace {
    /// All events together.
    #[expect(clippy::as_conversions, reason = "a u32 fits into a usize on whatever PostgreSQL runs on")]
    pub const fn events(self) -> usize {
        self.rate as usize * self.seconds as usize
    }

    fn departure(self, number: u32) -> Duration {
        Duration::from_secs(1) * number / self.rate
    }
}

/// Delivers these events, each at its instant, and waits for all responses.
pub async fn send(environment: &Environment, bodies: Vec<String>, pace: Pace) -> Result<Sent> {
    let idle = Idle::default();
    let mut deliveries = JoinSet::new();
    let started = Instant::now();
    for (number, body) in (0_u32..).zip(bodies) {
        let due = started + pace.departure(number);
        sleep_until(due).await;
        deliveries.spawn(deliver(environment.address, environment.secret, body, Arc::clone(&idle), due));
    }
    let mut sent = Sent::default();
    while let Some(delivery) = deliveries.join_next().await {
        match delivery? {
            Ok(latency) => sent.load.latencies.push(latency),
            Err(failure) => {
                sent.failures += 1;
                sent.first_failure.get_or_insert_with(|| format!("{failure:#}"));
            }
        }
    }
    sent.load.seconds = started.elapsed().as_secs_f64();
    Ok(sent)
}

/// Delivers an event on an idle connection or a new one, and returns the milliseconds from its date on.
async fn deliver(
    address: std::net::SocketAddr,
    secret: &'static str,
    body: String,
    idle: Idle,
    due: Instant,
) -> Result<f64> {
    let signed = SignedDelivery::new(body, secret, SystemClock.now());
    let header = format!("Stripe-Signature: {}", signed.signature);
    let request = http::post("/webhooks/stripe", &header, &signed.body);
    let waiting = idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
    let mut connection = match waiting {
        Some(connection) => connection,
        None => Connection::open(address).await?,
    };
    connection.ask(&request).await?;
    let latency = due.elapsed().as_secs_f64() * 1000.0;
    idle.lock().unwrap_or_else(PoisonError::into_inner).push(connection);
    Ok(latency)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_timetable_is_even() {
        let pace = Pace { rate: 200, seconds: 3 };
        assert_eq!(pace.events(), 600);
        assert_eq!(pace.departure(0), Duration::ZERO);
        assert_eq!(pace.departure(1), Duration::from_millis(5));
        assert_eq!(pace.departure(599), Duration::from_millis(2_995));
    }

    #[test]
    fn what_failed_is_no_fast_answer() {
        let mut sent =
            Sent { load: Load { latencies: vec![4.0, 2.0], seconds: 2.0 }, failures: 1, ..Sent::default() };
        assert_eq!((sent.load.rate(), sent.failures), (1.0, 1));
        assert_eq!((sent.load.within(0.0), sent.load.within(1.0)), (2.0, 4.0));
    }
}
