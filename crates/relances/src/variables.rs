//! The names that a reminder's text can use, and their values.

use rubis_accounts::{Organization, PostalAddress};
use rubis_invoices::{Client, ClientKind, Invoice};
use rubis_kernel::{Money, TemplateNames, TemplateValues, format_date_french};
use time::{Date, Duration, OffsetDateTime};

use crate::penalties::PenaltyRate;

/// The days from the sending of a formal notice to the last day on which it lets the client pay.
const DAYS_TO_PAY: Duration = Duration::days(8);

/// The variables that a step's subject and body may use.
pub const VARIABLES: &[&str] = &[
    "client.name",
    "client.address",
    "client.siren",
    "numero",
    "amount",
    "balance",
    "issueDate",
    "dueDate",
    "today",
    "daysLate",
    "delay",
    "deadline",
    "penaltyRate",
    "penalties",
    "signature",
    "payUrl",
    "organization.name",
    "organization.address",
    "organization.siren",
];

/// The variables that may have no value. A line that holds one is left out then.
pub const OPTIONAL_VARIABLES: &[&str] = &[
    "client.address",
    "client.siren",
    "penaltyRate",
    "penalties",
    "payUrl",
    "organization.address",
    "organization.siren",
];

/// The conditions that a section may depend on: the client is a company, an earlier reminder of the invoice was sent, a
/// part of the invoice was paid, its due date is past.
pub const CONDITIONS: &[&str] = &["company", "reminded", "partPaid", "overdue"];

/// All names of a step's text.
pub const NAMES: TemplateNames = TemplateNames { variables: VARIABLES, conditions: CONDITIONS };

/// The values of one reminder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Values {
    /// The debtor's name.
    pub client_name: String,
    /// The debtor's address, if it is known in full.
    pub client_address: Option<String>,
    /// The debtor's SIREN.
    pub client_siren: Option<String>,
    /// The debtor's kind.
    pub client_kind: ClientKind,
    /// The invoice's number.
    pub numero: String,
    /// The invoice's total.
    pub amount: Money,
    pub balance: Money,
    /// Date of issue.
    pub issue_date: Date,
    pub due_date: Date,
    /// The day on which the reminder is sent.
    pub today: Date,
    /// The rate of the organization's penalties.
    pub penalty_rate: Option<PenaltyRate>,
    /// The organization's signature.
    pub signature: String,
    /// The creditor's name.
    pub organization_name: String,
    /// The creditor's address, if it is known in full.
    pub organization_address: Option<String>,
    /// The creditor's SIREN.
    pub organization_siren: Option<String>,
    /// An earlier reminder of the chain was sent.
    pub was_reminded: bool,
    /// Address for paying online, if that is possible.
    pub pay_url: Option<String>,
}

impl Values {
    /// The values of the first reminder of a chain, sent at an instant.
    pub fn new(organization: &Organization, client: &Client, invoice: &Invoice, at: OffsetDateTime) -> Self {
        Self {
            client_name: client.name.clone(),
            client_address: address_line(&client.address),
            client_siren: client.siren.clone(),
            client_kind: client.kind,
            numero: invoice.numero.clone(),
            amount: invoice.amount,
            balance: invoice.balance(),
            issue_date: invoice.issue_date,
            due_date: invoice.due_date,
            today: organization.time_zone.local_date(at),
            penalty_rate: organization.late_penalty_basis_points.map(PenaltyRate),
            signature: organization.signature.clone(),
            organization_name: organization.name.clone(),
            organization_address: address_line(&organization.address),
            organization_siren: organization.siren.clone(),
            was_reminded: false,
            pay_url: None,
        }
    }

    /// Returns whether the client is a company.
    pub fn is_company(&self) -> bool {
        self.client_kind == ClientKind::Company
    }

    /// Returns whether a variable has a value.
    pub fn has(&self, variable: &str) -> bool {
        self.value_of(variable).is_some()
    }

    /// Days since the due date; none before it.
    pub fn days_late(&self) -> i64 {
        (self.today - self.due_date).whole_days().max(0)
    }

    /// The last day on which a formal notice lets the client pay.
    pub fn deadline(&self) -> Date {
        self.today.checked_add(DAYS_TO_PAY).unwrap_or(self.today)
    }

    /// The rate of penalties, which only companies owe.
    pub fn company_penalty_rate(&self) -> Option<PenaltyRate> {
        self.penalty_rate.filter(|_| self.is_company())
    }

    /// The penalties so far on what is left to pay.
    pub fn penalties(&self) -> Option<Money> {
        self.company_penalty_rate()?.on(self.balance, self.days_late())
    }
}

impl TemplateValues for Values {
    fn value_of(&self, variable: &str) -> Option<String> {
        match variable {
            "client.name" => Some(self.client_name.clone()),
            "client.address" => self.client_address.clone(),
            "client.siren" => self.client_siren.as_deref().map(format_siren),
            "numero" => Some(self.numero.clone()),
            "amount" => Some(self.amount.format_french()),
            "balance" => Some(self.balance.format_french()),
            "issueDate" => Some(format_date_french(self.issue_date)),
            "dueDate" => Some(format_date_french(self.due_date)),
            "today" => Some(format_date_french(self.today)),
            "daysLate" => Some(self.days_late().to_string()),
            "delay" => {
                let days = self.days_late();
                Some(format!("{days}\u{a0}jour{}", if days > 1 { "s" } else { "" }))
            }
            "deadline" => Some(format_date_french(self.deadline())),
            "penaltyRate" => self.company_penalty_rate().map(PenaltyRate::format_french),
            "penalties" => self.penalties().map(|penalties| penalties.format_french()),
            "signature" if self.signature.is_empty() => Some(self.organization_name.clone()),
            "signature" => Some(self.signature.clone()),
            "payUrl" => self.pay_url.clone(),
            "organization.name" => Some(self.organization_name.clone()),
            "organization.address" => self.organization_address.clone(),
            "organization.siren" => self.organization_siren.as_deref().map(format_siren),
            _ => None,
        }
    }

    fn holds(&self, name: &str) -> bool {
        match name {
            "company" => self.is_company(),
            "reminded" => self.was_reminded,
            "partPaid" => self.balance.cents < self.amount.cents,
            "overdue" => self.due_date < self.today,
            variable => self.value_of(variable).is_some(),
        }
    }
}

/// An address on one line. A letter does not arrive without a street, a postal code and a town, so that there is no line
/// without them.
fn address_line(address: &PostalAddress) -> Option<String> {
    let (line1, postal_code, city) =
        (address.line1.as_deref()?, address.postal_code.as_deref()?, address.city.as_deref()?);
    let line2 = address.line2.as_deref().map(|line2| format!(", {line2}")).unwrap_or_default();
    let country = address.country.as_deref().filter(|country| *country != "FR");
    let country = country.map(|country| format!(" ({country})")).unwrap_or_default();
    Some(format!("{line1}{line2}, {postal_code} {city}{country}"))
}

/// A SIREN in groups of three digits, as it is written on letters.
fn format_siren(siren: &str) -> String {
    let mut grouped = String::with_capacity(siren.len() + 4);
    for (index, digit) in siren.chars().enumerate() {
        if index > 0 && index.is_multiple_of(3) {
            grouped.push('\u{a0}');
        }
        grouped.push(digit);
    }
    grouped
}

#[cfg(test)]
pub mod fixtures {
    //! Values for tests.
    use rubis_kernel::Currency;
    use time::macros::date;

    use super::*;

    /// A company that owes 234,56 € of 1 234,56 € since 11 days.
    pub fn values() -> Values {
        Values {
            client_name: "Boulangerie\nMartin".to_owned(),
            client_address: Some("3 place Bellecour, 69002 Lyon".to_owned()),
            client_siren: Some("732829320".to_owned()),
            client_kind: ClientKind::Company,
            numero: "F-2026-017".to_owned(),
            amount: Money::new(123_456, Currency::EUR),
            balance: Money::new(23_456, Currency::EUR),
            issue_date: date!(2026 - 10 - 01),
            due_date: date!(2026 - 11 - 01),
            today: date!(2026 - 11 - 12),
            penalty_rate: Some(PenaltyRate(1_215)),
            signature: String::new(),
            organization_name: "Menuiserie Vasseur".to_owned(),
            organization_address: None,
            organization_siren: Some("552100554".to_owned()),
            was_reminded: true,
            pay_url: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{fixtures::values, *};

    fn filled(text: &str, values: &Values) -> String {
        rubis_kernel::Template::parse(text, NAMES).unwrap().render(1_000, values).unwrap()
    }

    #[test]
    fn every_variable_has_its_value_and_amounts_are_french() {
        let body = VARIABLES.iter().map(|name| format!("{{{{{name}}}}}")).collect::<Vec<_>>().join("\n");
        let values = Values {
            pay_url: Some("https://payer.exemple.fr/1".to_owned()),
            organization_address: Some("12 rue des Lilas, 69003 Lyon".to_owned()),
            ..values()
        };
        assert_eq!(
            filled(&body, &values).lines().collect::<Vec<_>>(),
            [
                "Boulangerie",
                "Martin",
                "3 place Bellecour, 69002 Lyon",
                "732\u{a0}829\u{a0}320",
                "F-2026-017",
                "1\u{202f}234,56\u{a0}€",
                "234,56\u{a0}€",
                "1er octobre 2026",
                "1er novembre 2026",
                "12 novembre 2026",
                "11",
                "11\u{a0}jours",
                "20 novembre 2026",
                "12,15\u{a0}%",
                "0,85\u{a0}€",
                "Menuiserie Vasseur",
                "https://payer.exemple.fr/1",
                "Menuiserie Vasseur",
                "12 rue des Lilas, 69003 Lyon",
                "552\u{a0}100\u{a0}554",
            ]
        );
    }

    #[test]
    fn only_the_listed_variables_may_have_no_value() {
        let nothing_known = Values {
            client_address: None,
            client_siren: None,
            penalty_rate: None,
            organization_siren: None,
            ..values()
        };
        let without: Vec<&str> =
            VARIABLES.iter().copied().filter(|name| nothing_known.value_of(name).is_none()).collect();
        assert_eq!(without, OPTIONAL_VARIABLES);
    }

    #[test]
    fn a_person_owes_no_penalties_at_the_rate_of_companies() {
        let person = Values { client_kind: ClientKind::Person, ..values() };
        assert_eq!((person.value_of("penaltyRate"), person.value_of("penalties")), (None, None));
        assert!(!person.holds("company") && !person.holds("penalties"));
        assert!(values().holds("company") && values().holds("penalties"));
    }

    #[test]
    fn conditions_follow_from_the_invoice() {
        let fresh =
            Values { balance: values().amount, today: values().due_date, was_reminded: false, ..values() };
        for (condition, before, after) in
            [("reminded", false, true), ("partPaid", false, true), ("overdue", false, true)]
        {
            assert_eq!((fresh.holds(condition), values().holds(condition)), (before, after), "{condition}");
        }
        assert_eq!((fresh.days_late(), fresh.value_of("delay").unwrap().as_str()), (0, "0\u{a0}jour"));
        let early = Values { today: values().due_date - Duration::days(3), ..values() };
        assert_eq!(early.value_of("daysLate").unwrap(), "0", "days late are never negative");
    }

    #[test]
    fn an_address_that_a_letter_would_not_reach_is_none() {
        let part = |text: &str| Some(text.to_owned());
        let full = PostalAddress {
            line1: part("3 rue Neuve"),
            line2: part("bâtiment B"),
            postal_code: part("1000"),
            city: part("Bruxelles"),
            country: part("BE"),
        };
        assert_eq!(address_line(&full).unwrap(), "3 rue Neuve, bâtiment B, 1000 Bruxelles (BE)");
        let french = PostalAddress { line2: None, country: part("FR"), ..full.clone() };
        assert_eq!(address_line(&french).unwrap(), "3 rue Neuve, 1000 Bruxelles");
        assert_eq!(address_line(&PostalAddress { city: None, ..full }), None);
    }
}
