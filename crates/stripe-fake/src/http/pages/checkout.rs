//! The page that simulates Checkout.

use actix_web::{HttpResponse, get, post, web};
use rubis_kernel::escape_html;
use time::{Duration, OffsetDateTime};

use super::frame::{button, day, page};
use super::{found, gone, see_other};
use crate::shared::Shared;
use crate::state::{CheckoutSession, CheckoutStatus, Price, State};

/// `GET /checkout/{id}`: the offer, and the possible actions.
#[get("/checkout/{id}")]
pub(super) async fn checkout_page(shared: web::Data<Shared>, id: web::Path<String>) -> HttpResponse {
    show(&shared, &id, None)
}

/// `POST /checkout/{id}/pay`: the card is accepted.
#[post("/checkout/{id}/pay")]
pub(super) async fn pay(shared: web::Data<Shared>, id: web::Path<String>) -> HttpResponse {
    let paid = shared.with(|state, now| {
        state.complete_checkout(&id, &shared.public_url, now).ok()?;
        state.sessions.get(id.as_str()).map(CheckoutSession::filled_success_url)
    });
    match paid {
        Some(address) => see_other(&address),
        // The page states the reason.
        None => show(&shared, &id, None),
    }
}

/// `POST /checkout/{id}/decline`: the card is refused, and the page stays.
#[post("/checkout/{id}/decline")]
pub(super) async fn decline(shared: web::Data<Shared>, id: web::Path<String>) -> HttpResponse {
    show(&shared, &id, Some("Votre carte a été refusée. Essayez avec une autre carte."))
}

fn show(shared: &Shared, id: &str, problem: Option<&str>) -> HttpResponse {
    let session = shared.with(|state, now| Some((bought(state, id)?, now)));
    let Some(((session, price), now)) = session else {
        return gone("Page introuvable", "Cette session de paiement n’existe pas, ou plus.");
    };
    if session.status == CheckoutStatus::Complete {
        return gone("C’est déjà fait", "Cette session de paiement est terminée.");
    }
    if session.is_expired(now) {
        return gone("Trop tard", "Cette session de paiement a expiré. Recommencez depuis Rubis.");
    }
    found(page(&format!("Paiement · {}", price.product), &body(&session, &price, now, problem)))
}

fn bought(state: &State, id: &str) -> Option<(CheckoutSession, Price)> {
    let session = state.sessions.get(id)?;
    Some((session.clone(), state.prices.get(&session.price)?.clone()))
}

fn body(session: &CheckoutSession, price: &Price, now: OffsetDateTime, problem: Option<&str>) -> String {
    let each = format!("{} {}", price.french_amount(), price.interval.french());
    let (today, terms, label) = match session.trial_days {
        Some(days) => {
            let first_charge = day(now + Duration::days(i64::from(days)));
            let terms = format!(
                "{days} jours d’essai gratuit, puis {each}. Premier prélèvement le {first_charge}, sauf \
                 résiliation avant cette date."
            );
            ("0,00\u{a0}€".to_owned(), terms, "Commencer l’essai")
        }
        None => (price.french_amount(), format!("Puis {each}, jusqu’à résiliation."), "Payer et s’abonner"),
    };
    let problem = problem
        .map(|text| format!("<p class=\"problem\" role=\"alert\">{}</p>\n", escape_html(text)))
        .unwrap_or_default();
    format!(
        "<p><a class=\"back\" href=\"{cancel}\">←\u{a0}Retour à Rubis</a></p>\n\
         <section class=\"card\"><p class=\"quiet\">S’abonner à</p><h1>{product}</h1>\n\
         <p class=\"price\">{each}</p>\n<p>{terms}</p>\n\
         <dl><dt>À payer aujourd’hui</dt><dd><b>{today}</b></dd></dl></section>\n\
         <section class=\"card\"><h2>Carte bancaire</h2>\n\
         <dl class=\"bankcard\"><dt>Numéro</dt><dd>4242 4242 4242 4242</dd>\
         <dt>Expiration</dt><dd>12\u{a0}/\u{a0}34</dd><dt>CVC</dt><dd>123</dd></dl>\n{problem}\
         <div class=\"actions\">{pay}{decline}<a class=\"button plain\" href=\"{cancel}\">Annuler</a></div>\
         </section>\n",
        cancel = escape_html(&session.cancel_url),
        product = escape_html(&price.product),
        terms = escape_html(&terms),
        pay = button(&format!("/checkout/{}/pay", session.id), label, "main"),
        decline = button(&format!("/checkout/{}/decline", session.id), "Simuler une carte refusée", "plain"),
    )
}
