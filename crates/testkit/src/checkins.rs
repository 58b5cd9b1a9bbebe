//! Check-ins in tests: organizations without them, and the browser of a person who answers.
#![allow(clippy::expect_used, reason = "a test fails by panicking")]

use rubis_accounts::{CheckinPolicyInput, OrganizationInput, OrganizationPatch};
use rubis_db::AsyncPgConnection;
use rubis_kernel::OrganizationId;
use time::OffsetDateTime;

/// Headers sent by a browser when a person follows a link.
pub const BROWSER_HEADERS: [(&str, &str); 3] = [
    ("user-agent", "Mozilla/5.0 (X11; Linux x86_64; rv:133.0) Gecko/20100101 Firefox/133.0"),
    ("sec-fetch-mode", "navigate"),
    ("sec-fetch-dest", "document"),
];

/// Turns an organization's check-ins off, for tests about reminders alone: those of overdue invoices then do not wait
/// for an answer. Call it before there are invoices: nothing is planned again.
pub async fn turn_checkins_off(
    conn: &mut AsyncPgConnection,
    organization: OrganizationId,
    now: OffsetDateTime,
) {
    let checkins = CheckinPolicyInput { enabled: Some(false), ..CheckinPolicyInput::default() };
    let input = OrganizationInput { checkins: Some(checkins), ..OrganizationInput::default() };
    let patch = OrganizationPatch::parse(input).expect("the settings are right");
    rubis_accounts::update_organization(conn, organization, patch, now)
        .await
        .expect("the settings are saved");
}
