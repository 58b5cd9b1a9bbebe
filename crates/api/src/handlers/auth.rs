//! Signing up, in and out.

mod login;
mod logout;
mod refresh;
mod signup;

pub use login::log_in;
pub use logout::log_out;
pub use refresh::refresh_session;
pub use signup::sign_up;
