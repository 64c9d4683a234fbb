//! The end of access at GitHub: of who is to have none any more, and of what an invitation gave that went astray.
//!
//! To remove a collaborator may cancel an open invitation to that account, or leave it open: the documentation tells of those
//! alone that the account has sent itself. So whoever is no collaborator by now loses the invitations too, each by its number.
//! <https://docs.github.com/rest/collaborators/collaborators#remove-a-repository-collaborator>

use std::time::Duration;

use super::refusal::{self, Asked};
use super::{Call, Github, Invitation, Invite, PAGE_LENGTH, SERVICE, owner};
use crate::adapters::{Effect, Failure, Remedy};
use crate::json::{self, Json};
use crate::model::{GithubAccount, GithubLogin, GithubUserId, Repo, Timestamp};
use crate::platform::{HttpResponse, Method, Platform};

/// How many pages of a repository's invitations are looked through. One that stands on a later page is
/// deleted all the same where its number was told when it was made.
const INVITATION_PAGES: u32 = 3;

/// GitHub asks for changes one after the other with at least a second between them:
/// <https://docs.github.com/rest/using-the-rest-api/best-practices-for-using-the-rest-api#pause-between-mutative-requests>
const BETWEEN_CHANGES: Duration = Duration::from_secs(1);

/// How many invitations of one account are deleted at a time. GitHub keeps one that is open, beside those that expired.
const DELETED_AT_A_TIME: usize = 5;

/// How often something is asked at once that must not be left as it is.
const AT_ONCE: usize = 3;

impl Github<'_> {
    /// Ends an account's access to a repository, whether it is invited or a collaborator by now. Harmless to repeat:
    /// somebody who has no access stays without. `present` is the login that the account has by now, if GitHub shows the
    /// account, and `invitation` the number of the last one that it is known to have got. From `until` on nothing is deleted: somebody
    /// else may be at it by then, and have given what this would take.
    ///
    /// # Errors
    /// [`Failure`] when the account may still have access.
    pub async fn remove(
        &self,
        platform: &impl Platform,
        repo: &Repo,
        account: &GithubAccount,
        present: Option<&GithubLogin>,
        invitation: Option<i64>,
        until: Timestamp,
    ) -> Result<(), Failure> {
        let login = match present {
            Some(login) => login.clone(),
            None => self.last_login(platform, repo, account).await?,
        };
        if owner(repo).eq_ignore_ascii_case(login.as_str()) {
            return Ok(());
        }
        let fail = |reply: &HttpResponse| Err(self.refused(platform, reply, Asked::Removal(repo), &account.login));
        let path = format!("/repos/{repo}/collaborators/{login}");
        let reply = self.send(platform, Method::Get, &path, None).await?;
        match reply.status {
            // Nobody who is in is invited.
            204 => {}
            404 => {
                if self.delete_invitations(platform, repo, account, invitation, until).await? {
                    return Ok(());
                }
            }
            _ => return fail(&reply),
        }
        // Also of who was no collaborator a moment ago: an invitation may have been accepted since.
        let reply = self.delete(platform, &path, until).await?;
        if !matches!(reply.status, 204 | 404) {
            return fail(&reply);
        }
        // Whoever has that name now may be somebody else than a moment ago, and nothing was taken from that one.
        if present.is_none() || self.present_login(platform, account).await?.as_ref() == present {
            return Ok(());
        }
        Err(Failure::new(Remedy::Retry, format!("the account was renamed while it was removed from {repo}")))
    }

    /// Deletes something, unless it is too late for that.
    async fn delete(&self, platform: &impl Platform, path: &str, until: Timestamp) -> Result<HttpResponse, Failure> {
        self.call(platform, Call { method: Method::Delete, path, body: None, etag: None, until: Some(until) }).await
    }

    /// Deletes all invitations of an account to a repository, and says whether one was among them that could still have been
    /// accepted: then nobody has accepted any.
    async fn delete_invitations(
        &self,
        platform: &impl Platform,
        repo: &Repo,
        account: &GithubAccount,
        known: Option<i64>,
        until: Timestamp,
    ) -> Result<bool, Failure> {
        let id = account.id.as_i64();
        // Each with whether it is open still.
        let mut theirs: Vec<(i64, bool)> = Vec::new();
        for page in 1..=INVITATION_PAGES {
            let path = format!("/repos/{repo}/invitations?per_page={PAGE_LENGTH}&page={page}");
            let reply = self.send(platform, Method::Get, &path, None).await?;
            if reply.status != 200 {
                return Err(self.refused(platform, &reply, Asked::Removal(repo), &account.login));
            }
            let unintelligible = || Failure::unintelligible(SERVICE, reply.status);
            let items = json::items_with(&reply.body, id).ok_or_else(unintelligible)?;
            for item in items.found {
                let listed = Invitation::read_from(&Json::parse(item).map_err(|_| unintelligible())?);
                if listed.invitee_id == Some(id) {
                    let open = listed.terms.is_some_and(|terms| !terms.expired);
                    theirs.extend(listed.id.map(|number| (number, open)));
                }
            }
            if items.count < PAGE_LENGTH {
                break;
            }
        }
        let beyond = known.filter(|known| theirs.iter().all(|(number, _)| number != known));
        theirs.extend(beyond.map(|number| (number, false)));
        let left = theirs.len().saturating_sub(DELETED_AT_A_TIME);
        let mut was_open = false;
        for (number, open) in theirs.into_iter().take(DELETED_AT_A_TIME) {
            let path = format!("/repos/{repo}/invitations/{number}");
            let reply = self.delete(platform, &path, until).await?;
            match reply.status {
                204 => was_open |= open,
                // Accepted or declined by now.
                404 => {}
                _ => return Err(self.refused(platform, &reply, Asked::Removal(repo), &account.login)),
            }
            platform.sleep(BETWEEN_CHANGES).await;
        }
        if left > 0 {
            return Err(Failure::new(
                Remedy::Retry,
                format!("{left} more invitations of the account to {repo} are to be deleted"),
            ));
        }
        Ok(was_open)
    }

    /// By which login an account is removed that GitHub does not show: it is deleted or hidden, and one that is hidden may
    /// still be a collaborator, and be shown again. The last login that is known of it will do, unless it is somebody
    /// else's by now.
    async fn last_login(
        &self,
        platform: &impl Platform,
        repo: &Repo,
        account: &GithubAccount,
    ) -> Result<GithubLogin, Failure> {
        let by_hand = |why: &str| {
            Err(Failure::of_cause(
                Remedy::PersonNeeded,
                format!(
                    "look through the collaborators of {repo}, remove whoever is none of your buyers, and cancel this"
                ),
                format!("{SERVICE} does not show the account any more, and {why}"),
            ))
        };
        if super::is_erased(&account.login) {
            return by_hand("its username was erased here");
        }
        if self.is_anothers(platform, account).await? {
            return by_hand("its username is somebody else's by now");
        }
        Ok(account.login.clone())
    }

    /// Takes an open invitation back, so that another can follow, and says whether it was there: if not, it was accepted, or declined,
    /// or has been taken back before.
    ///
    /// # Errors
    /// [`Failure`] when it may still be open.
    pub async fn withdraw(
        &self,
        platform: &impl Platform,
        repo: &Repo,
        account: &GithubAccount,
        number: i64,
    ) -> Result<bool, Failure> {
        let path = format!("/repos/{repo}/invitations/{number}");
        let reply = self.send(platform, Method::Delete, &path, None).await?;
        match reply.status {
            204 => {
                platform.sleep(BETWEEN_CHANGES).await;
                Ok(true)
            }
            404 if refusal::is_in_githubs_words(&reply) => Ok(false),
            _ => Err(self.refused(platform, &reply, Asked::Removal(repo), &account.login)),
        }
    }

    /// Leaves an account what it had before it was given more, and takes what is more; `false` where it has nothing.
    ///
    /// # Errors
    /// [`Failure`] when it may still have more.
    pub async fn keep_earlier(&self, platform: &impl Platform, earlier: Invite<'_>) -> Result<bool, Failure> {
        let Some(present) = self.present_role(platform, earlier.repo, earlier.account).await? else { return Ok(false) };
        if present.rank() <= earlier.permission.rank() || earlier.leaves(present) {
            return Ok(true);
        }
        let reply = self.add(platform, earlier).await?;
        match reply.status {
            204 => Ok(true),
            // They have left in between, and are invited.
            201 => {
                let invitation = Invitation::read(&reply);
                self.take_back(platform, earlier.repo, &invitation, earlier.account, "to somebody who has left")
                    .await?;
                Ok(false)
            }
            _ => Err(self.refused(platform, &reply, Asked::Removal(earlier.repo), &earlier.account.login)),
        }
    }

    /// Deletes an invitation that another is to follow. That it is gone already is as good.
    pub(super) async fn remove_old(
        &self,
        platform: &impl Platform,
        repo: &Repo,
        invitation: &Invitation,
        account: &GithubAccount,
    ) -> Result<(), Failure> {
        let Some(id) = invitation.id else { return Err(Failure::unintelligible(SERVICE, 201)) };
        let reply = self.send(platform, Method::Delete, &format!("/repos/{repo}/invitations/{id}"), None).await?;
        match reply.status {
            204 | 404 => Ok(()),
            _ => Err(self.refused(platform, &reply, Asked::Removal(repo), &account.login)),
        }
    }

    /// Takes back an invitation that is not what was asked for, with what came of it: whoever has accepted it by now is removed,
    /// by the login that it went to, and that is seen at GitHub. What fails in passing is tried again at once.
    ///
    /// # Errors
    /// [`Failure`], for a person to look at once, when it is not known that nobody has access by it.
    pub(super) async fn take_back(
        &self,
        platform: &impl Platform,
        repo: &Repo,
        invitation: &Invitation,
        asked: &GithubAccount,
        what: &str,
    ) -> Result<(), Failure> {
        let deleted = match invitation.id {
            Some(id) => self.insist(platform, Method::Delete, &format!("/repos/{repo}/invitations/{id}")).await,
            None => Err(format!("{SERVICE} gave no number of it")),
        };
        // Of one that was deleted, nobody has accepted it.
        if deleted == Ok(204) {
            return Ok(());
        }
        let removed = match self.invited_login(platform, invitation, asked).await {
            Ok(login) => self.remove_invited(platform, repo, invitation, asked, &login).await,
            // By the login that is known they may be somebody else.
            Err(why) => Err(why),
        };
        let Err(why) = deleted.and(removed.map(|()| 404)) else { return Ok(()) };
        let how = format!("An invitation {what} could not be taken back ({why})");
        Err(refusal::handed_over(repo, &how).having(Effect::Invited))
    }

    /// Removes whoever accepted an invitation, by the login that they have, and sees that it is done.
    async fn remove_invited(
        &self,
        platform: &impl Platform,
        repo: &Repo,
        invitation: &Invitation,
        asked: &GithubAccount,
        login: &GithubLogin,
    ) -> Result<(), String> {
        let path = format!("/repos/{repo}/collaborators/{login}");
        self.insist(platform, Method::Delete, &path).await?;
        self.see_gone(platform, &path).await?;
        // By another name they would still be in.
        let present = self.invited_login(platform, invitation, asked).await?;
        if present == *login { Ok(()) } else { Err("the account was renamed meanwhile".to_owned()) }
    }

    /// By which login somebody has the access that an invitation gave. What fails in passing is asked again at once: a login
    /// that was theirs a moment ago may be somebody else's, whom nothing concerns.
    async fn invited_login(
        &self,
        platform: &impl Platform,
        invitation: &Invitation,
        asked: &GithubAccount,
    ) -> Result<GithubLogin, String> {
        let login = invitation.invitee_login.clone().unwrap_or_else(|| asked.login.clone());
        let Some(id) = invitation.invitee_id.and_then(GithubUserId::new) else { return Ok(login) };
        let account = GithubAccount { id, login };
        let present =
            at_once(platform, async || self.present_login(platform, &account).await.map_err(|failure| failure.reason));
        Ok(present.await?.unwrap_or(account.login))
    }

    /// Asks for the same until it is done, or is no more to be done; gives which it is.
    async fn insist(&self, platform: &impl Platform, method: Method, path: &str) -> Result<u16, String> {
        at_once(platform, async || match self.send(platform, method, path, None).await {
            Ok(HttpResponse { status: status @ (204 | 404), .. }) => Ok(status),
            Ok(reply) => Err(format!("{SERVICE} answered {}", reply.status)),
            Err(failure) => Err(failure.reason),
        })
        .await
    }

    /// Looks until a collaborator is seen to be none any more: GitHub answers before it has removed one.
    async fn see_gone(&self, platform: &impl Platform, path: &str) -> Result<(), String> {
        platform.sleep(BETWEEN_CHANGES).await;
        at_once(platform, async || match self.send(platform, Method::Get, path, None).await {
            Ok(HttpResponse { status: 404, .. }) => Ok(()),
            Ok(HttpResponse { status: 204, .. }) => {
                Err(format!("{SERVICE} still shows a collaborator who was removed"))
            }
            Ok(reply) => Err(format!("{SERVICE} answered {}", reply.status)),
            Err(failure) => Err(failure.reason),
        })
        .await
    }
}

/// Asks at once again what fails, a second apart; gives why it failed the last time.
async fn at_once<T>(platform: &impl Platform, mut ask: impl AsyncFnMut() -> Result<T, String>) -> Result<T, String> {
    let mut why = String::new();
    for turn in 0..AT_ONCE {
        if turn > 0 {
            platform.sleep(BETWEEN_CHANGES).await;
        }
        match ask().await {
            Ok(answer) => return Ok(answer),
            Err(failed) => why = failed,
        }
    }
    Err(why)
}
