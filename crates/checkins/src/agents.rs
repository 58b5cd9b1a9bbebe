//! User agents of programs that open links without a person.

/// Parts of the user agents of mail gateways and link scanners, in lower case.
const SCANNERS: [&str; 17] = [
    "barracuda",
    "bitdefender",
    "checkpoint",
    "fireeye",
    "forcepoint",
    "fortiguard",
    "ironport",
    "mailscanner",
    "mimecast",
    "proofpoint",
    "safelinks",
    "sophos",
    "symantec",
    "trendmicro",
    "urlscan",
    "virustotal",
    "zscaler",
];

/// Parts of the user agents of previewers and crawlers.
const PREVIEWERS: [&str; 19] = [
    "applebot",
    "bingpreview",
    "bot/",
    "bot;",
    "bytespider",
    "crawler",
    "embedly",
    "facebookexternalhit",
    "google-safety",
    "googlebot",
    "googleimageproxy",
    "iframely",
    "mattermost",
    "microsoft office existence discovery",
    "ms-office",
    "skypeuripreview",
    "slackbot",
    "whatsapp/",
    "yahoomailproxy",
];

/// Parts of the user agents of libraries, command-line tools and automated browsers.
const LIBRARIES: [&str; 27] = [
    "aiohttp",
    "apache-httpclient",
    "axios",
    "curl/",
    "dart/",
    "faraday",
    "go-http-client",
    "guzzlehttp",
    "headlesschrome",
    "httpie",
    "httpx",
    "java/",
    "libcurl",
    "libwww-perl",
    "node-fetch",
    "okhttp",
    "phantomjs",
    "playwright",
    "postmanruntime",
    "powershell",
    "puppeteer",
    "python-requests",
    "python-urllib",
    "reqwest/",
    "selenium",
    "undici",
    "wget/",
];

/// Reports whether a user agent is that of a known program, or missing.
#[must_use]
pub(crate) fn is_known_agent(user_agent: &str) -> bool {
    let agent = user_agent.trim().to_ascii_lowercase();
    agent.is_empty() || markers().any(|marker| agent.contains(marker))
}

fn markers() -> impl Iterator<Item = &'static str> {
    SCANNERS.into_iter().chain(PREVIEWERS).chain(LIBRARIES)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_known_agent_is_documented_and_no_browser_is_one() {
        let page = include_str!("../../../docs/checkins.md");
        for marker in markers() {
            assert!(page.contains(&format!("`{marker}`")), "{marker} is missing in docs/checkins.md");
            assert_eq!(marker, marker.to_ascii_lowercase());
            assert!(is_known_agent(&format!("Mozilla/5.0 (compatible; {})", marker.to_uppercase())));
        }
        for browser in [
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 \
             Safari/537.36 Edg/131.0.0.0",
            "Mozilla/5.0 (X11; Linux x86_64; rv:133.0) Gecko/20100101 Firefox/133.0",
            "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) \
             Version/18.1 Mobile/15E148 Safari/604.1",
            "Mozilla/5.0 (Linux; Android 14; CUBOT_KINGKONG_9) AppleWebKit/537.36 (KHTML, like Gecko) \
             Chrome/131.0.0.0 Mobile Safari/537.36",
        ] {
            assert!(!is_known_agent(browser), "{browser}");
        }
        assert!(is_known_agent(" "), "browsers name themselves");
    }
}
