//! A mail server with TLS that records clear and encrypted commands separately.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair, KeyUsagePurpose};
use rustls::ServerConfig;
use rustls::pki_types::PrivateKeyDer;
use tokio::io::{AsyncBufReadExt as _, AsyncRead, AsyncWrite, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

/// Time at which the encryption begins.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Begins {
    /// With the first byte.
    AtOnce,
    /// With `STARTTLS`.
    WhenAsked,
}

/// The server. Its certificate names only `localhost`.
pub struct TlsServer {
    pub addr: SocketAddr,
    /// Certificate of the authority that signed its own, in PEM.
    pub authority: Vec<u8>,
    heard: Arc<Mutex<Heard>>,
}

/// Commands received.
#[derive(Clone, Default)]
pub struct Heard {
    /// Before the encryption.
    pub clear: Vec<String>,
    /// After the start of the encryption.
    pub encrypted: Vec<String>,
}

impl TlsServer {
    /// Starts it on a port of this machine; it ends with the runtime.
    pub async fn start(begins: Begins) -> Self {
        let authority = authority();
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        let certificate = params.signed_by(&key, &authority).unwrap();
        let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], key)
            .unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        let heard = Arc::new(Mutex::new(Heard::default()));
        let notes = Arc::clone(&heard);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, acceptor.clone(), begins, Arc::clone(&notes)));
            }
        });
        Self { addr, authority: authority.pem().into_bytes(), heard }
    }

    /// Returns the commands so far.
    pub fn heard(&self) -> Heard {
        self.heard.lock().unwrap().clone()
    }
}

/// Creates a private certificate authority.
pub fn authority() -> CertifiedIssuer<'static, KeyPair> {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

/// Serves a connection. A client that rejects the certificate hangs up, which ends its session.
async fn serve(mut stream: TcpStream, acceptor: TlsAcceptor, begins: Begins, heard: Arc<Mutex<Heard>>) {
    if begins == Begins::WhenAsked {
        stream.write_all(b"220 localhost\r\n").await.unwrap();
        let asked = converse(&mut stream, true, |line| heard.lock().unwrap().clear.push(line)).await;
        if !asked {
            return;
        }
    }
    let Ok(mut stream) = acceptor.accept(stream).await else { return };
    if begins == Begins::AtOnce {
        stream.write_all(b"220 localhost\r\n").await.unwrap();
    }
    converse(&mut stream, false, |line| heard.lock().unwrap().encrypted.push(line)).await;
}

/// Replies to commands until the connection ends, or `STARTTLS` has been requested and accepted.
async fn converse<S: AsyncRead + AsyncWrite + Unpin>(
    stream: &mut S,
    offers_tls: bool,
    note: impl Fn(String),
) -> bool {
    let mut stream = BufReader::new(stream);
    let mut is_message = false;
    let mut line = String::new();
    while stream.read_line(&mut line).await.is_ok_and(|length| length > 0) {
        let command = line.trim_end().to_owned();
        line.clear();
        if is_message && command != "." {
            continue;
        }
        let verb = command.split([' ', ':']).next().unwrap().to_ascii_uppercase();
        note(command);
        let reply = match verb.as_str() {
            "EHLO" if offers_tls => "250-localhost\r\n250 STARTTLS\r\n",
            "EHLO" => "250-localhost\r\n250-8BITMIME\r\n250 AUTH PLAIN\r\n",
            "AUTH" => "235 welcome\r\n",
            "DATA" => "354 go on\r\n",
            "STARTTLS" => "220 go on\r\n",
            "QUIT" => "221 bye\r\n",
            _ => "250 fine\r\n",
        };
        is_message = verb == "DATA";
        if stream.get_mut().write_all(reply.as_bytes()).await.is_err() {
            return false;
        }
        if verb == "STARTTLS" {
            return offers_tls;
        }
    }
    false
}
