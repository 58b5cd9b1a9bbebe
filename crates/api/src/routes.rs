//! The routes of the API.

use utoipa_actix_web::{scope, service_config::ServiceConfig};

use crate::handlers::{
    activity, auth, billing, checkins, clients, contacts, invoices, me, operations, organization, payments,
    plans, referrals, relances, service_locations, webhooks,
};

/// The paths that answer `HEAD` as they do `GET`: links of mails, which scanners open this way.
pub const ALSO_HEAD: [&str; 5] = [
    "/api/v1/checkin/{token}",
    "/api/v1/checkin/{token}/paid",
    "/api/v1/checkin/{token}/pending",
    "/api/v1/checkin/{token}/page",
    "/api/v1/checkin/{token}/answered",
];

/// Registers every operation of the API.
pub fn configure(config: &mut ServiceConfig<'_>) {
    config
        .service(operations::healthz)
        .service(operations::readyz)
        .service(scope("/api/v1").configure(version_1));
}

fn version_1(config: &mut ServiceConfig<'_>) {
    accounts(config);
    debtors(config);
    chain(config);
    answers(config);
    subscription(config);
}

fn accounts(config: &mut ServiceConfig<'_>) {
    config
        .service(auth::sign_up)
        .service(auth::log_in)
        .service(auth::refresh_session)
        .service(auth::log_out)
        .service(auth::forgot_password)
        .service(auth::reset_password)
        .service(auth::change_password)
        .service(auth::verify_email)
        .service(auth::resend_verification)
        .service(auth::list_sessions)
        .service(auth::end_session)
        .service(me::get_me)
        .service(me::update_me)
        .service(organization::get_organization)
        .service(organization::update_organization)
        .service(organization::pause_organization)
        .service(organization::resume_organization)
        .service(organization::list_members)
        .service(activity::list_activity);
}

fn debtors(config: &mut ServiceConfig<'_>) {
    config
        .service(clients::list_clients)
        .service(clients::create_client)
        .service(clients::get_client)
        .service(clients::update_client)
        .service(clients::delete_client)
        .service(clients::pause_client)
        .service(clients::resume_client)
        .service(clients::get_client_statement)
        .service(referrals::get_referral)
        .service(contacts::list_contacts)
        .service(contacts::create_contact)
        .service(contacts::update_contact)
        .service(contacts::delete_contact)
        .service(service_locations::list_service_locations)
        .service(service_locations::create_service_location)
        .service(service_locations::update_service_location)
        .service(service_locations::delete_service_location);
}

fn chain(config: &mut ServiceConfig<'_>) {
    config
        .service(plans::list_plans)
        .service(plans::create_plan)
        .service(plans::get_plan)
        .service(plans::replace_plan)
        .service(plans::delete_plan)
        .service(plans::preview_plan)
        .service(invoices::list_invoices)
        .service(invoices::create_invoice)
        .service(invoices::get_invoice)
        .service(invoices::update_invoice)
        .service(invoices::mark_invoice_paid)
        .service(invoices::answer_invoice_still_pending)
        .service(invoices::cancel_invoice)
        .service(invoices::dispute_invoice)
        .service(invoices::resume_invoice)
        .service(invoices::reopen_invoice)
        .service(invoices::pause_invoice)
        .service(invoices::unpause_invoice)
        .service(invoices::get_invoice_timeline)
        .service(payments::list_payments)
        .service(payments::create_payment)
        .service(payments::void_payment)
        .service(relances::list_relances)
        .service(relances::get_relance)
        .service(relances::approve_relance)
        .service(relances::cancel_relance)
        .service(relances::send_relance_now);
}

fn answers(config: &mut ServiceConfig<'_>) {
    config
        .service(checkins::open_paid_link)
        .service(checkins::open_pending_link)
        .service(checkins::open_checkin_page)
        .service(checkins::open_answered_page)
        .service(checkins::get_checkin)
        .service(checkins::answer_paid)
        .service(checkins::answer_pending)
        .service(checkins::answer_together)
        .service(checkins::undo_answer)
        .service(checkins::undo_answers_together)
        .service(checkins::renew_links);
}

fn subscription(config: &mut ServiceConfig<'_>) {
    config
        .service(billing::get_subscription)
        .service(billing::start_checkout)
        .service(billing::start_trial)
        .service(billing::open_portal)
        .service(webhooks::receive_stripe_event);
}
