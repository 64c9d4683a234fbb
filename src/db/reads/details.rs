//! Deliveries and licenses with everything that is known of them: one batch reads it of all that are asked for, and their
//! histories are put together from it here.

use super::events::{KnownEvent, Payload};
use super::orders::KnownFact;
use super::outbox::{Ending, KnownRow};
use super::{Read, actions, events, grants, licenses, orders, outbox};
use crate::api::actions::ActionItem;
use crate::api::events::EventDetail;
use crate::api::grants::GrantItem;
use crate::api::licenses::{LicenseDetail, LicenseItem};
use crate::api::orders::{FactItem, OrderItem};
use crate::api::outbox::OutboxItem;
use crate::api::timeline::{Happening, TimelineEntry};
use crate::db::batch::{Batch, Results};
use crate::model::{EventId, LicenseKey, Timestamp};
use crate::platform::DbError;

/// What is asked for, by id.
#[derive(Debug, Default)]
pub struct Asked {
    pub events: Vec<String>,
    pub licenses: Vec<String>,
}

/// What is known of it.
#[derive(Debug)]
pub struct Details {
    pub events: Vec<EventDetail>,
    pub licenses: Vec<LicenseDetail>,
}

/// A delivery with everything that is known of it.
pub fn event(id: &EventId) -> Read<Option<EventDetail>> {
    let asked = Asked { events: vec![id.as_str().to_owned()], licenses: Vec::new() };
    read(asked, |details| details.events.into_iter().next())
}

/// A license with everything that is known of it.
pub fn license(key: &LicenseKey) -> Read<Option<LicenseDetail>> {
    let asked = Asked { events: Vec::new(), licenses: vec![key.as_str().to_owned()] };
    read(asked, |details| details.licenses.into_iter().next())
}

/// All of these.
pub fn all(asked: Asked) -> Read<Details> {
    read(asked, |details| details)
}

fn read<T: 'static>(asked: Asked, pick: fn(Details) -> T) -> Read<T> {
    let (events_asked, licenses_asked) = (list(&asked.events), list(&asked.licenses));
    let mut batch = Batch::new();
    let events = batch.add(events::known(&events_asked, &licenses_asked));
    let payloads = batch.add(events::payloads(&events_asked));
    let orders = batch.add(orders::known(&events_asked, &licenses_asked));
    let facts = batch.add(orders::known_facts(&events_asked, &licenses_asked));
    let licenses = batch.add(licenses::known(&events_asked, &licenses_asked));
    let grants = batch.add(grants::known(&events_asked, &licenses_asked));
    let outbox = batch.add(outbox::known(&events_asked, &licenses_asked));
    let actions = batch.add(actions::known(&events_asked, &licenses_asked));
    let known = move |results: &Results| -> Result<Known, DbError> {
        Ok(Known {
            events: results.all(&events)?,
            payloads: results.all(&payloads)?,
            orders: results.all(&orders)?,
            facts: results.all(&facts)?,
            licenses: results.all(&licenses)?,
            grants: results.all(&grants)?,
            outbox: results.all(&outbox)?,
            actions: results.all(&actions)?,
        })
    };
    Read::new(batch, move |results| {
        let known = known(results)?;
        Ok(pick(Details {
            events: asked.events.iter().filter_map(|id| known.event(id)).collect(),
            licenses: asked.licenses.iter().filter_map(|key| known.license(key)).collect(),
        }))
    })
}

/// As the statements take a list.
fn list(ids: &[String]) -> String {
    // A list of plain texts always serializes.
    serde_json::to_string(ids).unwrap_or_default()
}

/// Everything that is known of what is asked for, and of the orders that it is about.
struct Known {
    events: Vec<KnownEvent>,
    payloads: Vec<Payload>,
    orders: Vec<OrderItem>,
    facts: Vec<KnownFact>,
    licenses: Vec<LicenseItem>,
    /// Each with a license that claims it.
    grants: Vec<(String, GrantItem)>,
    outbox: Vec<KnownRow>,
    actions: Vec<ActionItem>,
}

/// What of it is told as one history.
struct Story<'a> {
    events: Vec<&'a KnownEvent>,
    facts: Vec<FactItem>,
    licenses: Vec<&'a LicenseItem>,
    /// Each row once.
    outbox: Vec<&'a KnownRow>,
    actions: Vec<&'a ActionItem>,
}

impl Known {
    fn event(&self, id: &str) -> Option<EventDetail> {
        let event = self.events.iter().find(|event| event.item.id == id)?;
        let payload = self.payloads.iter().find(|payload| payload.event_id == id);
        let story = match &event.item.order_id {
            Some(order_id) => {
                let licenses = self.licenses_of(&event.item.source, order_id);
                self.story(&event.item.source, order_id, licenses)
            }
            None => Story {
                events: vec![event],
                facts: Vec::new(),
                licenses: Vec::new(),
                outbox: Vec::new(),
                actions: self.actions.iter().filter(|action| action.target == id).collect(),
            },
        };
        Some(EventDetail {
            event: event.item.clone(),
            payload: payload.and_then(|payload| payload.text.clone()),
            payload_hex: payload.and_then(|payload| payload.hex.clone()),
            payload_bytes: payload.and_then(|payload| payload.bytes),
            order: event.item.order_id.as_deref().and_then(|order_id| self.order(&event.item.source, order_id)),
            timeline: story.timeline(),
            licenses: story.licenses.iter().map(|license| (*license).clone()).collect(),
            outbox: story.outbox.iter().map(|row| row.item.clone()).collect(),
            facts: story.facts,
        })
    }

    /// The license of a key, in any case.
    fn license(&self, key: &str) -> Option<LicenseDetail> {
        let license = self.licenses.iter().find(|license| license.license_key.eq_ignore_ascii_case(key))?;
        let key = license.license_key.as_str();
        let story = self.story(&license.source, &license.order_id, vec![license]);
        Some(LicenseDetail {
            license: license.clone(),
            order: self.order(&license.source, &license.order_id),
            events: story.events.iter().map(|event| event.item.clone()).collect(),
            grants: self.grants.iter().filter(|(claims, _)| claims == key).map(|(_, grant)| grant.clone()).collect(),
            outbox: story.outbox.iter().map(|row| row.item.clone()).collect(),
            actions: story
                .actions
                .iter()
                .filter(|action| action.target == key)
                .map(|action| (*action).clone())
                .collect(),
            timeline: story.timeline(),
            facts: story.facts,
        })
    }

    fn order(&self, source: &str, order_id: &str) -> Option<OrderItem> {
        self.orders.iter().find(|order| order.source == source && order.order_id == order_id).cloned()
    }

    fn licenses_of(&self, source: &str, order_id: &str) -> Vec<&LicenseItem> {
        self.licenses.iter().filter(|license| license.source == source && license.order_id == order_id).collect()
    }

    /// The history of an order, as far as it is about these licenses of its.
    fn story<'a>(&'a self, source: &str, order_id: &str, licenses: Vec<&'a LicenseItem>) -> Story<'a> {
        let of_order =
            |event: &&KnownEvent| event.item.source == source && event.item.order_id.as_deref() == Some(order_id);
        let events: Vec<_> = self.events.iter().filter(of_order).collect();
        let facts = self.facts.iter().filter(|fact| fact.source == source && fact.order_id == order_id);
        let is_ours = |key: &str| licenses.iter().any(|license| license.license_key == key);
        let is_told = |target: &str| is_ours(target) || events.iter().any(|event| event.item.id == target);
        let mut outbox: Vec<_> = self.outbox.iter().filter(|row| is_ours(&row.license_key)).collect();
        outbox.sort_by_key(|row| row.item.id);
        outbox.dedup_by_key(|row| row.item.id);
        Story {
            facts: facts.map(|fact| fact.item).collect(),
            actions: self.actions.iter().filter(|action| is_told(&action.target)).collect(),
            outbox,
            events,
            licenses,
        }
    }
}

impl Story<'_> {
    fn timeline(&self) -> Vec<TimelineEntry> {
        let mut timeline = Vec::new();
        let mut tell = |at: Timestamp, what: Happening| timeline.push(TimelineEntry { at, what });
        for KnownEvent { item, reason, stuck_at } in &self.events {
            let event_id = || item.id.clone();
            tell(item.received_at, Happening::Received { event_id: event_id(), event_type: item.event_type.clone() });
            if let Some(at) = item.processed_at {
                tell(at, Happening::Processed { event_id: event_id(), reason: *reason });
            }
            if let Some(at) = *stuck_at {
                tell(at, Happening::Stuck { event_id: event_id(), reason: *reason, error: item.error.clone() });
            }
        }
        for FactItem { fact, said_at } in &self.facts {
            tell(*said_at, Happening::OrderFact { fact: *fact });
        }
        for license in &self.licenses {
            let license_key = || license.license_key.clone();
            tell(license.issued_at, Happening::LicenseIssued { license_key: license_key() });
            if let Some(activation) = &license.activation {
                let first = self.bound_first(&license.license_key);
                let github_username = first.unwrap_or(&activation.github_username).to_owned();
                tell(activation.activated_at, Happening::Activated { license_key: license_key(), github_username });
            }
        }
        for KnownRow { item, history, .. } in &self.outbox {
            tell(item.created_at, enqueued(item));
            for Ending { at, outcome, error } in history {
                tell(Timestamp::from_millis(*at), ended(item, outcome.clone(), error.clone()));
            }
            if let Some(at) = item.ended_at {
                tell(at, ended(item, item.outcome.clone(), item.last_error.clone()));
            }
        }
        for action in &self.actions {
            tell(action.at, acted(action));
        }
        timeline.sort_by_key(|entry| entry.at);
        timeline
    }

    /// To whom a license was bound when it was activated, where it was transferred since: the first transfer says from whom.
    fn bound_first(&self, key: &str) -> Option<&str> {
        let transfer = self.actions.iter().find(|action| action.target == key && action.action == "license.transfer");
        detail_of(transfer?, "from_username")
    }
}

fn enqueued(row: &OutboxItem) -> Happening {
    Happening::Enqueued { kind: row.kind, repo: row.repo.clone(), github_username: row.github_username.clone() }
}

/// A row ends with an outcome, or it is given up with its last error.
fn ended(row: &OutboxItem, outcome: Option<String>, error: Option<String>) -> Happening {
    let (kind, repo, github_username) = (row.kind, row.repo.clone(), row.github_username.clone());
    match outcome {
        Some(_) => Happening::Done { kind, repo, github_username, outcome },
        None => Happening::Dead { kind, repo, github_username, error },
    }
}

fn acted(action: &ActionItem) -> Happening {
    Happening::Action {
        action: action.action.clone(),
        target: action.target.clone(),
        actor: action.actor.clone(),
        reason: action.reason.clone(),
        to: detail_of(action, "to_username").map(str::to_owned),
    }
}

fn detail_of<'a>(action: &'a ActionItem, name: &str) -> Option<&'a str> {
    action.detail.as_ref()?.get(name)?.as_str()
}
