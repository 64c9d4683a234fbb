//! What the seller does by hand, through the admin API.

use serde_json::json;

use super::Run;
use crate::check::{self, Violation};
use crate::model::{ACCOUNTS, BUYERS, PRODUCTS, What};
use crate::shelf::{Issues, Shelf};
use crate::world::{ADMIN_TOKEN, request};

impl Run {
    /// The seller changes a license, or something that is still to be done.
    pub(super) fn act_as_seller(&mut self) {
        let licenses = check::licenses(self);
        let rows = check::unfinished_rows(self);
        match self.random.u32(0..20) {
            14 | 15 => self.dismiss(),
            16 => self.dismiss_all(),
            17..=19 => self.erase(),
            10 => self.correct_an_address(),
            11 => self.give_a_license(),
            12 | 13 => self.answer_a_sale_by_hand(),
            0..=6 if !licenses.is_empty() => {
                let (key, active) = &licenses[self.random.usize(0..licenses.len())];
                // What would change nothing is asked for at times, too.
                let verbs = match self.random.u32(0..5) {
                    0 => ["revoke", "reinstate", "transfer", "resend"],
                    _ if *active => ["revoke", "revoke", "transfer", "resend"],
                    _ => ["reinstate", "reinstate", "reinstate", "revoke"],
                };
                let verb = verbs[self.random.usize(0..verbs.len())];
                let to = &ACCOUNTS[self.random.usize(0..BUYERS)];
                if self.random.bool() {
                    // Whoever is at the license just then has read how it stood before.
                    self.begin_tick();
                }
                let to = self.login_now(to);
                self.change_license(key, verb, &to);
            }
            7 | 8 if !rows.is_empty() => {
                let id = rows[self.random.usize(0..rows.len())];
                // What is canceled is not done any more, so it is rarely canceled.
                let verb = if self.random.u32(0..5) == 0 { "cancel" } else { "retry" };
                let words = format!("{verb} row {id} of the outbox");
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

    /// The seller dismisses some delivery: mostly one that is not processed.
    fn dismiss(&mut self) {
        if self.random.bool() {
            // Somebody is at the latest of them just then.
            self.deliver_something();
            self.run_on();
        }
        let events = check::deliveries_to_dismiss(self);
        let Some(latest) = events.last() else { return self.tick() };
        let id = if self.random.bool() { latest } else { &events[self.random.usize(0..events.len())] };
        self.ask(
            &format!("dismiss the delivery {id}"),
            &format!("/admin/events/{id}/dismiss"),
            &json!({ "reason": "an e-book" }),
        );
    }

    /// What is under way goes on for a little while.
    fn run_on(&mut self) {
        for _ in 0..self.random.u32(0..8) {
            self.tasks.turn();
        }
    }

    /// The seller dismisses all that waits for what else is sold.
    fn dismiss_all(&mut self) {
        let error = ["ebook==", "unmapped product 77"][self.random.usize(0..2)];
        let body = json!({ "reason": "e-books", "error": error });
        self.ask_for("dismiss the e-books' deliveries", "/admin/events/dismiss", &body, What::Maybe);
    }

    /// Somebody who bought asks to be forgotten, whatever is under way.
    fn erase(&mut self) {
        let (place, email) = {
            let model = self.model.borrow();
            let count = model.orders.len();
            if count == 0 {
                return;
            }
            // Those of an order whose address was corrected have two, and only one of them asks.
            let place = self.random.usize(0..count);
            if model.is_corrected(place) {
                return;
            }
            (place, model.orders[place].email.clone())
        };
        match self.random.u32(0..3) {
            // Something of theirs may be under way just then.
            0 => self.begin_tick(),
            1 => self.deliver_something_of(place),
            _ => {}
        }
        self.run_on();
        let body = json!({ "reason": "asked to be forgotten", "email": email });
        self.ask_for(&format!("erase who bought order {place}"), "/admin/privacy/erase", &body, What::Erase(place));
    }

    /// The seller corrects an address, or takes that back.
    fn correct_an_address(&mut self) {
        let sold = check::addressed(self);
        if sold.is_empty() {
            return self.tick();
        }
        let (key, email, source, order_id) = &sold[self.random.usize(0..sold.len())];
        let (place, to) = {
            let model = self.model.borrow();
            let Some(place) = model.order_with(source, order_id) else { return };
            // While it is not known whether somebody is erased, nothing is known of what becomes of a correction.
            if model.is_erasing(place) && !model.erased().contains(&place) {
                return;
            }
            let order = &model.orders[place];
            (place, if order.email == *email { order.corrected_email() } else { order.email.clone() })
        };
        if self.random.bool() {
            // The mail may be on its way just then.
            self.begin_tick();
        }
        let body = json!({ "reason": format!("it is {to}"), "to": to });
        let words = format!("correct the address of the license …{} to {to}", &key[key.len() - 4..]);
        for _ in 0..self.random.u32(1..3) {
            let path = format!("/admin/licenses/{key}/correct-email");
            if self.model.borrow().erased().contains(&place) {
                // What is refused is no correction.
                self.ask_for(&words, &path, &body, What::Act);
                continue;
            }
            let trace = What::Correct(place);
            self.note_only(trace);
            self.ask_for_once(&words, &path, &body, "license.correct_email");
        }
    }

    /// The seller finds out who bought, of the sales that came without an address.
    pub(super) fn find_out_addresses(&mut self) {
        for (key, source, order_id) in check::unaddressed(self) {
            let (place, to) = {
                let model = self.model.borrow();
                let Some(place) = model.order_with(&source, &order_id) else { continue };
                (place, model.orders[place].email.clone())
            };
            let body = json!({ "reason": format!("it is {to}"), "to": to });
            let words = format!("say that the license …{} is of {to}", &key[key.len() - 4..]);
            let path = format!("/admin/licenses/{key}/correct-email");
            if self.model.borrow().erased().contains(&place) {
                continue;
            }
            self.note_only(What::Correct(place));
            self.ask_for_once(&words, &path, &body, "license.correct_email");
            self.tasks.finish(&self.world);
        }
    }

    /// The seller changes the catalogue, mostly for those who have bought as well.
    pub(super) fn change_the_catalogue_for_everybody(&mut self) {
        self.change_the_catalogue();
        if self.random.u32(0..4) > 0 {
            self.tasks.finish(&self.world);
        }
        self.sync();
    }

    /// The seller brings licenses to the catalogue, or looks what that would change.
    fn sync(&mut self) {
        let product = match self.random.u32(0..3) {
            0 => Some(self.scope.products()[self.random.usize(0..self.scope.products().len())].id),
            _ => None,
        };
        let only_planned = self.random.u32(0..6) == 0;
        let mut body =
            json!({ "reason": "what was changed is for everybody", "product": product, "dry_run": only_planned });
        if self.random.u32(0..4) == 0 {
            body["expected_version"] = check::catalogue_version(self).into();
        }
        let overtaken = self.random.bool();
        match self.random.u32(0..4) {
            // Somebody may be at the access of the same people, or bind a license just then.
            0 if !overtaken => self.begin_tick(),
            1 if !overtaken => self.activate(),
            2 if !overtaken => self.deliver_something(),
            _ => {}
        }
        self.run_on();
        let verb = if only_planned { "say what would come of bringing" } else { "bring" };
        let whose = product.map_or("all licenses".to_owned(), |id| format!("those of {id}"));
        let what = What::Sync { product, only_planned };
        self.ask_for(&format!("{verb} {whose} to the catalogue"), "/admin/grants/sync", &body, what);
        let bound = check::bound_licenses(self);
        if overtaken && !bound.is_empty() {
            // What was read is not so any more when it is written.
            for _ in 0..self.random.u32(1..4) {
                self.tasks.turn();
            }
            for _ in 0..self.random.u32(1..4) {
                let (key, active) = &bound[self.random.usize(0..bound.len())];
                self.change_license(key, if *active { "revoke" } else { "reinstate" }, "");
            }
        }
    }

    /// When nothing goes wrong any more, the seller often brings everybody to the catalogue, and sees that this is what was planned.
    pub(super) fn sync_everybody(&mut self) -> Result<(), Violation> {
        if self.random.bool() {
            return Ok(());
        }
        let before = check::all_opened(self);
        let mut answers = Vec::new();
        for only_planned in [true, false, true] {
            let body = json!({ "reason": "what was changed is for everybody", "dry_run": only_planned });
            let what = What::Sync { product: None, only_planned };
            self.ask_for("bring everybody to the catalogue", "/admin/grants/sync", &body, what);
            self.tasks.finish(&self.world);
            let model = self.model.borrow();
            let answer = model.sent.last().and_then(|sent| sent.answer.as_ref());
            answers.extend(answer.map(|answer| (answer.status, answer.body.clone())));
        }
        check::all_follow(self, &before)?;
        match answers.as_slice() {
            [planned, done, again] if planned == done && done.0 == 200 && again.1["changed"] == 0 => Ok(()),
            _ => Err(Violation::new("I12", format!("bringing everybody to the catalogue is answered {answers:?}"))),
        }
    }

    /// The seller gives something away.
    fn give_a_license(&mut self) {
        let products = self.scope.products();
        let product = &products[self.random.usize(0..products.len())];
        let email = format!("gift-{}@example.com", self.random.u32(0..4));
        let body = json!({
            "reason": "a gift", "section": product.source, "product_id": product.id, "variant_id": product.variant,
            "email": email,
        });
        let words = format!("give {} of {} to {email}", product.id, product.source);
        for _ in 0..self.random.u32(1..3) {
            self.ask_for_once(&words, "/admin/licenses", &body, "license.issue");
        }
    }

    /// The seller answers a sale that is not processed with a license by hand: of the product that was bought, or of another.
    fn answer_a_sale_by_hand(&mut self) {
        let sales = check::unprocessed_sales(self);
        if sales.is_empty() {
            return self.replay();
        }
        let (event, source, order_id) = &sales[self.random.usize(0..sales.len())];
        let (email, product) = {
            let model = self.model.borrow();
            let Some(place) = model.order_with(source, order_id) else { return };
            let order = &model.orders[place];
            // What several licenses come of is not answered with one.
            let several = !order.more.is_empty() || order.pieces().len() > 1;
            if order.product.issues != Issues::Minted || several || model.is_erasing(place) {
                return;
            }
            (order.email.clone(), if self.random.bool() { order.product } else { &PRODUCTS[0] })
        };
        let body = json!({
            "reason": format!("a stuck sale: {}", product.id), "section": product.source, "product_id": product.id,
            "variant_id": product.variant, "email": email, "event_id": event,
        });
        let words = format!("answer the delivery {event} with {} of {}", product.id, product.source);
        if self.random.bool() {
            // Somebody may be at the delivery just then.
            self.begin_tick();
        }
        for _ in 0..self.random.u32(1..3) {
            self.ask_for_once(&words, "/admin/licenses", &body, "license.issue");
        }
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
        self.ask_for(words, path, body, What::Act);
    }

    /// Asks for what the same request does not do twice.
    fn ask_for_once(&mut self, words: &str, path: &str, body: &serde_json::Value, action: &'static str) {
        self.ask_for(words, path, body, What::Once(format!("{path} {body}"), action));
    }

    fn ask_for(&mut self, words: &str, path: &str, body: &serde_json::Value, what: What) {
        let bearer = format!("Bearer {ADMIN_TOKEN}");
        let headers = [("authorization", bearer.as_str()), ("content-type", "application/json")];
        let request = request("POST", path, &headers, body.to_string().as_bytes());
        self.send(&format!("the seller asks to {words}"), request, what);
    }

    /// The seller changes what products open, or which there are.
    pub(super) fn change_the_catalogue(&mut self) {
        let (shelf, words) = self.shelf.changed(&mut self.random);
        self.put(shelf, &words);
    }

    /// When nothing goes wrong any more, the seller often maps everything that is sold.
    pub(super) fn change_the_catalogue_once_more(&mut self) {
        match self.random.u32(0..4) {
            0 | 1 => self.put(Shelf::full(self.scope), "map every product"),
            2 => self.change_the_catalogue(),
            _ => {}
        }
        self.tasks.finish(&self.world);
    }

    pub(super) fn put(&mut self, shelf: Shelf, words: &str) {
        // Now and then the seller says which version is to be replaced.
        let expected = match self.random.u32(0..4) {
            0 => format!("&expected_version={}", check::catalogue_version(self)),
            _ => String::new(),
        };
        let bearer = format!("Bearer {ADMIN_TOKEN}");
        let headers = [("authorization", bearer.as_str()), ("content-type", "application/toml")];
        let path = format!("/admin/products?reason=a+change+of+what+is+sold{expected}");
        let request = request("PUT", &path, &headers, shelf.to_toml().as_bytes());
        self.shelf = shelf.clone();
        self.send(&format!("the seller asks to {words}"), request, What::Put(shelf));
    }
}
