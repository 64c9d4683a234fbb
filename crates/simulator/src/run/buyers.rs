//! What buyers do: they read their mail, activate what they have bought, and answer invitations.

use latchkey_sandbox::{Invitation, Mail};
use serde_json::json;

use super::{OPERATOR, Run};
use crate::check;
use crate::model::{ACCOUNTS, Account, BUYERS, Notice, What};
use crate::world::request;

impl Run {
    pub(super) fn activate(&mut self) {
        let (key, owner) = self.pick_key();
        let buyer = owner.unwrap_or(0) % BUYERS;
        let account = match self.random.u32(0..10) {
            0..=6 => buyer,
            7 => self.random.usize(0..BUYERS),
            _ => self.random.usize(0..ACCOUNTS.len()),
        };
        self.present(key, owner, &ACCOUNTS[account]);
    }

    pub(super) fn present(&mut self, key: String, owner: Option<usize>, account: &'static Account) {
        self.present_as(None, key, owner, account);
    }

    /// The same under this name, where one is given.
    pub(super) fn present_as(
        &mut self,
        login: Option<String>,
        key: String,
        owner: Option<usize>,
        account: &'static Account,
    ) {
        let choice = owner.map_or(&[][..], |order| self.model.borrow().orders[order].product.choose);
        // However the storefront has issued it: a buyer may type a key in any case.
        let typed = match self.random.u32(0..4) {
            0 => key.to_uppercase(),
            1 => key.to_lowercase(),
            _ => key.clone(),
        };
        // Whoever is called otherwise by now may type the old name.
        let login = login.unwrap_or_else(|| {
            if self.random.u32(0..4) == 0 { account.login.to_owned() } else { self.login_now(account) }
        });
        let mut body = json!({ "license_key": typed, "github_username": login });
        if !choice.is_empty() && self.random.u32(0..8) > 0 {
            body["repos"] = json!([choice[self.random.usize(0..choice.len())]]);
        }
        let headers = [("content-type", "application/json")];
        let request = request("POST", "/api/activate", &headers, body.to_string().as_bytes());
        let words = format!("{login} activates …{}", &key[key.len() - 4..]);
        // A name that nobody has is the old one of whoever types it, unless a stranger had it in between.
        let had = |number: i64| self.fates.logins.borrow().iter().any(|(known, id)| *known == login && *id != number);
        let number = self.world.sandbox.id_of(&login).and_then(|number| i64::try_from(number).ok());
        let number = number.or(account.id.filter(|own| !had(*own)));
        self.send(&words, request, What::Activation { key, order: owner, account, number });
    }

    /// A key to present, with the order that it belongs to when it is a good one.
    fn pick_key(&mut self) -> (String, Option<usize>) {
        let model = self.model.borrow();
        let count = model.mailed.len() + model.issued.len();
        if count == 0 || self.random.u32(0..12) == 0 {
            let digit = self.random.u32(0..10);
            return (format!("0f3c1a2b-0000-4000-8000-00000000000{digit}"), None);
        }
        let place = self.random.usize(0..count);
        match model.mailed.get(place) {
            Some((key, order)) => (key.clone(), Some(*order)),
            None => {
                let key = &model.issued[place - model.mailed.len()];
                (key.key.clone(), Some(key.order))
            }
        }
    }

    pub(super) fn answer_an_invitation(&mut self) {
        let repos = self.world.sandbox.repos();
        let open: Vec<_> = repos.iter().flat_map(|repo| self.world.sandbox.invitations(repo)).collect();
        if open.is_empty() {
            return self.tick();
        }
        let invitation = &open[self.random.usize(0..open.len())];
        let accepts = self.random.u32(0..4) > 0;
        if accepts { self.accept(invitation) } else { self.decline(invitation) }
    }

    pub(super) fn accept(&self, invitation: &Invitation) {
        let Invitation { login, repo, user_id, .. } = invitation;
        self.note(&format!("{login} accepts the invitation to {repo}"));
        // One that has expired cannot be accepted.
        if self.world.sandbox.accept_invitation(login, repo).is_ok() {
            let at = self.world.now().as_millis();
            self.model.borrow_mut().accepted.push((
                i64::try_from(*user_id).unwrap_or_default(),
                repo.to_lowercase(),
                at,
            ));
        }
    }

    /// Somebody accepts every invitation that they have.
    pub(super) fn accept_everything(&self, account: &Account) {
        let login = self.login_now(account);
        for invitation in self.world.sandbox.repos().iter().flat_map(|repo| self.world.sandbox.invitations(repo)) {
            if invitation.login == login {
                self.accept(&invitation);
            }
        }
    }

    pub(super) fn decline(&self, invitation: &Invitation) {
        let Invitation { login, repo, user_id, .. } = invitation;
        self.note(&format!("{login} declines the invitation to {repo}"));
        if self.world.sandbox.decline_invitation(login, repo).is_ok() {
            let model = &mut *self.model.borrow_mut();
            // Whoever asks while the one who invited is still at it may be promised what was declined just now.
            let asked = model.sent.len() + 4 * self.tasks.count();
            model.declined.push((i64::try_from(*user_id).unwrap_or_default(), repo.clone(), asked));
        }
    }

    /// Somebody asks for an invitation and declines it, over and over.
    pub(super) fn pester(&mut self) {
        let (key, owner) = self.pick_key();
        let account = &ACCOUNTS[owner.unwrap_or(0) % BUYERS];
        for _ in 0..self.random.u32(2..9) {
            self.present(key.clone(), owner, account);
            self.tasks.finish(&self.world);
            let repos = self.world.sandbox.repos();
            let open: Vec<_> = repos.iter().flat_map(|repo| self.world.sandbox.invitations(repo)).collect();
            for invitation in open.iter().filter(|invitation| i64::try_from(invitation.user_id).ok() == account.id) {
                self.decline(invitation);
            }
            let seconds = self.random.u64(30..1_200);
            self.let_pass(seconds);
        }
    }

    /// Buyers read what has arrived: the keys that they have from now on.
    pub(super) fn read_mail(&self) {
        for mail in self.world.sandbox.take_mails() {
            let model = &mut *self.model.borrow_mut();
            model.alerts += usize::from(mail.to == OPERATOR);
            if mail.subject.contains(" expires on ") {
                let row = owed_by(&mail);
                model.reminders.push((row, mail.to.clone()));
            }
            if mail.subject.contains("Your invitation for ") {
                let text = mail.text.as_deref().unwrap_or_default();
                let said = |words: &str| {
                    text.lines().filter_map(|line| Some(line.split_once(words)?.0.to_lowercase())).collect()
                };
                let row = owed_by(&mail);
                let (open, expired) = (said(": accept until "), said(": the invitation has expired"));
                model.notices.push(Notice { row, at: mail.at, open, expired });
            }
            let key =
                mail.text.as_deref().and_then(|text| text.split_whitespace().find(|word| word.starts_with("LK-")));
            let Some(key) = key else { continue };
            model.letters.push((key.to_owned(), mail.to.clone()));
            // What the seller has given for something else, nobody has bought.
            let order = model.order_of(&mail.to);
            if let Some(order) = order.filter(|order| check::is_of(self, key, model.orders[*order].lines())) {
                model.mailed.push((key.to_owned(), order));
            }
        }
    }
}

/// The row of the outbox by which a mail is owed, which may have been ended before and be owed anew: that stands behind a dash.
fn owed_by(mail: &Mail) -> String {
    let owed = mail.metadata.get("outbox_id").map_or("", String::as_str);
    owed.split_once('-').map_or(owed, |(row, _)| row).to_owned()
}
