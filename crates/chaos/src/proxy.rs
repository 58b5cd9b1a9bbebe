//! A small TCP proxy that cuts connections where it hurts.
//!
//! It reads just enough of what the client says to know where in the conversation it is (see
//! [`Protocol`]), and closes both sides at the moment that a [`Cut`] names: in the middle of a request,
//! or after the server has acted on it and before the client hears of that.

mod postgres;
mod protocol;

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::{Result, ensure};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use protocol::Reader;
pub use protocol::{Point, Protocol};

/// Bytes taken from one side at once.
const BUFFER: usize = 64 * 1024;

/// Time the server's answer is waited for that the client is not to get.
const ANSWER_PATIENCE: Duration = Duration::from_secs(5);

/// Moment of a cut, about a point of the conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// In the middle of the request: the server gets half of it.
    InRequest,
    /// After the server has answered, and before the client gets the answer.
    BeforeAnswer,
}

/// A repeated cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cut {
    pub at: Point,
    pub moment: Moment,
    /// At each such occasion, at every second, …: from 1.
    pub every: u32,
    /// Number of times in all.
    pub times: u32,
}

/// A proxy in front of one server. Dropping it closes its connections.
pub struct Proxy {
    address: SocketAddr,
    shared: Arc<Shared>,
    accepting: JoinHandle<()>,
}

struct Shared {
    server: SocketAddr,
    protocol: Protocol,
    armed: Mutex<Vec<Armed>>,
    cuts: watch::Sender<u32>,
    /// Changes when all connections are to be cut.
    axe: watch::Sender<u32>,
}

struct Armed {
    cut: Cut,
    seen: u32,
}

impl Proxy {
    /// Listens on a free port of the loopback interface, in front of `server`.
    pub async fn start(server: SocketAddr, protocol: Protocol) -> Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared {
            server,
            protocol,
            armed: Mutex::default(),
            cuts: watch::Sender::new(0),
            axe: watch::Sender::new(0),
        });
        let accepting = tokio::spawn(accept(listener, Arc::clone(&shared)));
        Ok(Self { address, shared, accepting })
    }

    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    pub fn arm(&self, cut: Cut) {
        self.shared.armed().push(Armed { cut, seen: 0 });
    }

    pub fn cut_all(&self) {
        self.shared.axe.send_modify(|times| *times = times.wrapping_add(1));
    }

    /// Number of cuts were made that had been armed.
    pub fn cuts(&self) -> u32 {
        *self.shared.cuts.borrow()
    }

    pub async fn wait_for_cuts(&self, count: u32, within: Duration) -> Result<()> {
        let mut cuts = self.shared.cuts.subscribe();
        let waited = tokio::time::timeout(within, cuts.wait_for(|cuts| *cuts >= count)).await;
        ensure!(waited.is_ok(), "{} of {count} cuts were made within {within:?}", self.cuts());
        Ok(())
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.accepting.abort();
        self.cut_all();
    }
}

impl Shared {
    fn armed(&self) -> MutexGuard<'_, Vec<Armed>> {
        self.armed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns true if the connection is cut at one of these points.
    fn decide(&self, points: &[Point]) -> Option<Moment> {
        let mut armed = self.armed();
        for point in points {
            for Armed { cut, seen } in armed.iter_mut().filter(|armed| armed.cut.at == *point) {
                *seen = seen.saturating_add(1);
                if cut.times > 0 && *seen % cut.every.max(1) == 0 {
                    cut.times = cut.times.saturating_sub(1);
                    return Some(cut.moment);
                }
            }
        }
        None
    }
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    loop {
        let Ok((client, _)) = listener.accept().await else { return };
        tokio::spawn(carry(client, Arc::clone(&shared)));
    }
}

async fn carry(mut client: TcpStream, shared: Arc<Shared>) {
    let mut axe = shared.axe.subscribe();
    let Ok(mut server) = TcpStream::connect(shared.server).await else { return };
    let _ = (client.set_nodelay(true), server.set_nodelay(true));
    let mut reader = Reader::new(shared.protocol);
    let (mut asked, mut answered) = (vec![0; BUFFER], vec![0; BUFFER]);
    loop {
        tokio::select! {
            _ = axe.changed() => return,
            length = client.read(&mut asked) => {
                let Some(bytes @ [_, ..]) = length.ok().and_then(|length| asked.get(..length)) else { return };
                let moment = shared.decide(&reader.read(bytes));
                if let Some(moment) = moment {
                    return cut(&shared, moment, bytes, &mut server).await;
                }
                if server.write_all(bytes).await.is_err() {
                    return;
                }
            }
            length = server.read(&mut answered) => {
                let Some(bytes @ [_, ..]) = length.ok().and_then(|length| answered.get(..length)) else { return };
                if client.write_all(bytes).await.is_err() {
                    return;
                }
            }
        }
    }
}

/// Ends a connection at this moment; both sides are closed when this returns.
async fn cut(shared: &Shared, moment: Moment, bytes: &[u8], server: &mut TcpStream) {
    match moment {
        Moment::InRequest => {
            let half = bytes.get(..bytes.len() / 2).unwrap_or_default();
            let _ = server.write_all(half).await;
        }
        Moment::BeforeAnswer => {
            let mut answer = [0; 1];
            if server.write_all(bytes).await.is_ok() {
                let _ = tokio::time::timeout(ANSWER_PATIENCE, server.read(&mut answer)).await;
            }
        }
    }
    shared.cuts.send_modify(|cuts| *cuts = cuts.saturating_add(1));
}
