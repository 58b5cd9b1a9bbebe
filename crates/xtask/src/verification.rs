//! Verification of an account's address, by the link of its mail.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

use crate::mailbox::Mailbox;
use rubis_devkit::http::{Client, text};
use rubis_devkit::interrupt;

const LIMIT: Duration = Duration::from_secs(30);

/// The start of the token in the link, which is in the fragment of the SPA's page.
const LINK: &str = "/verification#token=";

/// The token of a verification mail; `None` for any other mail.
pub fn token(mail: &Value) -> Option<String> {
    let (_, after) = text(mail, "text").ok()?.split_once(LINK)?;
    Some(after.split_whitespace().next()?.to_owned())
}

/// Waits for the latest verification mail to an address, and posts its token. Returns the mail.
pub fn verify(client: &Client, mailbox: &Mailbox, recipient: &str) -> Result<Value> {
    let latest = || {
        let mails = mailbox.to(recipient)?;
        Ok(mails.into_iter().rev().find_map(|mail| token(&mail).map(|token| (mail, token))))
    };
    let (mail, token) = interrupt::poll(LIMIT, Duration::from_millis(250), latest)?
        .with_context(|| format!("no verification mail reached {recipient} within {LIMIT:?}"))?;
    client.post("/auth/email/verify", &json!({ "token": token }))?;
    Ok(mail)
}

/// As [`verify`], for an owner: no mail is sent on behalf of their organization before.
pub fn verify_sender(client: &Client, mailbox: &Mailbox, recipient: &str) -> Result<Value> {
    let may_send = || -> Result<bool> {
        let organization = client.get("/organization")?;
        organization.get("senderVerified").and_then(Value::as_bool).context("no `senderVerified`")
    };
    ensure!(!may_send()?, "an organization should not send before its owner's address is verified");
    let mail = verify(client, mailbox, recipient)?;
    ensure!(may_send()?, "an organization should send once its owner's address is verified");
    Ok(mail)
}

/// Verifies the address of an earlier account if need be, by another mail: the inbox of that run is gone.
pub fn verify_if_needed(client: &Client, mailbox: &Mailbox, session: &Value) -> Result<()> {
    let user = session.get("user");
    let is_verified = user.and_then(|user| user.get("emailVerified")).and_then(Value::as_bool);
    if is_verified != Some(false) {
        return Ok(());
    }
    client.post("/auth/email/resend", &Value::Null)?;
    verify(client, mailbox, text(user.unwrap_or(&Value::Null), "email")?).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_token_is_read_from_the_fragment_of_the_link() {
        let mail = json!({ "text": "Bonjour,\n\nhttp://localhost:5173/verification#token=a_B-9\n\nRubis\n" });
        assert_eq!(token(&mail).as_deref(), Some("a_B-9"));
        assert_eq!(token(&json!({ "text": "Bonjour,\n\nhttp://localhost:5173/checkin?token=x" })), None);
    }
}
