//! Claims that a creditor has against professionals alone.
//!
//! The indemnity of 40 € and the penalties of the Code de commerce are not owed by consumers, and to claim them is
//! unfair. A line of a text that claims them is never sent to a person, whatever the plan says.

use rubis_kernel::normalize_search;

/// Articles of the Code de commerce, with their letter.
const ARTICLES: &[(&str, &str)] = &[("l", "10"), ("d", "5"), ("l", "6")];

/// Returns whether a line claims what only professionals owe.
pub fn claims_company_dues(line: &str) -> bool {
    let plain = normalize_search(line);
    let words: Vec<&str> =
        plain.split(|character: char| !character.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
    let follows = |phrase: &[&str]| words.windows(phrase.len()).any(|window| window == phrase);
    let names_article = ARTICLES.iter().any(|(letter, number)| {
        follows(&[letter, "441", number]) || follows(&[&format!("{letter}441"), number])
    });
    let names_indemnity = follows(&["indemnite", "forfaitaire"])
        || words.contains(&"40")
            && (follows(&["frais", "de", "recouvrement"]) || words.contains(&"indemnite"));
    names_article || names_indemnity
}

/// The text without the lines that claim what only professionals owe.
pub fn without_company_dues(text: &str) -> String {
    text.split_inclusive('\n').filter(|line| !claims_company_dues(line)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_claim_is_found_however_it_is_written() {
        for claim in [
            "une indemnité forfaitaire de 40 € pour frais de recouvrement",
            "une Indemnité\u{a0}FORFAITAIRE est due",
            "40 euros de frais de recouvrement",
            "l'indemnité de 40\u{a0}€",
            "en application de l'article L. 441-10 du Code de commerce",
            "article L.441-10",
            "L441-10",
            "articles D.\u{a0}441-5",
            "L. 441-6 ancien",
        ] {
            assert!(claims_company_dues(claim), "{claim}");
        }
        for other in [
            "Il reste 40,00 € à payer.",
            "Facture F-441-10",
            "Facture FL441-10",
            "les frais de recouvrement restent à notre charge",
            "articles 1231-6 et 1344-1 du Code civil",
            "40 rue des Lilas",
        ] {
            assert!(!claims_company_dues(other), "{other}");
        }
    }

    #[test]
    fn only_the_lines_with_a_claim_are_taken_out() {
        let text = "Bonjour,\nUne indemnité forfaitaire est due.\nMerci";
        assert_eq!(without_company_dues(text), "Bonjour,\nMerci");
    }
}
