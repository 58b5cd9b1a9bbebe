//! stub
use crate::stack::Addresses;
pub struct Demo;
impl Demo {
    pub fn tell(&self) {}
}
pub fn seed(_: &Addresses) -> anyhow::Result<Demo> {
    Ok(Demo)
}
