//! Results of a benchmark: figures, ratios and bars.

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::path::Path;

use anyhow::{Context as _, Result};
use rubis_chaos::table;
use rubis_kernel::{Clock as _, SystemClock};

#[derive(Clone, Debug, PartialEq)]
pub struct Figure {
    /// Name and unit: "Redis side, jobs/s".
    pub what: String,
    pub ours: f64,
    /// The reference of the same run, in the same unit.
    pub reference: Option<f64>,
    /// Bar of the figure, or of its ratio to the reference.
    pub bar: Option<Bar>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Bar {
    AtMost(f64),
    /// Ours as a multiple of the reference, at least this.
    RatioAtLeast(f64),
    /// Ours as a multiple of the reference, at most this.
    RatioAtMost(f64),
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Report {
    title: String,
    /// Name of the reference: "BullMQ 6.7 on the same Redis".
    reference: String,
    pub figures: Vec<Figure>,
    /// Conditions of the measurement, and further findings.
    notes: Vec<String>,
}

impl Figure {
    fn ratio(&self) -> Option<f64> {
        self.reference.filter(|reference| *reference > 0.0).map(|reference| self.ours / reference)
    }

    /// Returns true if the bar was reached; none without one. A ratio without a reference is not.
    pub fn is_good(&self) -> Option<bool> {
        Some(match self.bar? {
            Bar::AtMost(most) => self.ours <= most,
            Bar::RatioAtLeast(least) => self.ratio().is_some_and(|ratio| ratio >= least),
            Bar::RatioAtMost(most) => self.ratio().is_some_and(|ratio| ratio <= most),
        })
    }

    fn cells(&self) -> [String; 6] {
        let dash = || "-".to_owned();
        [
            self.what.clone(),
            number(self.ours),
            self.reference.map_or_else(dash, number),
            self.ratio().map_or_else(dash, |ratio| format!("{ratio:.2}")),
            self.bar.map_or_else(dash, |bar| match bar {
                Bar::AtMost(most) => format!("≤ {}", number(most)),
                Bar::RatioAtLeast(least) => format!("≥ {least} ×"),
                Bar::RatioAtMost(most) => format!("≤ {most} ×"),
            }),
            self.is_good().map_or_else(dash, |good| if good { "good" } else { "SHORT" }.to_owned()),
        ]
    }
}

/// Reports the progress of a benchmark: a run takes minutes.
pub fn say(line: impl std::fmt::Display) {
    drop(writeln!(io::stdout(), "{line}"));
}

/// Three significant digits are more than a run repeats.
fn number(value: f64) -> String {
    match value.abs() {
        size if size >= 100.0 => format!("{value:.0}"),
        size if size >= 10.0 => format!("{value:.1}"),
        size if size >= 1.0 || size == 0.0 => format!("{value:.2}"),
        _ => format!("{value:.3}"),
    }
}

impl Report {
    pub fn new(title: impl Into<String>, reference: impl Into<String>) -> Self {
        Self { title: title.into(), reference: reference.into(), ..Self::default() }
    }

    pub fn add(&mut self, what: impl Into<String>, ours: f64, reference: Option<f64>, bar: Option<Bar>) {
        self.figures.push(Figure { what: what.into(), ours, reference, bar });
    }

    pub fn note(&mut self, note: impl Into<String>) {
        self.notes.push(note.into());
    }

    pub fn is_good(&self) -> bool {
        self.figures.iter().all(|figure| figure.is_good() != Some(false))
    }

    /// The figures as Markdown, for the terminal and for the record.
    pub fn text(&self, revision: &str) -> String {
        let (title, day, reference) = (&self.title, SystemClock.now().date(), &self.reference);
        let headings = ["measure", "ours", "reference", "ratio", "bar", "verdict"];
        let table = table(headings, self.figures.iter().map(Figure::cells));
        let notes: String = self.notes.iter().map(|note| format!("\n- {note}")).collect();
        format!("\n## {title}, {day}, {revision}\n\nReference: {reference}.\n\n{table}{notes}\n")
    }

    pub fn append(&self, file: &Path, revision: &str) -> Result<()> {
        let mut out = OpenOptions::new()
            .append(true)
            .create(true)
            .open(file)
            .with_context(|| format!("{} cannot be written", file.display()))?;
        Ok(out.write_all(self.text(revision).as_bytes())?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(ours: f64, reference: Option<f64>, bar: Bar) -> Report {
        let mut report = Report::new("Queue", "another queue");
        report.add("jobs/s", ours, reference, Some(bar));
        report
    }

    #[test]
    fn a_bar_that_is_missed_makes_the_report_bad() {
        assert!(report(10.0, Some(2.0), Bar::RatioAtLeast(5.0)).is_good());
        assert!(!report(9.9, Some(2.0), Bar::RatioAtLeast(5.0)).is_good());
        assert!(!report(9.9, None, Bar::RatioAtLeast(5.0)).is_good());
        assert!(report(2.0, None, Bar::AtMost(2.0)).is_good());
        assert!(!report(2.1, None, Bar::AtMost(2.0)).is_good());
    }

    #[test]
    fn the_table_shows_the_ratio_and_the_verdict() {
        let text = report(9.0, Some(2.0), Bar::RatioAtLeast(5.0)).text("a revision");
        assert!(text.contains("4.50"), "{text}");
        assert!(text.contains("SHORT"), "{text}");
    }
}
