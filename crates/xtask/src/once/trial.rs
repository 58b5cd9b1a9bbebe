//! The trial: begun with a simulated Checkout, and announced by a mail before its end.

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

use super::{MAIL_LIMIT, OWNER, PAID, PENDING};
use crate::mailbox::Mailbox;
use crate::stack::{Addresses, Stack};
use crate::stripe::Player;
use crate::subscription::{self, Subscription};
use crate::terminal::{progress, step, step_with};
use crate::verification;
use rubis_devkit::http::{Client, text};

/// Figures that the mail must have: two invoices, one reminder, both paid.
const FIGURES: [&str; 4] = ["importées : 2", "envoyées : 1", "gagnés : 3", "15 min par rubis"];

/// Starts the trial before anything else happens, so that all of it counts; answers Stripe's id of it.
pub(super) fn begin(client: &Client, addresses: &Addresses) -> Result<String> {
    step_with(
        "nothing is subscribed to",
        || {
            let before = subscription::read(client)?;
            ensure!(before.status().is_none() && before.limit() == Some(2), "it should be {}", before.told());
            Ok(before)
        },
        told,
    )?;
    let id = step("trial of Pro: the Checkout is played, and Stripe's events arrive", || {
        subscription::start_trial(client, &player(addresses)?)
    })?;
    step_with(
        "no limit while it lasts",
        || {
            let trial = subscription::read(client)?;
            ensure!(trial.limit().is_none(), "it should have no limit, and is {}", trial.told());
            Ok(trial)
        },
        told,
    )?;
    Ok(id)
}

/// Lets Stripe say that the trial ends soon, and waits for its recap mail.
pub(super) fn end_soon(
    stack: &mut Stack,
    mailbox: &Mailbox,
    addresses: &Addresses,
    trial: &str,
) -> Result<Value> {
    step("Stripe says that the trial ends soon", || player(addresses)?.announce_trial_end(trial))?;
    let recap = mailbox.wait(
        stack,
        OWNER,
        "the recap of the trial",
        MAIL_LIMIT,
        |mails| mails.iter().find(|mail| is_recap(mail)).cloned(),
        || progress("… the recap of the trial leaves"),
    )?;
    step("the recap tells what happened", || {
        let text = text(&recap, "text")?.replace(['\u{a0}', '\u{202f}'], " ");
        for figure in FIGURES {
            ensure!(text.contains(figure), "the recap should tell “{figure}”, and tells:\n{text}");
        }
        Ok(())
    })?;
    Ok(recap)
}

fn player(addresses: &Addresses) -> Result<Player> {
    Ok(Player::of(addresses.stripe.as_deref().context("Stripe's fake does not run")?))
}

/// It is about no invoice in particular, as the other mails to the owner are.
fn is_recap(mail: &Value) -> bool {
    let names = |numero| text(mail, "text").is_ok_and(|text| text.contains(numero));
    verification::token(mail).is_none() && !names(PENDING.numero) && !names(PAID.numero)
}

fn told(subscription: &Subscription) -> Option<String> {
    Some(subscription.told())
}
