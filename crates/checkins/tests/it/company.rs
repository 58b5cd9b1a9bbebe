//! A company with invoices, and a worker whose steps are run one by one.

use std::{
    sync::atomic::{AtomicU32, Ordering},
    time::Duration as StdDuration,
};

use diesel_async::{AnsiTransactionManager, TransactionManager};
use rubis_accounts::{
    CheckinPolicyInput, NewAccount, NewAccountInput, Organization, OrganizationInput, OrganizationPatch,
    PasswordHash,
};
use rubis_checkins::{
    CheckinLinks, CheckinRules, CheckinStatus, CheckinTask, ClaimedMail, GatherCheckins, Gathered,
    KEY_PURPOSE, MailTerms, PlanCheckin, SendCheckinMail, checkins_of_invoice, claim_mail, gather,
    plan_checkin, record_sent,
};
use rubis_db::{AsyncConnection, PooledConnection};
use rubis_invoices::{Invoice, InvoicedClient, NamedClient, NewInvoice, NewPayment};
use rubis_jobs::{Job, JobId, JobRow, Lease};
use rubis_kernel::{
    AppKey, CheckinMailId, Currency, Email, EmailAddress, InvoiceId, Money, OrganizationId, PurposeKey,
};
use rubis_testkit::TestDatabase;
use time::{Date, Duration, OffsetDateTime, macros::datetime};

/// An ordinary Tuesday, nine in the morning in Paris.
pub const TUESDAY: OffsetDateTime = datetime!(2026-11-24 08:00 UTC);

/// A company in its own database.
pub struct Company {
    pub database: TestDatabase,
    pub id: OrganizationId,
    invoices: AtomicU32,
}

/// Everything needed to compose its mails.
pub struct Product {
    sender: EmailAddress,
    links: CheckinLinks,
    key: PurposeKey,
    pub rules: CheckinRules,
}

impl Product {
    pub fn with_key(secret: &str) -> Self {
        Self {
            sender: "relances@rubis.example".parse().unwrap(),
            links: CheckinLinks::new("https://api.rubis.example"),
            key: secret.parse::<AppKey>().unwrap().derive(KEY_PURPOSE),
            rules: CheckinRules::default(),
        }
    }

    pub fn new() -> Self {
        Self::with_key("0123456789abcdef0123456789abcdef")
    }

    pub fn terms(&self) -> MailTerms<'_> {
        MailTerms { sender: &self.sender, links: &self.links, key: &self.key, rules: &self.rules }
    }
}

impl Company {
    pub async fn new() -> Self {
        let database = TestDatabase::create().await;
        let id = sign_up(&database, "jeanne.vasseur@menuiserie-vasseur.example", "Menuiserie Vasseur").await;
        Self { database, id, invoices: AtomicU32::new(0) }
    }

    /// Creates another company in the same database.
    pub async fn neighbour(&self) -> OrganizationId {
        sign_up(&self.database, "paul.durand@durand.example", "Durand").await
    }

    pub async fn conn(&self) -> PooledConnection<'_> {
        self.database.pool.get().await.unwrap()
    }

    pub async fn organization(&self) -> Organization {
        rubis_accounts::organization(&*self.conn().await, self.id).await.unwrap().unwrap()
    }

    pub async fn settings(&self, input: OrganizationInput, now: OffsetDateTime) {
        let patch = OrganizationPatch::parse(input).unwrap();
        rubis_accounts::update_organization(&mut *self.conn().await, self.id, patch, now).await.unwrap();
    }

    pub async fn checkin_settings(&self, checkins: CheckinPolicyInput, now: OffsetDateTime) {
        self.settings(OrganizationInput { checkins: Some(checkins), ..OrganizationInput::default() }, now)
            .await;
    }

    /// Creates an invoice of 1 200 € to the bakery, not planned yet.
    pub async fn invoice_due(&self, due_date: Date) -> Invoice {
        self.invoice_to("Boulangerie Martin", due_date).await
    }

    pub async fn invoice_to(&self, client: &str, due_date: Date) -> Invoice {
        let number = self.invoices.fetch_add(1, Ordering::Relaxed) + 1;
        let email = format!("{}@clients.example", client.to_lowercase().replace(' ', "-"));
        let new = NewInvoice {
            client: InvoicedClient::Named(NamedClient {
                kind: rubis_invoices::ClientKind::Person,
                name: client.to_owned(),
                email: email.parse().unwrap(),
                create_new: false,
            }),
            numero: format!("F-2026-{number:03}"),
            amount: Money::new(120_000, Currency::EUR),
            issue_date: due_date - Duration::days(30),
            due_date,
            lines: Vec::new(),
        };
        let mut conn = self.conn().await;
        rubis_invoices::create_invoice(&mut conn, self.id, &new, None, TUESDAY).await.unwrap().invoice
    }

    /// Creates a planned invoice.
    pub async fn planned_invoice(&self, due_date: Date, now: OffsetDateTime) -> Invoice {
        let invoice = self.invoice_due(due_date).await;
        self.plan(invoice.id, now).await
    }

    pub async fn invoice(&self, id: InvoiceId) -> Invoice {
        rubis_invoices::invoice(&mut *self.conn().await, self.id, id).await.unwrap().unwrap()
    }

    /// Plans an invoice, for the first time or again.
    pub async fn plan(&self, invoice: InvoiceId, now: OffsetDateTime) -> Invoice {
        self.plan_as(invoice, PlanCheckin::default(), now).await
    }

    pub async fn plan_as(&self, invoice: InvoiceId, how: PlanCheckin, now: OffsetDateTime) -> Invoice {
        self.change(invoice, async |conn, invoice| {
            let organization = rubis_accounts::organization(conn, self.id).await?.unwrap();
            let client = rubis_invoices::client(conn, self.id, invoice.client_id).await?.unwrap();
            plan_checkin(conn, &organization, invoice, client.pause, how, now).await
        })
        .await
    }

    /// Changes an invoice under its lock.
    pub async fn change<F>(&self, invoice: InvoiceId, change: F) -> Invoice
    where
        F: AsyncFnOnce(&mut rubis_db::AsyncPgConnection, &mut Invoice) -> Result<(), diesel::result::Error>,
    {
        let mut conn = self.conn().await;
        AnsiTransactionManager::begin_transaction(&mut *conn).await.unwrap();
        let mut invoice = rubis_invoices::lock_invoice(&conn, self.id, invoice).await.unwrap().unwrap();
        change(&mut conn, &mut invoice).await.unwrap();
        AnsiTransactionManager::commit_transaction(&mut *conn).await.unwrap();
        invoice
    }

    /// Records a payment of the invoice without any notice to its check-ins.
    pub async fn pay(&self, invoice: InvoiceId, now: OffsetDateTime) {
        self.change(invoice, async |conn, invoice| {
            let payment = NewPayment::of_balance(now.date(), "virement");
            rubis_invoices::record_payment(conn, invoice, &payment, now).await.unwrap();
            Ok(())
        })
        .await;
    }

    /// Returns all check-ins of an invoice.
    pub async fn checkins(&self, invoice: InvoiceId) -> Vec<CheckinTask> {
        checkins_of_invoice(&mut *self.conn().await, self.id, invoice).await.unwrap()
    }

    /// Returns the one check-in of an invoice that was not cancelled.
    pub async fn checkin(&self, invoice: InvoiceId) -> CheckinTask {
        let mut all = self.checkins(invoice).await;
        all.retain(|task| task.status != CheckinStatus::Cancelled);
        assert_eq!(all.len(), 1, "{all:?}");
        all.remove(0)
    }

    /// Returns a job, if it exists.
    pub async fn job(&self, id: &JobId) -> Option<JobRow> {
        rubis_jobs::find(&mut *self.conn().await, id).await.unwrap()
    }

    /// Returns the time at which a check-in's job runs.
    pub async fn gathers_at(&self, task: &CheckinTask) -> Option<OffsetDateTime> {
        self.job(&task.gather_job_id()).await.map(|job| job.run_at)
    }

    /// Claims a due job, as a worker does.
    pub async fn lease<J: Job>(&self, job: &J, now: OffsetDateTime) -> Option<Lease> {
        let mut conn = self.conn().await;
        let length = StdDuration::from_secs(60);
        let claimed = rubis_jobs::claim(&mut conn, J::QUEUE, &[job.id()], length, Some(now)).await;
        claimed.unwrap().pop().map(|claimed| claimed.lease)
    }

    /// Runs the job of a check-in, if there is one that is due.
    pub async fn gather(&self, task: &CheckinTask, now: OffsetDateTime) -> Option<Gathered> {
        let job = GatherCheckins { organization_id: self.id, task_id: task.id };
        let lease = self.lease(&job, now).await?;
        Some(gather(&mut *self.conn().await, &job, &lease, now).await.unwrap())
    }

    /// Puts a check-in that is due into a mail.
    pub async fn gathered(&self, task: &CheckinTask, now: OffsetDateTime) -> CheckinMailId {
        match self.gather(task, now).await {
            Some(Gathered::Mail(mail, _)) => mail,
            other => panic!("{other:?}"),
        }
    }

    pub fn mail_job(&self, mail: CheckinMailId) -> SendCheckinMail {
        SendCheckinMail { organization_id: self.id, mail_id: mail }
    }

    /// Claims a mail that is due.
    pub async fn claim(
        &self,
        product: &Product,
        mail: CheckinMailId,
        now: OffsetDateTime,
    ) -> (Lease, ClaimedMail) {
        let job = self.mail_job(mail);
        let lease = self.lease(&job, now).await.unwrap();
        let claimed = self.claim_with(product, mail, &lease, now).await;
        (lease, claimed)
    }

    /// Claims a mail under a lease.
    pub async fn claim_with(
        &self,
        product: &Product,
        mail: CheckinMailId,
        lease: &Lease,
        now: OffsetDateTime,
    ) -> ClaimedMail {
        let job = self.mail_job(mail);
        claim_mail(&mut *self.conn().await, &product.terms(), &job, lease, now).await.unwrap()
    }

    /// Records that a mail was sent.
    pub async fn record(&self, product: &Product, mail: CheckinMailId, lease: &Lease, now: OffsetDateTime) {
        let job = self.mail_job(mail);
        let mut conn = self.conn().await;
        conn.transaction(async |conn| {
            record_sent(conn, &job, &product.rules, now).await?;
            lease.finish(conn).await
        })
        .await
        .unwrap();
    }

    /// Sends the mail of a due check-in.
    pub async fn send(&self, product: &Product, task: &CheckinTask, now: OffsetDateTime) -> Email {
        let mail = self.gathered(task, now).await;
        let (lease, claimed) = self.claim(product, mail, now).await;
        self.record(product, mail, &lease, now).await;
        sent(claimed)
    }
}

/// Returns the mail that is to be sent.
pub fn sent(claimed: ClaimedMail) -> Email {
    match claimed {
        ClaimedMail::Send(email) => *email,
        ClaimedMail::Settled => panic!("nothing is to be sent"),
    }
}

/// Returns the tokens in a mail's links, in their order.
pub fn tokens_in(email: &Email) -> Vec<String> {
    email
        .text
        .lines()
        .filter_map(|line| {
            line.strip_prefix("https://api.rubis.example/api/v1/checkin/")?.strip_suffix("/paid")
        })
        .map(str::to_owned)
        .collect()
}

async fn sign_up(database: &TestDatabase, email: &str, name: &str) -> OrganizationId {
    let input = NewAccountInput {
        email: email.to_owned(),
        password: "un mot de passe solide".to_owned(),
        full_name: "Jeanne Vasseur".to_owned(),
        organization_name: name.to_owned(),
    };
    let account = NewAccount::parse(&input).unwrap();
    let hash = PasswordHash::hash(&account.password).unwrap();
    let mut conn = database.pool.get().await.unwrap();
    let signed_up = rubis_accounts::sign_up(&mut conn, &account, &hash, TUESDAY).await.unwrap();
    rubis_accounts::mark_address_verified(&mut conn, signed_up.user.id, TUESDAY).await.unwrap();
    signed_up.organization.id
}
