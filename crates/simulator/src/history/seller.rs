//! What the seller does by hand, through the admin API.

use serde_json::json;

use super::History;
use crate::check;
use crate::model::{ACCOUNTS, BUYERS, What};
use crate::world::{ADMIN_TOKEN, request};

impl History {
    /// The seller changes a license, or something that is owed.
    pub(super) fn act_as_seller(&mut self) {
        let keys = check::license_keys(self);
        let rows = check::rows_owed(self);
        match self.random.u32(0..10) {
            0..=6 if !keys.is_empty() => {
                let key = &keys[self.random.usize(0..keys.len())];
                let verb = ["revoke", "revoke", "reinstate", "reinstate", "reinstate", "transfer", "resend"]
                    [self.random.usize(0..7)];
                let to = &ACCOUNTS[self.random.usize(0..BUYERS)];
                self.change_license(key, verb, to.login);
            }
            7 | 8 if !rows.is_empty() => {
                let id = rows[self.random.usize(0..rows.len())];
                // What is canceled is not owed any more, so it is rarely done.
                let verb = if self.random.u32(0..5) == 0 { "cancel" } else { "retry" };
                let words = format!("{verb} row {id} of what is owed");
                self.ask(
                    &words,
                    &format!("/admin/outbox/{id}/{verb}"),
                    &json!({ "reason": "a look at the simulated shop" }),
                );
            }
            _ => self.replay(),
        }
    }

    fn change_license(&mut self, key: &str, verb: &str, to: &str) {
        let mut body = json!({ "reason": "a simulated buyer asked for it" });
        if verb == "transfer" {
            body["to"] = to.into();
        }
        let whom = body["to"].as_str().map(|to| format!(" to {to}")).unwrap_or_default();
        let words = format!("{verb} the license …{}{whom}", &key[key.len() - 4..]);
        self.ask(&words, &format!("/admin/licenses/{key}/{verb}"), &body);
    }

    /// Has some delivery processed once more.
    fn replay(&mut self) {
        let events =
            self.world.host.database().query("SELECT id FROM webhook_events ORDER BY rowid").unwrap_or_default();
        if events.is_empty() {
            return self.tick();
        }
        let id = events[self.random.usize(0..events.len())].text("id").unwrap_or_default().to_owned();
        self.replay_event(&id);
    }

    /// Has a delivery processed once more.
    pub(super) fn replay_event(&mut self, id: &str) {
        let words = format!("replay the delivery {id}");
        self.ask(&words, &format!("/admin/events/{id}/replay"), &json!({ "reason": "it was given up" }));
    }

    fn ask(&mut self, words: &str, path: &str, body: &serde_json::Value) {
        let bearer = format!("Bearer {ADMIN_TOKEN}");
        let headers = [("authorization", bearer.as_str()), ("content-type", "application/json")];
        let request = request("POST", path, &headers, body.to_string().as_bytes());
        self.send(&format!("the seller asks to {words}"), request, What::Act);
    }
}
