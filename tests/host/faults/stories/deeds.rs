//! What an operator asks for, and whether it was done.

use latchkey::db::admin::OutboxAct;
use latchkey::db::privacy::Person;
use latchkey::engine::{ActError, Acted, Engine, FollowUp};
use latchkey::model::{Act, EventId, GithubLogin, LicenseKey};
use latchkey::platform::Value;
use latchkey::platform::host::Host;

pub(super) enum Deed {
    Revoke(LicenseKey),
    Transfer(LicenseKey, GithubLogin),
    Reinstate(LicenseKey),
    Resend(LicenseKey),
    Replay(EventId),
    ReplayAll,
    Outbox(OutboxAct, i64),
    Export(Person),
    Erase(Person),
}

impl Deed {
    /// Asks once: whether it is done, and what is behind that answer; `None` when there is no answer.
    pub(super) async fn ask(&self, engine: &Engine<Host>, act: &Act) -> Option<(bool, Option<FollowUp>)> {
        let acted = |acted: Result<Acted, ActError>| acted.ok().map(|acted| acted == Acted::Done);
        let done = match self {
            Self::Revoke(key) => acted(engine.revoke(key, act).await)?,
            Self::Transfer(key, to) => acted(engine.transfer(key, to, act).await)?,
            Self::Reinstate(key) => acted(engine.reinstate(key, act).await)?,
            Self::Resend(key) => acted(engine.resend(key, act).await)?,
            Self::Replay(event) => {
                let (acted, behind) = engine.replay_event(event, act).await.ok()?;
                return Some((acted == Acted::Done, behind.map(|(_, work)| work)));
            }
            Self::ReplayAll => {
                let everything = [const { Value::Null }; 4];
                // Where the answer was lost it is due already, and asking again finds none: that it was done, the end shows.
                matches!(engine.replay_events(everything, act).await.ok()?, 0 | 1)
            }
            Self::Outbox(what, id) => {
                engine.act_on_outbox(*what, *id, act).await.ok()?.is_some_and(|(_, _, acted)| acted)
            }
            Self::Export(person) => engine.export(person, act).await.ok()?.contains(&person.email),
            Self::Erase(person) => engine.erase(person, act).await.ok()?.contains("licenses"),
        };
        Some((done, None))
    }
}
