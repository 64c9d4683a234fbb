//! A time in which every process dies of the same thing: too much for its memory or its time. What is due besides is done all
//! the same, and the thing itself is given up and told of, until somebody has mended what was deadly in it.

use latchkey::platform::host::Fate;

use super::Run;
use crate::check::{self, Violation};
use crate::fate::Poison;
use crate::model::ACCOUNTS;

/// Ticks by which everything else is done, where little is due.
const PATIENCE: usize = 10;

/// Ticks by which nobody dies any more: a row is tried twelve times, and an account may have many of them.
const LONGEST: usize = 200;

/// Who activates what processes die of.
const ACCOUNT: usize = 3;

impl Run {
    /// Sells, has processes die of what follows from that, sells more, and ticks until nobody dies any more.
    pub(super) fn plague(&mut self) -> Result<(), Violation> {
        self.tasks.finish(&self.world);
        self.fates.calm();
        let little_is_due = check::due_soon(self) <= 3;
        let mut others = vec![self.sell_unmailed()];
        let fate = [Fate::DieBefore, Fate::DieAfter][self.random.usize(0..2)];
        let victim = self.sold_on_gumroad(0);
        let order = self.model.borrow().deliveries[victim].order;
        let (email, id) = {
            let order = &self.model.borrow().orders[order];
            (order.email.clone(), order.id.clone())
        };
        let poison = match self.random.u32(0..3) {
            0 => Poison::Mail(email.clone()),
            1 => Poison::Order(id),
            _ => {
                self.deliver(victim);
                self.tasks.finish(&self.world);
                self.read_mail();
                Poison::Account(ACCOUNTS[ACCOUNT].login)
            }
        };
        self.note(&format!("from here on every process dies of {poison:?}"));
        self.fates.poison(poison.clone(), fate);
        let key = self.model.borrow().mailed.iter().find(|(_, mailed)| *mailed == order).map(|(key, _)| key.clone());
        match (&poison, key) {
            (Poison::Account(_), Some(key)) => self.present(key, Some(order), &ACCOUNTS[ACCOUNT]),
            (Poison::Account(_), None) => {}
            _ => self.deliver(victim),
        }
        self.tasks.finish(&self.world);
        others.push(self.sell_unmailed());
        for tick in 1..=LONGEST {
            self.tick_at(self.world.now().as_millis() + 61_000)?;
            self.read_mail();
            if tick == PATIENCE && little_is_due {
                for other in &others {
                    check::is_mailed_by_now(self, *other)?;
                }
            }
            if tick >= PATIENCE && check::is_given_up_by_now(self, &poison, order).is_ok() {
                break;
            }
        }
        check::is_given_up_by_now(self, &poison, order)?;
        self.fates.cure();
        self.note("nobody dies of it any more");
        Ok(())
    }

    /// Sells something whose mail is still due afterwards; gives the order's place.
    fn sell_unmailed(&mut self) -> usize {
        let delivery = self.sold_on_gumroad(0);
        self.fates.trouble(self.mailer, 1000);
        self.deliver(delivery);
        self.tasks.finish(&self.world);
        self.fates.calm();
        self.model.borrow().deliveries[delivery].order
    }
}
