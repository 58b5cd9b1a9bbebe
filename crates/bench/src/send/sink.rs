//! The most mails that the mail server of the benchmark accepts, to show that it is not the bottleneck.

use anyhow::{Context as _, Result, ensure};
use rubis_inbox::{Inbox, InboxSettings};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::statistics::as_number;

/// Mails a second that the server takes of a client that only writes bytes, over so many connections.
pub async fn ceiling(mail: &[u8], mails: usize, connections: usize) -> Result<f64> {
    let inbox = Inbox::start(InboxSettings::default()).await?;
    let content = with_end(mail);
    let each = mails.div_ceil(connections);
    let mut clients = JoinSet::new();
    let began = Instant::now();
    for _ in 0..connections {
        clients.spawn(send(inbox.smtp_addr(), content.clone(), each));
    }
    while let Some(ended) = clients.join_next().await {
        ended??;
    }
    Ok(as_number(each * connections) / began.elapsed().as_secs_f64())
}

/// The content of a mail as it goes over the line.
fn with_end(mail: &[u8]) -> Vec<u8> {
    let mut content = Vec::with_capacity(mail.len() + 8);
    let mut begins = true;
    for byte in mail {
        if begins && *byte == b'.' {
            content.push(b'.');
        }
        content.push(*byte);
        begins = *byte == b'\n';
    }
    if !content.ends_with(b"\r\n") {
        content.extend_from_slice(b"\r\n");
    }
    content.extend_from_slice(b".\r\n");
    content
}

async fn send(server: std::net::SocketAddr, content: Vec<u8>, mails: usize) -> Result<()> {
    let stream = TcpStream::connect(server).await?;
    stream.set_nodelay(true)?;
    let mut connection = BufReader::new(stream);
    expect(&mut connection, "220").await?;
    say(&mut connection, b"EHLO bench\r\n", "250").await?;
    for _ in 0..mails {
        say(&mut connection, b"MAIL FROM:<relances@rubis.example>\r\n", "250").await?;
        say(&mut connection, b"RCPT TO:<compta@debiteur.example>\r\n", "250").await?;
        say(&mut connection, b"DATA\r\n", "354").await?;
        say(&mut connection, &content, "250").await?;
    }
    Ok(())
}

async fn say(connection: &mut BufReader<TcpStream>, line: &[u8], code: &str) -> Result<()> {
    connection.get_mut().write_all(line).await?;
    expect(connection, code).await
}

/// Reads an answer to its last line.
async fn expect(connection: &mut BufReader<TcpStream>, code: &str) -> Result<()> {
    loop {
        let mut line = String::new();
        let length = connection.read_line(&mut line).await.context("the mail server does not answer")?;
        ensure!(length > 0 && line.starts_with(code), "the mail server says {line:?}");
        if line.as_bytes().get(3) != Some(&b'-') {
            return Ok(());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dot_at_the_beginning_of_a_line_does_not_end_the_mail() {
        assert_eq!(with_end(b"a\r\n.\r\nb."), b"a\r\n..\r\nb.\r\n.\r\n");
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn every_mail_is_taken() {
        assert!(ceiling(b"Subject: x\r\n\r\ny\r\n", 20, 3).await.unwrap() > 0.0);
    }
}
