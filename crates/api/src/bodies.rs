//! The shapes of what is answered, one entity a file, and of the parts that requests share.

mod activity_event;
mod address;
mod checkin;
mod checkin_task;
mod client;
mod contact;
mod invoice;
mod invoice_line;
mod member;
mod organization;
mod pause;
mod payment;
mod plan;
mod relance;
mod service_location;
mod session;
mod user;

pub use activity_event::ActivityEventBody;
pub use address::{AddressBody, AddressRequest};
pub use checkin::CheckinBody;
pub use checkin_task::CheckinTaskBody;
pub use client::ClientBody;
pub use contact::ContactBody;
pub use invoice::{InvoiceBody, InvoiceDetailBody};
pub use invoice_line::{LineBody, LineRequest};
pub use member::MemberBody;
pub use organization::OrganizationBody;
pub use pause::{PauseBody, PauseRequest};
pub use payment::PaymentBody;
pub use plan::{PlanBody, PlanRequest, PlanStepBody};
pub use relance::RelanceBody;
pub use service_location::ServiceLocationBody;
pub use session::SessionBody;
pub use user::UserBody;
