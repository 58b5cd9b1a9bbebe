//! The plan that every new organization starts with.

use crate::{
    plan::{NewPlan, NewStep, StepContent},
    tone::Tone,
};

pub const AMICAL: &str = include_str!("templates/amical.txt");
pub const AMICAL_SUBJECT: &str = "Votre facture {{numero}}";
pub const COURTOIS: &str = include_str!("templates/courtois.txt");
pub const COURTOIS_SUBJECT: &str = "Facture {{numero}}\u{a0}: en attente de règlement";
pub const FERME: &str = include_str!("templates/ferme.txt");
pub const FERME_SUBJECT: &str = "Facture {{numero}}\u{a0}: {{#overdue}}{{delay}} de retard{{/overdue}}{{^overdue}}règlement attendu{{/overdue}}";
pub const MISE_EN_DEMEURE: &str = include_str!("templates/mise_en_demeure.txt");
pub const MISE_EN_DEMEURE_SUBJECT: &str = "Mise en demeure de payer la facture {{numero}}";

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
            step(3, Tone::Amical, AMICAL_SUBJECT, AMICAL),
            step(10, Tone::Courtois, COURTOIS_SUBJECT, COURTOIS),
            step(20, Tone::Ferme, FERME_SUBJECT, FERME),
            step(30, Tone::MiseEnDemeure, MISE_EN_DEMEURE_SUBJECT, MISE_EN_DEMEURE),
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
