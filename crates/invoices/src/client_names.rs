//! Comparison of names that may be spellings of the same name.

use rubis_kernel::{normalize_search, without_invisible};

/// Legal forms found in the names of French companies.
const LEGAL_FORMS: [&str; 16] = [
    "ei", "eirl", "eurl", "gie", "sa", "sarl", "sas", "sasu", "sci", "scm", "scop", "scp", "selarl", "selas",
    "snc", "sep",
];
/// Minimum length of a word that can be a misspelling. Shorter words are numbers, initials and codes.
const MIN_MISSPELT_CHARS: usize = 4;
/// Minimum similarity at which one word may be a misspelling of the other.
const MIN_SIMILARITY: f64 = 0.75;

/// A name split into its legal forms and its other words.
struct Words {
    forms: Vec<String>,
    others: Vec<String>,
}

impl Words {
    fn of(name: &str) -> Self {
        // Dots inside words are those of abbreviations such as S.A.R.L.
        let plain = normalize_search(&without_invisible(name)).replace('.', "");
        let words =
            plain.split(|character: char| !character.is_alphanumeric()).filter(|word| !word.is_empty());
        let (mut forms, others): (Vec<_>, Vec<_>) =
            words.map(str::to_owned).partition(|word| LEGAL_FORMS.contains(&word.as_str()));
        forms.sort_unstable();
        Self { forms, others }
    }
}

/// Reports whether two different names may be spellings of the same name: with and without the legal form, with one
/// more word, with one wrong letter. Companies of different legal forms are never the same.
pub(crate) fn are_similar(one: &str, other: &str) -> bool {
    let (one, other) = (Words::of(one), Words::of(other));
    if !one.forms.is_empty() && !other.forms.is_empty() && one.forms != other.forms {
        return false;
    }
    if one.others.is_empty() || other.others.is_empty() {
        return false;
    }
    one.others.concat() == other.others.concat()
        || is_longer(&one.others, &other.others)
        || is_longer(&other.others, &one.others)
        || may_be_misspelt(&one.others, &other.others)
}

/// Reports whether one name is the other one plus additional words, none of which is a number.
fn is_longer(longer: &[String], shorter: &[String]) -> bool {
    let adds_number = longer.iter().any(|word| !shorter.contains(word) && word.chars().any(char::is_numeric));
    shorter.iter().all(|word| longer.contains(word))
        && shorter.iter().any(|word| !is_code(word))
        && !adds_number
}

fn may_be_misspelt(one: &[String], other: &[String]) -> bool {
    one.len() == other.len() && one.iter().zip(other).all(|(one, other)| may_be_one_word(one, other))
}

fn may_be_one_word(one: &str, other: &str) -> bool {
    one == other
        || (!is_code(one)
            && !is_code(other)
            && strsim::normalized_damerau_levenshtein(one, other) >= MIN_SIMILARITY)
}

/// Reports whether every character of a word is significant: a number, an initial or a code.
fn is_code(word: &str) -> bool {
    word.chars().count() < MIN_MISSPELT_CHARS || word.chars().any(char::is_numeric)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[rstest::rstest]
    #[case("SARL Dupont", "Dupont")]
    #[case("Dupont S.A.R.L.", "SARL Dupont")]
    #[case("Saint-Denis Bâtiment", "SAINT DENIS BATIMENT")]
    #[case("Saint Denis", "Saintdenis")]
    #[case("Boulangerie Petit", "Boulangerie Petti")]
    #[case("Boulangerie Martin", "Boulangerie Marin")]
    #[case("Garage Roux", "Roux")]
    #[case("Dupont & Fils", "Dupont Fils")]
    #[case("Hôtel de la Poste", "Hotel la Poste")]
    fn names_that_may_be_one_are_similar(#[case] one: &str, #[case] other: &str) {
        assert!(are_similar(one, other) && are_similar(other, one), "{one} / {other}");
    }

    #[rstest::rstest]
    #[case("SCI Dupont", "SARL Dupont")]
    #[case("SCI Les Lilas 1", "SCI Les Lilas 2")]
    #[case("Atelier A", "Atelier B")]
    #[case("Boulangerie Petit", "Garage Roux")]
    #[case("Boulangerie Petit", "Boulangerie Grand")]
    #[case("SCI", "SARL")]
    #[case("Lot 12", "Lot 21")]
    #[case("SCI Les Lilas", "SCI Les Lilas 2")]
    fn names_that_cannot_be_one_are_not(#[case] one: &str, #[case] other: &str) {
        assert!(!are_similar(one, other) && !are_similar(other, one), "{one} / {other}");
    }
}
