//! The evidence that a worker needs before it takes a lease away: a database that has answered all the time.
//!
//! A lease also expires while the database stalls, is restarted, or fails over to a standby: no worker can renew
//! then, and most of them are alive and have mails in flight. So a worker looks at the server each second and
//! trusts expiries only after an unbroken series of looks at the same server. All instants are the server's own.

use std::time::Duration;

use diesel::{
    QueryableByName,
    result::QueryResult,
    sql_types::{Text, Timestamptz},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use rubis_db::statement::{prepared, statement};
use time::OffsetDateTime;

/// One run of a server. A restart changes the start, the promotion of a standby changes the timeline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerIdentity {
    /// The start of the server's main process.
    pub started_at: OffsetDateTime,
    /// The timeline that it writes; empty on a standby.
    pub timeline: String,
}

/// One look at the server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sighting {
    /// The server that answered.
    pub server: ServerIdentity,
    /// The instant by its clock.
    pub at: OffsetDateTime,
}

// The name of the current segment begins with the timeline that is being written. The control file follows only
// with the first checkpoint after a promotion.
macro_rules! timeline {
    () => {
        "(CASE WHEN pg_is_in_recovery() THEN '' ELSE left(pg_walfile_name(pg_current_wal_lsn()), 8) END)"
    };
}
pub(crate) use timeline;

statement!(
    SightServer,
    concat!(
        "SELECT pg_postmaster_start_time() AS started_at, ",
        timeline!(),
        " AS timeline, clock_timestamp() AS at"
    )
);

#[derive(QueryableByName)]
struct Sighted {
    #[diesel(sql_type = Timestamptz)]
    started_at: OffsetDateTime,
    #[diesel(sql_type = Text)]
    timeline: String,
    #[diesel(sql_type = Timestamptz)]
    at: OffsetDateTime,
}

/// Looks at the server.
///
/// # Errors
/// The database refused, or does not answer.
pub async fn sight_server(conn: &mut AsyncPgConnection) -> QueryResult<Sighting> {
    let Sighted { started_at, timeline, at } = prepared::<SightServer>().get_result(conn).await?;
    Ok(Sighting { server: ServerIdentity { started_at, timeline }, at })
}

/// The times by which a server is trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WatchRules {
    /// The longest time between two looks of one series. Leases outlive a stall that is shorter.
    pub gap: Duration,
    /// The age from which a series is trusted: live workers have renewed their leases by then.
    pub settle: Duration,
}

/// The beginning of a new series.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unsettled {
    /// No look came before this one.
    First,
    /// Nothing was seen of the server for this long.
    Stall(time::Duration),
    /// The server was restarted or replaced, or a standby was promoted.
    Replaced,
}

/// The series of looks that a worker has behind it.
#[derive(Clone, Debug, Default)]
pub struct ServerWatch {
    series: Option<Series>,
}

#[derive(Clone, Debug)]
struct Series {
    server: ServerIdentity,
    since: OffsetDateTime,
    last: OffsetDateTime,
}

/// The right to take leases away, for as long as it is fresh. A statement that hung during a stall carries the
/// evidence of before the stall, and does nothing when it is executed after it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerTrust {
    /// The server that was watched.
    pub server: ServerIdentity,
    /// From this instant of the server's clock.
    pub from: OffsetDateTime,
    /// Until this one.
    pub until: OffsetDateTime,
}

impl ServerWatch {
    /// Adds a look. Returns the reason if it begins a new series.
    pub fn note(&mut self, sighting: Sighting, rules: &WatchRules) -> Option<Unsettled> {
        let Sighting { server, at } = sighting;
        let broken = match &self.series {
            None => Some(Unsettled::First),
            Some(series) if series.server != server => Some(Unsettled::Replaced),
            // A clock that was set back proves nothing either.
            Some(series) if at < series.last || at - series.last > rules.gap => {
                Some(Unsettled::Stall(at - series.last))
            }
            Some(_) => None,
        };
        match (&mut self.series, &broken) {
            (Some(series), None) => series.last = at,
            (series, _) => *series = Some(Series { server, since: at, last: at }),
        }
        broken
    }

    /// The trust that the series justifies; `None` before the first look.
    #[must_use]
    pub fn trust(&self, rules: &WatchRules) -> Option<ServerTrust> {
        let Series { server, since, last } = self.series.clone()?;
        Some(ServerTrust { server, from: since + rules.settle, until: last + rules.gap })
    }
}

#[cfg(test)]
mod tests {
    use time::{Duration as Span, macros::datetime};

    use super::*;

    const START: OffsetDateTime = datetime!(2027-03-01 09:00 UTC);
    const RULES: WatchRules = WatchRules { gap: Duration::from_secs(3), settle: Duration::from_secs(8) };

    fn server(timeline: &str) -> ServerIdentity {
        ServerIdentity { started_at: START - Span::days(30), timeline: timeline.to_owned() }
    }

    fn look(watch: &mut ServerWatch, seconds: i64, timeline: &str) -> Option<Unsettled> {
        watch.note(Sighting { server: server(timeline), at: START + Span::seconds(seconds) }, &RULES)
    }

    fn is_trusted(watch: &ServerWatch, seconds: i64) -> bool {
        let now = START + Span::seconds(seconds);
        watch.trust(&RULES).is_some_and(|trust| trust.from <= now && now <= trust.until)
    }

    fn watched_for(seconds: i64) -> ServerWatch {
        let mut watch = ServerWatch::default();
        assert_eq!(look(&mut watch, 0, "00000001"), Some(Unsettled::First));
        for second in 1..=seconds {
            assert_eq!(look(&mut watch, second, "00000001"), None);
        }
        watch
    }

    #[test]
    fn a_server_is_trusted_after_it_was_seen_for_a_while_without_a_gap() {
        assert!(!is_trusted(&ServerWatch::default(), 0));
        assert!(!is_trusted(&watched_for(7), 7));
        assert!(is_trusted(&watched_for(8), 8));
    }

    #[test]
    fn a_statement_that_hung_during_a_stall_finds_its_evidence_out_of_date() {
        let watch = watched_for(20);
        assert!(is_trusted(&watch, 23));
        assert!(!is_trusted(&watch, 24));
    }

    #[test]
    fn after_a_stall_live_workers_have_time_to_renew() {
        let mut watch = watched_for(20);
        assert_eq!(look(&mut watch, 23, "00000001"), None, "a hiccup is no stall");
        assert!(is_trusted(&watch, 23));
        assert_eq!(look(&mut watch, 33, "00000001"), Some(Unsettled::Stall(Span::seconds(10))));
        assert!(!is_trusted(&watch, 33));
        for second in 34..=41 {
            look(&mut watch, second, "00000001");
        }
        assert!(is_trusted(&watch, 41));
    }

    #[test]
    fn the_promotion_of_a_standby_counts_as_a_restart_though_it_started_long_ago() {
        let mut watch = watched_for(20);
        assert_eq!(look(&mut watch, 21, "00000002"), Some(Unsettled::Replaced));
        assert!(!is_trusted(&watch, 21));
    }

    #[test]
    fn a_clock_that_was_set_back_begins_anew() {
        let mut watch = watched_for(20);
        assert_eq!(look(&mut watch, 10, "00000001"), Some(Unsettled::Stall(Span::seconds(-10))));
        assert!(!is_trusted(&watch, 10));
    }
}
