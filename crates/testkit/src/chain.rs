//! An organization and its invoices below the HTTP layer, with a worker that a test drives.
#![allow(clippy::expect_used, reason = "a test fails by panicking")]

use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering},
};

use rubis_accounts::{
    CheckinPolicyInput, NewAccount, NewAccountInput, OrganizationInput, OrganizationPatch, PasswordHash,
};
use rubis_checkins::{CheckinAnswer, CheckinRules, CheckinTask, Opening};
use rubis_db::PooledConnection;
use rubis_invoices::{
    Invoice, InvoiceInput, InvoicePatch, InvoiceScope, InvoicedClient, NamedClient, NewInvoice, NewPayment,
};
use rubis_kernel::{Clock, Currency, Email, InvoiceId, ManualClock, Money, OrganizationId, UserId};
use rubis_lifecycle::{AnsweredBy, CheckinOutcome, CheckinView, PlanChoice};
use rubis_relances::{ListedRelance, RelanceStatus};
use time::{Date, Duration, OffsetDateTime};

use crate::{
    BROWSER_HEADERS, TestDatabase, TestRedis, TestWorker, account_keys, checkin_parts, no_limits,
    turn_checkins_off,
};

/// A company that chases its invoices.
pub struct Chain {
    pub database: TestDatabase,
    pub redis: TestRedis,
    /// Worker that sends its reminders.
    pub worker: TestWorker,
    /// Clock of all its parts.
    pub clock: Arc<ManualClock>,
    pub organization: OrganizationId,
    /// User who signed up.
    pub owner: UserId,
    invoices: AtomicU32,
}

impl Chain {
    /// Creates a company that signs up at this instant and turns check-ins off: its reminders do not wait.
    pub async fn start_at(now: OffsetDateTime) -> Self {
        let chain = Self::with_checkins_at(now).await;
        turn_checkins_off(&mut *chain.conn().await, chain.organization, now).await;
        chain
    }

    /// Creates a company that signs up at this instant, and is asked if its invoices were paid.
    pub async fn with_checkins_at(now: OffsetDateTime) -> Self {
        Self::signed_up_at(now, true).await
    }

    /// Creates a company that signs up at this instant, is asked if its invoices were paid, and whose owner has not
    /// verified their address.
    pub async fn unverified_at(now: OffsetDateTime) -> Self {
        Self::signed_up_at(now, false).await
    }

    async fn signed_up_at(now: OffsetDateTime, is_verified: bool) -> Self {
        let database = TestDatabase::create().await;
        let redis = TestRedis::create();
        let clock = Arc::new(ManualClock::new(now));
        let worker = TestWorker::new(&database, &redis, clock.clone());
        let input = NewAccountInput {
            email: "jeanne.vasseur@menuiserie-vasseur.example".to_owned(),
            password: "un mot de passe solide".to_owned(),
            full_name: "Jeanne Vasseur".to_owned(),
            organization_name: "Menuiserie Vasseur".to_owned(),
        };
        let account = NewAccount::parse(&input).expect("the account is right");
        let hash = PasswordHash::hash(&account.password).expect("the password can be hashed");
        let mut conn = database.pool.get().await.expect("a connection");
        let signed_up = rubis_lifecycle::sign_up(&mut conn, &account, &hash, &account_keys(), now)
            .await
            .expect("the company signs up");
        if is_verified {
            rubis_lifecycle::mark_address_verified(&mut conn, signed_up.user.id, now)
                .await
                .expect("the address is verified");
        }
        drop(conn);
        Self {
            database,
            redis,
            worker,
            clock,
            organization: signed_up.organization.id,
            owner: signed_up.user.id,
            invoices: AtomicU32::new(0),
        }
    }

    /// Returns the current time.
    #[must_use]
    pub fn now(&self) -> OffsetDateTime {
        self.clock.now()
    }

    /// Returns a connection to the database.
    pub async fn conn(&self) -> PooledConnection<'_> {
        self.database.pool.get().await.expect("a connection")
    }

    /// Creates an invoice of 1 200 € to the bakery, on the default plan.
    pub async fn invoice_due(&self, due_date: Date) -> Invoice {
        self.invoice_to("Boulangerie Martin", "compta@boulangerie-martin.example", due_date).await
    }

    /// Creates an invoice of 1 200 € to this client, on the default plan.
    pub async fn invoice_to(&self, name: &str, email: &str, due_date: Date) -> Invoice {
        let number = self.invoices.fetch_add(1, Ordering::Relaxed) + 1;
        let new = NewInvoice {
            client: InvoicedClient::Named(NamedClient {
                kind: rubis_invoices::ClientKind::Person,
                name: name.to_owned(),
                email: email.parse().expect("an address"),
                create_new: false,
            }),
            numero: format!("F-2026-{number:03}"),
            amount: Money::new(120_000, Currency::EUR),
            issue_date: due_date - Duration::days(30),
            due_date,
            lines: Vec::new(),
        };
        let mut conn = self.conn().await;
        rubis_lifecycle::create_invoice(
            &mut conn,
            self.organization,
            &new,
            PlanChoice::Default,
            Some(self.owner),
            &no_limits(),
            self.now(),
        )
        .await
        .expect("the invoice is right")
        .invoice
    }

    /// Pays the invoice, in part if an amount is given.
    pub async fn pay(&self, invoice: InvoiceId, amount_cents: Option<i64>) -> Invoice {
        let mut payment = NewPayment::of_balance(self.today(), "virement");
        payment.amount_cents = amount_cents;
        let mut conn = self.conn().await;
        rubis_lifecycle::record_payment(
            &mut conn,
            self.organization,
            invoice,
            &payment,
            Some(self.owner),
            self.now(),
        )
        .await
        .expect("the payment is right")
        .invoice
    }

    /// Undoes the settlement of an invoice, as a user does.
    pub async fn reopen(&self, invoice: InvoiceId) -> Invoice {
        let (organization, owner, now) = (self.organization, Some(self.owner), self.now());
        rubis_lifecycle::reopen_invoice(
            &mut *self.conn().await,
            organization,
            invoice,
            owner,
            &no_limits(),
            now,
        )
        .await
        .expect("the invoice is paid")
    }

    /// Changes the company's settings, and plans again what depends on them.
    pub async fn set(&self, input: OrganizationInput) {
        let patch = OrganizationPatch::parse(input).expect("the settings are right");
        let (organization, owner, now) = (self.organization, Some(self.owner), self.now());
        rubis_lifecycle::update_organization(&mut *self.conn().await, organization, patch, owner, now)
            .await
            .expect("the settings are saved");
        self.let_the_background_catch_up().await;
    }

    /// Changes the company's check-in settings.
    pub async fn set_checkins(&self, checkins: CheckinPolicyInput) {
        self.set(OrganizationInput { checkins: Some(checkins), ..OrganizationInput::default() }).await;
    }

    /// Changes the invoice.
    pub async fn correct(&self, invoice: InvoiceId, correction: InvoiceInput) -> Invoice {
        let patch = InvoicePatch::parse(correction).expect("the correction is right");
        let (organization, now) = (self.organization, self.now());
        let mut conn = self.conn().await;
        rubis_lifecycle::update_invoice(
            &mut conn,
            organization,
            invoice,
            patch,
            Some(self.owner),
            &no_limits(),
            now,
        )
        .await
        .expect("the correction is allowed")
    }

    /// Plans all invoices again, as after a change of the rules.
    pub async fn plan_again(&self) {
        let (organization, now) = (self.organization, self.now());
        let mut conn = self.conn().await;
        rubis_lifecycle::plan_page_again(&mut conn, organization, InvoiceScope::All, None, now)
            .await
            .expect("the database answers");
    }

    /// Runs the background work that a change requested, without moving the clock.
    pub async fn let_the_background_catch_up(&self) {
        let now = self.now();
        self.worker.run_until(now + Duration::seconds(2)).await;
        self.clock.set(now);
    }

    /// Returns the current invoice.
    pub async fn invoice(&self, invoice: InvoiceId) -> Invoice {
        rubis_invoices::invoice(&mut *self.conn().await, self.organization, invoice)
            .await
            .expect("the database answers")
            .expect("the invoice exists")
    }

    /// Returns all reminders of an invoice, earliest first.
    pub async fn relances(&self, invoice: InvoiceId) -> Vec<ListedRelance> {
        rubis_relances::relances_of_invoice(&mut *self.conn().await, self.organization, invoice)
            .await
            .expect("the database answers")
    }

    /// Returns all check-ins of an invoice, earliest first.
    pub async fn checkins(&self, invoice: InvoiceId) -> Vec<CheckinTask> {
        rubis_checkins::checkins_of_invoice(&mut *self.conn().await, self.organization, invoice)
            .await
            .expect("the database answers")
    }

    /// Returns the token in the links of an invoice's last check-in.
    pub async fn token(&self, invoice: InvoiceId) -> String {
        let last = self.checkins(invoice).await.pop().expect("the invoice is asked about");
        rubis_checkins::token_of(&checkin_parts().key, last.id)
    }

    /// Opens a link of a check-in, as a person's browser does.
    pub async fn open_link(&self, token: &str, answer: CheckinAnswer) -> CheckinOutcome {
        let headers = BROWSER_HEADERS.iter().map(|(name, value)| (*name, value.as_bytes()));
        let opening = Opening::from_request(self.now(), "GET", answer.into(), headers);
        self.answer(token, answer, AnsweredBy::Link(opening)).await
    }

    /// Presses a button of a check-in's page.
    pub async fn press(&self, token: &str, answer: CheckinAnswer) -> CheckinOutcome {
        self.answer(token, answer, AnsweredBy::Button { user_agent: "Firefox".to_owned() }).await
    }

    /// Answers a check-in.
    pub async fn answer(&self, token: &str, answer: CheckinAnswer, by: AnsweredBy) -> CheckinOutcome {
        let (rules, now) = (CheckinRules::default(), self.now());
        rubis_lifecycle::answer_checkin(&mut *self.conn().await, token, answer, by, &rules, now)
            .await
            .expect("the answer is recorded")
    }

    /// Returns the data shown on the page of a check-in.
    pub async fn checkin_view(&self, token: &str) -> Option<CheckinView> {
        let (rules, now) = (CheckinRules::default(), self.now());
        rubis_lifecycle::read_checkin(&mut *self.conn().await, token, &rules, now)
            .await
            .expect("the database answers")
    }

    /// Returns the mails about the account, in the order of sending.
    #[must_use]
    pub fn account_mails(&self) -> Vec<Email> {
        self.mails_of("account-mail/")
    }

    /// Returns the mails that asked if invoices were paid, in the order of sending.
    #[must_use]
    pub fn checkin_mails(&self) -> Vec<Email> {
        self.mails_of("checkin/")
    }

    /// Returns the mails that confirmed that invoices were declared paid.
    #[must_use]
    pub fn confirmations(&self) -> Vec<Email> {
        self.mails_of("checkin-confirmation/")
    }

    /// Returns the reminders sent, in the order of sending.
    #[must_use]
    pub fn reminders(&self) -> Vec<Email> {
        self.mails_of("relance/")
    }

    fn mails_of(&self, kind: &str) -> Vec<Email> {
        let mut mails = self.worker.mailer.outbox();
        mails.retain(|mail| mail.idempotency_key.starts_with(kind));
        mails
    }

    /// Returns the instants at which reminders of an invoice are still to be sent.
    pub async fn planned(&self, invoice: InvoiceId) -> Vec<OffsetDateTime> {
        let relances = self.relances(invoice).await;
        relances
            .iter()
            .filter(|task| task.status == RelanceStatus::Scheduled)
            .map(|task| task.send_at)
            .collect()
    }

    /// Returns the kinds of the events of an invoice, oldest first.
    pub async fn events(&self, invoice: InvoiceId) -> Vec<String> {
        rubis_accounts::events_of_invoice(&mut *self.conn().await, self.organization, invoice, 200)
            .await
            .expect("the database answers")
            .into_iter()
            .map(|event| event.kind)
            .collect()
    }

    /// Returns the current day in Paris.
    #[must_use]
    pub fn today(&self) -> Date {
        let paris: rubis_kernel::TimeZone = "Europe/Paris".parse().expect("a time zone");
        paris.local_date(self.now())
    }
}
