//! A received mail, and its parsed parts.

use mail_parser::{MessageParser, MimeHeaders};
use serde::Serialize;
use std::sync::Arc;
use time::OffsetDateTime;

/// A mailbox in an address header.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Address {
    /// Display name, decoded.
    pub name: Option<String>,
    pub address: String,
}

/// One header line, unfolded but not decoded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Header {
    /// Name as written by the sender.
    pub name: String,
    /// Text after the colon.
    pub value: String,
}

/// Data of a mail in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct MailSummary {
    /// Rises by one with each mail, and is never used again.
    pub id: u64,
    /// Time at which the last byte arrived.
    #[serde(with = "time::serde::rfc3339")]
    pub received_at: OffsetDateTime,
    /// Sender of the envelope (`MAIL FROM`); empty for a bounce.
    pub envelope_from: String,
    /// Accepted recipients of the envelope (`RCPT TO`).
    pub envelope_to: Vec<String>,
    /// First address in `From`.
    pub from: Option<Address>,
    /// All addresses in `To`.
    pub to: Vec<Address>,
    /// All addresses in `Cc`.
    pub cc: Vec<Address>,
    /// First address in `Reply-To`.
    pub reply_to: Option<Address>,
    /// Subject, decoded; empty if there is none.
    pub subject: String,
    /// `Message-ID` without its angle brackets.
    pub message_id: Option<String>,
    /// Number of bytes of the message as it was sent.
    pub size: usize,
}

/// A whole mail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Mail {
    #[serde(flatten)]
    pub summary: MailSummary,
    /// Text part, decoded.
    pub text: Option<String>,
    /// HTML part, decoded.
    pub html: Option<String>,
    /// Every header of the message, in order.
    pub headers: Vec<Header>,
    /// File names of the attachments, `""` for those without one.
    pub attachments: Vec<String>,
    /// Message as it was sent, dots unstuffed.
    #[serde(skip)]
    pub raw: Arc<[u8]>,
}

/// Stored form of a mail: its bodies are parsed only if they are read.
#[derive(Debug)]
pub(crate) struct StoredMail {
    pub summary: MailSummary,
    pub raw: Arc<[u8]>,
}

/// Sender and recipients given outside of the message.
#[derive(Debug, Clone, Default)]
pub(crate) struct Envelope {
    pub from: String,
    pub to: Vec<String>,
}

impl StoredMail {
    pub(crate) fn new(id: u64, received_at: OffsetDateTime, envelope: Envelope, raw: Vec<u8>) -> Self {
        let parsed = MessageParser::default().parse_headers(&raw);
        let message = parsed.as_ref();
        let summary = MailSummary {
            id,
            received_at,
            envelope_from: envelope.from,
            envelope_to: envelope.to,
            from: addresses(message.and_then(|m| m.from())).into_iter().next(),
            to: addresses(message.and_then(|m| m.to())),
            cc: addresses(message.and_then(|m| m.cc())),
            reply_to: addresses(message.and_then(|m| m.reply_to())).into_iter().next(),
            subject: message.and_then(|m| m.subject()).unwrap_or_default().to_owned(),
            message_id: message.and_then(|m| m.message_id()).map(str::to_owned),
            size: raw.len(),
        };
        drop(parsed);
        Self { summary, raw: raw.into() }
    }

    /// Parses the bodies.
    pub(crate) fn open(&self) -> Mail {
        let parsed = MessageParser::default().parse(self.raw.as_ref());
        let message = parsed.as_ref();
        Mail {
            summary: self.summary.clone(),
            text: message.and_then(|m| {
                let part = m.text_bodies().find(|part| part.is_text() && !part.is_text_html());
                part.and_then(|part| part.text_contents()).map(str::to_owned)
            }),
            html: message.and_then(|m| {
                let part = m.html_bodies().find(|part| part.is_text_html());
                part.and_then(|part| part.text_contents()).map(str::to_owned)
            }),
            headers: message.map(|m| m.headers_raw().map(unfolded).collect()).unwrap_or_default(),
            attachments: message
                .map(|m| {
                    let names = m.attachments().map(|part| part.attachment_name());
                    names.map(|name| name.unwrap_or_default().to_owned()).collect()
                })
                .unwrap_or_default(),
            raw: Arc::clone(&self.raw),
        }
    }
}

fn addresses(header: Option<&mail_parser::Address<'_>>) -> Vec<Address> {
    let Some(header) = header else { return Vec::new() };
    header
        .iter()
        .filter_map(|one| {
            Some(Address { name: one.name().map(str::to_owned), address: one.address()?.to_owned() })
        })
        .collect()
}

fn unfolded((name, value): (&str, &str)) -> Header {
    let value = value.trim().replace("\r\n", "");
    Header { name: name.to_owned(), value: value.replace('\n', "") }
}
