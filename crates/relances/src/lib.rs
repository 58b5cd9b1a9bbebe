//! Plans, steps, planning and sending of reminders.
//!
//! A plan is a sequence of steps; [`plan_relances`] gives each step of an invoice's plan its date and
//! enqueues its job; [`claim_relance`] decides, when the date comes, whether the reminder leaves, and
//! [`record_sent`], [`record_not_sent_yet`] and [`record_failed`] say how that went. A use case that changes an
//! invoice and its reminders locks the invoice first, then its reminders, then their jobs.

mod act_on_task;
mod approval;
mod approve_relance;
mod cancel_planned;
mod cancel_relance;
mod changes;
mod claim_relance;
mod company_dues;
mod compose;
mod count_sent;
mod create_plan;
mod default_plan;
mod delete_plan;
mod draft;
mod history;
mod jobs;
mod letter;
mod list;
mod locked_task;
mod penalties;
mod plan;
mod plan_relances;
mod planning;
mod preview;
mod queries;
mod recipient_count;
mod reconcile;
mod record_outcome;
mod replace_plan;
mod send_relance_now;
mod state;
mod step_text;
mod superseded;
mod task;
mod text;
mod tone;
mod variables;

pub use act_on_task::RelanceActionError;
pub use approval::{Approval, RelanceDetail, relance_detail};
pub use approve_relance::approve_relance;
pub use cancel_planned::{CalledOff, cancel_planned};
pub use cancel_relance::cancel_relance;
pub use claim_relance::{ClaimError, Claimed, NotSent, claim_relance};
pub use compose::Sender;
pub use count_sent::count_sent_between;
pub use create_plan::{create_default_plan, create_plan};
pub use delete_plan::{DeletePlanError, DeletedPlan, delete_plan};
pub use draft::{Draft, Facts};
pub use jobs::SendRelance;
pub use list::{
    RelancesFilter, default_plan_id, latest_relances_of_invoice, list_relances, plan, plans,
    relances_of_invoice, steps_by_ids,
};
pub use plan::{
    ListedPlan, ListedStep, MAX_STEPS, NewPlan, Plan, PlanInput, PlanStep, StepContent, StepInput,
};
pub use plan_relances::{PlanningTrigger, plan_relances};
pub use planning::{
    Anchor, CATCH_UP_DELAY, CatchUp, Planned, PlannedDate, PlanningRules, Progress, StepToPlan, plan_dates,
};
pub use preview::{PreviewError, PreviewSubject, PreviewedRelance, preview};
pub use queries::plans::PlansShown;
pub use recipient_count::{SendingLimits, SendingPolicy, purge_recipient_counts};
pub use reconcile::{
    RelanceFault, RelanceRepair, WaitingRelance, reconcile_relance, relance_statuses, waiting_relances,
};
pub use record_outcome::{record_failed, record_not_sent_yet, record_sent};
pub use replace_plan::{ReplacePlanError, ReplacedPlan, replace_plan};
pub use send_relance_now::send_relance_now;
pub use state::{Approved, Drafted, Mail, Note, Rejected, RelanceEvent, RelanceState, Review, Written};
pub use task::{ListedRelance, RelanceStatus, RelanceTask};
pub use text::{RenderedText, TextError};
pub use tone::Tone;
pub use variables::{CONDITIONS, VARIABLES};
