//! Signs a user up and creates their organization.

use diesel_async::AsyncConnection;
use rubis_db::AsyncPgConnection;
use rubis_kernel::{EmailAddress, FieldErrors, MembershipId, OrganizationId, UserId};
use time::OffsetDateTime;

use crate::{
    Membership, Organization, Password, PasswordHash, PasswordOwner, Role, User,
    organization_patch::MAX_ORGANIZATION_NAME_CHARS, queries, required_line,
};

/// Input for a sign-up, not validated yet.
#[derive(Clone)]
pub struct NewAccountInput {
    pub email: String,
    /// 10 to 128 characters, neither common nor made of the address or the names below.
    pub password: String,
    /// At most 200 characters.
    pub full_name: String,
    /// At most 200 characters.
    pub organization_name: String,
}

/// Validated sign-up.
#[derive(Clone, Debug)]
pub struct NewAccount {
    /// Mail address in lower case, so that it signs up only once in any case.
    pub email: EmailAddress,
    /// Password, to be hashed by the caller.
    pub password: Password,
    pub full_name: String,
    pub organization_name: String,
}

impl NewAccount {
    /// Validates a sign-up.
    ///
    /// # Errors
    /// Every mistake in `email` (`invalid_email`), `password`, `fullName` and `organizationName`.
    pub fn parse(input: &NewAccountInput) -> Result<Self, FieldErrors> {
        let mut errors = FieldErrors::new();
        let email = input.email.to_lowercase().parse::<EmailAddress>();
        if email.is_err() {
            errors.push("email", "invalid_email", "must be a mail address");
        }
        let owner = PasswordOwner {
            email: &input.email,
            names: &[input.full_name.as_str(), input.organization_name.as_str()],
        };
        let password = Password::parse("password", &input.password, &owner);
        let full_name = required_line(&mut errors, "fullName", &input.full_name, 200);
        let organization_name = required_line(
            &mut errors,
            "organizationName",
            &input.organization_name,
            MAX_ORGANIZATION_NAME_CHARS,
        );
        match (email, password) {
            (Ok(email), Ok(password)) => {
                errors.into_result(Self { email, password, full_name, organization_name })
            }
            (_, Err(refused)) => {
                for error in refused.as_slice() {
                    errors.push(error.field.clone(), error.code, error.message.clone());
                }
                Err(errors)
            }
            (Err(_), Ok(_)) => Err(errors),
        }
    }
}

/// Result of a sign-up.
#[derive(Clone, Debug)]
pub struct SignedUp {
    pub user: User,
    /// Their organization, with the default settings.
    pub organization: Organization,
    /// Their membership as its owner.
    pub membership: Membership,
}

/// Reasons why a sign-up failed.
#[derive(Debug, thiserror::Error)]
pub enum SignUpError {
    /// There is already a user with this address.
    #[error("this mail address has an account already")]
    EmailTaken,
    #[error(transparent)]
    Database(#[from] diesel::result::Error),
}

/// Creates a user, their organization and their membership as its owner. `password_hash` is the hash of the account's
/// password, which the caller computes outside of the asynchronous threads.
///
/// # Errors
/// [`SignUpError::EmailTaken`], also if two sign-ups with one address race; the surrounding transaction stays usable.
#[tracing::instrument(skip_all)]
pub async fn sign_up(
    conn: &mut AsyncPgConnection,
    account: &NewAccount,
    password_hash: &PasswordHash,
    now: OffsetDateTime,
) -> Result<SignedUp, SignUpError> {
    conn.transaction(async |conn| {
        let user = queries::users::NewUser {
            id: UserId::new(),
            email: &account.email,
            full_name: &account.full_name,
            password_hash,
        };
        let Some(user) = queries::users::insert(conn, user, now).await? else {
            return Err(SignUpError::EmailTaken);
        };
        let organization =
            queries::organizations::insert(conn, OrganizationId::new(), &account.organization_name, now)
                .await?;
        let membership = Membership {
            id: MembershipId::new(),
            organization_id: organization.id,
            user_id: user.id,
            role: Role::Owner,
            created_at: now,
        };
        let membership = queries::memberships::insert(conn, &membership).await?;
        Ok(SignedUp { user, organization, membership })
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::*;

    fn input() -> NewAccountInput {
        NewAccountInput {
            email: "Claire.Martin@Exemple.FR".to_owned(),
            password: "correct horse battery".to_owned(),
            full_name: " Claire Martin ".to_owned(),
            organization_name: "Menuiserie Martin".to_owned(),
        }
    }

    #[test]
    fn a_sign_up_keeps_the_address_in_lower_case() {
        let account = NewAccount::parse(&input()).unwrap();
        assert_eq!(account.email.as_str(), "claire.martin@exemple.fr");
        assert_eq!(account.full_name, "Claire Martin");
    }

    #[test]
    fn every_mistake_of_a_sign_up_is_reported() {
        let wrong = NewAccountInput {
            email: "claire".to_owned(),
            password: "court".to_owned(),
            full_name: String::new(),
            organization_name: "a\0b".to_owned(),
        };
        let errors = NewAccount::parse(&wrong).unwrap_err();
        let found: Vec<_> =
            errors.as_slice().iter().map(|error| (error.field.as_str(), error.code)).collect();
        assert_eq!(
            found,
            [
                ("email", "invalid_email"),
                ("fullName", "required"),
                ("organizationName", "control_character"),
                ("password", "too_short"),
            ]
        );
    }
}
