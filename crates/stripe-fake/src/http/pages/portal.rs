//! The page that simulates the portal.

use actix_web::{HttpResponse, get, post, web};
use rubis_kernel::escape_html;
use serde::Deserialize;
use time::OffsetDateTime;

use super::frame::{button, day, page};
use super::{found, gone, see_other};
use crate::shared::Shared;
use crate::state::{PlayError, PortalSession, State, Subscription, SubscriptionStatus};

/// The actions of the portal.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Act {
    CancelAtPeriodEnd,
    Resume,
    Cancel,
    ChangePrice,
    FailNextPayment,
    AnnounceTrialEnd,
    SucceedPayment,
    FailPayment,
}

#[derive(Debug, Deserialize)]
struct Choice {
    #[serde(default)]
    price: String,
}

/// `GET /portal/{id}`: the customer's subscriptions and their actions.
#[get("/portal/{id}")]
pub(super) async fn portal_page(shared: web::Data<Shared>, id: web::Path<String>) -> HttpResponse {
    let body = shared.with(|state, _| state.portals.get(id.as_str()).map(|portal| body(state, portal)));
    match body {
        Some(body) => found(page("Gérer votre abonnement", &body)),
        None => gone(
            "Page introuvable",
            "Ce lien vers le portail n’existe pas, ou plus. Rouvrez-le depuis Rubis.",
        ),
    }
}

/// `POST /portal/{id}/{subscription}/{act}`: an action on a subscription.
#[post("/portal/{id}/{subscription}/{act}")]
pub(super) async fn portal_act(
    shared: web::Data<Shared>,
    path: web::Path<(String, String, Act)>,
    choice: web::Form<Choice>,
) -> HttpResponse {
    let (id, subscription, act) = path.into_inner();
    let done = shared.with(|state, now| {
        let customer = state.portals.get(&id).map(|portal| portal.customer.clone());
        let owner = state.subscriptions.get(&subscription).map(|one| one.customer.clone());
        if customer.is_none() || customer != owner {
            return Err(PlayError::Unknown { kind: "subscription", id: subscription.clone() });
        }
        carry_out(state, &subscription, act, &choice.price, now)
    });
    match done {
        Ok(()) => see_other(&format!("/portal/{id}")),
        Err(error) => gone("Impossible", &error.to_string()),
    }
}

fn carry_out(
    state: &mut State,
    id: &str,
    act: Act,
    price: &str,
    now: OffsetDateTime,
) -> Result<(), PlayError> {
    match act {
        Act::CancelAtPeriodEnd => state.set_cancel_at_period_end(id, true, now),
        Act::Resume => state.set_cancel_at_period_end(id, false, now),
        Act::Cancel => state.cancel(id, now),
        Act::ChangePrice => state.change_price(id, price, now),
        Act::FailNextPayment => {
            let subscription = state.living_mut(id)?;
            subscription.next_payment_fails = !subscription.next_payment_fails;
            Ok(())
        }
        Act::AnnounceTrialEnd => state.announce_trial_end(id, now),
        Act::SucceedPayment => state.charge(id, true, now),
        Act::FailPayment => state.charge(id, false, now),
    }
}

fn body(state: &State, portal: &PortalSession) -> String {
    let customer = state.customers.get(&portal.customer);
    let name = customer.and_then(|customer| customer.name.as_deref()).unwrap_or("Votre organisation");
    let mut body = format!(
        "<p><a class=\"back\" href=\"{}\">←\u{a0}Retour à Rubis</a></p>\n<h1>{}</h1>\n",
        escape_html(&portal.return_url),
        escape_html(name)
    );
    let subscriptions = state.subscriptions_of(&portal.customer);
    if subscriptions.is_empty() {
        body.push_str("<section class=\"card\"><p>Aucun abonnement.</p></section>\n");
    }
    for subscription in subscriptions {
        body.push_str(&card(state, portal, subscription));
    }
    body
}

fn card(state: &State, portal: &PortalSession, subscription: &Subscription) -> String {
    let price = state.prices.get(&subscription.price);
    let product = price.map_or("Abonnement", |price| price.product.as_str());
    let each = price.map(|price| format!("{} {}", price.french_amount(), price.interval.french()));
    let mut card = format!(
        "<section class=\"card\"><p class=\"state {}\">{}</p><h2>{}</h2>\n\
         <p class=\"price\">{}</p>\n<p>{}</p>\n",
        subscription.status.as_str(),
        subscription.status.french(),
        escape_html(product),
        each.unwrap_or_default(),
        what_comes(subscription)
    );
    if !subscription.is_over() {
        card.push_str(&actions(state, portal, subscription));
    }
    card.push_str("</section>\n");
    card
}

fn what_comes(subscription: &Subscription) -> String {
    let end = day(subscription.period_end);
    match subscription.status {
        SubscriptionStatus::Canceled => match subscription.ended_at {
            Some(ended) => format!("Terminé le {}.", day(ended)),
            None => "Terminé.".to_owned(),
        },
        _ if subscription.cancel_at_period_end => format!("Se termine le {end}, sans autre prélèvement."),
        SubscriptionStatus::PastDue => match subscription.next_attempt {
            Some(next) => format!("Le dernier paiement a échoué. Nouvel essai le {}.", day(next)),
            None => "Le dernier paiement a échoué.".to_owned(),
        },
        SubscriptionStatus::Trialing => format!("Essai jusqu’au {end}, premier prélèvement ce jour-là."),
        _ => format!("Prochain prélèvement le {end}."),
    }
}

fn actions(state: &State, portal: &PortalSession, subscription: &Subscription) -> String {
    let to = |act: &str| format!("/portal/{}/{}/{act}", portal.id, subscription.id);
    let mut actions = String::from("<div class=\"actions\">");
    if subscription.cancel_at_period_end {
        actions.push_str(&button(&to("resume"), "Reprendre l’abonnement", "main"));
    } else {
        actions.push_str(&button(&to("cancel-at-period-end"), "Résilier à la fin de la période", "plain"));
    }
    actions.push_str(&button(&to("cancel"), "Résilier tout de suite", "plain danger"));
    actions.push_str("</div>\n<details open><summary>Changer de formule</summary>\n");
    actions.push_str(&choice_of_price(state, subscription, &to("change-price")));
    actions.push_str("</details>\n<details open><summary>Simuler</summary><div class=\"actions\">\n");
    if subscription.status == SubscriptionStatus::Trialing {
        actions.push_str(&button(&to("announce-trial-end"), "Annoncer la fin de l’essai", "plain"));
    }
    actions.push_str(&button(&to("succeed-payment"), "Prélever maintenant avec succès", "plain"));
    actions.push_str(&button(&to("fail-payment"), "Prélever maintenant en échec", "plain"));
    let next = if subscription.next_payment_fails {
        "Le prochain paiement échouera\u{a0}: annuler"
    } else {
        "Faire échouer le prochain paiement"
    };
    actions.push_str(&button(&to("fail-next-payment"), next, "plain"));
    actions.push_str("</div></details>\n");
    actions
}

fn choice_of_price(state: &State, subscription: &Subscription, action: &str) -> String {
    let mut prices: Vec<_> = state.prices.values().collect();
    prices.sort_by_key(|price| price.amount_cents);
    let options: String = prices
        .iter()
        .map(|price| {
            format!(
                "<option value=\"{}\"{}>{} · {} {}</option>",
                price.id,
                if price.id == subscription.price { " selected" } else { "" },
                escape_html(&price.product),
                price.french_amount(),
                price.interval.french()
            )
        })
        .collect();
    format!(
        "<form class=\"choice\" method=\"post\" action=\"{action}\">\
         <select name=\"price\" aria-label=\"Formule\">{options}</select>\
         <button class=\"plain\">Changer</button></form>\n"
    )
}
