//! Results of scenarios, and their table.

use std::io::{self, Write};
use std::time::Duration;

/// Items of a kind that are named.
const NAMED: usize = 3;

/// Result of a scenario.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Reminders that were due.
    pub reminders: usize,
    /// Reminders of which a mail arrived.
    pub sent: usize,
    /// Mails beyond the first of their reminder.
    pub repeated: usize,
    /// Reminders that should have arrived, or that count as sent, and of which no mail did.
    pub lost: usize,
    /// Lateness of the first mails were: half of them at most this.
    pub late_p50: Duration,
    /// And all but one in a hundred at most this.
    pub late_p99: Duration,
    /// The longest that something took to mend, of what the scenario has a bar for.
    pub recovery: Option<Duration>,
    /// Every bar that fell short, in words.
    pub shortfalls: Vec<String>,
    /// Further findings.
    pub notes: Vec<String>,
    /// Items by what is wrong with them, until [`Report::conclude`].
    found: Vec<(&'static str, Vec<String>)>,
    /// Nothing was tried, for the reason in the notes.
    pub skipped: bool,
}

impl Report {
    /// A scenario that cannot run on this machine.
    #[must_use]
    pub fn skipped(why: &str) -> Self {
        Self { skipped: true, notes: vec![why.to_owned()], ..Self::default() }
    }

    /// Returns true if every bar was reached.
    #[must_use]
    pub fn is_good(&self) -> bool {
        self.shortfalls.is_empty()
    }

    /// Notes what something took to mend, and whether that is within its bar.
    pub fn mended(&mut self, what: &str, took: Duration, bar: Duration) {
        self.recovery = self.recovery.max(Some(took));
        if took > bar {
            self.shortfalls.push(format!(
                "{what} took {}, at most {} is allowed",
                seconds(took),
                seconds(bar)
            ));
        }
    }

    /// Notes a bar that is not about time.
    pub fn expect(&mut self, holds: bool, otherwise: impl Into<String>) {
        if !holds {
            self.shortfalls.push(otherwise.into());
        }
    }

    /// Adds an item of which something is wrong.
    pub(crate) fn find(&mut self, what: &'static str, item: impl Into<String>) {
        match self.found.iter_mut().find(|(known, _)| *known == what) {
            Some((_, items)) => items.push(item.into()),
            None => self.found.push((what, vec![item.into()])),
        }
    }

    /// Adds a lost item.
    pub(crate) fn lose(&mut self, item: impl Into<String>) {
        self.lost += 1;
        self.find("are lost", item);
    }

    /// Makes a shortfall of each kind of finding, with its number and a few of its items.
    pub(crate) fn conclude(&mut self) {
        for (what, items) in std::mem::take(&mut self.found) {
            let named = items.iter().take(NAMED).cloned().collect::<Vec<_>>().join("; ");
            self.shortfalls.push(format!("{} {what}: {named}", items.len()));
        }
    }

    /// Adds something worth knowing.
    pub fn note(&mut self, note: impl Into<String>) {
        self.notes.push(note.into());
    }

    const fn verdict(&self) -> &'static str {
        if self.skipped {
            "skipped"
        } else if self.shortfalls.is_empty() {
            "good"
        } else {
            "SHORT"
        }
    }
}

/// Seconds with one decimal.
pub(crate) fn seconds(duration: Duration) -> String {
    format!("{:.1} s", duration.as_secs_f64())
}

/// Prints a line for each scenario, and below it every shortfall and note.
pub fn print_table(out: &mut impl Write, reports: &[(&str, Report)]) -> io::Result<()> {
    let width = reports.iter().map(|(name, _)| name.len()).max().unwrap_or(0).max("scenario".len());
    writeln!(
        out,
        "\n{:width$}  {:>9}  {:>6}  {:>8}  {:>4}  {:>8}  {:>8}  {:>9}  verdict",
        "scenario", "reminders", "sent", "repeated", "lost", "late p50", "late p99", "recovery"
    )?;
    for (name, report) in reports {
        writeln!(
            out,
            "{name:width$}  {:>9}  {:>6}  {:>8}  {:>4}  {:>8}  {:>8}  {:>9}  {}",
            report.reminders,
            report.sent,
            report.repeated,
            report.lost,
            seconds(report.late_p50),
            seconds(report.late_p99),
            report.recovery.map_or_else(|| "-".to_owned(), seconds),
            report.verdict()
        )?;
    }
    writeln!(out)?;
    for (name, report) in reports {
        for shortfall in &report.shortfalls {
            writeln!(out, "{name}: falls short: {shortfall}")?;
        }
        for note in &report.notes {
            writeln!(out, "{name}: {note}")?;
        }
    }
    Ok(())
}
