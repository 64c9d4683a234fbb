//! Who is who at GitHub: the login a person types or pastes, and the numeric identity behind it.

use std::fmt;

use super::pasted;

/// A GitHub login: 1 to 39 ASCII letters, digits or hyphens, not hyphens alone. Equality ignores case, as GitHub does.
///
/// Who registers today may have single inner hyphens only; accounts of before 2013 or so have others, and keep them. Which
/// logins there are is GitHub's to say.
#[derive(Debug, Clone)]
pub struct GithubLogin(String);

/// What a person gave as a GitHub username.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Login {
    /// May exist and be invited.
    Plausible(GithubLogin),
    /// Has the form `name_shortcode` of an enterprise-managed account, which cannot be invited from outside its
    /// enterprise. <https://docs.github.com/enterprise-cloud@latest/admin/managing-iam/understanding-iam-for-enterprises/about-enterprise-managed-users>
    EnterpriseManaged,
}

/// Why a text is no GitHub login, and what to enter instead.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum LoginError {
    #[error(
        "must be a GitHub username: 1 to 39 letters, digits or hyphens, such as ada where the profile is https://github.com/ada"
    )]
    Impossible,
    #[error("must be a GitHub username, not a mail address: such as ada where the profile is https://github.com/ada")]
    MailAddress,
    #[error(
        "must be a GitHub username, or the address of a profile such as https://github.com/ada, not that of something else"
    )]
    OtherAddress,
}

/// GitHub's own number for an account. It survives a rename; the login does not, and is then free for anyone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GithubUserId(i64);

/// What a GitHub App calls itself: its client id (`Iv23li…`), or the number that it has besides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GithubAppId(String);

/// A personal account that can be invited.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GithubAccount {
    pub id: GithubUserId,
    /// Spelled as GitHub spells it.
    pub login: GithubLogin,
}

impl GithubAppId {
    /// Reads an id: ASCII letters, digits and dots, as all have been so far. `None` for anything else.
    pub fn parse(text: &str) -> Option<Self> {
        let sound =
            (1..=64).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'.');
        sound.then(|| Self(text.to_owned()))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl GithubLogin {
    /// Reads a login.
    ///
    /// # Errors
    /// [`LoginError::Impossible`] when no account can have it.
    pub fn parse(text: &str) -> Result<Self, LoginError> {
        let sound = (1..=39).contains(&text.len())
            && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            && text.contains(|character| character != '-');
        if sound { Ok(Self(text.to_owned())) } else { Err(LoginError::Impossible) }
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl PartialEq for GithubLogin {
    fn eq(&self, other: &Self) -> bool {
        self.0.eq_ignore_ascii_case(&other.0)
    }
}

impl Eq for GithubLogin {}

impl fmt::Display for GithubLogin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Login {
    /// What is pasted is at most this long, in characters: the address of a profile with what says how it is shown.
    pub const MAX_PASTED: usize = 500;

    /// Reads what a person typed or pasted: a login, with or without an `@` before it, or the address of a profile at
    /// github.com. Space, quotes and marks that nobody sees mean nothing around it. Everything else has more than one meaning
    /// or none: a mail address may be another account's by now, and a repository's address names its owner, who can be an
    /// organization or somebody else than the buyer.
    ///
    /// # Errors
    /// [`LoginError`].
    pub fn parse(text: &str) -> Result<Self, LoginError> {
        if text.chars().nth(Self::MAX_PASTED).is_some() {
            return Err(LoginError::Impossible);
        }
        let text = pasted::visible(text);
        let text = pasted::unwrapped(&text);
        let name = match behind_host(text) {
            Some(path) => of_profile(path)?,
            None => text,
        };
        let name = name.strip_prefix('@').unwrap_or(name);
        if name.contains('/') {
            return Err(LoginError::OtherAddress);
        }
        if name.contains('@') {
            return Err(LoginError::MailAddress);
        }
        let enterprise_managed = name.split_once('_').is_some_and(|(name, shortcode)| {
            GithubLogin::parse(name).is_ok()
                && !shortcode.is_empty()
                && shortcode.bytes().all(|byte| byte.is_ascii_alphanumeric())
        });
        if enterprise_managed && name.len() <= 39 {
            Ok(Self::EnterpriseManaged)
        } else {
            GithubLogin::parse(name).map(Self::Plausible)
        }
    }
}

/// What stands behind the host of an address at github.com, with or without its scheme.
fn behind_host(text: &str) -> Option<&str> {
    let behind_scheme = without(text, "https://").or_else(|| without(text, "http://")).unwrap_or(text);
    without(without(behind_scheme, "www.").unwrap_or(behind_scheme), "github.com/")
}

/// What stands behind this beginning, in whatever case that is, or `None`.
fn without<'a>(text: &'a str, beginning: &str) -> Option<&'a str> {
    let (start, rest) = text.split_at_checked(beginning.len())?;
    start.eq_ignore_ascii_case(beginning).then_some(rest)
}

/// The one name in the path of a profile's address, without what says which of its tabs is shown.
fn of_profile(path: &str) -> Result<&str, LoginError> {
    let path = path.split(['?', '#']).next().unwrap_or_default();
    let name = path.strip_suffix('/').unwrap_or(path);
    if name.is_empty() { Err(LoginError::OtherAddress) } else { Ok(name) }
}

impl GithubUserId {
    /// `None` unless positive.
    pub fn new(id: i64) -> Option<Self> {
        (id > 0).then_some(Self(id))
    }

    pub const fn as_i64(self) -> i64 {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn login(text: &str) -> Result<String, LoginError> {
        match Login::parse(text)? {
            Login::Plausible(login) => Ok(login.as_str().to_owned()),
            Login::EnterpriseManaged => Ok("(managed by an enterprise)".to_owned()),
        }
    }

    #[test]
    fn a_login_is_letters_digits_and_hyphens_wherever_they_stand() {
        for good in ["octocat", "a", "A-b-1", "ada-", "-ada", "ada--lovelace", "-1-", &"x".repeat(39), &"-x".repeat(19)]
        {
            assert!(GithubLogin::parse(good).is_ok(), "{good}");
            assert_eq!(login(good).as_deref(), Ok(good));
        }
        for bad in ["", "-", "---", "a b", "a/b", "..", "ü", "a\0", "@octocat", "a_b", "a.b", "%61", &"x".repeat(40)] {
            assert_eq!(GithubLogin::parse(bad), Err(LoginError::Impossible), "{bad:?}");
        }
    }

    #[test]
    fn logins_are_compared_without_case() {
        assert_eq!(GithubLogin::parse("OctoCat"), GithubLogin::parse("octocat"));
    }

    #[test]
    fn an_enterprise_managed_login_is_recognized_by_its_underscore() {
        for managed in ["grace_acme", "@grace_acme", "https://github.com/grace_acme"] {
            assert_eq!(Login::parse(managed), Ok(Login::EnterpriseManaged));
        }
        for bad in ["_acme", "grace_", "gr_ac_e", &format!("{}_acme", "g".repeat(39))] {
            assert_eq!(Login::parse(bad), Err(LoginError::Impossible), "{bad}");
        }
    }

    #[test]
    fn a_username_is_read_from_what_people_paste_for_it() {
        for text in [
            "ada",
            " ada\n",
            "\u{a0}ada\u{3000}",
            "\u{feff}ada\u{200b}",
            "a\u{ad}da\u{202c}",
            "@ada",
            " @ada ",
            "\"ada\"",
            "“ada”",
            "<ada>",
            "`@ada`",
            "ada,",
            "ada.",
            "https://github.com/ada",
            "http://github.com/ada",
            "https://www.github.com/ada",
            "HTTPS://WWW.GitHub.com/ada",
            "github.com/ada",
            "github.com/ada/",
            "www.github.com/ada/",
            "https://github.com/ada?tab=repositories",
            "https://www.github.com/ada?tab=repositories",
            "https://github.com/ada/?tab=repositories&q=%2F",
            "https://github.com/ada#start-of-content",
            "https://github.com/@ada",
            "<https://github.com/ada>",
            " https://github.com/ada. ",
        ] {
            assert_eq!(login(text).as_deref(), Ok("ada"), "{text:?}");
        }
        assert_eq!(login("https://github.com/-Ada--").as_deref(), Ok("-Ada--"), "as it is typed");
    }

    #[test]
    fn what_names_no_one_account_is_refused_with_what_to_enter() {
        use LoginError::{Impossible, MailAddress, OtherAddress};
        for (text, error) in [
            ("", Impossible),
            ("@", Impossible),
            ("Ada Lovelace", Impossible),
            ("ada, grace", Impossible),
            ("ada\0", Impossible),
            ("https://github.com/ada lovelace", Impossible),
            ("ada@example.com", MailAddress),
            ("@ada@example.com", MailAddress),
            ("mailto:ada@example.com", MailAddress),
            ("Ada <ada@example.com>", MailAddress),
            ("ada@github.com", MailAddress),
            ("git@github.com:ada/kit.git", OtherAddress),
            ("github.com", Impossible),
            ("https://github.com", OtherAddress),
            ("https://github.com/", OtherAddress),
            ("https://github.com//ada", OtherAddress),
            ("https://github.com/?q=ada", OtherAddress),
            ("https://github.com/acme/kit", OtherAddress),
            ("github.com/acme/kit/", OtherAddress),
            ("https://github.com/orgs/acme", OtherAddress),
            ("https://github.com/orgs/acme/people", OtherAddress),
            ("https://github.com/ada/kit?tab=readme", OtherAddress),
            ("https://api.github.com/users/ada", OtherAddress),
            ("https://gist.github.com/ada", OtherAddress),
            ("https://github.com.example.com/ada", OtherAddress),
            ("https://ada@github.com/ada", OtherAddress),
            ("https://example.com/ada", OtherAddress),
            ("ftp://github.com/ada", OtherAddress),
            ("//github.com/ada", OtherAddress),
            ("acme/kit", OtherAddress),
            ("ada/", OtherAddress),
            ("../ada", OtherAddress),
            ("https://github.com/../ada", OtherAddress),
            ("https://github.com/ada%2fkit", Impossible),
            ("ada.github.io", Impossible),
            (&format!("https://github.com/ada?q={}", "x".repeat(500)), Impossible),
        ] {
            assert_eq!(login(text), Err(error), "{text:?}");
            let sentence = error.to_string();
            assert!(sentence.starts_with("must be a GitHub username") && sentence.contains("https://github.com/ada"));
        }
    }
}
