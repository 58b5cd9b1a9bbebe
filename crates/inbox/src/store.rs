//! Stored mails, bounded in number and in bytes.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use time::OffsetDateTime;
use tokio::sync::watch;

use crate::mail::{Envelope, StoredMail};

/// Maximum number of bytes of all stored mails, however many there are.
const MAX_KEPT_BYTES: usize = 512 * 1024 * 1024;

/// Minimum interval between two checks of a waiting reader.
const LOOK_PAUSE: Duration = Duration::from_millis(5);

/// Conditions on mails.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MailQuery {
    /// Only mails with a recipient that contains this text (ASCII case is ignored).
    pub to: Option<String>,
    /// Only mails that arrived after the one with this id.
    pub since: Option<u64>,
    /// Only mails whose subject contains this text.
    pub subject: Option<String>,
}

impl MailQuery {
    /// Matches the mails to this recipient.
    pub fn to(recipient: impl Into<String>) -> Self {
        Self { to: Some(recipient.into()), ..Self::default() }
    }

    fn prepared(&self) -> Wanted {
        Wanted {
            to: self.to.as_ref().map(|to| to.to_ascii_lowercase()),
            since: self.since.unwrap_or(0),
            subject: self.subject.clone(),
        }
    }
}

/// A query, prepared for matching many mails.
struct Wanted {
    /// Recipient in lower case.
    to: Option<String>,
    since: u64,
    subject: Option<String>,
}

impl Wanted {
    /// Returns the mails that match, oldest first.
    fn among<'a>(
        &'a self,
        mails: &'a VecDeque<Arc<StoredMail>>,
    ) -> impl Iterator<Item = &'a Arc<StoredMail>> {
        let first = mails.partition_point(|mail| mail.summary.id <= self.since);
        mails.range(first..).filter(|mail| {
            let subject = &mail.summary.subject;
            self.subject.as_ref().is_none_or(|wanted| subject.contains(wanted))
                && self.to.as_ref().is_none_or(|to| {
                    let mut recipients = mail.summary.envelope_to.iter();
                    recipients.any(|recipient| recipient.to_ascii_lowercase().contains(to))
                })
        })
    }
}

/// Stores mails and notifies waiting readers of each arrival.
#[derive(Debug)]
pub(crate) struct Store {
    kept: Mutex<Kept>,
    keep: usize,
    arrivals: watch::Sender<u64>,
}

#[derive(Debug, Default)]
struct Kept {
    mails: VecDeque<Arc<StoredMail>>,
    bytes: usize,
    last_id: u64,
}

impl Store {
    pub(crate) fn new(keep: usize) -> Self {
        Self { kept: Mutex::default(), keep: keep.max(1), arrivals: watch::Sender::new(0) }
    }

    /// Stores a mail, and removes the oldest ones if there is no room.
    pub(crate) fn add(&self, envelope: Envelope, raw: Vec<u8>) -> u64 {
        let received_at = arrival_time();
        let mut kept = self.lock();
        kept.last_id += 1;
        let id = kept.last_id;
        kept.bytes += raw.len();
        kept.mails.push_back(Arc::new(StoredMail::new(id, received_at, envelope, raw)));
        while kept.mails.len() > self.keep || (kept.bytes > MAX_KEPT_BYTES && kept.mails.len() > 1) {
            if let Some(oldest) = kept.mails.pop_front() {
                kept.bytes -= oldest.raw.len();
            }
        }
        drop(kept);
        self.arrivals.send_replace(id);
        id
    }

    /// Returns the mails that match, oldest first.
    pub(crate) fn list(&self, query: &MailQuery) -> Vec<Arc<StoredMail>> {
        let kept = self.lock();
        query.prepared().among(&kept.mails).map(Arc::clone).collect()
    }

    pub(crate) fn find(&self, id: u64) -> Option<Arc<StoredMail>> {
        let kept = self.lock();
        let position = kept.mails.binary_search_by_key(&id, |mail| mail.summary.id).ok()?;
        kept.mails.get(position).map(Arc::clone)
    }

    pub(crate) fn clear(&self) {
        let mut kept = self.lock();
        kept.mails.clear();
        kept.bytes = 0;
    }

    /// Waits until at least `count` mails match, and returns those that are there after the timeout.
    pub(crate) async fn wait(
        &self,
        query: &MailQuery,
        count: usize,
        timeout: Duration,
    ) -> Vec<Arc<StoredMail>> {
        let mut arrivals = self.arrivals.subscribe();
        let wanted = query.prepared();
        let enough = async {
            while wanted.among(&self.lock().mails).take(count).count() < count {
                // The sender lives in `self`, so this cannot fail while we wait.
                if arrivals.changed().await.is_err() {
                    return;
                }
                // In a burst, one check covers many arrivals.
                tokio::time::sleep(LOOK_PAUSE).await;
            }
        };
        // The mails that are there are returned, after a timeout too.
        let _in_time = tokio::time::timeout(timeout, enough).await;
        self.list(query)
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "when a mail arrived is a fact of the real world that is only shown, never decided upon"
)]
fn arrival_time() -> OffsetDateTime {
    OffsetDateTime::from(SystemTime::now())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn envelope(to: &str) -> Envelope {
        Envelope { from: String::new(), to: vec![to.to_owned()] }
    }

    #[test]
    fn the_oldest_mail_leaves_when_there_is_no_room() {
        let store = Store::new(2);
        for to in ["a@x.fr", "b@x.fr", "c@x.fr"] {
            store.add(envelope(to), b"Subject: x\r\n\r\n".to_vec());
        }
        let ids: Vec<u64> = store.list(&MailQuery::default()).iter().map(|m| m.summary.id).collect();
        assert_eq!(ids, [2, 3]);
        assert!(store.find(1).is_none());
        assert_eq!(store.find(3).unwrap().summary.envelope_to, ["c@x.fr"]);
    }

    #[test]
    fn ids_go_on_rising_after_everything_was_cleared() {
        let store = Store::new(10);
        store.add(envelope("a@x.fr"), Vec::new());
        store.clear();
        assert_eq!(store.add(envelope("a@x.fr"), Vec::new()), 2);
        let after_the_first = MailQuery { since: Some(1), ..MailQuery::to("A@X") };
        assert_eq!(store.list(&after_the_first).len(), 1);
    }
}
