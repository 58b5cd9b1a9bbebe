//! The plan that every new organization starts with.

use crate::{
    plan::{NewPlan, NewStep, StepContent},
    tone::Tone,
};

/// Four steps: friendly after 3 days, courteous after 10, firm after 20, and after 30 the formal
/// notice, which a person approves.
#[must_use]
pub fn default_plan() -> NewPlan {
    let step = |offset_days, tone, subject: &str, body: &str| NewStep {
        rewrites: None,
        content: StepContent {
            offset_days,
            tone,
            subject: subject.to_owned(),
            body: body.trim_end().to_owned(),
            requires_manual_validation: tone == Tone::MiseEnDemeure,
        },
    };
    NewPlan {
        name: "Relance standard".to_owned(),
        is_default: true,
        steps: vec![
            step(3, Tone::Amical, "Votre facture {{numero}}", include_str!("templates/amical.txt")),
            step(
                10,
                Tone::Courtois,
                "Facture {{numero}} : en attente de règlement",
                include_str!("templates/courtois.txt"),
            ),
            step(
                20,
                Tone::Ferme,
                "Facture {{numero}} impayée depuis {{daysLate}} jours",
                include_str!("templates/ferme.txt"),
            ),
            step(
                30,
                Tone::MiseEnDemeure,
                "Mise en demeure de payer – facture {{numero}}",
                include_str!("templates/mise_en_demeure.txt"),
            ),
        ],
    }
}

#[cfg(test)]
mod tests {
    use super::default_plan;
    use crate::plan::{NewPlan, PlanInput, StepInput};

    #[test]
    fn the_default_plan_follows_the_rules_of_every_other() {
        let default = default_plan();
        let steps = default.steps.iter().map(|step| StepInput {
            id: None,
            offset_days: step.content.offset_days,
            tone: step.content.tone,
            subject: step.content.subject.clone(),
            body: step.content.body.clone(),
            requires_manual_validation: None,
        });
        let input = PlanInput { name: default.name.clone(), is_default: true, steps: steps.collect() };
        assert_eq!(NewPlan::try_from(input).unwrap(), default);
    }
}
