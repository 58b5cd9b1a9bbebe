//! Classifies the replies of a server by the stage of the conversation.

use std::error::Error as _;

use lettre::transport::smtp::Error as SmtpError;
use rubis_kernel::{MailFailure, ServerReply};

use crate::error::SendError;

/// Stage of the conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    /// The greeting, `EHLO` and `STARTTLS`: about us.
    Greeting,
    /// `AUTH`: about us.
    SignIn,
    /// `MAIL FROM`: about our sender address.
    Mail,
    /// `RCPT TO`: about the recipient.
    Recipient,
    /// `DATA` and what follows: about the message.
    Content,
}

/// Reply code "Service not available, closing the connection".
const CLOSING: u16 = 421;
/// Reply codes for authentication that is required, refused, or only accepted over TLS.
const ABOUT_CREDENTIALS: [u16; 3] = [530, 535, 538];

/// Enhanced codes (RFC 3463) about the server itself or our quota, in reply to any command: its mail system (X.3.x),
/// congestion (X.4.5), and 5.4.5, with which Gmail reports that the day's quota is used up.
const ABOUT_SERVER: [&str; 2] = ["3.", "4.5"];
/// Words by which servers limit our rate with codes that have other meanings elsewhere.
const ABOUT_RATE: [&str; 7] = [
    "rate limit",
    "too many messages",
    "too many connections",
    "sending quota",
    "sending limit",
    "daily user sending",
    "throttl",
];

/// Classifies a failure by the reaction to it.
pub(super) fn classify(error: &SmtpError, stage: Stage) -> SendError {
    let reason = error.to_string();
    let is_about_mail = matches!(stage, Stage::Recipient | Stage::Content);
    match error.status().map(u16::from) {
        Some(code) if is_about_mail => {
            if error.is_permanent() && (ABOUT_CREDENTIALS.contains(&code) || refuses_to_relay(&reason)) {
                SendError::configuration(reason)
            // A server that closes the connection reports about itself.
            } else if code == CLOSING || limits_us(&reason, error.is_permanent()) {
                SendError::unavailable(reason)
            } else if error.is_permanent() {
                SendError::Rejected { code, reason, reply: reply(error) }
            } else {
                let failure = MailFailure::Deferred(reply(error));
                SendError::Transient { reason, retry_after: None, failure }
            }
        }
        Some(_) if error.is_permanent() => SendError::configuration(reason),
        // lettre found no way to sign in that both sides support.
        None if stage == Stage::SignIn && error.is_client() => SendError::configuration(reason),
        // The content may be the cause of the server's failure, so that this counts as an attempt.
        None if stage == Stage::Content => SendError::transient(reason),
        None if stage == Stage::Recipient => SendError::failed_on_mail(reason),
        Some(_) | None => SendError::unavailable(reason),
    }
}

/// Reports whether a reply to a recipient or to a content is about the server or our rate.
fn limits_us(reason: &str, is_permanent: bool) -> bool {
    let reason = without_addresses(&reason.to_ascii_lowercase());
    let enhanced = reason
        .split(' ')
        .find_map(|word| word.strip_prefix("4.").or_else(|| word.strip_prefix("5.")))
        .unwrap_or_default();
    // X.3.x of a permanent rejection is about this mail: too big, or an unknown addressee.
    let is_about_server = |code: &str| enhanced.starts_with(code) && !(is_permanent && code == "3.");
    ABOUT_SERVER.into_iter().any(is_about_server) || ABOUT_RATE.iter().any(|words| reason.contains(words))
}

/// Returns the text of the server's reply, without its code.
fn reply(error: &SmtpError) -> Option<ServerReply> {
    ServerReply::new(&error.source()?.to_string())
}

/// Reports whether the connection is closed, or about to be.
pub(super) fn is_lost(error: &SmtpError) -> bool {
    error.status().is_none_or(|code| u16::from(code) == CLOSING)
}

/// Reports whether the server refuses to relay. Servers reject each recipient of a sender that they do not know, with
/// the same code as for a recipient that does not exist. Only the words differ.
fn refuses_to_relay(reason: &str) -> bool {
    let reason = without_addresses(&reason.to_ascii_lowercase());
    reason.contains("relay")
        && (reason.contains("denied") || reason.contains("not permitted") || reason.contains("5.7."))
}

/// Removes the addresses that a reply repeats, since users write them: one must not look like a rejection of us.
fn without_addresses(reply: &str) -> String {
    let words = reply.split(|character: char| character.is_whitespace() || "<>()[]\"',;".contains(character));
    words.filter(|word| !word.contains('@')).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reply_about_our_rate_or_the_server_is_distinguished_from_one_about_the_mailbox() {
        for ours in [
            "transient error (452): 4.3.1 Insufficient system storage",
            "transient error (451): 4.3.2 Please try again later",
            "permanent error (550): 5.4.5 Daily user sending limit exceeded",
            "transient error (451): 4.4.5 Server busy",
            "transient error (450): 4.7.1 Rate limit exceeded for sender",
            "permanent error (554): 5.7.0 Your message could not be sent: hourly sending quota used up",
        ] {
            assert!(limits_us(ours, ours.starts_with("permanent")), "{ours}");
        }
        for theirs in [
            "transient error (452): 4.2.2 The mailbox is over quota",
            "transient error (450): 4.7.1 <a@b.fr>: Recipient address rejected: Greylisted",
            "transient error (450): 4.7.1 <rate.limit@b.fr>: Greylisted",
            "permanent error (550): 5.1.1 <4.3.1@b.fr>: Recipient unknown",
            "transient error (452): 4.5.3 Too many recipients",
            "transient error (450): 450 busy",
            "permanent error (552): 5.3.4 Message too big for system",
            "permanent error (553): 5.3.0 Addressee unknown",
        ] {
            assert!(!limits_us(theirs, theirs.starts_with("permanent")), "{theirs}");
        }
    }

    #[test]
    fn a_relay_that_is_denied_is_our_fault_and_an_unknown_user_is_not() {
        for ours in [
            "permanent error (554): 5.7.1 <a@b.fr>: Relay access denied",
            "permanent error (550): 5.7.1 Unable to relay",
            "permanent error (550): Relaying denied. Proper authentication required.",
        ] {
            assert!(refuses_to_relay(ours), "{ours}");
        }
        for theirs in [
            "permanent error (550): 5.1.1 <relay@b.fr>: Recipient unknown",
            "permanent error (550): 5.7.1 Message refused by policy",
            "permanent error (550): 5.1.1 <relay-denied@b.fr>: Recipient address rejected: User unknown",
            "permanent error (550): 5.7.1 relay@b.fr refused by policy",
        ] {
            assert!(!refuses_to_relay(theirs), "{theirs}");
        }
    }
}
