//! Shows what a plan would send, and writes nothing.

use rubis_accounts::{Organization, PostalAddress, User};
use rubis_invoices::{AwaitedAnswer, Client, ClientKind, Invoice, InvoiceStatus};
use rubis_kernel::{
    ClientId, Currency, InvalidEmailAddress, InvoiceId, MailContent, Mailbox, Money, PlanStepId, RenderError,
};
use time::{Date, Duration, OffsetDateTime};

use crate::{
    compose::{content, reply_to, sender_name},
    plan::{Plan, PlanStep},
    planning::{CATCH_UP_DELAY, CatchUp, Planned, PlanningRules, Progress, StepToPlan, plan_dates},
    text::{TextError, render},
    variables::Values,
};

/// The imaginary client's address; no mail can be sent to it.
const IMAGINARY_ADDRESS: &str = "client@exemple.invalid";

/// A reminder as it would be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PreviewedRelance {
    /// The step.
    pub step: PlanStep,
    /// Time at which it would be sent; `None` if it is skipped.
    pub send_at: Option<OffsetDateTime>,
    /// The name that it would come from.
    pub from_name: String,
    /// The mailbox that answers would go to.
    pub reply_to: Option<Mailbox>,
    /// The subject, text and HTML as they would be sent then.
    pub content: MailContent,
}

/// The reason why a plan cannot be previewed.
#[derive(Debug, thiserror::Error)]
pub enum PreviewError {
    /// A text cannot be written.
    #[error(transparent)]
    Text(#[from] TextError),
    /// A mail cannot be written.
    #[error(transparent)]
    Render(#[from] RenderError),
    /// The imaginary client's address is none.
    #[error(transparent)]
    Address(#[from] InvalidEmailAddress),
}

/// Invoice for which a plan is previewed.
#[derive(Clone, Copy, Debug)]
pub enum PreviewSubject<'a> {
    /// An imaginary invoice to a client of this kind, due on this date.
    DueDate(Date, ClientKind),
    /// An invoice, as though nothing had been sent for it yet.
    Invoice {
        /// The invoice.
        invoice: &'a Invoice,
        /// Its debtor.
        client: &'a Client,
    },
}

/// The reminders that a plan would send, with their dates and mails.
///
/// # Errors
/// [`PreviewError`].
pub fn preview(
    organization: &Organization,
    owner: Option<&User>,
    plan: &Plan,
    subject: PreviewSubject<'_>,
    now: OffsetDateTime,
) -> Result<Vec<PreviewedRelance>, PreviewError> {
    let imaginary;
    let (invoice, client) = match subject {
        PreviewSubject::Invoice { invoice, client } => (invoice, client),
        PreviewSubject::DueDate(due_date, kind) => {
            imaginary = imaginary_invoice(organization, due_date, kind, now)?;
            (&imaginary.0, &imaginary.1)
        }
    };
    let dates = dates(organization, plan, invoice, now);
    let mut previewed = Vec::with_capacity(plan.steps.len());
    let mut was_reminded = false;
    for step in &plan.steps {
        let send_at = date_of(&dates, step.id);
        let values =
            Values { was_reminded, ..Values::new(organization, client, invoice, send_at.unwrap_or(now)) };
        let text = render(&step.content.subject, &step.content.body, &values)?;
        previewed.push(PreviewedRelance {
            step: step.clone(),
            send_at,
            from_name: sender_name(organization),
            reply_to: owner.map(reply_to),
            content: content(organization, &text)?,
        });
        was_reminded |= send_at.is_some();
    }
    Ok(previewed)
}

fn dates(
    organization: &Organization,
    plan: &Plan,
    invoice: &Invoice,
    now: OffsetDateTime,
) -> Vec<(PlanStepId, Planned)> {
    let steps: Vec<StepToPlan> = plan
        .steps
        .iter()
        .map(|step| StepToPlan { step: step.id, offset_days: step.content.offset_days })
        .collect();
    let rules = PlanningRules {
        calendar: organization.sending_calendar(),
        policy: organization.catch_up_policy,
        catch_up: CatchUp::AtOnce,
        awaited_answer: invoice.awaited_answer,
    };
    plan_dates(&rules, invoice.due_date, &steps, Progress::default(), now)
}

fn date_of(dates: &[(PlanStepId, Planned)], step: PlanStepId) -> Option<OffsetDateTime> {
    let (_, planned) = dates.iter().find(|(id, _)| *id == step)?;
    planned.date().map(|date| date.instant)
}

/// An invoice of 1 200 € that was issued a month before its due date, and its client.
fn imaginary_invoice(
    organization: &Organization,
    due_date: Date,
    kind: ClientKind,
    now: OffsetDateTime,
) -> Result<(Invoice, Client), InvalidEmailAddress> {
    // The user is asked on the morning of the due date, or at once if it has passed.
    let asked_at = organization.sending_calendar().sending_instant(due_date).max(now + CATCH_UP_DELAY);
    let is_company = kind == ClientKind::Company;
    let client = Client {
        id: ClientId::new(),
        organization_id: organization.id,
        name: "Client Exemple".to_owned(),
        email: IMAGINARY_ADDRESS.parse()?,
        phone: None,
        address: PostalAddress {
            line1: Some("1 rue de l’Exemple".to_owned()),
            line2: None,
            postal_code: Some("75001".to_owned()),
            city: Some("Paris".to_owned()),
            country: Some("FR".to_owned()),
        },
        kind,
        siren: is_company.then(|| "000000000".to_owned()),
        vat_number: None,
        notes: String::new(),
        pause: None,
        created_at: now,
        updated_at: now,
    };
    let invoice = Invoice {
        id: InvoiceId::new(),
        organization_id: organization.id,
        client_id: client.id,
        plan_id: None,
        numero: "F-2026-001".to_owned(),
        amount: Money::new(120_000, Currency::EUR),
        settled: Money::new(0, Currency::EUR),
        overpaid: Money::new(0, Currency::EUR),
        issue_date: due_date.checked_sub(Duration::days(30)).unwrap_or(due_date),
        due_date,
        status: InvoiceStatus::Pending,
        rubis_earned: 0,
        chased: false,
        last_reminded_at: None,
        paid_at: None,
        settled_from: None,
        credited: false,
        cancelled_at: None,
        pause: None,
        awaited_answer: AwaitedAnswer::beginning(organization, asked_at),
        chain: 0,
        created_at: now,
        updated_at: now,
    };
    Ok((invoice, client))
}
