//! What people do for themselves, and what staff may do in their name: signing in with a code, devices, certificates,
//! and the keys that wait until somebody has confirmed who it is.
mod codes;
mod confirmations;
mod devices;
mod past;
mod retention;
mod scene;
