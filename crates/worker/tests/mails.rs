//! The mails of the default plan, word for word.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test fails by panicking")]

use rubis_kernel::Email;
use rubis_relances::approve_relance;
use rubis_testkit::Chain;
use time::macros::{date, datetime};

/// A mail as a person would compare it: its headers, then its text. Ids differ from run to run.
fn readable(mail: &Email) -> String {
    let mailbox = |mailbox: &rubis_kernel::Mailbox| match &mailbox.name {
        Some(name) => format!("{name} <{}>", mailbox.address),
        None => mailbox.address.to_string(),
    };
    let copies: Vec<String> = mail.cc.iter().map(mailbox).collect();
    let reply_to = mail.reply_to.as_ref().map(mailbox).unwrap_or_default();
    format!(
        "From: {}\nTo: {}\nCc: {}\nReply-To: {reply_to}\nSubject: {}\n\n{}\n",
        mailbox(&mail.from),
        mailbox(&mail.to),
        copies.join(", "),
        mail.subject,
        mail.text
    )
}

#[tokio::test]
async fn the_mails_of_the_default_plan_read_as_they_should() {
    let chain = Chain::start_at(datetime!(2026-11-24 09:00 UTC)).await;
    let invoice = chain.invoice_due(date!(2026 - 12 - 01)).await;
    let contact = rubis_invoices::NewContact::parse(&rubis_invoices::NewContactInput {
        name: "Paul Martin".to_owned(),
        email: "paul@boulangerie-martin.example".to_owned(),
        phone: None,
        job_title: None,
        receives_relances: true,
    })
    .unwrap();
    rubis_invoices::add_contact(
        &mut *chain.conn().await,
        chain.organization,
        invoice.client_id,
        &contact,
        chain.now(),
    )
    .await
    .unwrap();
    chain.worker.run_until(datetime!(2026-12-05 09:00 UTC)).await;
    chain.pay(invoice.id, Some(20_000)).await;
    chain.worker.run_until(datetime!(2027-01-04 09:00 UTC)).await;
    let notice = chain.relances(invoice.id).await.pop().unwrap();
    approve_relance(&mut *chain.conn().await, chain.organization, notice.id, chain.owner, chain.now())
        .await
        .unwrap();
    chain.worker.run_due().await;

    let mails = chain.worker.mailer.outbox();
    assert_eq!(mails.len(), 4);
    for (mail, tone) in mails.iter().zip(["amical", "courtois", "ferme", "mise_en_demeure"]) {
        insta::assert_snapshot!(format!("{tone}_text"), readable(mail));
        insta::assert_snapshot!(format!("{tone}_html"), mail.html.as_deref().unwrap_or_default());
    }
    let relances = chain.relances(invoice.id).await;
    for (mail, relance) in mails.iter().zip(&relances) {
        let version = mail.idempotency_key.rsplit('/').next().unwrap();
        assert_eq!(mail.idempotency_key, format!("relance/{}/{version}", relance.id));
        assert_eq!(mail.message_id, format!("relance.{}.{version}@rubis.example", relance.id));
    }
}

#[tokio::test]
async fn what_an_invoice_says_is_shown_and_never_becomes_markup_or_a_header() {
    let chain = Chain::start_at(datetime!(2026-11-24 09:00 UTC)).await;
    let name = "<b>Martin & Fils</b> \"Le Fournil\"";
    chain.invoice_to(name, "compta@martin.example", date!(2026 - 11 - 20)).await;
    chain.worker.run_until(datetime!(2026-11-24 09:01 UTC)).await;
    let mail = chain.worker.mailer.outbox().pop().unwrap();
    assert!(mail.text.contains(name));
    let html = mail.html.unwrap();
    assert!(!html.contains("<b>"), "{html}");
    assert!(html.contains("&lt;b&gt;Martin &amp; Fils&lt;/b&gt; &quot;Le Fournil&quot;"));
}
