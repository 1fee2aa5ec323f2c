//! The pages of those who run the portal.
pub mod certificate;
pub mod certificate_read;
pub mod certificate_route;
pub mod certificates;
pub mod device;
pub mod device_read;
pub mod device_route;
pub mod devices;
