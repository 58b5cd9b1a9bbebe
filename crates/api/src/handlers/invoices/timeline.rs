//! `GET /invoices/{invoiceId}/timeline`

use actix_web::{get, web::Data};
use rubis_kernel::InvoiceId;
use rubis_lifecycle::{Timeline, TimelineRelance, WhyNot};
use serde::Serialize;
use time::{Date, OffsetDateTime};
use utoipa::ToSchema;

use crate::{
    ApiError, ApiResult, App, Reply, Tenant,
    bodies::{
        ActivityEventBody, CheckinTaskBody, ClientBody, InvoiceBody, ListedPlanStepBody, ListedRelanceBody,
        PaymentBody,
    },
    path_param::PathParam,
};

/// The history of an invoice and what is planned for it: the latest 200 of each kind.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct TimelineBody {
    /// The invoice.
    pub invoice: InvoiceBody,
    /// The client that owes it.
    pub client: ClientBody,
    /// The check-ins about it, the earliest first.
    pub checkins: Vec<CheckinTaskBody>,
    /// Its reminders, whether planned, sent or cancelled, the earliest first.
    pub relances: Vec<TimelineRelanceBody>,
    /// Its payments and credit notes, in the order in which they were recorded.
    pub payments: Vec<PaymentBody>,
    /// Its events, the earliest first.
    pub events: Vec<ActivityEventBody>,
}

/// A reminder of the invoice.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct TimelineRelanceBody {
    /// The reminder.
    #[serde(flatten)]
    pub relance: ListedRelanceBody,
    /// The step of the plan that it follows.
    pub step: ListedPlanStepBody,
    /// Reason why it has not been sent; `null` if it was sent, or only waits for its date.
    #[schema(required)]
    pub why_not: Option<WhyNotBody>,
}

/// Reason why a reminder has not been sent.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct WhyNotBody {
    /// `sender_not_verified`, `daily_limit`, `awaits_answer`, `awaits_approval`, `paused`, `being_sent`,
    /// `retrying`, `quarantined`, or the reason for which it was cancelled or failed (`invoice_paid`,
    /// `cancelled_by_user`, `skipped_by_catch_up`, …).
    pub code: String,
    /// Time until which it waits for the answer to a check-in. The answer lets it be sent, or cancels it.
    #[serde(with = "time::serde::rfc3339::option")]
    #[schema(required)]
    pub awaits_answer_until: Option<OffsetDateTime>,
    /// The day on which a paused one is sent again, if that is known.
    #[schema(required)]
    pub paused_until: Option<Date>,
    /// Time of the next attempt of one whose last attempt failed, and of one that exceeded the day's recipients.
    #[serde(with = "time::serde::rfc3339::option")]
    #[schema(required)]
    pub retry_at: Option<OffsetDateTime>,
}

impl From<Timeline> for TimelineBody {
    fn from(timeline: Timeline) -> Self {
        Self {
            invoice: timeline.invoice.into(),
            client: timeline.client.into(),
            checkins: timeline.checkins.into_iter().map(CheckinTaskBody::from).collect(),
            relances: timeline.relances.into_iter().map(TimelineRelanceBody::from).collect(),
            payments: timeline.payments.into_iter().map(PaymentBody::from).collect(),
            events: timeline.events.into_iter().map(ActivityEventBody::from).collect(),
        }
    }
}

impl From<TimelineRelance> for TimelineRelanceBody {
    fn from(relance: TimelineRelance) -> Self {
        Self {
            relance: relance.task.into(),
            step: relance.step.into(),
            why_not: relance.why_not.map(WhyNotBody::from),
        }
    }
}

impl From<WhyNot> for WhyNotBody {
    fn from(why_not: WhyNot) -> Self {
        let plain = |code: &str| Self {
            code: code.to_owned(),
            awaits_answer_until: None,
            paused_until: None,
            retry_at: None,
        };
        match why_not {
            WhyNot::Ended(reason) => plain(&reason),
            WhyNot::AwaitsAnswer(until) => {
                Self { awaits_answer_until: Some(until), ..plain("awaits_answer") }
            }
            WhyNot::AwaitsApproval => plain("awaits_approval"),
            WhyNot::SenderNotVerified => plain("sender_not_verified"),
            WhyNot::DailyLimit(instant) => Self { retry_at: Some(instant), ..plain("daily_limit") },
            WhyNot::Paused(until) => Self { paused_until: until, ..plain("paused") },
            WhyNot::BeingSent => plain("being_sent"),
            WhyNot::RetryAt(instant) => Self { retry_at: Some(instant), ..plain("retrying") },
            WhyNot::Quarantined => plain("quarantined"),
        }
    }
}

/// Returns the sent, planned and unsent reminders of an invoice, with the reason for each unsent one.
#[utoipa::path(
    tag = "invoices",
    responses((status = 200, description = "The invoice's timeline.", body = TimelineBody)),
)]
#[get("/invoices/{invoiceId}/timeline")]
pub async fn get_invoice_timeline(
    tenant: Tenant,
    id: PathParam<InvoiceId>,
    app: Data<App>,
) -> ApiResult<TimelineBody> {
    let mut conn = app.db.get().await?;
    let timeline = rubis_lifecycle::timeline(&mut conn, tenant.organization, id.0, app.clock.now())
        .await?
        .ok_or_else(ApiError::not_found)?;
    Ok(Reply(timeline.into()))
}
