//! Claims that a creditor has against professionals alone.
//!
//! The indemnity of 40 € and the penalties of the Code de commerce are not owed by consumers, and to claim them is
//! unfair. A sentence of a text that claims them is never sent to a person, whatever the plan says.

use std::borrow::Cow;

use rubis_kernel::normalize_search;

/// Articles of the Code de commerce, with their letter.
const ARTICLES: &[(&str, &str)] = &[("l", "10"), ("d", "5"), ("l", "6")];

/// Words that a full stop follows within a sentence, without accents and in lower case.
const ABBREVIATIONS: &[&str] = &[
    "art", "arts", "al", "cf", "env", "ex", "fact", "max", "min", "mm", "mme", "mlle", "dr", "me", "st",
    "ste", "no", "ref", "tel", "janv", "fevr", "avr", "juil", "sept", "oct", "nov", "dec",
];

/// Returns true if a text claims what only professionals owe.
pub fn claims_company_dues(text: &str) -> bool {
    let plain = normalize_search(text);
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

/// Returns true if a sentence names the amount of the indemnity, whose claim stands in another sentence.
fn names_indemnity_amount(sentence: &str) -> bool {
    let plain = normalize_search(sentence);
    let compact: String = plain.chars().filter(|character| !character.is_whitespace()).collect();
    ["40€", "40,00€", "40euros"].iter().any(|amount| {
        compact.match_indices(amount).any(|(at, _)| {
            let before = compact.get(..at).unwrap_or_default().chars().next_back();
            !before.is_some_and(|character| character.is_ascii_digit() || [',', '.'].contains(&character))
        })
    })
}

/// The text without the sentences that claim what only professionals owe. A line that has nothing else is left out.
pub fn without_company_dues(text: &str) -> String {
    text.split_inclusive('\n').filter_map(line_without_company_dues).collect()
}

fn line_without_company_dues(line: &str) -> Option<Cow<'_, str>> {
    if !claims_company_dues(line) {
        return Some(Cow::Borrowed(line));
    }
    let (content, end) = line.strip_suffix('\n').map_or((line, ""), |content| (content, "\n"));
    let mut kept = String::new();
    for sentence in sentences(content) {
        if !claims_company_dues(sentence) && !names_indemnity_amount(sentence) {
            kept.push_str(sentence);
        }
    }
    let kept = kept.trim();
    // The number of a list item alone is no text.
    let can_be_read = kept.contains(|character: char| character.is_alphabetic() || character == '€');
    can_be_read.then(|| Cow::Owned(format!("{kept}{end}")))
}

/// Splits a line after each full stop, exclamation mark or question mark that ends a sentence. A space follows it. After
/// a full stop, a capital letter or a digit follows the space, and the word before is neither an abbreviation nor an
/// initial (`M. Martin`, `art. L. 441-10`).
fn sentences(line: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut start = 0;
    for (at, mark) in line.match_indices(['.', '!', '?']) {
        let (before, after) =
            (line.get(start..at).unwrap_or_default(), line.get(at + mark.len()..).unwrap_or_default());
        let next = after.trim_start();
        let opens =
            next.chars().find(|character| !['«', '"', '“', '(', '\u{a0}', '\u{202f}'].contains(character));
        let begins = |character: char| {
            character.is_uppercase() || character.is_ascii_digit() || mark != "." && character.is_alphabetic()
        };
        let ends = next.len() < after.len() && opens.is_some_and(begins);
        let word = before.rsplit(|character: char| !character.is_alphanumeric()).next().unwrap_or_default();
        let is_abbreviation = mark == "."
            && (ABBREVIATIONS.contains(&normalize_search(word).as_str())
                || word.chars().count() == 1 && word.chars().all(char::is_alphabetic));
        if ends && !is_abbreviation {
            let end = line.len() - next.len();
            found.extend(line.get(start..end));
            start = end;
        }
    }
    found.extend(line.get(start..));
    found
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
    fn the_sentences_of_a_line_without_a_claim_stay() {
        let written = "Notre facture F-12 de 1 440,00 € était à régler le 12 mai. Conformément à l’art. L. 441-10 du Code de \
                       commerce, une indemnité forfaitaire de 40 € s’ajoute. Merci de régler M. Martin !\n";
        assert_eq!(
            without_company_dues(written),
            "Notre facture F-12 de 1 440,00 € était à régler le 12 mai. Merci de régler M. Martin !\n"
        );
        let split =
            "Une indemnité forfaitaire est due. Elle s’élève à 40\u{a0}€. Restent 240\u{a0}€ à régler.";
        assert_eq!(without_company_dues(split), "Restent 240\u{a0}€ à régler.");
        let end = "Il reste 40,00 € à payer. L’indemnité forfaitaire de l’article D.\u{a0}441-5 est due";
        assert_eq!(without_company_dues(end), "", "its amount may be that of the indemnity");
        let other = "Bonjour M. Martin. Il reste 40,00 € à payer. Merci.";
        assert_eq!(without_company_dues(other), other, "no claim, nothing is taken out");
    }

    #[test]
    fn a_claim_that_begins_with_its_amount_is_a_sentence_of_its_own() {
        let facts = "Le solde de 300\u{a0}€ était dû le 12\u{a0}mai.";
        let written = format!("{facts} 40\u{a0}€ de frais de recouvrement s’y ajoutent.");
        assert_eq!(without_company_dues(&written), facts);
        let shouted = "Le solde de 300\u{a0}€ reste dû ! une indemnité forfaitaire s’y ajoute.";
        assert_eq!(without_company_dues(shouted), "Le solde de 300\u{a0}€ reste dû !");
        let dated = "Une indemnité forfaitaire est due depuis le 12 sept. 2026.";
        assert_eq!(without_company_dues(dated), "", "an abbreviated month ends no sentence");
    }

    #[test]
    fn the_number_of_a_list_is_no_sentence_to_keep() {
        let list = "1. Le solde est dû.\n2. Une indemnité forfaitaire est due.\n3. Merci de répondre.";
        assert_eq!(without_company_dues(list), "1. Le solde est dû.\n3. Merci de répondre.");
        let shared = "2. Une indemnité forfaitaire est due. Merci de répondre.";
        assert_eq!(without_company_dues(shared), "2. Merci de répondre.");
    }

    #[test]
    fn only_the_lines_with_a_claim_are_taken_out() {
        let text = "Bonjour,\nUne indemnité forfaitaire est due.\nMerci";
        assert_eq!(without_company_dues(text), "Bonjour,\nMerci");
    }
}
