//! A reminder to send.

use rubis_kernel::{Email, Mailbox};

pub fn mailbox(name: Option<&str>, address: &str) -> Mailbox {
    Mailbox { name: name.map(str::to_owned), address: address.parse().unwrap() }
}

pub fn relance() -> Email {
    Email {
        from: mailbox(Some("Café Martin & Fils"), "relances@rubis.example"),
        to: mailbox(Some("Société du Meuble"), "compta@meuble.example"),
        cc: vec![mailbox(None, "zoe@meuble.example")],
        bcc: Vec::new(),
        reply_to: Some(mailbox(Some("Marc Martin"), "marc@cafe-martin.example")),
        references: Some("relance.0190d8a0-0000-7000-8000-000000000000.1@rubis.example".into()),
        subject: "Facture F-2026-042 : rappel de règlement de 1\u{202f}234,56\u{a0}€".into(),
        text: "Bonjour,\n\nLa facture F-2026-042 est arrivée à échéance.\n.\n..\nBien à vous\n".into(),
        html: Some("<p>La facture <b>F-2026-042</b> est arrivée à échéance.</p>\n".into()),
        message_id: "relance.0190d8a0-0000-7000-8000-000000000001.1@rubis.example".into(),
        idempotency_key: "relance/0190d8a0-0000-7000-8000-000000000001/1".into(),
        trace: None,
    }
}
