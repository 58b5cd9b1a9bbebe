//! The product's mails to its subscribers.

use rubis_accounts::{Organization, User};
use rubis_kernel::{Email, EmailAddress, MailContent, Mailbox, Templates, format_date_french, templates};
use time::{Date, OffsetDateTime};

use crate::{BillingLinks, BillingRules};

/// The common data of all mails about a subscription.
#[derive(Clone, Copy, Debug)]
pub struct BillingMailTerms<'a> {
    /// The product's address; its domain also ends each `Message-ID`.
    pub sender: &'a EmailAddress,
    /// The targets of links.
    pub links: &'a BillingLinks,
    /// The limits and the grace, as the mails announce them.
    pub rules: &'a BillingRules,
    /// Minutes of work that one rubis stands for.
    pub minutes_per_rubis: u32,
}

/// The templates of the mails of this crate.
pub(crate) static MAILS: Templates = Templates::new(templates![
    "payment_failed.html",
    "payment_failed.subject.txt",
    "payment_failed.txt",
    "recap.html",
    "recap.subject.txt",
    "recap.txt",
    "recap_figures.html",
    "recap_figures.txt",
    "recap_nothing.html",
    "recap_nothing.txt",
]);

/// Addresses a mail to the owner of an organization. Its identifiers follow from everything that a reader
/// sees, so the same content has the same ones.
pub(crate) fn addressed(
    terms: &BillingMailTerms<'_>,
    owner: &User,
    content: MailContent,
    kind: &str,
    key: &str,
) -> Email {
    let to = Mailbox { name: Some(owner.full_name.clone()), address: owner.email.clone() };
    Email::of_product(terms.sender, to, content).identified(kind, key)
}

/// Formats the day of an instant in the organization's time zone, with no-break spaces.
pub(crate) fn day_french(organization: &Organization, instant: OffsetDateTime) -> String {
    date_french(organization.time_zone.local_date(instant))
}

fn date_french(date: Date) -> String {
    format_date_french(date).replace(' ', "\u{a0}")
}

/// Formats a count as in France: thousands separated by a narrow no-break space.
pub(crate) fn count_french(count: u64) -> String {
    let digits = count.to_string();
    let mut grouped = String::with_capacity(digits.len() * 2);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push('\u{202f}');
        }
        grouped.push(digit);
    }
    grouped
}

/// Formats a length of time as in France: `45 min`, `3 h`, `3 h 20`.
pub(crate) fn hours_french(minutes: u64) -> String {
    let (hours, minutes) = (minutes / 60, minutes % 60);
    match (hours, minutes) {
        (0, minutes) => format!("{minutes}\u{a0}min"),
        (hours, 0) => format!("{}\u{a0}h", count_french(hours)),
        (hours, minutes) => format!("{}\u{a0}h\u{a0}{minutes:02}", count_french(hours)),
    }
}

/// Returns the consequence of having no subscription, as the second half of a sentence.
pub(crate) fn without_subscription(rules: &BillingRules) -> String {
    let going_on = "les relances déjà en cours continuent";
    match rules.limits.free {
        None => format!("{going_on}."),
        Some(0) => format!("{going_on}, mais aucune autre facture n’est relancée."),
        Some(1) => {
            format!("{going_on}\u{202f}; au-delà, l’offre gratuite permet de relancer une facture à la fois.")
        }
        Some(limit) => format!(
            "{going_on}\u{202f}; au-delà, l’offre gratuite permet de relancer {} factures à la fois.",
            count_french(limit.into())
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::{MAILS, count_french, hours_french};

    #[test]
    fn every_mail_of_the_templates_has_a_snapshot() {
        let mails: Vec<_> = MAILS.names().filter_map(|name| name.strip_suffix(".subject.txt")).collect();
        assert_eq!(mails, ["payment_failed", "recap"]);
    }

    #[test]
    fn lengths_of_time_are_written_the_french_way() {
        for (minutes, written) in [
            (0, "0 min"),
            (45, "45 min"),
            (60, "1 h"),
            (65, "1 h 05"),
            (200, "3 h 20"),
            (60_000, "1\u{202f}000 h"),
        ] {
            assert_eq!(hours_french(minutes).replace('\u{a0}', " "), written);
        }
    }

    #[test]
    fn thousands_are_apart() {
        assert_eq!(count_french(999), "999");
        assert_eq!(count_french(1_234_567), "1\u{202f}234\u{202f}567");
    }
}
