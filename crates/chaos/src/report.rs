//! Results of scenarios, and their table.

use std::time::Duration;

/// Items of a kind that are named.
const NAMED: usize = 3;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
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
    pub notes: Vec<String>,
    /// Items by what is wrong with them, until [`Report::conclude`].
    found: Vec<(&'static str, Vec<String>)>,
    /// Nothing was tried, for the reason in the notes.
    pub skipped: bool,
}

impl Report {
    /// A scenario that cannot run on this machine.
    pub fn skipped(why: &str) -> Self {
        Self { skipped: true, notes: vec![why.to_owned()], ..Self::default() }
    }

    /// Returns true if every bar was reached.
    pub fn is_good(&self) -> bool {
        self.shortfalls.is_empty()
    }

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

pub(crate) fn seconds(duration: Duration) -> String {
    format!("{:.1} s", duration.as_secs_f64())
}

/// A Markdown table whose columns are aligned; all but the first have figures.
pub fn table<const N: usize>(headings: [&str; N], rows: impl IntoIterator<Item = [String; N]>) -> String {
    let mut lines = vec![headings.map(str::to_owned)];
    lines.extend(rows);
    let mut widths = [0; N];
    for cells in &lines {
        for (width, cell) in widths.iter_mut().zip(cells) {
            *width = cell.chars().count().max(*width);
        }
    }
    let line = |cells: &[String; N]| {
        let cells = cells.iter().zip(widths).enumerate().map(|(column, (cell, width))| match column {
            0 => format!("{cell:width$}"),
            _ => format!("{cell:>width$}"),
        });
        format!("| {} |\n", cells.collect::<Vec<_>>().join(" | "))
    };
    let rule = format!("|---|{}\n", "---:|".repeat(N.saturating_sub(1)));
    let (head, rows) = lines.split_at(1);
    head.iter().map(line).chain([rule]).chain(rows.iter().map(line)).collect()
}

/// The reports as a table with a line for each scenario, and below it every shortfall and note.
pub fn summary(reports: &[(&str, Report)]) -> String {
    let headings =
        ["scenario", "reminders", "sent", "repeated", "lost", "late p50", "late p99", "recovery", "verdict"];
    let cells = |(name, report): &(&str, Report)| {
        [
            (*name).to_owned(),
            report.reminders.to_string(),
            report.sent.to_string(),
            report.repeated.to_string(),
            report.lost.to_string(),
            seconds(report.late_p50),
            seconds(report.late_p99),
            report.recovery.map_or_else(|| "-".to_owned(), seconds),
            report.verdict().to_owned(),
        ]
    };
    let mut text = table(headings, reports.iter().map(cells));
    for (name, report) in reports {
        let shortfalls =
            report.shortfalls.iter().map(|shortfall| format!("\n{name}: falls short: {shortfall}"));
        text.extend(shortfalls.chain(report.notes.iter().map(|note| format!("\n{name}: {note}"))));
    }
    text
}
