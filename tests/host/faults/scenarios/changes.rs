//! What an operator asks for, and whether it was done.

use latchkey::db::admin_changes::{OutboxAction, OutstandingFilter, RetryFilter};
use latchkey::db::products::Replaced;
use latchkey::engine::{
    ActionError, ActionOutcome, Engine, FollowUp, Issue, IssueOutcome, ReplayOutcome, RetriedMany, Scope, Synced,
};
use latchkey::model::{
    AdminAction, BuyerEmail, Catalogue, EmailAddress, EventId, GithubLogin, GithubUserId, LicenseKey, Repo,
};
use latchkey::platform::host::Host;

const EVERYTHING: OutstandingFilter<'static> =
    OutstandingFilter { since_id: None, source: None, state: None, error: None };

pub(super) enum Change {
    Revoke(LicenseKey),
    Transfer(LicenseKey, GithubLogin),
    Reinstate(LicenseKey),
    Resend(LicenseKey),
    Issue(Issue),
    CorrectEmail(LicenseKey, EmailAddress),
    Replay(EventId),
    ReplayAll,
    Dismiss(EventId),
    DismissAll,
    Outbox(OutboxAction, i64),
    RetryAll,
    Export(BuyerEmail),
    Erase(BuyerEmail),
    Compare,
    ForgetEarlier,
    /// Brings all licenses to the catalogue, after a look at what that would come to.
    Sync,
    /// Replaces the catalogue, after a look at what that would come to.
    Replace(Catalogue),
}

impl Change {
    /// Asks once: whether it is done, and what is behind that answer; `None` when there is no answer.
    pub(super) async fn ask(&self, engine: &Engine<Host>, action: &AdminAction) -> Option<(bool, Option<FollowUp>)> {
        let acted = |acted: Result<ActionOutcome, ActionError>| acted.ok().map(|acted| acted == ActionOutcome::Done);
        let done = match self {
            Self::Revoke(key) => acted(engine.revoke(key, action).await)?,
            Self::Transfer(key, to) => acted(engine.transfer(key, to, action).await)?,
            Self::Reinstate(key) => acted(engine.reinstate(key, action).await)?,
            Self::Resend(key) => acted(engine.resend(key, action).await)?,
            Self::Issue(issue) => matches!(engine.issue(issue, action).await.ok()?, IssueOutcome::Issued(_)),
            Self::CorrectEmail(key, to) => acted(engine.correct_email(key, to, action).await)?,
            Self::Replay(event) => {
                return match engine.replay_event(event, action).await.ok()? {
                    ReplayOutcome::Replayed(work) => Some((true, Some(work))),
                    ReplayOutcome::NotFound | ReplayOutcome::Refused(_) => Some((false, None)),
                };
            }
            // Where the answer was lost it is due or over already, and asking again finds none: that it was done, the end shows.
            Self::ReplayAll => matches!(engine.replay_events(EVERYTHING, action).await.ok()?.replayed, 0 | 1),
            Self::Dismiss(event) => engine.dismiss_event(event, action).await.ok()? == ActionOutcome::Done,
            Self::DismissAll => matches!(engine.dismiss_events(EVERYTHING, action).await.ok()?.dismissed, 0 | 1),
            Self::Compare => engine.check_drift(None, action).await.ok()?.len() == 2,
            Self::ForgetEarlier => {
                let account = GithubUserId::new(583_231).expect("it is a number");
                let repo = Repo::parse("acme/starter").expect("it is a name");
                acted(engine.forget_earlier(account, &repo, action).await.map_err(ActionError::from))?
            }
            Self::Outbox(what, id) => engine.act_on_outbox(*id, *what, action).await.ok()? == ActionOutcome::Done,
            // Only the one that there is. Sent again, it is the same.
            Self::RetryAll => {
                let retried = engine.retry_outbox(RetryFilter::default(), Some(1), action).await.ok()?;
                matches!(retried, RetriedMany::Done(retried) if retried.retried == 1)
            }
            Self::Export(email) => engine.export(email, action).await.ok()?.licenses.len() == 1,
            // Where the answer was lost, asking again finds nothing more.
            Self::Erase(email) => matches!(engine.erase(email, action).await.ok()?.licenses, 0 | 1),
            // Where the answer was lost, asking again finds all in line.
            Self::Sync => {
                let scope = Scope::default();
                let expected = engine.rehearse_sync(&scope).await.ok()?;
                let synced = engine.sync_grants(&scope, action).await.ok()?;
                match (expected, synced) {
                    (Synced::Done(expected), Synced::Done(synced)) => {
                        expected == synced && synced.counts.licenses == 1 && synced.next_cursor.is_none()
                    }
                    _ => false,
                }
            }
            Self::Replace(catalogue) => {
                let expected = engine.rehearse_catalogue(catalogue, None).await.ok()?;
                let replaced = engine.replace_catalogue(catalogue, None, action).await.ok()?;
                matches!((expected, replaced), (Replaced::Done { .. }, Replaced::Done { .. }))
            }
        };
        Some((done, None))
    }
}
