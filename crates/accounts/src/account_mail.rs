//! Mails of the product about a user's own account.
//!
//! To add one: a variant of [`AccountMailKind`] with its ids, three templates named after it, and a case in `content`
//! that decides if it is still to be sent and returns its values.

use std::{fmt, time::Duration};

use diesel_async::AsyncConnection;
use rubis_db::AsyncPgConnection;
use rubis_jobs::{FinishError, Job, JobId, Lease, Queue, RetryPolicy};
use rubis_kernel::{
    AccountNoticeId, AccountTokenId, Email, EmailAddress, MailContent, Mailbox, OrganizationId, RenderError,
    Templates, TimeZone, UserId, format_date_french, templates,
};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use crate::{AccountKeys, TokenPurpose, User, queries};

static MAILS: Templates = Templates::new(templates![
    "verify_address.subject.txt",
    "verify_address.txt",
    "verify_address.html",
    "reset_password.subject.txt",
    "reset_password.txt",
    "reset_password.html",
    "password_changed.subject.txt",
    "password_changed.txt",
    "password_changed.html",
    "failed_sign_ins.subject.txt",
    "failed_sign_ins.txt",
    "failed_sign_ins.html",
    "session_reused.subject.txt",
    "session_reused.txt",
    "session_reused.html",
    "mail_outage.subject.txt",
    "mail_outage.txt",
    "mail_outage.html",
]);

/// Job payload that sends a user a mail about their account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountMail {
    pub user_id: UserId,
    #[serde(flatten)]
    pub mail: AccountMailKind,
}

/// A mail about an account, with the ids it refers to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "mail", rename_all = "snake_case")]
pub enum AccountMailKind {
    /// Asks the user to verify their address.
    VerifyAddress { token_id: AccountTokenId },
    /// Lets the user choose another password. Like the one before, it is also sent to an address that is not
    /// verified, and therefore contains nothing that was typed at the sign-up.
    ResetPassword { token_id: AccountTokenId },
    /// The password was changed or reset.
    PasswordChanged(Notice),
    /// Many sign-ins from unknown devices failed.
    FailedSignIns(Notice),
    /// A session was ended because one of its refresh tokens was used twice.
    SessionReused(Notice),
    /// Mails of an organization were given up, because the mail server was not available.
    MailOutage {
        organization_id: OrganizationId,
        /// Day of the mail; there is at most one a day.
        #[serde(with = "time::serde::timestamp")]
        on: OffsetDateTime,
    },
}

/// A notice about the security of an account: it is sent once, and its links change nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice {
    pub notice_id: AccountNoticeId,
    /// Time of the event.
    #[serde(with = "time::serde::timestamp")]
    pub at: OffsetDateTime,
}

impl Notice {
    /// Creates a notice of an event that happens now.
    #[must_use]
    pub fn at(now: OffsetDateTime) -> Self {
        Self { notice_id: AccountNoticeId::new(), at: now.truncate_to_second() }
    }
}

/// Enqueues a mail about an account, in the caller's transaction.
pub(crate) async fn notify(
    conn: &mut AsyncPgConnection,
    user_id: UserId,
    mail: AccountMailKind,
    now: OffsetDateTime,
) -> Result<(), diesel::result::Error> {
    rubis_jobs::enqueue(conn, &AccountMail { user_id, mail }, now, now).await.map(drop)
}

/// Formats the stable part of the job's id, and of the mail's identifiers.
impl fmt::Display for AccountMailKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::VerifyAddress { token_id } => write!(formatter, "verify-address:{token_id}"),
            Self::ResetPassword { token_id } => write!(formatter, "reset-password:{token_id}"),
            Self::PasswordChanged(notice) => write!(formatter, "password-changed:{}", notice.notice_id),
            Self::FailedSignIns(notice) => write!(formatter, "failed-sign-ins:{}", notice.notice_id),
            Self::SessionReused(notice) => write!(formatter, "session-reused:{}", notice.notice_id),
            Self::MailOutage { organization_id, on } => {
                write!(formatter, "mail-outage:{organization_id}:{}", on.date())
            }
        }
    }
}

impl Job for AccountMail {
    const KIND: &'static str = "account-mail";
    const QUEUE: Queue = Queue::Mails;
    const RETRY: RetryPolicy = RetryPolicy {
        max_attempts: 8,
        first_delay: Duration::from_secs(15),
        max_delay: Duration::from_secs(3_600),
    };

    fn id(&self) -> JobId {
        JobId::new(Self::KIND, self.mail)
    }

    /// A user may belong to several organizations, and these mails belong to none.
    fn organization(&self) -> Option<OrganizationId> {
        None
    }
}

/// Pages of the SPA that the links of account mails open. Tokens are in the fragment, which browsers do not send to
/// any server: they reach neither access logs nor `Referer` headers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountLinks {
    web: String,
}

impl AccountLinks {
    /// Creates the links to pages below `WEB_URL`.
    #[must_use]
    pub fn new(web: &str) -> Self {
        Self { web: web.trim_end_matches('/').to_owned() }
    }

    /// The page that verifies an address.
    #[must_use]
    pub fn verification(&self, token: &str) -> String {
        format!("{}/verification#token={token}", self.web)
    }

    /// The page that replaces a forgotten password.
    #[must_use]
    pub fn new_password(&self, token: &str) -> String {
        format!("{}/nouveau-mot-de-passe#token={token}", self.web)
    }

    /// The page with the invoices.
    #[must_use]
    pub fn invoices(&self) -> String {
        format!("{}/factures", self.web)
    }

    /// The page that asks for a password mail.
    #[must_use]
    pub fn forgotten_password(&self) -> String {
        format!("{}/mot-de-passe-oublie", self.web)
    }
}

/// Values that every account mail needs.
#[derive(Clone, Copy, Debug)]
pub struct AccountMailTerms<'a> {
    /// The product's address; its domain also ends each `Message-ID`.
    pub sender: &'a EmailAddress,
    /// The pages that links open.
    pub links: &'a AccountLinks,
    /// The keys of the tokens in links.
    pub keys: &'a AccountKeys,
}

/// Reasons why a mail could not be claimed.
#[derive(Debug, thiserror::Error)]
pub enum AccountMailError {
    /// Another worker has the job.
    #[error("the lease was lost")]
    LeaseLost,
    /// The mail cannot be rendered.
    #[error("the mail cannot be rendered")]
    Render(#[from] RenderError),
    #[error(transparent)]
    Database(#[from] diesel::result::Error),
}

impl From<FinishError> for AccountMailError {
    fn from(error: FinishError) -> Self {
        match error {
            FinishError::LeaseLost => Self::LeaseLost,
            FinishError::Database(error) => Self::Database(error),
        }
    }
}

/// Returns the mail of a job; `None`, with the job finished, if it is not to be sent any more. A repeated call returns
/// the same mail.
#[tracing::instrument(skip_all, fields(job = %rubis_jobs::Job::id(job)))]
pub async fn claim_account_mail(
    conn: &mut AsyncPgConnection,
    terms: &AccountMailTerms<'_>,
    job: &AccountMail,
    lease: &Lease,
    now: OffsetDateTime,
) -> Result<Option<Email>, AccountMailError> {
    conn.transaction(async |conn| {
        lease.confirm(conn).await?;
        let user = queries::users::find(conn, job.user_id).await?;
        let Some(user) = user else {
            lease.finish(conn).await?;
            return Ok(None);
        };
        let Some(content) = content(conn, terms, &user, job.mail, now).await? else {
            lease.finish(conn).await?;
            return Ok(None);
        };
        Ok(Some(addressed(terms, &user, content, job.mail)))
    })
    .await
}

/// Returns the content of a mail, if it is still to be sent.
async fn content(
    conn: &AsyncPgConnection,
    terms: &AccountMailTerms<'_>,
    user: &User,
    mail: AccountMailKind,
    now: OffsetDateTime,
) -> Result<Option<MailContent>, AccountMailError> {
    match mail {
        AccountMailKind::VerifyAddress { token_id } => {
            let token = queries::account_tokens::find(conn, token_id).await?;
            if user.is_verified() || token.is_none_or(|token| token.check(now).is_err()) {
                return Ok(None);
            }
            let token = terms.keys.token(TokenPurpose::VerifyAddress, token_id);
            let values = VerifyAddress {
                url: terms.links.verification(&token),
                hours: TokenPurpose::VerifyAddress.life().whole_hours(),
            };
            Ok(Some(MAILS.mail("verify_address", &values)?))
        }
        AccountMailKind::ResetPassword { token_id } => {
            let token = queries::account_tokens::find(conn, token_id).await?;
            if token.is_none_or(|token| token.check(now).is_err()) {
                return Ok(None);
            }
            let token = terms.keys.token(TokenPurpose::ResetPassword, token_id);
            let values = ResetPassword {
                url: terms.links.new_password(&token),
                minutes: TokenPurpose::ResetPassword.life().whole_minutes(),
            };
            Ok(Some(MAILS.mail("reset_password", &values)?))
        }
        AccountMailKind::PasswordChanged(notice) => notice_mail("password_changed", terms, user, notice),
        AccountMailKind::FailedSignIns(notice) => notice_mail("failed_sign_ins", terms, user, notice),
        AccountMailKind::SessionReused(notice) => notice_mail("session_reused", terms, user, notice),
        AccountMailKind::MailOutage { .. } if !user.is_verified() => Ok(None),
        AccountMailKind::MailOutage { .. } => {
            let values = MailOutage { url: terms.links.invoices() };
            Ok(Some(MAILS.mail("mail_outage", &values)?))
        }
    }
}

/// Returns the content of a notice; `None` if the address is not verified.
fn notice_mail(
    name: &str,
    terms: &AccountMailTerms<'_>,
    user: &User,
    notice: Notice,
) -> Result<Option<MailContent>, AccountMailError> {
    if !user.is_verified() {
        return Ok(None);
    }
    let values = NoticeValues { when: when(notice.at), url: terms.links.forgotten_password() };
    Ok(Some(MAILS.mail(name, &values)?))
}

/// Formats a time as the mails show it: `le 3 mars 2026 à 9 h 05 (heure de Paris)`.
fn when(at: OffsetDateTime) -> String {
    let (date, time) = (TimeZone::paris().local_date(at), TimeZone::paris().local_time(at));
    format!(
        "le {} à {}\u{a0}h\u{a0}{:02} (heure de Paris)",
        format_date_french(date),
        time.hour(),
        time.minute()
    )
}

/// The values of `reset_password`.
#[derive(Serialize)]
struct ResetPassword {
    url: String,
    minutes: i64,
}

/// The values of `mail_outage`.
#[derive(Serialize)]
struct MailOutage {
    url: String,
}

/// The values of every notice.
#[derive(Serialize)]
struct NoticeValues {
    when: String,
    url: String,
}

/// The values of `verify_address`. They include neither the user's name nor their company's: the recipient has not
/// proved to be the person who entered them, and must not receive a stranger's text from us.
#[derive(Serialize)]
struct VerifyAddress {
    url: String,
    hours: i64,
}

fn addressed(
    terms: &AccountMailTerms<'_>,
    user: &User,
    content: MailContent,
    mail: AccountMailKind,
) -> Email {
    let to = Mailbox { name: None, address: user.email.clone() };
    let key = mail.to_string().replace(':', ".");
    Email::of_product(terms.sender, to, content).identified(AccountMail::KIND, &key)
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::datetime;

    #[test]
    fn a_job_holds_ids_alone_and_its_id_follows_from_the_token() {
        let (user_id, token_id) = (UserId::new(), AccountTokenId::new());
        let job = AccountMail { user_id, mail: AccountMailKind::VerifyAddress { token_id } };
        let payload = serde_json::to_value(&job).unwrap();
        let expected =
            serde_json::json!({ "user_id": user_id, "mail": "verify_address", "token_id": token_id });
        assert_eq!(payload, expected);
        assert_eq!(serde_json::from_value::<AccountMail>(payload).unwrap(), job);
        assert_eq!(job.id().as_str(), format!("account-mail:verify-address:{token_id}"));
    }

    #[test]
    fn a_notice_is_read_back_as_it_was_enqueued() {
        let notice = Notice::at(datetime!(2026-11-30 09:04:07.5 UTC));
        let job = AccountMail { user_id: UserId::new(), mail: AccountMailKind::SessionReused(notice) };
        let payload = serde_json::to_value(&job).unwrap();
        assert_eq!(payload["mail"], "session_reused");
        assert_eq!(serde_json::from_value::<AccountMail>(payload).unwrap(), job);
        assert_eq!(job.id().as_str(), format!("account-mail:session-reused:{}", notice.notice_id));
    }

    #[test]
    fn each_mail_says_the_same_in_text_and_html() {
        let url = "https://app.rubis.example/page".to_owned();
        let notice = NoticeValues { when: "le 3 mars 2026".to_owned(), url: url.clone() };
        let mails = [
            MAILS.mail("reset_password", ResetPassword { url: url.clone(), minutes: 30 }),
            MAILS.mail("password_changed", &notice),
            MAILS.mail("failed_sign_ins", &notice),
            MAILS.mail("session_reused", &notice),
            MAILS.mail("mail_outage", MailOutage { url: url.clone() }),
        ];
        for mail in mails {
            let (subject, text, html) = mail.unwrap().into_parts();
            assert!(text.contains(&url) && html.contains(&url), "{subject}");
            for paragraph in text.lines().filter(|line| line.ends_with(['.', '?'])) {
                assert!(html.contains(paragraph), "{subject}: {paragraph}");
            }
        }
    }

    #[test]
    fn a_time_is_named_as_a_french_reader_reads_it() {
        assert_eq!(
            when(datetime!(2026-03-03 08:05 UTC)),
            "le 3 mars 2026 à 9\u{a0}h\u{a0}05 (heure de Paris)"
        );
        assert_eq!(
            when(datetime!(2026-07-31 22:30 UTC)),
            "le 1er août 2026 à 0\u{a0}h\u{a0}30 (heure de Paris)"
        );
    }

    #[test]
    fn the_token_of_a_link_is_in_its_fragment() {
        let links = AccountLinks::new("https://app.rubis.example/fr/");
        assert_eq!(links.verification("T"), "https://app.rubis.example/fr/verification#token=T");
    }
}
