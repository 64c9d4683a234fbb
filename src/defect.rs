//! Mistakes made on purpose, so that the simulator can show that it would notice them.
//!
//! They are compiled in with the feature `defects` only, which the Worker never has: there, [`is`] is `false` before
//! anything is compiled, and nothing of them is left.

/// A mistake. Each breaks one of the promises that the simulator checks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Defect {
    /// A delivery is acknowledged though it could not be stored.
    AckUnstored,
    /// The second try to store a delivery makes a second row.
    StoredAgain,
    /// Every copy of a sale mints a license of its own.
    MintedPerDelivery,
    /// A sale is marked as processed before its license is there, in a transaction of its own.
    ProcessedBeforeMinted,
    /// Whoever binds a license last has it.
    BindingOverwrites,
    /// Any secret opens the webhook.
    ForgeryBelieved,
    /// What is owed is marked as done before it is done.
    SettledBeforeDone,
    /// A mail that failed is sent once more under the same claim.
    MailedTwicePerClaim,
    /// The invitations are owed in a transaction after the one that binds.
    InvitedAfterBinding,
    /// Whoever lost a lease settles the row all the same.
    LeaseNotFenced,
    /// What nobody knows is answered as an error of ours.
    UnknownKeyIsOurError,
    /// The key stands in the log.
    KeyLogged,
    /// A delivery that waits for another is not looked at again.
    WaitingForgotten,
    /// What was leased to somebody who died stays theirs.
    LeaseNeverEnds,
    /// A refund changes nothing.
    RefundForgotten,
    /// A sale mints an active license, whatever was said of its order before.
    EarlierFactsForgotten,
    /// A license that becomes active again owes no mail that was kept back.
    MailKeptBackForGood,
    /// What a revoked license opened stays open.
    RemovalForgotten,
    /// What is taken away is taken away, whatever another license opens.
    RemovalTakesAll,
    /// Any number of invitations goes to a repository.
    BudgetIgnored,
    /// A license is revoked by hand, and no record says so.
    RevokedUnrecorded,
    /// The operator is not told of what was given up, found or overdue.
    OperatorUntold,
}

impl Defect {
    /// Every mistake.
    pub const ALL: [Self; 22] = [
        Self::AckUnstored,
        Self::StoredAgain,
        Self::MintedPerDelivery,
        Self::ProcessedBeforeMinted,
        Self::BindingOverwrites,
        Self::ForgeryBelieved,
        Self::SettledBeforeDone,
        Self::MailedTwicePerClaim,
        Self::InvitedAfterBinding,
        Self::LeaseNotFenced,
        Self::UnknownKeyIsOurError,
        Self::KeyLogged,
        Self::WaitingForgotten,
        Self::LeaseNeverEnds,
        Self::RefundForgotten,
        Self::EarlierFactsForgotten,
        Self::MailKeptBackForGood,
        Self::RemovalForgotten,
        Self::RemovalTakesAll,
        Self::BudgetIgnored,
        Self::RevokedUnrecorded,
        Self::OperatorUntold,
    ];
}

#[cfg(feature = "defects")]
thread_local! {
    static MADE: std::cell::Cell<Option<Defect>> = const { std::cell::Cell::new(None) };
}

/// Makes this mistake on this thread from now on, or none.
#[cfg(feature = "defects")]
pub fn make(defect: Option<Defect>) {
    MADE.set(defect);
}

/// Whether this mistake is made.
#[cfg(feature = "defects")]
pub(crate) fn is(defect: Defect) -> bool {
    MADE.get() == Some(defect)
}

/// Whether this mistake is made.
#[cfg(not(feature = "defects"))]
pub(crate) const fn is(_: Defect) -> bool {
    false
}
