//! The mails of the product about a user's own account.
//!
//! To add one: a variant of [`AccountMailKind`] with its ids, three templates named like it, and the case of
//! `content` that says if it is still to be sent and what it is made of.

use std::{fmt, time::Duration};

use diesel_async::AsyncConnection;
use rubis_db::AsyncPgConnection;
use rubis_jobs::{FinishError, Job, JobId, Lease, Queue, RetryPolicy};
use rubis_kernel::{
    AccountTokenId, Email, EmailAddress, MailContent, Mailbox, RenderError, Templates, UserId, templates,
};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use crate::{AccountKeys, TokenPurpose, User, queries};

static MAILS: Templates =
    Templates::new(templates!["verify_address.subject.txt", "verify_address.txt", "verify_address.html",]);

/// Sends a user a mail about their account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountMail {
    /// The user.
    pub user_id: UserId,
    /// The mail.
    #[serde(flatten)]
    pub mail: AccountMailKind,
}

/// A mail about an account, with the ids of what it is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "mail", rename_all = "snake_case")]
pub enum AccountMailKind {
    /// Asks the user to verify their address. It alone is sent to an address that is not verified.
    VerifyAddress {
        /// The token of its link.
        token_id: AccountTokenId,
    },
}

/// The stable part of the job's id, and of the mail's identifiers.
impl fmt::Display for AccountMailKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::VerifyAddress { token_id } => write!(formatter, "verify-address:{token_id}"),
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
    fn organization(&self) -> Option<rubis_kernel::OrganizationId> {
        None
    }
}

/// The pages of the SPA that the links of account mails open. Tokens are in the fragment, which browsers send to
/// no server: they reach neither access logs nor `Referer` headers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountLinks {
    web: String,
}

impl AccountLinks {
    /// Pages below `WEB_URL`.
    #[must_use]
    pub fn new(web: &str) -> Self {
        Self { web: web.trim_end_matches('/').to_owned() }
    }

    /// The page that verifies an address.
    #[must_use]
    pub fn verification(&self, token: &str) -> String {
        format!("{}/verification#token={token}", self.web)
    }
}

/// The parts that every account mail is made with.
#[derive(Clone, Copy, Debug)]
pub struct AccountMailTerms<'a> {
    /// The product's address; its domain also ends each `Message-ID`.
    pub sender: &'a EmailAddress,
    /// The pages that links open.
    pub links: &'a AccountLinks,
    /// The keys of the tokens in links.
    pub keys: &'a AccountKeys,
}

/// The reason why a mail could not be claimed.
#[derive(Debug, thiserror::Error)]
pub enum AccountMailError {
    /// Another worker has the job.
    #[error("the lease was lost")]
    LeaseLost,
    /// The mail cannot be rendered.
    #[error("the mail cannot be rendered")]
    Render(#[from] RenderError),
    /// The database failed.
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

/// Returns the mail of a job; `None`, with the job finished, if it is not to be sent any more. The same again is
/// the same mail.
///
/// # Errors
/// [`AccountMailError`].
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

/// The content of a mail, if it is still to be sent.
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
    }
}

/// The values of `verify_address`. Neither the user's name nor their company's is among them: the recipient has
/// not proved to be the one who typed them, and must not receive a stranger's text from us.
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
    fn the_token_of_a_link_is_in_its_fragment() {
        let links = AccountLinks::new("https://app.rubis.example/fr/");
        assert_eq!(links.verification("T"), "https://app.rubis.example/fr/verification#token=T");
    }
}
