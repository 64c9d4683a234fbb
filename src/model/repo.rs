//! The name of a GitHub repository.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, Error};
use serde::{Serialize, Serializer};

/// `owner/name`, safe to put into a URL path. Equality ignores case, as GitHub does.
#[derive(Debug, Clone)]
pub struct Repo(Cow<'static, str>);

/// Why a text is not a repository's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("is not owner/name")]
pub struct RepoError;

impl Repo {
    /// One from `products.toml`, which the build has checked. Called only by what the build writes.
    pub const fn from_catalogue(checked: &'static str) -> Self {
        Self(Cow::Borrowed(checked))
    }

    /// Reads `owner/name`, both of ASCII letters, digits, `-`, and in the name also `.` and `_`.
    ///
    /// # Errors
    /// [`RepoError`] for anything else, `.` and `..` included, since they would walk up a URL's path.
    pub fn parse(text: &str) -> Result<Self, RepoError> {
        let (owner, name) = text.split_once('/').ok_or(RepoError)?;
        let owner_sound =
            (1..=39).contains(&owner.len()) && owner.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        let name_sound = (1..=100).contains(&name.len())
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte))
            && !matches!(name, "." | "..");
        if owner_sound && name_sound { Ok(Self(Cow::Owned(text.to_owned()))) } else { Err(RepoError) }
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl PartialEq for Repo {
    fn eq(&self, other: &Self) -> bool {
        self.0.eq_ignore_ascii_case(&other.0)
    }
}

impl Eq for Repo {}

impl Serialize for Repo {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Repo {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).map_err(D::Error::custom)
    }
}

impl fmt::Display for Repo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_repository_is_owner_slash_name_and_nothing_that_changes_a_path() {
        for good in ["acme/kit", "a-b/c.d_e-f", "Acme/.github"] {
            assert!(Repo::parse(good).is_ok(), "{good}");
        }
        for bad in
            ["", "acme", "acme/", "/kit", "acme/..", "acme/.", "a/b/c", "acme/k t", "acme/kit?x", "acmé/kit", "a%2f/b"]
        {
            assert_eq!(Repo::parse(bad), Err(RepoError), "{bad}");
        }
    }

    #[test]
    fn repositories_are_compared_without_case() {
        assert_eq!(Repo::parse("Acme/Kit"), Repo::parse("acme/kit"));
    }
}
