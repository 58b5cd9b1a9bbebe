//! Files of the checkout that a command writes and a check compares.

use std::fs;
use std::process::ExitCode;

use anyhow::{Context as _, Result, bail};

use rubis_devkit::workspace::root;

/// A generated file, from the root of the checkout, and the command that writes it.
pub struct Generated {
    pub path: &'static str,
    pub command: &'static str,
}

impl Generated {
    pub fn write(&self, text: &str) -> Result<ExitCode> {
        fs::write(root().join(self.path), text)
            .with_context(|| format!("{} cannot be written", self.path))?;
        println!("  {} is written", self.path);
        Ok(ExitCode::SUCCESS)
    }

    /// Fails with the first difference to the text that the file should have.
    pub fn check(&self, wanted: &str) -> Result<()> {
        let found = fs::read_to_string(root().join(self.path)).unwrap_or_default();
        if let Some(difference) = first_difference(&found, wanted) {
            bail!("{} is out of date ({difference}): run `{}`", self.path, self.command);
        }
        Ok(())
    }
}

fn first_difference(found: &str, wanted: &str) -> Option<String> {
    let (mut lines, mut wanted_lines) = (found.lines(), wanted.lines());
    (1_usize..).find_map(|number| match (lines.next(), wanted_lines.next()) {
        (None, None) => Some((found != wanted).then(|| "the ends of lines differ".to_owned())),
        (found, wanted) if found == wanted => None,
        (found, None) => Some(Some(format!("line {number}, `{}`, is too much", found?.trim()))),
        (None, Some(line)) => Some(Some(format!("line {number}, `{}`, is missing", line.trim()))),
        (Some(found), Some(line)) => {
            Some(Some(format!("line {number} is `{}`, not `{}`", found.trim(), line.trim())))
        }
    })?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_difference_is_reported_with_its_line() {
        let difference = |found, wanted| first_difference(found, wanted).unwrap_or_default();
        assert_eq!(difference("a\nb\n", "a\nc\n"), "line 2 is `b`, not `c`");
        assert_eq!(difference("a\nb\n", "a\n"), "line 2, `b`, is too much");
        assert_eq!(difference("a\n", "a\nb\n"), "line 2, `b`, is missing");
        assert_eq!(difference("a\n", "a\n"), "");
    }
}
