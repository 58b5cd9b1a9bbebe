//! A plan and its steps.

use rubis_kernel::PlanStepId;
use rubis_relances::{ListedPlan, ListedStep, Plan, PlanInput, PlanStep, StepInput, Tone};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::labels;

/// A sequence of reminders.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PlanBody {
    #[serde(flatten)]
    pub plan: PlanHeadBody,
    /// Its steps, in the order of their offsets.
    pub steps: Vec<PlanStepBody>,
}

/// A sequence of reminders in a list, without their texts, which `GET /plans/{planId}` returns.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ListedPlanBody {
    #[serde(flatten)]
    pub plan: PlanHeadBody,
    /// Its steps, in the order of their offsets.
    pub steps: Vec<ListedPlanStepBody>,
}

/// A plan without its steps.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PlanHeadBody {
    /// Its id.
    pub id: Uuid,
    /// Name that the organization gave it.
    pub name: String,
    /// True if invoices that name no plan get this one.
    pub is_default: bool,
    /// Time at which it was archived, because invoices still use it.
    #[serde(with = "time::serde::rfc3339::option")]
    #[schema(required)]
    pub archived_at: Option<OffsetDateTime>,
    /// Time at which it was created.
    #[serde(with = "time::serde::rfc3339")]
    pub created_at: OffsetDateTime,
}

/// One reminder of a plan.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PlanStepBody {
    #[serde(flatten)]
    pub step: ListedPlanStepBody,
    /// The subject, with variables.
    pub subject: String,
    /// The plain text, with variables.
    pub body: String,
}

/// One reminder of a plan without its subject and text.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ListedPlanStepBody {
    /// Its id.
    pub id: Uuid,
    /// Its position in the plan, from 0.
    pub order: i32,
    /// Days from the due date, negative before it.
    pub offset_days: i32,
    /// Firmness of the text.
    #[schema(value_type = labels::Tone)]
    pub tone: &'static str,
    /// True if a person approves it before it is sent.
    pub requires_manual_validation: bool,
}

impl From<Plan> for PlanBody {
    fn from(plan: Plan) -> Self {
        let (plan, steps) = split(plan);
        Self { plan, steps }
    }
}

impl From<ListedPlan> for ListedPlanBody {
    fn from(plan: ListedPlan) -> Self {
        let (plan, steps) = split(plan);
        Self { plan, steps }
    }
}

impl From<PlanStep> for PlanStepBody {
    fn from(step: PlanStep) -> Self {
        let listed = ListedStep::from(&step);
        Self { step: listed.into(), subject: step.content.subject, body: step.content.body }
    }
}

impl From<ListedStep> for ListedPlanStepBody {
    fn from(step: ListedStep) -> Self {
        Self {
            id: step.id.into(),
            order: step.order,
            offset_days: step.offset_days,
            tone: step.tone.as_str(),
            requires_manual_validation: step.requires_manual_validation,
        }
    }
}

/// Converts a plan and its steps.
fn split<Step, Body: From<Step>>(plan: Plan<Step>) -> (PlanHeadBody, Vec<Body>) {
    let head = PlanHeadBody {
        id: plan.id.into(),
        name: plan.name,
        is_default: plan.is_default,
        archived_at: plan.archived_at,
        created_at: plan.created_at,
    };
    (head, plan.steps.into_iter().map(Body::from).collect())
}

/// The new content of a plan.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({
    "name": "Clients fidèles",
    "isDefault": false,
    "steps": [
        {
            "offsetDays": 5,
            "tone": "amical",
            "subject": "Facture {{numero}}",
            "body": "Bonjour,\n\nSauf erreur de notre part, la facture {{numero}} de {{amount}}, échue le {{dueDate}}, reste à régler.\n\n{{signature}}",
        },
        {
            "offsetDays": 20,
            "tone": "ferme",
            "subject": "Facture {{numero}}\u{a0}: {{delay}} de retard",
            "body": "Bonjour {{client.name}},\n\nNous attendons votre règlement de {{balance}}.\n\n{{signature}}",
        },
    ],
}))]
pub struct PlanRequest {
    /// Name that the organization gave it.
    #[schema(min_length = 1, max_length = 100)]
    name: String,
    /// True if invoices that name no plan get this one from now on; `false` if left out.
    #[serde(default)]
    is_default: bool,
    /// Its steps, in the order of their offsets.
    #[schema(min_items = 1, max_items = 12)]
    steps: Vec<StepRequest>,
}

/// The new content of a step.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct StepRequest {
    /// The step that this one rewrites, if a plan is replaced. Invoices that were sent the old text are
    /// not sent the new one.
    #[schema(value_type = Option<Uuid>)]
    id: Option<PlanStepId>,
    /// Days from the due date, negative before it; more than the step before it.
    #[schema(minimum = -365, maximum = 3650)]
    offset_days: i32,
    /// Firmness of the text.
    #[schema(value_type = labels::Tone)]
    tone: Tone,
    /// The subject, with the variables that always have a value, and sections.
    #[schema(min_length = 1, max_length = 200)]
    subject: String,
    /// The plain text, with variables: `{{client.name}}`, `{{client.address}}`, `{{client.siren}}`,
    /// `{{numero}}`, `{{amount}}`, `{{balance}}`, `{{issueDate}}`, `{{dueDate}}`, `{{today}}`,
    /// `{{daysLate}}`, `{{delay}}`, `{{deadline}}`, `{{penaltyRate}}`, `{{penalties}}`, `{{signature}}`,
    /// `{{payUrl}}`, `{{organization.name}}`, `{{organization.address}}`, `{{organization.siren}}`. A
    /// line with a variable that has no value is left out. `{{#name}}…{{/name}}` is written if a
    /// condition holds (`company`, `reminded`, `partPaid`, `overdue`) or a variable has a value,
    /// `{{^name}}…{{/name}}` if not. What only professionals owe is claimed between `{{#company}}` and
    /// `{{/company}}`.
    #[schema(min_length = 1, max_length = 10_000)]
    body: String,
    /// True if a person approves it before it is sent; left out, only a formal notice is approved.
    requires_manual_validation: Option<bool>,
}

impl From<PlanRequest> for PlanInput {
    fn from(body: PlanRequest) -> Self {
        Self {
            name: body.name,
            is_default: body.is_default,
            steps: body.steps.into_iter().map(StepInput::from).collect(),
        }
    }
}

impl From<StepRequest> for StepInput {
    fn from(step: StepRequest) -> Self {
        Self {
            id: step.id,
            offset_days: step.offset_days,
            tone: step.tone,
            subject: step.subject,
            body: step.body,
            requires_manual_validation: step.requires_manual_validation,
        }
    }
}
