//! Names and address that a password must not be derived from.

use unicode_normalization::UnicodeNormalization;

/// Minimum length of a name. Shorter names occur in many good passwords by chance.
const SHORTEST: usize = 4;

/// Public facts about the owner of a password.
#[derive(Clone, Copy, Debug)]
pub struct PasswordOwner<'owner> {
    /// Mail address.
    pub email: &'owner str,
    /// Their name and that of their organization.
    pub names: &'owner [&'owner str],
}

/// Resemblance of a password to public facts about its owner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Resemblance {
    /// It is the address.
    SameAsEmail,
    /// It contains the address, or consists of the part before the `@`.
    ContainsEmail,
    /// It contains a whole name, or consists of a part of one.
    ContainsName,
}

impl PasswordOwner<'_> {
    /// Returns the resemblance of a password to its owner, if any. Case, accents, spaces and punctuation are ignored.
    pub(crate) fn resemblance(&self, password: &str) -> Option<Resemblance> {
        if password.trim().to_lowercase() == self.email.trim().to_lowercase() {
            return Some(Resemblance::SameAsEmail);
        }
        let password = letters_and_digits(password);
        let contains = |text: &str| {
            let text = letters_and_digits(text);
            text.chars().count() >= SHORTEST && password.contains(&text)
        };
        let half = password.chars().count().div_ceil(2);
        let is_made_of = |word: &str| contains(word) && letters_and_digits(word).chars().count() >= half;
        let local = self.email.split('@').next().unwrap_or_default();
        if contains(self.email) || is_made_of(local) {
            return Some(Resemblance::ContainsEmail);
        }
        let mut names = self.names.iter();
        names
            .any(|name| contains(name) || name.split_whitespace().any(is_made_of))
            .then_some(Resemblance::ContainsName)
    }
}

/// Returns a text in lower case without accents, spaces and punctuation.
fn letters_and_digits(text: &str) -> String {
    text.nfkd().filter(|letter| letter.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_that_names_its_owner_is_found_however_it_is_written() {
        let owner = PasswordOwner {
            email: "c.lefevre@exemple.fr",
            names: &["Claire Lefèvre", "Menuiserie du Marais", "Zo"],
        };
        for (password, found) in [
            ("C.Lefevre@exemple.fr ", Some(Resemblance::SameAsEmail)),
            ("c.lefevre@exemple.fr1", Some(Resemblance::ContainsEmail)),
            ("C-Lefevre 1987", Some(Resemblance::ContainsEmail)),
            ("claire_LEFEVRE!", Some(Resemblance::ContainsName)),
            ("menuiserie-du-marais", Some(Resemblance::ContainsName)),
            ("Lefèvre 2026", Some(Resemblance::ContainsName)),
            ("zo zo zo zo", None),
            ("claire comme l'eau de roche", None),
            ("correct horse battery", None),
        ] {
            assert_eq!(owner.resemblance(password), found, "{password}");
        }
    }
}
