//! A late invoice is reminded step by step, and the chain stops when it is settled.

use rubis_invoices::InvoiceStatus;
use rubis_kernel::{Email, Mailbox};
use rubis_mailer::{Mailer as _, SendError};
use rubis_relances::{RelanceStatus, approve_relance, cancel_relance, send_relance_now};
use rubis_testkit::Chain;
use time::{
    Duration, OffsetDateTime,
    macros::{date, datetime},
};

/// A Tuesday at ten in Paris.
const TUESDAY: OffsetDateTime = datetime!(2026-11-24 09:00 UTC);

#[tokio::test]
async fn an_invoice_that_nobody_pays_is_reminded_until_a_person_has_to_decide() {
    let chain = Chain::start_at(TUESDAY).await;
    let invoice = chain.invoice_due(date!(2026 - 12 - 01)).await;

    chain.worker.run_until(datetime!(2027-01-15 12:00 UTC)).await;

    let subjects: Vec<String> = chain.worker.mailer.outbox().into_iter().map(|mail| mail.subject).collect();
    assert_eq!(
        subjects,
        [
            "Votre facture F-2026-001",
            "Facture F-2026-001\u{a0}: en attente de règlement",
            "Facture F-2026-001\u{a0}: 20\u{a0}jours de retard",
        ]
    );
    let relances = chain.relances(invoice.id).await;
    let sent_at: Vec<_> = relances.iter().filter_map(|task| task.sent_at).collect();
    assert_eq!(
        sent_at,
        [datetime!(2026-12-04 08:00 UTC), datetime!(2026-12-11 08:00 UTC), datetime!(2026-12-21 08:00 UTC)]
    );
    let notice = relances.last().unwrap();
    assert!(notice.awaits_approval(), "the formal notice waits for a person: {notice:?}");
    assert!(written_body(&chain, notice.id).await.contains(
        "nous vous mettons en demeure, au sens des articles 1231-6 et 1344 du Code civil, de nous payer"
    ));
    let invoice = chain.invoice(invoice.id).await;
    assert_eq!(invoice.status, InvoiceStatus::InRelance);
    assert_eq!(invoice.rubis_earned, 3);
    assert_eq!(
        chain.events(invoice.id).await,
        [
            "invoice_created",
            "relances_planned",
            "relance_sent",
            "relance_sent",
            "relance_sent",
            "warning_drafted"
        ]
    );
}

#[tokio::test]
async fn later_reminders_refer_to_the_first_that_the_client_received() {
    let chain = Chain::start_at(TUESDAY).await;
    let invoice = chain.invoice_due(date!(2026 - 12 - 01)).await;
    chain.invoice_due(date!(2026 - 12 - 02)).await;
    chain.worker.run_until(datetime!(2026-12-22 12:00 UTC)).await;

    let mails: Vec<Email> =
        chain.reminders().into_iter().filter(|mail| mail.subject.contains(&invoice.numero)).collect();
    assert_eq!(mails.len(), 3);
    assert_eq!(mails[0].references, None);
    for later in &mails[1..] {
        assert_eq!(later.references.as_ref(), Some(&mails[0].message_id));
    }
    let others: Vec<Option<String>> = chain
        .reminders()
        .into_iter()
        .filter(|mail| !mail.subject.contains(&invoice.numero))
        .map(|mail| mail.references)
        .collect();
    assert_eq!(others[0], None, "another invoice begins its own conversation");
    assert!(others[1].is_some() && others[1].as_ref() != Some(&mails[0].message_id));
}

async fn detail(chain: &Chain, task: rubis_kernel::RelanceTaskId) -> rubis_relances::RelanceDetail {
    let mut conn = chain.conn().await;
    rubis_relances::relance_detail(&mut conn, chain.organization, task, chain.now()).await.unwrap().unwrap()
}

/// The text that was drafted, approved or sent, with the figures of that day.
async fn written_body(chain: &Chain, task: rubis_kernel::RelanceTaskId) -> String {
    let query = "SELECT body AS value FROM relance_tasks WHERE id = $1";
    let query = diesel::sql_query(query).bind::<diesel::sql_types::Uuid, _>(task.as_uuid());
    let row: Body = diesel_async::RunQueryDsl::get_result(query, &mut *chain.conn().await).await.unwrap();
    row.value
}

#[derive(diesel::QueryableByName)]
struct Body {
    #[diesel(sql_type = diesel::sql_types::Text)]
    value: String,
}

async fn copied_to(chain: &Chain, client: rubis_kernel::ClientId, email: &str) {
    let contact = rubis_invoices::NewContact::parse(&rubis_invoices::NewContactInput {
        name: "Paul Martin".to_owned(),
        email: email.to_owned(),
        phone: None,
        job_title: None,
        receives_relances: true,
    })
    .unwrap();
    let (conn, now) = (&mut *chain.conn().await, chain.now());
    rubis_invoices::add_contact(conn, chain.organization, client, &contact, now).await.unwrap();
}

#[tokio::test]
async fn each_mailbox_is_listed_once_and_a_refused_copy_is_reported() {
    let chain = Chain::start_at(TUESDAY).await;
    let invoice = chain.invoice_due(date!(2026 - 11 - 20)).await;
    for contact in [
        "COMPTA@boulangerie-martin.example",
        "paul@boulangerie-martin.example",
        "Paul@Boulangerie-Martin.example",
        "jeanne@menuiserie-vasseur.example",
    ] {
        copied_to(&chain, invoice.client_id, contact).await;
    }
    let own = ["Jeanne@menuiserie-vasseur.example", "archives@menuiserie-vasseur.example"];
    chain
        .set(rubis_accounts::OrganizationInput {
            silent_copies: Some(own.map(str::to_owned).to_vec()),
            ..rubis_accounts::OrganizationInput::default()
        })
        .await;
    chain.worker.mailer.refuse_copy("paul@boulangerie-martin.example");
    chain.worker.run_until(TUESDAY + Duration::minutes(2)).await;

    let mail = chain.reminders().pop().unwrap();
    let listed = |mailboxes: &[Mailbox]| -> Vec<String> {
        mailboxes.iter().map(|mailbox| mailbox.address.to_string()).collect()
    };
    assert_eq!(listed(&mail.cc), ["paul@boulangerie-martin.example", "jeanne@menuiserie-vasseur.example"]);
    assert_eq!(listed(&mail.bcc), ["archives@menuiserie-vasseur.example"]);
    let relance = chain.relances(invoice.id).await.into_iter().find(|task| task.sent_at.is_some()).unwrap();
    assert_eq!(relance.refused_copies, ["paul@boulangerie-martin.example"]);
    assert!(
        chain
            .events(invoice.id)
            .await
            .ends_with(&["relance_sent".to_owned(), "relance_copies_refused".to_owned()])
    );
    let other = chain.invoice_to("Garage Nord", "garage@nord.example", date!(2026 - 11 - 20)).await;
    chain.worker.run_until(chain.now() + Duration::minutes(2)).await;
    assert!(!chain.events(other.id).await.contains(&"relance_copies_refused".to_owned()));
}

#[tokio::test]
async fn a_silent_copy_never_goes_to_a_stranger() {
    let chain = Chain::start_at(TUESDAY).await;
    let set = async |address: &str| {
        let patch = rubis_accounts::OrganizationPatch::parse(rubis_accounts::OrganizationInput {
            silent_copies: Some(vec![address.to_owned()]),
            ..rubis_accounts::OrganizationInput::default()
        });
        let (conn, now) = (&mut *chain.conn().await, chain.now());
        rubis_lifecycle::update_organization(conn, chain.organization, patch.unwrap(), None, now).await
    };
    let refused = set("victime@exemple.fr").await.unwrap_err();
    assert!(refused.to_string().contains("silentCopies[0]"), "{refused}");
    let allowed = set("archives@menuiserie-vasseur.example").await.unwrap();
    assert_eq!(allowed.silent_copies, ["archives@menuiserie-vasseur.example".parse().unwrap()]);
}

#[tokio::test]
async fn an_approved_formal_notice_states_the_figures_of_the_day_it_is_sent() {
    let chain = Chain::start_at(TUESDAY).await;
    let invoice = chain.invoice_due(date!(2026 - 12 - 01)).await;
    chain.worker.run_until(datetime!(2027-01-04 12:00 UTC)).await;
    let notice = chain.relances(invoice.id).await.pop().unwrap();
    assert!(written_body(&chain, notice.id).await.contains("30\u{a0}jours de retard"), "as it was drafted");

    // The person who approves reads the figures of their day.
    let seen = detail(&chain, notice.id).await;
    let figures = seen.approval.unwrap();
    assert_eq!((figures.days_late, figures.deadline), (34, date!(2027 - 01 - 12)));
    assert_eq!(figures.missing, ["organization.address", "organization.siren", "client.address"]);
    let read = seen.task.text().unwrap().body.clone();
    assert!(read.contains("34\u{a0}jours de retard") && read.contains("le 12 janvier 2027"), "{read}");
    let approved =
        approve_relance(&mut *chain.conn().await, chain.organization, notice.id, chain.owner, chain.now())
            .await
            .unwrap();
    assert_eq!(
        (approved.listed().approved_by, approved.listed().approved_at),
        (Some(chain.owner), Some(chain.now()))
    );

    // The mail server is busy, then reminders are paused for two days.
    chain.worker.mailer.fail_next(1, &SendError::deferred("421 busy"));
    chain.worker.run_until(chain.now() + Duration::MINUTE).await;
    let (organization, now) = (chain.organization, chain.now());
    rubis_lifecycle::pause_invoice(&mut *chain.conn().await, organization, invoice.id, None, None, now)
        .await
        .unwrap();
    chain.worker.run_until(datetime!(2027-01-06 12:00 UTC)).await;
    rubis_lifecycle::unpause_invoice(&mut *chain.conn().await, organization, invoice.id, None, chain.now())
        .await
        .unwrap();
    chain.worker.run_due().await;

    let mail = chain.worker.mailer.outbox().pop().unwrap();
    assert_eq!(mail.subject, "Mise en demeure de payer la facture F-2026-001");
    assert!(mail.text.contains("36\u{a0}jours de retard") && mail.text.contains("le 14 janvier 2027"));
    let sent = detail(&chain, notice.id).await;
    assert_eq!((sent.task.status(), &sent.task.text().unwrap().body), (RelanceStatus::Sent, &mail.text));
    assert_eq!(sent.approved_text.unwrap().body, read, "the text that was approved stays on record");
}

#[tokio::test]
async fn an_approval_is_void_once_the_recipient_or_the_plans_words_change() {
    let chain = Chain::start_at(TUESDAY).await;
    let invoice = chain.invoice_due(date!(2026 - 12 - 01)).await;
    chain.worker.run_until(datetime!(2027-01-04 12:00 UTC)).await;
    let notice = chain.relances(invoice.id).await.pop().unwrap();
    let approve = async || {
        approve_relance(&mut *chain.conn().await, chain.organization, notice.id, chain.owner, chain.now())
            .await
    };
    approve().await.unwrap();
    let moved = rubis_invoices::ClientPatch::parse(rubis_invoices::ClientInput {
        email: Some("direction@boulangerie-martin.example".to_owned()),
        ..Default::default()
    })
    .unwrap();
    let (organization, now) = (chain.organization, chain.now());
    rubis_invoices::update_client(&mut *chain.conn().await, organization, invoice.client_id, moved, now)
        .await
        .unwrap();
    let sent_before = chain.worker.mailer.outbox().len();
    chain.worker.run_until(chain.now() + Duration::MINUTE).await;
    assert_eq!(chain.worker.mailer.outbox().len(), sent_before, "it was not approved for this address");
    let void = detail(&chain, notice.id).await.task.listed();
    assert!(void.awaits_approval());
    assert_eq!(
        (void.reason.as_deref(), void.reason_detail.as_deref()),
        (Some("facts_changed"), Some("recipient"))
    );

    // The plan is edited while the notice waits.
    let plan = rubis_relances::plan(&*chain.conn().await, organization, invoice.plan_id.unwrap()).await;
    let plan = plan.unwrap().unwrap();
    let steps = plan.steps.iter().map(|step| rubis_relances::StepInput {
        id: Some(step.id),
        offset_days: step.content.offset_days,
        tone: step.content.tone,
        subject: step.content.subject.clone(),
        body: format!("{}\nPS", step.content.body),
        requires_manual_validation: None,
    });
    let input = rubis_relances::PlanInput { name: plan.name, is_default: true, steps: steps.collect() };
    let edited = rubis_relances::NewPlan::try_from(input).unwrap();
    rubis_lifecycle::replace_plan(&mut *chain.conn().await, organization, plan.id, edited, None, chain.now())
        .await
        .unwrap();
    chain.let_the_background_catch_up().await;
    let refused = approve().await.unwrap_err();
    assert!(
        matches!(&refused, rubis_relances::RelanceActionError::DraftOutdated(parts) if parts == "text"),
        "{refused}"
    );
    approve().await.unwrap();
    chain.worker.run_until(chain.now() + Duration::MINUTE).await;
    let mail = chain.worker.mailer.outbox().pop().unwrap();
    assert_eq!(mail.to.address.as_str(), "direction@boulangerie-martin.example");
    assert!(mail.text.ends_with("\nPS"), "{}", mail.text);
    assert_eq!(chain.relances(invoice.id).await.pop().unwrap().reason, None);
}

#[tokio::test]
async fn an_approval_is_void_once_a_part_was_paid() {
    let chain = Chain::start_at(TUESDAY).await;
    let invoice = chain.invoice_due(date!(2026 - 12 - 01)).await;
    chain.worker.run_until(datetime!(2027-01-04 12:00 UTC)).await;
    let notice = chain.relances(invoice.id).await.pop().unwrap();
    let approve = async || {
        approve_relance(&mut *chain.conn().await, chain.organization, notice.id, chain.owner, chain.now())
            .await
    };
    chain.pay(invoice.id, Some(20_000)).await;

    let refused = approve().await.unwrap_err();
    assert!(matches!(refused, rubis_relances::RelanceActionError::DraftOutdated(_)), "{refused}");
    let redrafted = chain.relances(invoice.id).await.pop().unwrap();
    assert!(
        written_body(&chain, redrafted.id).await.contains("1\u{202f}000,00\u{a0}€"),
        "the new text names the balance"
    );
    approve().await.unwrap();
    // Another part comes in between the approval and the sending.
    chain.pay(invoice.id, Some(30_000)).await;
    let sent_before = chain.worker.mailer.outbox().len();
    chain.worker.run_until(chain.now() + Duration::MINUTE).await;
    assert_eq!(chain.worker.mailer.outbox().len(), sent_before, "a text that nobody approved does not leave");
    let void = chain.relances(invoice.id).await.pop().unwrap();
    assert!(void.awaits_approval());
    assert_eq!(
        (void.reason.as_deref(), void.reason_detail.as_deref()),
        (Some("facts_changed"), Some("amount"))
    );
    approve().await.unwrap();
    chain.worker.run_until(chain.now() + Duration::MINUTE).await;
    let mail = chain.worker.mailer.outbox().pop().unwrap();
    assert!(mail.text.contains("la somme de 700,00\u{a0}€"), "it leaves once it is approved again");
}

#[tokio::test]
async fn a_paid_invoice_is_not_reminded_and_its_neighbour_is() {
    let chain = Chain::start_at(TUESDAY).await;
    let paid = chain.invoice_due(date!(2026 - 12 - 01)).await;
    let unpaid =
        chain.invoice_to("Garage Lopez", "contact@garage-lopez.example", date!(2026 - 12 - 01)).await;
    chain.worker.run_until(datetime!(2026-12-04 12:00 UTC)).await;
    assert_eq!(chain.worker.mailer.take().len(), 2);

    let settled = chain.pay(paid.id, None).await;
    assert_eq!((settled.status, settled.balance().cents), (InvoiceStatus::Paid, 0));
    assert!(chain.planned(paid.id).await.is_empty(), "everything planned stops with the payment");
    chain.worker.run_until(datetime!(2026-12-31 12:00 UTC)).await;

    let recipients: Vec<_> =
        chain.worker.mailer.outbox().into_iter().map(|mail| mail.to.address.to_string()).collect();
    assert_eq!(recipients, ["contact@garage-lopez.example"; 2]);
    assert_eq!(chain.planned(unpaid.id).await.len(), 1);
    let organization =
        rubis_accounts::organization(&*chain.conn().await, chain.organization).await.unwrap().unwrap();
    assert_eq!(organization.rubis_count, 5, "four reminders and a payment");
}

#[tokio::test]
async fn a_part_payment_leaves_the_chain_running_and_reminders_name_the_balance() {
    let chain = Chain::start_at(TUESDAY).await;
    let invoice = chain.invoice_due(date!(2026 - 12 - 01)).await;
    chain.pay(invoice.id, Some(45_050)).await;

    chain.worker.run_until(datetime!(2026-12-04 12:00 UTC)).await;

    let mail = chain.worker.mailer.outbox().pop().unwrap();
    assert!(mail.text.contains("Il reste à payer 749,50\u{a0}€."), "{}", mail.text);
    chain.pay(invoice.id, Some(74_950)).await;
    assert_eq!(chain.invoice(invoice.id).await.status, InvoiceStatus::Paid);
    assert!(chain.planned(invoice.id).await.is_empty());
}

#[tokio::test]
async fn a_reopened_invoice_gets_what_had_not_been_sent() {
    let chain = Chain::start_at(TUESDAY).await;
    let invoice = chain.invoice_due(date!(2026 - 12 - 01)).await;
    let planned = chain.planned(invoice.id).await;
    chain.worker.run_until(datetime!(2026-12-04 12:00 UTC)).await;
    chain.pay(invoice.id, None).await;

    let reopened = rubis_lifecycle::reopen_invoice(
        &mut *chain.conn().await,
        chain.organization,
        invoice.id,
        Some(chain.owner),
        &rubis_testkit::no_limits(),
        chain.now(),
    )
    .await
    .unwrap();

    assert_eq!((reopened.status, reopened.balance().cents), (InvoiceStatus::InRelance, 120_000));
    assert_eq!(chain.planned(invoice.id).await, planned[1..], "the first has left and is not sent again");
}

#[tokio::test]
async fn a_disputed_invoice_waits_and_goes_on_when_the_dispute_is_over() {
    let chain = Chain::start_at(TUESDAY).await;
    let invoice = chain.invoice_due(date!(2026 - 12 - 01)).await;
    let dispute = rubis_lifecycle::dispute_invoice;
    dispute(&mut *chain.conn().await, chain.organization, invoice.id, None, chain.now()).await.unwrap();
    assert!(chain.planned(invoice.id).await.is_empty());
    chain.worker.run_until(datetime!(2026-12-10 12:00 UTC)).await;
    assert!(chain.worker.mailer.outbox().is_empty());

    rubis_lifecycle::resume_dispute(
        &mut *chain.conn().await,
        chain.organization,
        invoice.id,
        None,
        &rubis_testkit::no_limits(),
        chain.now(),
    )
    .await
    .unwrap();

    let in_a_minute = chain.now() + Duration::minutes(1);
    assert_eq!(chain.planned(invoice.id).await.first(), Some(&in_a_minute), "the missed step catches up");
    chain.worker.run_until(in_a_minute).await;
    assert_eq!(chain.worker.mailer.outbox().len(), 1);
}

#[tokio::test]
async fn a_renegotiated_due_date_starts_the_chain_over_unless_the_user_says_otherwise() {
    let new_date = Some(date!(2027 - 03 - 01));
    let rest =
        [datetime!(2027-03-11 08:00 UTC), datetime!(2027-03-22 08:00 UTC), datetime!(2027-03-31 07:00 UTC)];
    for (restart_chain, planned, subject) in [
        (None, [&[datetime!(2027-03-04 08:00 UTC)], &rest[..]].concat(), "Votre facture F-2026-001"),
        (Some(false), rest.to_vec(), "Facture F-2026-001\u{a0}: en attente de règlement"),
    ] {
        let chain = Chain::start_at(TUESDAY).await;
        let invoice = chain.invoice_due(date!(2026 - 12 - 01)).await;
        chain.worker.run_until(datetime!(2026-12-04 12:00 UTC)).await;
        assert_eq!(chain.worker.mailer.take().len(), 1);
        let correction =
            rubis_invoices::InvoiceInput { due_date: new_date, restart_chain, ..Default::default() };
        chain.correct(invoice.id, correction).await;

        assert_eq!(chain.planned(invoice.id).await, planned, "{restart_chain:?}");
        chain.plan_again().await;
        assert_eq!(chain.planned(invoice.id).await, planned, "planning again changes nothing");
        chain.worker.run_until(planned[0] - Duration::seconds(1)).await;
        assert!(chain.worker.mailer.outbox().is_empty());
        chain.worker.run_until(planned[0]).await;
        assert_eq!(chain.worker.mailer.outbox().pop().unwrap().subject, subject);
    }
}

#[tokio::test]
async fn a_due_date_that_is_corrected_to_the_past_does_not_repeat_what_was_sent() {
    let chain = Chain::start_at(TUESDAY).await;
    let invoice = chain.invoice_due(date!(2026 - 12 - 01)).await;
    chain.worker.run_until(datetime!(2026-12-04 12:00 UTC)).await;
    let correction =
        rubis_invoices::InvoiceInput { due_date: Some(date!(2026 - 11 - 30)), ..Default::default() };
    chain.correct(invoice.id, correction).await;
    assert_eq!(chain.planned(invoice.id).await.len(), 3);
}

#[tokio::test]
async fn an_invoice_that_goes_to_another_client_starts_their_chain_at_the_first_step() {
    let chain = Chain::start_at(TUESDAY).await;
    let invoice = chain.invoice_due(date!(2026 - 12 - 01)).await;
    let other = chain.invoice_to("Garage Lopez", "contact@garage-lopez.example", date!(2027 - 06 - 01)).await;
    // The third reminder to the wrong client fails for now, and is retried.
    chain.worker.run_until(datetime!(2026-12-20 12:00 UTC)).await;
    assert_eq!(chain.worker.mailer.take().len(), 2);
    chain.worker.mailer.fail_next(1, &SendError::deferred("421 busy"));
    chain.worker.run_until(datetime!(2026-12-21 08:00 UTC)).await;
    let correction = rubis_invoices::InvoiceInput { client_id: Some(other.client_id), ..Default::default() };
    chain.correct(invoice.id, correction).await;

    chain.worker.run_until(datetime!(2026-12-31 12:00 UTC)).await;
    let mails: Vec<(String, String)> = chain
        .worker
        .mailer
        .outbox()
        .into_iter()
        .map(|mail| (mail.to.address.to_string(), mail.subject))
        .collect();
    let to = "contact@garage-lopez.example".to_owned();
    assert_eq!(
        mails,
        [
            (to.clone(), "Votre facture F-2026-001".to_owned()),
            (to, "Facture F-2026-001\u{a0}: en attente de règlement".to_owned())
        ]
    );
    // The earlier reminders were the former client's: only the second mail follows one.
    let texts: Vec<String> = chain.worker.mailer.outbox().into_iter().map(|mail| mail.text).collect();
    assert!(!texts[0].contains("Nous revenons vers vous"), "{}", texts[0]);
    assert!(texts[1].contains("Nous revenons vers vous"), "{}", texts[1]);
    // A reminder that failed for the former client is not sent to the new one by hand.
    let sent_before = chain.relances(invoice.id).await.into_iter().filter(|task| task.chain == 0);
    for task in sent_before {
        let refused =
            send_relance_now(&mut *chain.conn().await, chain.organization, task.id, chain.now()).await;
        assert!(refused.is_err(), "{task:?}");
    }
}

#[tokio::test]
async fn a_reminder_that_the_previous_release_planned_in_the_first_chain_is_planned_again_in_the_present_one()
{
    let chain = Chain::start_at(TUESDAY).await;
    let invoice = chain.invoice_due(date!(2026 - 11 - 20)).await;
    diesel_async::SimpleAsyncConnection::batch_execute(
        &mut *chain.conn().await,
        "UPDATE invoices SET chain = 1",
    )
    .await
    .unwrap();
    chain.worker.run_until(TUESDAY + Duration::hours(1)).await;
    assert_eq!(chain.reminders().len(), 1);
    assert!(!chain.planned(invoice.id).await.is_empty());
}

#[tokio::test]
async fn a_late_invoice_is_reminded_in_a_minute_and_then_in_the_rhythm_of_its_plan() {
    let chain = Chain::start_at(TUESDAY).await;
    let invoice = chain.invoice_due(date!(2026 - 11 - 12)).await;
    chain.worker.run_until(chain.now() + Duration::seconds(59)).await;
    assert!(chain.worker.mailer.outbox().is_empty(), "there is a minute to take it back");
    chain.worker.run_until(TUESDAY + Duration::minutes(1)).await;
    assert_eq!(chain.worker.mailer.outbox().len(), 1);
    assert_eq!(
        chain.planned(invoice.id).await,
        [datetime!(2026-12-01 08:00 UTC), datetime!(2026-12-11 08:00 UTC), datetime!(2026-12-21 08:00 UTC)]
    );
}

#[tokio::test]
async fn a_pause_until_a_date_moves_reminders_behind_it() {
    let chain = Chain::start_at(TUESDAY).await;
    let invoice = chain.invoice_due(date!(2026 - 12 - 01)).await;
    rubis_lifecycle::pause_invoice(
        &mut *chain.conn().await,
        chain.organization,
        invoice.id,
        Some(date!(2026 - 12 - 15)),
        None,
        chain.now(),
    )
    .await
    .unwrap();
    let after_the_pause = [
        datetime!(2026-12-15 08:00 UTC),
        datetime!(2026-12-22 08:00 UTC),
        datetime!(2027-01-04 08:00 UTC),
        datetime!(2027-01-11 08:00 UTC),
    ];
    assert_eq!(chain.planned(invoice.id).await, after_the_pause);
    chain.worker.run_until(datetime!(2026-12-15 07:59 UTC)).await;
    assert!(chain.worker.mailer.outbox().is_empty());
    chain.worker.run_until(datetime!(2026-12-15 08:00 UTC)).await;
    assert_eq!(chain.worker.mailer.outbox().len(), 1);
}

#[tokio::test]
async fn an_organization_that_pauses_without_an_end_sends_nothing_until_it_resumes() {
    let chain = Chain::start_at(TUESDAY).await;
    let invoice = chain.invoice_due(date!(2026 - 12 - 01)).await;
    let (organization, owner) = (chain.organization, Some(chain.owner));
    rubis_lifecycle::pause_organization(&mut *chain.conn().await, organization, None, owner, chain.now())
        .await
        .unwrap();
    chain.worker.run_until(datetime!(2026-12-23 12:00 UTC)).await;
    assert!(chain.worker.mailer.outbox().is_empty());
    assert_eq!(chain.planned(invoice.id).await.len(), 4, "nothing is lost");

    rubis_lifecycle::resume_organization(&mut *chain.conn().await, organization, owner, chain.now())
        .await
        .unwrap();
    chain.worker.run_until(datetime!(2026-12-23 12:02 UTC)).await;

    assert_eq!(chain.worker.mailer.outbox().len(), 1, "missed reminders do not leave together");
    assert_eq!(
        chain.planned(invoice.id).await,
        [datetime!(2026-12-30 08:00 UTC), datetime!(2027-01-11 08:00 UTC), datetime!(2027-01-19 08:00 UTC)]
    );
}

#[tokio::test]
async fn a_client_can_be_paused_and_resumed() {
    let chain = Chain::start_at(TUESDAY).await;
    let invoice = chain.invoice_due(date!(2026 - 12 - 01)).await;
    let nominal = chain.planned(invoice.id).await;
    let (organization, client) = (chain.organization, invoice.client_id);
    rubis_lifecycle::pause_client(
        &mut *chain.conn().await,
        organization,
        client,
        Some(date!(2027 - 01 - 15)),
        None,
        chain.now(),
    )
    .await
    .unwrap();
    chain.let_the_background_catch_up().await;
    assert_eq!(chain.planned(invoice.id).await.first(), Some(&datetime!(2027-01-15 08:00 UTC)));
    rubis_lifecycle::resume_client(&mut *chain.conn().await, organization, client, None, chain.now())
        .await
        .unwrap();
    chain.let_the_background_catch_up().await;
    assert_eq!(chain.planned(invoice.id).await, nominal);
}

#[tokio::test]
async fn a_reminder_that_was_taken_out_never_leaves_whatever_is_planned_again() {
    let chain = Chain::start_at(TUESDAY).await;
    let invoice = chain.invoice_due(date!(2026 - 12 - 01)).await;
    let second = chain.relances(invoice.id).await.remove(1);
    cancel_relance(&mut *chain.conn().await, chain.organization, second.id, chain.owner, chain.now())
        .await
        .unwrap();
    chain.plan_again().await;

    chain.worker.run_until(datetime!(2026-12-31 12:00 UTC)).await;

    let subjects: Vec<String> = chain.worker.mailer.outbox().into_iter().map(|mail| mail.subject).collect();
    assert_eq!(subjects, ["Votre facture F-2026-001", "Facture F-2026-001\u{a0}: 20\u{a0}jours de retard"]);
    let again =
        cancel_relance(&mut *chain.conn().await, chain.organization, second.id, chain.owner, chain.now())
            .await;
    assert!(again.is_err(), "it is cancelled already");
}

#[tokio::test]
async fn a_reminder_sent_now_takes_the_place_of_the_earlier_ones() {
    let chain = Chain::start_at(TUESDAY).await;
    let invoice = chain.invoice_due(date!(2026 - 12 - 01)).await;
    let relances = chain.relances(invoice.id).await;
    send_relance_now(&mut *chain.conn().await, chain.organization, relances[1].id, chain.now())
        .await
        .unwrap();
    chain.worker.run_until(chain.now() + Duration::MINUTE).await;
    assert_eq!(chain.worker.mailer.outbox().len(), 1);
    assert_eq!(chain.planned(invoice.id).await.len(), 2);
    let notice = relances[3].id;
    let refused = send_relance_now(&mut *chain.conn().await, chain.organization, notice, chain.now()).await;
    assert!(matches!(refused, Err(rubis_relances::RelanceActionError::ApprovalRequired)));
}

#[tokio::test]
async fn a_mail_server_that_is_busy_is_tried_five_times_and_then_the_reminder_has_failed() {
    let chain = Chain::start_at(TUESDAY).await;
    let invoice = chain.invoice_due(date!(2026 - 11 - 20)).await;
    let busy = SendError::deferred("421 busy");
    chain.worker.mailer.fail_next(4, &busy);
    chain.worker.run_until(TUESDAY + Duration::hours(12)).await;
    assert_eq!(chain.worker.mailer.take().len(), 1, "the fifth attempt went through");

    let other = chain.invoice_to("Garage Lopez", "contact@garage-lopez.example", date!(2026 - 11 - 20)).await;
    chain.worker.mailer.fail_next(5, &busy);
    chain.worker.run_until(TUESDAY + Duration::hours(24)).await;
    assert!(chain.worker.mailer.outbox().is_empty());
    let failed = chain.relances(other.id).await.remove(0);
    assert_eq!(
        (failed.status, failed.reason.as_deref()),
        (RelanceStatus::Failed, Some("attempts_exhausted"))
    );
    assert_eq!(chain.events(other.id).await.last().map(String::as_str), Some("relance_failed"));
    assert_eq!(chain.invoice(invoice.id).await.rubis_earned, 1);
}

#[tokio::test]
async fn a_refused_recipient_fails_the_reminder_at_once_and_it_can_be_sent_again_by_hand() {
    let chain = Chain::start_at(TUESDAY).await;
    let invoice = chain.invoice_due(date!(2026 - 11 - 20)).await;
    let refused = SendError::rejected(550, "no such mailbox");
    chain.worker.mailer.fail_next(1, &refused);
    chain.worker.run_until(TUESDAY + Duration::minutes(2)).await;
    let failed = chain.relances(invoice.id).await.remove(0);
    assert_eq!((failed.status, failed.reason.as_deref()), (RelanceStatus::Failed, Some("rejected")));
    assert!(failed.reason_detail.as_ref().unwrap().contains("no such mailbox"), "{failed:?}");

    send_relance_now(&mut *chain.conn().await, chain.organization, failed.id, chain.now()).await.unwrap();
    chain.worker.run_until(chain.now() + Duration::MINUTE).await;
    assert_eq!(chain.worker.mailer.outbox().len(), 1);
    assert_eq!(chain.relances(invoice.id).await.remove(0).status, RelanceStatus::Sent);
}

/// The reason, the detail and the feed's label of the first reminder of an invoice, as tenants read them.
async fn told_of_failure(chain: &Chain, invoice: rubis_kernel::InvoiceId) -> (String, String, String) {
    let failed = chain.relances(invoice).await.remove(0);
    assert_eq!(failed.status, RelanceStatus::Failed);
    let mut conn = chain.conn().await;
    let events =
        rubis_accounts::events_of_invoice(&mut conn, chain.organization, invoice, 200).await.unwrap();
    let event = events.iter().find(|event| event.kind == "relance_failed").unwrap();
    let label = event.meta["label"].as_str().unwrap().to_owned();
    (failed.reason.unwrap(), failed.reason_detail.unwrap(), label)
}

fn told(reason: &str, detail: &str) -> (String, String, String) {
    (reason.to_owned(), detail.to_owned(), detail.to_owned())
}

#[tokio::test]
async fn a_mail_server_that_cannot_be_reached_is_shown_by_a_code_and_not_by_its_address() {
    let chain = Chain::start_at(TUESDAY).await;
    let invoice = chain.invoice_due(date!(2026 - 11 - 20)).await;
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let settings = rubis_mailer::SmtpSettings::new(closed.ip().to_string(), closed.port());
    let smtp = rubis_mailer::SmtpMailer::new(settings, chain.clock.clone()).unwrap();
    let mail = Email::of_product(
        &"relances@rubis.example".parse().unwrap(),
        Mailbox { name: None, address: "compta@exemple.fr".parse().unwrap() },
        rubis_kernel::Templates::new(&[("a.subject.txt", "a"), ("a.txt", "a"), ("a.html", "a")])
            .mail("a", std::collections::BTreeMap::<String, String>::new())
            .unwrap(),
    )
    .identified("a", "a");
    let error = smtp.send(&mail).await.unwrap_err();
    assert!(error.to_string().contains(&closed.port().to_string()), "operations read the address: {error}");
    chain.worker.mailer.go_away(error);
    chain.worker.run_until(TUESDAY + Duration::minutes(2)).await;
    // The night, in which no reminder is sent, does not count.
    for _ in 0..37 {
        chain.clock.advance(Duration::hours(1));
        chain.worker.run_due().await;
    }
    let expected = told("mail_server_unavailable", "mail_server_unavailable");
    assert_eq!(told_of_failure(&chain, invoice.id).await, expected);
}

#[tokio::test]
async fn a_reminder_longer_than_a_mail_may_be_fails_with_its_reason_and_is_not_sent() {
    let chain = Chain::start_at(TUESDAY).await;
    let invoice = chain.invoice_due(date!(2026 - 11 - 20)).await;
    // A plan that was saved by a release without limits.
    for sql in [
        "UPDATE plan_steps SET body = repeat('{{signature}}', 769)",
        "UPDATE organizations SET signature = repeat('x', 1000)",
    ] {
        let mut conn = chain.conn().await;
        diesel_async::RunQueryDsl::execute(diesel::sql_query(sql), &mut *conn).await.unwrap();
    }
    chain.worker.run_until(TUESDAY + Duration::minutes(5)).await;
    assert!(chain.worker.mailer.outbox().is_empty());
    assert_eq!(told_of_failure(&chain, invoice.id).await, told("mail_too_long", "text_too_long"));
    let mut conn = chain.conn().await;
    let timeline =
        rubis_lifecycle::timeline(&mut conn, chain.organization, invoice.id, chain.now()).await.unwrap();
    let timeline = timeline.unwrap();
    let ended = rubis_lifecycle::WhyNot::Ended("mail_too_long".to_owned());
    assert_eq!(timeline.relances[0].why_not, Some(ended));
}

#[tokio::test]
async fn a_reminder_of_which_nothing_would_be_read_fails_with_its_reason_and_is_not_counted() {
    let chain = Chain::start_at(TUESDAY).await;
    let invoice = chain.invoice_due(date!(2026 - 11 - 20)).await;
    // A plan that was saved by a release that took such texts. There is nowhere to pay online.
    let sql =
        "UPDATE plan_steps SET subject = '{{payUrl}}', body = 'Pour payer : {{payUrl}}' WHERE step_order = 0";
    diesel_async::RunQueryDsl::execute(diesel::sql_query(sql), &mut *chain.conn().await).await.unwrap();
    chain.worker.run_until(TUESDAY + Duration::minutes(5)).await;
    assert!(chain.worker.mailer.outbox().is_empty());
    assert_eq!(told_of_failure(&chain, invoice.id).await, told("mail_empty", "subject_empty"));
    let invoice = chain.invoice(invoice.id).await;
    assert_eq!((invoice.rubis_earned, invoice.chased), (0, false), "nothing was sent");
    // Control: the next step has a text, and is sent and counted.
    chain.worker.run_until(datetime!(2026-12-02 12:00 UTC)).await;
    assert_eq!(chain.worker.mailer.outbox().len(), 1);
    assert_eq!(chain.invoice(invoice.id).await.rubis_earned, 1);
}

#[tokio::test]
async fn a_plan_with_the_texts_of_an_earlier_release_sends_those_of_today() {
    let chain = Chain::start_at(TUESDAY).await;
    let former =
        include_str!("../../../relances/src/templates/superseded/ferme.txt").trim_end().replace('\'', "''");
    for sql in [
        format!("UPDATE plan_steps SET subject = 'Facture {{{{numero}}}} impayée depuis {{{{daysLate}}}} jours', body = '{former}' WHERE step_order = 0"),
        "UPDATE plan_steps SET subject = 'À nous', body = 'Une indemnité forfaitaire de 40 € est due.\nMerci.' WHERE step_order = 1".to_owned(),
    ] {
        diesel_async::RunQueryDsl::execute(diesel::sql_query(sql), &mut *chain.conn().await).await.unwrap();
    }
    chain.invoice_due(date!(2026 - 12 - 01)).await;
    chain.worker.run_until(datetime!(2026-12-12 12:00 UTC)).await;
    let mails = chain.worker.mailer.outbox();
    assert_eq!(mails[0].subject, "Facture F-2026-001\u{a0}: 3\u{a0}jours de retard");
    assert!(!mails[0].text.contains("40"), "a person owes no indemnity: {}", mails[0].text);
    assert_eq!(mails[1].subject, "À nous", "a text of one's own stays");
    assert_eq!(mails[1].text, "Merci.", "but for what a person does not owe");
}

#[tokio::test]
async fn a_fault_of_our_own_is_shown_by_a_code_and_not_by_its_message() {
    let chain = Chain::start_at(TUESDAY).await;
    let invoice = chain.invoice_due(date!(2026 - 11 - 20)).await;
    chain.worker.mailer.panic_next(5);
    chain.worker.run_until(TUESDAY + Duration::hours(12)).await;
    assert_eq!(told_of_failure(&chain, invoice.id).await, told("attempts_exhausted", "internal_error"));
    // Control: the recipient's server is quoted in its words.
    let refused =
        chain.invoice_to("Garage Lopez", "contact@garage-lopez.example", date!(2026 - 11 - 20)).await;
    chain.worker.mailer.fail_next(1, &SendError::rejected(550, "5.1.1 no such\r\nmailbox"));
    chain.worker.run_until(TUESDAY + Duration::hours(24)).await;
    assert_eq!(told_of_failure(&chain, refused.id).await, told("rejected", "5.1.1 no such mailbox"));
}

#[tokio::test]
async fn an_edited_plan_says_what_has_not_left_yet_in_its_new_words() {
    let chain = Chain::start_at(TUESDAY).await;
    let invoice = chain.invoice_due(date!(2026 - 12 - 01)).await;
    chain.worker.run_until(datetime!(2026-12-04 12:00 UTC)).await;
    let plan = rubis_relances::plan(&*chain.conn().await, chain.organization, invoice.plan_id.unwrap())
        .await
        .unwrap()
        .unwrap();
    let steps = plan
        .steps
        .iter()
        .map(|step| rubis_relances::StepInput {
            id: Some(step.id),
            offset_days: step.content.offset_days,
            tone: step.content.tone,
            subject: format!("{} (nouveau)", step.content.subject),
            body: step.content.body.clone(),
            requires_manual_validation: None,
        })
        .collect();
    let input = rubis_relances::PlanInput { name: plan.name, is_default: true, steps };
    let edited = rubis_relances::NewPlan::try_from(input).unwrap();
    let (owner, now) = (Some(chain.owner), chain.now());
    rubis_lifecycle::replace_plan(&mut *chain.conn().await, chain.organization, plan.id, edited, owner, now)
        .await
        .unwrap();

    chain.worker.run_until(datetime!(2026-12-12 12:00 UTC)).await;

    let subjects: Vec<String> = chain.worker.mailer.outbox().into_iter().map(|mail| mail.subject).collect();
    assert_eq!(
        subjects,
        ["Votre facture F-2026-001", "Facture F-2026-001\u{a0}: en attente de règlement (nouveau)"],
        "the step that had left is not sent again in its new words"
    );
}

#[tokio::test]
async fn an_approved_notice_that_met_a_busy_server_and_then_a_pause_leaves_when_the_pause_ends() {
    let chain = Chain::start_at(TUESDAY).await;
    let invoice = chain.invoice_due(date!(2026 - 12 - 01)).await;
    chain.worker.run_until(datetime!(2027-01-04 12:00 UTC)).await;
    let notice = chain.relances(invoice.id).await.pop().unwrap();
    approve_relance(&mut *chain.conn().await, chain.organization, notice.id, chain.owner, chain.now())
        .await
        .unwrap();
    let busy = SendError::deferred("421 busy");
    chain.worker.mailer.fail_next(1, &busy);
    chain.worker.run_until(chain.now() + Duration::MINUTE).await;
    let (organization, now) = (chain.organization, chain.now());
    rubis_lifecycle::pause_invoice(&mut *chain.conn().await, organization, invoice.id, None, None, now)
        .await
        .unwrap();
    chain.worker.run_until(datetime!(2027-01-06 12:00 UTC)).await;
    let sent_before = chain.worker.mailer.outbox().len();

    rubis_lifecycle::unpause_invoice(&mut *chain.conn().await, organization, invoice.id, None, chain.now())
        .await
        .unwrap();
    chain.worker.run_due().await;

    assert_eq!(chain.worker.mailer.outbox().len(), sent_before + 1);
    assert_eq!(chain.relances(invoice.id).await.pop().unwrap().status, RelanceStatus::Sent);
}

#[tokio::test]
async fn a_notice_that_was_drafted_for_one_debtor_is_not_approved_for_another() {
    let chain = Chain::start_at(TUESDAY).await;
    let invoice = chain.invoice_due(date!(2026 - 12 - 01)).await;
    let other = chain.invoice_to("Garage Lopez", "contact@garage-lopez.example", date!(2027 - 03 - 01)).await;
    chain.worker.run_until(datetime!(2027-01-04 12:00 UTC)).await;
    let correction = rubis_invoices::InvoiceInput { client_id: Some(other.client_id), ..Default::default() };
    chain.correct(invoice.id, correction).await;
    assert!(!chain.relances(invoice.id).await.iter().any(|task| task.awaits_approval()));
    chain.worker.run_until(datetime!(2027-02-02 12:00 UTC)).await;
    let notice = chain.relances(invoice.id).await.into_iter().find(|task| task.awaits_approval()).unwrap();
    assert!(written_body(&chain, notice.id).await.contains("\nGarage Lopez\n"), "{notice:?}");

    // A debtor who changes their name makes another text too.
    let renamed = rubis_invoices::ClientPatch::parse(rubis_invoices::ClientInput {
        name: Some("Garage Lopez et Fils".to_owned()),
        ..Default::default()
    })
    .unwrap();
    let mut conn = chain.conn().await;
    rubis_invoices::update_client(&mut conn, chain.organization, other.client_id, renamed, chain.now())
        .await
        .unwrap();
    let refused = approve_relance(&mut conn, chain.organization, notice.id, chain.owner, chain.now()).await;
    assert!(matches!(refused, Err(rubis_relances::RelanceActionError::DraftOutdated(_))));
}

#[tokio::test]
async fn reminders_that_an_outage_held_back_do_not_leave_together() {
    let chain = Chain::start_at(TUESDAY).await;
    let invoice = chain.invoice_due(date!(2026 - 12 - 01)).await;
    // No worker ran from before the first reminder until after the second.
    chain.clock.set(datetime!(2026-12-11 12:00 UTC));
    chain.worker.run_due().await;
    chain.worker.run_until(datetime!(2026-12-11 13:00 UTC)).await;

    let subjects: Vec<String> = chain.worker.mailer.outbox().into_iter().map(|mail| mail.subject).collect();
    assert_eq!(subjects, ["Votre facture F-2026-001"]);
    assert_eq!(
        chain.planned(invoice.id).await,
        [datetime!(2026-12-18 08:00 UTC), datetime!(2026-12-28 08:00 UTC), datetime!(2027-01-07 08:00 UTC)]
    );
}

#[tokio::test]
async fn an_outage_that_ends_on_a_weekend_delays_reminders_to_monday() {
    let chain = Chain::start_at(TUESDAY).await;
    let invoice = chain.invoice_due(date!(2026 - 12 - 01)).await;
    // No worker ran on Friday; Saturday is no day for a reminder.
    chain.clock.set(datetime!(2026-12-05 12:00 UTC));
    chain.worker.run_due().await;
    assert!(chain.worker.mailer.outbox().is_empty());
    assert_eq!(chain.planned(invoice.id).await.first(), Some(&datetime!(2026-12-07 08:00 UTC)));
    // Control: a user who puts a late invoice in on Saturday sends its reminder at once.
    chain.invoice_to("Garage Lopez", "contact@garage-lopez.example", date!(2026 - 11 - 01)).await;
    chain.worker.run_until(chain.now() + Duration::minutes(1)).await;
    assert_eq!(chain.worker.mailer.outbox().len(), 1);
}

/// Makes the first reminders of all invoices due at once, as no planning does.
async fn make_due(chain: &Chain, reminders: i64) {
    for sql in [
        "UPDATE relance_tasks SET send_at = now() WHERE id IN
             (SELECT id FROM relance_tasks ORDER BY send_at, id LIMIT $1)",
        "UPDATE jobs SET run_at = $2 WHERE id IN
             (SELECT queue_job_id FROM relance_tasks ORDER BY send_at, id LIMIT $1)",
    ] {
        let query = diesel::sql_query(sql.replace("now()", "$2"))
            .bind::<diesel::sql_types::BigInt, _>(reminders)
            .bind::<diesel::sql_types::Timestamptz, _>(chain.now());
        diesel_async::RunQueryDsl::execute(query, &mut *chain.conn().await).await.unwrap();
    }
}

#[tokio::test]
async fn of_reminders_that_are_due_together_one_is_sent_and_the_others_follow_one_a_day() {
    let chain = Chain::start_at(TUESDAY).await;
    let immediate = rubis_accounts::OrganizationInput {
        catch_up_policy: Some("immediate".to_owned()),
        ..Default::default()
    };
    chain.set(immediate).await;
    let invoice = chain.invoice_due(date!(2026 - 11 - 30)).await;
    let before: Vec<_> = chain.relances(invoice.id).await.into_iter().map(|task| task.id).collect();
    chain.clock.set(datetime!(2026-12-29 12:00 UTC));
    make_due(&chain, 3).await;

    chain.worker.run_until(datetime!(2026-12-29 20:00 UTC)).await;
    assert_eq!(chain.worker.mailer.outbox().len(), 1);
    let planned =
        [datetime!(2026-12-30 08:00 UTC), datetime!(2026-12-31 08:00 UTC), datetime!(2027-01-04 08:00 UTC)];
    assert_eq!(chain.planned(invoice.id).await, planned, "none is dropped");
    chain.worker.run_until(datetime!(2026-12-31 20:00 UTC)).await;
    let subjects: Vec<String> = chain.worker.mailer.outbox().into_iter().map(|mail| mail.subject).collect();
    assert_eq!(
        subjects,
        [
            "Votre facture F-2026-001",
            "Facture F-2026-001\u{a0}: en attente de règlement",
            "Facture F-2026-001\u{a0}: 31\u{a0}jours de retard"
        ]
    );
    let after: Vec<_> = chain.relances(invoice.id).await.into_iter().map(|task| task.id).collect();
    assert_eq!(after, before, "each keeps its row");
}

#[tokio::test]
async fn a_reminder_that_is_sent_again_by_hand_and_retried_keeps_the_plans_spacing_after_it() {
    let chain = Chain::start_at(TUESDAY).await;
    let invoice = chain.invoice_due(date!(2026 - 12 - 01)).await;
    let refused = SendError::rejected(550, "no such mailbox");
    chain.worker.mailer.fail_next(1, &refused);
    chain.worker.run_until(datetime!(2026-12-09 12:00 UTC)).await;
    let failed = chain.relances(invoice.id).await.remove(0);
    assert_eq!(failed.status, RelanceStatus::Failed);
    // Sent by hand two days before the next one, and retried while settings change.
    chain.worker.mailer.fail_next(1, &SendError::deferred("421 busy"));
    send_relance_now(&mut *chain.conn().await, chain.organization, failed.id, chain.now()).await.unwrap();
    chain.worker.run_until(chain.now() + Duration::MINUTE).await;
    let spaced =
        [datetime!(2026-12-16 08:00 UTC), datetime!(2026-12-28 08:00 UTC), datetime!(2027-01-05 08:00 UTC)];
    assert_eq!(chain.planned(invoice.id).await[1..], spaced);
    chain.plan_again().await;
    assert_eq!(chain.planned(invoice.id).await[1..], spaced);
    let other_time =
        rubis_accounts::OrganizationInput { sending_time: Some("10:00".to_owned()), ..Default::default() };
    chain.set(other_time).await;
    assert_eq!(chain.planned(invoice.id).await, spaced.map(|at| at + Duration::hours(1)));
    chain.worker.run_until(datetime!(2026-12-11 12:00 UTC)).await;
    assert_eq!(chain.worker.mailer.outbox().len(), 1, "the second is not sent two days after it");
}

#[tokio::test]
async fn a_reminder_that_is_sent_now_stays_so_whatever_is_planned_again() {
    let chain = Chain::start_at(TUESDAY).await;
    let invoice = chain.invoice_due(date!(2026 - 12 - 01)).await;
    let third = chain.relances(invoice.id).await.remove(2);
    send_relance_now(&mut *chain.conn().await, chain.organization, third.id, chain.now()).await.unwrap();
    chain.plan_again().await;
    chain.worker.run_until(chain.now() + Duration::MINUTE).await;
    assert_eq!(chain.worker.mailer.outbox().len(), 1);
    assert_eq!(chain.planned(invoice.id).await.len(), 1, "the friendlier ones are over");
}

#[tokio::test]
async fn a_mail_server_that_refuses_us_costs_no_reminder_its_attempts_and_is_not_stormed() {
    let chain = Chain::start_at(TUESDAY).await;
    let invoice = chain.invoice_due(date!(2026 - 11 - 20)).await;
    let refusal = SendError::Configuration { reason: "535 wrong password".to_owned() };
    chain.worker.mailer.fail_next(20, &refusal);
    chain.worker.run_until(TUESDAY + Duration::minutes(15)).await;
    let waiting =
        rubis_lifecycle::timeline(&mut *chain.conn().await, chain.organization, invoice.id, chain.now())
            .await
            .unwrap()
            .unwrap();
    let why = waiting.relances[0].why_not.clone();
    assert!(matches!(why, Some(rubis_lifecycle::WhyNot::RetryAt(_))), "the timeline tells: {why:?}");
    assert!(chain.worker.mailer.outbox().is_empty());
    chain.worker.run_until(TUESDAY + Duration::hours(2)).await;
    assert_eq!(
        chain.worker.mailer.outbox().len(),
        1,
        "twenty refusals, two minutes apart at most, and then it left"
    );
}
