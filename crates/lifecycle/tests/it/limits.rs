//! How many invoices are chased at once is what the subscription allows.

use std::sync::atomic::{AtomicU32, Ordering};

use diesel_async::RunQueryDsl;
use rubis_billing::{BillingPlan, BillingRules, PlanLimitReached, PlanLimits, SubscriptionView};
use rubis_invoices::{
    Invoice, InvoiceInput, InvoicePatch, InvoiceStatus, InvoicedClient, NamedClient, NewInvoice, VoidReason,
};
use rubis_kernel::{Currency, InvoiceId, Money};
use rubis_lifecycle::{
    CreateInvoiceError, PlanChoice, ReopenError, ResumeDisputeError, UpdateInvoiceError, cancel_invoice,
    create_invoice, dispute_invoice, reopen_invoice, resume_dispute, subscription_view, update_invoice,
    void_payment,
};
use rubis_testkit::Chain;
use time::{
    Duration, OffsetDateTime,
    macros::{date, datetime},
};
use tokio::task::JoinSet;

const TUESDAY: OffsetDateTime = datetime!(2026-11-24 09:00 UTC);

/// A company with the limits of the product.
struct Company {
    chain: Chain,
    rules: BillingRules,
    numbers: AtomicU32,
}

impl Company {
    async fn new() -> Self {
        let chain = Chain::start_at(TUESDAY).await;
        Self { chain, rules: BillingRules::default(), numbers: AtomicU32::new(0) }
    }

    fn new_invoice(&self) -> NewInvoice {
        let number = self.numbers.fetch_add(1, Ordering::Relaxed);
        NewInvoice {
            // Another client for each: invoices of one new client wait for each other anyhow.
            client: InvoicedClient::Named(NamedClient {
                kind: rubis_invoices::ClientKind::Person,
                name: format!("Boulangerie {number}"),
                email: format!("compta@boulangerie-{number}.example").parse().unwrap(),
                create_new: false,
            }),
            numero: format!("L-{number:04}"),
            amount: Money::new(120_000, Currency::EUR),
            issue_date: date!(2026 - 11 - 01),
            due_date: date!(2026 - 12 - 01),
            lines: Vec::new(),
        }
    }

    async fn create(&self, plan: PlanChoice) -> Result<Invoice, CreateInvoiceError> {
        let (new, now) = (self.new_invoice(), self.chain.now());
        let mut conn = self.chain.conn().await;
        let created =
            create_invoice(&mut conn, self.chain.organization, &new, plan, None, &self.rules, now).await;
        created.map(|created| created.invoice)
    }

    async fn refusal(&self) -> PlanLimitReached {
        match self.create(PlanChoice::Default).await {
            Err(CreateInvoiceError::LimitReached(reached)) => reached,
            other => panic!("{other:?}"),
        }
    }

    async fn reopen(&self, invoice: InvoiceId) -> Result<Invoice, ReopenError> {
        let now = self.chain.now();
        let mut conn = self.chain.conn().await;
        reopen_invoice(&mut conn, self.chain.organization, invoice, None, &self.rules, now).await
    }

    async fn dispute(&self, invoice: InvoiceId) {
        let now = self.chain.now();
        let mut conn = self.chain.conn().await;
        dispute_invoice(&mut conn, self.chain.organization, invoice, None, now).await.unwrap();
    }

    async fn resume(&self, invoice: InvoiceId) -> Result<Invoice, ResumeDisputeError> {
        let now = self.chain.now();
        let mut conn = self.chain.conn().await;
        resume_dispute(&mut conn, self.chain.organization, invoice, None, &self.rules, now).await
    }

    async fn void_first_payment(&self, invoice: InvoiceId) -> Result<Invoice, ReopenError> {
        let (organization, now) = (self.chain.organization, self.chain.now());
        let mut conn = self.chain.conn().await;
        let payments = rubis_invoices::payments_of(&mut conn, organization, invoice).await.unwrap();
        let reason = VoidReason::parse("virement rejeté").unwrap();
        let ids = (invoice, payments[0].id);
        let voided = void_payment(&mut conn, organization, ids, &reason, None, &self.rules, now).await?;
        Ok(voided.invoice)
    }

    async fn update(&self, invoice: InvoiceId, input: InvoiceInput) -> Result<Invoice, UpdateInvoiceError> {
        let (patch, now) = (InvoicePatch::parse(input).unwrap(), self.chain.now());
        let mut conn = self.chain.conn().await;
        update_invoice(&mut conn, self.chain.organization, invoice, patch, None, &self.rules, now).await
    }

    /// Says in SQL what is subscribed to.
    async fn subscribe(&self, assignments: &str) {
        let statement = format!(
            "UPDATE subscriptions SET stripe_subscription_id = 'sub_1', state_at = '2026-11-24 09:00Z',
                 subscription_created_at = '2026-11-24 09:00Z', {assignments}"
        );
        diesel::sql_query(statement).execute(&mut *self.chain.conn().await).await.unwrap();
    }

    async fn cancel(&self, invoice: InvoiceId) {
        let now = self.chain.now();
        let mut conn = self.chain.conn().await;
        cancel_invoice(&mut conn, self.chain.organization, invoice, None, now).await.unwrap();
    }

    /// Lets the first reminder of the invoices be sent.
    async fn let_reminders_leave(&self) {
        self.chain.worker.run_until(datetime!(2026-12-04 12:00 UTC)).await;
    }

    async fn view(&self) -> SubscriptionView {
        let conn = self.chain.conn().await;
        subscription_view(&conn, self.chain.organization, &self.rules, self.chain.now()).await.unwrap()
    }
}

#[tokio::test]
async fn free_lets_two_invoices_be_chased_at_once() {
    let company = Company::new().await;
    let first = company.create(PlanChoice::Default).await.unwrap();
    assert!(!company.view().await.is_at_limit);
    company.create(PlanChoice::Default).await.unwrap();
    let view = company.view().await;
    assert_eq!((view.invoice_limit, view.invoices_chased, view.is_at_limit), (Some(2), 2, true));

    assert_eq!(company.refusal().await, PlanLimitReached { limit: 2, usage: 2 });
    assert_eq!(company.view().await.invoices_chased, 2, "nothing was written");

    company.chain.pay(first.id, None).await;
    company.create(PlanChoice::Default).await.expect("a paid invoice makes room");
}

#[tokio::test]
async fn invoices_that_no_plan_chases_count_for_nothing() {
    let company = Company::new().await;
    for _ in 0..3 {
        company.create(PlanChoice::NotChased).await.unwrap();
    }
    assert_eq!(company.view().await.invoices_chased, 0);
    for _ in 0..2 {
        company.create(PlanChoice::Default).await.unwrap();
    }
    company.create(PlanChoice::NotChased).await.expect("it is not chased");
    company.refusal().await;
}

#[tokio::test]
async fn a_disputed_invoice_frees_its_place_and_needs_one_to_go_on() {
    let company = Company::new().await;
    let disputed = company.create(PlanChoice::Default).await.unwrap();
    company.create(PlanChoice::Default).await.unwrap();
    company.refusal().await;
    company.dispute(disputed.id).await;
    assert_eq!(company.view().await.invoices_chased, 1);
    let other = company.create(PlanChoice::Default).await.expect("a disputed invoice makes room");

    let refused = company.resume(disputed.id).await;
    let Err(ResumeDisputeError::LimitReached(reached)) = refused else { panic!("{refused:?}") };
    assert_eq!(reached, PlanLimitReached { limit: 2, usage: 2 });
    assert_eq!(company.chain.invoice(disputed.id).await.status, InvoiceStatus::Litigation, "nothing changed");
    company.cancel(other.id).await;
    company.resume(disputed.id).await.expect("there is a place");
    company.refusal().await;
}

#[tokio::test]
async fn what_makes_a_disputed_invoice_open_again_or_gives_it_a_plan_needs_no_place() {
    let company = Company::new().await;
    let disputed = company.create(PlanChoice::Default).await.unwrap();
    let silent = company.create(PlanChoice::NotChased).await.unwrap();
    company.dispute(disputed.id).await;
    company.dispute(silent.id).await;
    company.chain.pay(disputed.id, None).await;
    for _ in 0..2 {
        company.create(PlanChoice::Default).await.unwrap();
    }
    let reopened = company.reopen(disputed.id).await.expect("a disputed invoice takes no place");
    assert_eq!(reopened.status, InvoiceStatus::Litigation);
    let plan = InvoiceInput { plan_id: Some(disputed.plan_id), ..InvoiceInput::default() };
    company.update(silent.id, plan).await.expect("a disputed invoice takes no place");
    assert!(matches!(company.resume(silent.id).await, Err(ResumeDisputeError::LimitReached(_))));
}

#[tokio::test]
async fn voiding_a_payment_needs_a_place_only_if_the_invoice_is_chased_again() {
    let company = Company::new().await;
    let paid = company.create(PlanChoice::Default).await.unwrap();
    let overpaid = company.create(PlanChoice::Default).await.unwrap();
    company.chain.pay(overpaid.id, Some(20_000)).await;
    company.chain.pay(overpaid.id, Some(120_000)).await;
    company.chain.pay(paid.id, None).await;
    for _ in 0..2 {
        company.create(PlanChoice::Default).await.unwrap();
    }
    let refused = company.void_first_payment(paid.id).await;
    assert!(matches!(refused, Err(ReopenError::LimitReached(_))), "{refused:?}");
    assert_eq!(company.chain.invoice(paid.id).await.status, InvoiceStatus::Paid, "nothing changed");
    let voided = company.void_first_payment(overpaid.id).await.expect("it stays paid");
    assert_eq!((voided.status, voided.overpaid.cents), (InvoiceStatus::Paid, 0));
}

#[tokio::test]
async fn a_reopened_invoice_needs_a_place() {
    let company = Company::new().await;
    let paid = company.create(PlanChoice::Default).await.unwrap();
    company.chain.pay(paid.id, None).await;
    let one = company.create(PlanChoice::Default).await.unwrap();
    company.create(PlanChoice::Default).await.unwrap();
    let refused = company.reopen(paid.id).await;
    let Err(ReopenError::LimitReached(reached)) = refused else { panic!("{refused:?}") };
    assert_eq!(reached, PlanLimitReached { limit: 2, usage: 2 });
    let still = company.chain.invoice(paid.id).await;
    assert_eq!(still.paid_at, Some(TUESDAY), "it stays paid");
    assert!(
        matches!(company.reopen(one.id).await, Err(ReopenError::Void(_))),
        "an open one is no matter of limits"
    );

    company.chain.pay(one.id, None).await;
    company.reopen(paid.id).await.expect("there is a place");
}

#[tokio::test]
async fn an_invoice_without_a_plan_needs_a_place_to_get_one() {
    let company = Company::new().await;
    let silent = company.create(PlanChoice::NotChased).await.unwrap();
    let one = company.create(PlanChoice::Default).await.unwrap();
    company.create(PlanChoice::Default).await.unwrap();
    let plan = InvoiceInput { plan_id: Some(one.plan_id), ..InvoiceInput::default() };
    let refused = company.update(silent.id, plan.clone()).await;
    let Err(UpdateInvoiceError::LimitReached(reached)) = refused else { panic!("{refused:?}") };
    assert_eq!(reached, PlanLimitReached { limit: 2, usage: 2 });
    assert_eq!(company.chain.invoice(silent.id).await.plan_id, None);

    let number = InvoiceInput { numero: Some("L-9999".to_owned()), ..InvoiceInput::default() };
    company.update(silent.id, number.clone()).await.expect("other changes are free");
    company.update(one.id, number_of("L-9998")).await.expect("so are those of one that is chased");

    let silence = InvoiceInput { plan_id: Some(None), ..InvoiceInput::default() };
    company.update(one.id, silence).await.unwrap();
    company.update(silent.id, plan).await.expect("there is a place");
}

fn number_of(numero: &str) -> InvoiceInput {
    InvoiceInput { numero: Some(numero.to_owned()), ..InvoiceInput::default() }
}

#[tokio::test]
async fn a_downgrade_stops_nothing_that_is_chased_and_lets_nothing_begin() {
    let company = Company::new().await;
    company.subscribe("plan = 'pro', status = 'active', billing_cycle = 'monthly'").await;
    let mut invoices = Vec::new();
    for _ in 0..5 {
        invoices.push(company.create(PlanChoice::Default).await.unwrap());
    }
    company.subscribe("plan = 'free', status = 'canceled', billing_cycle = NULL").await;
    assert_eq!(company.refusal().await, PlanLimitReached { limit: 2, usage: 5 });
    company.chain.worker.run_until(datetime!(2026-12-05 09:00 UTC)).await;
    assert_eq!(company.chain.reminders().len(), 5, "all are reminded as before");

    for invoice in &invoices[..3] {
        company.chain.pay(invoice.id, None).await;
    }
    assert_eq!(company.refusal().await, PlanLimitReached { limit: 2, usage: 2 });
    company.chain.pay(invoices[3].id, None).await;
    company.create(PlanChoice::Default).await.unwrap();
}

#[tokio::test]
async fn a_trial_has_no_limit_while_it_lasts() {
    let mut company = Company::new().await;
    company.rules.limits = PlanLimits { free: Some(0), pro: Some(1), business: None };
    company.subscribe("plan = 'pro', status = 'trialing', trial_ends_at = '2026-12-08 09:00Z'").await;
    for _ in 0..4 {
        company.create(PlanChoice::Default).await.unwrap();
    }
    let view = company.view().await;
    assert_eq!((view.in_trial, view.trial_days_remaining, view.invoice_limit), (true, 14, None));

    company.chain.clock.set(datetime!(2026-12-08 09:00 UTC));
    assert_eq!(company.refusal().await, PlanLimitReached { limit: 1, usage: 4 });
    assert!(!company.view().await.in_trial);
}

#[tokio::test]
async fn a_missing_payment_leaves_the_plan_its_limit_for_a_week() {
    let company = Company::new().await;
    company.subscribe("plan = 'pro', status = 'past_due', past_due_since = '2026-11-24 09:00Z'").await;
    for _ in 0..3 {
        company.create(PlanChoice::Default).await.unwrap();
    }
    let view = company.view().await;
    assert_eq!(view.effective_plan, BillingPlan::Pro);
    assert_eq!(view.grace_ends_at, Some(TUESDAY + Duration::days(7)));

    company.chain.clock.set(TUESDAY + Duration::days(7));
    assert_eq!(company.refusal().await, PlanLimitReached { limit: 2, usage: 3 });
    let view = company.view().await;
    assert_eq!((view.plan, view.effective_plan), (BillingPlan::Pro, BillingPlan::Free));
    assert_eq!(view.past_due_since, Some(TUESDAY));
}

#[tokio::test]
async fn an_organization_that_signed_up_with_the_release_before_has_the_limit_of_free() {
    let company = Company::new().await;
    let mut conn = company.chain.conn().await;
    diesel::sql_query("DELETE FROM subscriptions").execute(&mut conn).await.unwrap();
    drop(conn);
    for _ in 0..2 {
        company.create(PlanChoice::Default).await.unwrap();
    }
    company.refusal().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_invoices_that_begin_at_the_same_moment_as_many_are_chased_as_the_plan_allows() {
    let mut company = Company::new().await;
    company.rules.limits.free = Some(7);
    let mut creations = JoinSet::new();
    for _ in 0..24 {
        let (pool, organization) = (company.chain.database.pool.clone(), company.chain.organization);
        let (new, rules, now) = (company.new_invoice(), company.rules, company.chain.now());
        creations.spawn(async move {
            let mut conn = pool.get().await.unwrap();
            create_invoice(&mut conn, organization, &new, PlanChoice::Default, None, &rules, now).await
        });
    }
    let outcomes = creations.join_all().await;
    let created = outcomes.iter().filter(|outcome| outcome.is_ok()).count();
    let refused = outcomes.iter().filter(|outcome| {
        matches!(outcome, Err(CreateInvoiceError::LimitReached(PlanLimitReached { limit: 7, usage: 7 })))
    });
    assert_eq!((created, refused.count()), (7, 17));
    assert_eq!(company.view().await.invoices_chased, 7);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn creations_reopenings_and_new_plans_at_the_same_moment_share_the_places() {
    let mut company = Company::new().await;
    company.rules.limits.free = Some(12);
    let (mut paid, mut silent) = (Vec::new(), Vec::new());
    for _ in 0..6 {
        let invoice = company.create(PlanChoice::Default).await.unwrap();
        company.chain.pay(invoice.id, None).await;
        paid.push(invoice);
        silent.push(company.create(PlanChoice::NotChased).await.unwrap());
    }
    company.rules.limits.free = Some(5);
    let plan = paid[0].plan_id;
    let mut races: JoinSet<bool> = JoinSet::new();
    for (paid, silent) in paid.iter().zip(&silent) {
        let (organization, rules, now) = (company.chain.organization, company.rules, company.chain.now());
        let (new, paid, silent) = (company.new_invoice(), paid.id, silent.id);
        let pool = company.chain.database.pool.clone();
        races.spawn(async move {
            let mut conn = pool.get().await.unwrap();
            create_invoice(&mut conn, organization, &new, PlanChoice::Default, None, &rules, now)
                .await
                .is_ok()
        });
        let pool = company.chain.database.pool.clone();
        races.spawn(async move {
            let mut conn = pool.get().await.unwrap();
            reopen_invoice(&mut conn, organization, paid, None, &rules, now).await.is_ok()
        });
        let pool = company.chain.database.pool.clone();
        races.spawn(async move {
            let mut conn = pool.get().await.unwrap();
            let input = InvoiceInput { plan_id: Some(plan), ..InvoiceInput::default() };
            let patch = InvoicePatch::parse(input).unwrap();
            update_invoice(&mut conn, organization, silent, patch, None, &rules, now).await.is_ok()
        });
    }
    let admitted = races.join_all().await.into_iter().filter(|admitted| *admitted).count();
    assert_eq!(admitted, 5);
    assert_eq!(company.view().await.invoices_chased, 5);
}

#[tokio::test]
async fn a_company_that_has_used_its_places_takes_none_from_another() {
    let company = Company::new().await;
    for _ in 0..2 {
        company.create(PlanChoice::Default).await.unwrap();
    }
    company.refusal().await;
    let other = Company::new().await;
    other.create(PlanChoice::Default).await.unwrap();
}

#[tokio::test]
async fn an_invoice_that_was_reminded_and_cancelled_keeps_its_place_for_thirty_days() {
    let company = Company::new().await;
    let reminded = company.create(PlanChoice::Default).await.unwrap();
    company.let_reminders_leave().await;
    let silent = company.create(PlanChoice::Default).await.unwrap();
    let reminded_at = company.chain.invoice(reminded.id).await.last_reminded_at.unwrap();

    company.cancel(silent.id).await;
    assert_eq!(
        company.view().await.invoices_chased,
        1,
        "one that was never reminded frees its place at once"
    );
    company.cancel(reminded.id).await;
    assert_eq!(company.view().await.invoices_chased, 1);
    company.create(PlanChoice::Default).await.unwrap();
    assert_eq!(company.refusal().await, PlanLimitReached { limit: 2, usage: 2 });

    company.chain.clock.set(reminded_at + Duration::days(30) - Duration::seconds(1));
    assert_eq!(company.refusal().await.usage, 2);
    company.chain.clock.set(reminded_at + Duration::days(30));
    company.create(PlanChoice::Default).await.unwrap();
}

#[tokio::test]
async fn taking_the_plan_from_a_reminded_invoice_does_not_free_its_place_and_settling_it_does() {
    let company = Company::new().await;
    let without_plan = company.create(PlanChoice::Default).await.unwrap();
    let settled = company.create(PlanChoice::Default).await.unwrap();
    company.let_reminders_leave().await;

    let no_plan = InvoiceInput { plan_id: Some(None), ..InvoiceInput::default() };
    company.update(without_plan.id, no_plan).await.unwrap();
    assert_eq!(company.refusal().await, PlanLimitReached { limit: 2, usage: 2 });
    company.chain.pay(settled.id, None).await;
    company.create(PlanChoice::Default).await.unwrap();
    assert_eq!(company.refusal().await.usage, 2);
}

#[tokio::test]
async fn an_invoice_that_keeps_its_place_is_counted_once_when_it_is_chased_again() {
    let company = Company::new().await;
    let invoice = company.create(PlanChoice::Default).await.unwrap();
    let plan = invoice.plan_id;
    company.let_reminders_leave().await;
    company
        .update(invoice.id, InvoiceInput { plan_id: Some(None), ..InvoiceInput::default() })
        .await
        .unwrap();
    company.create(PlanChoice::Default).await.unwrap();
    assert_eq!(company.view().await.invoices_chased, 2);

    company
        .update(invoice.id, InvoiceInput { plan_id: Some(plan), ..InvoiceInput::default() })
        .await
        .unwrap();
    assert_eq!(company.view().await.invoices_chased, 2);
}

#[tokio::test]
async fn a_reminded_invoice_that_is_disputed_takes_no_place_without_its_plan_either() {
    let company = Company::new().await;
    let reminded = company.create(PlanChoice::Default).await.unwrap();
    company.let_reminders_leave().await;
    let silence = InvoiceInput { plan_id: Some(None), ..InvoiceInput::default() };
    company.update(reminded.id, silence).await.unwrap();
    assert_eq!(company.view().await.invoices_chased, 1, "it keeps its place");
    company.dispute(reminded.id).await;
    assert_eq!(company.view().await.invoices_chased, 0);
}
