//! The first page: the state of the fake, and its deliveries.

use actix_web::{HttpResponse, get, web};
use rubis_kernel::escape_html;

use super::found;
use super::frame::{day, page};
use crate::shared::Shared;
use crate::state::{CheckoutStatus, State};
use crate::webhooks::{DeliveryOutcome, DeliveryRecord};

/// Number of deliveries and sessions on the page; older ones are in the JSON.
const SHOWN: usize = 30;

/// `GET /`: open sessions, subscriptions, deliveries.
#[get("/")]
pub(super) async fn overview_page(shared: web::Data<Shared>) -> HttpResponse {
    let mut body = String::from("<h1>Faux Stripe</h1>\n");
    body.push_str(&shared.with(|state, now| {
        let mut html = format!("<p class=\"quiet\">Date jouée\u{a0}: {}</p>\n", day(now));
        html.push_str(&open_sessions(state));
        html.push_str(&subscriptions(state));
        html
    }));
    body.push_str(&deliveries(&shared.webhooks.records()));
    body.push_str("<p class=\"quiet\"><a href=\"/_fake/state\">Tout l’état, en JSON</a></p>\n");
    found(page("Faux Stripe", &body))
}

fn open_sessions(state: &State) -> String {
    let mut open: Vec<_> =
        state.sessions.values().filter(|session| session.status == CheckoutStatus::Open).collect();
    open.sort_by_key(|session| std::cmp::Reverse(session.created));
    let items = open.iter().take(SHOWN).map(|session| {
        let customer = customer_name(state, &session.customer);
        format!("<li><a href=\"/checkout/{0}\">{1}</a> <code>{0}</code></li>\n", session.id, customer)
    });
    section("Paiements en attente", items, "Aucun paiement n’attend.")
}

fn subscriptions(state: &State) -> String {
    let mut all: Vec<_> = state.subscriptions.values().collect();
    all.sort_by_key(|subscription| std::cmp::Reverse(subscription.created));
    let items = all.iter().take(SHOWN).map(|subscription| {
        let price = state.prices.get(&subscription.price);
        format!(
            "<li><b>{}</b> · {} · <span class=\"state {}\">{}</span> jusqu’au {}<br><code>{}</code></li>\n",
            customer_name(state, &subscription.customer),
            escape_html(price.map_or("", |price| price.lookup_key.as_str())),
            subscription.status.as_str(),
            subscription.status.french(),
            day(subscription.period_end),
            subscription.id
        )
    });
    section("Abonnements", items, "Aucun abonnement.")
}

fn deliveries(records: &[DeliveryRecord]) -> String {
    let items = records.iter().rev().take(SHOWN).map(|record| {
        let outcome = match &record.outcome {
            DeliveryOutcome::Answered { status } => format!("réponse {status}"),
            DeliveryOutcome::Unreachable { reason } => format!("sans réponse\u{a0}: {}", escape_html(reason)),
            DeliveryOutcome::Lost => "perdu exprès".to_owned(),
            DeliveryOutcome::NoTarget => "personne à prévenir".to_owned(),
        };
        format!("<li><code>{}</code> · {outcome}</li>\n", escape_html(&record.kind))
    });
    section("Derniers webhooks", items, "Aucun webhook n’est parti.")
}

fn section(title: &str, items: impl Iterator<Item = String>, none: &str) -> String {
    let items: String = items.collect();
    let content = if items.is_empty() {
        format!("<p class=\"quiet\">{none}</p>")
    } else {
        format!("<ul>\n{items}</ul>")
    };
    format!("<section class=\"card\"><h2>{title}</h2>{content}</section>\n")
}

fn customer_name(state: &State, id: &str) -> String {
    let name = state.customers.get(id).and_then(|customer| customer.name.as_deref());
    escape_html(name.unwrap_or(id))
}
