//! An organization with something behind every id that a path can name.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context as _, Result};
use serde_json::{Value, json};

use crate::clock;
use crate::demo::shifted;
use crate::mailbox::{self, Mailbox};
use crate::stack::{Stack, numeric};
use crate::verification;
use rubis_devkit::http::{Client, list, text};

const OWNER: &str = "fuzz.owner@exemple.fr";
const PASSWORD: &str = "disjoncteur-2026-tableau";

const CLIENTS: usize = 6;
const PLANS: usize = 3;
/// The first of them are late, and asked about.
const INVOICES: usize = 12;
const LATE_INVOICES: usize = 4;

/// A check-in about a late invoice is sent a minute after it was planned.
const CHECKIN_LIMIT: Duration = Duration::from_secs(150);

/// Values that requests are made with.
pub struct Seed {
    pub api: String,
    pub token: String,
    /// Ids by the name that paths give them.
    pub ids: BTreeMap<String, Vec<String>>,
}

impl Seed {
    /// Number of rows of each kind.
    pub fn summary(&self) -> String {
        let counts = self.ids.iter().map(|(name, ids)| format!("{} {name}", ids.len()));
        counts.collect::<Vec<_>>().join(", ")
    }

    fn add(&mut self, name: &str, id: &str) {
        self.ids.entry(name.to_owned()).or_default().push(id.to_owned());
    }
}

pub fn fill(stack: &mut Stack) -> Result<Seed> {
    let api = format!("{}/api/v1", numeric(&stack.addresses.api));
    let mut client = Client::new(api.clone());
    let session = sign_up(&client)?;
    let token = text(&session, "accessToken")?.to_owned();
    client.sign_in_with(token.clone());
    // Nothing is sent on behalf of an organization before that, check-ins included.
    verification::verify(&client, &Mailbox::of(&stack.addresses), OWNER)?;
    let mut seed = Seed { api, token, ids: BTreeMap::new() };
    for number in 0..CLIENTS {
        add_client(&client, &mut seed, number)?;
    }
    for number in 0..PLANS {
        add_plan(&client, &mut seed, number)?;
    }
    for number in 0..INVOICES {
        add_invoice(&client, &mut seed, number)?;
    }
    add_tokens(stack, &mut seed)?;
    Ok(seed)
}

fn sign_up(client: &Client) -> Result<Value> {
    client.post(
        "/auth/signup",
        &json!({
            "email": OWNER,
            "password": PASSWORD,
            "fullName": "Hélène Marchand",
            "organizationName": "Marchand Électricité",
        }),
    )
}

fn add_client(client: &Client, seed: &mut Seed, number: usize) -> Result<()> {
    let email = format!("compta{number}@client.example");
    let debtor = client.post("/clients", &json!({ "name": format!("Client {number}"), "email": email }))?;
    let id = text(&debtor, "id")?;
    seed.add("clientId", id);
    seed.add("code", text(&client.get(&format!("/clients/{id}"))?, "referralCode")?);
    let contact = json!({ "name": "Paul Petit", "email": format!("paul{number}@client.example") });
    seed.add("contactId", text(&client.post(&format!("/clients/{id}/contacts"), &contact)?, "id")?);
    let location = client.post(&format!("/clients/{id}/service-locations"), &json!({ "name": "Fournil" }))?;
    seed.add("serviceLocationId", text(&location, "id")?);
    Ok(())
}

fn add_plan(client: &Client, seed: &mut Seed, number: usize) -> Result<()> {
    let step =
        json!({ "offsetDays": 3, "tone": "amical", "subject": "Facture {{numero}}", "body": "Bonjour" });
    let plan = client.post("/plans", &json!({ "name": format!("Plan {number}"), "steps": [step] }))?;
    seed.add("planId", text(&plan, "id")?);
    Ok(())
}

fn add_invoice(client: &Client, seed: &mut Seed, number: usize) -> Result<()> {
    let clients = seed.ids.get("clientId").context("no client")?;
    let debtor = clients.get(number % CLIENTS).context("no client")?;
    let days = i64::try_from(number)? + if number < LATE_INVOICES { -20 } else { 2 };
    let due = shifted(clock::today(), days)?;
    let invoice = client.post(
        "/invoices",
        &json!({
            "clientId": debtor,
            "numero": numero(number),
            "amountTtcCents": 120_000,
            "issueDate": shifted(due, -30)?.to_string(),
            "dueDate": due.to_string(),
        }),
    )?;
    let id = text(&invoice, "id")?;
    seed.add("invoiceId", id);
    let payment = client.post(&format!("/invoices/{id}/payments"), &json!({ "amountCents": 1_000 }))?;
    seed.add("paymentId", text(&payment, "id")?);
    let timeline = client.get(&format!("/invoices/{id}/timeline"))?;
    for relance in list(&timeline, "relances")? {
        seed.add("relanceId", text(relance, "id")?);
    }
    Ok(())
}

fn numero(number: usize) -> String {
    format!("FUZZ-{number:04}")
}

/// The tokens of the check-ins, from the links of their mail.
fn add_tokens(stack: &mut Stack, seed: &mut Seed) -> Result<()> {
    let mailbox = Mailbox::of(&stack.addresses);
    let find = |mails: &[Value]| {
        let token = |number: usize| {
            let question = mails.iter().find_map(|mail| mailbox::question(mail, &numero(number)))?;
            let (_, after) = question.paid.split_once("/checkin/")?;
            Some(after.split('/').next()?.to_owned())
        };
        (0..LATE_INVOICES).map(token).collect::<Option<Vec<_>>>()
    };
    for token in mailbox.wait(stack, OWNER, "the check-ins", CHECKIN_LIMIT, find, || {})? {
        seed.add("token", &token);
    }
    Ok(())
}
