//! Checkout, the trial and the portal, over Stripe's HTTP.

use rubis_billing::{
    BillingCycle, BillingLinks, BillingPlan, BillingRules, EventOutcome, HandleEventError, Offer,
    OpenPortalError, PaidPlan, StartCheckoutError, StartTrialError, handle_event, open_portal,
    start_checkout, start_trial,
};
use rubis_stripe::{
    CheckoutSession, Event, NewCheckout, StripeError, StripeGateway, StripeSettings, SubscriptionStatus,
};
use rubis_stripe_fake::{CheckoutStatus, FakeSettings, RequestAction, RequestFault, StripeFake};
use time::{Duration, OffsetDateTime};
use tokio::task::JoinSet;

use std::{sync::Arc, time::Duration as StdDuration};

use rubis_kernel::{ManualClock, SharedClock};

use crate::company::{Company, TUESDAY};

const PRO: Offer = Offer { plan: PaidPlan::Pro, cycle: BillingCycle::Monthly };
const BUSINESS: Offer = Offer { plan: PaidPlan::Business, cycle: BillingCycle::Monthly };

/// A company, Stripe, and the gateway between them.
struct Site {
    company: Company,
    fake: StripeFake,
    stripe: Arc<StripeGateway>,
    links: BillingLinks,
    rules: BillingRules,
    clock: Arc<ManualClock>,
    /// Number of Stripe's events that were processed.
    heard: usize,
}

impl Site {
    async fn new() -> Self {
        // Only the first of a process installs it; they are all the same.
        let _installed = rustls::crypto::ring::default_provider().install_default();
        let company = Company::new().await;
        let clock = Arc::new(ManualClock::new(TUESDAY));
        let settings = FakeSettings { clock: clock.clone(), ..FakeSettings::default() };
        let fake = StripeFake::start(settings).await.unwrap();
        let mut settings = StripeSettings::new(fake.secret_key().to_owned().into()).at(fake.api_base());
        settings.backoff = StdDuration::from_millis(1);
        let shared: SharedClock = clock.clone();
        let stripe = Arc::new(StripeGateway::new(&settings, shared).unwrap());
        let links = BillingLinks::new("https://app.rubis.example");
        Self { company, fake, stripe, links, rules: BillingRules::default(), clock, heard: 0 }
    }

    fn now(&self) -> OffsetDateTime {
        use rubis_kernel::Clock as _;
        self.clock.now()
    }

    async fn checkout(&self, offer: Offer) -> Result<CheckoutSession, StartCheckoutError> {
        let (pool, id) = (&self.company.database.pool, self.company.id);
        start_checkout(pool, &self.stripe, &self.links, id, offer, self.now()).await
    }

    /// A Checkout of Business that is opened at Stripe, beside those that Rubis opens.
    async fn checkout_by_hand(&self) -> CheckoutSession {
        let metadata = [("organization_id", self.company.id.to_string()), ("plan", "business".to_owned())];
        let checkout = NewCheckout {
            organization_id: self.company.id,
            request_id: "by-hand".to_owned(),
            customer: self.company.subscription().await.customer.unwrap(),
            price: self.stripe.price("rubis_business_monthly").await.unwrap().id,
            success_url: "https://app.rubis.example/done".to_owned(),
            cancel_url: "https://app.rubis.example/".to_owned(),
            trial: None,
            metadata: metadata.map(|(name, value)| (name.to_owned(), value)).into(),
        };
        self.stripe.create_checkout_session(&checkout).await.unwrap()
    }

    async fn trial(&self) -> Result<CheckoutSession, StartTrialError> {
        let (pool, id) = (&self.company.database.pool, self.company.id);
        start_trial(pool, &self.stripe, &self.links, id, PRO, &self.rules, self.now()).await
    }

    async fn portal(&self) -> Result<String, OpenPortalError> {
        open_portal(&self.company.database.pool, &self.stripe, &self.links, self.company.id).await
    }

    async fn hear(&self, event: &Event) -> Result<EventOutcome, HandleEventError> {
        handle_event(&self.company.database.pool, &self.stripe, event, self.now()).await
    }

    /// Returns Stripe's events since the last call, in its order.
    fn news(&mut self) -> Vec<Event> {
        let all = self.fake.events();
        let news = all.iter().skip(self.heard).map(|event| read(&event.body)).collect();
        self.heard = all.len();
        news
    }

    /// Processes all pending events of Stripe's, in its order.
    async fn hear_all(&mut self) {
        for event in self.news() {
            self.hear(&event).await.unwrap();
        }
    }

    fn move_on(&self, by: Duration) {
        self.clock.advance(by);
        self.fake.catch_up();
    }
}

fn read(body: &serde_json::Value) -> Event {
    Event {
        id: body["id"].as_str().unwrap().to_owned(),
        kind: body["type"].as_str().unwrap().to_owned(),
        created: OffsetDateTime::from_unix_timestamp(body["created"].as_i64().unwrap()).unwrap(),
        account: None,
        livemode: None,
        object: body["data"]["object"].clone(),
    }
}

#[tokio::test]
async fn a_checkout_says_whose_it_is_and_leads_back_to_its_page() {
    let site = Site::new().await;
    let started =
        site.checkout(Offer { plan: PaidPlan::Business, cycle: BillingCycle::Yearly }).await.unwrap();
    let session = site.fake.checkout_session(started.id.as_str()).unwrap();
    let page = "https://app.rubis.example/parametres/abonnement";
    assert_eq!(session.success_url, format!("{page}?checkout=success&session_id={{CHECKOUT_SESSION_ID}}"));
    assert_eq!(session.cancel_url, format!("{page}?checkout=cancel"));
    assert_eq!(session.trial_days, None);
    let organization = site.company.id.to_string();
    for metadata in [&session.metadata, &session.subscription_metadata] {
        assert_eq!(metadata["organization_id"], organization);
        assert_eq!(metadata["plan"], "business");
        assert!(!metadata.contains_key("is_trial"));
    }
    let customer = site.company.subscription().await.customer.unwrap();
    assert_eq!(session.customer, customer.as_str());
    assert_eq!(site.fake.customers().len(), 1);
}

#[tokio::test]
async fn a_trial_takes_a_card_for_fourteen_days_of_pro() {
    let mut site = Site::new().await;
    let started = site.trial().await.unwrap();
    let session = site.fake.checkout_session(started.id.as_str()).unwrap();
    assert_eq!(session.trial_days, Some(14));
    assert_eq!(
        session.success_url,
        "https://app.rubis.example/onboarding/compte?trial=started&session_id={CHECKOUT_SESSION_ID}"
    );
    assert_eq!(session.cancel_url, "https://app.rubis.example/onboarding/billing?trial=cancel");
    assert_eq!(session.metadata["is_trial"], "true");
    assert_eq!(session.subscription_metadata["is_trial"], "true");

    site.fake.complete_checkout(started.id.as_str()).unwrap();
    site.hear_all().await;
    let subscription = site.company.subscription().await;
    assert_eq!(subscription.status, Some(SubscriptionStatus::Trialing));
    assert_eq!(subscription.trial_days_remaining(site.now()), 14);
    assert!(matches!(site.trial().await, Err(StartTrialError::AlreadyConsumed)));
    assert!(matches!(site.checkout(PRO).await, Err(StartCheckoutError::AlreadySubscribed)));
    site.portal().await.unwrap();
}

#[tokio::test]
async fn a_trial_is_had_once_ever() {
    let mut site = Site::new().await;
    let started = site.trial().await.unwrap();
    let id = site.fake.complete_checkout(started.id.as_str()).unwrap();
    site.hear_all().await;
    site.move_on(Duration::days(2));
    site.fake.cancel(&id).unwrap();
    site.hear_all().await;
    assert_eq!(site.company.subscription().await.plan, BillingPlan::Free);
    assert!(matches!(site.trial().await, Err(StartTrialError::AlreadyConsumed)));
    // The organization may subscribe, of course.
    let again = site.checkout(PRO).await.unwrap();
    let id = site.fake.complete_checkout(again.id.as_str()).unwrap();
    site.hear_all().await;
    let subscription = site.company.subscription().await;
    assert_eq!(subscription.status, Some(SubscriptionStatus::Active));
    assert_eq!(subscription.stripe_id, Some(id.as_str().into()));
    assert!(matches!(site.trial().await, Err(StartTrialError::AlreadyConsumed)));
}

#[tokio::test]
async fn who_subscribed_without_a_trial_cannot_begin_one_beside_it() {
    let mut site = Site::new().await;
    let started = site.checkout(PRO).await.unwrap();
    site.fake.complete_checkout(started.id.as_str()).unwrap();
    site.hear_all().await;
    assert_eq!(site.company.subscription().await.trial_ends_at, None);
    assert!(matches!(site.trial().await, Err(StartTrialError::AlreadyConsumed)));
}

#[tokio::test]
async fn a_trial_that_is_asked_for_twice_is_the_same_checkout() {
    let site = Site::new().await;
    let (first, second) = (site.trial().await.unwrap(), site.trial().await.unwrap());
    assert_eq!(first, second);
    site.move_on(Duration::DAY);
    assert_ne!(site.trial().await.unwrap().id, first.id, "the first is not open any more");
    assert_ne!(site.checkout(PRO).await.unwrap().id, site.checkout(PRO).await.unwrap().id);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn calls_at_the_same_moment_make_one_customer() {
    let site = Site::new().await;
    let mut calls = JoinSet::new();
    for number in 0..8 {
        let (pool, stripe) = (site.company.database.pool.clone(), Arc::clone(&site.stripe));
        let (links, rules, id) = (site.links.clone(), site.rules, site.company.id);
        calls.spawn(async move {
            if number % 2 == 0 {
                start_checkout(&pool, &stripe, &links, id, PRO, TUESDAY).await.unwrap();
            } else {
                start_trial(&pool, &stripe, &links, id, PRO, &rules, TUESDAY).await.unwrap();
            }
        });
    }
    calls.join_all().await;
    let customers = site.fake.customers();
    assert_eq!(customers.len(), 1);
    assert_eq!(site.company.subscription().await.customer, Some(customers[0].id.as_str().into()));
    assert!(site.fake.checkout_sessions().iter().all(|session| session.customer == customers[0].id));
}

#[tokio::test]
async fn answers_that_are_lost_after_their_effect_repeat_nothing() {
    let site = Site::new().await;
    for path in ["/customers", "/checkout/sessions"] {
        let lost = RequestFault::new(RequestAction::CutAfter).on(path);
        site.fake.fail_requests(lost).unwrap();
    }
    site.trial().await.unwrap();
    assert_eq!(site.fake.customers().len(), 1);
    assert_eq!(site.fake.checkout_sessions().len(), 1);
}

#[tokio::test]
async fn a_customer_whose_making_failed_at_last_is_the_same_the_next_time() {
    let site = Site::new().await;
    site.fake.fail_requests(RequestFault::new(RequestAction::CutAfter).on("/customers").times(3)).unwrap();
    assert!(site.checkout(PRO).await.is_err());
    assert_eq!(site.company.subscription().await.customer, None);
    site.checkout(PRO).await.unwrap();
    assert_eq!(site.fake.customers().len(), 1);
}

#[tokio::test]
async fn who_never_went_to_a_checkout_has_no_portal() {
    let site = Site::new().await;
    assert!(matches!(site.portal().await, Err(OpenPortalError::NoCustomer)));
    site.checkout(PRO).await.unwrap();
    assert!(site.portal().await.unwrap().starts_with("http"));
}

#[tokio::test]
async fn a_price_that_stripe_does_not_have_is_reported() {
    let site = Site::new().await;
    site.fake.fail_requests(RequestFault::status(404).on("/prices")).unwrap();
    let refused = site.checkout(PRO).await;
    let Err(StartCheckoutError::Customer(error)) = refused else { panic!("{refused:?}") };
    assert!(matches!(error, rubis_billing::CustomerError::Stripe(StripeError::NotFound { .. })), "{error}");
    assert!(site.fake.customers().is_empty(), "nobody becomes a customer of nothing");
}

#[tokio::test]
async fn events_of_a_whole_trial_in_any_order_lead_to_the_same_end() {
    for seed in 0_u64..6 {
        let mut site = Site::new().await;
        let started = site.trial().await.unwrap();
        let id = site.fake.complete_checkout(started.id.as_str()).unwrap();
        site.move_on(Duration::days(11));
        site.move_on(Duration::days(3) + Duration::hours(2));
        site.fake.fail_payment(&id).unwrap();
        site.move_on(Duration::DAY);
        site.fake.succeed_payment(&id).unwrap();
        site.move_on(Duration::DAY);
        site.fake.change_price(&id, "rubis_business_monthly").unwrap();
        let mut events = site.news();
        assert!(events.len() > 5);
        shuffle(&mut events, seed);
        for event in events.iter().chain(&events) {
            site.hear(event).await.unwrap();
        }
        let subscription = site.company.subscription().await;
        assert_eq!(subscription.status, Some(SubscriptionStatus::Active), "seed {seed}");
        assert_eq!(subscription.plan, BillingPlan::Business, "seed {seed}");
        assert_eq!(subscription.past_due_since, None, "seed {seed}");
        assert!(subscription.trial_ends_at.is_some(), "seed {seed}");
    }
}

/// Puts events into one of their orders.
fn shuffle(events: &mut [Event], seed: u64) {
    let mut state = seed;
    for last in (1..events.len()).rev() {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let other = usize::try_from(state >> 33).unwrap() % (last + 1);
        events.swap(last, other);
    }
}

#[tokio::test]
async fn an_event_in_doubt_waits_for_stripe_to_answer() {
    let mut site = Site::new().await;
    let started = site.trial().await.unwrap();
    site.fake.complete_checkout(started.id.as_str()).unwrap();
    let completed = site.news().into_iter().find(|event| event.kind == "checkout.session.completed").unwrap();
    site.fake.fail_requests(RequestFault::status(500).on("/subscriptions/")).unwrap();
    let failed = site.hear(&completed).await;
    assert!(matches!(failed, Err(HandleEventError::Stripe(StripeError::Unavailable { .. }))));
    assert!(site.company.outcomes().await.is_empty(), "it comes again, and is new then");
    let asked = site.fake.requests().into_iter().filter(|request| request.path.contains("/subscriptions/"));
    assert_eq!(asked.count(), 1, "Stripe waits for our answer: it is asked once");
    assert_eq!(site.hear(&completed).await.unwrap(), EventOutcome::Applied);
    assert_eq!(site.company.subscription().await.status, Some(SubscriptionStatus::Trialing));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fifty_deliveries_in_doubt_at_the_same_moment_have_one_effect() {
    let mut site = Site::new().await;
    let started = site.trial().await.unwrap();
    site.fake.complete_checkout(started.id.as_str()).unwrap();
    let completed = site.news().into_iter().find(|event| event.kind == "checkout.session.completed").unwrap();
    let mut deliveries = JoinSet::new();
    for _ in 0..50 {
        let (pool, stripe) = (site.company.database.pool.clone(), Arc::clone(&site.stripe));
        let event = completed.clone();
        deliveries.spawn(async move { handle_event(&pool, &stripe, &event, TUESDAY).await.unwrap() });
    }
    let outcomes = deliveries.join_all().await;
    assert_eq!(outcomes.iter().filter(|outcome| **outcome == EventOutcome::Applied).count(), 1);
    assert_eq!(outcomes.iter().filter(|outcome| **outcome == EventOutcome::Duplicate).count(), 49);
    assert_eq!(site.company.subscription().await.revision, 1);
}

#[tokio::test]
async fn who_was_led_to_subscribe_twice_keeps_the_other_one_when_the_later_ends() {
    let mut site = Site::new().await;
    let first = site.checkout(PRO).await.unwrap();
    let second = site.checkout_by_hand().await;
    let first = site.fake.complete_checkout(first.id.as_str()).unwrap();
    site.hear_all().await;
    site.move_on(Duration::hours(1));
    let second = site.fake.complete_checkout(second.id.as_str()).unwrap();
    site.hear_all().await;
    assert_eq!(site.company.subscription().await.stripe_id, Some(second.as_str().into()));

    site.move_on(Duration::hours(1));
    site.fake.cancel(&second).unwrap();
    site.hear_all().await;
    let subscription = site.company.subscription().await;
    assert_eq!(subscription.stripe_id, Some(first.as_str().into()));
    assert_eq!(subscription.status, Some(SubscriptionStatus::Active));
    assert_eq!(subscription.plan, BillingPlan::Pro, "they go on paying for it");

    site.move_on(Duration::hours(1));
    site.fake.cancel(&first).unwrap();
    site.hear_all().await;
    assert_eq!(site.company.subscription().await.plan, BillingPlan::Free);
}

#[tokio::test]
async fn events_of_another_account_or_mode_have_no_effect() {
    let mut site = Site::new().await;
    let started = site.trial().await.unwrap();
    site.fake.complete_checkout(started.id.as_str()).unwrap();
    for event in site.news() {
        let connected = Event { account: Some("acct_2".to_owned()), ..event.clone() };
        let live = Event { livemode: Some(true), ..event };
        for stranger in [connected, live] {
            assert_eq!(site.hear(&stranger).await.unwrap(), EventOutcome::Ignored);
        }
    }
    assert_eq!(site.company.subscription().await.status, None);
    assert!(site.company.outcomes().await.is_empty());
}

#[tokio::test]
async fn a_customer_who_was_deleted_at_stripe_is_replaced_at_the_next_checkout() {
    let mut site = Site::new().await;
    let started = site.trial().await.unwrap();
    site.fake.complete_checkout(started.id.as_str()).unwrap();
    site.hear_all().await;
    let gone = site.company.subscription().await.customer.unwrap();
    site.move_on(Duration::DAY);
    site.fake.delete_customer(gone.as_str()).unwrap();
    assert!(matches!(site.portal().await, Err(OpenPortalError::Stripe(_))), "a subscription lives still");
    site.hear_all().await;
    assert!(matches!(site.portal().await, Err(OpenPortalError::NoCustomer)));

    let again = site.checkout(PRO).await.unwrap();
    let customer = site.company.subscription().await.customer.unwrap();
    assert_ne!(customer, gone);
    assert!(matches!(site.trial().await, Err(StartTrialError::AlreadyConsumed)), "there is one trial");
    site.portal().await.unwrap();
    site.fake.complete_checkout(again.id.as_str()).unwrap();
    site.hear_all().await;
    let subscription = site.company.subscription().await;
    assert_eq!(
        (subscription.status, subscription.customer),
        (Some(SubscriptionStatus::Active), Some(customer))
    );
}

#[tokio::test]
async fn trials_that_find_the_customer_deleted_at_the_same_moment_make_one_other() {
    let site = Site::new().await;
    site.trial().await.unwrap();
    let gone = site.company.subscription().await.customer.unwrap();
    site.fake.delete_customer(gone.as_str()).unwrap();
    site.move_on(Duration::DAY);
    let (first, second) = tokio::join!(site.trial(), site.trial());
    assert_eq!(first.unwrap(), second.unwrap());
    let customer = site.company.subscription().await.customer.unwrap();
    assert_ne!(customer, gone);
    assert!(
        site.fake.checkout_sessions().iter().skip(1).all(|session| session.customer == customer.as_str())
    );
}

/// Returns the sessions that can still be completed.
fn open_sessions(site: &Site) -> Vec<String> {
    let sessions = site.fake.checkout_sessions().into_iter();
    sessions.filter(|session| session.status == CheckoutStatus::Open).map(|session| session.id).collect()
}

#[tokio::test]
async fn a_checkout_that_is_opened_later_ends_the_earlier_one_so_that_one_subscription_begins() {
    let mut site = Site::new().await;
    let (trial, first) = (site.trial().await.unwrap(), site.checkout(PRO).await.unwrap());
    let second = site.checkout(BUSINESS).await.unwrap();
    assert_eq!(open_sessions(&site), [second.id.as_str()]);
    for ended in [&trial, &first] {
        assert!(site.fake.complete_checkout(ended.id.as_str()).is_err());
    }
    site.fake.complete_checkout(second.id.as_str()).unwrap();
    site.hear_all().await;
    assert_eq!(site.company.subscription().await.plan, BillingPlan::Business);
    assert_eq!(site.fake.subscriptions().len(), 1);
}

#[tokio::test]
async fn a_trial_that_a_checkout_ended_is_opened_again_on_the_same_day() {
    let site = Site::new().await;
    let first = site.trial().await.unwrap();
    site.checkout(PRO).await.unwrap();
    let again = site.trial().await.unwrap();
    assert_ne!(again.id, first.id);
    assert_eq!(open_sessions(&site), [again.id.as_str()]);
}

#[tokio::test]
async fn a_checkout_that_was_completed_a_moment_ago_is_not_joined_by_another() {
    let mut site = Site::new().await;
    let first = site.checkout(PRO).await.unwrap();
    let subscription = site.fake.complete_checkout(first.id.as_str()).unwrap();
    // Stripe's events have not arrived.
    assert!(matches!(site.checkout(BUSINESS).await, Err(StartCheckoutError::AlreadySubscribed)));
    assert_eq!(open_sessions(&site), Vec::<String>::new());
    site.hear_all().await;
    site.fake.cancel(&subscription).unwrap();
    site.hear_all().await;
    let later = site.checkout(BUSINESS).await.unwrap();
    assert_eq!(open_sessions(&site), [later.id.as_str()], "the control: it has ended");
}

#[tokio::test]
async fn an_earlier_checkout_that_cannot_be_ended_keeps_the_next_one_from_being_used() {
    let site = Site::new().await;
    let first = site.checkout(PRO).await.unwrap();
    site.fake.fail_requests(RequestFault::status(503).on("/expire").times(3)).unwrap();
    assert!(site.checkout(PRO).await.is_err());
    let next = site.checkout(PRO).await.unwrap();
    assert!(site.fake.complete_checkout(first.id.as_str()).is_err());
    site.fake.complete_checkout(next.id.as_str()).unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn checkouts_of_the_same_moment_leave_one_open() {
    let site = Site::new().await;
    site.checkout(PRO).await.unwrap();
    let mut calls = JoinSet::new();
    for _ in 0..6 {
        let (pool, stripe) = (site.company.database.pool.clone(), Arc::clone(&site.stripe));
        let (links, id) = (site.links.clone(), site.company.id);
        calls.spawn(async move {
            start_checkout(&pool, &stripe, &links, id, PRO, TUESDAY).await.unwrap();
        });
    }
    calls.join_all().await;
    assert_eq!(open_sessions(&site).len(), 1);
}
