//! What the recap of a trial tells.

use std::{collections::BTreeMap, pin::pin, time::Duration as StdDuration};

use diesel_async::RunQueryDsl;
use rubis_billing::{BillingLinks, BillingMailTerms, BillingRules, RecapError, RecapFigures, TrialRecap};
use rubis_db::Pool;
use rubis_invoices::{NewPayment, PaymentKind};
use rubis_jobs::{Job as _, Lease, Queue};
use rubis_kernel::{Currency, Email, EmailAddress, Money, SharedClock};
use rubis_lifecycle::{claim_trial_recap, recap_figures, record_payment};
use rubis_stripe::{
    NewCheckout, NewCustomer, StripeError, StripeGateway, StripeSettings, SubscriptionId, TrialTerms,
};
use rubis_stripe_fake::{FakeSettings, RequestFault, StripeFake};
use rubis_testkit::Chain;
use time::{
    Duration, OffsetDateTime,
    macros::{date, datetime},
};
use tokio::net::TcpListener;

const TUESDAY: OffsetDateTime = datetime!(2026-11-24 09:00 UTC);

async fn figures(chain: &Chain, from: OffsetDateTime, until: OffsetDateTime) -> RecapFigures {
    recap_figures(&*chain.conn().await, chain.organization, from, until).await.unwrap()
}

#[tokio::test]
async fn the_figures_of_a_trial_are_those_of_its_time() {
    let chain = Chain::start_at(TUESDAY - Duration::days(30)).await;
    // Before the trial: an invoice, a reminder, a payment.
    let old = chain.invoice_due(date!(2026 - 10 - 20)).await;
    chain.worker.run_until(TUESDAY - Duration::days(20)).await;
    let before = chain.reminders().len();
    assert!(before > 0);
    chain.pay(old.id, None).await;

    chain.clock.set(TUESDAY);
    let paid = chain.invoice_due(date!(2026 - 11 - 20)).await;
    let in_part = chain.invoice_due(date!(2026 - 11 - 20)).await;
    let waived = chain.invoice_due(date!(2026 - 12 - 30)).await;
    let undone = chain.invoice_due(date!(2026 - 12 - 30)).await;
    chain.worker.run_until(TUESDAY + Duration::days(2)).await;
    let sent = chain.reminders().len() - before;
    assert!(sent >= 2);
    chain.pay(paid.id, None).await;
    chain.pay(in_part.id, Some(20_050)).await;
    let credit =
        NewPayment { kind: PaymentKind::CreditNote, ..NewPayment::of_balance(chain.today(), "avoir") };
    record_payment(&mut *chain.conn().await, chain.organization, waived.id, &credit, None, chain.now())
        .await
        .unwrap();
    chain.pay(undone.id, None).await;
    chain.reopen(undone.id).await;

    let until = TUESDAY + Duration::days(11);
    let figures = figures(&chain, TUESDAY, until).await;
    assert_eq!(figures.invoices_imported, 4);
    assert_eq!(figures.relances_sent, u64::try_from(sent).unwrap());
    assert_eq!(figures.recovered, [Money::new(140_050, Currency::EUR)], "no credit note, nothing undone");
    assert_eq!(
        figures.rubis,
        figures.relances_sent + 1,
        "one for the invoice that was paid, none for a credit note"
    );
}

#[tokio::test]
async fn a_time_ends_before_its_last_instant() {
    let chain = Chain::start_at(TUESDAY).await;
    chain.invoice_due(date!(2026 - 12 - 30)).await;
    assert_eq!(figures(&chain, TUESDAY, TUESDAY + Duration::SECOND).await.invoices_imported, 1);
    assert_eq!(figures(&chain, TUESDAY - Duration::DAY, TUESDAY).await, RecapFigures::default());
    assert_eq!(
        figures(&chain, TUESDAY + Duration::SECOND, TUESDAY + Duration::DAY).await,
        RecapFigures::default()
    );
}

/// Begins a trial of Pro at Stripe, and gives its id.
async fn subscribe(chain: &Chain, fake: &StripeFake, stripe: &StripeGateway) -> SubscriptionId {
    let organization_id = chain.organization;
    let new = NewCustomer { organization_id, name: "Menuiserie Vasseur", email: "jeanne@vasseur.example" };
    let checkout = NewCheckout {
        organization_id,
        request_id: "trial".to_owned(),
        customer: stripe.create_customer(&new).await.unwrap(),
        price: stripe.price("rubis_pro_monthly").await.unwrap().id,
        success_url: "https://app.rubis.example/".to_owned(),
        cancel_url: "https://app.rubis.example/".to_owned(),
        trial: Some(TrialTerms { days: 14 }),
        metadata: BTreeMap::new(),
    };
    let session = stripe.create_checkout_session(&checkout).await.unwrap();
    fake.complete_checkout(session.id.as_str()).unwrap().into()
}

/// A company whose trial of Pro, paid each month, ends on the 8th, and whose recap was asked for on the 5th.
struct Ending {
    chain: Chain,
    fake: StripeFake,
    stripe: StripeGateway,
    job: TrialRecap,
}

impl Ending {
    async fn new() -> Self {
        // Only the first of a process installs it; they are all the same.
        let _installed = rustls::crypto::ring::default_provider().install_default();
        let chain = Chain::start_at(TUESDAY).await;
        let clock: SharedClock = chain.clock.clone();
        let fake = StripeFake::start(FakeSettings { clock: clock.clone(), ..FakeSettings::default() });
        let fake = fake.await.unwrap();
        let mut settings = StripeSettings::new(fake.secret_key().to_owned().into()).at(fake.api_base());
        settings.backoff = StdDuration::from_millis(1);
        let stripe = StripeGateway::new(&settings, clock).unwrap();
        let subscription_id = subscribe(&chain, &fake, &stripe).await;
        let statement = format!(
            "UPDATE subscriptions SET stripe_subscription_id = '{subscription_id}',
                 state_at = '2026-11-24 09:00Z', subscription_created_at = '2026-11-24 09:00Z', plan = 'pro',
                 status = 'trialing', billing_cycle = 'monthly', trial_ends_at = '2026-12-08 09:00Z',
                 recap_queued_at = '2026-12-05 09:00Z'",
        );
        diesel::sql_query(statement).execute(&mut *chain.conn().await).await.unwrap();
        let job = TrialRecap { organization_id: chain.organization, subscription_id };
        Self { chain, fake, stripe, job }
    }

    async fn claim(&self) -> Lease {
        let (mut conn, now) = (self.chain.conn().await, self.chain.now());
        rubis_jobs::enqueue(&mut conn, &self.job, now, now).await.unwrap();
        let (id, length) = (self.job.id(), StdDuration::from_secs(60));
        let claimed = rubis_jobs::claim(&mut conn, Queue::Billing, &[id], length, Some(now)).await;
        claimed.unwrap().pop().expect("the job is due").lease
    }

    async fn mail(&self, lease: &Lease) -> Result<Option<Email>, RecapError> {
        self.mail_asking(Some(&self.stripe), &self.chain.database.pool, lease).await
    }

    async fn mail_asking(
        &self,
        stripe: Option<&StripeGateway>,
        pool: &Pool,
        lease: &Lease,
    ) -> Result<Option<Email>, RecapError> {
        let sender: EmailAddress = "relances@rubis.example".parse().unwrap();
        let (links, rules) = (BillingLinks::new("https://app.rubis.example"), BillingRules::default());
        let terms = BillingMailTerms { sender: &sender, links: &links, rules: &rules, minutes_per_rubis: 15 };
        claim_trial_recap(pool, stripe, &terms, &self.job, lease, self.chain.now()).await
    }

    async fn is_asked_for(&self) -> bool {
        rubis_jobs::find(&mut *self.chain.conn().await, &self.job.id()).await.unwrap().is_some()
    }
}

#[tokio::test]
async fn the_recap_reports_what_was_done_and_what_will_be_charged() {
    let ending = Ending::new().await;
    let invoice = ending.chain.invoice_due(date!(2026 - 11 - 20)).await;
    ending.chain.worker.run_until(TUESDAY + Duration::days(2)).await;
    ending.chain.pay(invoice.id, None).await;
    ending.chain.clock.set(datetime!(2026-12-05 09:00 UTC));
    let lease = ending.claim().await;
    let mail = ending.mail(&lease).await.unwrap().expect("there is a mail");
    assert_eq!(mail.to.address.as_str(), "jeanne.vasseur@menuiserie-vasseur.example");
    for told in [
        "Factures importées\u{a0}: 1\n",
        "Relances envoyées\u{a0}: 1\n",
        "Montant encaissé\u{a0}: 1\u{202f}200,00\u{a0}€\n",
        "Rubis gagnés\u{a0}: 2\n",
        "Temps libéré\u{a0}: 30\u{a0}min",
        "Le 8\u{a0}décembre\u{a0}2026, votre abonnement Rubis Pro commence\u{a0}: 29,00\u{a0}€ par mois",
        "https://app.rubis.example/parametres/abonnement",
    ] {
        assert!(mail.text.contains(told), "{told} in {}", mail.text);
    }
    assert!(ending.is_asked_for().await, "the job ends when the mail was sent");

    // A worker was lost after it had sent the mail: what happens meanwhile does not make it another one.
    ending.chain.clock.set(datetime!(2026-12-05 10:00 UTC));
    ending.chain.invoice_due(date!(2026 - 12 - 20)).await;
    assert_eq!(ending.mail(&lease).await.unwrap(), Some(mail));
}

#[tokio::test]
async fn a_trial_that_was_cancelled_moved_or_announced_or_has_ended_gets_no_recap() {
    for change in [
        "cancel_at_period_end = true",
        "status = 'canceled', plan = 'free'",
        "status = 'active'",
        "stripe_subscription_id = 'sub_2'",
        "trial_ends_at = '2026-12-05 08:59Z'",
        "trial_ends_at = '2026-12-22 09:00Z', recap_queued_at = NULL",
        "recap_sent_at = '2026-12-05 08:59Z'",
    ] {
        let ending = Ending::new().await;
        let statement = format!("UPDATE subscriptions SET {change}");
        diesel::sql_query(statement).execute(&mut *ending.chain.conn().await).await.unwrap();
        ending.chain.clock.set(datetime!(2026-12-05 09:00 UTC));
        let lease = ending.claim().await;
        assert_eq!(ending.mail(&lease).await.unwrap(), None, "{change}");
        assert!(!ending.is_asked_for().await, "{change}");
    }
}

#[tokio::test]
async fn while_stripe_is_away_the_recap_waits() {
    let ending = Ending::new().await;
    ending.chain.clock.set(datetime!(2026-12-05 09:00 UTC));
    let lease = ending.claim().await;
    ending.fake.fail_requests(RequestFault::status(503).on("/subscriptions/").times(3)).unwrap();
    let waits = ending.mail(&lease).await;
    assert!(matches!(waits, Err(RecapError::Stripe(StripeError::Unavailable { .. }))), "{waits:?}");
    assert!(ending.is_asked_for().await);
    assert!(ending.mail(&lease).await.unwrap().expect("there is a mail").text.contains("29,00"));
}

#[tokio::test]
async fn what_stripe_will_not_report_later_either_is_no_reason_to_wait() {
    let ending = Ending::new().await;
    ending.chain.clock.set(datetime!(2026-12-05 09:00 UTC));
    let lease = ending.claim().await;
    let pool = &ending.chain.database.pool;
    // No key, a key that is wrong or may not read subscriptions, and a subscription that is gone.
    let mut mails = vec![ending.mail_asking(None, pool, &lease).await];
    for status in [401, 403, 404] {
        ending.fake.fail_requests(RequestFault::status(status).on("/subscriptions/")).unwrap();
        mails.push(ending.mail(&lease).await);
    }
    for mail in mails {
        let text = mail.unwrap().expect("there is a mail").text;
        assert!(text.contains("votre abonnement Rubis Pro commence") && !text.contains("par mois"), "{text}");
    }
}

#[tokio::test]
async fn the_recap_reports_what_the_subscription_costs_and_not_what_is_sold_today() {
    let ending = Ending::new().await;
    // Here, it is Pro at a price for each month; at Stripe, the item is of another price.
    ending.fake.change_price(ending.job.subscription_id.as_str(), "rubis_business_yearly").unwrap();
    let item = ending.stripe.subscription(&ending.job.subscription_id).await.unwrap().charge.unwrap();
    ending.chain.clock.set(datetime!(2026-12-05 09:00 UTC));
    let lease = ending.claim().await;
    let mail = ending.mail(&lease).await.unwrap().expect("there is a mail");
    let amount = Money::new(item.amount_cents, item.currency).format_french();
    let told = format!("votre abonnement Rubis Pro commence\u{a0}: {amount} par an");
    assert!(mail.text.contains(&told), "{told} in {}", mail.text);
}

#[tokio::test]
async fn no_connection_is_held_while_stripe_is_asked() {
    let ending = Ending::new().await;
    ending.chain.clock.set(datetime!(2026-12-05 09:00 UTC));
    let lease = ending.claim().await;
    let pool = rubis_db::connect(&ending.chain.database.url, 1).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let mut settings = StripeSettings::new("sk_test_1".to_owned().into()).at(address.parse().unwrap());
    settings.attempts = 1;
    let stripe = StripeGateway::new(&settings, ending.chain.clock.clone()).unwrap();
    let mut claim = pin!(ending.mail_asking(Some(&stripe), &pool, &lease));
    let (asked, _) = tokio::select! {
        asked = listener.accept() => asked.unwrap(),
        mail = &mut claim => panic!("Stripe was not asked: {mail:?}"),
    };
    drop(pool.get().await.expect("the only connection is free"));
    drop((asked, listener));
    let mail = claim.await;
    assert!(matches!(mail, Err(RecapError::Stripe(StripeError::Unavailable { .. }))), "{mail:?}");
}
