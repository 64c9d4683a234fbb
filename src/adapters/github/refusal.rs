//! What it means when GitHub refuses: wait, and until when, or a person is needed, and what for.
//!
//! Limits come as 403 or 429 and are told from missing permissions in the order that GitHub documents:
//! <https://docs.github.com/rest/using-the-rest-api/best-practices-for-using-the-rest-api#handle-rate-limit-errors-appropriately>

use std::fmt;

use super::SERVICE;
use crate::adapters::failure::retry_after;
use crate::adapters::{Effect, Failure, Reach, Remedy};
use crate::json::Json;
use crate::model::{GithubLogin, HOUR_MS, Hindrance, MINUTE_MS, Repo, Timestamp};
use crate::platform::HttpResponse;

/// The signs of an account that is blocked by a repository's owner, or has blocked them; GitHub documents no text.
/// <https://docs.github.com/communities/maintaining-your-safety-on-github/blocking-a-user-from-your-organization>
const BLOCKED: [&str; 1] = ["block"];

/// The signs of an account that GitHub itself has flagged or suspended.
const FLAGGED: [&str; 3] = ["flagged", "spammy", "suspended"];

/// The signs of an organization whose plan has no place for another member or collaborator; GitHub documents no text.
/// <https://docs.github.com/billing/concepts/product-billing/github-users>
const SEATS: [&str; 2] = ["seat", "seats"];

/// What mends that an account cannot be used.
const REPLACE: &str = "ask the buyer for another GitHub account and transfer the license to it";

/// The sign of an installation of an App that a repository's owner, or GitHub, has suspended.
const INSTALLATION_SUSPENDED: &str = "installation has been suspended";

/// With what a refused request was sent, which is what has to be seen to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Means {
    Token,
    App,
}

/// What a refused request was about.
#[derive(Debug, Clone, Copy)]
pub(super) enum Asked<'a> {
    Account,
    /// The end of somebody's access to it.
    Removal(&'a Repo),
    Repository(&'a Repo),
}

/// The failure that a reply of an error status is. `login` is the one that was asked about; the failure does not
/// repeat it.
pub(super) fn failure(
    reply: &HttpResponse,
    asked: Asked<'_>,
    login: &GithubLogin,
    means: Means,
    now: Timestamp,
) -> Failure {
    let words = words(reply);
    if let Some(limited) = limit(reply, &words, now) {
        return limited;
    }
    let said = || format!("({SERVICE} says: {})", excerpt(&words, login));
    // A login may have any of the signs in it.
    let signs = mask(&words, login.as_str()).to_ascii_lowercase();
    let shows = |any: &[&str]| any.iter().any(|sign| signs.contains(sign));
    match (reply.status, asked) {
        (300..=399, Asked::Repository(repo) | Asked::Removal(repo)) => moved(repo),
        (300..=399, Asked::Account) => redirected(),
        (401, _) => rejected(means),
        (403, Asked::Repository(repo) | Asked::Removal(repo)) if shows(&[INSTALLATION_SUSPENDED]) => {
            installation_suspended(repo)
        }
        (403 | 451, Asked::Repository(repo) | Asked::Removal(repo)) if shows(&["access blocked"]) => {
            person_needed(format!("ask {SERVICE}'s support about {repo}"), "it has blocked access to the repository")
        }
        (403, Asked::Repository(repo)) if shows(&["was archived"]) => person_needed(
            format!("unarchive {repo} at {SERVICE}, or take it out of the catalogue"),
            "nobody can be invited to what is archived",
        ),
        (403, Asked::Removal(repo)) if shows(&["was archived"]) => person_needed(
            format!("unarchive {repo} at {SERVICE} until this is done"),
            "nobody can be removed from what is archived, and whoever is in goes on reading it",
        ),
        (403 | 422, Asked::Repository(repo)) if shows(&BLOCKED) => person_needed(
            format!(
                "unblock the account at {SERVICE}, or ask the buyer for another one and transfer the license to it"
            ),
            format!("whoever owns {repo} has blocked it, or it has blocked them {}", said()),
        )
        .keeping_out_by(Hindrance::AccountBlocked),
        (403 | 422, Asked::Repository(_)) if shows(&FLAGGED) => person_needed(
            format!("{REPLACE}, or to have {SERVICE} restore this one"),
            format!("it is flagged or suspended {}", said()),
        )
        .keeping_out_by(Hindrance::AccountUnusable),
        (403 | 422, Asked::Repository(repo)) if shows(&SEATS) => {
            seat_missing(repo, format!("{SERVICE} has none free for the buyer {}", said()))
        }
        (403, Asked::Repository(repo) | Asked::Removal(repo)) => forbidden(reply, &words, repo, login, means),
        (404, Asked::Removal(repo)) => person_needed(
            format!("{}, or cancel this if there is no such repository any more", means.to_see(repo)),
            format!("{}, and whether somebody still has access is not known", means.sees_nothing_of(repo)),
        ),
        (404, Asked::Repository(repo)) => repository_missing(repo, means),
        (422, Asked::Repository(repo)) if says_personal(&words) => personal_repository(repo),
        (422, Asked::Repository(repo)) if !words.is_empty() => person_needed(
            format!("{REPLACE}, unless you can mend this"),
            format!("{SERVICE} refused the invitation to {repo}: {}", excerpt(&words, login)),
        ),
        (status @ (400 | 403 | 410 | 422 | 451), _) if !words.is_empty() => {
            person_needed(format!("{SERVICE} answered {status}"), excerpt(&words, login))
        }
        (status @ 500..=599, _) => {
            Failure::new(Remedy::Retry, format!("{SERVICE} answered {status}")).having(Effect::Nothing)
        }
        (status, _) => Failure::unintelligible(SERVICE, status),
    }
}

/// Whether a refusal says that the organization has no seat free.
pub(super) fn is_for_want_of_a_seat(reply: &HttpResponse) -> bool {
    let words = words(reply).to_ascii_lowercase();
    // A name that a message repeats may have the sign in it.
    let mut single = words.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '-');
    single.any(|word| SEATS.contains(&word))
}

/// The failure that it is where a buyer cannot accept an invitation for want of a seat.
pub fn no_seat(repo: &Repo) -> Failure {
    seat_missing(repo, format!("{SERVICE} lets no buyer accept an invitation while none is free"))
}

/// The failure that GitHub's reply is to an App that asks for a token for a repository.
/// <https://docs.github.com/rest/apps/apps>
pub(super) fn of_installation(reply: &HttpResponse, repo: &Repo, now: Timestamp) -> Failure {
    let words = words(reply);
    if let Some(limited) = limit(reply, &words, now) {
        return limited;
    }
    let signs = words.to_ascii_lowercase();
    match reply.status {
        300..=399 => moved(repo),
        401 => rejected(Means::App),
        // Of an App that is deleted, or never was.
        404 if signs.contains("integration not found") => rejected(Means::App),
        404 if is_in_githubs_words(reply) => repository_missing(repo, Means::App),
        403 if signs.contains(INSTALLATION_SUSPENDED) => installation_suspended(repo),
        422 if signs.contains("permission") => person_needed(
            format!(
                "give the GitHub App Administration: read and write, and accept that where it is installed for {repo}"
            ),
            format!("it lacks the permission ({SERVICE} says: {})", start(&words)),
        ),
        status @ (400 | 403 | 410 | 422 | 451) if !words.is_empty() => person_needed(
            format!("{SERVICE} gives the GitHub App no token for {repo}"),
            format!("it answered {status}: {}", start(&words)),
        ),
        status @ 500..=599 => Failure::new(Remedy::Retry, format!("{SERVICE} answered {status}")),
        status => Failure::unintelligible(SERVICE, status),
    }
}

/// The failure that a reply of an error status is which is about no account.
pub(super) fn unrelated(reply: &HttpResponse, now: Timestamp) -> Failure {
    let words = words(reply);
    if let Some(limited) = limit(reply, &words, now) {
        return limited;
    }
    match reply.status {
        401 => Failure::new(Remedy::CredentialsRejected, format!("GITHUB_TOKEN was rejected by {SERVICE}")),
        300..=399 => redirected(),
        status @ 400..=499 if !words.is_empty() => {
            let needed = reply.header("x-accepted-github-permissions").map(|needed| format!("; it needs {needed}"));
            let said: String = words.chars().filter(|character| !character.is_control()).take(200).collect();
            person_needed(format!("{SERVICE} answered {status}"), format!("{said}{}", needed.unwrap_or_default()))
        }
        status @ 500..=599 => Failure::new(Remedy::Retry, format!("{SERVICE} answered {status}")),
        status => Failure::unintelligible(SERVICE, status),
    }
}

/// That there is no such repository, as far as we are let to see.
pub(super) fn repository_missing(repo: &Repo, means: Means) -> Failure {
    person_needed(format!("{}, or correct its name", means.to_see(repo)), means.sees_nothing_of(repo))
}

/// That nothing can be asked of a repository for as long as the App's installation is suspended.
pub(super) fn installation_suspended(repo: &Repo) -> Failure {
    person_needed(
        format!("unsuspend the GitHub App for {repo}, or install the app there anew"),
        format!("whoever owns {repo} has suspended it, or {SERVICE} has"),
    )
}

/// Whether an App was turned away with a token that ended before its time, or by the end of its installation.
pub(super) fn is_of_spent_token(reply: &HttpResponse) -> bool {
    match reply.status {
        401 => true,
        403 => words(reply).to_ascii_lowercase().contains(INSTALLATION_SUSPENDED),
        _ => false,
    }
}

fn rejected(means: Means) -> Failure {
    let what = match means {
        Means::Token => "GITHUB_TOKEN was",
        Means::App => "GITHUB_APP_ID with GITHUB_APP_PRIVATE_KEY was",
    };
    Failure::new(Remedy::CredentialsRejected, format!("{what} rejected by {SERVICE}"))
}

fn moved(repo: &Repo) -> Failure {
    person_needed(format!("{repo} was renamed or moved at {SERVICE}"), "update products.toml")
}

/// That a repository would let the buyer write who is to read.
/// <https://docs.github.com/repositories/creating-and-managing-repositories/repository-roles-for-a-personal-account>
pub(super) fn personal_repository(repo: &Repo) -> Failure {
    person_needed(
        format!("move {repo} to an organization, or set permission = \"push\" to accept that"),
        format!("it belongs to a personal account, where {SERVICE} gives every collaborator write access"),
    )
}

/// That GitHub does not show the account that is to be invited.
pub fn account_missing() -> Failure {
    let failure = person_needed(REPLACE, "this one is suspended, hidden or deleted");
    failure.having(Effect::Nothing).keeping_out_by(Hindrance::AccountUnusable)
}

/// That an invitation whose answer was lost may have gone to whoever has taken over the login that it was for.
pub fn gone_astray(repo: &Repo) -> Failure {
    handed_over(
        repo,
        &format!(
            "What {SERVICE} said to an invitation is not known, and the account that was meant was renamed since, or its username was \
             erased"
        ),
    )
    .having(Effect::Nothing)
}

/// That a limit of a day goes on for longer: it is something else.
pub fn endless_limit(repo: &Repo) -> Failure {
    person_needed(
        format!("find out why {SERVICE} invites nobody to {repo}"),
        "it has spoken of a limit of invitations for longer than any is documented to last",
    )
}

/// That somebody may have what was not meant for them. `how` is a sentence without its period.
pub(super) fn handed_over(repo: &Repo, how: &str) -> Failure {
    Failure::of_cause(
        Remedy::HandedOver,
        format!("somebody else may have access to {repo}"),
        format!("look through its collaborators and its invitations, and remove whoever is none of your buyers. {how}"),
    )
}

fn seat_missing(repo: &Repo, why: String) -> Failure {
    let what_mends = format!("add a seat to the organization that owns {repo}, or end the access of who needs none");
    person_needed(what_mends, why).keeping_out_by(Hindrance::SeatMissing)
}

fn person_needed(what_mends: impl Into<String>, why: impl fmt::Display) -> Failure {
    Failure::of_cause(Remedy::PersonNeeded, what_mends, why)
}

fn redirected() -> Failure {
    let what = format!("{SERVICE} redirects instead of answering");
    Failure::of_cause(Remedy::SetupWrong, what, "GITHUB_API_URL may be wrong")
}

/// Whether a permission was refused because the repository's owner is a person.
pub(super) fn is_of_personal_repository(reply: &HttpResponse) -> bool {
    reply.status == 422 && says_personal(&words(reply))
}

/// Whether the reply is an error of GitHub's own, not of something in between.
pub(super) fn is_in_githubs_words(reply: &HttpResponse) -> bool {
    Json::parse(&reply.body).is_ok_and(|body| body.root().text("message").is_ok())
}

/// The failure that asks to wait, if the reply is about a limit.
fn limit(reply: &HttpResponse, words: &str, now: Timestamp) -> Option<Failure> {
    let lower = words.to_ascii_lowercase();
    let refused = matches!(reply.status, 403 | 429);
    let limited = |reach, until, which: &str| {
        Some(Failure::new(Remedy::Limited { reach, until }, format!("{SERVICE}'s {which}")))
    };
    if refused && let Some(until) = retry_after(reply, now) {
        return limited(Reach::Service, Some(until), "rate limit, with the time to come back at");
    }
    if refused && reply.header("x-ratelimit-remaining") == Some("0") {
        return limited(Reach::Service, Some(reset(reply, now)), "hourly rate limit");
    }
    // Fifty invitations a repository and day. Neither the status nor the text of this refusal is documented, but that it speaks
    // of a day it must: other limits of invitations, such as of an organization's seats, do not pass by themselves.
    // <https://docs.github.com/rest/collaborators/collaborators#add-a-repository-collaborator>
    let of_invitations = lower.contains("invit")
        && ["24 hour", "24-hour", "24h", "per day", "a day", "daily", "today", "tomorrow"]
            .iter()
            .any(|sign| lower.contains(sign));
    if (refused || reply.status == 422) && of_invitations {
        let until = Some(now.plus_millis(HOUR_MS));
        return limited(Reach::Repository, until, "limit of invitations to a repository in 24 hours");
    }
    let of_content = lower.contains("secondary rate limit") || lower.contains("abuse detection");
    if reply.status == 429 || (refused && of_content) {
        return limited(Reach::Service, None, "secondary rate limit");
    }
    None
}

/// When the hourly limit starts anew. A time that makes no sense within an hour is not believed.
fn reset(reply: &HttpResponse, now: Timestamp) -> Timestamp {
    let told = reply.header("x-ratelimit-reset").and_then(|seconds| seconds.trim().parse::<i64>().ok());
    let told = told.map_or(now.plus_millis(MINUTE_MS), |seconds| Timestamp::from_millis(seconds.saturating_mul(1000)));
    told.clamp(now.plus_millis(1000), now.plus_millis(HOUR_MS))
}

/// Which permission is missing, from the header in which GitHub names it if it does.
/// <https://docs.github.com/rest/using-the-rest-api/troubleshooting-the-rest-api#insufficient-permissions>
fn forbidden(reply: &HttpResponse, words: &str, repo: &Repo, login: &GithubLogin, means: Means) -> Failure {
    const NEEDED: &str = "it needs Administration: read and write";
    let name = means.name();
    let lacks = || format!("{name} lacks a permission on {repo}");
    match reply.header("x-accepted-github-permissions") {
        Some(needed) => person_needed(lacks(), format!("it needs {}", excerpt(needed, login))),
        None if words.contains("Resource not accessible") => person_needed(lacks(), NEEDED),
        None => person_needed(
            format!("{name} may not manage access to {repo}"),
            format!("{NEEDED} ({SERVICE} says: {})", excerpt(words, login)),
        ),
    }
}

impl Means {
    const fn name(self) -> &'static str {
        match self {
            Self::Token => "GITHUB_TOKEN",
            Self::App => "the GitHub App",
        }
    }

    /// What is to be done where a repository is not shown.
    fn to_see(self, repo: &Repo) -> String {
        match self {
            Self::Token => format!("let GITHUB_TOKEN see {repo}"),
            Self::App => format!("let the GitHub App see {repo} (install the app there)"),
        }
    }

    /// Why a repository may not be shown.
    fn sees_nothing_of(self, repo: &Repo) -> String {
        match self {
            Self::Token => format!("{repo} does not exist or GITHUB_TOKEN cannot see it"),
            Self::App => format!("{repo} does not exist or the app is not installed there"),
        }
    }
}

fn says_personal(words: &str) -> bool {
    words.to_ascii_lowercase().contains("organization-owned")
}

/// All that an error says, or nothing when it is not in GitHub's words. Its `errors` are texts, or objects with a
/// `message`. <https://docs.github.com/rest/using-the-rest-api/troubleshooting-the-rest-api#validation-failed>
fn words(reply: &HttpResponse) -> String {
    let Ok(body) = Json::parse(&reply.body) else { return String::new() };
    let Ok(message) = body.root().text("message") else { return String::new() };
    let errors = body.root().get("errors").ok().flatten();
    let details = match &errors {
        Some(errors) => errors.as_list().map_or_else(|_| errors.as_text().ok().into_iter().collect(), list_of_words),
        None => Vec::new(),
    };
    details.iter().fold(message.to_owned(), |all, detail| format!("{all}: {detail}"))
}

fn list_of_words(errors: &[Json]) -> Vec<&str> {
    errors.iter().filter_map(|error| error.root().as_text().or_else(|_| error.root().text("message")).ok()).collect()
}

/// The start of what somebody else wrote, on one line. The login in it is the buyer's, and failures hold no personal
/// data. It is masked before the text is cut, which would leave the half of it.
fn excerpt(text: &str, login: &GithubLogin) -> String {
    let line: String = text.chars().filter(|character| !character.is_control()).collect();
    start(&mask(&line, login.as_str()))
}

/// The start of what is about nobody.
fn start(text: &str) -> String {
    text.chars().filter(|character| !character.is_control()).take(200).collect()
}

/// The text with every occurrence of the login, in whatever case, replaced.
fn mask(text: &str, login: &str) -> String {
    // Lowering ASCII alone moves nothing, so places in this are places in the text.
    let (lower, login) = (text.to_ascii_lowercase(), login.to_ascii_lowercase());
    let mut masked = String::new();
    let mut rest = 0;
    for (start, found) in lower.match_indices(login.as_str()) {
        masked.push_str(text.get(rest..start).unwrap_or_default());
        masked.push_str("(username)");
        rest = start + found.len();
    }
    masked + text.get(rest..).unwrap_or_default()
}
