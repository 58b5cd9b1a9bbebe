//! Sending of mails.

use std::num::NonZeroU32;

use rubis_kernel::{EmailAddress, Mailbox};
use secrecy::SecretString;
use url::Url;

use super::certificates::{self, CertificateFile};
use super::error::SettingsError;
use super::key::{Default, Key, Section};
use super::source::Source;
use super::{parse, production};

/// Sending of mails.
#[derive(Debug, Clone)]
pub struct MailSettings {
    pub driver: MailDriver,
    /// Product's address, and its name if no organization's is shown.
    pub from: Mailbox,
    /// Maximum number of mails a second, all organizations and replicas together.
    pub rate_per_second: Option<NonZeroU32>,
    /// Maximum number of mails a second of one organization.
    pub tenant_rate_per_second: Option<NonZeroU32>,
    /// Maximum number of recipients of an organization's reminders on a day (UTC) without a subscription; `None` for
    /// no limit.
    pub free_recipients_per_day: Option<u32>,
    /// The same on trial and with a subscription.
    pub paid_recipients_per_day: Option<u32>,
}

/// Transport for mails.
#[derive(Debug, Clone)]
pub enum MailDriver {
    /// A mail server.
    Smtp {
        /// Host name or address.
        host: String,
        port: u16,
        /// User name and password, if it asks for them.
        credentials: Option<(String, SecretString)>,
        /// Encryption of the connection.
        tls: SmtpTlsMode,
        /// Authorities that may have signed the server's certificate, instead of the public ones.
        ca_certificates: Option<CertificateFile>,
    },
    /// Resend's HTTP API.
    Resend {
        /// Key of the account.
        api_key: SecretString,
        /// Address of the API.
        api_base: Url,
    },
}

/// Encryption of an SMTP connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SmtpTlsMode {
    /// No encryption.
    None,
    /// `STARTTLS` if the server offers it.
    Opportunistic,
    /// `STARTTLS`, or no mail is sent.
    Starttls,
    /// TLS from the first byte.
    Required,
}

static MAIL_DRIVER: Key = Key {
    name: "MAIL_DRIVER",
    default: Default::Value("smtp"),
    takes: "smtp or resend",
    meaning: "Transport for mails.",
    example: None,
    secret: false,
};
static MAIL_FROM_ADDRESS: Key = Key {
    name: "MAIL_FROM_ADDRESS",
    default: Default::Required(""),
    takes: "a mail address",
    meaning: "The product's address, used as the sender of every mail.",
    example: Some("relances@rubis.test"),
    secret: false,
};
static MAIL_FROM_NAME: Key = Key {
    name: "MAIL_FROM_NAME",
    default: Default::Value("Rubis"),
    takes: "one line of text",
    meaning: "Sender's name in mails that come from no organization.",
    example: None,
    secret: false,
};
static SMTP_HOST: Key = Key {
    name: "SMTP_HOST",
    default: Default::Value("127.0.0.1"),
    takes: "a host name or IP address",
    meaning: "The mail server; its certificate must have this name.",
    example: None,
    secret: false,
};
static SMTP_PORT: Key = Key {
    name: "SMTP_PORT",
    default: Default::Value("1025"),
    takes: "a port number from 1 to 65535",
    meaning: "Its port: 465 for `SMTP_TLS=required`, 587 for `starttls`, 1025 for the development inbox.",
    example: None,
    secret: false,
};
static SMTP_USER: Key = Key {
    name: "SMTP_USER",
    default: Default::Unset("no sign-in"),
    takes: "a user name",
    meaning: "User name, if the server asks for one.",
    example: None,
    secret: false,
};
static SMTP_PASSWORD: Key = Key {
    name: "SMTP_PASSWORD",
    default: Default::Required("with `SMTP_USER`"),
    takes: "the password of SMTP_USER",
    meaning: "Its password.",
    example: None,
    secret: true,
};
static SMTP_TLS: Key = Key {
    name: "SMTP_TLS",
    default: Default::Value("starttls"),
    takes: "none, opportunistic, starttls or required",
    meaning: "Encryption of the connection: none, STARTTLS if the server offers it, STARTTLS or no mail is sent, or TLS from the first byte. For another machine the first two are refused with `SMTP_USER`, and `none` also while `APP_URL` is https.",
    example: Some("none"),
    secret: false,
};
static SMTP_CA_CERT: Key = Key {
    name: "SMTP_CA_CERT",
    default: Default::Unset("the public certificate authorities"),
    takes: certificates::TAKES,
    meaning: "Authorities that may have signed the mail server's certificate, instead of the public ones.",
    example: None,
    secret: false,
};
static RESEND_API_KEY: Key = Key {
    name: "RESEND_API_KEY",
    default: Default::Required("with `MAIL_DRIVER=resend`"),
    takes: "a key of Resend, as re_…",
    meaning: "Key of the Resend account.",
    example: None,
    secret: true,
};
static RESEND_API_BASE: Key = Key {
    name: "RESEND_API_BASE",
    default: Default::Value("https://api.resend.com"),
    takes: "an http or https address without a query",
    meaning: "Address of Resend's API; http only on this machine.",
    example: None,
    secret: false,
};
static MAIL_RATE_PER_SECOND: Key = Key {
    name: "MAIL_RATE_PER_SECOND",
    default: Default::Value("0"),
    takes: "a number, 0 for no limit",
    meaning: "Maximum number of mails a second that the provider accepts, all organizations and replicas together.",
    example: None,
    secret: false,
};
static MAIL_TENANT_RATE_PER_SECOND: Key = Key {
    name: "MAIL_TENANT_RATE_PER_SECOND",
    default: Default::Value("0"),
    takes: "a number, 0 for no limit",
    meaning: "Maximum number of mails a second of one organization.",
    example: None,
    secret: false,
};

const RECIPIENTS: &str = "a number from 1 to 1000000, or unlimited";

static MAIL_FREE_RECIPIENTS_PER_DAY: Key = Key {
    name: "MAIL_FREE_RECIPIENTS_PER_DAY",
    default: Default::Value("50"),
    takes: RECIPIENTS,
    meaning: "Maximum number of recipients, copies included, of the reminders of an organization without a subscription on a day (UTC). Further reminders are sent on the next business day.",
    example: None,
    secret: false,
};
static MAIL_PAID_RECIPIENTS_PER_DAY: Key = Key {
    name: "MAIL_PAID_RECIPIENTS_PER_DAY",
    default: Default::Value("unlimited"),
    takes: RECIPIENTS,
    meaning: "The same on trial and with a subscription.",
    example: None,
    secret: false,
};

pub(super) static SECTION: Section = Section {
    title: "Mail (worker)",
    keys: &[
        &MAIL_DRIVER,
        &MAIL_FROM_ADDRESS,
        &MAIL_FROM_NAME,
        &SMTP_HOST,
        &SMTP_PORT,
        &SMTP_USER,
        &SMTP_PASSWORD,
        &SMTP_TLS,
        &SMTP_CA_CERT,
        &RESEND_API_KEY,
        &RESEND_API_BASE,
        &MAIL_RATE_PER_SECOND,
        &MAIL_TENANT_RATE_PER_SECOND,
        &MAIL_FREE_RECIPIENTS_PER_DAY,
        &MAIL_PAID_RECIPIENTS_PER_DAY,
    ],
};

impl MailSettings {
    pub(super) fn read(source: &Source) -> Result<Self, SettingsError> {
        let driver = match source.required(&MAIL_DRIVER, driver)? {
            Driver::Smtp => read_smtp(source)?,
            Driver::Resend => read_resend(source)?,
        };
        let address: EmailAddress = source.required(&MAIL_FROM_ADDRESS, parse::parsed)?;
        let name = source.required(&MAIL_FROM_NAME, parse::text)?;
        Ok(Self {
            driver,
            from: Mailbox { name: Some(name), address },
            rate_per_second: source.required(&MAIL_RATE_PER_SECOND, parse::limit)?,
            tenant_rate_per_second: source.required(&MAIL_TENANT_RATE_PER_SECOND, parse::limit)?,
            free_recipients_per_day: source.required(&MAIL_FREE_RECIPIENTS_PER_DAY, recipients)?,
            paid_recipients_per_day: source.required(&MAIL_PAID_RECIPIENTS_PER_DAY, recipients)?,
        })
    }
}

fn read_smtp(source: &Source) -> Result<MailDriver, SettingsError> {
    let credentials = match source.optional(&SMTP_USER, parse::text)? {
        Some(user) => Some((user, source.required(&SMTP_PASSWORD, parse::secret)?)),
        None => None,
    };
    let host = source.required(&SMTP_HOST, host)?;
    let tls = source.required(&SMTP_TLS, tls)?;
    let ca_certificates = source.optional(&SMTP_CA_CERT, certificates::file)?;
    if !production::is_loopback(&host) {
        refuse_clear(source, tls, credentials.is_some())?;
    }
    if ca_certificates.is_some() && tls == SmtpTlsMode::None {
        return Err(SettingsError::refused(&SMTP_CA_CERT, "is set, and SMTP_TLS is none"));
    }
    let port = source.required(&SMTP_PORT, parse::port)?;
    Ok(MailDriver::Smtp { host, port, credentials, tls, ca_certificates })
}

/// Refuses to send unencrypted mail to another machine. Opportunistic `STARTTLS` is no protection: an attacker in
/// between can remove the offer from the greeting.
fn refuse_clear(source: &Source, tls: SmtpTlsMode, has_credentials: bool) -> Result<(), SettingsError> {
    match tls {
        SmtpTlsMode::Starttls | SmtpTlsMode::Required => Ok(()),
        SmtpTlsMode::None | SmtpTlsMode::Opportunistic if has_credentials => Err(SettingsError::refused(
            &SMTP_TLS,
            "does not protect SMTP_PASSWORD on its way to another machine, takes starttls or required there",
        )),
        SmtpTlsMode::None if production::is_served_over_https(source)? => Err(SettingsError::refused(
            &SMTP_TLS,
            "is none towards another machine while APP_URL is https, takes starttls, required or opportunistic there",
        )),
        SmtpTlsMode::None | SmtpTlsMode::Opportunistic => Ok(()),
    }
}

fn read_resend(source: &Source) -> Result<MailDriver, SettingsError> {
    let api_key = source.required(&RESEND_API_KEY, parse::secret)?;
    let api_base = source.required(&RESEND_API_BASE, parse::web_url)?;
    let is_elsewhere = !api_base.host_str().is_some_and(production::is_loopback);
    if production::is_clear(&api_base) && is_elsewhere {
        let rule = "is http towards another machine, which RESEND_API_KEY is not sent to";
        return Err(SettingsError::refused(&RESEND_API_BASE, rule));
    }
    Ok(MailDriver::Resend { api_key, api_base })
}

enum Driver {
    Smtp,
    Resend,
}

fn driver(text: &str) -> Option<Driver> {
    match text {
        "smtp" => Some(Driver::Smtp),
        "resend" => Some(Driver::Resend),
        _ => None,
    }
}

fn recipients(text: &str) -> Option<Option<u32>> {
    match text {
        "unlimited" => Some(None),
        _ => parse::within(1..=1_000_000)(text).map(Some),
    }
}

fn host(text: &str) -> Option<String> {
    let fits = text.parse::<std::net::IpAddr>().is_ok() || url::Host::parse(text).is_ok();
    fits.then(|| text.to_owned())
}

fn tls(text: &str) -> Option<SmtpTlsMode> {
    match text {
        "none" => Some(SmtpTlsMode::None),
        "opportunistic" => Some(SmtpTlsMode::Opportunistic),
        "starttls" => Some(SmtpTlsMode::Starttls),
        "required" => Some(SmtpTlsMode::Required),
        _ => None,
    }
}
