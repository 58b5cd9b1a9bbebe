//! The pages of a check-in, in words.

use rubis_checkins::CheckinAnswer;
use rubis_lifecycle::{CheckinCard, CheckinView};
use time::{Duration, OffsetDateTime};

use super::{
    CheckinPage, Told, cards,
    choose::{self, Shown},
    icons::Mark,
    told,
};
use crate::pages::{frame::Page, html::Html};

/// A page to be written.
pub(super) struct Writing<'a> {
    /// Where its forms go.
    pub(super) page: &'a CheckinPage,
    /// The token that it was opened with.
    pub(super) token: &'a str,
    /// What there is to be told.
    pub(super) view: &'a CheckinView,
    /// How long links live.
    pub(super) life: Duration,
}

/// The page of a token that no check-in has.
pub(super) fn unknown() -> Page {
    let mut main = opened(Mark::Exclamation, "Ce lien n\u{2019}est pas valable.");
    lead(
        &mut main,
        "Il est peut-être incomplet. Ouvrez-le directement depuis le message que Rubis vous a envoyé, et \
         autorisez les cookies de cette page.",
    );
    Page { title: "Lien non valable".to_owned(), main, foot: Html::new() }
}

/// The page of a token that is not answered any more.
pub(super) fn gone() -> Page {
    let mut main = opened(Mark::Clock, "Ce lien n\u{2019}est plus disponible.");
    lead(
        &mut main,
        "Il a expiré il y a trop longtemps. Vous pouvez à tout moment mettre la facture à jour dans Rubis.",
    );
    Page { title: "Lien expiré".to_owned(), main, foot: Html::new() }
}

impl Writing<'_> {
    /// The page, told what has just happened.
    pub(super) fn page(&self, told: Option<Told>) -> Page {
        let shown = choose::choose(self.view, told);
        let main = match shown {
            Shown::Together => cards::together(self, told),
            Shown::Question => self.question(),
            Shown::Confirm(answer) => self.confirm(answer),
            Shown::Paid => self.paid(),
            Shown::WasPaid => self.was_paid(),
            Shown::Pending => self.pending(),
            Shown::Undone => self.undone(),
            Shown::WasPending => self.was_pending(),
            Shown::Settled => self.settled(),
            Shown::Expired => self.expired(),
            Shown::Renewed => self.renewed(),
            Shown::TooSoon => self.too_soon(),
        };
        let invoice = self.card().invoice.as_ref();
        let facture = invoice
            .map_or_else(|| "Votre facture".to_owned(), |invoice| format!("Facture {}", invoice.numero));
        let title = match shown {
            Shown::Together => "Vos factures à échéance".to_owned(),
            Shown::Question => format!("{facture}\u{a0}: avez-vous été payé\u{a0}?"),
            Shown::Confirm(_) => format!("{facture}\u{a0}: confirmez votre réponse"),
            Shown::Paid | Shown::WasPaid | Shown::Settled => format!("{facture}\u{a0}: payée"),
            Shown::Pending | Shown::Undone | Shown::WasPending => {
                format!("{facture}\u{a0}: toujours en attente")
            }
            Shown::Expired => "Lien expiré".to_owned(),
            Shown::Renewed | Shown::TooSoon => "Nouveau lien envoyé".to_owned(),
        };
        Page { title, main, foot: foot(shown, self.view) }
    }

    fn card(&self) -> &CheckinCard {
        &self.view.checkin
    }

    fn question(&self) -> Html {
        let mut main = opened(Mark::Question, "Avez-vous été payé\u{a0}?");
        cards::facts(&mut main, self.card());
        self.both_buttons(&mut main, CheckinAnswer::Paid);
        self.others(&mut main);
        main
    }

    fn confirm(&self, answer: CheckinAnswer) -> Html {
        let mut main = opened(Mark::Question, "Confirmez votre réponse.");
        lead(
            &mut main,
            "Certaines messageries ouvrent les liens toutes seules\u{a0}: rien n\u{2019}est enregistré tant \
             que vous n\u{2019}avez pas choisi ici. Cette facture a-t-elle été payée\u{a0}?",
        );
        cards::facts(&mut main, self.card());
        self.both_buttons(&mut main, answer);
        self.others(&mut main);
        main
    }

    fn paid(&self) -> Html {
        let mut main = opened(Mark::Check, "C\u{2019}est noté, merci.");
        lead(
            &mut main,
            &format!(
                "La facture est enregistrée comme payée\u{a0}: {} ne recevra plus de relance à son sujet.",
                self.card().invoice.as_ref().map_or("le client", |invoice| invoice.client_name.as_str())
            ),
        );
        cards::facts(&mut main, self.card());
        self.undo(&mut main);
        self.others(&mut main);
        main
    }

    fn was_paid(&self) -> Html {
        let mut main = opened(Mark::Check, "Vous avez déjà répondu.");
        lead(
            &mut main,
            &format!(
                "{} cette facture a été déclarée payée\u{a0}: plus aucune relance ne part.",
                self.answered_on()
            ),
        );
        cards::facts(&mut main, self.card());
        self.undo(&mut main);
        self.others(&mut main);
        main
    }

    fn pending(&self) -> Html {
        let mut main = opened(Mark::Clock, "C\u{2019}est noté\u{a0}: toujours en attente.");
        lead(
            &mut main,
            "Les relances prévues suivent leur cours. Dès que le paiement arrive, indiquez-le dans Rubis et \
             elles s\u{2019}arrêtent.",
        );
        cards::facts(&mut main, self.card());
        self.others(&mut main);
        main
    }

    fn undone(&self) -> Html {
        let mut main = opened(Mark::Clock, "Votre réponse est annulée.");
        lead(
            &mut main,
            "La facture est de nouveau en attente de paiement, et les relances prévues suivent leur cours.",
        );
        cards::facts(&mut main, self.card());
        self.others(&mut main);
        main
    }

    fn was_pending(&self) -> Html {
        let mut main = opened(Mark::Clock, "Vous avez déjà répondu.");
        lead(
            &mut main,
            &format!(
                "{} vous avez indiqué que le paiement était toujours en attente\u{a0}: les relances prévues \
                 suivent leur cours. Dès qu\u{2019}il arrive, indiquez-le dans Rubis.",
                self.answered_on()
            ),
        );
        cards::facts(&mut main, self.card());
        self.others(&mut main);
        main
    }

    fn settled(&self) -> Html {
        let mut main = opened(Mark::Check, "Cette facture est déjà réglée.");
        lead(&mut main, "Vous n\u{2019}avez rien à faire\u{a0}: plus aucune relance ne part à son sujet.");
        cards::facts(&mut main, self.card());
        self.others(&mut main);
        main
    }

    fn expired(&self) -> Html {
        let mut main = opened(Mark::Clock, "Ce lien a expiré.");
        if self.card().can_renew {
            lead(
                &mut main,
                &format!(
                    "Les liens d\u{2019}un message restent valables {}\u{a0}heures. Nous pouvons vous en envoyer \
                     de nouveaux, à l\u{2019}adresse de votre compte.",
                    self.life.whole_hours()
                ),
            );
        } else {
            lead(
                &mut main,
                "La question ne se pose plus, ou un message plus récent vous a été envoyé. Vous pouvez à tout \
                 moment mettre la facture à jour dans Rubis.",
            );
        }
        cards::facts(&mut main, self.card());
        if self.card().can_renew {
            main.markup("<div class=\"ways\">");
            self.button(&mut main, "renew", "Recevoir de nouveaux liens", false);
            main.markup("</div>\n");
        }
        self.others(&mut main);
        main
    }

    fn renewed(&self) -> Html {
        let mut main = opened(Mark::Envelope, "De nouveaux liens sont en route.");
        lead(
            &mut main,
            "Ils arrivent dans quelques instants à l\u{2019}adresse de votre compte. Vous pouvez fermer cette \
             page.",
        );
        cards::facts(&mut main, self.card());
        main
    }

    fn too_soon(&self) -> Html {
        let mut main = opened(Mark::Envelope, "De nouveaux liens vous ont déjà été envoyés.");
        lead(
            &mut main,
            "Regardez dans votre boîte de réception, et parmi les courriers indésirables. Vous pourrez en \
             demander d\u{2019}autres dans une heure.",
        );
        cards::facts(&mut main, self.card());
        main
    }

    /// Both answers, the one that is more likely meant first.
    fn both_buttons(&self, main: &mut Html, first: CheckinAnswer) {
        main.markup("<div class=\"ways two\">");
        let other = match first {
            CheckinAnswer::Paid => CheckinAnswer::StillPending,
            CheckinAnswer::StillPending => CheckinAnswer::Paid,
        };
        for (answer, is_plain) in [(first, false), (other, true)] {
            let label = match answer {
                CheckinAnswer::Paid => "Oui, elle est payée",
                CheckinAnswer::StillPending => "Non, pas encore",
            };
            self.button(main, told::word(answer), label, is_plain);
        }
        main.markup("</div>\n");
    }

    fn undo(&self, main: &mut Html) {
        let Some(until) = self.card().undo_until else { return };
        main.markup("<h2>Ce n\u{2019}est pas le cas\u{a0}?</h2>\n<p class=\"quiet\">Vous pouvez revenir sur cette réponse avant le ")
            .text(&self.date(until))
            .markup(".</p>\n<div class=\"ways\">");
        self.button(main, "undo", "Non, toujours en attente", true);
        main.markup("</div>\n");
    }

    /// The way to the other invoices of the mail that wait for an answer.
    fn others(&self, main: &mut Html) {
        let text = match choose::open_mates(self.view) {
            0 => return,
            1 => "Répondre aussi pour l\u{2019}autre facture du message".to_owned(),
            count => format!("Répondre aussi pour les {count} autres factures du message"),
        };
        main.markup("<p><a href=\"")
            .text(&self.page.address(None))
            .markup("\">")
            .text(&text)
            .markup("</a></p>\n");
    }

    fn button(&self, main: &mut Html, action: &'static str, label: &'static str, is_plain: bool) {
        self.open_form(main, action);
        main.markup(if is_plain { "<button class=\"plain\">" } else { "<button>" })
            .markup(label)
            .markup("</button></form>\n");
    }

    /// A form of the page up to its own fields.
    pub(super) fn open_form(&self, main: &mut Html, action: &'static str) {
        main.markup("<form method=\"post\" action=\"")
            .text(self.page.path())
            .markup("\"><input type=\"hidden\" name=\"token\" value=\"")
            .text(self.token)
            .markup("\"><input type=\"hidden\" name=\"action\" value=\"")
            .markup(action)
            .markup("\">");
    }

    /// `Le 3 mars 2026,`
    fn answered_on(&self) -> String {
        match self.card().answered_at {
            Some(at) => format!("Le {},", self.date(at)),
            None => "Auparavant,".to_owned(),
        }
    }

    fn date(&self, instant: OffsetDateTime) -> String {
        cards::day(self.view.time_zone.local_date(instant))
    }

    /// What the page is written of.
    pub(super) fn view(&self) -> &CheckinView {
        self.view
    }
}

/// The beginning of a page.
pub(super) fn opened(mark: Mark, heading: &str) -> Html {
    let mut main = Html::new();
    main.markup(mark.markup()).markup("<h1>").text(heading).markup("</h1>\n");
    main
}

/// The sentence below the heading.
pub(super) fn lead(main: &mut Html, text: &str) {
    main.markup("<p>").text(text).markup("</p>\n");
}

/// What happens next, in small print.
fn foot(shown: Shown, view: &CheckinView) -> Html {
    let is_open = choose::is_open(&view.checkin) || choose::open_mates(view) > 0;
    let text = match shown {
        Shown::Question | Shown::Confirm(_) | Shown::Together if is_open => {
            "Sans réponse de votre part, les relances prévues suivront leur cours."
        }
        Shown::Paid => "Un message de confirmation vous est envoyé.",
        _ => return Html::new(),
    };
    let mut foot = Html::new();
    foot.markup("<p>").text(text).markup("</p>");
    foot
}
