//! Composes the mail that asks about invoices: its text and the equivalent HTML.

use rubis_accounts::{Organization, User};
use rubis_invoices::Client;
use rubis_kernel::{
    CheckinMailId, CheckinTaskId, Email, MailContent, Mailbox, Money, RenderError, Templates,
    format_date_french, shortened, templates,
};
use serde::Serialize;
use time::{Date, Duration};

use crate::{asked::AskedInvoice, claim_mail::MailTerms, links::CheckinLinks};

/// Maximum length of a name or number in a mail, in characters. It keeps a mail of 40 invoices within the limits of
/// [`MailContent`].
pub(crate) const MAX_NAME_CHARS: usize = 50;

/// Question about one invoice in a mail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Question {
    pub task: CheckinTaskId,
    pub token: String,
    /// Number of the invoice.
    pub numero: String,
    /// Name of the debtor.
    pub client_name: String,
    pub balance: Money,
    pub due_date: Date,
}

impl Question {
    pub fn new(asked: &AskedInvoice, client: Option<&Client>, token: String) -> Self {
        Self {
            task: asked.task.id,
            token,
            numero: shortened(&asked.invoice.numero, MAX_NAME_CHARS),
            client_name: client.map(|client| shortened(&client.name, MAX_NAME_CHARS)).unwrap_or_default(),
            balance: asked.invoice.balance(),
            due_date: asked.invoice.due_date,
        }
    }
}

/// The templates of the mails of this crate.
pub(crate) static MAILS: Templates = Templates::new(templates![
    "confirmation.html",
    "confirmation.subject.txt",
    "confirmation.txt",
    "confirmations.html",
    "confirmations.subject.txt",
    "confirmations.txt",
    "digest.html",
    "digest.subject.txt",
    "digest.txt",
    "notes.html",
    "parts.html",
    "question.html",
    "question.subject.txt",
    "question.txt",
]);

/// Returns the mail with these questions (at least one), as it reads on a day. The same mail always has the same
/// `Message-ID` and the same key, so that a repetition is recognised; a mail with another text has others.
///
/// # Errors
/// A part of the mail is too long.
pub(crate) fn compose(
    terms: &MailTerms<'_>,
    organization: &Organization,
    owner: &User,
    mail: CheckinMailId,
    today: Date,
    mut questions: Vec<Question>,
) -> Result<Email, RenderError> {
    questions.sort_by(|one, other| {
        let key = |question: &Question| {
            (question.due_date, question.client_name.clone(), question.numero.clone(), question.task)
        };
        key(one).cmp(&key(other))
    });
    let notes = Notes::new(terms, organization);
    let content = match questions.as_slice() {
        [question] => {
            let is_past = question.due_date < today;
            let question = QuestionValues::new(terms.links, question);
            MAILS.mail("question", OneQuestion { question, is_past, notes })?
        }
        several => MAILS.mail("digest", Digest::new(terms.links, notes, several))?,
    };
    Ok(addressed(terms, owner, content, "checkin", &mail.to_string()))
}

/// The text below the questions.
#[derive(Serialize)]
struct Notes {
    organization: String,
    life: String,
    silence: String,
    undo: String,
}

impl Notes {
    fn new(terms: &MailTerms<'_>, organization: &Organization) -> Self {
        let wait = organization.checkins.wait();
        let silence = if !wait.is_positive() {
            "Si vous ne répondez pas, les relances prévues partent à leur date.".to_owned()
        } else if organization.checkins.wait_days.is_some() {
            format!(
                "Si vous ne répondez pas, les relances prévues attendent {}, puis partent\u{202f}; votre fil \
                 d’activité vous le signale.",
                duration_french(wait)
            )
        } else {
            format!(
                "Si vous ne répondez pas, les relances prévues attendent {}, puis partent.",
                duration_french(wait)
            )
        };
        Self {
            organization: shortened(&organization.name, MAX_NAME_CHARS),
            life: format!(
                "Ces liens sont valables {}. Passé ce délai, ils permettent d’en demander de nouveaux.",
                duration_french(terms.rules.life)
            ),
            silence,
            undo: duration_french(terms.rules.undo),
        }
    }
}

/// The values of a question's templates.
#[derive(Serialize)]
struct QuestionValues<'a> {
    numero: &'a str,
    client: &'a str,
    balance: String,
    due_date: String,
    paid_url: String,
    pending_url: String,
}

impl<'a> QuestionValues<'a> {
    fn new(links: &CheckinLinks, question: &'a Question) -> Self {
        Self {
            numero: &question.numero,
            client: &question.client_name,
            balance: question.balance.format_french(),
            due_date: date_french(question.due_date),
            paid_url: links.paid(&question.token),
            pending_url: links.pending(&question.token),
        }
    }
}

#[derive(Serialize)]
struct OneQuestion<'a> {
    #[serde(flatten)]
    question: QuestionValues<'a>,
    is_past: bool,
    #[serde(flatten)]
    notes: Notes,
}

#[derive(Serialize)]
struct Digest<'a> {
    count: usize,
    total: Option<String>,
    page_url: String,
    questions: Vec<QuestionValues<'a>>,
    #[serde(flatten)]
    notes: Notes,
}

impl<'a> Digest<'a> {
    fn new(links: &CheckinLinks, notes: Notes, questions: &'a [Question]) -> Self {
        Self {
            count: questions.len(),
            total: total(questions).map(|total| total.format_french()),
            page_url: questions.first().map(|question| links.page(&question.token)).unwrap_or_default(),
            questions: questions.iter().map(|question| QuestionValues::new(links, question)).collect(),
            notes,
        }
    }
}

/// Returns the sum outstanding; `None` if there are several currencies.
fn total(questions: &[Question]) -> Option<Money> {
    let currency = questions.first()?.balance.currency;
    questions.iter().try_fold(Money::new(0, currency), |total, question| {
        let cents = total.cents.checked_add(question.balance.cents)?;
        (question.balance.currency == currency).then_some(Money::new(cents, currency))
    })
}

/// Returns a mail of the product to the owner of an organization, with identifiers derived from everything that a
/// reader sees.
pub(crate) fn addressed(
    terms: &MailTerms<'_>,
    owner: &User,
    content: MailContent,
    kind: &str,
    key: &str,
) -> Email {
    let to = Mailbox { name: Some(owner.full_name.clone()), address: owner.email.clone() };
    Email::of_product(terms.sender, to, content).identified(kind, key)
}

/// Formats a date so that it stays on one line.
pub(crate) fn date_french(date: Date) -> String {
    format_date_french(date).replace(' ', "\u{a0}")
}

/// Formats a duration: in hours, or from three days on in whole days.
fn duration_french(duration: Duration) -> String {
    let hours = duration.whole_hours();
    let (count, unit) = if hours >= 72 && hours % 24 == 0 { (hours / 24, "jour") } else { (hours, "heure") };
    let plural = if count > 1 { "s" } else { "" };
    format!("{count}\u{a0}{unit}{plural}")
}

#[cfg(test)]
mod tests;
