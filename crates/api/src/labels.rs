//! The names that the document lists for each field with a closed set of them, taken from the domain's
//! own list so that the two can't differ.

use std::borrow::Cow;

use utoipa::{
    PartialSchema, ToSchema,
    openapi::{RefOr, Schema, schema::ObjectBuilder, schema::Type},
};

/// Declares a schema of strings: its name, its documentation and where its values come from.
macro_rules! labels {
    ($($(#[doc = $doc:literal])+ $name:ident => $values:expr;)+) => {$(
        $(#[doc = $doc])+
        #[derive(Clone, Copy, Debug)]
        pub struct $name;

        impl PartialSchema for $name {
            fn schema() -> RefOr<Schema> {
                ObjectBuilder::new()
                    .schema_type(Type::String)
                    .description(Some(concat!($($doc),+).trim()))
                    .enum_values(Some($values))
                    .into()
            }
        }

        impl ToSchema for $name {
            fn name() -> Cow<'static, str> {
                Cow::Borrowed(stringify!($name))
            }
        }
    )+};
}

/// The labels of a domain's enum, in its own order.
macro_rules! all {
    ($type:ty) => {
        <$type>::ALL.iter().map(|value| value.as_str()).collect::<Vec<_>>()
    };
}

labels! {
    /// What a member may do.
    Role => all!(rubis_accounts::Role);
    /// What becomes of the reminders that an invoice should have had before it was put in: the later ones
    /// keep the plan's spacing, all leave at once, or only the last missed one leaves.
    CatchUpPolicy => all!(rubis_accounts::CatchUpPolicy);
    /// Which public holidays are passed over.
    HolidayCalendar => all!(rubis_kernel::HolidayCalendar);
    /// The kind of a client, a company or a person. Only companies owe penalties at the rate of the Code de commerce and
    /// the indemnity of 40 €.
    ClientKind => all!(rubis_invoices::ClientKind);
    /// Where an invoice stands.
    InvoiceStatus => all!(rubis_invoices::InvoiceStatus);
    /// The end of an invoice's chain: money came in, credit notes waived all of it, or it was given up.
    InvoiceOutcome => all!(rubis_invoices::InvoiceOutcome);
    /// The order of a list of invoices: a field, with a dash before it when descending.
    InvoiceSort => all!(rubis_invoices::InvoiceSort);
    /// Whether money came in or a part was waived.
    PaymentKind => all!(rubis_invoices::PaymentKind);
    /// How money came in.
    PaymentMethod => all!(rubis_invoices::PaymentMethod);
    /// Where a reminder stands.
    RelanceStatus => all!(rubis_relances::RelanceStatus);
    /// Where a check-in stands.
    CheckinStatus => all!(rubis_checkins::CheckinStatus);
    /// What a check-in was answered.
    CheckinAnswer => all!(rubis_checkins::CheckinAnswer);
    /// How a check-in can be looked at: it waits for an answer, was answered, need not be answered any more,
    /// or can't be.
    CheckinState => ["open", "paid", "pending", "already_answered", "expired"];
    /// What came of one answer of several.
    CheckinOutcome => ["paid", "pending", "already_answered", "expired", "not_found"];
    /// What an organization subscribes to.
    BillingPlan => all!(rubis_billing::BillingPlan);
    /// A plan that is paid for.
    PaidPlan => all!(rubis_billing::PaidPlan);
    /// How often a subscription is charged.
    BillingCycle => all!(rubis_billing::BillingCycle);
    /// Where a subscription stands, in Stripe's words.
    SubscriptionStatus => all!(rubis_stripe::SubscriptionStatus);
    /// What came of an event of Stripe's.
    EventOutcome => all!(rubis_billing::EventOutcome);
    /// How firmly a reminder speaks, from friendly to the formal notice.
    Tone => all!(rubis_relances::Tone);
}
