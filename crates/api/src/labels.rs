//! The values that the document lists for each field with a closed set of them, taken from the domain's
//! own list so that the two cannot differ.

use std::borrow::Cow;

use utoipa::{
    PartialSchema, ToSchema,
    openapi::{RefOr, Schema, schema::ObjectBuilder, schema::Type},
};

/// Declares a schema of strings: its name, its documentation and the source of its values.
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

/// Lists the labels of a domain's enum, in its own order.
macro_rules! all {
    ($type:ty) => {
        <$type>::ALL.iter().map(|value| value.as_str()).collect::<Vec<_>>()
    };
}

labels! {
    /// The role of a member.
    Role => all!(rubis_accounts::Role);
    /// The policy for reminders whose date had passed when the invoice was created: the later ones keep
    /// the plan's spacing, all are sent at once, or only the last missed one is sent.
    CatchUpPolicy => all!(rubis_accounts::CatchUpPolicy);
    /// The public holidays on which nothing is sent.
    HolidayCalendar => all!(rubis_kernel::HolidayCalendar);
    /// The kind of a client, a company or a person. Only companies owe penalties at the rate of the Code
    /// de commerce and the indemnity of 40 €.
    ClientKind => all!(rubis_invoices::ClientKind);
    /// The status of an invoice.
    InvoiceStatus => all!(rubis_invoices::InvoiceStatus);
    /// The end of an invoice's chain: money came in, credit notes waived all of it, or it was cancelled.
    InvoiceOutcome => all!(rubis_invoices::InvoiceOutcome);
    /// The order of a list of invoices: a field, with a dash before it for a descending order.
    InvoiceSort => all!(rubis_invoices::InvoiceSort);
    /// The kind of a payment: money that came in, or a part that was waived.
    PaymentKind => all!(rubis_invoices::PaymentKind);
    /// The method of a payment.
    PaymentMethod => all!(rubis_invoices::PaymentMethod);
    /// The status of a reminder.
    RelanceStatus => all!(rubis_relances::RelanceStatus);
    /// The status of a check-in.
    CheckinStatus => all!(rubis_checkins::CheckinStatus);
    /// The answer to a check-in.
    CheckinAnswer => all!(rubis_checkins::CheckinAnswer);
    /// The state of a check-in for the holder of its token: it waits for an answer, was answered, needs
    /// no answer any more, or can no longer be answered.
    CheckinState => ["open", "paid", "pending", "already_answered", "expired"];
    /// The outcome of one answer of several.
    CheckinOutcome => ["paid", "pending", "already_answered", "expired", "not_found"];
    /// The tier of an organization's subscription.
    BillingPlan => all!(rubis_billing::BillingPlan);
    /// A tier that is paid for.
    PaidPlan => all!(rubis_billing::PaidPlan);
    /// The billing cycle of a subscription.
    BillingCycle => all!(rubis_billing::BillingCycle);
    /// The status of a subscription, in Stripe's words.
    SubscriptionStatus => all!(rubis_stripe::SubscriptionStatus);
    /// The outcome of a Stripe event.
    EventOutcome => all!(rubis_billing::EventOutcome);
    /// The firmness of a reminder, from friendly to the formal notice.
    Tone => all!(rubis_relances::Tone);
}
