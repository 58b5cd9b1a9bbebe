//! Sends by Resend's HTTP API.

use std::collections::BTreeMap;
use std::time::Duration;

use async_trait::async_trait;
use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderValue, RETRY_AFTER};
use reqwest::redirect::Policy;
use reqwest::{Client, StatusCode};
use rubis_kernel::{Email, MailFailure, Mailbox};
use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize};
use url::Url;

use crate::alarm::Alarm;
use crate::error::{MailerError, SendError};
use crate::message::{self, InvalidMessage};
use crate::settings::ResendSettings;
use crate::{Mailer, Receipt};

/// Sends by Resend's HTTP API.
pub struct ResendMailer {
    client: Client,
    emails: Url,
    alarm: Alarm,
}

/// The body of `POST /emails`.
#[derive(Debug, Serialize)]
struct NewEmail<'a> {
    from: String,
    to: [String; 1],
    #[serde(skip_serializing_if = "Vec::is_empty")]
    cc: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    bcc: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reply_to: Option<String>,
    subject: &'a str,
    text: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    html: Option<&'a str>,
    headers: Headers,
}

#[derive(Debug, Serialize)]
struct Headers {
    #[serde(rename = "Message-ID")]
    message_id: String,
    #[serde(rename = "References", skip_serializing_if = "Option::is_none")]
    references: Option<String>,
    #[serde(flatten)]
    automatic: BTreeMap<&'static str, &'static str>,
}

#[derive(Debug, Deserialize)]
struct Accepted {
    id: String,
}

/// Resend's response to a request that it rejects.
#[derive(Debug, Default, Deserialize)]
struct Problem {
    #[serde(default)]
    name: String,
    #[serde(default)]
    message: String,
}

impl ResendMailer {
    /// Creates a mailer for this account.
    ///
    /// # Errors
    /// The key cannot be sent in a header, or the address is not one of HTTP.
    pub fn new(settings: ResendSettings) -> Result<Self, MailerError> {
        let refused = |reason: &str| MailerError { reason: reason.to_owned() };
        let mut authorization = HeaderValue::try_from(format!("Bearer {}", settings.api_key.expose_secret()))
            .map_err(|_| refused("the Resend key contains characters that no key has"))?;
        authorization.set_sensitive(true);
        let mut emails = settings.api_base;
        emails
            .path_segments_mut()
            .map_err(|()| refused("the address of Resend's API is not one of HTTP"))?
            .pop_if_empty()
            .push("emails");
        let client = Client::builder()
            .timeout(settings.timeout)
            // A redirection would send the key to another server.
            .redirect(Policy::none())
            .default_headers(HeaderMap::from_iter([(AUTHORIZATION, authorization)]))
            .build()
            .map_err(|error| refused(&format!("no HTTP client: {error}")))?;
        Ok(Self { client, emails, alarm: Alarm::default() })
    }

    async fn post(&self, email: &Email) -> Result<Receipt, SendError> {
        // Resend rejects a whole mail for one address beyond ASCII.
        let (email, refused_copies) = message::without_international_copies(email);
        let body = new_email(&email)?;
        let request = self.client.post(self.emails.clone()).header("Idempotency-Key", &email.idempotency_key);
        let response = request.json(&body).send().await.map_err(|error| broken(&error))?;
        let status = response.status();
        if status.is_success() {
            // Accepted, whatever the body looks like: another request would only repeat the mail.
            let reference = response.json::<Accepted>().await.ok().map(|accepted| accepted.id);
            return Ok(Receipt { reference, refused_copies });
        }
        let retry_after = retry_after(response.headers());
        let problem = response.json::<Problem>().await.unwrap_or_default();
        Err(classify(status, retry_after, &problem))
    }
}

#[async_trait]
impl Mailer for ResendMailer {
    async fn send(&self, email: &Email) -> Result<Receipt, SendError> {
        let outcome = self.post(email).await;
        self.alarm.observe(&outcome);
        outcome
    }
}

fn new_email(email: &Email) -> Result<NewEmail<'_>, InvalidMessage> {
    message::check(email)?;
    let person = |field: &str, mailbox: &Mailbox| Ok(message::mailbox(field, mailbox)?.to_string());
    Ok(NewEmail {
        from: person("from", &email.from)?,
        to: [person("to", &email.to)?],
        cc: email.cc.iter().map(|copy| person("cc", copy)).collect::<Result<_, _>>()?,
        bcc: email.bcc.iter().map(|copy| person("bcc", copy)).collect::<Result<_, _>>()?,
        reply_to: email.reply_to.as_ref().map(|mailbox| person("reply_to", mailbox)).transpose()?,
        subject: &email.subject,
        text: &email.text,
        html: email.html.as_deref(),
        headers: Headers {
            message_id: format!("<{}>", email.message_id),
            references: email.references.as_ref().map(|earlier| format!("<{earlier}>")),
            automatic: message::AUTOMATIC.into(),
        },
    })
}

fn classify(status: StatusCode, retry_after: Option<Duration>, problem: &Problem) -> SendError {
    let reason = format!("{status} {}: {}", problem.name, problem.message);
    match status {
        StatusCode::UNAUTHORIZED
        | StatusCode::FORBIDDEN
        | StatusCode::NOT_FOUND
        | StatusCode::METHOD_NOT_ALLOWED => SendError::configuration(reason),
        // Our rate limit, or the quota of the day or the month.
        StatusCode::TOO_MANY_REQUESTS | StatusCode::REQUEST_TIMEOUT => {
            SendError::Unavailable { reason, retry_after, may_have_left: false, may_be_the_mail: false }
        }
        // The first request with this key is still being processed.
        StatusCode::CONFLICT if problem.name == "concurrent_idempotent_requests" => {
            // This is the provider's text, not that of the recipient's mail server.
            SendError::Transient { reason, retry_after, failure: MailFailure::Unreachable }
        }
        _ if status.is_client_error() => SendError::Rejected { code: status.as_u16(), reason, reply: None },
        _ if status.is_redirection() => SendError::configuration(reason),
        _ => {
            // A gateway sends this if it got no response from its server.
            let may_have_left = matches!(status, StatusCode::BAD_GATEWAY | StatusCode::GATEWAY_TIMEOUT);
            let may_be_the_mail = status != StatusCode::SERVICE_UNAVAILABLE;
            SendError::Unavailable { reason, retry_after, may_have_left, may_be_the_mail }
        }
    }
}

/// Returns the number of seconds requested by the provider; Resend does not use the form with a date.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let seconds = headers.get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()?;
    Some(Duration::from_secs(seconds))
}

/// Creates the error for a missing response. The error's text contains the address, never the key.
fn broken(error: &reqwest::Error) -> SendError {
    let what = if error.is_timeout() { "Resend did not answer in time" } else { "Resend cannot be reached" };
    SendError::Unavailable {
        reason: format!("{what}: {error}"),
        retry_after: None,
        may_have_left: !error.is_connect() && !error.is_builder(),
        may_be_the_mail: !error.is_connect(),
    }
}
