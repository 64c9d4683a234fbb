//! Mails that come back, of which their provider tells: late, twice, or before the shop has its answer to the sending.

use latchkey_sandbox::{Mail, MailFate, Service};

use super::{OPERATOR, Run};
use crate::model::What;
use crate::world::delivery_request;

impl Run {
    /// A mail provider tells what became of a mail.
    pub(super) fn tell_of_a_mail(&mut self) {
        let is_just_sent = self.random.bool();
        if is_just_sent {
            // Its answer may still be on its way.
            self.begin_tick();
            for _ in 0..self.random.u32(0..8) {
                self.tasks.turn();
            }
        }
        let mails: Vec<Mail> = self.world.sandbox.mails().into_iter().filter(|mail| mail.to != OPERATOR).collect();
        let Some(latest) = mails.len().checked_sub(1) else { return self.tick() };
        let mail = &mails[if is_just_sent { latest } else { self.random.usize(0..=latest) }];
        let fate = match self.random.u32(0..6) {
            0 | 1 => MailFate::Bounced,
            2 => MailFate::Complained,
            3 if mail.service == Service::Resend => MailFate::Failed,
            3 | 4 => MailFate::Delayed,
            _ => MailFate::Delivered,
        };
        let has_come_back = !matches!(fate, MailFate::Delayed | MailFate::Delivered);
        for _ in 0..self.random.u32(1..3) {
            let (sandbox, mail) = (self.world.sandbox.clone(), mail.clone());
            let what = What::Returned(has_come_back.then(|| mail.id.clone()));
            let words = format!("{} tells that a mail to {} is {fate:?}", mail.service, mail.to);
            self.send_as_made(&words, move || delivery_request(&sandbox.tell_of_mail(&mail, fate)), what);
        }
    }
}
