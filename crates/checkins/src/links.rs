//! Links of the mails.

/// Public address of the API, without a trailing slash. All links lead to it: it redirects the browser to the page
/// without the token in the page's address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckinLinks {
    api: String,
}

impl CheckinLinks {
    /// Creates the links from `APP_URL`.
    #[must_use]
    pub fn new(api: &str) -> Self {
        Self { api: api.trim_end_matches('/').to_owned() }
    }

    /// Returns the link that declares the invoice paid.
    #[must_use]
    pub fn paid(&self, token: &str) -> String {
        format!("{}/api/v1/checkin/{token}/paid", self.api)
    }

    /// Returns the link that declares the invoice still to be paid.
    #[must_use]
    pub fn pending(&self, token: &str) -> String {
        format!("{}/api/v1/checkin/{token}/pending", self.api)
    }

    /// Returns the link to the page with the check-in and all others of its mail.
    #[must_use]
    pub fn page(&self, token: &str) -> String {
        format!("{}/api/v1/checkin/{token}/page", self.api)
    }

    /// Returns the link to the page on which an answer can be taken back.
    #[must_use]
    pub fn answered_page(&self, token: &str) -> String {
        format!("{}/api/v1/checkin/{token}/answered", self.api)
    }
}

#[cfg(test)]
mod tests {
    use super::CheckinLinks;

    #[test]
    fn links_lead_to_the_api_however_its_address_ends() {
        let links = CheckinLinks::new("https://api.rubis.example/");
        assert_eq!(links.paid("T"), "https://api.rubis.example/api/v1/checkin/T/paid");
        assert_eq!(links.pending("T"), "https://api.rubis.example/api/v1/checkin/T/pending");
        assert_eq!(links.page("T"), "https://api.rubis.example/api/v1/checkin/T/page");
        assert_eq!(links.answered_page("T"), "https://api.rubis.example/api/v1/checkin/T/answered");
    }
}
