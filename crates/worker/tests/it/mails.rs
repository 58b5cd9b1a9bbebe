//! The mails of the default plan, word for word.

use rubis_accounts::{AddressInput, OrganizationInput};
use rubis_invoices::{ClientInput, ClientPatch, Invoice};
use rubis_kernel::{ClientId, Email};
use rubis_relances::approve_relance;
use rubis_testkit::{Chain, typography};
use time::{
    Duration,
    macros::{date, datetime},
};

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

const TONES: [&str; 4] = ["amical", "courtois", "ferme", "mise_en_demeure"];

/// The mails of the default plan about one invoice of which a part is paid between the first and the second.
async fn sent_by_default_plan(chain: &Chain, invoice: &Invoice) -> Vec<Email> {
    chain.worker.run_until(datetime!(2026-12-05 09:00 UTC)).await;
    chain.pay(invoice.id, Some(20_000)).await;
    chain.worker.run_until(datetime!(2027-01-04 09:00 UTC)).await;
    let notice = chain.relances(invoice.id).await.pop().unwrap();
    approve_relance(&mut *chain.conn().await, chain.organization, notice.id, chain.owner, chain.now())
        .await
        .unwrap();
    chain.worker.run_until(chain.now() + Duration::MINUTE).await;
    let mails = chain.worker.mailer.outbox();
    assert_eq!(mails.len(), 4);
    mails
}

/// The creditor and the client are known as a formal notice names them.
async fn known_in_full(chain: &Chain, client: ClientId) {
    let address = |line1: &str, postal_code: &str, city: &str| AddressInput {
        line1: Some(line1.to_owned()),
        postal_code: Some(postal_code.to_owned()),
        city: Some(city.to_owned()),
        ..AddressInput::default()
    };
    chain
        .set(OrganizationInput {
            address: Some(address("12 rue des Lilas", "69003", "Lyon")),
            siren: Some(Some("552100554".to_owned())),
            late_penalty_basis_points: Some(Some(1_215)),
            ..OrganizationInput::default()
        })
        .await;
    let patch = ClientPatch::parse(ClientInput {
        address: Some(address("3 place Bellecour", "69002", "Lyon")),
        siren: Some(Some("732829320".to_owned())),
        ..ClientInput::default()
    })
    .unwrap();
    let now = chain.now();
    rubis_invoices::update_client(&mut *chain.conn().await, chain.organization, client, patch, now)
        .await
        .unwrap();
}

#[tokio::test]
async fn the_mails_of_the_default_plan_read_as_they_should() {
    let chain = Chain::start_at(datetime!(2026-11-24 09:00 UTC)).await;
    let invoice = chain.invoice_due(date!(2026 - 12 - 01)).await;
    known_in_full(&chain, invoice.client_id).await;
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

    let mails = sent_by_default_plan(&chain, &invoice).await;
    for (mail, tone) in mails.iter().zip(TONES) {
        insta::assert_snapshot!(format!("{tone}_text"), readable(mail));
        insta::assert_snapshot!(format!("{tone}_html"), mail.html.as_deref().unwrap_or_default());
        assert_eq!(typography::mistakes(&mail.text), [""; 0], "{tone}");
    }
    let relances = chain.relances(invoice.id).await;
    for (mail, relance) in mails.iter().zip(&relances) {
        let version = mail.idempotency_key.rsplit('/').next().unwrap();
        assert_eq!(mail.idempotency_key, format!("relance/{}/{version}", relance.id));
        assert_eq!(mail.message_id, format!("relance.{}.{version}@rubis.example", relance.id));
    }
}

#[tokio::test]
async fn a_person_is_claimed_nothing_that_only_professionals_owe() {
    let chain = Chain::start_at(datetime!(2026-11-24 09:00 UTC)).await;
    let invoice = chain.invoice_to("Paul Durand", "paul@durand.example", date!(2026 - 12 - 01)).await;
    let mails = sent_by_default_plan(&chain, &invoice).await;
    for (mail, tone) in mails.iter().zip(TONES) {
        for claim in ["40", "441", "pénalités", "professionnels", "SIREN"] {
            assert!(!mail.text.contains(claim), "{tone} claims {claim:?}: {}", mail.text);
        }
        assert_eq!(typography::mistakes(&mail.text), [""; 0], "{tone}");
    }
    insta::assert_snapshot!("ferme_person_text", readable(&mails[2]));
    insta::assert_snapshot!("mise_en_demeure_person_text", readable(&mails[3]));
    insta::assert_snapshot!("mise_en_demeure_person_html", mails[3].html.as_deref().unwrap_or_default());
}

#[tokio::test]
async fn an_earlier_message_is_named_only_if_there_was_one() {
    let chain = Chain::start_at(datetime!(2026-11-24 09:00 UTC)).await;
    let invoice = chain.invoice_due(date!(2026 - 12 - 01)).await;
    let firm = chain.relances(invoice.id).await.remove(2);
    rubis_relances::send_relance_now(&mut *chain.conn().await, chain.organization, firm.id, chain.now())
        .await
        .unwrap();
    chain.worker.run_until(chain.now() + Duration::MINUTE).await;
    let mail = chain.worker.mailer.outbox().pop().unwrap();
    assert!(mail.text.contains("La facture F-2026-001, à régler pour le 1er décembre 2026"), "{}", mail.text);
    assert!(!mail.text.contains("Malgré") && !mail.text.contains("retard"), "{}", mail.text);
    assert_eq!(mail.text.matches('€').count(), 1, "the amount is stated once: {}", mail.text);
}

#[test]
fn every_text_that_a_reader_sees_has_french_punctuation() {
    let mistakes = typography::mistakes_of_templates(concat!(env!("CARGO_MANIFEST_DIR"), "/.."));
    assert!(mistakes.is_empty(), "{mistakes:#?}");
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
