//! Default texts of earlier releases.
//!
//! Plans hold the texts that they were made with. A text that is still word for word a former default was not
//! chosen by a user: every plan that has it uses the current default.

use crate::default_plan::{
    AMICAL, COURTOIS, COURTOIS_SUBJECT, FERME, FERME_SUBJECT, MISE_EN_DEMEURE, MISE_EN_DEMEURE_SUBJECT,
};

/// Former subjects, each with the one that took its place. Those that are the same still are not listed.
const SUBJECTS: &[(&str, &str)] = &[
    ("Facture {{numero}} : en attente de règlement", COURTOIS_SUBJECT),
    ("Facture {{numero}} impayée depuis {{daysLate}} jours", FERME_SUBJECT),
    ("Mise en demeure de payer – facture {{numero}}", MISE_EN_DEMEURE_SUBJECT),
];

/// Former texts, each with the one that took its place.
const BODIES: &[(&str, &str)] = &[
    (include_str!("templates/superseded/amical.txt"), AMICAL),
    (include_str!("templates/superseded/courtois.txt"), COURTOIS),
    (include_str!("templates/superseded/ferme.txt"), FERME),
    (include_str!("templates/superseded/mise_en_demeure.txt"), MISE_EN_DEMEURE),
];

/// The subject as it reads today.
pub fn current_subject(subject: String) -> String {
    replaced(SUBJECTS, subject)
}

/// The text as it reads today.
pub fn current_body(body: String) -> String {
    replaced(BODIES, body)
}

fn replaced(table: &[(&str, &str)], text: String) -> String {
    let current = table.iter().find(|(former, _)| former.trim_end() == text.trim_end());
    current.map_or(text, |(_, current)| current.trim_end().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_former_default_reads_as_the_one_of_today_and_a_text_of_ones_own_stays() {
        for (former, current) in BODIES {
            assert_eq!(current_body(former.trim_end().to_owned()), current.trim_end());
            let own = format!("{former}PS");
            assert_eq!(current_body(own.clone()), own);
        }
        assert_eq!(
            current_subject("Facture {{numero}} impayée depuis {{daysLate}} jours".to_owned()),
            FERME_SUBJECT
        );
        assert_eq!(current_subject("Facture {{numero}}".to_owned()), "Facture {{numero}}");
    }

    #[test]
    fn the_defaults_of_today_are_not_superseded() {
        for current in [AMICAL, COURTOIS, FERME, MISE_EN_DEMEURE] {
            assert_eq!(current_body(current.trim_end().to_owned()), current.trim_end());
        }
        for current in [COURTOIS_SUBJECT, FERME_SUBJECT, MISE_EN_DEMEURE_SUBJECT] {
            assert_eq!(current_subject(current.to_owned()), current);
        }
    }
}
