//! Certificates as files: what is in them, in the hands of others; and who gets them, how often, and what they leave
//! behind.

mod apple;
mod forms;
mod link;
mod retained;
mod scene;
mod settings;
