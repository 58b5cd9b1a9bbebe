//! `AUTH PLAIN` and `AUTH LOGIN`, as far as a development server needs them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use smtp_proto::{AUTH_LOGIN, AUTH_PLAIN};

use crate::settings::AuthPolicy;

/// State of a sign-in.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Dialogue {
    /// The client has to continue: reply 334 with this (base64) prompt.
    Ask(&'static str, Waiting),
    /// The sign-in is over.
    Done(Outcome),
}

/// Meaning of the client's next line.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Waiting {
    /// All credentials in one line, `\0user\0password`.
    Plain,
    LoginUser,
    /// Password of this user.
    LoginPassword {
        /// Name from the previous line.
        username: String,
    },
}

/// Result of a sign-in.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    Accepted,
    Refused,
    Malformed,
    UnknownMechanism,
}

/// Base64 of "Username:" and "Password:", which every client expects.
const USERNAME_PROMPT: &str = "VXNlcm5hbWU6";
const PASSWORD_PROMPT: &str = "UGFzc3dvcmQ6";

/// Handles `AUTH mechanism [initial-response]`.
pub(super) fn begin(policy: &AuthPolicy, mechanism: u64, initial: &str) -> Dialogue {
    let waiting = match mechanism {
        AUTH_PLAIN => Waiting::Plain,
        AUTH_LOGIN => Waiting::LoginUser,
        _ => return Dialogue::Done(Outcome::UnknownMechanism),
    };
    match (initial.trim(), waiting) {
        ("", Waiting::Plain) => Dialogue::Ask("", Waiting::Plain),
        ("", waiting) => Dialogue::Ask(USERNAME_PROMPT, waiting),
        (response, waiting) => advance(policy, waiting, response.as_bytes()),
    }
}

/// Processes the client's next line.
pub(super) fn advance(policy: &AuthPolicy, waiting: Waiting, line: &[u8]) -> Dialogue {
    let decoded = STANDARD.decode(line.trim_ascii()).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    let Some(decoded) = decoded else {
        return Dialogue::Done(Outcome::Malformed);
    };
    let outcome = match waiting {
        Waiting::Plain => {
            let mut fields = decoded.split('\0').skip(1);
            match (fields.next(), fields.next()) {
                (Some(username), Some(password)) => check(policy, username, password),
                _ => Outcome::Malformed,
            }
        }
        Waiting::LoginUser => {
            return Dialogue::Ask(PASSWORD_PROMPT, Waiting::LoginPassword { username: decoded });
        }
        Waiting::LoginPassword { username } => check(policy, &username, &decoded),
    };
    Dialogue::Done(outcome)
}

fn check(policy: &AuthPolicy, given_username: &str, given_password: &str) -> Outcome {
    match policy {
        AuthPolicy::AcceptAny => Outcome::Accepted,
        AuthPolicy::Required { username, password } => {
            if username == given_username && password == given_password {
                Outcome::Accepted
            } else {
                Outcome::Refused
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn anne_only() -> AuthPolicy {
        AuthPolicy::Required { username: "anne".into(), password: "secret".into() }
    }

    fn encoded(text: &str) -> String {
        STANDARD.encode(text)
    }

    #[test]
    fn plain_takes_the_right_password_only() {
        let begin = |credentials: &str| begin(&anne_only(), AUTH_PLAIN, &encoded(credentials));
        assert_eq!(begin("\0anne\0secret"), Dialogue::Done(Outcome::Accepted));
        assert_eq!(begin("\0anne\0other"), Dialogue::Done(Outcome::Refused));
        assert_eq!(begin("anne"), Dialogue::Done(Outcome::Malformed));
    }

    #[test]
    fn login_asks_for_the_name_and_then_for_the_password() {
        let policy = anne_only();
        let Dialogue::Ask(_, waiting) = begin(&policy, AUTH_LOGIN, "") else {
            panic!("no question for the user name");
        };
        let Dialogue::Ask(_, waiting) = advance(&policy, waiting, encoded("anne").as_bytes()) else {
            panic!("no question for the password");
        };
        let end = advance(&policy, waiting, encoded("secret").as_bytes());
        assert_eq!(end, Dialogue::Done(Outcome::Accepted));
    }

    #[test]
    fn what_is_not_base64_is_malformed() {
        let end = advance(&AuthPolicy::AcceptAny, Waiting::Plain, b"*");
        assert_eq!(end, Dialogue::Done(Outcome::Malformed));
    }
}
