//! Results of a benchmark: figures, ratios and bars.

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::path::Path;

use anyhow::{Context as _, Result};
use rubis_kernel::{Clock as _, SystemClock};
use time::macros::format_description;

/// One figure.
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

/// A benchmark's figures.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Report {
    pub title: String,
    /// Name of the reference: "BullMQ 6.7 on the same Redis".
    pub reference: String,
    pub figures: Vec<Figure>,
    /// Conditions of the measurement, and further findings.
    pub notes: Vec<String>,
}

impl Figure {
    /// Ours as a multiple of the reference.
    pub fn ratio(&self) -> Option<f64> {
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
            self.bar.map_or_else(dash, |bar| bar.to_string()),
            match self.is_good() {
                None => dash(),
                Some(true) => "good".to_owned(),
                Some(false) => "SHORT".to_owned(),
            },
        ]
    }
}

impl std::fmt::Display for Bar {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::AtMost(most) => write!(f, "≤ {}", number(*most)),
            Self::RatioAtLeast(least) => write!(f, "≥ {least} ×"),
            Self::RatioAtMost(most) => write!(f, "≤ {most} ×"),
        }
    }
}

/// Says how far a benchmark is: a run takes minutes.
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

const HEADINGS: [&str; 6] = ["measure", "ours", "reference", "ratio", "bar", "verdict"];

impl Report {
    /// Adds a figure.
    pub fn add(&mut self, what: impl Into<String>, ours: f64, reference: Option<f64>, bar: Option<Bar>) {
        self.figures.push(Figure { what: what.into(), ours, reference, bar });
    }

    /// Adds something worth knowing.
    pub fn note(&mut self, note: impl Into<String>) {
        self.notes.push(note.into());
    }

    pub fn is_good(&self) -> bool {
        self.figures.iter().all(|figure| figure.is_good() != Some(false))
    }

    /// Prints the figures as a table.
    pub fn print(&self, out: &mut impl Write) -> io::Result<()> {
        let mut rows = vec![HEADINGS.map(str::to_owned)];
        rows.extend(self.figures.iter().map(Figure::cells));
        let width = |column: usize| {
            rows.iter()
                .filter_map(|row| row.get(column))
                .map(|cell| cell.chars().count())
                .max()
                .unwrap_or_default()
        };
        writeln!(out, "\n{} (reference: {})\n", self.title, self.reference)?;
        for row in &rows {
            for (column, cell) in row.iter().enumerate() {
                let width = width(column);
                if column == 0 { write!(out, "{cell:width$}")? } else { write!(out, "  {cell:>width$}")? }
            }
            writeln!(out)?;
        }
        writeln!(out)?;
        for note in &self.notes {
            writeln!(out, "{note}")?;
        }
        Ok(())
    }

    /// Appends the figures to a Markdown file.
    pub fn append(&self, file: &Path, revision: &str) -> Result<()> {
        let day = SystemClock.now().format(format_description!("[year]-[month]-[day]"))?;
        let mut text =
            format!("\n## {}, {day}, {revision}\n\nReference: {}.\n\n", self.title, self.reference);
        let row = |cells: &[String]| format!("| {} |\n", cells.join(" | "));
        text.push_str(&row(&HEADINGS.map(str::to_owned)));
        text.push_str("|---|---:|---:|---:|---:|---|\n");
        for figure in &self.figures {
            text.push_str(&row(&figure.cells()));
        }
        for note in &self.notes {
            text.push_str(&format!("\n- {note}"));
        }
        text.push('\n');
        let mut out = OpenOptions::new()
            .append(true)
            .create(true)
            .open(file)
            .with_context(|| format!("{} cannot be written", file.display()))?;
        Ok(out.write_all(text.as_bytes())?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(ours: f64, reference: Option<f64>, bar: Bar) -> Report {
        let mut report = Report { title: "Queue".to_owned(), ..Report::default() };
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
        let mut out = Vec::new();
        report(9.0, Some(2.0), Bar::RatioAtLeast(5.0)).print(&mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        assert!(text.contains("4.50"), "{text}");
        assert!(text.contains("SHORT"), "{text}");
    }
}
