use super::*;
use rubis_inbox::MailSummary;
use time::macros::datetime;

pub(crate) const DUE: OffsetDateTime = datetime!(2026-11-24 08:00 UTC);

/// A reminder that was due, and one mail of it, with what the database says.
struct World {
    due: Vec<Due>,
    mails: Vec<Mail>,
    endings: Vec<Ending>,
    jobs_left: HashMap<String, LeftJob>,
}

impl World {
    /// Three reminders that arrived once each, the first after one second and so on.
    fn good() -> Self {
        let mut world =
            Self { due: Vec::new(), mails: Vec::new(), endings: Vec::new(), jobs_left: HashMap::new() };
        for number in 1..=3_i64 {
            let task = Uuid::now_v7();
            let recipient = format!("compta-{number}@debiteur.example");
            world.due.push(due(task, &recipient));
            world.mails.push(mail(task, "v1", &recipient, DUE + time::Duration::seconds(number)));
            world.endings.push(Ending {
                task,
                status: "sent".to_owned(),
                reason: None,
                recipient,
                was_being_sent: false,
                failure_is_told: false,
            });
        }
        world
    }

    fn audit(&self, expected: &Expected) -> Report {
        let sent =
            i64::try_from(self.endings.iter().filter(|ending| ending.status == "sent").count()).unwrap();
        let evidence = Evidence {
            due: &self.due,
            mails: &self.mails,
            endings: &self.endings,
            counters: Counters { sent, events_of_sent: sent, paid: 0, rubis: sent },
            jobs_left: &self.jobs_left,
        };
        audit(&evidence, expected)
    }

    fn repeat_first(&mut self, version: &str) {
        let again = mail(self.due[0].task, version, &self.due[0].recipient, DUE + time::Duration::seconds(9));
        self.mails.push(again);
    }
}

pub(crate) fn due(task: Uuid, recipient: &str) -> Due {
    let (organization, invoice) = (Uuid::nil(), Uuid::now_v7());
    Due { task, organization, invoice, recipient: recipient.to_owned(), send_at: DUE }
}

fn mail(task: Uuid, version: &str, recipient: &str, received_at: OffsetDateTime) -> Mail {
    arrived(format!("relance.{task}.{version}@rubis.example"), recipient, received_at)
}

pub(crate) fn arrived(message_id: String, recipient: &str, received_at: OffsetDateTime) -> Mail {
    Mail {
        summary: MailSummary {
            id: 1,
            received_at,
            envelope_from: "relances@rubis.example".to_owned(),
            envelope_to: vec![recipient.to_owned()],
            from: None,
            to: Vec::new(),
            cc: Vec::new(),
            reply_to: None,
            subject: String::new(),
            message_id: Some(message_id),
            size: 0,
        },
        text: None,
        html: None,
        headers: Vec::new(),
        attachments: Vec::new(),
        raw: [].into(),
    }
}

fn shortfall(report: &Report, words: &str) -> bool {
    report.shortfalls.len() == 1 && report.shortfalls[0].contains(words)
}

#[test]
fn a_run_in_which_everything_arrived_once_is_good() {
    let report = World::good().audit(&Expected::default());
    assert_eq!(report.shortfalls, [""; 0]);
    assert_eq!((report.reminders, report.sent, report.repeated, report.lost), (3, 3, 0, 0));
    assert_eq!((report.late_p50.as_secs(), report.late_p99.as_secs()), (2, 2));
}

#[test]
fn a_reminder_that_did_not_arrive_is_lost_whatever_the_database_says() {
    for status in ["sent", "scheduled", "cancelled", "failed"] {
        let mut world = World::good();
        world.mails.pop();
        world.endings[2].status = status.to_owned();
        let report = world.audit(&Expected::default());
        assert!(shortfall(&report, "are lost"), "{status}: {report:?}");
        assert_eq!(report.lost, 1);
    }
}

#[test]
fn a_mail_that_is_not_recorded_or_was_not_due_is_found() {
    let mut world = World::good();
    world.endings[1].status = "scheduled".to_owned();
    assert!(shortfall(&world.audit(&Expected::default()), "not recorded as sent"));

    let mut world = World::good();
    world.mails.push(mail(Uuid::now_v7(), "v1", "compta@ailleurs.example", DUE));
    assert!(shortfall(&world.audit(&Expected::default()), "not due"));
}

#[test]
fn a_repetition_is_allowed_to_those_that_were_cut_off_and_only_as_the_same_message() {
    let mut world = World::good();
    world.repeat_first("v1");
    assert!(shortfall(&world.audit(&Expected::default()), "more than once"));

    let first = HashSet::from([world.due[0].task]);
    let may_repeat = Expected { may_repeat: MayRepeat::These(first), ..Expected::default() };
    let report = world.audit(&may_repeat);
    assert!(report.is_good(), "{report:?}");
    assert_eq!(report.repeated, 1);
    let nobody_left = Expected { may_repeat: MayRepeat::AtMost(0), ..Expected::default() };
    assert!(shortfall(&world.audit(&nobody_left), "at most 0"));

    world.repeat_first("v2");
    assert!(shortfall(&world.audit(&may_repeat), "another message"));
}

#[test]
fn after_an_acknowledged_end_only_what_was_said_to_be_on_its_way_arrives() {
    let mut world = World::good();
    let stopped = |seconds| {
        let stopped = HashMap::from([(world.due[0].task, DUE + time::Duration::milliseconds(seconds))]);
        Expected { stopped, ..Expected::default() }
    };
    let (before, after) = (stopped(1_500), stopped(500));
    assert!(world.audit(&before).is_good());
    assert!(shortfall(&world.audit(&after), "had been acknowledged"));
    world.endings[0].was_being_sent = true;
    assert!(world.audit(&after).is_good());
}

#[test]
fn a_refusal_counts_when_it_failed_with_an_event() {
    let mut world = World::good();
    world.mails.pop();
    world.endings[2].status = "failed".to_owned();
    world.endings[2].reason = Some("rejected".to_owned());
    let refused = Expected { refused: HashSet::from([world.due[2].task]), ..Expected::default() };
    assert!(shortfall(&world.audit(&refused), "not failed with an event"));
    world.endings[2].failure_is_told = true;
    assert!(world.audit(&refused).is_good());
}

#[test]
fn jobs_that_are_left_or_gone_are_found_and_so_are_early_mails() {
    let mut world = World::good();
    let left = LeftJob {
        id: "forecast:1".to_owned(),
        state: "scheduled".to_owned(),
        attempts: 0,
        crashes: 0,
        last_error: None,
    };
    world.jobs_left.insert(left.id.clone(), left);
    assert!(shortfall(&world.audit(&Expected::default()), "jobs are left"));
    let expected = |id: &str| Expected { jobs_left: HashSet::from([id.to_owned()]), ..Expected::default() };
    assert!(world.audit(&expected("forecast:1")).is_good());
    world.jobs_left.clear();
    assert!(shortfall(&world.audit(&expected("forecast:1")), "jobs are gone"));

    world.mails[0].summary.received_at = DUE - time::Duration::seconds(1);
    assert!(shortfall(&world.audit(&Expected::default()), "before they were due"));
}
