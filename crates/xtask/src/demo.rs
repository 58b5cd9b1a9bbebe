//! The demo organization: a joinery with a handful of invoices, made over HTTP as its staff would.

use std::collections::HashMap;

use anyhow::{Result, bail};
use serde_json::{Value, json};
use time::{Date, Duration};

use crate::clock;
use crate::http::{Client, list, text};
use crate::stack::{Addresses, QUIET};
use crate::terminal::{bold, step_with};
use crate::timeline::{self, Timeline, euros};

const EMAIL: &str = "camille.vasseur@menuiserie-vasseur.example";
const PASSWORD: &str = "chene-massif-2026";
const FULL_NAME: &str = "Camille Vasseur";
const ORGANIZATION: &str = "Menuiserie Vasseur";

/// A client of the joinery.
struct DemoClient {
    name: &'static str,
    email: &'static str,
    street: &'static str,
    postal_code: &'static str,
    city: &'static str,
}

const TILLEULS: DemoClient = DemoClient {
    name: "SCI Les Tilleuls",
    email: "gestion@sci-les-tilleuls.example",
    street: "14 rue des Halles",
    postal_code: "37000",
    city: "Tours",
};
const DELMAS: DemoClient = DemoClient {
    name: "Delmas Architectes",
    email: "comptabilite@delmas-architectes.example",
    street: "3 quai du Châtelet",
    postal_code: "45000",
    city: "Orléans",
};
const AUGUSTINE: DemoClient = DemoClient {
    name: "Boulangerie Augustine",
    email: "bonjour@boulangerie-augustine.example",
    street: "27 rue du Commerce",
    postal_code: "41000",
    city: "Blois",
};
const POSTE: DemoClient = DemoClient {
    name: "Hôtel de la Poste",
    email: "direction@hotel-poste-amboise.example",
    street: "5 place Michel-Debré",
    postal_code: "37400",
    city: "Amboise",
};
const PRUVOST: DemoClient = DemoClient {
    name: "Garage Pruvost et Fils",
    email: "atelier@garage-pruvost.example",
    street: "62 route de Blois",
    postal_code: "41100",
    city: "Vendôme",
};

/// An invoice of the joinery. It is due so many days from now, before now if negative.
struct DemoInvoice {
    number: u32,
    client: &'static DemoClient,
    work: &'static str,
    net_cents: u64,
    due_in_days: i64,
    paid: bool,
}

impl DemoInvoice {
    /// With 20 % of VAT; the net amounts are round enough for whole cents.
    const fn total_cents(&self) -> u64 {
        self.net_cents / 5 * 6
    }
}

const INVOICES: [DemoInvoice; 6] = [
    DemoInvoice {
        number: 148,
        client: &DELMAS,
        work: "Bibliothèque en chêne massif, pose comprise",
        net_cents: 1_070_000,
        due_in_days: 18,
        paid: false,
    },
    DemoInvoice {
        number: 141,
        client: &AUGUSTINE,
        work: "Comptoir de vente et présentoirs",
        net_cents: 197_000,
        due_in_days: 0,
        paid: false,
    },
    DemoInvoice {
        number: 136,
        client: &POSTE,
        work: "Réfection de six portes palières",
        net_cents: 432_300,
        due_in_days: -4,
        paid: false,
    },
    DemoInvoice {
        number: 129,
        client: &TILLEULS,
        work: "Remplacement d'une fenêtre sur cour",
        net_cents: 78_400,
        due_in_days: -12,
        paid: false,
    },
    DemoInvoice {
        number: 112,
        client: &PRUVOST,
        work: "Agencement de l'accueil et du bureau",
        net_cents: 306_000,
        due_in_days: -40,
        paid: false,
    },
    DemoInvoice {
        number: 131,
        client: &DELMAS,
        work: "Escalier droit en frêne",
        net_cents: 619_000,
        due_in_days: -9,
        paid: true,
    },
];

/// What was made, or was there already, ready to be shown.
pub struct Demo {
    invoices: Vec<(Value, Timeline)>,
}

/// Makes what is not there yet, and reads how things stand.
///
/// # Errors
/// When the API refuses something, with its reason.
pub fn seed(addresses: &Addresses) -> Result<Demo> {
    step_with(
        "demo organization",
        || {
            let client = signed_in(addresses)?;
            let made = make_invoices(&client)?;
            let page = client.get("/invoices?limit=200")?;
            let mut invoices = Vec::new();
            for invoice in list(&page, "items")? {
                invoices.push((invoice.clone(), timeline::read(&client, text(invoice, "id")?)?));
            }
            invoices.sort_by_key(|(invoice, _)| text(invoice, "dueDate").unwrap_or_default().to_owned());
            Ok((made, Demo { invoices }))
        },
        |(made, demo)| {
            let count = demo.invoices.len();
            Some(format!("{ORGANIZATION}, {count} invoices, {made} of them new"))
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
            let field = |key: &str| invoice.get(key).and_then(Value::as_str).unwrap_or("?");
            println!(
                "\n  {} · {} · {} · due {} · {}",
                bold(field("numero")),
                timeline.client_name,
                euros(invoice),
                field("dueDate"),
                field("status")
            );
            timeline.print("    ");
        }
        self.tell_what_to_try(inbox);
    }

    fn with_checkin(&self, status: &'static str) -> impl Iterator<Item = &Timeline> {
        let timelines = self.invoices.iter().map(|(_, timeline)| timeline);
        timelines.filter(move |timeline| timeline.checkin_status().0 == status)
    }

    /// What a person can do about what is asked.
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

/// Signs in, or signs up the first time.
fn signed_in(addresses: &Addresses) -> Result<Client> {
    let mut client = Client::new(format!("{}/api/v1", addresses.api));
    let answer = client.try_post("/auth/login", &json!({ "email": EMAIL, "password": PASSWORD }))?;
    let tokens = match answer.status {
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
    client.sign_in_with(text(&tokens, "accessToken")?.to_owned());
    Ok(client)
}

/// Makes the invoices that are not there, and answers how many that were.
fn make_invoices(client: &Client) -> Result<usize> {
    let today = clock::today();
    let page = client.get("/invoices?limit=200")?;
    let known: Vec<&str> =
        list(&page, "items")?.iter().filter_map(|invoice| invoice.get("numero")?.as_str()).collect();
    let mut clients = known_clients(client)?;
    let mut made = 0_usize;
    for invoice in &INVOICES {
        // Numbers are looked for without their year, so that the demo of December is not doubled in January.
        let number = format!("-{:04}", invoice.number);
        if known.iter().any(|numero| numero.ends_with(&number)) {
            continue;
        }
        let client_id = match clients.get(invoice.client.name) {
            Some(id) => id.clone(),
            None => {
                let id = make_client(client, invoice.client)?;
                clients.insert(invoice.client.name.to_owned(), id.clone());
                id
            }
        };
        let due = shifted(today, invoice.due_in_days)?;
        let issued = shifted(due.min(today), -30)?;
        let created = client.post(
            "/invoices",
            &json!({
                "clientId": client_id,
                "numero": format!("F{}{number}", issued.year()),
                "amountTtcCents": invoice.total_cents(),
                "currency": "EUR",
                "issueDate": issued.to_string(),
                "dueDate": due.to_string(),
                "items": [{ "description": invoice.work, "unitPriceCents": invoice.net_cents }],
            }),
        )?;
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

fn make_client(client: &Client, wanted: &DemoClient) -> Result<String> {
    let address = json!({
        "line1": wanted.street,
        "postalCode": wanted.postal_code,
        "city": wanted.city,
        "country": "FR",
    });
    let body = json!({ "name": wanted.name, "email": wanted.email, "address": address });
    let created = client.post("/clients", &body)?;
    Ok(text(&created, "id")?.to_owned())
}

/// So many days later.
///
/// # Errors
/// At the end of the calendar.
pub fn shifted(date: Date, days: i64) -> Result<Date> {
    match date.checked_add(Duration::days(days)) {
        Some(date) => Ok(date),
        None => bail!("the calendar ends before {days} days from {date}"),
    }
}
