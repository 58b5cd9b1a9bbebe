//! Requests to the API.

use std::sync::Arc;

use rubis_kernel::{Clock as _, SystemClock};
use serde_json::json;
use time::{Date, Duration};

use super::environment::Tenant;
use super::http;
use super::load::Requests;

/// Time to the due date of a created invoice: enough for all four reminders to be planned.
const DUE_IN: Duration = Duration::days(30);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    FirstPage,
    MiddlePage,
    SearchNumber,
    /// A search for a word that one client in twelve has in their name.
    SearchWord,
    Statement,
    Activity,
    /// A new invoice of a known client, with one line, chased by the plan of four steps.
    Create,
}

impl Operation {
    /// Every one, those that write at the end.
    pub const ALL: [Self; 7] = [
        Self::FirstPage,
        Self::MiddlePage,
        Self::SearchNumber,
        Self::SearchWord,
        Self::Statement,
        Self::Activity,
        Self::Create,
    ];

    pub const fn name(self) -> &'static str {
        match self {
            Self::FirstPage => "GET /invoices, first page",
            Self::MiddlePage => "GET /invoices, page in the middle",
            Self::SearchNumber => "GET /invoices?q=, one number",
            Self::SearchWord => "GET /invoices?q=, frequent word",
            Self::Statement => "GET /clients/{id}/statement",
            Self::Activity => "GET /activity",
            Self::Create => "POST /invoices, four steps",
        }
    }

    /// Returns true if it must cost the same however many invoices there are.
    pub const fn is_page(self) -> bool {
        matches!(self, Self::FirstPage | Self::MiddlePage)
    }

    pub const fn writes(self) -> bool {
        matches!(self, Self::Create)
    }

    /// The requests: of these people in turn. Invoices are numbered beginning with `run`, which must be new.
    pub fn requests(self, tenants: &[Tenant], run: &str) -> Requests {
        if self.writes() {
            return creations(tenants.to_vec(), run.to_owned());
        }
        // Each of an organization's subjects once, all organizations before the next subject.
        let subjects = tenants.iter().map(|tenant| self.subjects(tenant)).max().unwrap_or_default();
        let prepared: Vec<Vec<u8>> = (0..subjects)
            .flat_map(|subject| tenants.iter().map(move |tenant| self.reading(tenant, subject)))
            .collect();
        Arc::new(move |number| {
            let index = number.checked_rem(prepared.len()).unwrap_or_default();
            prepared.get(index).cloned().unwrap_or_default()
        })
    }

    fn subjects(self, tenant: &Tenant) -> usize {
        match self {
            Self::SearchNumber => tenant.numbers.len(),
            Self::Statement => tenant.clients.len(),
            Self::FirstPage | Self::MiddlePage | Self::SearchWord | Self::Activity | Self::Create => 1,
        }
    }

    fn reading(self, tenant: &Tenant, subject: usize) -> Vec<u8> {
        let path = match self {
            Self::MiddlePage => format!("/invoices?cursor={}", tenant.middle),
            Self::SearchNumber => {
                format!("/invoices?q={}", http::in_query(&in_turn(&tenant.numbers, subject)))
            }
            Self::SearchWord => "/invoices?q=boulangerie".to_owned(),
            Self::Statement => format!("/clients/{}/statement", in_turn(&tenant.clients, subject)),
            Self::Activity => "/activity".to_owned(),
            Self::FirstPage | Self::Create => "/invoices".to_owned(),
        };
        http::get(&path, &tenant.token)
    }
}

fn creations(tenants: Vec<Tenant>, run: String) -> Requests {
    let today = SystemClock.now().date();
    Arc::new(move |number| {
        let Some(tenant) = number.checked_rem(tenants.len()).and_then(|index| tenants.get(index)) else {
            return Vec::new();
        };
        let client = in_turn(&tenant.clients, number / tenants.len());
        let header = format!("Authorization: Bearer {}", tenant.token);
        http::post("/invoices", &header, &creation(&client, &format!("{run}-{number:07}"), today))
    })
}

fn creation(client: &str, number: &str, today: Date) -> String {
    json!({
        "clientId": client,
        "numero": number,
        "amountTtcCents": 129_000,
        "issueDate": today,
        "dueDate": today + DUE_IN,
        "items": [{
            "description": "Pose d'un plan de travail",
            "quantity": "2.5",
            "unitPriceCents": 43_000,
            "vatRateBasisPoints": 2000,
        }],
    })
    .to_string()
}

/// One of some texts, after the last of which the first comes again.
fn in_turn(texts: &[String], index: usize) -> String {
    index.checked_rem(texts.len()).and_then(|index| texts.get(index)).cloned().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tenant(name: &str) -> Tenant {
        Tenant {
            token: name.to_owned(),
            clients: vec!["c0".to_owned(), "c1".to_owned()],
            numbers: vec!["F2026-1".to_owned()],
            middle: "m".to_owned(),
        }
    }

    fn asked(operation: Operation, number: usize) -> String {
        let requests = operation.requests(&[tenant("a"), tenant("b")], "run");
        String::from_utf8(requests(number)).unwrap()
    }

    #[test]
    fn the_organizations_ask_in_turn_and_then_for_something_else() {
        let told = |number| {
            let request = asked(Operation::Statement, number);
            let client = request.split('/').nth(4).unwrap().to_owned();
            (request.split("Bearer ").nth(1).unwrap().trim().to_owned(), client)
        };
        let expected = [("a", "c0"), ("b", "c0"), ("a", "c1"), ("b", "c1"), ("a", "c0")];
        for (number, (token, client)) in expected.into_iter().enumerate() {
            assert_eq!(told(number), (token.to_owned(), client.to_owned()));
        }
    }

    #[test]
    fn a_number_is_searched_as_it_is_written() {
        assert!(asked(Operation::SearchNumber, 0).starts_with("GET /api/v1/invoices?q=F2026%2D1 HTTP/1.1"));
    }

    #[test]
    fn no_two_invoices_have_one_number() {
        let (first, second) = (asked(Operation::Create, 0), asked(Operation::Create, 2));
        assert!(first.contains("\"numero\":\"run-0000000\""), "{first}");
        assert!(second.contains("\"numero\":\"run-0000002\"") && second.contains("\"c1\""), "{second}");
    }
}
