//! Composes the mail that asks about invoices: its text and its HTML twin.

use rubis_accounts::{Organization, User};
use rubis_invoices::Client;
use rubis_kernel::{
    CheckinMailId, CheckinTaskId, Email, Mailbox, Money, fill, fill_html, format_date_french, one_line,
};
use time::{Date, Duration};

use crate::{asked::AskedInvoice, claim_mail::MailTerms, links::CheckinLinks};

/// What ends a mail whose links anybody can use who has it.
const KEEP_TO_YOURSELF: &str = "Ces liens répondent en votre nom\u{a0}: ne transférez pas ce message.";

/// What a mail asks about one invoice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Question {
    /// Which check-in.
    pub task: CheckinTaskId,
    /// Its token.
    pub token: String,
    /// The invoice's number.
    pub numero: String,
    /// The debtor's name.
    pub client_name: String,
    /// What is outstanding.
    pub balance: Money,
    /// When it is due.
    pub due_date: Date,
}

impl Question {
    pub fn new(asked: &AskedInvoice, client: Option<&Client>, token: String) -> Self {
        Self {
            task: asked.task.id,
            token,
            numero: one_line(&asked.invoice.numero),
            client_name: client.map(|client| one_line(&client.name)).unwrap_or_default(),
            balance: asked.invoice.balance(),
            due_date: asked.invoice.due_date,
        }
    }
}

/// The mail that puts these questions, one at least. The same mail always has the same `Message-ID` and the
/// same key, so that a repetition is recognised; a mail that reads otherwise has others.
pub(crate) fn compose(
    terms: &MailTerms<'_>,
    organization: &Organization,
    owner: &User,
    mail: CheckinMailId,
    mut questions: Vec<Question>,
) -> Email {
    questions.sort_by(|one, other| {
        let key = |question: &Question| {
            (question.due_date, question.client_name.clone(), question.numero.clone(), question.task)
        };
        key(one).cmp(&key(other))
    });
    let notes = Notes::new(terms, organization);
    let content = match questions.as_slice() {
        [question] => one_question(terms.links, &notes, question),
        several => digest(terms.links, &notes, several),
    };
    let key = mail.to_string();
    addressed(terms, organization, owner, content.with_footer(KEEP_TO_YOURSELF), "checkin", &key)
}

/// What a mail says, before it is addressed.
pub(crate) struct Content {
    pub subject: String,
    pub text: String,
    /// What stands between the head and the foot of the HTML twin.
    pub html: String,
    /// What stands at its foot.
    pub footer: &'static str,
}

impl Content {
    const fn with_footer(mut self, footer: &'static str) -> Self {
        self.footer = footer;
        self
    }
}

/// What is said below the questions.
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
            organization: one_line(&organization.name),
            life: format!(
                "Ces liens sont valables {}. Passé ce délai, ils permettent d’en demander de nouveaux.",
                duration_french(terms.rules.life)
            ),
            silence,
            undo: duration_french(terms.rules.undo),
        }
    }

    fn values(&self) -> [(&str, &str); 4] {
        [
            ("organization", &self.organization),
            ("life", &self.life),
            ("silence", &self.silence),
            ("undo", &self.undo),
        ]
    }

    fn html(&self) -> String {
        fill_html(include_str!("templates/notes.html"), &self.values(), &[])
    }
}

/// What a question's templates name.
struct QuestionTexts<'a> {
    question: &'a Question,
    balance: String,
    due_date: String,
    paid_url: String,
    pending_url: String,
}

impl<'a> QuestionTexts<'a> {
    fn new(links: &CheckinLinks, question: &'a Question) -> Self {
        Self {
            question,
            balance: question.balance.format_french(),
            due_date: date_french(question.due_date),
            paid_url: links.paid(&question.token),
            pending_url: links.pending(&question.token),
        }
    }

    fn values(&self) -> [(&str, &str); 6] {
        [
            ("numero", &self.question.numero),
            ("client", &self.question.client_name),
            ("balance", &self.balance),
            ("due_date", &self.due_date),
            ("paid_url", &self.paid_url),
            ("pending_url", &self.pending_url),
        ]
    }
}

fn one_question(links: &CheckinLinks, notes: &Notes, question: &Question) -> Content {
    let texts = QuestionTexts::new(links, question);
    let facts = facts(&[
        ("client", &question.client_name),
        ("numero", &question.numero),
        ("amount_label", "Reste à payer"),
        ("amount", &texts.balance),
        ("due_date", &texts.due_date),
    ]);
    let values: Vec<_> = texts.values().into_iter().chain(notes.values()).collect();
    Content {
        subject: format!(
            "Facture {} ({})\u{a0}: avez-vous été payé\u{202f}?",
            question.numero, question.client_name
        ),
        text: fill(include_str!("templates/question.txt"), &values),
        html: fill_html(
            include_str!("templates/question.html"),
            &texts.values(),
            &[("facts", &facts), ("notes", &notes.html())],
        ),
        footer: "",
    }
}

fn digest(links: &CheckinLinks, notes: &Notes, questions: &[Question]) -> Content {
    let (mut items, mut html_items) = (String::new(), String::new());
    for (position, question) in (1..).zip(questions) {
        let texts = QuestionTexts::new(links, question);
        let position: i32 = position;
        let position = position.to_string();
        let values: Vec<_> = texts.values().into_iter().chain([("position", position.as_str())]).collect();
        items.push_str(&fill(include_str!("templates/item.txt"), &values));
        html_items.push_str(&fill_html(include_str!("templates/item.html"), &values, &[]));
    }
    let count = questions.len().to_string();
    let total = total(questions)
        .map(|total| format!(", pour {} au total", total.format_french()))
        .unwrap_or_default();
    let page_url = questions.first().map(|question| links.page(&question.token)).unwrap_or_default();
    let facts = [("count", count.as_str()), ("total", &total), ("page_url", &page_url)];
    let values: Vec<_> = facts.into_iter().chain(notes.values()).chain([("items", items.as_str())]).collect();
    Content {
        subject: format!("{count} factures arrivent à échéance\u{a0}: avez-vous été payé\u{202f}?"),
        text: fill(include_str!("templates/digest.txt"), &values),
        html: fill_html(
            include_str!("templates/digest.html"),
            &facts,
            &[("items", &html_items), ("notes", &notes.html())],
        ),
        footer: "",
    }
}

/// What is outstanding in all; none where several currencies are.
fn total(questions: &[Question]) -> Option<Money> {
    let currency = questions.first()?.balance.currency;
    questions.iter().try_fold(Money::new(0, currency), |total, question| {
        let cents = total.cents.checked_add(question.balance.cents)?;
        (question.balance.currency == currency).then_some(Money::new(cents, currency))
    })
}

/// The table of facts about an invoice, as HTML.
pub(crate) fn facts(values: &[(&str, &str)]) -> String {
    fill_html(include_str!("templates/facts.html"), values, &[])
}

/// A mail of the product to the person who owns an organization, with the identifiers that follow from all
/// that a reader sees.
pub(crate) fn addressed(
    terms: &MailTerms<'_>,
    organization: &Organization,
    owner: &User,
    content: Content,
    kind: &str,
    key: &str,
) -> Email {
    let html = fill_html(
        include_str!("templates/frame.html"),
        &[
            ("title", &content.subject),
            ("organization", &one_line(&organization.name)),
            ("footer", content.footer),
        ],
        &[("content", &content.html)],
    );
    let to = Mailbox { name: Some(owner.full_name.clone()), address: owner.email.clone() };
    Email::of_product(terms.sender, to, content.subject, content.text, html).identified(kind, key)
}

/// A date that stays on one line.
pub(crate) fn date_french(date: Date) -> String {
    format_date_french(date).replace(' ', "\u{a0}")
}

/// A length of time: hours, or from three days on whole days.
fn duration_french(duration: Duration) -> String {
    let hours = duration.whole_hours();
    let (count, unit) = if hours >= 72 && hours % 24 == 0 { (hours / 24, "jour") } else { (hours, "heure") };
    let plural = if count > 1 { "s" } else { "" };
    format!("{count}\u{a0}{unit}{plural}")
}

#[cfg(test)]
mod tests;
