//! The backend in one process.
