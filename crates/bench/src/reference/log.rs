//! Reads PostgreSQL's log in the format of the benchmarks' server.

/// Prefix of every line: the time, the process, the database.
pub const LINE_PREFIX: &str = "log_line_prefix=%m [%p] (%d) ";

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    pub process: u32,
    /// The database that it was connected to; empty without one.
    pub database: String,
    pub severity: String,
    pub message: String,
    pub detail: Option<String>,
}

/// The entries of a piece of the log that begins and ends with a line.
pub fn entries(text: &str) -> Vec<Entry> {
    let mut entries: Vec<Entry> = Vec::new();
    // The part of an entry that the next lines continue.
    let mut in_detail = None;
    for line in text.split('\n') {
        if let Some(further) = line.strip_prefix('\t') {
            let part = entries.last_mut().and_then(|entry| match in_detail {
                Some(true) => entry.detail.as_mut(),
                Some(false) => Some(&mut entry.message),
                None => None,
            });
            if let Some(part) = part {
                part.push('\n');
                part.push_str(further);
            }
            continue;
        }
        let Some((process, database, severity, message)) = begun(line) else {
            in_detail = None;
            continue;
        };
        match severity {
            "DETAIL" => {
                in_detail = Some(true);
                if let Some(entry) = entries.last_mut().filter(|entry| entry.process == process) {
                    entry.detail = Some(message.to_owned());
                }
            }
            "HINT" | "STATEMENT" | "CONTEXT" | "QUERY" | "LOCATION" => in_detail = None,
            _ => {
                in_detail = Some(false);
                entries.push(Entry {
                    process,
                    database: database.to_owned(),
                    severity: severity.to_owned(),
                    message: message.to_owned(),
                    detail: None,
                });
            }
        }
    }
    entries
}

fn begun(line: &str) -> Option<(u32, &str, &str, &str)> {
    let (head, rest) = line.split_once("] (")?;
    let process = head.rsplit_once('[')?.1.parse().ok()?;
    let (database, rest) = rest.split_once(") ")?;
    let (severity, message) = rest.split_once(":  ")?;
    severity.bytes().all(|byte| byte.is_ascii_uppercase()).then_some((process, database, severity, message))
}

pub fn statement(message: &str) -> Option<&str> {
    match message.strip_prefix("execute ") {
        Some(named) => named.split_once(": ").map(|(_, sql)| sql),
        None => message.strip_prefix("statement: "),
    }
}

/// The values of a statement, from its `DETAIL`: `parameters: $1 = 'it''s', $2 = NULL`. `None` if
/// it has another form.
pub fn values(detail: &str) -> Option<Vec<Option<String>>> {
    let mut rest = detail.split_once("arameters: ")?.1;
    let mut values = Vec::new();
    while !rest.is_empty() {
        rest = rest.split_once(" = ").filter(|(name, _)| name.starts_with('$'))?.1;
        if let Some(behind) = rest.strip_prefix("NULL") {
            values.push(None);
            rest = behind;
        } else {
            let (value, behind) = quoted(rest.strip_prefix('\'')?)?;
            values.push(Some(value));
            rest = behind;
        }
        rest = rest.strip_prefix(", ").unwrap_or(rest);
    }
    Some(values)
}

/// A value up to its closing quote, and what is behind that.
fn quoted(mut rest: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    loop {
        let (piece, behind) = rest.split_once('\'')?;
        value.push_str(piece);
        match behind.strip_prefix('\'') {
            Some(further) => {
                value.push('\'');
                rest = further;
            }
            None => return Some((value, behind)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOG: &str = "\
2026-01-05 09:00:00.001 UTC [41] (bench) LOG:  execute s3: SELECT a,\n\
\t  b FROM t WHERE a = $1 AND b = $2\n\
2026-01-05 09:00:00.001 UTC [41] (bench) DETAIL:  parameters: $1 = 'l''un\n\
\tet l''autre, $2 = ''x''', $2 = NULL\n\
2026-01-05 09:00:00.002 UTC [7] () LOG:  checkpoint starting: time\n\
2026-01-05 09:00:00.003 UTC [41] (bench) LOG:  statement: COMMIT\n\
2026-01-05 09:00:00.004 UTC [42] (bench) ERROR:  no\n\
2026-01-05 09:00:00.004 UTC [42] (bench) STATEMENT:  SELECT (\n\
\tx";

    #[test]
    fn statements_are_read_with_their_values_over_several_lines() {
        let entries = entries(LOG);
        assert_eq!(entries.len(), 4);
        let first = &entries[0];
        assert_eq!((first.process, first.database.as_str()), (41, "bench"));
        assert_eq!(statement(&first.message), Some("SELECT a,\n  b FROM t WHERE a = $1 AND b = $2"));
        assert_eq!(
            values(first.detail.as_deref().unwrap()),
            Some(vec![Some("l'un\net l'autre, $2 = 'x'".to_owned()), None])
        );
        assert_eq!(statement(&entries[1].message), None);
        assert_eq!(statement(&entries[2].message), Some("COMMIT"));
        assert_eq!((entries[3].severity.as_str(), entries[3].message.as_str()), ("ERROR", "no"));
    }

    #[test]
    fn values_that_are_cut_off_are_not_taken() {
        assert_eq!(values("parameters: $1 = 'half"), None);
        assert_eq!(values("parameters: $1 = ''"), Some(vec![Some(String::new())]));
    }
}
