//! What a server's refusal means depends on when it came.

use std::error::Error as _;

use lettre::transport::smtp::Error as SmtpError;
use rubis_kernel::{MailFailure, ServerReply};

use crate::error::SendError;

/// The moment of the conversation.
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

/// "Service not available, closing the connection."
const CLOSING: u16 = 421;
/// Authentication required, refused, or only taken over TLS.
const ABOUT_CREDENTIALS: [u16; 3] = [530, 535, 538];

/// What to do about a failure.
pub(super) fn classify(error: &SmtpError, stage: Stage) -> SendError {
    let reason = error.to_string();
    match error.status().map(u16::from) {
        Some(code) if error.is_permanent() => {
            let about_us = match stage {
                Stage::Greeting | Stage::SignIn | Stage::Mail => true,
                Stage::Recipient | Stage::Content => {
                    ABOUT_CREDENTIALS.contains(&code) || refuses_to_relay(&reason)
                }
            };
            if about_us {
                SendError::configuration(reason)
            } else {
                SendError::Rejected { code, reason, reply: reply(error) }
            }
        }
        // A server that closes the connection speaks of itself.
        Some(code) if code != CLOSING && matches!(stage, Stage::Recipient | Stage::Content) => {
            SendError::Transient { reason, retry_after: None, failure: MailFailure::Deferred(reply(error)) }
        }
        Some(_) => SendError::transient(reason),
        // lettre found no way to sign in that both sides know.
        None if stage == Stage::SignIn && error.is_client() => SendError::configuration(reason),
        None => SendError::transient(reason),
    }
}

/// The text of the server's reply, without its code.
fn reply(error: &SmtpError) -> Option<ServerReply> {
    ServerReply::new(&error.source()?.to_string())
}

/// Whether the connection is gone, or about to be.
pub(super) fn is_lost(error: &SmtpError) -> bool {
    error.status().is_none_or(|code| u16::from(code) == CLOSING)
}

/// Servers answer a sender that they do not know by refusing each recipient, with the same code as for a
/// recipient that does not exist. Only the words differ.
fn refuses_to_relay(reason: &str) -> bool {
    let reason = without_addresses(&reason.to_ascii_lowercase());
    reason.contains("relay")
        && (reason.contains("denied") || reason.contains("not permitted") || reason.contains("5.7."))
}

/// A reply without the addresses it repeats, which are written by users: one must not read as a refusal of us.
fn without_addresses(reply: &str) -> String {
    let words = reply.split(|character: char| character.is_whitespace() || "<>()[]\"',;".contains(character));
    words.filter(|word| !word.contains('@')).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

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
