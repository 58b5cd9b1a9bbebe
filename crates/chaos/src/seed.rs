//! Organizations and their invoices, put in through the domain crates.

use anyhow::{Context as _, Result};
use diesel::sql_types::{Timestamptz, Uuid as SqlUuid};
use diesel_async::RunQueryDsl as _;
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use rubis_accounts::{
    AccountKeys, CheckinPolicyInput, NewAccount, NewAccountInput, OrganizationInput, OrganizationPatch,
    PasswordHash,
};
use rubis_billing::BillingRules;
use rubis_db::{AsyncPgConnection, Pool};
use rubis_invoices::{InvoicedClient, NamedClient, NewInvoice};
use rubis_kernel::{Clock as _, Currency, Money, OrganizationId, SystemClock};
use rubis_lifecycle::PlanChoice;
use rubis_relances::{PlanInput, StepInput, Tone};
use time::{Duration, OffsetDateTime};

use crate::APP_KEY;

pub const PASSWORD: &str = "une phrase de passe solide";

/// Time to the due dates: beyond the horizon of any worker.
const DUE_IN: Duration = Duration::days(60);

/// Organizations that are filled at the same time.
pub(crate) const AT_ONCE: usize = 6;

#[derive(Clone, Debug)]
pub struct SeededOrganization {
    pub id: OrganizationId,
    pub email: String,
}

/// Puts in organizations with a plan of one reminder and this many invoices each, due in weeks.
pub async fn seed(
    pool: &Pool,
    organizations: usize,
    invoices: usize,
    now: OffsetDateTime,
) -> Result<Vec<SeededOrganization>> {
    let hash = password_hash().await?;
    let filling = (0..organizations).map(|number| fill(pool.clone(), number, invoices, hash.clone(), now));
    let mut seeded: Vec<SeededOrganization> =
        stream::iter(filling).buffer_unordered(AT_ONCE).try_collect().await?;
    seeded.sort_by(|a, b| a.email.cmp(&b.email));
    Ok(seeded)
}

/// Address of the owner of an organization. They sort by number.
pub fn email(organization: usize) -> String {
    format!("gerant@societe-{organization:06}.example")
}

fn account(number: usize) -> Result<NewAccount> {
    let input = NewAccountInput {
        email: email(number),
        password: PASSWORD.to_owned(),
        full_name: "Camille Renard".to_owned(),
        organization_name: format!("Société {number:06}"),
    };
    NewAccount::parse(&input).context("the account is refused")
}

/// One hash for all owners: hashing takes longer than all else.
async fn password_hash() -> Result<PasswordHash> {
    let password = account(0)?.password;
    Ok(tokio::task::spawn_blocking(move || PasswordHash::hash(&password)).await??)
}

/// Signs up this many companies and verifies the addresses of their owners.
pub async fn found_organizations(conn: &mut AsyncPgConnection, count: usize) -> Result<Vec<OrganizationId>> {
    let (hash, now) = (password_hash().await?, SystemClock.now());
    let mut organizations = Vec::new();
    for number in 0..count {
        organizations.push(found_organization(conn, &account(number)?, &hash, now).await?);
    }
    Ok(organizations)
}

/// Signs a company up and verifies its owner's address, without which nothing would be sent.
async fn found_organization(
    conn: &mut AsyncPgConnection,
    account: &NewAccount,
    hash: &PasswordHash,
    now: OffsetDateTime,
) -> Result<OrganizationId> {
    let keys = AccountKeys::derived_from(&APP_KEY.parse()?);
    let signed_up = rubis_lifecycle::sign_up(conn, account, hash, &keys, now).await?;
    rubis_lifecycle::mark_address_verified(conn, signed_up.user.id, now).await?;
    Ok(signed_up.organization.id)
}

/// Subscribes an organization to Business, which limits neither its invoices nor its recipients.
async fn subscribe(
    conn: &mut AsyncPgConnection,
    organization: OrganizationId,
    now: OffsetDateTime,
) -> Result<()> {
    diesel::sql_query(
        "UPDATE subscriptions SET plan = 'business', status = 'active', billing_cycle = 'yearly',
             stripe_customer_id = 'cus_' || organization_id, stripe_subscription_id = 'sub_' || organization_id,
             subscription_created_at = $2, state_at = $2
         WHERE organization_id = $1",
    )
    .bind::<SqlUuid, _>(organization.as_uuid())
    .bind::<Timestamptz, _>(now)
    .execute(conn)
    .await?;
    Ok(())
}

async fn fill(
    pool: Pool,
    number: usize,
    invoices: usize,
    hash: PasswordHash,
    now: OffsetDateTime,
) -> Result<SeededOrganization> {
    let mut conn = pool.get().await?;
    let organization = found_organization(&mut conn, &account(number)?, &hash, now).await?;
    subscribe(&mut conn, organization, now).await?;
    // No reminder waits for an answer.
    set_checkins(&mut conn, organization, false, now).await?;
    let step = StepInput {
        id: None,
        offset_days: 0,
        tone: Tone::Courtois,
        subject: "Facture {{numero}}".to_owned(),
        body: "Bonjour {{client.name}},\n\nla facture {{numero}} de {{amount}} arrive à échéance.\n\n\
               {{signature}}"
            .to_owned(),
        requires_manual_validation: None,
    };
    let plan = PlanInput { name: "À l'échéance".to_owned(), is_default: true, steps: vec![step] };
    let plan = rubis_relances::create_plan(&mut conn, organization, plan.try_into()?, now).await?.id;
    let rules = BillingRules::without_limits();
    for invoice in 0..invoices {
        let email = format!("compta-{invoice:04}@debiteur-{number:03}.example");
        let new = NewInvoice {
            client: InvoicedClient::Named(NamedClient {
                kind: rubis_invoices::ClientKind::Person,
                name: format!("Débiteur {invoice:04}"),
                email: email.parse()?,
                create_new: false,
            }),
            numero: format!("F-{number:03}-{invoice:04}"),
            amount: Money::new(120_000, Currency::EUR),
            issue_date: now.date(),
            due_date: (now + DUE_IN).date(),
            lines: Vec::new(),
        };
        let choice = PlanChoice::Plan(plan);
        rubis_lifecycle::create_invoice(&mut conn, organization, &new, choice, None, &rules, now).await?;
    }
    Ok(SeededOrganization { id: organization, email: self::email(number) })
}

/// Turns the check-ins of an organization on or off.
pub(crate) async fn set_checkins(
    conn: &mut AsyncPgConnection,
    organization: OrganizationId,
    enabled: bool,
    now: OffsetDateTime,
) -> Result<()> {
    let checkins = CheckinPolicyInput { enabled: Some(enabled), ..CheckinPolicyInput::default() };
    let input = OrganizationInput { checkins: Some(checkins), ..OrganizationInput::default() };
    let patch = OrganizationPatch::parse(input)?;
    rubis_accounts::update_organization(conn, organization, patch, now).await?;
    Ok(())
}
