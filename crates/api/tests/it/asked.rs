//! Invoices with a check-in mail, and clients that open its links as a person or a machine would.

use reqwest::{
    Client, Method, RequestBuilder,
    header::{HeaderMap, HeaderName, HeaderValue},
    redirect::Policy,
};
use rubis_kernel::Email;
use rubis_testkit::{Answer, BROWSER_HEADERS, CreatedInvoice, Owner, TestApp};
use serde_json::Value;
use time::Duration;

/// Longer than the first moments after a mail, in which its links are not trusted, and than the period in
/// which both opened links are suspect.
const LATER: Duration = Duration::minutes(2);

/// An invoice whose check-in has arrived.
pub struct Asked<'app> {
    pub app: &'app TestApp,
    pub invoice: CreatedInvoice,
    pub token: String,
}

impl<'app> Asked<'app> {
    /// An invoice that is due today, asked about two minutes ago.
    pub async fn about_one(owner: &Owner<'app>) -> Self {
        let asked = Self::just_now(owner).await;
        owner.app.advance(LATER).await;
        asked
    }

    /// An invoice that is due today, asked about at this very moment.
    pub async fn just_now(owner: &Owner<'app>) -> Self {
        let before = owner.app.mails().len();
        if before > 0 {
            // Questions within ten minutes share a mail.
            owner.app.advance(Duration::minutes(10)).await;
        }
        let before = owner.app.mails().len();
        let invoice = owner.invoice().due_today().create().await;
        owner.app.advance(Duration::minutes(1)).await;
        let [token] = <[String; 1]>::try_from(asked_since(owner.app, before)).unwrap();
        Self { app: owner.app, invoice, token }
    }

    /// Invoices that are due the same day, asked about in one mail two minutes ago.
    pub async fn about_several(owner: &Owner<'app>, count: usize) -> Vec<Self> {
        let before = owner.app.mails().len();
        let due = owner.app.today() + Duration::days(1);
        let mut invoices = Vec::new();
        for _ in 0..count {
            invoices.push(owner.invoice().due_on(due).create().await);
        }
        // The next morning at nine in Paris, a Wednesday.
        owner.app.advance(Duration::hours(23)).await;
        let tokens = asked_since(owner.app, before);
        assert_eq!(tokens.len(), count, "one mail asks about all of them");
        owner.app.advance(LATER).await;
        let mut asked = Vec::new();
        for token in tokens {
            let state = owner.app.get(&format!("/api/v1/checkin/{token}")).await.expect(200);
            let numero = state.text_at("/invoice/numero");
            let invoice = invoices.iter().find(|invoice| invoice.numero == numero).unwrap().clone();
            asked.push(Self { app: owner.app, invoice, token });
        }
        asked
    }

    /// Returns the path of one of the addresses below the token.
    pub fn path(&self, what: &str) -> String {
        format!("/api/v1/checkin/{}/{what}", self.token)
    }

    /// Opens a link of the mail as a person does, without following the redirect.
    pub async fn open(&self, link: &str) -> Answer {
        open(self.app, &self.path(link)).await
    }

    /// Presses a button of the page.
    pub async fn press(&self, button: &str) -> Answer {
        let request = self.app.request(Method::POST, &self.path(button));
        self.app.send(request.header("X-Checkin-Button", self.button_value().await)).await
    }

    /// Answers several invoices of the mail by the button of the page.
    pub async fn answer(&self, answers: Value) -> Answer {
        let request = self.app.request(Method::POST, &self.path("answers")).json(&answers);
        self.app.send(request.header("X-Checkin-Button", self.button_value().await)).await
    }

    /// Returns the value that the page's buttons carry; empty if there is no page.
    pub async fn button_value(&self) -> String {
        let state = self.app.get(&format!("/api/v1/checkin/{}", self.token)).await;
        state.json["buttonValue"].as_str().unwrap_or_default().to_owned()
    }

    /// Returns the state of the check-in.
    pub async fn state(&self) -> Value {
        let mut state = self.app.get(&format!("/api/v1/checkin/{}", self.token)).await.expect(200).json;
        let value = state.as_object_mut().unwrap().remove("buttonValue").unwrap();
        assert!(!value.as_str().unwrap().contains(&self.token));
        state
    }

    /// Returns the address that a link leads to with this status.
    pub fn landing(&self, status: &str) -> String {
        format!("http://localhost:5173/checkin?status={status}#token={}", self.token)
    }

    /// Returns the status of the invoice.
    pub async fn invoice_status(&self, owner: &Owner<'_>) -> String {
        let invoice = owner.get(&format!("/invoices/{}", self.invoice.id)).await.expect(200);
        invoice.text_at("/status")
    }
}

/// A browser that stops where it is sent on.
pub fn browser() -> Client {
    let headers: HeaderMap = BROWSER_HEADERS
        .iter()
        .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)))
        .collect();
    Client::builder().redirect(Policy::none()).default_headers(headers).build().unwrap()
}

/// A program that sends these headers alone.
pub fn program(app: &TestApp, path: &str, headers: &[(&str, &str)]) -> RequestBuilder {
    let client = Client::builder().redirect(Policy::none()).build().unwrap();
    let request = client.get(format!("{}{path}", app.url));
    headers.iter().fold(request, |request, (name, value)| request.header(*name, *value))
}

/// A request of that browser.
pub fn visit(app: &TestApp, method: Method, path: &str) -> RequestBuilder {
    browser().request(method, format!("{}{path}", app.url))
}

/// Opens an address.
pub async fn open(app: &TestApp, path: &str) -> Answer {
    app.send(visit(app, Method::GET, path)).await
}

/// Opens the API's own page in a browser that came by a link with this token.
pub async fn open_page(app: &TestApp, token: &str, query: &str) -> Answer {
    let page = visit(app, Method::GET, &format!("/checkin{query}"));
    app.send(page.header(reqwest::header::COOKIE, format!("rubis_checkin={token}"))).await
}

/// The token that an answer gives to the page in its cookie, which nothing but that page gets.
pub fn token_for_page(answer: &Answer) -> String {
    let cookie = answer.header("set-cookie");
    assert!(cookie.ends_with("; HttpOnly; SameSite=Lax; Path=/checkin; Max-Age=3600"), "{cookie}");
    cookie.strip_prefix("rubis_checkin=").unwrap().split(';').next().unwrap().to_owned()
}

/// The tokens in the one mail that asked something after so many others.
fn asked_since(app: &TestApp, before: usize) -> Vec<String> {
    let asked: Vec<_> =
        app.mails().iter().skip(before).map(tokens).filter(|tokens| !tokens.is_empty()).collect();
    let [tokens] = <[Vec<String>; 1]>::try_from(asked).unwrap();
    tokens
}

/// The tokens in the links of a mail, in the order in which it asks.
pub fn tokens(mail: &Email) -> Vec<String> {
    let links = mail.text.split("/api/v1/checkin/").skip(1);
    let answers = links.filter_map(|rest| rest.split_once('/')).filter(|(_, rest)| rest.starts_with("paid"));
    let mut tokens: Vec<String> = answers.map(|(token, _)| token.to_owned()).collect();
    tokens.dedup();
    tokens
}

/// Sends a form to the page, as a browser does.
pub fn form(app: &TestApp, fields: &[(&str, &str)]) -> RequestBuilder {
    let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
    let form = "application/x-www-form-urlencoded";
    visit(app, Method::POST, "/checkin").header(reqwest::header::CONTENT_TYPE, form).body(body)
}
