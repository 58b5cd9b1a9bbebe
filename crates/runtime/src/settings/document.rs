//! Documentation of every key, generated from its declaration.

use std::fmt::Write as _;

use super::key::{Default, Key, Section};
use super::{auth, billing, checkin, http, mail, postgres, process, redis, stripe, worker};

/// Every section, in the order of the documentation.
pub(super) static SECTIONS: [&Section; 10] = [
    &process::SECTION,
    &http::SECTION,
    &postgres::SECTION,
    &redis::SECTION,
    &auth::SECTION,
    &checkin::SECTION,
    &stripe::SECTION,
    &billing::SECTION,
    &mail::SECTION,
    &worker::SECTION,
];

/// Returns the content of `docs/configuration.md`.
pub fn documentation() -> String {
    let mut page = String::from(
        "# Configuration\n\n\
         <!-- Written from the declarations in crates/runtime/src/settings; a test fails when they differ. -->\n\n\
         Both binaries read their settings once, at start, from the environment, over an optional `.env` file in \
         the working directory or one above it, over the defaults below. An empty value counts as not set. A \
         missing or malformed value stops the process with one line that names the key, its value and the \
         accepted values; secrets are never printed.\n\n\
         `.env.example` holds values for development; `cargo xtask dev` needs none of them.\n",
    );
    for section in SECTIONS {
        let _written =
            write!(page, "\n## {}\n\n| key | default | takes | for |\n|---|---|---|---|\n", section.title);
        for key in section.keys {
            let secret = if key.secret { " (secret)" } else { "" };
            let _written = writeln!(
                page,
                "| `{}`{secret} | {} | {} | {} |",
                key.name,
                default_text(key),
                key.takes,
                key.meaning
            );
        }
    }
    page
}

/// Returns the content of `.env.example`: values for development. Keys whose default fits are comments.
pub fn env_example() -> String {
    let mut file = String::from(
        "# Values for development; every key is explained in docs/configuration.md.\n\
         # Written from the declarations in crates/runtime/src/settings; a test fails when they differ.\n",
    );
    for section in SECTIONS {
        let _written = writeln!(file, "\n# {}", section.title);
        for key in section.keys {
            let _written = match (key.example, key.default) {
                (Some(example), _) => writeln!(file, "{}={example}", key.name),
                (None, Default::Value(value)) => writeln!(file, "#{}={value}", key.name),
                (None, Default::Each { .. } | Default::Unset(_) | Default::Required(_)) => {
                    writeln!(file, "#{}=", key.name)
                }
            };
        }
    }
    file
}

fn default_text(key: &Key) -> String {
    match key.default {
        Default::Value(value) => format!("`{value}`"),
        Default::Each { api, worker } => format!("`{api}` (api), `{worker}` (worker)"),
        Default::Unset(then) => format!("not set: {then}"),
        Default::Required("") => "**required**".to_owned(),
        Default::Required(when) => format!("**required** {when}"),
    }
}
