//! Keeps mails instead of sending them: for tests.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use rubis_kernel::Email;

use crate::error::SendError;
use crate::message;
use crate::{Mailer, Receipt};

/// An outbox in memory that can be made to fail; clones share it.
#[derive(Debug, Clone, Default)]
pub struct MemoryMailer {
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    outbox: Vec<Email>,
    /// Number of mails handed over, accepted or not.
    attempts: usize,
    /// Result of every attempt, if set.
    outage: Option<SendError>,
    /// Results of the next attempts, for any recipient.
    failures: VecDeque<SendError>,
    /// Number of the next attempts that panic.
    panics: usize,
    /// Result of every mail to these addresses.
    refused: Vec<(String, SendError)>,
    /// Copies that are rejected.
    refused_copies: Vec<String>,
}

impl MemoryMailer {
    /// Creates an empty outbox.
    pub fn new() -> Self {
        Self::default()
    }

    /// Returns the sent mails, in order.
    pub fn outbox(&self) -> Vec<Email> {
        self.lock().outbox.clone()
    }

    /// Removes and returns the sent mails, in order.
    pub fn take(&self) -> Vec<Email> {
        std::mem::take(&mut self.lock().outbox)
    }

    /// Makes the next `times` attempts fail, after those already programmed.
    pub fn fail_next(&self, times: usize, error: &SendError) {
        self.lock().failures.extend(std::iter::repeat_n(error.clone(), times));
    }

    /// Makes every attempt fail until [`accept_everything`](Self::accept_everything).
    pub fn go_away(&self, error: SendError) {
        self.lock().outage = Some(error);
    }

    /// Returns the number of mails handed over so far, accepted or not.
    pub fn attempts(&self) -> usize {
        self.lock().attempts
    }

    /// Makes the next `times` attempts panic, as a fault in the code would.
    pub fn panic_next(&self, times: usize) {
        self.lock().panics = times;
    }

    /// Makes every mail to this address fail.
    pub fn refuse(&self, address: &str, error: SendError) {
        self.lock().refused.push((address.to_owned(), error));
    }

    /// Rejects this address as a copy of any mail, which is sent to the others.
    pub fn refuse_copy(&self, address: &str) {
        self.lock().refused_copies.push(address.to_owned());
    }

    /// Removes every programmed failure.
    pub fn accept_everything(&self) {
        let mut state = self.lock();
        state.failures.clear();
        state.outage = None;
        state.refused.clear();
        state.refused_copies.clear();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Mailer for MemoryMailer {
    async fn send(&self, email: &Email) -> Result<Receipt, SendError> {
        // A mail that a real transport would refuse to compose must not pass a test.
        message::check(email)?;
        let mut state = self.lock();
        state.attempts += 1;
        if let Some(error) = &state.outage {
            return Err(error.clone());
        }
        if let Some(left) = state.panics.checked_sub(1) {
            state.panics = left;
            drop(state);
            #[expect(clippy::panic, reason = "the test asked for it")]
            {
                panic!("a fault at src/secret.rs:42");
            }
        }
        if let Some(error) = state.failures.pop_front() {
            return Err(error);
        }
        let to = email.to.address.as_str();
        if let Some((_, error)) = state.refused.iter().find(|(address, _)| address == to) {
            return Err(error.clone());
        }
        state.outbox.push(email.clone());
        let copies = email.cc.iter().chain(&email.bcc).map(|copy| copy.address.clone());
        let refused_copies = copies
            .filter(|copy| state.refused_copies.iter().any(|refused| refused == copy.as_str()))
            .collect();
        Ok(Receipt { reference: None, refused_copies })
    }
}
