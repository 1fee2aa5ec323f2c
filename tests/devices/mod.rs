//! Devices against a real device listener: TLS, client certificates, the real protocol.
mod agent;
mod enrolment;
mod portal;
mod protocol;
