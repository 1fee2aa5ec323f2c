//! Reports: each number is what the list behind it holds; who held what on a day.
mod health;
mod held;
