//! Activating a license for the GitHub account that its buyer signs in with, and accepting the invitations for them.
//!
//! 1. The code that GitHub has sent back becomes a token.
//! 2. GitHub says whose it is. That account alone counts, by its number.
//! 3. Where the buyer wants to use another account, the license is moved to it first, at most once in thirty days, and recorded like a
//!    transfer of the operator's. The old account loses what nothing else of its own opens.
//! 4. The license is activated for it, as `activate` does, with what was signed in with as the proof. A license that is bound to it
//!    already is as good: then the invitations that are open are those that are accepted.
//! 5. Each open invitation is accepted by its number, where the buyer wants that and has allowed it.
//! 6. The token ends, whatever came before. Nothing of it is kept, and nothing is asked with it later.
//! 7. What came of it is written down behind the answer: what the activation came to, and who is a member by now.
//!
//! Whatever fails from step 5 on leaves an invitation that can be accepted at GitHub. What fails in step 7, GitHub's own lists tell
//! later (`watch`).

use super::grants::RepoStatus;
use super::join::join_all;
use super::moves::{Moved, Occasion};
use super::{Activate, ActivateError, Activated, Bound, Claimed, Engine, FollowUp};
use crate::adapters::Failure;
use crate::adapters::github::{Accepted, Consent, Exchanged, Resolved, SignIn, UserToken, no_seat};
use crate::api::codes::Proof;
use crate::config::Moves;
use crate::db::{Batch, activations, grants, watches};
use crate::model::{GithubAccount, GithubUserId, PresentedKey, Repo};
use crate::platform::{Level, LogValue, Platform};

/// What GitHub's way back brings, and what the buyer wanted when it was begun.
#[derive(Debug)]
pub struct SignInRequest {
    pub code: String,
    pub verifier: String,
    pub consent: Consent,
    pub key: PresentedKey,
    /// The buyer's preference among the product's choice.
    pub repos: Option<Vec<Repo>>,
    /// The account that the license is moved away from, as the buyer wants it.
    pub moves_from: Option<GithubUserId>,
}

/// A license that is activated for whoever signed in.
#[derive(Debug)]
pub struct SignedIn {
    pub activated: Activated,
    pub acceptance: Acceptance,
}

/// What became of the invitations.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Acceptance {
    /// None is open that could have been accepted.
    NothingOpen,
    /// The buyer accepts at GitHub.
    NotWanted,
    /// The buyer has not allowed it.
    NotAllowed,
    All,
    /// Some are still open: this is why, of those the one that says most.
    Some(Accepted),
}

/// Why nobody has signed in, or nothing came of it.
#[derive(Debug, thiserror::Error)]
pub enum SignInError {
    #[error("no app is configured to sign in with")]
    NotConfigured,
    #[error("the code is not good any more")]
    CodeRefused,
    #[error("{0}")]
    Upstream(Failure),
    #[error("the license cannot be moved, or was not long ago")]
    NotMoved,
    #[error(transparent)]
    Activation(#[from] ActivateError),
}

impl<P: Platform> Engine<P> {
    /// Signs in and activates. Gives what is to be written down behind the answer, whatever the answer is.
    pub async fn sign_in(&self, request: SignInRequest) -> (Result<SignedIn, SignInError>, Option<FollowUp>) {
        let Some(github) = SignIn::new(&self.config.github) else { return (Err(SignInError::NotConfigured), None) };
        // (1)
        let token = match github.exchange(&self.platform, &request.code, &request.verifier).await {
            Ok(Exchanged::Token(token)) => token,
            Ok(Exchanged::Refused) => return (Err(SignInError::CodeRefused), None),
            Err(failure) => return self.not_signed_in(failure),
        };
        let signed_in = self.with_token(&github, &token, request).await;
        // (6)
        if let Err(failure) = github.end(&self.platform, &token).await {
            self.log(Level::Warn, "user_token_not_ended", [("error", LogValue::text(failure.reason))]);
        }
        signed_in
    }

    /// Steps 2 to 5.
    async fn with_token(
        &self,
        github: &SignIn<'_>,
        token: &UserToken,
        request: SignInRequest,
    ) -> (Result<SignedIn, SignInError>, Option<FollowUp>) {
        let account = match github.who(&self.platform, token).await {
            Ok(Resolved::Account(account)) => account,
            Ok(Resolved::NotInvitable(what)) => return (Err(ActivateError::NotInvitable(what).into()), None),
            Ok(Resolved::NotFound) => return (Err(ActivateError::UserNotFound.into()), None),
            Err(failure) => return self.not_signed_in(failure),
        };
        let SignInRequest { consent, key, repos, moves_from, .. } = request;
        if let Some(from) = moves_from.filter(|from| *from != account.id)
            && let Err(error) = self.use_another_account(&key, from, &account).await
        {
            return (Err(error), None);
        }
        let claimed = Claimed::SignedIn(account.clone());
        let (activated, follow_up) = self.activate(Activate { key, claimed, repos }).await;
        let mut activated = match activated {
            Ok(activated) => activated,
            Err(error) => return (Err(error.into()), follow_up),
        };
        let mut record = match follow_up {
            Some(FollowUp::Record(batch)) => batch,
            _ => Batch::new(),
        };
        if activated.binding == Bound::Before {
            record.run(activations::prove(&activated.key, account.id));
        }
        let acceptance = match (consent, token.may_accept) {
            (Consent::IdentityOnly, _) => Acceptance::NotWanted,
            (Consent::AcceptForMe, false) => Acceptance::NotAllowed,
            (Consent::AcceptForMe, true) => self.accept_all(github, token, &account, &mut activated, &mut record).await,
        };
        let follow_up = (!record.is_empty()).then_some(FollowUp::Record(record));
        (Ok(SignedIn { activated, acceptance }), follow_up)
    }

    /// Step 3. A license that is the account's already was moved a moment ago, by a request whose answer was lost.
    async fn use_another_account(
        &self,
        key: &PresentedKey,
        from: GithubUserId,
        to: &GithubAccount,
    ) -> Result<(), SignInError> {
        let view = self.view_license(key).await?;
        let bound_to = view.activation.map(|activation| activation.user_id);
        if bound_to == Some(to.id) {
            return Ok(());
        }
        if self.config.pages.moves != Moves::Allowed {
            return Err(SignInError::NotMoved);
        }
        let moved = self.move_license(&view.key, from, to, Proof::SignedIn, Occasion::AnotherAccount).await;
        match moved.map_err(ActivateError::from)? {
            Moved::Done => Ok(()),
            Moved::NotAllowed => Err(SignInError::NotMoved),
        }
    }

    /// Step 5. The buyer's own hour of requests pays for it, and each invitation is another repository's.
    async fn accept_all(
        &self,
        github: &SignIn<'_>,
        token: &UserToken,
        account: &GithubAccount,
        activated: &mut Activated,
        record: &mut Batch,
    ) -> Acceptance {
        let open: Vec<_> = activated
            .repos
            .iter()
            .enumerate()
            .filter_map(|(place, (repo, status))| match status {
                RepoStatus::Invited { expires_at, invitation: Some(number), .. } => {
                    Some((place, grants::grant_id(account.id, repo), *expires_at, *number))
                }
                _ => None,
            })
            .collect();
        if open.is_empty() {
            return Acceptance::NothingOpen;
        }
        let answers = join_all(open.iter().map(|(.., number)| github.accept(&self.platform, token, *number))).await;
        let done = open.iter().zip(&answers).filter(|(_, answer)| **answer == Accepted::Done);
        let done: Vec<_> = done.map(|((place, id, expires_at, _), _)| (*place, id.as_str(), *expires_at)).collect();
        for (place, ..) in &done {
            if let Some((_, status)) = activated.repos.get_mut(*place) {
                *status = RepoStatus::Member;
            }
        }
        if !done.is_empty() {
            let members = done.iter().map(|(_, id, expires_at)| watches::Learned::member(id, *expires_at));
            record.run(watches::learn(&members.collect::<Vec<_>>(), self.moment()));
        }
        // GitHub tells nobody else of it, and no later look would find out.
        let without_seat = open.iter().zip(&answers).find(|(_, answer)| **answer == Accepted::NoSeat);
        if let Some((place, ..)) = without_seat.map(|(open, _)| open)
            && let Some((repo, _)) = activated.repos.get(*place)
        {
            let failure = no_seat(repo);
            record.extend(self.alert_of(&failure));
            self.log(Level::Error, "invitation_not_accepted", [("error", LogValue::text(failure.reason))]);
        }
        let worst = [Accepted::NoSeat, Accepted::Refused, Accepted::Gone, Accepted::Unclear]
            .into_iter()
            .find(|one| answers.contains(one));
        worst.map_or(Acceptance::All, Acceptance::Some)
    }

    fn not_signed_in(&self, failure: Failure) -> (Result<SignedIn, SignInError>, Option<FollowUp>) {
        let alert = self.alert_of(&failure);
        (Err(SignInError::Upstream(failure)), alert.map(|alert| FollowUp::Record(alert.into())))
    }
}
