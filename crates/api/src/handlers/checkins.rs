//! Check-ins, answered without signing in by the holder of the token in a mail's link.

mod answer;
mod answer_several;
mod get;
mod open_link;
mod open_page;
mod renew;
mod undo;

pub use answer::{answer_paid, answer_pending};
pub use answer_several::answer_together;
pub use get::get_checkin;
pub use open_link::{open_paid_link, open_pending_link};
pub use open_page::{open_answered_page, open_checkin_page};
pub use renew::renew_links;
pub use undo::{undo_answer, undo_answers_together};

use rubis_db::AsyncPgConnection;

use crate::{ApiError, App, bodies::CheckinBody, checkin_button::button_value, checkin_token::CheckinToken};

/// Returns the state of a check-in.
async fn state(
    conn: &mut AsyncPgConnection,
    app: &App,
    token: &CheckinToken,
) -> Result<CheckinBody, ApiError> {
    let now = app.clock.now();
    let view = rubis_lifecycle::read_checkin(conn, token.expose(), &app.checkin_rules(), now).await?;
    let value = button_value(&app.keys.checkin_button, token.expose(), now);
    view.map(|view| CheckinBody::new(view, value)).ok_or_else(ApiError::checkin_not_found)
}
