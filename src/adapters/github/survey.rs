//! What the token may see: whether it is accepted and when it ends, what a repository is and whether people can be invited to
//! it, and how many seats an organization has left. Everything here only looks; what follows from it is in `engine::doctor`.

use super::{Github, SERVICE, refusal};
use crate::adapters::Failure;
use crate::config::Credentials;
use crate::json::{At, Json};
use crate::model::{Repo, Timestamp};
use crate::platform::{HttpResponse, Method, Platform};

/// When the token ends. It is undocumented in which of two forms GitHub writes it, and which tokens it says it of.
/// <https://github.blog/changelog/2021-07-26-expiration-options-for-personal-access-tokens/>
const TOKEN_END: &str = "github-authentication-token-expiration";

/// A repository as GitHub shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RepoSeen {
    /// GitHub's number of it, which stays when it is renamed.
    pub id: i64,
    /// What it is called by now.
    pub full_name: String,
    /// Read-only: nobody can be invited.
    pub archived: bool,
    pub owner: String,
    pub owner_kind: OwnerKind,
    pub administration: Administration,
}

/// Who owns a repository.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OwnerKind {
    Organization,
    /// Where every collaborator can write.
    Person,
}

/// Whether the token may invite to a repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Administration {
    /// It lists the invitations, and whoever the token is of administers the repository. That it may also write shows only when
    /// it does: GitHub says of no token what it may do.
    Seen,
    /// It may not, with what GitHub said.
    Denied(String),
    /// GitHub did not say.
    Unknown(Failure),
}

/// The seats of an organization.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seats {
    pub all: i64,
    pub filled: i64,
}

impl Github<'_> {
    /// Whether the token is accepted, and when it ends, as far as GitHub says.
    /// <https://docs.github.com/rest/rate-limit/rate-limit#get-rate-limit-status-for-the-authenticated-user>, which counts against
    /// no limit and needs no permission.
    ///
    /// # Errors
    /// [`Failure`] when it is not, or GitHub did not say.
    pub async fn token_end(&self, platform: &impl Platform) -> Result<Option<Timestamp>, Failure> {
        let reply = self.send(platform, Method::Get, "/rate_limit", None).await?;
        match reply.status {
            // Where an Enterprise Server has no limits.
            200 | 404 => Ok(reply.header(TOKEN_END).and_then(read_end)),
            _ => Err(refusal::unrelated(&reply, platform.now())),
        }
    }

    /// Looks at a repository, by the name that it has now where it was renamed; `None` where there is none, or the token cannot
    /// see it. <https://docs.github.com/rest/repos/repos#get-a-repository>
    ///
    /// # Errors
    /// [`Failure`] when GitHub did not say.
    pub async fn look_at(&self, platform: &impl Platform, repo: &Repo) -> Result<Option<RepoSeen>, Failure> {
        let Some(mut seen) = self.identify(platform, repo).await? else { return Ok(None) };
        if seen.administration == Administration::Seen {
            // By its number, what was renamed costs no redirect.
            let path = format!("/repositories/{}", seen.id);
            let path = if seen.full_name.eq_ignore_ascii_case(repo.as_str()) { format!("/repos/{repo}") } else { path };
            seen.administration = self.administration(platform, &path).await;
        }
        Ok(Some(seen))
    }

    /// The repositories that the credentials see and are not read-only, the one that was written to last first: the first page of them. An
    /// App sees those of one of its installations. What the account of a token does not administer is left out.
    /// <https://docs.github.com/rest/repos/repos#list-repositories-for-the-authenticated-user>,
    /// <https://docs.github.com/rest/apps/installations#list-repositories-accessible-to-the-app-installation>
    ///
    /// # Errors
    /// [`Failure`] when GitHub did not say.
    pub async fn repositories(&self, platform: &impl Platform) -> Result<Vec<Repo>, Failure> {
        let (path, list) = match self.credentials {
            Credentials::Token(_) => ("/user/repos?per_page=100&sort=pushed", None),
            Credentials::App(_) => ("/installation/repositories?per_page=100", Some("repositories")),
        };
        let reply = self.send(platform, Method::Get, path, None).await?;
        if reply.status != 200 {
            return Err(refusal::unrelated(&reply, platform.now()));
        }
        let body = Json::parse(&reply.body).map_err(|_| Failure::unintelligible(SERVICE, reply.status))?;
        let items = match list {
            Some(name) => body.root().field(name),
            None => Ok(body.root()),
        };
        let items =
            items.and_then(|list| list.as_list()).map_err(|_| Failure::unintelligible(SERVICE, reply.status))?;
        let administers = |repo: &At<'_>| {
            let given = repo.get("permissions").ok().flatten().and_then(|given| given.flag("admin").ok());
            list.is_some() || given != Some(false)
        };
        let open = items.iter().map(Json::root).filter(|repo| repo.flag("archived") != Ok(true) && administers(repo));
        Ok(open.filter_map(|repo| Repo::parse(repo.text("full_name").ok()?).ok()).collect())
    }

    /// The same without asking whether the token may invite to it, beyond what the repository itself says.
    ///
    /// # Errors
    /// As [`Github::look_at`].
    pub async fn identify(&self, platform: &impl Platform, repo: &Repo) -> Result<Option<RepoSeen>, Failure> {
        let reply = self.send(platform, Method::Get, &format!("/repos/{repo}"), None).await?;
        match reply.status {
            200 => {}
            404 if refusal::is_in_githubs_words(&reply) => return Ok(None),
            _ => return Err(refusal::unrelated(&reply, platform.now())),
        }
        read_repo(&reply).map(Some).ok_or_else(|| Failure::unintelligible(SERVICE, reply.status))
    }

    /// Whether the token lists a repository's invitations, for which it needs the permission to read its administration.
    /// <https://docs.github.com/rest/collaborators/invitations#list-repository-invitations>
    async fn administration(&self, platform: &impl Platform, path: &str) -> Administration {
        let reply = match self.send(platform, Method::Get, &format!("{path}/invitations?per_page=1"), None).await {
            Ok(reply) => reply,
            Err(failure) => return Administration::Unknown(failure),
        };
        if reply.status == 200 {
            return Administration::Seen;
        }
        let failure = refusal::unrelated(&reply, platform.now());
        match (reply.status, &failure.remedy) {
            (403 | 404, crate::adapters::Remedy::PersonNeeded) => Administration::Denied(failure.reason),
            _ => Administration::Unknown(failure),
        }
    }

    /// The seats of an organization; `None` where the token may not see its plan, or the plan has no seats.
    /// <https://docs.github.com/rest/orgs/orgs#get-an-organization>
    ///
    /// # Errors
    /// [`Failure`] when GitHub did not say.
    pub async fn seats(&self, platform: &impl Platform, organization: &str) -> Result<Option<Seats>, Failure> {
        let reply = self.send(platform, Method::Get, &format!("/orgs/{organization}"), None).await?;
        if reply.status != 200 {
            return Err(refusal::unrelated(&reply, platform.now()));
        }
        let body = Json::parse(&reply.body).map_err(|_| Failure::unintelligible(SERVICE, reply.status))?;
        let plan = body.root().get("plan").ok().flatten();
        let number = |name| plan.as_ref().and_then(|plan| plan.optional_integer(name).ok().flatten());
        Ok(number("seats").zip(number("filled_seats")).map(|(all, filled)| Seats { all, filled }))
    }
}

/// The path by a repository's number of what was asked for by its name and leads elsewhere:
/// `https://api.github.com/repositories/1296269/invitations`. Nothing else of the address is followed, since the token would be
/// sent there.
pub(super) fn moved_to(reply: &HttpResponse, path: &str) -> Option<String> {
    let body = Json::parse(&reply.body).ok()?;
    let (_, numbered) = body.root().text("url").ok()?.rsplit_once("/repositories/")?;
    let number: u64 = numbered.split(['/', '?']).next()?.parse().ok()?;
    let named = path.strip_prefix("/repos/")?;
    let (_, rest) = named.split_once('/')?;
    let rest = rest.find(['/', '?']).map_or("", |end| rest.split_at(end).1);
    Some(format!("/repositories/{number}{rest}"))
}

fn read_repo(reply: &HttpResponse) -> Option<RepoSeen> {
    let body = Json::parse(&reply.body).ok()?;
    let root = body.root();
    let owner = root.field("owner").ok()?;
    // What the account may do; absent where it is none's.
    let administers = root.get("permissions").ok().flatten().map(|permissions| permissions.flag("admin"));
    let denied = || Administration::Denied("the account of the token does not administer the repository".to_owned());
    Some(RepoSeen {
        id: root.integer("id").ok()?,
        full_name: root.text("full_name").ok()?.to_owned(),
        archived: root.flag("archived").ok()?,
        owner: owner.text("login").ok()?.to_owned(),
        owner_kind: if owner.text("type").ok()? == "User" { OwnerKind::Person } else { OwnerKind::Organization },
        administration: if administers == Some(Ok(false)) { denied() } else { Administration::Seen },
    })
}

/// `2026-12-31 09:30:00 UTC`, or with an offset: `2026-12-31 09:30:00 +0100`.
fn read_end(text: &str) -> Option<Timestamp> {
    let (time, zone) = text.trim().rsplit_once(' ')?;
    if !zone.starts_with(['+', '-']) {
        return Timestamp::parse_or_utc(time);
    }
    let (hours, minutes) = zone.split_at_checked(3)?;
    Timestamp::parse(&format!("{time}{hours}:{}", minutes.trim_start_matches(':')))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::adapters::testing::reply;

    #[test]
    fn the_end_of_a_token_is_read_in_either_form() {
        for (text, time) in [
            ("2026-12-31 09:30:00 UTC", "2026-12-31T09:30:00Z"),
            ("2026-12-31 09:30:00 +0100", "2026-12-31T08:30:00Z"),
            ("2026-12-31 09:30:00 -06:00", "2026-12-31T15:30:00Z"),
        ] {
            assert_eq!(read_end(text).map(Timestamp::to_rfc3339).as_deref(), Some(time), "{text}");
        }
        for wrong in ["", "tomorrow", "2026-12-31", "2026-12-31 09:30:00 +1"] {
            assert_eq!(read_end(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_redirect_is_followed_to_a_number_and_nowhere_else() {
        let to = |body: &str, path: &str| moved_to(&reply(301, body).unwrap(), path);
        let moved = r#"{"url":"https://api.github.com/repositories/7/whatever?page=2"}"#;
        for (path, expected) in [
            ("/repos/acme/kit", "/repositories/7"),
            ("/repos/acme/kit/invitations?per_page=1", "/repositories/7/invitations?per_page=1"),
            ("/repos/acme/kit/collaborators/ada", "/repositories/7/collaborators/ada"),
        ] {
            assert_eq!(to(moved, path).as_deref(), Some(expected));
        }
        assert_eq!(to(moved, "/users/ada"), None);
        for elsewhere in
            [r#"{"url":"https://example.com/repositories/../x"}"#, r#"{"url":"https://example.com"}"#, "{}"]
        {
            assert_eq!(to(elsewhere, "/repos/acme/kit"), None, "{elsewhere}");
        }
    }
}
