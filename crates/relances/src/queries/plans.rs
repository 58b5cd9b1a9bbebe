//! `plans` and `plan_steps`.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use rubis_db::{
    AsyncPgConnection,
    schema::{plan_steps, plans, relance_tasks},
};
use rubis_kernel::{OrganizationId, PlanId, PlanStepId, RelanceTaskId, StepLineageId};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::{
    plan::{ListedPlan, ListedStep, NewPlan, Plan, PlanStep, StepContent},
    superseded::{current_body, current_subject},
    tone::Tone,
};

#[derive(Queryable, Selectable)]
#[diesel(table_name = plans)]
struct PlanRow {
    id: Uuid,
    name: String,
    is_default: bool,
    archived_at: Option<OffsetDateTime>,
    created_at: OffsetDateTime,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = plan_steps)]
struct StepRow {
    id: Uuid,
    plan_id: Uuid,
    lineage_id: Uuid,
    step_order: i32,
    offset_days: i32,
    tone: Tone,
    subject: String,
    body: String,
    requires_manual_validation: bool,
    retired_at: Option<OffsetDateTime>,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = plan_steps)]
struct ListedStepRow {
    id: Uuid,
    plan_id: Uuid,
    lineage_id: Uuid,
    step_order: i32,
    offset_days: i32,
    tone: Tone,
    requires_manual_validation: bool,
}

impl From<ListedStepRow> for ListedStep {
    fn from(row: ListedStepRow) -> Self {
        Self {
            id: row.id.into(),
            lineage_id: row.lineage_id.into(),
            order: row.step_order,
            offset_days: row.offset_days,
            tone: row.tone,
            requires_manual_validation: row.requires_manual_validation,
        }
    }
}

#[derive(Insertable)]
#[diesel(table_name = plan_steps)]
struct NewStepRow<'a> {
    id: Uuid,
    organization_id: Uuid,
    plan_id: Uuid,
    lineage_id: Uuid,
    step_order: i32,
    offset_days: i32,
    tone: Tone,
    subject: &'a str,
    body: &'a str,
    requires_manual_validation: bool,
    created_at: OffsetDateTime,
}

/// Filter of a list of plans.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PlansShown {
    /// Those that can be chosen.
    Usable,
    /// Those, and the archived ones.
    All,
}

/// Plans in the order in which they were made, with the steps in force but not their texts.
pub async fn list(
    conn: &mut AsyncPgConnection,
    organization: OrganizationId,
    shown: PlansShown,
    after: Option<PlanId>,
    limit: i64,
) -> QueryResult<Vec<ListedPlan>> {
    let mut query = plans::table
        .filter(plans::organization_id.eq(organization.as_uuid()))
        .order(plans::id)
        .limit(limit)
        .select(PlanRow::as_select())
        .into_boxed();
    if shown == PlansShown::Usable {
        query = query.filter(plans::archived_at.is_null());
    }
    if let Some(after) = after {
        query = query.filter(plans::id.gt(after.as_uuid()));
    }
    let rows: Vec<PlanRow> = query.load(conn).await?;
    let ids: Vec<Uuid> = rows.iter().map(|row| row.id).collect();
    let steps: Vec<ListedStepRow> = plan_steps::table
        .filter(plan_steps::organization_id.eq(organization.as_uuid()))
        .filter(plan_steps::plan_id.eq_any(&ids))
        .filter(plan_steps::retired_at.is_null())
        .order(plan_steps::step_order)
        .select(ListedStepRow::as_select())
        .load(conn)
        .await?;
    Ok(assembled(rows, steps, |step| step.plan_id))
}

/// A plan, archived or not.
pub async fn find(
    mut conn: &AsyncPgConnection,
    organization: OrganizationId,
    plan: PlanId,
) -> QueryResult<Option<Plan>> {
    let row = plans::table
        .filter(plans::organization_id.eq(organization.as_uuid()))
        .filter(plans::id.eq(plan.as_uuid()))
        .select(PlanRow::as_select())
        .first(&mut conn)
        .await
        .optional()?;
    Ok(with_steps(conn, organization, row.into_iter().collect()).await?.pop())
}

/// Locks a plan until the transaction ends.
pub async fn lock(
    conn: &mut AsyncPgConnection,
    organization: OrganizationId,
    plan: PlanId,
) -> QueryResult<Option<Plan>> {
    let row = plans::table
        .filter(plans::organization_id.eq(organization.as_uuid()))
        .filter(plans::id.eq(plan.as_uuid()))
        .select(PlanRow::as_select())
        .for_no_key_update()
        .first(conn)
        .await
        .optional()?;
    Ok(with_steps(conn, organization, row.into_iter().collect()).await?.pop())
}

/// The plan of invoices that name none.
pub async fn default_plan_id(
    mut conn: &AsyncPgConnection,
    organization: OrganizationId,
) -> QueryResult<Option<PlanId>> {
    let id: Option<Uuid> = plans::table
        .filter(plans::organization_id.eq(organization.as_uuid()))
        .filter(plans::is_default)
        .select(plans::id)
        .first(&mut conn)
        .await
        .optional()?;
    Ok(id.map(PlanId::from))
}

async fn with_steps(
    mut conn: &AsyncPgConnection,
    organization: OrganizationId,
    rows: Vec<PlanRow>,
) -> QueryResult<Vec<Plan>> {
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let ids: Vec<Uuid> = rows.iter().map(|row| row.id).collect();
    let steps: Vec<StepRow> = plan_steps::table
        .filter(plan_steps::organization_id.eq(organization.as_uuid()))
        .filter(plan_steps::plan_id.eq_any(&ids))
        .filter(plan_steps::retired_at.is_null())
        .order(plan_steps::step_order)
        .select(StepRow::as_select())
        .load(&mut conn)
        .await?;
    Ok(assembled(rows, steps, |step| step.plan_id))
}

/// Gives each plan its steps.
fn assembled<Row, Step: From<Row>>(
    plans: Vec<PlanRow>,
    steps: Vec<Row>,
    plan_of: impl Fn(&Row) -> Uuid,
) -> Vec<Plan<Step>> {
    let mut plans: Vec<Plan<Step>> = plans
        .into_iter()
        .map(|row| Plan {
            id: row.id.into(),
            name: row.name,
            is_default: row.is_default,
            archived_at: row.archived_at,
            created_at: row.created_at,
            steps: Vec::new(),
        })
        .collect();
    for step in steps {
        let id = plan_of(&step);
        if let Some(plan) = plans.iter_mut().find(|plan| plan.id.as_uuid() == id) {
            plan.steps.push(step.into());
        }
    }
    plans
}

/// The wording of a step that is in force, if the plan still has it.
pub async fn step_in_force(
    mut conn: &AsyncPgConnection,
    organization: OrganizationId,
    lineage: StepLineageId,
) -> QueryResult<Option<PlanStep>> {
    plan_steps::table
        .filter(plan_steps::organization_id.eq(organization.as_uuid()))
        .filter(plan_steps::lineage_id.eq(lineage.as_uuid()))
        .filter(plan_steps::retired_at.is_null())
        .select(StepRow::as_select())
        .first(&mut conn)
        .await
        .optional()
        .map(|row| row.map(PlanStep::from))
}

/// The step that a reminder is, which never changes.
pub async fn step_of_task(
    mut conn: &AsyncPgConnection,
    organization: OrganizationId,
    task: RelanceTaskId,
) -> QueryResult<Option<PlanStep>> {
    plan_steps::table
        .inner_join(relance_tasks::table.on(relance_tasks::plan_step_id.eq(plan_steps::id)))
        .filter(plan_steps::organization_id.eq(organization.as_uuid()))
        .filter(relance_tasks::organization_id.eq(organization.as_uuid()))
        .filter(relance_tasks::id.eq(task.as_uuid()))
        .select(StepRow::as_select())
        .first(&mut conn)
        .await
        .optional()
        .map(|row| row.map(PlanStep::from))
}

/// Steps by their ids, in force or not.
pub async fn steps_by_ids(
    conn: &mut AsyncPgConnection,
    organization: OrganizationId,
    ids: &[PlanStepId],
) -> QueryResult<Vec<PlanStep>> {
    let ids: Vec<Uuid> = ids.iter().map(PlanStepId::as_uuid).collect();
    let rows: Vec<StepRow> = plan_steps::table
        .filter(plan_steps::organization_id.eq(organization.as_uuid()))
        .filter(plan_steps::id.eq_any(ids))
        .select(StepRow::as_select())
        .load(conn)
        .await?;
    Ok(rows.into_iter().map(PlanStep::from).collect())
}

/// Steps by their ids, in force or not, without their texts.
pub async fn listed_steps_by_ids(
    conn: &mut AsyncPgConnection,
    organization: OrganizationId,
    ids: &[PlanStepId],
) -> QueryResult<Vec<ListedStep>> {
    let ids: Vec<Uuid> = ids.iter().map(PlanStepId::as_uuid).collect();
    let rows: Vec<ListedStepRow> = plan_steps::table
        .filter(plan_steps::organization_id.eq(organization.as_uuid()))
        .filter(plan_steps::id.eq_any(ids))
        .select(ListedStepRow::as_select())
        .load(conn)
        .await?;
    Ok(rows.into_iter().map(ListedStep::from).collect())
}

/// Writes a plan without its steps.
pub async fn insert_plan(
    conn: &mut AsyncPgConnection,
    organization: OrganizationId,
    id: PlanId,
    plan: &NewPlan,
    now: OffsetDateTime,
) -> QueryResult<()> {
    diesel::insert_into(plans::table)
        .values((
            plans::id.eq(id.as_uuid()),
            plans::organization_id.eq(organization.as_uuid()),
            plans::name.eq(&plan.name),
            plans::is_default.eq(plan.is_default),
            plans::created_at.eq(now),
            plans::updated_at.eq(now),
        ))
        .execute(conn)
        .await
        .map(drop)
}

/// A step to be written.
#[derive(Debug)]
pub struct StepToInsert {
    pub id: PlanStepId,
    pub lineage_id: StepLineageId,
    pub order: i32,
    pub content: StepContent,
}

/// Writes steps of a plan.
pub async fn insert_steps(
    conn: &mut AsyncPgConnection,
    organization: OrganizationId,
    plan: PlanId,
    steps: &[StepToInsert],
    now: OffsetDateTime,
) -> QueryResult<()> {
    let rows: Vec<NewStepRow<'_>> = steps
        .iter()
        .map(|step| NewStepRow {
            id: step.id.as_uuid(),
            organization_id: organization.as_uuid(),
            plan_id: plan.as_uuid(),
            lineage_id: step.lineage_id.as_uuid(),
            step_order: step.order,
            offset_days: step.content.offset_days,
            tone: step.content.tone,
            subject: &step.content.subject,
            body: &step.content.body,
            requires_manual_validation: step.content.requires_manual_validation,
            created_at: now,
        })
        .collect();
    diesel::insert_into(plan_steps::table).values(rows).execute(conn).await.map(drop)
}

/// Takes steps out of force.
pub async fn retire_steps(
    conn: &mut AsyncPgConnection,
    organization: OrganizationId,
    steps: &[PlanStepId],
    now: OffsetDateTime,
) -> QueryResult<()> {
    let ids: Vec<Uuid> = steps.iter().map(PlanStepId::as_uuid).collect();
    diesel::update(plan_steps::table)
        .filter(plan_steps::organization_id.eq(organization.as_uuid()))
        .filter(plan_steps::id.eq_any(ids))
        .set(plan_steps::retired_at.eq(now))
        .execute(conn)
        .await
        .map(drop)
}

/// Gives a step in force another place in its plan.
pub async fn reorder_step(
    conn: &mut AsyncPgConnection,
    organization: OrganizationId,
    step: PlanStepId,
    order: i32,
) -> QueryResult<()> {
    diesel::update(plan_steps::table)
        .filter(plan_steps::organization_id.eq(organization.as_uuid()))
        .filter(plan_steps::id.eq(step.as_uuid()))
        .set(plan_steps::step_order.eq(order))
        .execute(conn)
        .await
        .map(drop)
}

/// Renames a plan, and brings an archived one back.
pub async fn update_plan(
    conn: &mut AsyncPgConnection,
    organization: OrganizationId,
    plan: PlanId,
    (name, is_default): (&str, bool),
    now: OffsetDateTime,
) -> QueryResult<()> {
    diesel::update(plans::table)
        .filter(plans::organization_id.eq(organization.as_uuid()))
        .filter(plans::id.eq(plan.as_uuid()))
        .set((
            plans::name.eq(name),
            plans::is_default.eq(is_default),
            plans::archived_at.eq(None::<OffsetDateTime>),
            plans::updated_at.eq(now),
        ))
        .execute(conn)
        .await
        .map(drop)
}

/// Lets one transaction at a time decide which plan is an organization's default. A row lock would not
/// do: the row that becomes the default may not be there yet.
pub async fn lock_default(conn: &mut AsyncPgConnection, organization: OrganizationId) -> QueryResult<()> {
    diesel::sql_query(
        "SELECT pg_advisory_xact_lock(hashtextextended('default-plan', 0) # hashtextextended($1, 0))",
    )
    .bind::<diesel::sql_types::Text, _>(organization.to_string())
    .execute(conn)
    .await
    .map(drop)
}

/// Takes the default away from whichever plan has it.
pub async fn clear_default(
    conn: &mut AsyncPgConnection,
    organization: OrganizationId,
    now: OffsetDateTime,
) -> QueryResult<()> {
    diesel::update(plans::table)
        .filter(plans::organization_id.eq(organization.as_uuid()))
        .filter(plans::is_default)
        .set((plans::is_default.eq(false), plans::updated_at.eq(now)))
        .execute(conn)
        .await
        .map(drop)
}

/// Puts a plan away.
pub async fn archive(
    conn: &mut AsyncPgConnection,
    organization: OrganizationId,
    plan: PlanId,
    now: OffsetDateTime,
) -> QueryResult<()> {
    diesel::update(plans::table)
        .filter(plans::organization_id.eq(organization.as_uuid()))
        .filter(plans::id.eq(plan.as_uuid()))
        .set((plans::archived_at.eq(now), plans::updated_at.eq(now)))
        .execute(conn)
        .await
        .map(drop)
}

/// Deletes a plan that nothing refers to, with its steps.
pub async fn delete(
    conn: &mut AsyncPgConnection,
    organization: OrganizationId,
    plan: PlanId,
) -> QueryResult<()> {
    diesel::delete(plans::table)
        .filter(plans::organization_id.eq(organization.as_uuid()))
        .filter(plans::id.eq(plan.as_uuid()))
        .execute(conn)
        .await
        .map(drop)
}

impl From<StepRow> for PlanStep {
    fn from(row: StepRow) -> Self {
        Self {
            id: row.id.into(),
            plan_id: row.plan_id.into(),
            lineage_id: row.lineage_id.into(),
            order: row.step_order,
            content: StepContent {
                offset_days: row.offset_days,
                tone: row.tone,
                subject: current_subject(row.subject),
                body: current_body(row.body),
                requires_manual_validation: row.requires_manual_validation,
            },
            retired_at: row.retired_at,
        }
    }
}
