//! Where the links of the mails lead.

/// The public addresses of the API and of the pages, without a slash at the end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckinLinks {
    api: String,
    web: String,
}

impl CheckinLinks {
    /// From `APP_URL` and `WEB_URL`.
    #[must_use]
    pub fn new(api: &str, web: &str) -> Self {
        let trimmed = |url: &str| url.trim_end_matches('/').to_owned();
        Self { api: trimmed(api), web: trimmed(web) }
    }

    /// Opened, it declares the invoice paid.
    #[must_use]
    pub fn paid(&self, token: &str) -> String {
        format!("{}/api/v1/checkin/{token}/paid", self.api)
    }

    /// Opened, it declares the invoice still to be paid.
    #[must_use]
    pub fn pending(&self, token: &str) -> String {
        format!("{}/api/v1/checkin/{token}/pending", self.api)
    }

    /// The page that shows the check-in, and all others of its mail.
    #[must_use]
    pub fn page(&self, token: &str) -> String {
        format!("{}/checkin?token={token}", self.web)
    }

    /// The page where a check-in that was answered can be taken back.
    #[must_use]
    pub fn answered_page(&self, token: &str) -> String {
        format!("{}/checkin?status=already_answered&token={token}", self.web)
    }
}

#[cfg(test)]
mod tests {
    use super::CheckinLinks;

    #[test]
    fn links_lead_to_the_api_and_to_the_page_however_the_addresses_end() {
        let links = CheckinLinks::new("https://api.rubis.example/", "https://app.rubis.example/fr/");
        assert_eq!(links.paid("T"), "https://api.rubis.example/api/v1/checkin/T/paid");
        assert_eq!(links.pending("T"), "https://api.rubis.example/api/v1/checkin/T/pending");
        assert_eq!(links.page("T"), "https://app.rubis.example/fr/checkin?token=T");
        assert_eq!(
            links.answered_page("T"),
            "https://app.rubis.example/fr/checkin?status=already_answered&token=T"
        );
    }
}
