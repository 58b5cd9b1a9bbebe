//! Shows what a plan would send, and writes nothing.

use rubis_accounts::Organization;
use rubis_invoices::{AwaitedAnswer, Client, Invoice};
use rubis_kernel::{Currency, Money, PlanStepId};
use time::{Date, OffsetDateTime};

use crate::{
    compose::text_for,
    plan::{Plan, PlanStep},
    planning::{CATCH_UP_DELAY, CatchUp, Planned, PlanningRules, Progress, StepToPlan, plan_dates},
    variables::{RenderedText, TextError, Values, render},
};

/// A reminder as it would leave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PreviewedRelance {
    /// The step.
    pub step: PlanStep,
    /// When it would leave; `None` if it is skipped.
    pub send_at: Option<OffsetDateTime>,
    /// How it would read then.
    pub text: RenderedText,
}

/// What a plan is tried on.
#[derive(Clone, Copy, Debug)]
pub enum PreviewSubject<'a> {
    /// An imaginary invoice due on this date.
    DueDate(Date),
    /// An invoice, as though nothing had been sent for it yet.
    Invoice {
        /// The invoice.
        invoice: &'a Invoice,
        /// Its debtor.
        client: &'a Client,
    },
}

/// The reminders that a plan would send, with their dates and their texts.
///
/// # Errors
/// [`TextError`].
pub fn preview(
    organization: &Organization,
    plan: &Plan,
    subject: PreviewSubject<'_>,
    now: OffsetDateTime,
) -> Result<Vec<PreviewedRelance>, TextError> {
    let due_date = match subject {
        PreviewSubject::DueDate(date) => date,
        PreviewSubject::Invoice { invoice, .. } => invoice.due_date,
    };
    let steps: Vec<StepToPlan> = plan
        .steps
        .iter()
        .map(|step| StepToPlan { step: step.id, offset_days: step.content.offset_days })
        .collect();
    let calendar = organization.sending_calendar();
    let awaited_answer = match subject {
        PreviewSubject::DueDate(date) => {
            // The user is asked on that morning, or at once where it has passed.
            let asked_at = calendar.sending_instant(date).max(now + CATCH_UP_DELAY);
            AwaitedAnswer::beginning(organization, asked_at)
        }
        PreviewSubject::Invoice { invoice, .. } => invoice.awaited_answer,
    };
    let policy = organization.catch_up_policy;
    let rules = PlanningRules { calendar, policy, catch_up: CatchUp::AtOnce, awaited_answer };
    let dates = plan_dates(&rules, due_date, &steps, Progress::default(), now);
    plan.steps
        .iter()
        .map(|step| {
            let send_at = date_of(&dates, step.id);
            let at = send_at.unwrap_or(now);
            let text = match subject {
                PreviewSubject::Invoice { invoice, client } => {
                    text_for(organization, client, invoice, &step.content, at)?
                }
                PreviewSubject::DueDate(due_date) => {
                    let values = imaginary_values(organization, due_date, at);
                    render(&step.content.subject, &step.content.body, &values)?
                }
            };
            Ok(PreviewedRelance { step: step.clone(), send_at, text })
        })
        .collect()
}

fn date_of(dates: &[(PlanStepId, Planned)], step: PlanStepId) -> Option<OffsetDateTime> {
    let (_, planned) = dates.iter().find(|(id, _)| *id == step)?;
    planned.date().map(|date| date.instant)
}

fn imaginary_values(organization: &Organization, due_date: Date, at: OffsetDateTime) -> Values {
    let amount = Money::new(120_000, Currency::EUR);
    Values {
        client_name: "Client Exemple".to_owned(),
        numero: "F-2026-001".to_owned(),
        amount,
        balance: amount,
        due_date,
        days_late: (organization.time_zone.local_date(at) - due_date).whole_days(),
        signature: organization.signature.clone(),
        organization_name: organization.name.clone(),
        pay_url: None,
    }
}
