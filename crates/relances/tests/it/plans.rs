//! Plans are made, edited and put away without touching what has left.

use rubis_kernel::FieldErrors;
use rubis_relances::{
    DeletePlanError, DeletedPlan, NewPlan, Plan, PlanInput, PlansShown, ReplacePlanError, StepInput, Tone,
    create_plan, default_plan_id, delete_plan, plan, plans, replace_plan,
};
use rubis_testkit::Chain;
use time::{
    OffsetDateTime,
    macros::{date, datetime},
};

const TUESDAY: OffsetDateTime = datetime!(2026-11-24 09:00 UTC);

fn step(offset_days: i32, body: &str) -> StepInput {
    StepInput {
        id: None,
        offset_days,
        tone: Tone::Amical,
        subject: "Facture {{numero}}".to_owned(),
        body: body.to_owned(),
        requires_manual_validation: None,
    }
}

fn new_plan(name: &str, is_default: bool, steps: Vec<StepInput>) -> NewPlan {
    NewPlan::try_from(PlanInput { name: name.to_owned(), is_default, steps }).unwrap()
}

async fn created(chain: &Chain, new: NewPlan) -> Plan {
    create_plan(&mut *chain.conn().await, chain.organization, new, chain.now()).await.unwrap()
}

async fn edited(chain: &Chain, before: &Plan, new: NewPlan) -> Result<Plan, ReplacePlanError> {
    let replaced =
        replace_plan(&mut *chain.conn().await, chain.organization, before.id, new, chain.now()).await;
    replaced.map(|replaced| replaced.plan)
}

#[tokio::test]
async fn a_new_organization_starts_with_four_steps_of_which_the_last_needs_approval() {
    let chain = Chain::start_at(TUESDAY).await;
    let found = plans(&mut *chain.conn().await, chain.organization, PlansShown::All, None, 50).await.unwrap();
    let [plan] = found.items.as_slice() else { panic!("one plan: {found:?}") };
    assert!(plan.is_default);
    let steps: Vec<_> = plan
        .steps
        .iter()
        .map(|step| (step.offset_days, step.tone, step.requires_manual_validation))
        .collect();
    assert_eq!(
        steps,
        [
            (3, Tone::Amical, false),
            (10, Tone::Courtois, false),
            (20, Tone::Ferme, false),
            (30, Tone::MiseEnDemeure, true)
        ]
    );
}

#[tokio::test]
async fn the_default_passes_from_one_plan_to_another_and_never_gets_lost() {
    let chain = Chain::start_at(TUESDAY).await;
    let first = default_plan_id(&*chain.conn().await, chain.organization).await.unwrap().unwrap();
    let second = created(&chain, new_plan("Rapide", true, vec![step(1, "a")])).await;
    let default = async || default_plan_id(&*chain.conn().await, chain.organization).await.unwrap();
    assert_eq!(default().await, Some(second.id));
    let still = edited(&chain, &second, new_plan("Rapide", false, vec![step(1, "a")])).await.unwrap();
    assert!(still.is_default, "there is always a default plan");
    let refused = delete_plan(&mut *chain.conn().await, chain.organization, second.id, chain.now()).await;
    assert!(matches!(refused, Err(DeletePlanError::IsDefault)));
    let gone = delete_plan(&mut *chain.conn().await, chain.organization, first, chain.now()).await.unwrap();
    assert_eq!(gone, DeletedPlan::Deleted, "nothing used it");
}

#[tokio::test]
async fn a_plan_in_use_is_archived_and_goes_on_chasing() {
    let chain = Chain::start_at(TUESDAY).await;
    let invoice = chain.invoice_due(date!(2026 - 12 - 01)).await;
    let used = invoice.plan_id.unwrap();
    created(&chain, new_plan("Rapide", true, vec![step(1, "a")])).await;
    let archived =
        delete_plan(&mut *chain.conn().await, chain.organization, used, chain.now()).await.unwrap();
    assert_eq!(archived, DeletedPlan::Archived);
    assert_eq!(chain.planned(invoice.id).await.len(), 4);
    let usable =
        plans(&mut *chain.conn().await, chain.organization, PlansShown::Usable, None, 50).await.unwrap();
    assert!(usable.items.iter().all(|plan| plan.id != used));
}

#[tokio::test]
async fn a_plan_in_use_is_archived_on_a_server_that_reports_restrict_violations() {
    let chain = Chain::start_at(TUESDAY).await;
    let used = chain.invoice_due(date!(2026 - 12 - 01)).await.plan_id.unwrap();
    let second = created(&chain, new_plan("Rapide", true, vec![step(1, "a")])).await;
    created(&chain, new_plan("Lent", true, vec![step(9, "a")])).await;
    // The SQLSTATE of PostgreSQL 18 for the steps of a plan that has reminders.
    let restrict = format!(
        "CREATE FUNCTION restrict_steps() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
             IF OLD.plan_id = '{used}' THEN RAISE EXCEPTION 'restricted' USING ERRCODE = '23001'; END IF;
             RETURN OLD;
         END $$;
         CREATE TRIGGER restrict_steps BEFORE DELETE ON plan_steps
             FOR EACH ROW EXECUTE FUNCTION restrict_steps()"
    );
    chain.database.execute_as_owner(&restrict).await;
    for (plan, expected) in [(used, DeletedPlan::Archived), (second.id, DeletedPlan::Deleted)] {
        let deleted = delete_plan(&mut *chain.conn().await, chain.organization, plan, chain.now()).await;
        assert_eq!(deleted.unwrap(), expected);
    }
}

#[tokio::test]
async fn an_edit_keeps_what_stays_and_rewrites_nothing() {
    let chain = Chain::start_at(TUESDAY).await;
    let before =
        created(&chain, new_plan("Souple", false, vec![step(3, "a"), step(10, "b"), step(20, "c")])).await;
    let mut moved = step(12, "b");
    moved.id = Some(before.steps[1].id);
    let steps = vec![step(1, "new"), step(3, "a"), moved, step(20, "C")];
    let after = edited(&chain, &before, new_plan("Souple", false, steps)).await.unwrap();

    assert_eq!(after.steps.iter().map(|step| step.order).collect::<Vec<_>>(), [0, 1, 2, 3]);
    assert_eq!(after.steps[1].id, before.steps[0].id, "what did not change is the same step");
    assert_ne!(after.steps[2].id, before.steps[1].id, "what changed is another step");
    assert_eq!(after.steps[2].lineage_id, before.steps[1].lineage_id, "of the same lineage");
    assert_eq!(after.steps[3].lineage_id, before.steps[2].lineage_id, "found by its offset");
    assert!(before.steps.iter().all(|step| step.lineage_id != after.steps[0].lineage_id));
}

#[tokio::test]
async fn a_step_of_another_plan_cannot_be_rewritten() {
    let chain = Chain::start_at(TUESDAY).await;
    let one = created(&chain, new_plan("Un", false, vec![step(3, "a")])).await;
    let other = created(&chain, new_plan("Autre", false, vec![step(3, "a")])).await;
    let mut foreign = step(3, "b");
    foreign.id = Some(other.steps[0].id);
    let refused = edited(&chain, &one, new_plan("Un", false, vec![foreign])).await.unwrap_err();
    let ReplacePlanError::Invalid(errors) = refused else { panic!("{refused:?}") };
    assert_eq!(
        errors,
        FieldErrors::one("steps[0].id", "unknown_step", "must be a step in force of this plan")
    );
}

#[tokio::test]
async fn another_organizations_plans_do_not_exist() {
    let chain = Chain::start_at(TUESDAY).await;
    let own = created(&chain, new_plan("Un", false, vec![step(3, "a")])).await;
    let stranger = rubis_kernel::OrganizationId::new();
    let mut conn = chain.conn().await;
    assert!(plan(&conn, stranger, own.id).await.unwrap().is_none());
    assert!(matches!(
        delete_plan(&mut conn, stranger, own.id, chain.now()).await,
        Err(DeletePlanError::NotFound)
    ));
    let new = new_plan("Un", false, vec![step(3, "b")]);
    assert!(matches!(
        replace_plan(&mut conn, stranger, own.id, new, chain.now()).await,
        Err(ReplacePlanError::NotFound)
    ));
}

#[tokio::test]
async fn two_plans_that_want_to_be_the_default_at_once_get_it_one_after_the_other() {
    let chain = Chain::start_at(TUESDAY).await;
    let (mut one, mut other) = (chain.conn().await, chain.conn().await);
    let (first, second) = tokio::join!(
        create_plan(&mut one, chain.organization, new_plan("Un", true, vec![step(1, "a")]), chain.now()),
        create_plan(&mut other, chain.organization, new_plan("Deux", true, vec![step(1, "a")]), chain.now()),
    );
    let made = [first.unwrap().id, second.unwrap().id];
    let default = default_plan_id(&one, chain.organization).await.unwrap().unwrap();
    assert!(made.contains(&default));
}
