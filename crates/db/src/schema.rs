//! The tables as the migrations leave them.
//!
//! Written by `cargo xtask schema` from the catalog of a freshly migrated database, and compared with it by
//! `cargo xtask lint`: change a migration, not this file.
#![allow(missing_docs, reason = "the migrations say what a column means")]

/// PostgreSQL's own enums, as SQL types.
pub mod sql_types {
    /// The SQL type `account_token_purpose`.
    #[derive(Clone, Debug, diesel::query_builder::QueryId, diesel::sql_types::SqlType)]
    #[diesel(postgres_type(name = "account_token_purpose"))]
    pub struct AccountTokenPurpose;

    /// The SQL type `billing_cycle`.
    #[derive(Clone, Debug, diesel::query_builder::QueryId, diesel::sql_types::SqlType)]
    #[diesel(postgres_type(name = "billing_cycle"))]
    pub struct BillingCycle;

    /// The SQL type `billing_plan`.
    #[derive(Clone, Debug, diesel::query_builder::QueryId, diesel::sql_types::SqlType)]
    #[diesel(postgres_type(name = "billing_plan"))]
    pub struct BillingPlan;

    /// The SQL type `catch_up_policy`.
    #[derive(Clone, Debug, diesel::query_builder::QueryId, diesel::sql_types::SqlType)]
    #[diesel(postgres_type(name = "catch_up_policy"))]
    pub struct CatchUpPolicy;

    /// The SQL type `checkin_answer`.
    #[derive(Clone, Debug, diesel::query_builder::QueryId, diesel::sql_types::SqlType)]
    #[diesel(postgres_type(name = "checkin_answer"))]
    pub struct CheckinAnswer;

    /// The SQL type `checkin_answered_by`.
    #[derive(Clone, Debug, diesel::query_builder::QueryId, diesel::sql_types::SqlType)]
    #[diesel(postgres_type(name = "checkin_answered_by"))]
    pub struct CheckinAnsweredBy;

    /// The SQL type `checkin_status`.
    #[derive(Clone, Debug, diesel::query_builder::QueryId, diesel::sql_types::SqlType)]
    #[diesel(postgres_type(name = "checkin_status"))]
    pub struct CheckinStatus;

    /// The SQL type `client_kind`.
    #[derive(Clone, Debug, diesel::query_builder::QueryId, diesel::sql_types::SqlType)]
    #[diesel(postgres_type(name = "client_kind"))]
    pub struct ClientKind;

    /// The SQL type `holiday_calendar`.
    #[derive(Clone, Debug, diesel::query_builder::QueryId, diesel::sql_types::SqlType)]
    #[diesel(postgres_type(name = "holiday_calendar"))]
    pub struct HolidayCalendar;

    /// The SQL type `invoice_status`.
    #[derive(Clone, Debug, diesel::query_builder::QueryId, diesel::sql_types::SqlType)]
    #[diesel(postgres_type(name = "invoice_status"))]
    pub struct InvoiceStatus;

    /// The SQL type `job_state`.
    #[derive(Clone, Debug, diesel::query_builder::QueryId, diesel::sql_types::SqlType)]
    #[diesel(postgres_type(name = "job_state"))]
    pub struct JobState;

    /// The SQL type `member_role`.
    #[derive(Clone, Debug, diesel::query_builder::QueryId, diesel::sql_types::SqlType)]
    #[diesel(postgres_type(name = "member_role"))]
    pub struct MemberRole;

    /// The SQL type `payment_kind`.
    #[derive(Clone, Debug, diesel::query_builder::QueryId, diesel::sql_types::SqlType)]
    #[diesel(postgres_type(name = "payment_kind"))]
    pub struct PaymentKind;

    /// The SQL type `payment_method`.
    #[derive(Clone, Debug, diesel::query_builder::QueryId, diesel::sql_types::SqlType)]
    #[diesel(postgres_type(name = "payment_method"))]
    pub struct PaymentMethod;

    /// The SQL type `relance_status`.
    #[derive(Clone, Debug, diesel::query_builder::QueryId, diesel::sql_types::SqlType)]
    #[diesel(postgres_type(name = "relance_status"))]
    pub struct RelanceStatus;

    /// The SQL type `relance_tone`.
    #[derive(Clone, Debug, diesel::query_builder::QueryId, diesel::sql_types::SqlType)]
    #[diesel(postgres_type(name = "relance_tone"))]
    pub struct RelanceTone;

    /// The SQL type `subscription_status`.
    #[derive(Clone, Debug, diesel::query_builder::QueryId, diesel::sql_types::SqlType)]
    #[diesel(postgres_type(name = "subscription_status"))]
    pub struct SubscriptionStatus;
}

diesel::table! {
    use diesel::sql_types::*;
    use super::sql_types::AccountTokenPurpose;

    account_tokens (id) {
        id -> Uuid,
        user_id -> Uuid,
        purpose -> AccountTokenPurpose,
        token_hash -> Bytea,
        created_at -> Timestamptz,
        expires_at -> Timestamptz,
        used_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    activity_events (id) {
        id -> Uuid,
        organization_id -> Uuid,
        kind -> Text,
        invoice_id -> Nullable<Uuid>,
        actor_user_id -> Nullable<Uuid>,
        meta -> Jsonb,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    checkin_clicks (id) {
        id -> Uuid,
        organization_id -> Uuid,
        checkin_task_id -> Uuid,
        at -> Timestamptz,
        method -> Text,
        link -> Text,
        user_agent -> Text,
        verdict -> Text,
    }
}

diesel::table! {
    checkin_mails (id) {
        id -> Uuid,
        organization_id -> Uuid,
        recipient -> Nullable<Text>,
        sending_since -> Nullable<Timestamptz>,
        sent_at -> Nullable<Timestamptz>,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::sql_types::CheckinAnswer;
    use super::sql_types::CheckinAnsweredBy;
    use super::sql_types::CheckinStatus;

    checkin_tasks (id) {
        id -> Uuid,
        organization_id -> Uuid,
        invoice_id -> Uuid,
        due_date -> Date,
        send_at -> Timestamptz,
        status -> CheckinStatus,
        mail_id -> Nullable<Uuid>,
        renews -> Nullable<Uuid>,
        token_hash -> Nullable<Bytea>,
        sending_since -> Nullable<Timestamptz>,
        sent_at -> Nullable<Timestamptz>,
        expires_at -> Nullable<Timestamptz>,
        answered_at -> Nullable<Timestamptz>,
        answer -> Nullable<CheckinAnswer>,
        answered_by -> Nullable<CheckinAnsweredBy>,
        payment_id -> Nullable<Uuid>,
        suspect_since -> Nullable<Timestamptz>,
        reason -> Nullable<Text>,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
        answered_with -> Nullable<Uuid>,
    }
}

diesel::table! {
    client_contacts (id) {
        id -> Uuid,
        organization_id -> Uuid,
        client_id -> Uuid,
        name -> Text,
        email -> Text,
        phone -> Nullable<Text>,
        job_title -> Nullable<Text>,
        receives_relances -> Bool,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    client_service_locations (id) {
        id -> Uuid,
        organization_id -> Uuid,
        client_id -> Uuid,
        name -> Text,
        address_line1 -> Nullable<Text>,
        address_line2 -> Nullable<Text>,
        postal_code -> Nullable<Text>,
        city -> Nullable<Text>,
        country -> Nullable<Bpchar>,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::sql_types::ClientKind;

    clients (id) {
        id -> Uuid,
        organization_id -> Uuid,
        name -> Text,
        email -> Text,
        phone -> Nullable<Text>,
        address_line1 -> Nullable<Text>,
        address_line2 -> Nullable<Text>,
        postal_code -> Nullable<Text>,
        city -> Nullable<Text>,
        country -> Nullable<Bpchar>,
        siren -> Nullable<Text>,
        vat_number -> Nullable<Text>,
        notes -> Text,
        paused_at -> Nullable<Timestamptz>,
        paused_until -> Nullable<Date>,
        search_text -> Text,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
        kind -> Nullable<ClientKind>,
    }
}

diesel::table! {
    idempotency_keys (organization_id, key) {
        organization_id -> Uuid,
        key -> Text,
        request_hash -> Bytea,
        response_status -> Nullable<Int2>,
        response_body -> Nullable<Jsonb>,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    invoice_lines (id) {
        id -> Uuid,
        organization_id -> Uuid,
        invoice_id -> Uuid,
        position -> Int4,
        description -> Text,
        quantity_thousandths -> Int8,
        unit_price_cents -> Int8,
        vat_rate_basis_points -> Int4,
        service_location_id -> Nullable<Uuid>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::sql_types::InvoiceStatus;

    invoices (id) {
        id -> Uuid,
        organization_id -> Uuid,
        client_id -> Uuid,
        plan_id -> Nullable<Uuid>,
        numero -> Text,
        amount_ttc_cents -> Int8,
        settled_cents -> Int8,
        currency -> Bpchar,
        issue_date -> Date,
        due_date -> Date,
        status -> InvoiceStatus,
        rubis_earned -> Int4,
        chased -> Bool,
        paid_at -> Nullable<Timestamptz>,
        cancelled_at -> Nullable<Timestamptz>,
        paused_at -> Nullable<Timestamptz>,
        paused_until -> Nullable<Date>,
        search_text -> Text,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
        awaits_answer_from -> Nullable<Timestamptz>,
        awaits_answer_until -> Nullable<Timestamptz>,
        last_reminded_at -> Nullable<Timestamptz>,
        chain -> Int4,
        settled_from -> Nullable<InvoiceStatus>,
        credited -> Bool,
        overpaid_cents -> Int8,
        numero_key -> Nullable<Text>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::sql_types::JobState;

    jobs (id) {
        id -> Text,
        queue -> Text,
        payload -> Jsonb,
        organization_id -> Nullable<Uuid>,
        run_at -> Timestamptz,
        state -> JobState,
        attempts -> Int4,
        crashes -> Int4,
        lease_token -> Nullable<Uuid>,
        lease_until -> Nullable<Timestamptz>,
        last_error -> Nullable<Text>,
        created_at -> Timestamptz,
        blocked_since -> Nullable<Timestamptz>,
        trace_id -> Nullable<Uuid>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::sql_types::MemberRole;

    memberships (id) {
        id -> Uuid,
        organization_id -> Uuid,
        user_id -> Uuid,
        role -> MemberRole,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::sql_types::CatchUpPolicy;
    use super::sql_types::HolidayCalendar;

    organizations (id) {
        id -> Uuid,
        name -> Text,
        time_zone -> Text,
        sending_time -> Time,
        business_days_only -> Bool,
        holiday_calendar -> HolidayCalendar,
        catch_up_policy -> CatchUpPolicy,
        signature -> Text,
        legal_mentions -> Text,
        address_line1 -> Nullable<Text>,
        address_line2 -> Nullable<Text>,
        postal_code -> Nullable<Text>,
        city -> Nullable<Text>,
        country -> Nullable<Bpchar>,
        siren -> Nullable<Text>,
        paused_at -> Nullable<Timestamptz>,
        paused_until -> Nullable<Date>,
        rubis_count -> Int8,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
        checkins_enabled -> Bool,
        checkin_grace_hours -> Int4,
        checkin_wait_days -> Nullable<Int4>,
        sender_verified_at -> Nullable<Timestamptz>,
        silent_copies -> Array<Nullable<Text>>,
        late_penalty_basis_points -> Nullable<Int4>,
        chosen_holidays -> Nullable<Text>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::sql_types::PaymentKind;
    use super::sql_types::PaymentMethod;

    payments (id) {
        id -> Uuid,
        organization_id -> Uuid,
        invoice_id -> Uuid,
        kind -> PaymentKind,
        amount_cents -> Int8,
        method -> PaymentMethod,
        paid_on -> Date,
        label -> Text,
        voided_at -> Nullable<Timestamptz>,
        created_at -> Timestamptz,
        position -> Int8,
        void_reason -> Nullable<Text>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::sql_types::RelanceTone;

    plan_steps (id) {
        id -> Uuid,
        organization_id -> Uuid,
        plan_id -> Uuid,
        lineage_id -> Uuid,
        step_order -> Int4,
        offset_days -> Int4,
        tone -> RelanceTone,
        subject -> Text,
        body -> Text,
        requires_manual_validation -> Bool,
        retired_at -> Nullable<Timestamptz>,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    planning_requests (organization_id, scope) {
        organization_id -> Uuid,
        scope -> Text,
        generation -> Int8,
        pass_generation -> Nullable<Int8>,
        after_invoice_id -> Nullable<Uuid>,
        not_before -> Timestamptz,
        waiting_since -> Timestamptz,
        at_once -> Bool,
    }
}

diesel::table! {
    plans (id) {
        id -> Uuid,
        organization_id -> Uuid,
        name -> Text,
        is_default -> Bool,
        archived_at -> Nullable<Timestamptz>,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
    }
}

diesel::table! {
    recipient_counts (organization_id, day) {
        organization_id -> Uuid,
        day -> Date,
        recipients -> Int4,
    }
}

diesel::table! {
    refresh_tokens (token_hash) {
        token_hash -> Bytea,
        session_id -> Uuid,
        issued_at -> Timestamptz,
        expires_at -> Timestamptz,
        spent_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::sql_types::RelanceStatus;

    relance_tasks (id) {
        id -> Uuid,
        organization_id -> Uuid,
        invoice_id -> Uuid,
        plan_step_id -> Uuid,
        send_at -> Timestamptz,
        meant_for -> Date,
        status -> RelanceStatus,
        sending_since -> Nullable<Timestamptz>,
        sent_at -> Nullable<Timestamptz>,
        reason -> Nullable<Text>,
        reason_detail -> Nullable<Text>,
        drafted_at -> Nullable<Timestamptz>,
        approved_at -> Nullable<Timestamptz>,
        approved_by -> Nullable<Uuid>,
        hurried_at -> Nullable<Timestamptz>,
        subject -> Nullable<Text>,
        body -> Nullable<Text>,
        recipient -> Nullable<Text>,
        queue_job_id -> Text,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
        counted_on -> Nullable<Date>,
        counted_recipients -> Nullable<Int4>,
        message_id -> Nullable<Text>,
        refused_copies -> Nullable<Array<Nullable<Text>>>,
        chain -> Int4,
        draft -> Nullable<Jsonb>,
    }
}

diesel::table! {
    sessions (id) {
        id -> Uuid,
        organization_id -> Uuid,
        user_id -> Uuid,
        created_at -> Timestamptz,
        revoked_at -> Nullable<Timestamptz>,
        last_used_at -> Nullable<Timestamptz>,
        user_agent -> Nullable<Text>,
        network -> Nullable<Text>,
    }
}

diesel::table! {
    stripe_events (id) {
        id -> Text,
        kind -> Text,
        created_at -> Timestamptz,
        received_at -> Timestamptz,
        organization_id -> Nullable<Uuid>,
        outcome -> Text,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::sql_types::BillingCycle;
    use super::sql_types::BillingPlan;
    use super::sql_types::SubscriptionStatus;

    subscriptions (organization_id) {
        organization_id -> Uuid,
        plan -> BillingPlan,
        status -> Nullable<SubscriptionStatus>,
        billing_cycle -> Nullable<BillingCycle>,
        stripe_customer_id -> Nullable<Text>,
        stripe_subscription_id -> Nullable<Text>,
        subscription_created_at -> Nullable<Timestamptz>,
        current_period_end -> Nullable<Timestamptz>,
        cancel_at_period_end -> Bool,
        trial_ends_at -> Nullable<Timestamptz>,
        past_due_since -> Nullable<Timestamptz>,
        failed_invoice_id -> Nullable<Text>,
        state_at -> Nullable<Timestamptz>,
        state_fetched -> Bool,
        revision -> Int8,
        recap_queued_at -> Nullable<Timestamptz>,
        recap_sent_at -> Nullable<Timestamptz>,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
        open_checkout_id -> Nullable<Text>,
    }
}

diesel::table! {
    users (id) {
        id -> Uuid,
        email -> Text,
        full_name -> Text,
        password_hash -> Text,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
        email_verified_at -> Nullable<Timestamptz>,
        sign_in_warned_at -> Nullable<Timestamptz>,
    }
}

diesel::joinable!(account_tokens -> users (user_id));
diesel::joinable!(activity_events -> organizations (organization_id));
diesel::joinable!(checkin_clicks -> organizations (organization_id));
diesel::joinable!(checkin_mails -> organizations (organization_id));
diesel::joinable!(checkin_tasks -> organizations (organization_id));
diesel::joinable!(clients -> organizations (organization_id));
diesel::joinable!(idempotency_keys -> organizations (organization_id));
diesel::joinable!(invoices -> organizations (organization_id));
diesel::joinable!(jobs -> organizations (organization_id));
diesel::joinable!(memberships -> organizations (organization_id));
diesel::joinable!(memberships -> users (user_id));
diesel::joinable!(planning_requests -> organizations (organization_id));
diesel::joinable!(plans -> organizations (organization_id));
diesel::joinable!(recipient_counts -> organizations (organization_id));
diesel::joinable!(refresh_tokens -> sessions (session_id));
diesel::joinable!(relance_tasks -> organizations (organization_id));
diesel::joinable!(subscriptions -> organizations (organization_id));

diesel::allow_tables_to_appear_in_same_query!(
    account_tokens,
    activity_events,
    checkin_clicks,
    checkin_mails,
    checkin_tasks,
    client_contacts,
    client_service_locations,
    clients,
    idempotency_keys,
    invoice_lines,
    invoices,
    jobs,
    memberships,
    organizations,
    payments,
    plan_steps,
    planning_requests,
    plans,
    recipient_counts,
    refresh_tokens,
    relance_tasks,
    sessions,
    stripe_events,
    subscriptions,
    users,
);
