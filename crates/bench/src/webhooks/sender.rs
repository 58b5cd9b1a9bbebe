//! Deliveries on a timetable, on as many connections as it takes.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::Result;
use rubis_kernel::{Clock as _, SystemClock};
use rubis_stripe_fake::SignedDelivery;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

use super::environment::Environment;
use super::event::Subscriber;
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
    /// From the instant of the timetable to the end of the answer, in milliseconds; of those that were answered
    /// with success.
    load: Load,
    failures: u32,
    pub first_failure: Option<String>,
}

/// Connections that are idle.
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

impl Sent {
    /// The time in milliseconds within which this share of the responses came.
    pub fn within(&mut self, share: f64) -> f64 {
        self.load.within(share)
    }

    /// Responses of success in a second.
    pub fn rate(&self) -> f64 {
        self.load.rate()
    }

    /// Events that were not answered with success.
    pub fn errors(&self) -> f64 {
        f64::from(self.failures)
    }
}

impl fmt::Display for Sent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.0} answered/s, {} failures", self.rate(), self.failures)
    }
}

/// Delivers an event for each subscriber, each at its instant, and waits for all answers.
pub async fn send(
    environment: &Environment,
    subscribers: &[Subscriber],
    pace: Pace,
    body: impl Fn(&Subscriber) -> String,
) -> Result<Sent> {
    // Made before, so that the sender's work does not delay the timetable. Signed when they leave.
    let bodies: Vec<String> = subscribers.iter().map(body).collect();
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

/// Delivers an event on a connection that is idle, or else on a new one, and returns how many milliseconds after it
/// was due its answer was there.
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
        assert_eq!((sent.rate(), sent.errors()), (1.0, 1.0));
        assert_eq!((sent.within(0.0), sent.within(1.0)), (2.0, 4.0));
    }
}
