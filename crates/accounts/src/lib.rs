//! Organizations, users, sessions, members, idempotency keys and the activity feed.
//!
//! Every use case takes a connection, its parsed input, and `now`; if it writes more than one row it opens its own
//! transaction, which nests in the caller's. Hashing a password costs tens of milliseconds of processor time and is
//! therefore left to the caller, who chooses the thread: see [`PasswordHash`] and [`Credentials`].

mod account_mail;
mod account_token;
mod activity;
mod address;
mod authenticate;
mod common_passwords;
mod idempotency;
mod known_device;
mod mail_outage;
mod membership;
mod organization;
mod organization_patch;
mod own_password;
mod own_sessions;
mod page;
mod password;
mod password_owner;
mod pause;
mod pause_organization;
mod purge;
mod queries;
mod refresh_session;
mod reset_password;
mod session;
mod sign_in;
mod sign_in_warning;
mod sign_out;
mod sign_up;
mod silent_copies;
mod siren;
mod update_organization;
mod update_user;
mod user;
mod verify_address;

pub use account_mail::{
    AccountLinks, AccountMail, AccountMailError, AccountMailKind, AccountMailTerms, Notice,
    claim_account_mail,
};
pub use account_token::{AccountKeys, AccountToken, TokenError, TokenPurpose, issue_token, use_token};
pub use activity::{ActivityEvent, ActivityKind, NewEvent, events_of_invoice, feed, record, record_many};
pub use address::{AddressInput, PostalAddress};
pub use authenticate::{Authenticated, authenticate};
pub use idempotency::{Begun, IdempotencyError, IdempotencyKey, InvalidIdempotencyKey, begin, complete};
pub use known_device::KnownDevice;
pub use mail_outage::notify_of_mail_outage;
pub use membership::{Member, Membership, Role, members, owner_of};
pub use organization::{CatchUpPolicy, CheckinPolicy, Organization, earn_rubis, organization};
pub use organization_patch::{
    CheckinPolicyInput, MAX_ORGANIZATION_NAME_CHARS, MAX_SIGNATURE_CHARS, OrganizationInput,
    OrganizationPatch,
};
pub use own_password::{ChangePasswordError, OwnPassword, change_password, own_password};
pub use own_sessions::{OwnSession, end_own_session, own_sessions};
pub use page::Page;
pub use password::{Password, PasswordHash, PasswordHashError};
pub use password_owner::PasswordOwner;
pub use pause::{Pause, PauseEndsTooEarly};
pub use pause_organization::{PauseOrganizationError, pause_organization, resume_organization};
pub use purge::{Purged, purge_expired};
pub use refresh_session::{RefreshError, Refreshed, SessionHolder, refresh};
pub use reset_password::{ResetPasswordError, password_to_reset, request_password_reset, reset_password};
pub use rubis_kernel::{optional_line, required_line};
pub use session::{OpenedSession, RefreshToken, SessionClient, SessionRules, open_session};
pub use sign_in::{Credentials, SignedIn, VerifiedAccount, credentials, sign_in};
pub use sign_in_warning::warn_of_failed_sign_ins;
pub use sign_out::{sign_out, sign_out_by_token};
pub use sign_up::{NewAccount, NewAccountInput, SignUpError, SignedUp, sign_up};
pub use silent_copies::{MAX_SILENT_COPIES, own_silent_copies};
pub use siren::optional_siren;
pub use update_organization::{OrganizationUpdate, UpdateOrganizationError, update_organization};
pub use update_user::{UserInput, UserPatch, update_user};
pub use user::{User, user};
pub use verify_address::{
    RequestVerificationError, VERIFICATION_PERIOD, Verification, VerifiedAddress, mark_address_verified,
    request_verification, verify_address,
};
