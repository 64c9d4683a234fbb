//! Who is who at GitHub: the login a person types, and the numeric identity behind it.

use std::fmt;

/// A GitHub login: 1 to 39 ASCII letters, digits or single inner hyphens. Equality ignores case, as GitHub does.
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

/// Why a text is no GitHub login.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be a GitHub username: 1 to 39 letters, digits or single hyphens, no hyphen at either end")]
pub struct LoginError;

/// GitHub's own number for an account. It survives a rename; the login does not, and is then free for anyone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GithubUserId(i64);

/// A personal account that can be invited.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GithubAccount {
    pub id: GithubUserId,
    /// Spelled as GitHub spells it.
    pub login: GithubLogin,
}

impl GithubLogin {
    /// Reads a login.
    ///
    /// # Errors
    /// [`LoginError`] when no account can have it.
    pub fn parse(text: &str) -> Result<Self, LoginError> {
        let sound = (1..=39).contains(&text.len())
            && text.split('-').all(|part| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric()));
        if sound { Ok(Self(text.to_owned())) } else { Err(LoginError) }
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
    /// Reads what a person typed; surrounding space is ignored.
    ///
    /// # Errors
    /// [`LoginError`] when no account of any kind can have it.
    pub fn parse(text: &str) -> Result<Self, LoginError> {
        let text = text.trim();
        let enterprise_managed = text.split_once('_').is_some_and(|(name, shortcode)| {
            GithubLogin::parse(name).is_ok()
                && !shortcode.is_empty()
                && shortcode.bytes().all(|byte| byte.is_ascii_alphanumeric())
        });
        if enterprise_managed && text.len() <= 39 {
            Ok(Self::EnterpriseManaged)
        } else {
            GithubLogin::parse(text).map(Self::Plausible)
        }
    }
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

    #[test]
    fn a_login_is_letters_digits_and_single_inner_hyphens() {
        for good in ["octocat", "a", "A-b-1", &"x".repeat(39)] {
            assert!(GithubLogin::parse(good).is_ok(), "{good}");
        }
        for bad in ["", "-a", "a-", "a--b", "a b", "a/b", "..", "ü", "a\0", "@octocat", "a_b", &"x".repeat(40)] {
            assert_eq!(GithubLogin::parse(bad), Err(LoginError), "{bad:?}");
        }
    }

    #[test]
    fn logins_are_compared_without_case() {
        assert_eq!(GithubLogin::parse("OctoCat"), GithubLogin::parse("octocat"));
    }

    #[test]
    fn an_enterprise_managed_login_is_recognized_by_its_underscore() {
        assert_eq!(Login::parse("grace_acme"), Ok(Login::EnterpriseManaged));
        for bad in ["_acme", "grace_", "gr_ac_e", &format!("{}_acme", "g".repeat(39))] {
            assert_eq!(Login::parse(bad), Err(LoginError), "{bad}");
        }
        assert!(matches!(Login::parse(" octocat "), Ok(Login::Plausible(_))));
    }
}
