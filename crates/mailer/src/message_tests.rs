//! Tests of messages, byte by byte, and of mails that cannot become one.

use std::time::{Duration, UNIX_EPOCH};

use super::*;

fn date() -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(1_795_248_000)
}

fn mailbox(name: Option<&str>, address: &str) -> rubis_kernel::Mailbox {
    rubis_kernel::Mailbox { name: name.map(str::to_owned), address: address.parse().unwrap() }
}

fn relance() -> Email {
    Email {
        from: mailbox(Some("Café Martin & Fils"), "relances@rubis.example"),
        to: mailbox(Some("Société Générale du Meuble"), "compta@meuble.example"),
        cc: vec![mailbox(None, "direction@meuble.example"), mailbox(Some("Zoé \"Zo\" O'Neil"), "zoe@meuble.example")],
        bcc: Vec::new(),
        reply_to: Some(mailbox(Some("Marc Martin"), "marc@cafe-martin.example")),
        references: Some("relance.0190d8a0-0000-7000-8000-000000000000.1@rubis.example".into()),
        subject: "Facture F-2026-042 : rappel de règlement de 1\u{202f}234,56\u{a0}€".into(),
        text: "Bonjour,\n\nLa facture F-2026-042 d'un montant de 1\u{202f}234,56\u{a0}€ est arrivée à échéance.\n.\n\
               Bien à vous\n"
            .into(),
        html: Some("<p>Bonjour,</p>\n<p>La facture <b>F-2026-042</b> est arrivée à échéance.</p>\n".into()),
        message_id: "relance.0190d8a0-0000-7000-8000-000000000001.1@rubis.example".into(),
        idempotency_key: "relance/0190d8a0-0000-7000-8000-000000000001/1".into(),
        trace: None,
    }
}

fn written(email: &Email) -> String {
    String::from_utf8(compose(email, date()).unwrap().formatted()).unwrap()
}

#[test]
fn a_relance_is_written_whole_in_text_and_html() {
    let message = written(&relance());
    assert_eq!(message, written(&relance()), "the same mail gives the same bytes");
    assert!(message.is_ascii());
    assert!(message.split("\r\n").all(|line| line.len() <= 998 && !line.contains(['\r', '\n'])), "{message}");
    insta::assert_snapshot!(message.replace("\r\n", "\n"));
}

#[test]
fn the_trace_of_a_mail_is_a_header() {
    let trace = rubis_kernel::TraceId::new();
    let traced = Email { trace: Some(trace), ..relance() };
    assert!(written(&traced).contains(&format!("\r\nX-Trace-Id: {trace}\r\n")));
    assert!(!written(&relance()).contains("X-Trace-Id"));
}

#[test]
fn a_mail_says_that_no_person_wrote_it_and_continues_the_first_reminder() {
    let header = |message: &str, name: &str| {
        let start = format!("{name}: ");
        message.lines().find_map(|line| line.strip_prefix(&start).map(str::to_owned))
    };
    let message = written(&relance());
    assert_eq!(header(&message, "Auto-Submitted").as_deref(), Some("auto-generated"));
    assert_eq!(header(&message, "X-Auto-Response-Suppress").as_deref(), Some("OOF, AutoReply"));
    let first = relance().references.unwrap();
    assert_eq!(header(&message, "References"), Some(format!("<{first}>")));
    assert_eq!(header(&message, "List-Unsubscribe"), None, "a debtor does not unsubscribe from a debt");

    let first_of_all = written(&Email { references: None, ..relance() });
    assert_eq!(header(&first_of_all, "References"), None);
}

#[test]
fn a_mail_without_html_is_plain_text_alone() {
    let plain = Email {
        html: None,
        cc: Vec::new(),
        reply_to: None,
        references: None,
        from: mailbox(None, "relances@rubis.example"),
        to: mailbox(Some("  "), "compta@meuble.example"),
        subject: "Plain ASCII".into(),
        text: "Nothing to encode here.\n".into(),
        ..relance()
    };
    insta::assert_snapshot!(written(&plain).replace("\r\n", "\n"));
}

#[test]
fn long_words_and_lines_are_folded_and_come_back_whole() {
    let email = Email { subject: "é".repeat(500), text: "à".repeat(5000), ..relance() };
    let message = written(&email);
    assert!(message.split("\r\n").all(|line| line.len() <= 998));
    assert!(message.is_ascii());
}

/// Puts a hostile value into each part of a mail that is written into a header.
fn attacked(value: &str) -> Vec<(&'static str, Email)> {
    let named = || mailbox(Some(value), "a@exemple.fr");
    vec![
        ("from.name", Email { from: named(), ..relance() }),
        ("to.name", Email { to: named(), ..relance() }),
        ("cc[1].name", Email { cc: vec![mailbox(None, "b@exemple.fr"), named()], ..relance() }),
        ("reply_to.name", Email { reply_to: Some(named()), ..relance() }),
        ("bcc[0].name", Email { bcc: vec![named()], ..relance() }),
        ("subject", Email { subject: value.into(), ..relance() }),
        ("references", Email { references: Some(format!("{value}@rubis.example")), ..relance() }),
        ("message_id", Email { message_id: format!("{value}@rubis.example"), ..relance() }),
        ("idempotency_key", Email { idempotency_key: value.into(), ..relance() }),
    ]
}

#[test]
fn no_header_can_be_broken_out_of() {
    for value in [
        "x\r\nBcc: victim@exemple.fr",
        "x\nBcc: victim@exemple.fr",
        "x\rBcc: victim@exemple.fr",
        "x\r\n\r\n<p>a body of my own</p>",
        "x\0y",
        "x\u{7f}",
        "x\u{85}Bcc: victim@exemple.fr",
        "\t",
        "\u{1b}[31m",
    ] {
        for (field, email) in attacked(value) {
            let error = compose(&email, date()).unwrap_err();
            assert_eq!(error.field, field, "{value:?}");
            assert_eq!(error.problem, "contains a control character", "{value:?} in {field}");
        }
    }
}

#[test]
fn an_address_with_a_line_end_does_not_even_exist() {
    for address in
        ["a@exemple.fr\r\nBcc: v@exemple.fr", "a\r\n@exemple.fr", "a@exemple.fr>\r\nRCPT TO:<v@exemple.fr"]
    {
        assert!(address.parse::<EmailAddress>().is_err(), "{address:?}");
    }
}

#[test]
fn display_names_cannot_pose_as_addresses() {
    let email =
        Email { to: mailbox(Some("Banque <alerte@banque.fr>, x"), "compta@meuble.example"), ..relance() };
    let message = compose(&email, date()).unwrap();
    let recipients: Vec<String> = message.envelope().to().iter().map(ToString::to_string).collect();
    assert_eq!(recipients[0], "compta@meuble.example");
    let to = written(&email).lines().find(|line| line.starts_with("To:")).map(str::to_owned);
    assert_eq!(
        to.as_deref(),
        Some("To: =?utf-8?b?QmFucXVlIDxhbGVydGVAYmFucXVlLmZyPiwgeA==?= <compta@meuble.example>")
    );
}

#[test]
fn identifiers_are_plain_and_bounded() {
    let with_id = |id: &str| compose(&Email { message_id: id.into(), ..relance() }, date());
    for id in [
        "",
        "no-at-sign",
        "a@",
        "@b",
        "a@b@c",
        "a b@c",
        "a>@c",
        "<a@c",
        "é@c",
        &format!("{}@c", "x".repeat(900)),
    ] {
        assert_eq!(with_id(id).unwrap_err().field, "message_id", "{id:?}");
    }
    assert!(with_id("relance.1@rubis.example").is_ok());
    let with_key = |key: &str| compose(&Email { idempotency_key: key.into(), ..relance() }, date());
    for key in ["", "a b", "clé", &"k".repeat(257)] {
        assert_eq!(with_key(key).unwrap_err().field, "idempotency_key", "{key:?}");
    }
}
