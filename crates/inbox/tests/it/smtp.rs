//! Tests of the SMTP server over real sockets.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use rubis_inbox::{AuthPolicy, Behaviour, Fault, Inbox, InboxSettings, MailQuery, Stage};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

/// A client that sends exactly the given bytes.
struct Client {
    stream: BufReader<TcpStream>,
}

impl Client {
    async fn connect(addr: SocketAddr) -> Self {
        Self { stream: BufReader::new(TcpStream::connect(addr).await.unwrap()) }
    }

    /// Opens a connection that has been greeted and has said hello.
    async fn ready(addr: SocketAddr) -> Self {
        let mut client = Self::connect(addr).await;
        assert_eq!(client.reply().await, 220);
        assert_eq!(client.say("EHLO test").await, 250);
        client
    }

    async fn send(&mut self, text: &str) {
        self.stream.get_mut().write_all(text.as_bytes()).await.unwrap();
    }

    /// Returns the code of the next reply, all of whose lines are read; 0 once the connection is closed.
    async fn reply(&mut self) -> u16 {
        loop {
            let mut line = String::new();
            if self.stream.read_line(&mut line).await.unwrap_or(0) == 0 {
                return 0;
            }
            if line.as_bytes()[3] == b' ' {
                return line[..3].parse().unwrap();
            }
        }
    }

    async fn say(&mut self, command: &str) -> u16 {
        self.send(&format!("{command}\r\n")).await;
        self.reply().await
    }

    async fn announce(&mut self, to: &str) -> u16 {
        assert_eq!(self.say("MAIL FROM:<relances@rubis.test>").await, 250);
        self.say(&format!("RCPT TO:<{to}>")).await
    }

    /// Sends one whole mail and returns the code of the last reply.
    async fn deliver(&mut self, to: &str, content: &str) -> u16 {
        assert_eq!(self.announce(to).await, 250);
        assert_eq!(self.say("DATA").await, 354);
        self.say(&format!("{content}\r\n.")).await
    }
}

async fn inbox() -> Inbox {
    Inbox::start(InboxSettings::default()).await.unwrap()
}

async fn inbox_that(behaviour: Behaviour) -> Inbox {
    let inbox = inbox().await;
    inbox.set_behaviour(behaviour).unwrap();
    inbox
}

#[tokio::test]
async fn a_mail_is_kept_with_its_envelope_its_parts_and_its_exact_bytes() {
    let inbox = inbox().await;
    let mut client = Client::ready(inbox.smtp_addr()).await;
    let content = "From: =?utf-8?Q?Caf=C3=A9_Martin?= <relances@rubis.test>\r\n\
                   To: Anne <anne@client.fr>\r\nCc: bruno@client.fr\r\nReply-To: marc@cafe.fr\r\n\
                   Message-ID: <1@rubis.test>\r\nSubject: =?utf-8?Q?Impay=C3=A9?=\r\nMIME-Version: 1.0\r\n\
                   Content-Type: multipart/alternative; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\n\
                   .. hidden dot\r\n--b\r\nContent-Type: text/html\r\n\r\n<p>Hi</p>\r\n--b--\r\n";
    assert_eq!(client.deliver("anne@client.fr", &content.replace("\r\n.", "\r\n..")).await, 250);

    let mails = inbox.messages();
    assert_eq!(mails.len(), 1);
    let mail = &mails[0];
    assert_eq!(mail.summary.envelope_from, "relances@rubis.test");
    assert_eq!(mail.summary.envelope_to, ["anne@client.fr"]);
    assert_eq!(mail.summary.from.as_ref().unwrap().name.as_deref(), Some("Café Martin"));
    assert_eq!(mail.summary.cc[0].address, "bruno@client.fr");
    assert_eq!(mail.summary.reply_to.as_ref().unwrap().address, "marc@cafe.fr");
    assert_eq!(mail.summary.subject, "Impayé");
    assert_eq!(mail.summary.message_id.as_deref(), Some("1@rubis.test"));
    assert_eq!(mail.text.as_deref().map(str::trim_end), Some(".. hidden dot"));
    assert_eq!(mail.html.as_deref().map(str::trim_end), Some("<p>Hi</p>"));
    // The final line end belongs to the message, the dot does not.
    assert_eq!(mail.raw.as_ref(), format!("{content}\r\n").as_bytes());
}

#[tokio::test]
async fn pipelined_commands_are_answered_in_order_in_one_go() {
    let inbox = inbox().await;
    let mut client = Client::ready(inbox.smtp_addr()).await;
    client
        .send(
            "MAIL FROM:<a@x.fr> BODY=8BITMIME SMTPUTF8\r\nRCPT TO:<b@x.fr>\r\nRCPT TO:<c@x.fr>\r\nDATA\r\n\
             Subject: one\r\n\r\n.\r\nMAIL FROM:<a@x.fr>\r\nRCPT TO:<d@x.fr>\r\nDATA\r\nSubject: two\r\n\r\n.\r\nQUIT\r\n",
        )
        .await;
    for expected in [250, 250, 250, 354, 250, 250, 250, 354, 250, 221, 0] {
        assert_eq!(client.reply().await, expected);
    }
    let subjects: Vec<String> = inbox.messages().into_iter().map(|m| m.summary.subject).collect();
    assert_eq!(subjects, ["one", "two"]);
    assert_eq!(inbox.find(&MailQuery::to("C@x.fr")).len(), 1);
}

#[tokio::test]
async fn many_connections_deliver_at_once_and_are_used_again() {
    let inbox = inbox().await;
    let addr = inbox.smtp_addr();
    let senders: Vec<_> = (0..50)
        .map(|sender| {
            tokio::spawn(async move {
                let mut client = Client::ready(addr).await;
                for mail in 0..10 {
                    let to = format!("m{mail}-s{sender}@x.fr");
                    assert_eq!(client.deliver(&to, "Subject: x\r\n").await, 250);
                    assert_eq!(client.say("NOOP").await, 250);
                }
            })
        })
        .collect();
    for sender in senders {
        sender.await.unwrap();
    }
    assert_eq!(inbox.messages().len(), 500);
}

#[tokio::test]
async fn commands_out_of_order_are_refused_and_forgotten_mails_stay_forgotten() {
    let inbox = inbox().await;
    let mut client = Client::ready(inbox.smtp_addr()).await;
    assert_eq!(client.say("RCPT TO:<a@x.fr>").await, 503);
    assert_eq!(client.say("DATA").await, 503);
    assert_eq!(client.say("MAIL FROM:<>").await, 250);
    assert_eq!(client.say("MAIL FROM:<>").await, 503);
    assert_eq!(client.say("DATA").await, 503);
    assert_eq!(client.say("RSET").await, 250);
    assert_eq!(client.say("RCPT TO:<a@x.fr>").await, 503);
    assert_eq!(client.say("STARTTLS").await, 502);
    assert_eq!(client.say("BREW tea").await, 500);
    assert_eq!(client.deliver("a@x.fr", "Subject: still here\r\n").await, 250);
    assert_eq!(inbox.messages().len(), 1);
}

#[tokio::test]
async fn a_line_without_end_ends_the_connection() {
    let inbox = inbox().await;
    let mut client = Client::ready(inbox.smtp_addr()).await;
    client.send(&"x".repeat(100_000)).await;
    assert_eq!(client.reply().await, 500);
    assert_eq!(client.reply().await, 0);
}

#[tokio::test]
async fn a_mail_beyond_the_limit_is_refused_however_it_is_announced() {
    let settings = InboxSettings { max_message_bytes: 1000, ..InboxSettings::default() };
    let inbox = Inbox::start(settings).await.unwrap();
    let mut client = Client::ready(inbox.smtp_addr()).await;
    assert_eq!(client.say("MAIL FROM:<a@x.fr> SIZE=1001").await, 552);
    assert_eq!(client.deliver("a@x.fr", &"x".repeat(2000)).await, 552);
    assert_eq!(client.deliver("a@x.fr", "Subject: small\r\n").await, 250);
    assert_eq!(inbox.messages().len(), 1);
}

#[tokio::test]
async fn where_a_password_is_asked_for_only_the_right_one_sends() {
    let auth = AuthPolicy::Required { username: "anne".into(), password: "secret".into() };
    let inbox = Inbox::start(InboxSettings { auth, ..InboxSettings::default() }).await.unwrap();
    let mut client = Client::ready(inbox.smtp_addr()).await;
    assert_eq!(client.say("MAIL FROM:<a@x.fr>").await, 530);
    assert_eq!(client.say("AUTH PLAIN AGFubmUAb3RoZXI=").await, 535);
    assert_eq!(client.say("AUTH CRAM-MD5").await, 504);
    assert_eq!(client.say("AUTH LOGIN").await, 334);
    assert_eq!(client.say("YW5uZQ==").await, 334);
    assert_eq!(client.say("c2VjcmV0").await, 235);
    assert_eq!(client.deliver("a@x.fr", "Subject: x\r\n").await, 250);
}

#[tokio::test]
async fn programmed_replies_hit_the_chosen_stage_and_recipient_then_end() {
    let inbox = inbox_that(
        Behaviour::with(Fault::reply(Stage::Recipient, 550).for_recipient("gone@"))
            .and(Fault::reply(Stage::Recipient, 450).times(1))
            .and(Fault::reply(Stage::Message, 552).times(1)),
    )
    .await;
    let mut client = Client::ready(inbox.smtp_addr()).await;
    assert_eq!(client.announce("gone@x.fr").await, 550);
    assert_eq!(client.say("RCPT TO:<here@x.fr>").await, 450);
    assert_eq!(client.say("RCPT TO:<here@x.fr>").await, 250);
    assert_eq!(client.say("DATA").await, 354);
    assert_eq!(client.say("Subject: x\r\n.").await, 552);
    assert_eq!(inbox.messages().len(), 0);
    assert_eq!(client.deliver("here@x.fr", "Subject: x\r\n").await, 250);
    let left: Vec<_> = inbox.behaviour().faults.iter().map(|fault| fault.times).collect();
    assert_eq!(left, [None, Some(0), Some(0)]);
}

#[tokio::test]
async fn a_421_also_closes_the_connection() {
    let inbox = inbox_that(
        Behaviour::with(Fault::reply(Stage::Connect, 421).times(1))
            .and(Fault::reply(Stage::Mail, 421).times(1)),
    )
    .await;
    let mut greeted_badly = Client::connect(inbox.smtp_addr()).await;
    assert_eq!(greeted_badly.reply().await, 421);
    assert_eq!(greeted_badly.reply().await, 0);
    let mut client = Client::ready(inbox.smtp_addr()).await;
    assert_eq!(client.say("MAIL FROM:<a@x.fr>").await, 421);
    assert_eq!(client.reply().await, 0);
}

#[tokio::test]
async fn a_connection_closed_after_the_content_may_or_may_not_have_taken_the_mail() {
    let inbox = inbox_that(
        Behaviour::with(Fault::close(Stage::Message).times(1)).and(Fault::accept_and_close().times(1)),
    )
    .await;
    let mut client = Client::ready(inbox.smtp_addr()).await;
    assert_eq!(client.deliver("a@x.fr", "Subject: lost\r\n").await, 0);
    assert_eq!(inbox.messages().len(), 0);
    let mut client = Client::ready(inbox.smtp_addr()).await;
    assert_eq!(client.deliver("a@x.fr", "Subject: kept\r\n").await, 0);
    assert_eq!(inbox.messages().len(), 1);
}

#[tokio::test]
async fn a_slow_answer_comes_late_for_the_mail_that_is_already_kept() {
    let inbox = inbox_that(Behaviour::with(Fault::delay(Stage::Message, 80).times(1))).await;
    let mut client = Client::ready(inbox.smtp_addr()).await;
    let before = Instant::now();
    assert_eq!(client.deliver("a@x.fr", "Subject: x\r\n").await, 250);
    assert!(before.elapsed() >= Duration::from_millis(80));
}

#[tokio::test]
async fn waiting_ends_with_the_mail_that_was_waited_for_or_with_the_time() {
    let inbox = inbox().await;
    let addr = inbox.smtp_addr();
    let sender = tokio::spawn(async move {
        let mut client = Client::ready(addr).await;
        client.deliver("b@x.fr", "Subject: x\r\n").await;
        client.deliver("a@x.fr", "Subject: x\r\n").await
    });
    let mails = inbox.wait_for(&MailQuery::to("a@x.fr"), 1, Duration::from_secs(10)).await;
    assert_eq!(mails.len(), 1);
    assert_eq!(sender.await.unwrap(), 250);
    let none = inbox.wait_for(&MailQuery::to("c@x.fr"), 1, Duration::from_millis(10)).await;
    assert!(none.is_empty());
}

#[tokio::test]
async fn stopping_closes_what_is_open_and_frees_the_address() {
    let inbox = inbox().await;
    let addr = inbox.smtp_addr();
    let mut client = Client::ready(addr).await;
    inbox.stop().await;
    let mut rest = Vec::new();
    // Closed in order or abruptly: in both cases there is nothing more to read.
    let _closed = client.stream.read_to_end(&mut rest).await;
    assert!(rest.is_empty());
    assert!(TcpStream::connect(addr).await.is_err());
}
