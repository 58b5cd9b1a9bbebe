//! The page that a check-in's links lead to: it shows the state and accepts the answer by plain forms.
//!
//! It is served at the address of the single-page app, `{WEB_URL}/checkin`, and only if that is the API's
//! own origin. Its content follows from the database; the address only selects which of several true
//! messages comes first.

mod act;
mod choose;
mod fields;
mod landing;
mod page_status;
mod show;
mod values;
mod write;

use actix_web::{guard, web};
use rubis_runtime::settings::ProcessSettings;

pub use landing::land;
pub use page_status::PageStatus;

/// The path and address of the page, if this server has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckinPage {
    path: String,
}

impl CheckinPage {
    /// Returns the page if the address of the single-page app is this server's own.
    #[must_use]
    pub fn of(settings: &ProcessSettings) -> Option<Self> {
        let is_own = settings.web_url.origin() == settings.app_url.origin();
        is_own.then(|| Self { path: format!("{}/checkin", settings.web_url.path().trim_end_matches('/')) })
    }

    /// Returns the path under which it is served.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Registers the routes of the page.
    pub fn register(self, config: &mut web::ServiceConfig) {
        let path = self.path.clone();
        config
            .app_data(web::Data::new(self))
            .service(
                web::resource(&path)
                    .guard(guard::Any(guard::Get()).or(guard::Head()))
                    .to(show::show_checkin_page),
            )
            .service(web::resource(&path).guard(guard::Post()).to(act::act_on_checkin_page));
    }

    /// Returns the address of the page on this server, with the outcome that it shows.
    fn address(&self, status: Option<PageStatus>) -> String {
        format!("{}{}", self.path, page_status::query(status))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use rubis_runtime::ApiSettings;

    use super::CheckinPage;

    fn path(app_url: &str, web_url: &str) -> Option<String> {
        let values =
            [("APP_KEY", "7c1fe09b52d84a63b0cd1e7f94a28d65"), ("APP_URL", app_url), ("WEB_URL", web_url)];
        let values: HashMap<_, _> =
            values.into_iter().map(|(key, value)| (key.to_owned(), value.to_owned())).collect();
        let settings = ApiSettings::from_map(&values).unwrap();
        CheckinPage::of(&settings.process).map(|page| page.path)
    }

    #[test]
    fn the_page_is_served_where_the_app_would_be_and_only_at_home() {
        assert_eq!(path("https://rubis.fr", "https://rubis.fr").as_deref(), Some("/checkin"));
        assert_eq!(path("https://rubis.fr/", "https://rubis.fr:443/app/").as_deref(), Some("/app/checkin"));
        for elsewhere in ["https://app.rubis.fr", "http://rubis.fr", "https://rubis.fr:8443"] {
            assert_eq!(path("https://rubis.fr", elsewhere), None, "{elsewhere}");
        }
    }
}
