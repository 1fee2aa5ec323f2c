//! The pages of those who run the portal.
pub mod certificate;
pub mod certificates;
pub mod device;
pub mod devices;
