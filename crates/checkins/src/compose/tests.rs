//! Snapshots of the mails as a reader gets them.

use rstest::rstest;
use rubis_accounts::{CatchUpPolicy, CheckinPolicy, PostalAddress};
use rubis_invoices::{Client, Invoice, InvoiceStatus, Payment, PaymentKind, PaymentMethod};
use rubis_kernel::{
    AppKey, ClientId, Currency, EmailAddress, HolidayCalendar, InvoiceId, OrganizationId, PaymentId,
    PurposeKey, UserId,
};
use time::{
    OffsetDateTime,
    macros::{date, datetime, time},
};
use uuid::Uuid;

use super::*;
use crate::{
    CheckinAnswer, CheckinAnsweredBy, CheckinRules, CheckinStatus, CheckinTask, Confirmation,
    compose_confirmation, compose_confirmations, hash_of_token, token_of,
};

const NOW: OffsetDateTime = datetime!(2026-11-24 08:00 UTC);

/// Everything needed to compose a mail of the product.
struct Product {
    sender: EmailAddress,
    links: CheckinLinks,
    key: PurposeKey,
    rules: CheckinRules,
}

impl Product {
    fn new() -> Self {
        let app_key: AppKey = "0123456789abcdef0123456789abcdef".parse().unwrap();
        Self {
            sender: "relances@rubis.example".parse().unwrap(),
            links: CheckinLinks::new("https://api.rubis.example"),
            key: app_key.derive(crate::KEY_PURPOSE),
            rules: CheckinRules::default(),
        }
    }

    fn terms(&self) -> MailTerms<'_> {
        MailTerms { sender: &self.sender, links: &self.links, key: &self.key, rules: &self.rules }
    }
}

fn organization() -> Organization {
    Organization {
        id: OrganizationId::from(Uuid::from_u128(1)),
        name: "Menuiserie Vasseur & Fils".to_owned(),
        time_zone: "Europe/Paris".parse().unwrap(),
        sending_time: time!(09:00),
        business_days_only: true,
        holiday_calendar: HolidayCalendar::Metropolitan,
        chosen_holidays: None,
        catch_up_policy: CatchUpPolicy::Shift,
        checkins: CheckinPolicy { enabled: true, grace_hours: 24, wait_days: None },
        signature: String::new(),
        legal_mentions: String::new(),
        address: PostalAddress::default(),
        siren: None,
        late_penalty_basis_points: None,
        pause: None,
        sender_verified_at: None,
        silent_copies: Vec::new(),
        rubis_count: 0,
        created_at: NOW,
        updated_at: NOW,
    }
}

fn owner() -> User {
    User {
        id: UserId::from(Uuid::from_u128(2)),
        email: "jeanne.vasseur@menuiserie-vasseur.example".parse().unwrap(),
        full_name: "Jeanne Vasseur".to_owned(),
        email_verified_at: None,
        created_at: NOW,
        updated_at: NOW,
    }
}

fn mail_id() -> CheckinMailId {
    CheckinMailId::from(Uuid::from_u128(3))
}

fn question(product: &Product, number: u128, client_name: &str, cents: i64, due_date: Date) -> Question {
    let task = CheckinTaskId::from(Uuid::from_u128(number));
    Question {
        task,
        token: token_of(&product.key, task),
        numero: format!("F-2026-{number:03}"),
        client_name: client_name.to_owned(),
        balance: Money::new(cents, Currency::EUR),
        due_date,
    }
}

fn one(product: &Product) -> Vec<Question> {
    vec![question(product, 17, "Boulangerie <Martin> & Cie", 120_000, date!(2026 - 11 - 24))]
}

fn several(product: &Product) -> Vec<Question> {
    vec![
        question(product, 18, "Garage {items} d’Argenteuil", 84_050, date!(2026 - 11 - 24)),
        question(product, 17, "Boulangerie Martin", 120_000, date!(2026 - 11 - 24)),
        question(
            product,
            9,
            "Société coopérative des maraîchers de l’Orge",
            1_234_567,
            date!(2026 - 11 - 01),
        ),
    ]
}

fn composed_on(
    product: &Product,
    organization: &Organization,
    today: Date,
    questions: Vec<Question>,
) -> Email {
    compose(&product.terms(), organization, &owner(), mail_id(), today, questions).unwrap()
}

fn composed(product: &Product, organization: &Organization, questions: Vec<Question>) -> Email {
    composed_on(product, organization, date!(2026 - 11 - 24), questions)
}

fn answered(product: &Product, by: CheckinAnsweredBy) -> CheckinTask {
    let id = CheckinTaskId::from(Uuid::from_u128(17));
    CheckinTask {
        id,
        organization_id: organization().id,
        invoice_id: InvoiceId::from(Uuid::from_u128(4)),
        due_date: date!(2026 - 11 - 24),
        send_at: NOW,
        status: CheckinStatus::Answered,
        mail_id: Some(mail_id()),
        renews: None,
        token_hash: Some(hash_of_token(&token_of(&product.key, id))),
        sending_since: None,
        sent_at: Some(NOW),
        expires_at: Some(NOW + product.rules.life),
        answered_at: Some(datetime!(2026-11-24 08:12 UTC)),
        answer: Some(CheckinAnswer::Paid),
        answered_by: Some(by),
        payment_id: Some(PaymentId::from(Uuid::from_u128(5))),
        answered_with: None,
        suspect_since: None,
        reason: None,
        created_at: NOW,
    }
}

fn confirmed(product: &Product, task: &CheckinTask) -> Email {
    with_confirmation(task, |confirmation| compose_confirmation(&product.terms(), confirmation).unwrap())
}

fn with_confirmation<T>(task: &CheckinTask, write: impl FnOnce(&Confirmation<'_>) -> T) -> T {
    let organization = organization();
    let client = Client {
        id: ClientId::from(Uuid::from_u128(6)),
        organization_id: organization.id,
        name: "Boulangerie Martin".to_owned(),
        email: "compta@boulangerie-martin.example".parse().unwrap(),
        phone: None,
        address: PostalAddress::default(),
        kind: rubis_invoices::ClientKind::Company,
        siren: None,
        vat_number: None,
        notes: String::new(),
        pause: None,
        created_at: NOW,
        updated_at: NOW,
    };
    let invoice = Invoice {
        id: task.invoice_id,
        organization_id: organization.id,
        client_id: client.id,
        plan_id: None,
        numero: "F-2026-017".to_owned(),
        amount: Money::new(120_000, Currency::EUR),
        settled: Money::new(120_000, Currency::EUR),
        overpaid: Money::new(0, Currency::EUR),
        issue_date: date!(2026 - 10 - 25),
        due_date: date!(2026 - 11 - 24),
        status: InvoiceStatus::Paid,
        rubis_earned: 1,
        chased: false,
        last_reminded_at: None,
        paid_at: task.answered_at,
        settled_from: Some(InvoiceStatus::Pending),
        credited: false,
        cancelled_at: None,
        pause: None,
        awaited_answer: None,
        chain: 0,
        created_at: NOW,
        updated_at: NOW,
    };
    let payment = Payment {
        id: PaymentId::from(Uuid::from_u128(5)),
        invoice_id: invoice.id,
        kind: PaymentKind::Payment,
        amount_cents: 90_000,
        method: PaymentMethod::Other,
        paid_on: date!(2026 - 11 - 24),
        label: "via check-in".to_owned(),
        voided_at: None,
        void_reason: None,
        position: 1,
        created_at: NOW,
    };
    let confirmation = Confirmation {
        organization: &organization,
        owner: &owner(),
        client: &client,
        invoice: &invoice,
        payment: &payment,
        task,
    };
    write(&confirmation)
}

/// Returns the headers and the plain text of a mail.
fn readable(email: &Email) -> String {
    format!(
        "From: {:?} <{}>\nTo: {:?} <{}>\nSubject: {}\nMessage-ID: {}\nKey: {}\n\n{}",
        email.from.name,
        email.from.address,
        email.to.name,
        email.to.address,
        email.subject,
        email.message_id,
        email.idempotency_key,
        email.text
    )
}

#[test]
fn one_invoice_is_asked_about() {
    let product = Product::new();
    let email = composed(&product, &organization(), one(&product));
    insta::assert_snapshot!("question_text", readable(&email));
    insta::assert_snapshot!("question_html", email.html.unwrap());
}

#[test]
fn several_invoices_are_asked_about_in_one_mail_those_due_first_at_the_front() {
    let product = Product::new();
    let email = composed(&product, &organization(), several(&product));
    insta::assert_snapshot!("digest_text", readable(&email));
    insta::assert_snapshot!("digest_html", email.html.unwrap());
}

#[test]
fn an_answer_that_an_invoice_is_paid_is_confirmed_with_the_way_back() {
    let product = Product::new();
    let email = confirmed(&product, &answered(&product, CheckinAnsweredBy::Link));
    insta::assert_snapshot!("confirmation_text", readable(&email));
    insta::assert_snapshot!("confirmation_html", email.html.unwrap());
}

#[test]
fn answers_that_were_given_together_are_confirmed_by_one_mail_with_the_way_back() {
    let product = Product::new();
    let task = answered(&product, CheckinAnsweredBy::Button);
    let email = with_confirmation(&task, |one| {
        let other = Client { name: "Garage <Lopez>".to_owned(), ..one.client.clone() };
        let others = [Confirmation { client: &other, ..*one }, *one];
        compose_confirmations(&product.terms(), one, &others).unwrap()
    });
    insta::assert_snapshot!("confirmations_text", readable(&email));
    insta::assert_snapshot!("confirmations_html", email.html.unwrap());
}

#[test]
fn the_largest_confirmation_is_within_the_limits_of_a_mail() {
    let product = Product::new();
    let task = answered(&product, CheckinAnsweredBy::Button);
    let email = with_confirmation(&task, |one| {
        let client = Client { name: "\"".repeat(200), ..one.client.clone() };
        let invoice = Invoice { numero: "'".repeat(64), ..one.invoice.clone() };
        let others = vec![Confirmation { client: &client, invoice: &invoice, ..*one }; crate::MAX_OF_MAIL];
        compose_confirmations(&product.terms(), one, &others).unwrap()
    });
    assert!(email.html.unwrap().len() <= MailContent::MAX_HTML_BYTES);
}

#[test]
fn after_the_key_was_changed_the_way_back_is_in_the_first_mail() {
    let product = Product::new();
    let task = CheckinTask {
        token_hash: Some(hash_of_token("of another key")),
        ..answered(&product, CheckinAnsweredBy::Button)
    };
    let email = confirmed(&product, &task);
    assert!(!email.text.contains("https://") && !email.html.unwrap().contains("https://"));
    assert!(email.text.contains("par les liens de notre premier message"), "{}", email.text);
    assert!(!email.text.contains("transférez"), "nothing in it acts in the user's name");
    assert!(email.text.contains("depuis la page de réponse"), "{}", email.text);
}

#[test]
fn the_same_mail_is_the_same_to_the_letter_in_whatever_order_it_is_written() {
    let product = Product::new();
    let first = composed(&product, &organization(), several(&product));
    let mut turned = several(&product);
    turned.reverse();
    assert_eq!(composed(&product, &organization(), turned), first);
    let mut other = several(&product);
    other[0].balance.cents -= 1;
    let other = composed(&product, &organization(), other);
    assert_ne!(other.message_id, first.message_id);
    assert_ne!(other.idempotency_key, first.idempotency_key);
}

#[test]
fn what_a_client_is_called_is_shown_as_it_is_and_breaks_nothing() {
    let product = Product::new();
    let name = "<script>alert(1)</script>\r\nBcc: x@example.com {paid_url}";
    let email =
        composed(&product, &organization(), vec![question(&product, 1, name, 5, date!(2026 - 11 - 24))]);
    let mut question = question(&product, 1, "x", 5, date!(2026 - 11 - 24));
    question.client_name = rubis_kernel::one_line(name);
    let lined = composed(&product, &organization(), vec![question]);
    assert!(!lined.subject.contains(['\r', '\n']), "{}", lined.subject);
    let html = email.html.unwrap();
    assert!(!html.contains("<script>") && html.contains("&lt;script&gt;"));
    assert!(html.contains("{paid_url}"), "a name is no template");
}

#[rstest]
#[case(true, 0, None, "Si vous ne répondez pas, les relances prévues partent à leur date.")]
#[case(true, 1, None, "attendent 1\u{a0}heure, puis partent.")]
#[case(true, 48, None, "attendent 48\u{a0}heures, puis partent.")]
#[case(true, 72, None, "attendent 3\u{a0}jours, puis partent.")]
#[case(
    true,
    24,
    Some(7),
    "attendent 7\u{a0}jours, puis partent\u{202f}; votre fil d’activité vous le signale."
)]
fn it_is_reported_what_happens_without_an_answer(
    #[case] enabled: bool,
    #[case] grace_hours: u16,
    #[case] wait_days: Option<u16>,
    #[case] expected: &str,
) {
    let product = Product::new();
    let checkins = CheckinPolicy { enabled, grace_hours, wait_days };
    let organization = Organization { checkins, ..organization() };
    for questions in [one(&product), several(&product)] {
        let email = composed(&product, &organization, questions);
        assert!(email.text.contains(expected), "{}", email.text);
        assert!(email.html.unwrap().contains(expected));
    }
}

#[test]
fn amounts_of_several_currencies_are_not_added_up() {
    let product = Product::new();
    let mut questions = several(&product);
    assert!(composed(&product, &organization(), questions.clone()).text.contains("au total"));
    questions[0].balance.currency = "CHF".parse().unwrap();
    assert!(!composed(&product, &organization(), questions).text.contains("au total"));
}

#[test]
fn no_line_of_the_plain_text_is_left_unfilled_and_spaces_before_marks_do_not_break() {
    let product = Product::new();
    let mails = [
        composed(&product, &organization(), one(&product)),
        composed(&product, &organization(), several(&product)),
        confirmed(&product, &answered(&product, CheckinAnsweredBy::Link)),
    ];
    for email in mails {
        let html = without_tags(&email.html.unwrap());
        for text in [&email.subject, &email.text, &html] {
            let unfilled = text.replace("{items}", "");
            assert!(!unfilled.contains(['{', '}']), "{text}");
            for mark in [" ?", " !", " ;", " :", " »", "« ", "'", "&#39;"] {
                assert!(!text.contains(mark), "{mark:?} in {text}");
            }
        }
    }
}

#[test]
fn the_largest_digest_is_within_the_limits_of_a_mail() {
    let product = Product::new();
    let client = "\"".repeat(200);
    let questions: Vec<Question> = (0..crate::MAX_OF_MAIL)
        .map(|number| {
            let number = u128::try_from(number).unwrap();
            let mut question = question(&product, number, &client, i64::MAX, date!(2026 - 09 - 30));
            question.numero = shortened(&"'".repeat(64), MAX_NAME_CHARS);
            question.client_name = shortened(&client, MAX_NAME_CHARS);
            question
        })
        .collect();
    let named = Organization { name: "x".repeat(200), ..organization() };
    let email = composed(&product, &named, questions.clone());
    assert!(email.text.chars().count() <= 19_000, "{}", email.text.chars().count());
    assert!(email.html.unwrap().len() <= MailContent::MAX_HTML_BYTES);
    let one = composed(&product, &named, questions.into_iter().take(1).collect());
    assert!(one.subject.chars().count() <= MailContent::MAX_SUBJECT_CHARS);
}

#[test]
fn every_mail_of_the_templates_is_composed_by_these_tests() {
    let mails: Vec<_> = MAILS.names().filter_map(|name| name.strip_suffix(".subject.txt")).collect();
    assert_eq!(mails, ["confirmation", "confirmations", "digest", "question"]);
}

fn without_tags(html: &str) -> String {
    html.split('<').filter_map(|part| part.split_once('>')).map(|(_, text)| text).collect()
}

#[test]
fn a_question_about_a_past_due_date_says_so() {
    let product = Product::new();
    let on = |today: Date| composed_on(&product, &organization(), today, one(&product));
    let (due, late) = (on(date!(2026 - 11 - 24)), on(date!(2026 - 11 - 25)));
    for (mail, phrase) in [(&due, "est à régler pour le 24"), (&late, "était à régler le 24")] {
        assert!(mail.text.contains(phrase), "{}", mail.text);
        assert!(mail.html.as_deref().unwrap().contains(phrase));
    }
}

#[test]
fn the_subject_and_the_text_of_a_digest_agree() {
    let product = Product::new();
    let digest = composed(&product, &organization(), several(&product));
    assert!(digest.subject.starts_with("3 factures arrivées à échéance"), "{}", digest.subject);
    assert!(digest.text.contains("3 factures sont arrivées à échéance"), "{}", digest.text);
}
