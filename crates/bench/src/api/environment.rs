//! The API over a filled database, and the people who are signed in there.

use std::net::SocketAddr;

use anyhow::{Context as _, Result};
use rubis_chaos::{Api, PASSWORD, email};
use rubis_devkit::http::text;
use serde_json::{Value, json};

use super::fill::{self, Size};
use super::http::{self, Connection};
use crate::Machine;

const LARGEST_PAGE: u32 = 200;

/// Most rows that are read to reach the middle of a list: each page counts as a request of the organization.
const DEEPEST: u32 = 20_000;

pub struct Environment {
    api: Api,
    pub address: SocketAddr,
    pub size: Size,
    pub database: String,
    pub database_url: String,
    /// The organizations that share one half of the invoices.
    pub small: Vec<Tenant>,
    pub large: Tenant,
}

/// A signed-in user, and the values of their requests.
#[derive(Clone, Debug)]
pub struct Tenant {
    pub token: String,
    pub clients: Vec<String>,
    /// Numbers of invoices from the middle of the list, at least one.
    pub numbers: Vec<String>,
    /// The cursor with which the list of invoices goes on in its middle.
    pub middle: String,
}

impl Environment {
    /// Fills a database, starts the API over it, and signs the owner of every organization in.
    pub async fn open(machine: &Machine, size: Size) -> Result<Self> {
        let database = fill::database(size);
        let database_url = fill::fill(machine, &database, size).await?;
        let prefix = format!("bench-{database}");
        let settings = [
            // The organizations have more invoices than any plan allows.
            ("BILLING_FREE_INVOICES", "unlimited"),
            ("REDIS_PREFIX", prefix.as_str()),
            ("ACCESS_TOKEN_TTL_MINUTES", "1440"),
            // Sign-ins are limited by client address, and these all come from one.
            ("TRUSTED_PROXIES", "127.0.0.1"),
        ];
        let api = machine.servers.api(&database, &database_url, &settings)?;
        let address = api.address;
        let mut connection = Connection::open(address).await?;
        let large = Tenant::sign_in(&mut connection, 0, size.of_the_large_one()).await?;
        let mut small = Vec::new();
        for organization in 1..=size.small_organizations {
            small.push(Tenant::sign_in(&mut connection, organization, size.of_a_small_one()).await?);
        }
        Ok(Self { api, address, size, database, database_url, small, large })
    }

    pub fn start_again(&mut self) -> Result<()> {
        self.api.kill()?;
        self.api.start_again()
    }

    /// Processor time that the API has taken since it was started, in seconds.
    pub fn processor_time(&self) -> Result<f64> {
        crate::cpu::taken_alone(self.api.process_id().context("the API does not run")?)
    }
}

impl Tenant {
    async fn sign_in(connection: &mut Connection, organization: u32, invoices: u32) -> Result<Self> {
        let body =
            json!({ "email": email(usize::try_from(organization)?), "password": PASSWORD }).to_string();
        let from = format!("X-Forwarded-For: 10.{}.{}.1", organization / 250, organization % 250);
        let answer: Value =
            serde_json::from_slice(connection.ask(&http::post("/auth/login", &from, &body)).await?)?;
        let token = text(&answer, "accessToken")?.to_owned();
        let clients = ask(connection, &format!("/clients?limit={LARGEST_PAGE}"), &token).await?;
        let clients = texts(&clients, "id");
        // To the middle of the list, page by page.
        let mut ahead = (invoices / 2).clamp(1, DEEPEST);
        let mut cursor = String::new();
        let numbers = loop {
            let limit = ahead.min(LARGEST_PAGE);
            let page = ask(connection, &format!("/invoices?limit={limit}{cursor}"), &token).await?;
            cursor = format!("&cursor={}", http::in_query(text(&page, "nextCursor")?));
            ahead -= limit;
            if ahead == 0 {
                break texts(&page, "numero");
            }
        };
        Ok(Self { token, clients, numbers, middle: cursor.trim_start_matches("&cursor=").to_owned() })
    }
}

async fn ask(connection: &mut Connection, path: &str, token: &str) -> Result<Value> {
    Ok(serde_json::from_slice(connection.ask(&http::get(path, token)).await?)?)
}

fn texts(page: &Value, field: &str) -> Vec<String> {
    let rows = page.get("items").and_then(Value::as_array);
    rows.into_iter().flatten().filter_map(|row| row.get(field)?.as_str().map(str::to_owned)).collect()
}
