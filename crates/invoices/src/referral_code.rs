//! A client's referral code: derived from their id, never changes, not stored.

use rubis_db::AsyncPgConnection;
use rubis_kernel::{ClientId, OrganizationId, PurposeKey};

use crate::queries;

/// Crockford's digits, without I, L, O and U.
const DIGITS: [char; 32] = [
    '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'A', 'B', 'C', 'D', 'E', 'F', 'G', 'H', 'J', 'K', 'M',
    'N', 'P', 'Q', 'R', 'S', 'T', 'V', 'W', 'X', 'Y', 'Z',
];
/// Number of ids read at once during the search for a code.
const IDS_AT_ONCE: u32 = 5000;

/// Returns six Crockford base32 characters: the first 30 bits of the HMAC-SHA256 of the client's id.
#[must_use]
pub fn referral_code(key: &PurposeKey, client: ClientId) -> String {
    let [first, second, third, fourth, ..] = key.sign(client.as_uuid().as_bytes());
    let bits = u32::from_be_bytes([first, second, third, fourth]) >> 2;
    (0..6u32)
        .rev()
        .filter_map(|place| usize::try_from((bits >> (5 * place)) & 31).ok())
        .filter_map(|digit| DIGITS.get(digit))
        .collect()
}

/// Returns the organization's client with this code, in any case, with or without spaces and dashes, with I or L for 1
/// and O for 0. If two clients have the same code (one chance in a billion for each pair), returns the older one.
///
/// Computes the code of each client until it is found: about a million a second.
pub async fn resolve_referral(
    conn: &mut AsyncPgConnection,
    organization: OrganizationId,
    key: &PurposeKey,
    code: &str,
) -> Result<Option<ClientId>, diesel::result::Error> {
    let Some(wanted) = normalize(code) else {
        return Ok(None);
    };
    let mut after = None;
    loop {
        let ids = queries::clients::ids(conn, organization, after, IDS_AT_ONCE).await?;
        if let Some(found) = ids.iter().find(|id| referral_code(key, **id) == wanted) {
            return Ok(Some(*found));
        }
        match ids.last() {
            Some(last) => after = Some(*last),
            None => return Ok(None),
        }
    }
}

/// Converts a code to the form that [`referral_code`] writes; `None` if it cannot be a code.
fn normalize(typed: &str) -> Option<String> {
    let code: String = typed
        .chars()
        .filter(|character| !character.is_whitespace() && *character != '-')
        .map(|character| match character.to_ascii_uppercase() {
            'I' | 'L' => '1',
            'O' => '0',
            other => other,
        })
        .take(7)
        .collect();
    (code.len() == 6 && code.chars().all(|digit| DIGITS.contains(&digit))).then_some(code)
}

#[cfg(test)]
mod tests {
    use rubis_kernel::AppKey;
    use uuid::Uuid;

    use super::*;

    fn key() -> PurposeKey {
        "0123456789abcdef0123456789abcdef".parse::<AppKey>().unwrap().derive("referral")
    }

    #[test]
    fn a_code_is_the_same_for_ever() {
        let client = ClientId::from(Uuid::from_u128(0x0192_f000_0000_7000_8000_0000_0000_0001));
        let code = referral_code(&key(), client);
        assert_eq!(code.len(), 6);
        assert_eq!(normalize(&code), Some(code.clone()));
        assert_eq!(referral_code(&key(), client), code);
        assert_ne!(referral_code(&key(), ClientId::new()), code);
    }

    #[test]
    fn a_code_is_the_first_thirty_bits_of_the_signature() {
        let client = ClientId::new();
        let signature = key().sign(client.as_uuid().as_bytes());
        let mut bits = String::new();
        for byte in &signature[..4] {
            bits.push_str(&format!("{byte:08b}"));
        }
        let expected: String = (0..6)
            .map(|place| DIGITS[usize::from_str_radix(&bits[place * 5..place * 5 + 5], 2).unwrap()])
            .collect();
        assert_eq!(referral_code(&key(), client), expected);
    }

    #[test]
    fn a_code_is_understood_as_people_write_it() {
        assert_eq!(normalize("ab1-0z9").as_deref(), Some("AB10Z9"));
        assert_eq!(normalize(" abIoz9 ").as_deref(), Some("AB10Z9"));
        assert_eq!(normalize("ablOz9").as_deref(), Some("AB10Z9"));
        for wrong in ["", "AB10Z", "AB10Z99", "AB10ZU", "AB10Z!", "éB10Z9"] {
            assert_eq!(normalize(wrong), None, "{wrong:?}");
        }
    }
}
