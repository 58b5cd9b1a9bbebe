//! Composes an [`Email`] as an RFC 5322 message.
//!
//! Every header value is checked before anything is built: a control character in one of them could start another
//! header, or a body.

use std::fmt::Write as _;
use std::time::SystemTime;

use lettre::address::AddressError;
use lettre::message::header::{HeaderName, HeaderValue};
use lettre::message::{Mailbox, MultiPart, SinglePart};
use lettre::{Address, Message};
use rubis_kernel::{Email, EmailAddress, sha256};
use thiserror::Error;

/// Maximum length of an idempotency key accepted by providers, in bytes.
const MAX_IDEMPOTENCY_KEY: usize = 256;
/// Maximum length of a `Message-ID`: a header line may have 998 bytes, and this one cannot be folded.
const MAX_MESSAGE_ID: usize = 900;

/// Headers of every mail: no person wrote it (RFC 3834), and no absence notice or automatic reply is wanted, also from
/// Exchange, which uses another header.
pub(crate) const AUTOMATIC: [(&str, &str); 2] =
    [("Auto-Submitted", "auto-generated"), ("X-Auto-Response-Suppress", "OOF, AutoReply")];

/// Header with the trace of the mail. Resend gets none: it rejects a repetition with the same key and another header.
const TRACE: &str = "X-Trace-Id";

/// A mail that cannot be composed.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("the mail cannot be written: {field} {problem}")]
pub struct InvalidMessage {
    /// Part of the [`Email`], such as `cc[1].name`.
    pub field: String,
    /// Description of the fault.
    pub problem: &'static str,
}

/// Composes the message, dated `date`. The same mail with the same date gives the same bytes.
pub(crate) fn compose(email: &Email, date: SystemTime) -> Result<Message, InvalidMessage> {
    check(email)?;
    let mut builder = Message::builder()
        .date(date)
        .message_id(Some(format!("<{}>", email.message_id)))
        .from(mailbox("from", &email.from)?)
        .to(mailbox("to", &email.to)?)
        .subject(email.subject.clone());
    for (name, value) in AUTOMATIC {
        builder =
            builder.raw_header(HeaderValue::new(HeaderName::new_from_ascii_str(name), value.to_owned()));
    }
    if let Some(trace) = email.trace {
        let name = HeaderName::new_from_ascii_str(TRACE);
        builder = builder.raw_header(HeaderValue::new(name, trace.to_string()));
    }
    if let Some(earlier) = &email.references {
        builder = builder.references(format!("<{earlier}>"));
    }
    for (index, copy) in email.cc.iter().enumerate() {
        builder = builder.cc(mailbox(&format!("cc[{index}]"), copy)?);
    }
    if let Some(reply_to) = &email.reply_to {
        builder = builder.reply_to(mailbox("reply_to", reply_to)?);
    }
    let text = SinglePart::plain(email.text.clone());
    let built = match &email.html {
        None => builder.singlepart(text),
        Some(html) => builder.multipart(
            MultiPart::alternative()
                .boundary(boundary(&email.message_id))
                .singlepart(text)
                .singlepart(SinglePart::html(html.clone())),
        ),
    };
    // Only a missing sender or recipient could fail here, and both are there.
    built.map_err(|_| invalid("message", "has no sender or recipient"))
}

/// Rejects values that could break out of their header, or could not be written into one.
pub(crate) fn check(email: &Email) -> Result<(), InvalidMessage> {
    check_mailbox("from", &email.from)?;
    check_mailbox("to", &email.to)?;
    for (index, copy) in email.cc.iter().enumerate() {
        check_mailbox(&format!("cc[{index}]"), copy)?;
    }
    for (index, copy) in email.bcc.iter().enumerate() {
        check_mailbox(&format!("bcc[{index}]"), copy)?;
    }
    if let Some(reply_to) = &email.reply_to {
        check_mailbox("reply_to", reply_to)?;
    }
    check_line("subject", &email.subject)?;
    check_message_id("message_id", &email.message_id)?;
    if let Some(earlier) = &email.references {
        check_message_id("references", earlier)?;
    }
    check_identifier("idempotency_key", &email.idempotency_key, MAX_IDEMPOTENCY_KEY)
}

/// Converts an address to lettre's type, with its domain in ASCII.
pub(crate) fn address(field: &str, address: &EmailAddress) -> Result<Address, InvalidMessage> {
    let refused = || invalid(field, "is not an address that mail can be sent to");
    let parsed: Result<Address, AddressError> = address.on_the_wire().ok_or_else(refused)?.parse();
    parsed.map_err(|_| refused())
}

/// Converts a mailbox to lettre's type.
pub(crate) fn mailbox(field: &str, mailbox: &rubis_kernel::Mailbox) -> Result<Mailbox, InvalidMessage> {
    let name = mailbox.name.as_deref().map(str::trim).filter(|name| !name.is_empty());
    Ok(Mailbox::new(name.map(str::to_owned), address(field, &mailbox.address)?))
}

fn check_mailbox(field: &str, mailbox: &rubis_kernel::Mailbox) -> Result<(), InvalidMessage> {
    if let Some(name) = &mailbox.name {
        check_line(&format!("{field}.name"), name)?;
    }
    check_line(&format!("{field}.address"), mailbox.address.as_str())
}

fn check_line(field: &str, value: &str) -> Result<(), InvalidMessage> {
    if value.chars().any(char::is_control) {
        return Err(invalid(field, "contains a control character"));
    }
    Ok(())
}

fn check_message_id(field: &str, value: &str) -> Result<(), InvalidMessage> {
    check_identifier(field, value, MAX_MESSAGE_ID)?;
    if value.split('@').filter(|part| !part.is_empty()).count() != 2 || value.contains(['<', '>']) {
        return Err(invalid(field, "is not of the form left@right"));
    }
    Ok(())
}

/// Returns the mail without copies whose local part is not ASCII, and those copies.
pub(crate) fn without_international_copies(email: &Email) -> (Email, Vec<EmailAddress>) {
    let mut reduced = email.clone();
    reduced.cc.retain(|copy| copy.address.has_ascii_local_part());
    reduced.bcc.retain(|copy| copy.address.has_ascii_local_part());
    let copies = email.cc.iter().chain(&email.bcc).map(|copy| &copy.address);
    let left_out = copies.filter(|address| !address.has_ascii_local_part()).cloned().collect();
    (reduced, left_out)
}

/// Checks an identifier: it goes into its header unchanged, so it must be visible ASCII.
fn check_identifier(field: &str, value: &str, max: usize) -> Result<(), InvalidMessage> {
    check_line(field, value)?;
    if value.is_empty() || value.len() > max {
        return Err(invalid(field, "is empty or too long"));
    }
    if !value.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(invalid(field, "may only contain visible ASCII characters"));
    }
    Ok(())
}

fn invalid(field: &str, problem: &'static str) -> InvalidMessage {
    InvalidMessage { field: field.to_owned(), problem }
}

/// Returns the boundary between the parts: the same each time this mail is sent, and not predictable for the author of
/// its text before the mail had an id.
fn boundary(message_id: &str) -> String {
    let mut boundary = String::from("rubis");
    for byte in sha256(message_id.as_bytes()).iter().take(16) {
        // Writing to a string does not fail.
        let _written = write!(boundary, "{byte:02x}");
    }
    boundary
}

#[cfg(test)]
#[path = "message_tests.rs"]
mod tests;
