//! What happens at GitHub beside the shop: accounts are renamed and their logins taken over, the seller lets people in by hand, and
//! repositories have many invitations of others.

use latchkey_sandbox::AccountKind;

use super::Run;
use crate::model::{ACCOUNTS, Account, BUYERS, ByHand};

/// One run in so many has a repository with hundreds of invitations.
const LONG_LISTS: u32 = 60;

/// One run in so many is one in which logins come to others at the moment of an invitation.
const HIJACKS: u32 = 6;

/// The repositories in which somebody may have access from before.
const REPOS: [&str; 4] = ["acme/starter", "acme/kit", "acme/bundle-api", "acme/minted"];

/// What the seller lets somebody be by hand.
const ROLES: [&str; 3] = ["write", "maintain", "admin"];

impl Run {
    /// What is there before anything is sold.
    pub(super) fn begin_at_github(&mut self) {
        if self.random.u32(0..LONG_LISTS) == 0 {
            let repo = REPOS[self.random.usize(0..REPOS.len())];
            for place in 0..self.random.usize(120..320) {
                let login = format!("somebody-{place}");
                self.world.sandbox.add_user(&login, AccountKind::User);
                self.world.sandbox.add_invitation(&login, repo);
            }
            self.note(&format!("{repo} has a long list of invitations"));
        }
        if self.random.u32(0..4) == 0 {
            let (account, repo) = (self.random.usize(0..BUYERS), REPOS[self.random.usize(0..REPOS.len())]);
            let role = ROLES[self.random.usize(0..ROLES.len())];
            self.let_in_by_hand(account, repo, Some(role));
        }
        for account in &ACCOUNTS[..BUYERS] {
            if self.random.u32(0..8) == 0 {
                self.note(&format!("{} accepts every invitation at once", account.login));
                self.world.sandbox.accept_at_once(account.login);
            }
        }
        if self.random.u32(0..HIJACKS) == 0 {
            self.fates.hijack(150);
        }
    }

    pub(super) fn change_at_github(&mut self) {
        let (account, repo) = (self.random.usize(0..BUYERS), REPOS[self.random.usize(0..REPOS.len())]);
        if self.random.bool() {
            let login = self.login_now(&ACCOUNTS[account]);
            self.fates.rename(&self.world.sandbox, &login);
        } else {
            self.let_in_by_hand(account, repo, None);
        }
    }

    /// The seller invites somebody by hand, or lets them in as this.
    fn let_in_by_hand(&mut self, account: usize, repo: &str, role: Option<&'static str>) {
        let account = &ACCOUNTS[account];
        let (login, sandbox) = (self.login_now(account), &self.world.sandbox);
        let id = account.id.unwrap_or_default();
        // GitHub invites nobody who is in, or whose invitation is open.
        let is_them = |number: u64| i64::try_from(number) == Ok(id);
        if sandbox.members(repo).iter().any(|(member, _)| is_them(*member))
            || sandbox.invitations(repo).iter().any(|open| is_them(open.user_id) && !open.expired)
        {
            return;
        }
        match role {
            Some(role) => sandbox.add_collaborator_as(&login, repo, role),
            None => sandbox.add_invitation(&login, repo),
        }
        let at = self.world.now().as_millis();
        self.note(&format!("the seller lets {login} into {repo} by hand, as {}", role.unwrap_or("somebody invited")));
        self.model.borrow_mut().by_hand.push(ByHand { account: id, repo: repo.to_owned(), role, at });
    }

    /// What an account is called by now.
    pub(super) fn login_now(&self, account: &Account) -> String {
        let now = account.id.and_then(|id| self.world.sandbox.login_of(u64::try_from(id).ok()?));
        now.unwrap_or_else(|| account.login.to_owned())
    }
}
