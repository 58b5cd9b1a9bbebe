//! Edits a plan: steps that changed become new rows of the same lineage.

use std::collections::HashSet;

use rubis_db::{AsyncConnection, AsyncPgConnection};
use rubis_kernel::{FieldErrors, OrganizationId, PlanId, PlanStepId, StepLineageId};
use time::OffsetDateTime;

use crate::{
    plan::{NewPlan, NewStep, Plan, PlanStep},
    queries::plans::{self, StepToInsert},
};

/// Errors of editing a plan.
#[derive(Debug, thiserror::Error)]
pub enum ReplacePlanError {
    /// The organization has no such plan.
    #[error("there is no such plan")]
    NotFound,
    /// A step names one that the plan does not have.
    #[error(transparent)]
    Invalid(#[from] FieldErrors),
    /// The database refused.
    #[error(transparent)]
    Database(#[from] diesel::result::Error),
}

/// A plan after its edit.
#[derive(Clone, Debug)]
pub struct ReplacedPlan {
    /// As it is now.
    pub plan: Plan,
    /// True if a text or a date changed, so that the invoices that use it have to be planned again.
    pub steps_changed: bool,
}

/// Mapping of an edited plan's steps to those it had.
#[derive(Debug, Default)]
struct Edit {
    kept: Vec<(PlanStepId, i32)>,
    written: Vec<StepToInsert>,
    retired: Vec<PlanStepId>,
}

/// Gives a plan another name and other steps, and brings an archived one back. A step keeps its
/// lineage when it names the step it rewrites, or else lies at the same offset; what was sent under
/// the old wording is then not sent again under the new one. The default plan stays the default
/// until another takes its place.
///
/// # Errors
/// [`ReplacePlanError`].
#[tracing::instrument(skip_all, fields(organization = %organization, plan = %plan))]
pub async fn replace_plan(
    conn: &mut AsyncPgConnection,
    organization: OrganizationId,
    plan: PlanId,
    new: NewPlan,
    now: OffsetDateTime,
) -> Result<ReplacedPlan, ReplacePlanError> {
    conn.transaction(async |conn| {
        if new.is_default {
            plans::lock_default(conn, organization).await?;
        }
        let before = plans::lock(conn, organization, plan).await?.ok_or(ReplacePlanError::NotFound)?;
        let edit = compare(&before.steps, new.steps)?;
        if new.is_default && !before.is_default {
            plans::clear_default(conn, organization, now).await?;
        }
        let is_default = new.is_default || before.is_default;
        plans::update_plan(conn, organization, plan, (&new.name, is_default), now).await?;
        plans::retire_steps(conn, organization, &edit.retired, now).await?;
        // No two steps in force share a place, not even on the way: they step aside first.
        for aside in [1_000, 0] {
            for (step, order) in &edit.kept {
                plans::reorder_step(conn, organization, *step, order + aside).await?;
            }
        }
        plans::insert_steps(conn, organization, plan, &edit.written, now).await?;
        let after = plans::find(conn, organization, plan).await?.ok_or(ReplacePlanError::NotFound)?;
        let steps_changed = !edit.written.is_empty() || !edit.retired.is_empty();
        Ok(ReplacedPlan { plan: after, steps_changed })
    })
    .await
}

fn compare(before: &[PlanStep], after: Vec<NewStep>) -> Result<Edit, FieldErrors> {
    let mut errors = FieldErrors::new();
    let mut edit = Edit::default();
    let mut taken: HashSet<PlanStepId> = after.iter().filter_map(|step| step.rewrites).collect();
    let named = taken.len();
    if named < after.iter().filter(|step| step.rewrites.is_some()).count() {
        errors.push("steps", "duplicate_step", "must not rewrite the same step twice");
    }
    for (index, step) in after.into_iter().enumerate() {
        let order = i32::try_from(index).unwrap_or(i32::MAX);
        let origin = match step.rewrites {
            Some(id) => before.iter().find(|old| old.id == id).or_else(|| {
                errors.push(
                    format!("steps[{index}].id"),
                    "unknown_step",
                    "must be a step in force of this plan",
                );
                None
            }),
            None => before
                .iter()
                .find(|old| old.content.offset_days == step.content.offset_days && taken.insert(old.id)),
        };
        match origin {
            Some(old) if old.content == step.content => edit.kept.push((old.id, order)),
            _ => edit.written.push(StepToInsert {
                id: PlanStepId::new(),
                lineage_id: origin.map_or_else(StepLineageId::new, |old| old.lineage_id),
                order,
                content: step.content,
            }),
        }
    }
    let kept: HashSet<PlanStepId> = edit.kept.iter().map(|(id, _)| *id).collect();
    edit.retired = before.iter().map(|old| old.id).filter(|id| !kept.contains(id)).collect();
    errors.into_result(edit)
}
