//! `cron`: when the last tick began; and what a tick finds to do, in one statement that reads little.

use super::alerts::SETTLING_MS;
use super::batch::Query;
use super::outbox::Queue;
use super::statement::{query, statement};
use crate::model::Timestamp;
use crate::platform::{Row, RowError, Statement};

/// Since when there is what to do; `None` where there is nothing of the kind.
#[derive(Debug, Clone, Default)]
pub struct Duties {
    /// The delivery that is due first.
    pub delivery_due_at: Option<Timestamp>,
    /// Of mails to buyers.
    pub mail_due_at: Option<Timestamp>,
    pub alert_due_at: Option<Timestamp>,
    /// The queue of the row of the outbox that is due the longest of those of which two claims in a row gave no word.
    pub suspect: Option<Queue>,
    /// The same of a delivery.
    pub suspect_delivery_due_at: Option<Timestamp>,
    /// Whether or not GitHub is left alone.
    grant_due_at: Option<Timestamp>,
    /// Until when GitHub is left alone, or was.
    github_paused_until: Option<Timestamp>,
    /// When the oldest delivery arrived whose payload is of no use any more.
    pub oldest_payload_at: Option<Timestamp>,
    /// The same of one that is not processed.
    pub oldest_waiting_at: Option<Timestamp>,
    /// When the oldest recovery that is remembered was asked for, where a tick has something to do anyway.
    pub oldest_recovery_at: Option<Timestamp>,
    /// When a license may be over, or was, whose owner was erased.
    pub look_at: Option<Timestamp>,
    /// When the license has ended whose end is to be acted on first.
    pub license_ends_at: Option<Timestamp>,
    /// Since when a reminder of an end is to be enqueued.
    pub remind_at: Option<Timestamp>,
    /// Since when a license is to be activated for the account that was given at its checkout.
    pub activate_at: Option<Timestamp>,
    /// When the repository is due whose invitations are looked at next, whether or not GitHub is left alone.
    watch_due_at: Option<Timestamp>,
    /// The list that is due first to be read back.
    pub list_due_at: Option<Timestamp>,
    /// Since when there may be something that the operator was not told of.
    pub untold: Untold,
}

/// Whether anything may have happened that no alert told of.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Untold {
    #[default]
    Nothing,
    Something,
}

/// Notes that a tick began.
pub fn started(now: Timestamp) -> Statement {
    statement!("ticks/start", now)
}

/// Finds out what there is to do.
pub fn duties(now: Timestamp) -> Query<Duties> {
    query!("ticks/duties", Duties::read, now)
}

/// Asks nothing but whether the database answers.
pub fn probe() -> Statement {
    statement!("ticks/probe")
}

impl Duties {
    /// Since when there is a grant to work on: while GitHub is left alone there is none.
    pub fn grants_due_at(&self) -> Option<Timestamp> {
        self.once_github_may_be_asked(self.grant_due_at)
    }

    /// The same of the invitations to a repository.
    pub fn watch_due_at(&self) -> Option<Timestamp> {
        self.once_github_may_be_asked(self.watch_due_at)
    }

    fn once_github_may_be_asked(&self, due_at: Option<Timestamp>) -> Option<Timestamp> {
        due_at.map(|due_at| self.github_paused_until.map_or(due_at, |until| until.max(due_at)))
    }

    fn read(row: &Row) -> Result<Self, RowError> {
        // As the statement that raises the alerts looks back.
        let untold = |happened: Option<Timestamp>, told: Option<Timestamp>| {
            happened.is_some_and(|happened| told.is_none_or(|told| happened >= told.plus_millis(-SETTLING_MS)))
        };
        let dead = row.optional_time("died_at")?.max(row.optional_time("stuck_at")?);
        let news = row.integer("noted")? == 1
            || untold(dead, row.optional_time("told_of_dead_at")?)
            || untold(row.optional_time("unmapped_at")?, row.optional_time("told_of_unmapped_at")?)
            || untold(row.optional_time("found_at")?, row.optional_time("told_of_found_at")?);
        Ok(Self {
            delivery_due_at: row.optional_time("delivery_due_at")?,
            mail_due_at: row.optional_time("mail_due_at")?,
            alert_due_at: row.optional_time("alert_due_at")?,
            suspect: row.optional_text("suspect_queue")?.and_then(Queue::from_name),
            suspect_delivery_due_at: row.optional_time("suspect_delivery_due_at")?,
            grant_due_at: row.optional_time("grant_due_at")?,
            github_paused_until: row.optional_time("github_paused_until_at")?,
            oldest_payload_at: row.optional_time("oldest_payload_at")?,
            oldest_waiting_at: row.optional_time("oldest_waiting_at")?,
            oldest_recovery_at: row.optional_time("oldest_recovery_at")?,
            look_at: row.optional_time("look_at")?,
            license_ends_at: row.optional_time("license_ends_at")?,
            remind_at: row.optional_time("remind_at")?,
            activate_at: row.optional_time("activate_at")?,
            watch_due_at: row.optional_time("watch_due_at")?,
            list_due_at: row.optional_time("list_due_at")?,
            untold: if news { Untold::Something } else { Untold::Nothing },
        })
    }
}
