//! A sequence of reminders and its steps.

use rubis_kernel::{FieldErrors, PlanId, PlanStepId, StepLineageId, required_line, required_text};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use crate::{step_text::check_step_text, tone::Tone};

/// The most steps that a plan can have.
pub const MAX_STEPS: usize = 12;
const MAX_NAME_CHARS: usize = 100;
const MAX_SUBJECT_CHARS: usize = 200;
const MAX_BODY_CHARS: usize = 10_000;
/// Days around the due date that a step can lie at.
const OFFSET_DAYS: std::ops::RangeInclusive<i32> = -365..=3_650;

/// A sequence of reminders.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan<Step = PlanStep> {
    /// Its id.
    pub id: PlanId,
    pub name: String,
    /// True if invoices that name no plan get this one.
    pub is_default: bool,
    /// Time of archiving; invoices still use it.
    pub archived_at: Option<OffsetDateTime>,
    pub created_at: OffsetDateTime,
    /// The steps in force, in the order of their offsets.
    pub steps: Vec<Step>,
}

/// A plan without its texts, which are long: for lists and for planning.
pub type ListedPlan = Plan<ListedStep>;

/// One reminder of a plan, in one wording. It is never rewritten: an edit makes another step of the
/// same lineage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlanStep {
    /// Its id.
    pub id: PlanStepId,
    /// The plan it belongs to.
    pub plan_id: PlanId,
    /// The step through all its wordings.
    pub lineage_id: StepLineageId,
    /// Its place in the plan, from 0.
    pub order: i32,
    /// Its text and date.
    pub content: StepContent,
    /// Time at which another wording replaced it.
    pub retired_at: Option<OffsetDateTime>,
}

/// A step of a plan without its text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedStep {
    /// Its id.
    pub id: PlanStepId,
    /// The step through all its wordings.
    pub lineage_id: StepLineageId,
    /// Its place in the plan, from 0.
    pub order: i32,
    /// Days from the due date, negative before it.
    pub offset_days: i32,
    /// Firmness of the text.
    pub tone: Tone,
    /// True if a person approves it before it leaves.
    pub requires_manual_validation: bool,
}

impl From<&PlanStep> for ListedStep {
    fn from(step: &PlanStep) -> Self {
        Self {
            id: step.id,
            lineage_id: step.lineage_id,
            order: step.order,
            offset_days: step.content.offset_days,
            tone: step.content.tone,
            requires_manual_validation: step.content.requires_manual_validation,
        }
    }
}

/// Content of a step: its offset, tone and text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepContent {
    /// Days from the due date, negative before it.
    pub offset_days: i32,
    pub tone: Tone,
    /// The subject, with variables.
    pub subject: String,
    /// The plain text, with variables.
    pub body: String,
    /// True if a user approves it before it is sent.
    pub requires_manual_validation: bool,
}

/// Input for a plan, not validated.
#[derive(Clone, Debug, Default)]
pub struct PlanInput {
    pub name: String,
    /// True if it becomes the organization's default.
    pub is_default: bool,
    /// Its steps.
    pub steps: Vec<StepInput>,
}

/// Input for a step, not validated.
#[derive(Clone, Debug)]
pub struct StepInput {
    /// The step in force that this one rewrites.
    pub id: Option<PlanStepId>,
    /// Days from the due date.
    pub offset_days: i32,
    pub tone: Tone,
    /// The subject.
    pub subject: String,
    /// The text.
    pub body: String,
    /// True if a user approves it first; if `None`, only a formal notice is approved.
    pub requires_manual_validation: Option<bool>,
}

/// A plan that follows the rules.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewPlan {
    pub(crate) name: String,
    pub(crate) is_default: bool,
    pub(crate) steps: Vec<NewStep>,
}

/// A step that follows the rules.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewStep {
    pub(crate) rewrites: Option<PlanStepId>,
    pub(crate) content: StepContent,
}

impl TryFrom<PlanInput> for NewPlan {
    type Error = FieldErrors;

    fn try_from(input: PlanInput) -> Result<Self, FieldErrors> {
        let mut errors = FieldErrors::new();
        let name = required_line(&mut errors, "name", &input.name, MAX_NAME_CHARS);
        if input.steps.is_empty() {
            errors.push("steps", "required", "must have at least one step");
        }
        if input.steps.len() > MAX_STEPS {
            errors.push("steps", "too_many", format!("must have at most {MAX_STEPS} steps"));
        }
        let mut steps = Vec::with_capacity(input.steps.len());
        let mut previous = None;
        for (index, step) in input.steps.into_iter().enumerate() {
            let at = format!("steps[{index}]");
            let mut step_errors = FieldErrors::new();
            if previous.is_some_and(|offset| step.offset_days <= offset) {
                step_errors.push(
                    "offsetDays",
                    "offset_not_increasing",
                    "must lie after the offset of the step before it",
                );
            }
            previous = Some(step.offset_days);
            steps.push(parse_step(&mut step_errors, &step));
            errors.extend_below(&at, step_errors);
        }
        errors.into_result(Self { name, is_default: input.is_default, steps })
    }
}

fn parse_step(errors: &mut FieldErrors, step: &StepInput) -> NewStep {
    if !OFFSET_DAYS.contains(&step.offset_days) {
        let message = format!("must lie between {} and {} days", OFFSET_DAYS.start(), OFFSET_DAYS.end());
        errors.push("offsetDays", "out_of_range", message);
    }
    let subject = required_line(errors, "subject", &step.subject, MAX_SUBJECT_CHARS);
    let body = required_text(errors, "body", &step.body, MAX_BODY_CHARS).replace("\r\n", "\n");
    if subject.chars().count() <= MAX_SUBJECT_CHARS && body.chars().count() <= MAX_BODY_CHARS {
        check_step_text(errors, &subject, &body);
    }
    let is_formal_notice = step.tone == Tone::MiseEnDemeure;
    let requires_manual_validation = step.requires_manual_validation.unwrap_or(is_formal_notice);
    if is_formal_notice && !requires_manual_validation {
        errors.push(
            "requiresManualValidation",
            "manual_validation_required",
            "must be true for a formal notice: a person approves it before it leaves",
        );
    }
    NewStep {
        rewrites: step.id,
        content: StepContent {
            offset_days: step.offset_days,
            tone: step.tone,
            subject,
            body,
            requires_manual_validation,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(offset_days: i32) -> StepInput {
        StepInput {
            id: None,
            offset_days,
            tone: Tone::Amical,
            subject: "Facture {{numero}}".to_owned(),
            body: "Bonjour {{client.name}}".to_owned(),
            requires_manual_validation: None,
        }
    }

    fn refusals(steps: Vec<StepInput>) -> Vec<(String, &'static str)> {
        let input = PlanInput { name: "Standard".to_owned(), is_default: false, steps };
        let errors = NewPlan::try_from(input).unwrap_err();
        errors.as_slice().iter().map(|error| (error.field.clone(), error.code)).collect()
    }

    fn refusal(steps: Vec<StepInput>) -> (String, &'static str) {
        let mut found = refusals(steps);
        assert_eq!(found.len(), 1, "{found:?}");
        found.remove(0)
    }

    #[test]
    fn a_right_plan_is_accepted_and_formal_notices_need_approval_by_themselves() {
        let notice = StepInput { tone: Tone::MiseEnDemeure, ..step(30) };
        let input =
            PlanInput { name: " Standard ".to_owned(), is_default: true, steps: vec![step(-2), notice] };
        let plan = NewPlan::try_from(input).unwrap();
        assert_eq!(plan.name, "Standard");
        let approvals: Vec<_> =
            plan.steps.iter().map(|step| step.content.requires_manual_validation).collect();
        assert_eq!(approvals, [false, true]);
    }

    #[test]
    fn each_rule_of_a_step_is_reported_with_its_place() {
        let at = |field: &str, code| (format!("steps[1].{field}"), code);
        let with = |change: &dyn Fn(&mut StepInput)| {
            let mut wrong = step(10);
            change(&mut wrong);
            refusal(vec![step(3), wrong])
        };
        assert_eq!(with(&|step| step.body = " \n ".to_owned()), at("body", "required"));
        assert_eq!(with(&|step| step.subject = String::new()), at("subject", "required"));
        assert_eq!(with(&|step| step.subject = "a\nb".to_owned()), at("subject", "control_character"));
        assert_eq!(
            with(&|step| step.subject = "a\u{202e}b".to_owned()),
            at("subject", "invisible_character")
        );
        assert_eq!(with(&|step| step.body = "{{client.nom}}".to_owned()), at("body", "unknown_variable"));
        assert_eq!(with(&|step| step.subject = "{{numero".to_owned()), at("subject", "unclosed_variable"));
        assert_eq!(with(&|step| step.body = "a\0".to_owned()), at("body", "control_character"));
        assert_eq!(with(&|step| step.body = "{{signature}}".repeat(769)), at("body", "rendered_too_long"));
        assert_eq!(
            with(&|step| step.subject = "{{client.name}} {{organization.name}}".to_owned()),
            at("subject", "rendered_too_long")
        );
        assert_eq!(with(&|step| step.offset_days = 3), at("offsetDays", "offset_not_increasing"));
        assert_eq!(with(&|step| step.offset_days = 3_651), at("offsetDays", "out_of_range"));
        assert_eq!(
            with(&|step| {
                step.tone = Tone::MiseEnDemeure;
                step.requires_manual_validation = Some(false);
            }),
            at("requiresManualValidation", "manual_validation_required")
        );
    }

    #[test]
    fn a_plan_has_between_one_and_twelve_steps() {
        assert_eq!(refusal(Vec::new()), ("steps".to_owned(), "required"));
        assert_eq!(refusal((0..13).map(step).collect()), ("steps".to_owned(), "too_many"));
    }
}
