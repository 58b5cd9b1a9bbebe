//! Silent copies of reminders to addresses of the organization's own.
//!
//! A copy that no other recipient sees must not become a way to write to strangers. An address is the organization's
//! own if a member has verified it, or if it has the domain of an owner's verified address; a domain at which anyone
//! can get an address proves nothing. The rule is applied when the setting is changed and again to each reminder.

use rubis_db::AsyncPgConnection;
use rubis_kernel::{EmailAddress, FieldErrors, OrganizationId, mail_address};

use crate::{Member, Organization, Role, queries};

/// Maximum number of silent copies of a reminder.
pub const MAX_SILENT_COPIES: usize = 3;

/// Number of members that are considered, those who joined first.
const MEMBERS: u32 = 200;

/// Domains at which anyone can get an address.
const SHARED_DOMAINS: [&str; 45] = [
    "aliceadsl.fr",
    "aol.com",
    "bbox.fr",
    "caramail.com",
    "club-internet.fr",
    "cegetel.net",
    "duck.com",
    "fastmail.com",
    "free.fr",
    "gmail.com",
    "gmx.com",
    "gmx.de",
    "gmx.fr",
    "googlemail.com",
    "hotmail.com",
    "hotmail.fr",
    "hushmail.com",
    "icloud.com",
    "infonie.fr",
    "laposte.net",
    "libertysurf.fr",
    "live.com",
    "live.fr",
    "mac.com",
    "mail.com",
    "mail.ru",
    "mailo.com",
    "me.com",
    "msn.com",
    "neuf.fr",
    "noos.fr",
    "numericable.fr",
    "orange.fr",
    "outlook.com",
    "outlook.fr",
    "pm.me",
    "proton.me",
    "protonmail.com",
    "sfr.fr",
    "tutanota.com",
    "voila.fr",
    "wanadoo.fr",
    "yahoo.com",
    "yahoo.fr",
    "zoho.com",
];

/// Validates the addresses of silent copies; a mistake names its index. Addresses of the same mailbox are kept once.
pub(crate) fn parse_silent_copies(errors: &mut FieldErrors, addresses: &[String]) -> Vec<EmailAddress> {
    if addresses.len() > MAX_SILENT_COPIES {
        let rule = format!("must hold at most {MAX_SILENT_COPIES} addresses");
        errors.push("silentCopies", "too_many", rule);
        return Vec::new();
    }
    let mut parsed: Vec<EmailAddress> = Vec::with_capacity(addresses.len());
    for (index, text) in addresses.iter().enumerate() {
        if let Some(address) = mail_address(errors, &format!("silentCopies[{index}]"), text)
            && !parsed.iter().any(|known| known.is_same_mailbox(&address))
        {
            parsed.push(address);
        }
    }
    parsed
}

/// Rejects addresses that are not the organization's own.
pub(crate) async fn check_silent_copies(
    conn: &mut AsyncPgConnection,
    organization: OrganizationId,
    addresses: &[EmailAddress],
) -> Result<FieldErrors, diesel::result::Error> {
    let mut errors = FieldErrors::new();
    if addresses.is_empty() {
        return Ok(errors);
    }
    let members = queries::memberships::of_organization(conn, organization, None, MEMBERS).await?;
    for (index, address) in addresses.iter().enumerate() {
        if !is_own(address, &members) {
            let rule = "must be the verified address of a member, or have the domain of the owner's verified \
                        address, unless anyone can get an address of that domain";
            errors.push(format!("silentCopies[{index}]"), "foreign_address", rule);
        }
    }
    Ok(errors)
}

/// Returns the addresses that get silent copies of the organization's reminders, if they are still its own.
pub async fn own_silent_copies(
    conn: &mut AsyncPgConnection,
    organization: &Organization,
) -> Result<Vec<EmailAddress>, diesel::result::Error> {
    if organization.silent_copies.is_empty() {
        return Ok(Vec::new());
    }
    let members = queries::memberships::of_organization(conn, organization.id, None, MEMBERS).await?;
    Ok(organization.silent_copies.iter().filter(|address| is_own(address, &members)).cloned().collect())
}

fn is_own(address: &EmailAddress, members: &[Member]) -> bool {
    members.iter().filter(|member| member.user.is_verified()).any(|member| {
        let known = &member.user.email;
        known.is_same_mailbox(address)
            || (member.membership.role == Role::Owner
                && known.domain() == address.domain()
                && !SHARED_DOMAINS.contains(&known.domain()))
    })
}

#[cfg(test)]
mod tests {
    use rubis_kernel::{MembershipId, OrganizationId, UserId};
    use time::OffsetDateTime;

    use super::*;
    use crate::{Membership, User};

    fn member(role: Role, email: &str, is_verified: bool) -> Member {
        let now = OffsetDateTime::UNIX_EPOCH;
        let user_id = UserId::new();
        Member {
            membership: Membership {
                id: MembershipId::new(),
                organization_id: OrganizationId::new(),
                user_id,
                role,
                created_at: now,
            },
            user: User {
                id: user_id,
                email: email.parse().unwrap(),
                full_name: "Claire Martin".to_owned(),
                email_verified_at: is_verified.then_some(now),
                created_at: now,
                updated_at: now,
            },
        }
    }

    #[test]
    fn a_stranger_never_gets_a_silent_copy() {
        let own = |address: &str, members: &[Member]| is_own(&address.parse().unwrap(), members);
        let owner = [member(Role::Owner, "claire@menuiserie.example", true)];
        assert!(own("Claire@menuiserie.example", &owner));
        assert!(own("archives@menuiserie.example", &owner), "the company's domain is its own");
        assert!(!own("archives@autre.example", &owner));
        assert!(!own("archives@sous.menuiserie.example", &owner));

        let private = [member(Role::Owner, "claire.martin@gmail.com", true)];
        assert!(own("claire.martin@gmail.com", &private));
        assert!(!own("jean.dupont@gmail.com", &private), "anyone has an address there");

        let unverified = [member(Role::Owner, "claire@menuiserie.example", false)];
        assert!(!own("claire@menuiserie.example", &unverified), "the address was never proved");

        let colleague = [member(Role::Member, "paul@cabinet.example", true)];
        assert!(own("paul@cabinet.example", &colleague));
        assert!(!own("associes@cabinet.example", &colleague), "the domain of an employee proves nothing");
    }

    #[test]
    fn shared_domains_are_sorted_so_that_one_is_listed_once() {
        let mut sorted = SHARED_DOMAINS.to_vec();
        sorted.sort_unstable();
        sorted.dedup();
        assert_eq!(sorted.len(), SHARED_DOMAINS.len());
    }
}
