//! Signing up, in and out; verification of the address.

mod email_resend;
mod email_verify;
mod end_own_session;
mod login;
mod logout;
mod own_sessions;
mod password_change;
mod password_forgot;
mod password_reset;
mod refresh;
mod signup;

pub use email_resend::resend_verification;
pub use email_verify::verify_email;
pub use end_own_session::end_session;
pub use login::log_in;
pub use logout::log_out;
pub use own_sessions::list_sessions;
pub use password_change::change_password;
pub use password_forgot::forgot_password;
pub use password_reset::reset_password;
pub use refresh::refresh_session;
pub use signup::sign_up;
