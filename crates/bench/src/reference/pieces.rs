//! Values that were captured, cut at what differs from one subject to the next.

/// Least length of a value that is looked for inside of others: a shorter one may be there by chance.
const LEAST_PART: usize = 6;

/// Part of a value: as it was captured, or the number of what stands for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Piece<'a> {
    Fixed(&'a str),
    Varying(usize),
}

/// Captured values that vary, the longest first, as one may be a part of another.
pub(super) struct Varying<'a>(Vec<(&'a str, usize)>);

impl<'a> Varying<'a> {
    pub(super) fn new(captured: impl Iterator<Item = &'a str>) -> Self {
        let mut varying: Vec<_> = captured.zip(0..).collect();
        varying.sort_by_key(|(captured, _)| std::cmp::Reverse(captured.len()));
        Self(varying)
    }

    pub(super) fn cut<'value>(&self, value: &'value str) -> Vec<Piece<'value>> {
        if let Some((_, number)) = self.0.iter().find(|(captured, _)| *captured == value) {
            return vec![Piece::Varying(*number)];
        }
        let mut pieces = vec![Piece::Fixed(value)];
        for (captured, number) in self.0.iter().filter(|(captured, _)| captured.len() >= LEAST_PART) {
            pieces = pieces
                .into_iter()
                .flat_map(|piece| match piece {
                    Piece::Fixed(text) => cut_at(text, captured, *number),
                    varying @ Piece::Varying(_) => vec![varying],
                })
                .collect();
        }
        pieces
    }
}

fn cut_at<'value>(text: &'value str, captured: &str, number: usize) -> Vec<Piece<'value>> {
    let mut pieces = Vec::new();
    for (index, fixed) in text.split(captured).enumerate() {
        if index > 0 {
            pieces.push(Piece::Varying(number));
        }
        if !fixed.is_empty() {
            pieces.push(Piece::Fixed(fixed));
        }
    }
    pieces
}

/// The column of what varies, written so that it is not a part of another's.
pub(super) fn column(number: usize) -> String {
    format!("(own.x{number})")
}

pub(super) fn expression(pieces: &[Piece<'_>]) -> String {
    let parts: Vec<String> = pieces
        .iter()
        .map(|piece| match piece {
            Piece::Fixed(text) => literal(text),
            Piece::Varying(number) => column(*number),
        })
        .collect();
    parts.join(" || ")
}

/// A literal of SQL, whatever `standard_conforming_strings` says.
fn literal(text: &str) -> String {
    let quoted = text.replace('\'', "''");
    if quoted.contains('\\') { format!("E'{}'", quoted.replace('\\', "\\\\")) } else { format!("'{quoted}'") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(value: &str) -> String {
        expression(&Varying::new(["0192-aaaa", "7", "0192-aaaa-bbbb"].into_iter()).cut(value))
    }

    #[test]
    fn values_are_cut_at_what_varies() {
        assert_eq!(cut("{job:0192-aaaa}"), "'{job:' || (own.x0) || '}'");
        assert_eq!(cut("0192-aaaa"), "(own.x0)");
        assert_eq!(cut("l'un\\0192-aaaa-bbbb"), "E'l''un\\\\' || (own.x2)");
    }

    #[test]
    fn what_is_short_only_counts_as_a_whole() {
        assert_eq!(cut("7"), "(own.x1)");
        assert_eq!(cut("17"), "'17'");
    }
}
