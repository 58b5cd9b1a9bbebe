use super::*;
use crate::MayRepeat;
use crate::audit::id_of;
use crate::audit::tests::{DUE, arrived, due};
use time::OffsetDateTime;

const OWNER: &str = "gerant@societe.example";

/// Two check-ins in one mail, with what the database says.
struct World {
    due: Vec<Due>,
    tokens: Vec<String>,
    mails: Vec<Mail>,
    endings: Vec<Ending>,
    links: Vec<Link>,
}

impl World {
    fn good() -> Self {
        let mail_id = Uuid::now_v7();
        let tokens = vec!["token-one".to_owned(), "token_two".to_owned()];
        let due: Vec<Due> = tokens.iter().map(|_| due(Uuid::now_v7(), OWNER)).collect();
        let ending = |due: &Due| Ending {
            task: due.task,
            status: "sent".to_owned(),
            reason: None,
            mail: Some(mail_id),
            is_written: true,
            told: 1,
            will_end: true,
        };
        Self {
            mails: vec![mail(mail_id, "v1", &tokens, DUE + time::Duration::seconds(1))],
            endings: due.iter().map(ending).collect(),
            links: vec![Link::Is(CheckinState::Open); 2],
            tokens,
            due,
        }
    }

    fn audit(&self, expected: &Expected) -> Report {
        let World { due, tokens, mails, endings, links } = self;
        audit(&Evidence { due, tokens, mails, endings, links, jobs_left: &HashMap::new() }, expected)
    }

    fn mail_id(&self) -> Uuid {
        id_of(&self.mails[0], "checkin").unwrap()
    }
}

fn mail(id: Uuid, version: &str, tokens: &[String], received_at: OffsetDateTime) -> Mail {
    let links = |token: &String| {
        format!(
            "http://localhost/api/v1/checkin/{token}/paid\nhttp://localhost/api/v1/checkin/{token}/pending\n"
        )
    };
    let text: String = tokens.iter().map(links).collect();
    let mail = arrived(format!("checkin.{id}.{version}@rubis.example"), OWNER, received_at);
    Mail { html: Some(text.clone()), text: Some(text), ..mail }
}

fn assert_short(report: &Report, what: &str) {
    assert!(report.shortfalls.iter().any(|shortfall| shortfall.contains(what)), "{:#?}", report.shortfalls);
}

#[test]
fn check_ins_that_are_asked_by_one_mail_are_good() {
    let report = World::good().audit(&Expected::default());
    assert_eq!(report.shortfalls, Vec::<String>::new());
    assert_eq!((report.reminders, report.sent, report.repeated, report.lost), (2, 2, 0, 0));
}

#[test]
fn a_mail_may_arrive_again_only_where_it_may_and_to_the_letter() {
    let mut world = World::good();
    let id = world.mail_id();
    let may = Expected { may_repeat: MayRepeat::These(HashSet::from([id])), ..Expected::default() };
    world.mails.push(mail(id, "v1", &world.tokens, DUE + time::Duration::seconds(9)));
    assert_short(&world.audit(&Expected::default()), "more than once");
    assert!(world.audit(&may).is_good());
    world.mails.pop();
    world.mails.push(mail(id, "v1", &world.tokens[..1], DUE + time::Duration::seconds(9)));
    assert_short(&world.audit(&may), "other links");
}

#[test]
fn a_check_in_that_nobody_is_asked_is_lost_and_one_that_two_mails_ask_is_reported() {
    let mut world = World::good();
    world.mails[0] = mail(world.mail_id(), "v1", &world.tokens[..1], DUE);
    let report = world.audit(&Expected::default());
    assert_eq!(report.lost, 1);
    let mut world = World::good();
    world.mails.push(mail(Uuid::now_v7(), "v1", &world.tokens[..1], DUE));
    assert_short(&world.audit(&Expected::default()), "more than one mail");
}

#[test]
fn links_that_are_unknown_or_closed_or_of_nobody_are_reported() {
    let mut world = World::good();
    world.links[0] = Link::Unknown;
    assert_short(&world.audit(&Expected::default()), "do not answer");
    world.links[0] = Link::Is(CheckinState::Expired);
    assert_short(&world.audit(&Expected::default()), "do not answer");
    let mut world = World::good();
    let id = world.mail_id();
    world.mails[0] = mail(id, "v1", &["another".to_owned()], DUE);
    assert_short(&world.audit(&Expected::default()), "not due");
}

#[test]
fn after_the_end_of_an_invoice_only_what_was_in_hand_arrives() {
    let mut world = World::good();
    world.endings[0] = Ending { status: "cancelled".to_owned(), will_end: false, ..world.endings[0].clone() };
    world.links[0] = Link::Is(CheckinState::AlreadyAnswered);
    let stopped = |acknowledged_at| Expected {
        stopped: HashMap::from([(world.due[0].task, acknowledged_at)]),
        ..Expected::default()
    };
    assert_eq!(world.audit(&stopped(DUE)).shortfalls, Vec::<String>::new());
    assert_short(&world.audit(&stopped(DUE - time::Duration::seconds(9))), "had been acknowledged");
}
