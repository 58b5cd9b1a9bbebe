//! The inbox as a whole: its two servers and their shared state.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use thiserror::Error;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::behaviour::{Behaviour, InvalidBehaviour};
use crate::faults::Faults;
use crate::http;
use crate::mail::Mail;
use crate::settings::InboxSettings;
use crate::smtp;
use crate::store::{MailQuery, Store};

/// State shared by the SMTP sessions and the page.
#[derive(Debug)]
pub(crate) struct Shared {
    pub settings: InboxSettings,
    pub store: Store,
    pub faults: Faults,
}

/// A running inbox; dropping it stops its servers.
#[derive(Debug)]
pub struct Inbox {
    shared: Arc<Shared>,
    smtp_addr: SocketAddr,
    http: Option<http::RunningServer>,
    stop: watch::Sender<bool>,
    accepting: JoinHandle<()>,
}

/// Reasons why an inbox could not start.
#[derive(Debug, Error)]
pub enum StartError {
    /// The SMTP address is in use or not local.
    #[error("cannot listen for SMTP on {addr}")]
    Smtp { addr: SocketAddr, source: io::Error },
    /// The HTTP address is in use or not local.
    #[error("cannot listen for HTTP on {addr}")]
    Http { addr: SocketAddr, source: io::Error },
}

impl Inbox {
    /// Starts listening; returns once mails are accepted.
    ///
    /// # Errors
    /// An address cannot be listened on.
    pub async fn start(settings: InboxSettings) -> Result<Self, StartError> {
        let addr = settings.smtp_addr;
        let smtp_error = |source| StartError::Smtp { addr, source };
        let listener = TcpListener::bind(addr).await.map_err(smtp_error)?;
        let smtp_addr = listener.local_addr().map_err(smtp_error)?;
        let shared =
            Arc::new(Shared { store: Store::new(settings.keep), faults: Faults::default(), settings });
        let http = match shared.settings.http_addr {
            Some(addr) => Some(
                http::start(addr, smtp_addr, Arc::clone(&shared))
                    .map_err(|source| StartError::Http { addr, source })?,
            ),
            None => None,
        };
        let (stop, stopped) = watch::channel(false);
        let accepting = tokio::spawn(smtp::serve(listener, Arc::clone(&shared), stopped));
        Ok(Self { shared, smtp_addr, http, stop, accepting })
    }

    /// Returns the address of the SMTP server.
    pub fn smtp_addr(&self) -> SocketAddr {
        self.smtp_addr
    }

    /// Returns the address of the page, if there is one.
    pub fn http_addr(&self) -> Option<SocketAddr> {
        self.http.as_ref().map(http::RunningServer::addr)
    }

    /// Returns all mails that are kept, oldest first.
    pub fn messages(&self) -> Vec<Mail> {
        self.find(&MailQuery::default())
    }

    /// Returns the mails that match, oldest first.
    pub fn find(&self, query: &MailQuery) -> Vec<Mail> {
        self.shared.store.list(query).iter().map(|mail| mail.open()).collect()
    }

    /// Waits until at least `count` mails match. After the timeout it returns those that are there, which may be
    /// fewer.
    pub async fn wait_for(&self, query: &MailQuery, count: usize, timeout: Duration) -> Vec<Mail> {
        let mails = self.shared.store.wait(query, count, timeout).await;
        mails.iter().map(|mail| mail.open()).collect()
    }

    /// Deletes all mails; ids continue to rise.
    pub fn clear(&self) {
        self.shared.store.clear();
    }

    /// Returns the programmed behaviour, with the remaining `times` of each fault.
    pub fn behaviour(&self) -> Behaviour {
        self.shared.faults.get()
    }

    /// Replaces the programmed behaviour, from the next command on.
    ///
    /// # Errors
    /// A fault is invalid; the previous behaviour then stays.
    pub fn set_behaviour(&self, behaviour: Behaviour) -> Result<(), InvalidBehaviour> {
        behaviour.validate()?;
        self.shared.faults.set(behaviour);
        Ok(())
    }

    /// Stops both servers and closes all connections; their addresses are free afterwards.
    pub async fn stop(mut self) {
        self.stop.send_replace(true);
        // The task has ended already, or ends now.
        let _ended = self.accepting.await;
        if let Some(http) = self.http.take() {
            http.stop().await;
        }
    }
}
