//! Tests of mails sent to a real SMTP server that misbehaves on command.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::support::{mailbox, relance};
use rubis_inbox::{AuthPolicy, Behaviour, Fault, Inbox, InboxSettings, Stage};
use rubis_kernel::{Email, ManualClock};
use rubis_mailer::{Mailer, SendError, SmtpCredentials, SmtpMailer, SmtpSettings, SmtpTls};
use time::macros::datetime;

fn settings(addr: SocketAddr) -> SmtpSettings {
    SmtpSettings::new(addr.ip().to_string(), addr.port())
}

fn mailer(settings: SmtpSettings) -> SmtpMailer {
    let _installed = rustls::crypto::ring::default_provider().install_default();
    SmtpMailer::new(settings, Arc::new(ManualClock::new(datetime!(2026-11-21 08:00 UTC)))).unwrap()
}

async fn inbox() -> (Inbox, SmtpMailer) {
    let inbox = Inbox::start(InboxSettings::default()).await.unwrap();
    let mailer = mailer(settings(inbox.smtp_addr()));
    (inbox, mailer)
}

async fn inbox_that(behaviour: Behaviour) -> (Inbox, SmtpMailer) {
    let (inbox, mailer) = inbox().await;
    inbox.set_behaviour(behaviour).unwrap();
    (inbox, mailer)
}

fn transient(error: &SendError) -> bool {
    matches!(error, SendError::Transient { .. })
}

fn unavailable(error: &SendError) -> bool {
    matches!(error, SendError::Unavailable { .. })
}

fn configuration(error: &SendError) -> bool {
    matches!(error, SendError::Configuration { .. })
}

#[tokio::test]
async fn a_relance_arrives_as_it_was_written() {
    let (inbox, mailer) = inbox().await;
    let receipt = mailer.send(&relance()).await.unwrap();
    assert!(receipt.reference.unwrap().contains("Kept as 1"));

    let mails = inbox.messages();
    assert_eq!(mails.len(), 1);
    let mail = &mails[0];
    assert_eq!(mail.summary.envelope_from, "relances@rubis.example");
    assert_eq!(mail.summary.envelope_to, ["compta@meuble.example", "zoe@meuble.example"]);
    assert_eq!(mail.summary.from.as_ref().unwrap().name.as_deref(), Some("Café Martin & Fils"));
    assert_eq!(mail.summary.reply_to.as_ref().unwrap().address, "marc@cafe-martin.example");
    assert_eq!(mail.summary.subject, relance().subject);
    assert_eq!(mail.summary.message_id, Some(relance().message_id));
    assert_eq!(mail.text.as_ref().unwrap().replace("\r\n", "\n").trim_end(), relance().text.trim_end());
    assert_eq!(
        mail.html.as_ref().unwrap().replace("\r\n", "\n").trim_end(),
        relance().html.unwrap().trim_end()
    );
    assert!(
        mail.headers.iter().any(|h| h.name == "Date" && h.value.starts_with("Sat, 21 Nov 2026 08:00:00"))
    );
}

#[tokio::test]
async fn a_mail_that_could_inject_a_header_reaches_no_server() {
    let (inbox, mailer) = inbox().await;
    let attack = Email { subject: "Rappel\r\nBcc: victim@exemple.fr".into(), ..relance() };
    let error = mailer.send(&attack).await.unwrap_err();
    assert!(matches!(&error, SendError::Invalid(invalid) if invalid.field == "subject"), "{error}");
    assert!(error.is_final());
    assert!(inbox.messages().is_empty());
}

#[tokio::test]
async fn a_refused_recipient_fails_for_good_and_spares_the_next_mail() {
    for code in [550, 551, 552, 553] {
        let (inbox, mailer) =
            inbox_that(Behaviour::with(Fault::reply(Stage::Recipient, code).times(1))).await;
        let error = mailer.send(&relance()).await.unwrap_err();
        assert!(matches!(error, SendError::Rejected { code: given, .. } if given == code), "{error}");
        assert!(error.is_final());
        mailer.send(&relance()).await.unwrap();
        assert_eq!(inbox.messages().len(), 1, "the refused mail left nothing behind on its connection");
    }
}

#[tokio::test]
async fn a_failure_shows_what_the_recipients_server_said_and_nothing_else() {
    let failure_of = async |fault: Fault| {
        let (_inbox, mailer) = inbox_that(Behaviour::with(fault)).await;
        mailer.send(&relance()).await.unwrap_err().failure()
    };
    let refused = failure_of(Fault::reply(Stage::Recipient, 550)).await;
    assert_eq!((refused.code(), refused.detail().as_str()), ("mail_refused", "5.0.0 Refused on purpose"));
    let deferred = failure_of(Fault::reply(Stage::Message, 452)).await;
    assert_eq!((deferred.code(), deferred.detail().as_str()), ("mail_deferred", "4.0.0 Refused on purpose"));
    // These are about our own mail server.
    for fault in [
        Fault::reply(Stage::Connect, 421),
        Fault::reply(Stage::Mail, 451),
        Fault::reply(Stage::Recipient, 421),
        Fault::reply(Stage::Recipient, 530),
    ] {
        assert_eq!(failure_of(fault.clone()).await.detail(), "mail_server_unavailable", "{fault:?}");
    }
    let broken = failure_of(Fault::close(Stage::Data)).await;
    assert_eq!(broken.detail(), "mail_server_unreachable", "the content may be the cause");
}

#[tokio::test]
async fn a_server_that_cannot_be_reached_is_named_to_operations_alone() {
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    for (host, port) in [("127.0.0.1", closed.port()), ("mx1.rubis.invalid", 2525)] {
        let error = mailer(SmtpSettings::new(host.to_owned(), port)).send(&relance()).await.unwrap_err();
        assert!(error.to_string().contains(&format!("{host}:{port}")), "{error}");
        assert!(unavailable(&error));
        assert_eq!(error.failure().detail(), "mail_server_unavailable");
    }
}

#[tokio::test]
async fn what_may_pass_later_is_tried_again() {
    for fault in [
        Fault::reply(Stage::Recipient, 450),
        Fault::reply(Stage::Recipient, 452),
        Fault::reply(Stage::Data, 451),
        Fault::reply(Stage::Message, 451),
        Fault::close(Stage::Data),
        Fault::close(Stage::Message),
    ] {
        let (inbox, mailer) = inbox_that(Behaviour::with(fault.clone().times(1))).await;
        let error = mailer.send(&relance()).await.unwrap_err();
        assert!(transient(&error) && !error.is_final(), "{fault:?}: {error}");
        mailer.send(&relance()).await.unwrap();
        assert_eq!(inbox.messages().len(), 1, "{fault:?}");
    }
}

#[tokio::test]
async fn a_server_that_is_away_or_busy_says_nothing_about_the_mail() {
    for fault in [
        Fault::reply(Stage::Connect, 421),
        Fault::reply(Stage::Connect, 450),
        Fault::reply(Stage::Mail, 421),
        Fault::reply(Stage::Mail, 451),
        Fault::reply(Stage::Recipient, 421),
        Fault::reply(Stage::Data, 421),
        Fault::close(Stage::Connect),
        Fault::close(Stage::Mail),
        Fault::close(Stage::Recipient),
    ] {
        let (inbox, mailer) = inbox_that(Behaviour::with(fault.clone().times(1))).await;
        let error = mailer.send(&relance()).await.unwrap_err();
        assert!(unavailable(&error) && !error.is_final(), "{fault:?}: {error}");
        mailer.send(&relance()).await.unwrap();
        assert_eq!(inbox.messages().len(), 1, "{fault:?}");
    }
}

#[tokio::test]
async fn a_refused_message_fails_for_good() {
    for fault in [Fault::reply(Stage::Data, 554), Fault::reply(Stage::Message, 552)] {
        let (inbox, mailer) = inbox_that(Behaviour::with(fault)).await;
        let error = mailer.send(&relance()).await.unwrap_err();
        assert!(matches!(error, SendError::Rejected { .. }), "{error}");
        assert!(inbox.messages().is_empty());
    }
}

#[tokio::test]
async fn a_server_that_refuses_us_fails_no_mail_for_good() {
    for fault in [
        Fault::reply(Stage::Connect, 554),
        Fault::reply(Stage::Mail, 550),
        Fault::reply(Stage::Recipient, 530),
        Fault::reply(Stage::Data, 535),
    ] {
        let (_inbox, mailer) = inbox_that(Behaviour::with(fault.clone())).await;
        let error = mailer.send(&relance()).await.unwrap_err();
        assert!(configuration(&error) && !error.is_final(), "{fault:?}: {error}");
    }
}

#[tokio::test]
async fn a_copy_that_is_refused_does_not_hold_the_mail_back() {
    let (inbox, mailer) =
        inbox_that(Behaviour::with(Fault::reply(Stage::Recipient, 550).for_recipient("zoe@"))).await;
    let receipt = mailer.send(&relance()).await.unwrap();
    assert_eq!(receipt.refused_copies, ["zoe@meuble.example".parse().unwrap()]);
    assert_eq!(inbox.messages()[0].summary.envelope_to, ["compta@meuble.example"]);
}

#[tokio::test]
async fn an_address_beyond_ascii_among_the_copies_does_not_fail_the_mail() {
    let copied = Email {
        cc: vec![mailbox(Some("Hélène"), "hélène@meuble.example"), mailbox(None, "zoe@meuble.example")],
        ..relance()
    };
    let inbox = Inbox::start(InboxSettings { smtp_utf8: false, ..InboxSettings::default() }).await.unwrap();
    let receipt = mailer(settings(inbox.smtp_addr())).send(&copied).await.unwrap();
    assert_eq!(receipt.refused_copies, ["hélène@meuble.example".parse().unwrap()]);
    assert_eq!(inbox.messages()[0].summary.envelope_to, ["compta@meuble.example", "zoe@meuble.example"]);
    assert!(inbox.messages()[0].raw.is_ascii());

    let (able, mailer) = self::inbox().await;
    let receipt = mailer.send(&copied).await.unwrap();
    assert!(receipt.refused_copies.is_empty(), "a server that can take it gets it");
    assert_eq!(able.messages()[0].summary.envelope_to.len(), 3);
}

#[tokio::test]
async fn an_international_domain_is_sent_in_its_ascii_form() {
    let inbox = Inbox::start(InboxSettings { smtp_utf8: false, ..InboxSettings::default() }).await.unwrap();
    let email =
        Email { to: mailbox(Some("Société"), "compta@société.example"), cc: Vec::new(), ..relance() };
    mailer(settings(inbox.smtp_addr())).send(&email).await.unwrap();
    let mail = &inbox.messages()[0];
    assert_eq!(mail.summary.envelope_to, ["compta@xn--socit-esab.example"]);
    assert!(String::from_utf8_lossy(&mail.raw).contains("<compta@xn--socit-esab.example>"));
}

#[tokio::test]
async fn a_silent_copy_is_in_no_header_and_never_holds_the_mail_back() {
    let email = Email { bcc: vec![mailbox(None, "archives@cafe-martin.example")], ..relance() };
    let (inbox, mailer) = inbox().await;
    mailer.send(&email).await.unwrap();
    let mail = &inbox.messages()[0];
    assert!(mail.summary.envelope_to.contains(&"archives@cafe-martin.example".to_owned()));
    assert!(!String::from_utf8_lossy(&mail.raw).contains("archives@"));

    let fault = Fault::reply(Stage::Recipient, 450).for_recipient("archives@");
    let (inbox, mailer) = inbox_that(Behaviour::with(fault)).await;
    let receipt = mailer.send(&email).await.unwrap();
    assert_eq!(receipt.refused_copies, ["archives@cafe-martin.example".parse().unwrap()]);
    assert_eq!(inbox.messages()[0].summary.envelope_to, ["compta@meuble.example", "zoe@meuble.example"]);
}

#[tokio::test]
async fn a_copy_that_may_pass_later_is_waited_for_so_that_nobody_gets_the_mail_twice() {
    let (inbox, mailer) =
        inbox_that(Behaviour::with(Fault::reply(Stage::Recipient, 450).for_recipient("zoe@"))).await;
    assert!(transient(&mailer.send(&relance()).await.unwrap_err()));
    assert!(inbox.messages().is_empty());
}

#[tokio::test]
async fn a_mail_taken_without_an_answer_is_sent_again_as_the_same_message() {
    let (inbox, mailer) = inbox_that(Behaviour::with(Fault::accept_and_close().times(1))).await;
    assert!(transient(&mailer.send(&relance()).await.unwrap_err()));
    mailer.send(&relance()).await.unwrap();
    let mails = inbox.messages();
    assert_eq!(mails.len(), 2);
    assert_eq!(mails[0].summary.message_id, mails[1].summary.message_id);
    assert_eq!(mails[0].raw, mails[1].raw);
}

#[tokio::test]
async fn a_late_answer_is_never_taken_for_the_next_mails() {
    let inbox = Inbox::start(InboxSettings::default()).await.unwrap();
    let mailer =
        mailer(SmtpSettings { message_timeout: Duration::from_millis(50), ..settings(inbox.smtp_addr()) });
    inbox
        .set_behaviour(
            Behaviour::with(Fault::delay(Stage::Message, 5_000).times(1))
                .and(Fault::reply(Stage::Message, 550).for_recipient("refusee@").times(1)),
        )
        .unwrap();
    let error = mailer.send(&relance()).await.unwrap_err();
    assert!(transient(&error), "{error}");
    // Over the same connection, the late 250 of the first mail would be taken for the reply to this one.
    let refused = Email { to: mailbox(None, "refusee@meuble.example"), ..relance() };
    let error = mailer.send(&refused).await.unwrap_err();
    assert!(matches!(error, SendError::Rejected { code: 550, .. }), "{error}");
}

#[tokio::test]
async fn a_connection_is_used_again_and_replaced_when_the_server_has_closed_it() {
    let inbox = Inbox::start(InboxSettings::default()).await.unwrap();
    let addr = inbox.smtp_addr();
    let mailer = mailer(settings(addr));
    // A second connection would be refused.
    mailer.send(&relance()).await.unwrap();
    inbox.set_behaviour(Behaviour::with(Fault::reply(Stage::Connect, 421))).unwrap();
    mailer.send(&relance()).await.unwrap();
    inbox.stop().await;

    let restarted =
        Inbox::start(InboxSettings { smtp_addr: addr, ..InboxSettings::default() }).await.unwrap();
    mailer.send(&relance()).await.unwrap();
    assert_eq!(restarted.messages().len(), 1, "the mail went over a new connection, without an error");
}

#[tokio::test]
async fn mails_one_after_another_do_not_wait_for_acknowledgements() {
    let (inbox, mailer) = inbox().await;
    mailer.send(&relance()).await.unwrap();
    let before = Instant::now();
    for _ in 0..20 {
        mailer.send(&relance()).await.unwrap();
    }
    // Nagle's algorithm costs 40 ms a mail, 800 ms here; the bound leaves room for a loaded machine.
    assert!(before.elapsed() < Duration::from_millis(600), "{:?}", before.elapsed());
    assert_eq!(inbox.messages().len(), 21);
}

#[tokio::test]
async fn many_mails_at_once_all_arrive() {
    let (inbox, mailer) = inbox().await;
    let mailer = Arc::new(mailer);
    let sends: Vec<_> = (0..100)
        .map(|number| {
            let mailer = Arc::clone(&mailer);
            let email = Email { to: mailbox(None, &format!("client{number}@exemple.fr")), ..relance() };
            tokio::spawn(async move { mailer.send(&email).await })
        })
        .collect();
    for send in sends {
        send.await.unwrap().unwrap();
    }
    assert_eq!(inbox.messages().len(), 100);
}

#[tokio::test]
async fn the_right_credentials_send_and_the_wrong_ones_fail_no_mail_for_good() {
    let auth = AuthPolicy::Required { username: "rubis".into(), password: "sésame".into() };
    let inbox = Inbox::start(InboxSettings { auth, ..InboxSettings::default() }).await.unwrap();
    let with = |password: Option<&str>| {
        let credentials =
            password.map(|password| SmtpCredentials { username: "rubis".into(), password: password.into() });
        mailer(SmtpSettings { credentials, ..settings(inbox.smtp_addr()) })
    };
    with(Some("sésame")).send(&relance()).await.unwrap();
    for wrong in [Some("sesame"), None] {
        let error = with(wrong).send(&relance()).await.unwrap_err();
        assert!(configuration(&error), "{error}");
        assert!(!error.to_string().contains("sesame"));
    }
    assert_eq!(inbox.messages().len(), 1);
}

#[tokio::test]
async fn nothing_is_sent_in_the_clear_to_a_server_without_the_encryption_asked_for() {
    let inbox = Inbox::start(InboxSettings::default()).await.unwrap();
    let with = |tls| mailer(SmtpSettings { tls, ..settings(inbox.smtp_addr()) });
    for tls in [SmtpTls::Starttls, SmtpTls::Required] {
        let error = with(tls).send(&relance()).await.unwrap_err();
        assert!(configuration(&error), "{tls:?}: {error}");
    }
    assert!(inbox.messages().is_empty());
    with(SmtpTls::Opportunistic).send(&relance()).await.unwrap();
    assert_eq!(inbox.messages().len(), 1);
}

#[tokio::test]
async fn a_server_that_is_not_there_or_says_nothing_is_tried_again() {
    let gone = Inbox::start(InboxSettings::default()).await.unwrap();
    let addr = gone.smtp_addr();
    gone.stop().await;
    assert!(unavailable(&mailer(settings(addr)).send(&relance()).await.unwrap_err()));

    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let impatient =
        SmtpSettings { connect_timeout: Duration::from_millis(50), ..settings(silent.local_addr().unwrap()) };
    assert!(unavailable(&mailer(impatient).send(&relance()).await.unwrap_err()));
}
