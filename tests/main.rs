//! The backend in one process.
mod house;
