//! The demo organization: a joinery with a handful of invoices, made over HTTP as its staff would.

use std::collections::HashMap;

use anyhow::{Context as _, Result, bail};
use serde::Deserialize;
use serde_json::{Value, json};
use time::{Date, Duration};

use crate::clock;
use crate::mailbox::Mailbox;
use crate::stack::{Addresses, QUIET};
use crate::stripe::Player;
use crate::subscription::{self, Subscription};
use crate::terminal::{bold, step_with};
use crate::timeline::{self, Timeline, euros};
use crate::verification;
use rubis_devkit::http::{Client, field, list, text};

const EMAIL: &str = "camille.vasseur@menuiserie-vasseur.example";
const PASSWORD: &str = "chene-massif-2026";
const FULL_NAME: &str = "Camille Vasseur";
const ORGANIZATION: &str = "Menuiserie Vasseur";

/// `402 Payment Required`.
const PLAN_LIMIT_REACHED: u16 = 402;

/// The demo organization, ready to be shown.
pub struct Demo {
    subscription: Subscription,
    /// Address of its portal; `None` if Stripe's fake does not run, or does not know the joinery.
    portal: Option<String>,
    invoices: Vec<(Value, Timeline)>,
}

/// Makes what is not there yet, and reads how things stand.
pub fn seed(addresses: &Addresses) -> Result<Demo> {
    step_with(
        "demo organization",
        || {
            let client = signed_in(addresses)?;
            let portal = subscribe(&client, addresses)?;
            let made = make_invoices(&client)?;
            let page = client.get("/invoices?limit=200")?;
            let mut invoices = Vec::new();
            for invoice in list(&page, "items")? {
                invoices.push((invoice.clone(), timeline::read(&client, text(invoice, "id")?)?));
            }
            invoices.sort_by_key(|(invoice, _)| text(invoice, "dueDate").unwrap_or_default().to_owned());
            Ok((made, Demo { subscription: subscription::read(&client)?, portal, invoices }))
        },
        |(made, demo)| {
            let count = demo.invoices.len();
            let subscription = demo.subscription.told();
            Some(format!("{ORGANIZATION} ({subscription}), {count} invoices, {made} of them new"))
        },
    )
    .map(|(_, demo)| demo)
}

impl Demo {
    /// Prints the sign-in, what will happen when, and what to try at the page of the `inbox`.
    pub fn tell(&self, inbox: &str) {
        println!("\n  sign in as         {EMAIL}\n  password           {PASSWORD}");
        println!("\n{}", bold(format!("{ORGANIZATION}: what leaves when")));
        for (invoice, timeline) in &self.invoices {
            println!(
                "\n  {} · {} · {} · due {} · {}",
                bold(field(invoice, "numero")),
                timeline.client_name,
                euros(invoice),
                field(invoice, "dueDate"),
                field(invoice, "status")
            );
            timeline.print("    ");
        }
        self.tell_what_to_try(inbox);
        if let Some(portal) = &self.portal {
            println!(
                "\nIts subscription: {}. Stripe is played here, and no card is real:\n  {portal}\n\
                 is its portal, where you say what happens next: the end of the trial is announced (the recap comes\n\
                 to the inbox), a payment fails, the plan is changed or cancelled.",
                self.subscription.told()
            );
        }
    }

    fn with_checkin(&self, status: &'static str) -> impl Iterator<Item = &Timeline> {
        let timelines = self.invoices.iter().map(|(_, timeline)| timeline);
        timelines.filter(move |timeline| timeline.checkin_status().0 == status)
    }

    /// Prints how to answer the check-ins.
    fn tell_what_to_try(&self, inbox: &str) {
        let soon = self
            .with_checkin("scheduled")
            .filter_map(|timeline| timeline::at(timeline.checkin()?).ok())
            .filter(|at| *at - clock::now() <= Duration::minutes(2))
            .max();
        if let Some(soon) = soon {
            println!(
                "\nUntil {} {FULL_NAME} is asked by mail which of the late invoices were paid.\n\
                 Open the mail in {inbox} and answer by its links: “Non, pas encore” lets\n\
                 the reminder leave at once, “Oui, elle est payée” calls all of them off. Links that are clicked\n\
                 within {} s of the mail ask for a button to be pressed, as mail scanners open them too.",
                timeline::clock_time(soon),
                QUIET.as_secs()
            );
        }
        match self.with_checkin("sent").count() {
            0 => {}
            open => println!(
                "\nNot answered yet: {open}. The mails that asked went with the inbox of that run; reminders leave\n\
                 when the time to answer is over. `mark-paid` settles an invoice as well."
            ),
        }
    }
}

fn signed_in(addresses: &Addresses) -> Result<Client> {
    let mut client = Client::new(format!("{}/api/v1", addresses.api));
    let answer = client.try_post("/auth/login", &json!({ "email": EMAIL, "password": PASSWORD }))?;
    let is_new = answer.status == 401;
    let session = match answer.status {
        200..=299 => answer.body,
        401 => client.post(
            "/auth/signup",
            &json!({
                "email": EMAIL,
                "password": PASSWORD,
                "fullName": FULL_NAME,
                "organizationName": ORGANIZATION,
            }),
        )?,
        _ => answer.expected("POST", "/auth/login")?,
    };
    client.sign_in_with(text(&session, "accessToken")?.to_owned());
    let mailbox = Mailbox::of(addresses);
    if is_new {
        verification::verify(&client, &mailbox, EMAIL)?;
        client.patch("/organization", &organization_details())?;
    } else {
        verification::verify_if_needed(&client, &mailbox, &session)?;
    }
    Ok(client)
}

/// The creditor's side of a formal notice.
fn organization_details() -> Value {
    json!({
        "address": { "line1": "8 rue de la Scierie", "postalCode": "37000", "city": "Tours", "country": "FR" },
        "siren": "552100554",
        "latePenaltyBasisPoints": 1215,
    })
}

/// Gives the joinery the trial of Pro if it never had one, since the free plan would chase two of its invoices and
/// refuse the others. Returns the address of its portal. With Stripe itself there is no card to enter.
fn subscribe(client: &Client, addresses: &Addresses) -> Result<Option<String>> {
    let Some(stripe) = &addresses.stripe else { return Ok(None) };
    if subscription::read(client)?.status().is_none() {
        subscription::start_trial(client, &Player::of(stripe))?;
    }
    let portal = client.try_post("/billing/portal", &Value::Null)?;
    Ok(portal
        .expected("POST", "/billing/portal")
        .ok()
        .and_then(|body| text(&body, "url").ok().map(str::to_owned)))
}

/// Clients and invoices of the joinery. Amounts are net of 20 % of VAT; an invoice is due so many days from today.
const JOINERY: &str = include_str!("demo/joinery.json");

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct DemoInvoice {
    number: u32,
    client: String,
    work: String,
    /// Round enough for whole cents with VAT.
    net_cents: u64,
    due_in_days: i64,
    paid: bool,
}

/// Creates the missing invoices until the plan allows no more, and returns their number.
fn make_invoices(client: &Client) -> Result<usize> {
    let today = clock::today();
    let joinery: Value = serde_json::from_str(JOINERY)?;
    let page = client.get("/invoices?limit=200")?;
    let known: Vec<&str> =
        list(&page, "items")?.iter().filter_map(|invoice| invoice.get("numero")?.as_str()).collect();
    let mut clients = known_clients(client)?;
    let mut made = 0_usize;
    for invoice in list(&joinery, "invoices")? {
        let invoice = DemoInvoice::deserialize(invoice)?;
        // Numbers are looked for without their year, so that the demo of December is not doubled in January.
        let number = format!("-{:04}", invoice.number);
        if known.iter().any(|numero| numero.ends_with(&number)) {
            continue;
        }
        if !clients.contains_key(&invoice.client) {
            let is_meant = |one: &&Value| text(one, "name").is_ok_and(|name| name == invoice.client);
            let body = list(&joinery, "clients")?.iter().find(is_meant).context("an unknown client")?;
            let id = text(&client.post("/clients", body)?, "id")?.to_owned();
            clients.insert(invoice.client.clone(), id);
        }
        let due = shifted(today, invoice.due_in_days)?;
        let issued = shifted(due.min(today), -30)?;
        let answer = client.try_post(
            "/invoices",
            &json!({
                "clientId": clients.get(&invoice.client),
                "numero": format!("F{}{number}", issued.year()),
                "amountTtcCents": invoice.net_cents / 5 * 6,
                "currency": "EUR",
                "issueDate": issued.to_string(),
                "dueDate": due.to_string(),
                "items": [{ "description": invoice.work, "unitPriceCents": invoice.net_cents }],
            }),
        )?;
        if answer.status == PLAN_LIMIT_REACHED {
            break;
        }
        let created = answer.expected("POST", "/invoices")?;
        if invoice.paid {
            let path = format!("/invoices/{}/mark-paid", text(&created, "id")?);
            client.post(&path, &json!({ "method": "transfer" }))?;
        }
        made = made.saturating_add(1);
    }
    Ok(made)
}

fn known_clients(client: &Client) -> Result<HashMap<String, String>> {
    let page = client.get("/clients?limit=200")?;
    list(&page, "items")?
        .iter()
        .map(|known| Ok((text(known, "name")?.to_owned(), text(known, "id")?.to_owned())))
        .collect()
}

/// So many days later.
pub fn shifted(date: Date, days: i64) -> Result<Date> {
    match date.checked_add(Duration::days(days)) {
        Some(date) => Ok(date),
        None => bail!("the calendar ends before {days} days from {date}"),
    }
}
