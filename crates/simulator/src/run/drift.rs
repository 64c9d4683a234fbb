//! What comes to differ at GitHub from what is recorded: the seller removes somebody by hand and lets somebody in, and rows of ours
//! are lost, as where a backup is brought back that is older than they are.

use super::{QUIET_TICKS, Run};
use crate::check::{self, Drifted, Violation};
use crate::model::{Account, ByHand, crowd};
use crate::shelf::Shelf;

/// What they buy: the place in [`crate::model::PRODUCTS`], and one of the repositories that it opens. Nobody of the crowd buys it
/// otherwise.
const PRODUCT: (usize, &str) = (2, "acme/bundle-api");

/// What the seller lets a stranger be.
const ROLE: &str = "triage";

impl Run {
    /// Lets both come apart in each way, and has them compared day after day.
    pub(super) fn drift_apart(&mut self) -> Result<(), Violation> {
        let (product, repo) = PRODUCT;
        let [removed, lost, stranger] = [&crowd()[3], &crowd()[4], &crowd()[5]];
        self.put(Shelf::full(self.scope), "map every product");
        self.tasks.finish(&self.world);
        self.tick_until_quiet()?;
        for account in [removed, lost] {
            self.buy(product, account)?;
            self.accept_everything(account);
        }
        // A look at the moment of an answer may have been before it.
        self.let_pass(60);
        self.look_at_all_invitations()?;
        self.tick_until_quiet()?;
        let logins = [removed, lost, stranger].map(|account| self.login_now(account));
        let [removed_login, lost_login, stranger_login] = &logins;
        self.note(&format!("the seller removes {removed_login} from {repo} by hand, and lets {stranger_login} in"));
        self.world.sandbox.remove_collaborator(removed_login, repo);
        self.world.sandbox.add_collaborator_as(stranger_login, repo, ROLE);
        let (account, at) = (number(stranger), self.world.now().as_millis());
        self.model.borrow_mut().by_hand.push(ByHand { account, repo: repo.to_owned(), role: Some(ROLE), at });
        self.note(&format!("{lost_login} comes to be in {repo} no more, and what is recorded of it is lost"));
        self.world.sandbox.remove_collaborator(lost_login, repo);
        check::lose_grant(self, number(lost), repo);
        let drifted =
            Drifted { repo, removed: number(removed), lost: number(lost), stranger: (number(stranger), ROLE) };
        // What changed within a minute before a comparison is left to the next one.
        self.compare_everything()?;
        for _ in 0..2 {
            self.compare_everything()?;
            self.tick_until_quiet()?;
            check::drift_is_seen(self, &drifted)?;
        }
        Ok(())
    }

    /// Ticks until each repository of the catalogue has been compared once more.
    fn compare_everything(&mut self) -> Result<(), Violation> {
        let since = self.world.now().as_millis();
        for _ in 0..QUIET_TICKS {
            let Some(due_at) = check::next_uncompared(self, since) else { return Ok(()) };
            self.tick_at(due_at)?;
        }
        Err(Violation::new("I11", format!("after {QUIET_TICKS} quiet ticks some repository is not compared")))
    }
}

fn number(account: &Account) -> i64 {
    account.id.unwrap_or_default()
}
