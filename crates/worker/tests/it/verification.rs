//! Nothing is sent on behalf of a company before its owner's address is verified, and what waited follows.

use diesel::{QueryableByName, sql_types::Text};
use diesel_async::RunQueryDsl;
use rubis_lifecycle::WhyNot;
use rubis_mailer::SendError;
use rubis_relances::{RelanceActionError, RelanceStatus, send_relance_now};
use rubis_testkit::{Chain, turn_checkins_off};
use time::{
    OffsetDateTime,
    macros::{date, datetime},
};

/// A Tuesday at ten in Paris.
const TUESDAY: OffsetDateTime = datetime!(2026-11-24 09:00 UTC);

#[derive(QueryableByName)]
struct Queued {
    #[diesel(sql_type = Text)]
    kind: String,
}

/// The kinds of the jobs that wait.
async fn queued(chain: &Chain) -> Vec<String> {
    let query =
        "SELECT DISTINCT split_part(id, ':', 1) AS kind FROM jobs WHERE queue <> 'billing' ORDER BY 1";
    let rows: Vec<Queued> = diesel::sql_query(query).load(&mut *chain.conn().await).await.unwrap();
    rows.into_iter().map(|row| row.kind).collect()
}

async fn verify(chain: &Chain) {
    rubis_lifecycle::mark_address_verified(&mut *chain.conn().await, chain.owner, chain.now()).await.unwrap();
}

#[tokio::test]
async fn reminders_of_an_unverified_company_wait_without_polling_and_follow_when_it_is_verified() {
    let chain = Chain::unverified_at(TUESDAY).await;
    turn_checkins_off(&mut *chain.conn().await, chain.organization, TUESDAY).await;
    let invoice = chain.invoice_due(date!(2026 - 12 - 01)).await;

    chain.worker.run_until(datetime!(2026-12-15 12:00 UTC)).await;

    assert!(chain.reminders().is_empty(), "two are due, none is sent");
    let relances = chain.relances(invoice.id).await;
    assert!(
        relances.iter().all(|task| task.status == RelanceStatus::Scheduled && task.sending_since.is_none())
    );
    assert_eq!(chain.planned(invoice.id).await.len(), 4);
    let far = datetime!(2027-02-01 12:00 UTC);
    chain.worker.run_until(far).await;
    assert_eq!(queued(&chain).await, Vec::<String>::new(), "nothing looks again and again");
    let timeline =
        rubis_lifecycle::timeline(&mut *chain.conn().await, chain.organization, invoice.id, chain.now())
            .await
            .unwrap()
            .unwrap();
    assert!(timeline.relances.iter().all(|relance| relance.why_not == Some(WhyNot::SenderNotVerified)));

    verify(&chain).await;
    chain.worker.run_until(datetime!(2027-02-01 12:05 UTC)).await;

    let sent: Vec<String> = chain.reminders().into_iter().map(|mail| mail.subject).collect();
    assert_eq!(sent, ["Votre facture F-2026-001"], "the first missed one, as for a late invoice");
    let left = chain.planned(invoice.id).await;
    assert_eq!(left.len(), 3);
    assert!(left.iter().all(|at| *at > chain.now()), "the others keep the plan's spacing after it: {left:?}");
    chain.worker.run_until(datetime!(2027-02-09 12:00 UTC)).await;
    assert_eq!(chain.reminders().len(), 2);
}

#[tokio::test]
async fn the_user_is_asked_about_payments_once_their_address_is_verified() {
    let chain = Chain::unverified_at(TUESDAY).await;
    let invoice = chain.invoice_due(date!(2026 - 11 - 30)).await;

    chain.worker.run_until(datetime!(2026-12-08 12:00 UTC)).await;

    assert!(chain.checkin_mails().is_empty() && chain.reminders().is_empty());
    assert_eq!(queued(&chain).await, ["relance"], "of what lies ahead");
    verify(&chain).await;
    chain.worker.run_until(datetime!(2026-12-08 12:05 UTC)).await;
    assert_eq!(chain.checkin_mails().len(), 1);
    assert!(chain.reminders().is_empty(), "reminders wait for the answer");
    chain.worker.run_until(datetime!(2026-12-10 12:00 UTC)).await;
    assert_eq!(chain.reminders().len(), 1, "and follow without one: {:?}", chain.planned(invoice.id).await);
}

#[tokio::test]
async fn the_verification_mail_is_the_same_when_it_is_sent_again_and_says_nothing_that_was_typed() {
    let chain = Chain::unverified_at(TUESDAY).await;
    let busy = SendError::deferred("421 try again");
    chain.worker.mailer.fail_next(1, &busy);
    chain.worker.run_due().await;
    assert!(chain.account_mails().is_empty());
    chain.worker.run_until(datetime!(2026-11-24 09:05 UTC)).await;

    let mails = chain.account_mails();
    assert_eq!(mails.len(), 1);
    let mail = &mails[0];
    assert_eq!(mail.from.name.as_deref(), Some("Rubis"));
    assert_eq!((&mail.to.name, mail.reply_to.is_none(), mail.cc.len()), (&None, true, 0));
    let all = format!("{} {} {}", mail.subject, mail.text, mail.html.clone().unwrap());
    for typed in ["Jeanne", "Vasseur", "Menuiserie"] {
        assert!(!all.contains(typed), "{typed} was typed by a stranger: {all}");
    }
    let (_, after) = mail.text.split_once("http://localhost:5173/verification#token=").unwrap();
    let token = after.split_whitespace().next().unwrap();
    assert!(mail.html.as_ref().unwrap().contains(&format!("/verification#token={token}\"")));
    insta::assert_snapshot!("verify_address_text", mail.text.replace(token, "TOKEN"));

    let now = chain.now();
    rubis_lifecycle::verify_address(&mut *chain.conn().await, token, now).await.unwrap();
    chain.worker.run_until(datetime!(2026-11-30 12:00 UTC)).await;
    assert_eq!(chain.account_mails().len(), 1);
}

#[tokio::test]
async fn an_address_that_was_verified_meanwhile_gets_no_mail() {
    let chain = Chain::unverified_at(TUESDAY).await;
    // The job is there still, as one that a worker has claimed already.
    let statement = "UPDATE users SET email_verified_at = '2026-11-24 09:00Z'";
    diesel::sql_query(statement).execute(&mut *chain.conn().await).await.unwrap();
    chain.worker.run_due().await;
    assert!(chain.worker.mailer.outbox().is_empty());
    assert_eq!(queued(&chain).await, Vec::<String>::new());
}

#[tokio::test]
async fn nobody_sends_a_reminder_by_hand_for_an_unverified_company() {
    let chain = Chain::unverified_at(TUESDAY).await;
    let invoice = chain.invoice_due(date!(2026 - 12 - 01)).await;
    let first = chain.relances(invoice.id).await[0].id;
    let (organization, now) = (chain.organization, chain.now());
    let refused = send_relance_now(&mut *chain.conn().await, organization, first, now).await;
    assert!(matches!(refused, Err(RelanceActionError::SenderNotVerified)), "{refused:?}");
    verify(&chain).await;
    send_relance_now(&mut *chain.conn().await, organization, first, now).await.unwrap();
    chain.worker.run_until(chain.now() + time::Duration::MINUTE).await;
    assert_eq!(chain.reminders().len(), 1);
}
