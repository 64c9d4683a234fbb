//! Mistakes on purpose, so that the simulator can show that it would notice them. They are made from outside, at the seam:
//! by what is asked of the database or a service, by what is answered, or by what is logged. Which there are is in `list`; how they
//! are made is in `seam` and, for what
//! comes in and goes out over HTTP, in `run`; the engine is the one that ships.

use latchkey::http::Response;
use latchkey::platform::{Statement, Value};
use latchkey_sandbox::{Delivery, GUMROAD_SECRET, LEMON_SQUEEZY_WEBHOOK_SECRET, sign_lemon_squeezy_body};

use crate::model::What;
use crate::sql;

mod list;

pub use list::{LINE_MISTAKES, MISTAKES};

/// A mistake that an engine could make. Each breaks one of the promises that the simulator checks.
#[derive(Debug)]
pub struct Mistake {
    pub name: &'static str,
    pub(crate) how: How,
}

/// How a mistake is made.
#[derive(Debug)]
pub(crate) enum How {
    /// Statements are left out or changed.
    Statements(&'static [Edit]),
    /// A batch is two transactions, the second of which begins with this statement.
    CutBefore(&'static str),
    /// A statement is committed in a transaction of its own before the batch, if this other one is in it.
    EarlyBeside { early: &'static str, beside: &'static str },
    /// What is leased is marked as done before it is done.
    CompletedEarly,
    /// Each further try to store a delivery makes another row.
    StoredAgain,
    /// A mail that may have failed is sent once more under the same lease.
    MailedAgain,
    /// Every mail is sent twice under the same lease.
    MailedTwice,
    /// Nothing is removed at GitHub, though it seems so.
    NothingRemoved,
    /// Whoever is invited may do everything.
    EverythingPermitted,
    /// Whoever is invited is taken for who was to be invited.
    InviteeBelieved,
    /// An invitation that is gone is taken for one that nobody has accepted.
    GoneBelieved,
    /// Everybody may read and no more.
    ReadingPermitted,
    /// Of several invitations of an account, the first is deleted alone.
    FirstInvitationDeleted,
    /// From the question whether somebody is in, no time passes until something is written down.
    RemovalUntimed,
    /// When a service wants to be asked again is not read.
    TimesIgnored,
    /// A minted key stands in the log.
    KeyLogged,
    /// A forged delivery is taken for one that has the right proof.
    ForgeryBelieved,
    /// Every answer of this status to such a request has another.
    Answered { to: Asked, status: u16, instead: u16 },
    /// Whoever presents a key that is bound to another is told whose it is.
    OwnerNamed,
}

/// Whose requests are answered otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Asked {
    Delivery,
    Activation,
    Act,
}

/// A change to the statements of a batch. What stands in it reads as the statement's file does.
#[derive(Debug)]
pub(crate) enum Edit {
    LeftOut(&'static str),
    /// Left out where this other statement is in the batch.
    LeftOutBeside(&'static str, &'static str),
    Reworded {
        name: &'static str,
        from: &'static str,
        to: &'static str,
    },
    /// A parameter is bound to something else.
    Bound {
        names: &'static [&'static str],
        param: &'static str,
        to: fn(&[Statement], &Value) -> Value,
    },
    /// A statement of one's own comes behind this one.
    Followed {
        name: &'static str,
        by: &'static str,
    },
}

impl Edit {
    pub(crate) fn apply(&self, statements: &mut Vec<Statement>) {
        match *self {
            Self::LeftOut(name) => leave_out(statements, name),
            Self::LeftOutBeside(name, beside) => {
                if statements.iter().any(|one| one.name == beside) {
                    leave_out(statements, name);
                }
            }
            Self::Reworded { name, from, to } => {
                for statement in statements.iter_mut().filter(|one| one.name == name) {
                    sql::reword(statement, from, to);
                }
            }
            Self::Bound { names, param, to } => {
                for place in 0..statements.len() {
                    if names.contains(&statements[place].name) {
                        let value = to(statements, sql::param(&statements[place], param));
                        *sql::param_mut(&mut statements[place], param) = value;
                    }
                }
            }
            Self::Followed { name, by } => {
                // Behind everything else, so that every result stays in its place.
                if statements.iter().any(|one| one.name == name) {
                    statements.push(Statement { name: "mistake", sql: by, params: Vec::new() });
                }
            }
        }
    }

    /// Whether the statements are there, with what is to be changed in them.
    fn assert_applicable(&self) {
        match *self {
            Self::LeftOut(name) | Self::Followed { name, .. } => drop(sql::file(name)),
            Self::LeftOutBeside(name, beside) => assert!(!sql::file(name).is_empty() && !sql::file(beside).is_empty()),
            Self::Reworded { name, from, to } => drop(sql::with_words(name, from, to)),
            Self::Bound { names, param, .. } => {
                for name in names {
                    assert!(sql::has_param(name, param), "{name} has no {param}");
                }
            }
        }
    }
}

/// Puts in a statement's place one that does nothing, so that every result stays in its place.
fn leave_out(statements: &mut [Statement], name: &str) {
    for statement in statements.iter_mut().filter(|one| one.name == name) {
        *statement = Statement { name: statement.name, sql: "SELECT 1 WHERE 0", params: Vec::new() };
    }
}

impl Mistake {
    /// The first whose name has these words.
    pub fn named(words: &str) -> Option<&'static Self> {
        MISTAKES.iter().chain(LINE_MISTAKES).find(|mistake| mistake.name.contains(words))
    }

    /// Whether what it changes is there to be changed.
    ///
    /// # Panics
    /// When it is not.
    pub fn assert_applicable(&self) {
        match &self.how {
            How::Statements(edits) => edits.iter().for_each(Edit::assert_applicable),
            How::CutBefore(name) => drop(sql::file(name)),
            How::EarlyBeside { early, beside } => {
                assert!(!sql::file(early).is_empty() && !sql::file(beside).is_empty());
            }
            _ => {}
        }
    }

    /// A forged delivery, as the engine takes it.
    pub(crate) fn forgery(&self, delivery: &mut Delivery) {
        if !matches!(self.how, How::ForgeryBelieved) {
            return;
        }
        if delivery.path_and_query.starts_with("/webhooks/gumroad") {
            delivery.path_and_query = format!("/webhooks/gumroad?secret={GUMROAD_SECRET}");
        } else {
            let signature = sign_lemon_squeezy_body(LEMON_SQUEEZY_WEBHOOK_SECRET, &delivery.body);
            for (_, value) in delivery.headers.iter_mut().filter(|(name, _)| name == "x-signature") {
                value.clone_from(&signature);
            }
        }
    }

    /// An answer, as it goes out.
    pub(crate) fn answer(&self, what: &What, response: &mut Response) {
        let asked = match what {
            What::Delivery(_) => Some(Asked::Delivery),
            What::Activation { .. } => Some(Asked::Activation),
            What::Act | What::Once(..) | What::Put(_) | What::Maybe | What::Sync { .. } | What::Erase(_) => {
                Some(Asked::Act)
            }
            What::Forged(_) | What::Correct(_) | What::Returned(_) => None,
        };
        match self.how {
            How::Answered { to, status, instead } if asked == Some(to) && response.status == status => {
                response.status = instead;
            }
            How::OwnerNamed if asked == Some(Asked::Activation) => {
                let body = String::from_utf8_lossy(&response.body);
                let named = r#""license_bound_to_another_account","owners":["octocat","ada-lovelace"]"#;
                response.body = body.replace(r#""license_bound_to_another_account""#, named).into_bytes();
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_mistake_has_something_to_change() {
        let mistakes = || MISTAKES.iter().chain(LINE_MISTAKES);
        mistakes().for_each(Mistake::assert_applicable);
        let names: HashSet<_> = mistakes().map(|mistake| mistake.name).collect();
        assert_eq!(names.len(), mistakes().count());
    }
}
