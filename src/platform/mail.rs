//! A mail for the deployment's own mail binding, and why that did not take it.

use std::fmt;

use crate::platform::SendError;

/// Where a setting would stand is a binding: what [`crate::config::Config::read`] is given for one, whose value is no text.
pub const BINDING: &str = "(a binding)";

/// A mail as the binding takes it. `Debug` shows nothing of it: keys and addresses are in it.
#[derive(Clone)]
pub struct BoundMail {
    /// Of the sender; empty: none.
    pub from_name: String,
    pub from: String,
    pub to: String,
    /// One line.
    pub subject: String,
    pub text: String,
    /// Empty where the text is all there is.
    pub html: String,
}

/// Why the binding did not take a mail. Unless it has refused, the mail may be on its way all the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BoundMailError {
    /// There is no binding.
    Missing,
    /// It threw: its code, where it named one, and its words, which may repeat the mail's addresses.
    Refused {
        code: Option<String>,
        message: String,
    },
    Unanswered(SendError),
}

impl fmt::Debug for BoundMail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BoundMail(…)")
    }
}
