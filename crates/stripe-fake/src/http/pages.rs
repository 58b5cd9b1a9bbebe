//! The pages for people: Checkout, the portal, and the state of the fake.

mod checkout;
mod frame;
mod overview;
mod portal;

use actix_web::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, ContentType, LOCATION, REFERRER_POLICY,
};
use actix_web::{HttpResponse, get, web};

/// Everything on these pages comes from this server, and no script runs. Forms lead to addresses of the
/// product, which are not known here.
const POLICY: &str = "default-src 'none'; style-src 'self'; base-uri 'none'; frame-ancestors 'none'";

/// Adds the pages and their files.
pub(super) fn routes(config: &mut web::ServiceConfig) {
    config
        .service(overview::overview_page)
        .service(checkout::checkout_page)
        .service(checkout::pay)
        .service(checkout::decline)
        .service(portal::portal_page)
        .service(portal::portal_act)
        .service(stylesheet);
}

#[get("/fake.css")]
async fn stylesheet() -> HttpResponse {
    HttpResponse::Ok().content_type("text/css; charset=utf-8").body(include_str!("../../assets/fake.css"))
}

fn found(page: String) -> HttpResponse {
    html(HttpResponse::Ok(), page)
}

fn gone(title: &str, text: &str) -> HttpResponse {
    html(HttpResponse::NotFound(), frame::page(title, &frame::notice(title, text)))
}

fn html(mut response: actix_web::HttpResponseBuilder, page: String) -> HttpResponse {
    response
        .content_type(ContentType::html())
        .insert_header((CONTENT_SECURITY_POLICY, POLICY))
        .insert_header((REFERRER_POLICY, "no-referrer"))
        .insert_header((CACHE_CONTROL, "no-store"))
        .body(page)
}

/// Redirects the browser with a GET.
fn see_other(address: &str) -> HttpResponse {
    HttpResponse::SeeOther().insert_header((LOCATION, address)).finish()
}
