//! Sending a test message: the form, the question, the session.

pub mod confirm;
pub mod form;
pub mod talk;
