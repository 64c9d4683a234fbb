//! The full name of a GitHub repository, `owner/name`, and the rules for one. Whether the repository exists is
//! something only GitHub knows; nothing here asks it.

/// A name that can be a GitHub repository's, in the case the seller wrote it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Repo(String);

impl Repo {
    /// Checks `owner/name`.
    ///
    /// An owner is 1 to 39 ASCII letters, digits and single inner hyphens; a name is 1 to 100 ASCII letters, digits,
    /// `.`, `_` and `-`, but neither `.` nor `..`, which would change the path of a request to GitHub, nor one that
    /// ends in `.git`, which GitHub takes for the address of a clone.
    ///
    /// # Errors
    /// A sentence that quotes `text` and says what is wrong with it, and what to write where that can be guessed.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let problem = match text.split_once('/') {
            None => "is not owner/name".to_owned(),
            Some((_, name)) if name.contains('/') => "is not owner/name".to_owned(),
            Some((owner, _)) if !is_owner(owner) => format!(
                "has the owner {owner:?}, which is no GitHub account: 1 to 39 ASCII letters, digits or single inner hyphens"
            ),
            Some((_, name)) if !is_name(name) => format!(
                "has the name {name:?}, which no GitHub repository can have: \
                 1 to 100 ASCII letters, digits, `.`, `_` or `-`, neither `.` nor `..`, not ending in `.git`"
            ),
            Some(_) => return Ok(Self(text.to_owned())),
        };
        Err(match meant(text) {
            Some(repo) => format!("{text:?} {problem}: write {repo:?}"),
            None if text.contains('/') => format!("{text:?} {problem}"),
            None => format!("{text:?} {problem}: write it like \"acme/starter\""),
        })
    }

    /// `owner/name`, as the seller wrote it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether both are one repository to GitHub, which does not tell upper from lower case.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        self.0.eq_ignore_ascii_case(&other.0)
    }
}

fn is_owner(text: &str) -> bool {
    (1..=39).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        && !text.starts_with('-')
        && !text.ends_with('-')
        && !text.contains("--")
}

fn is_name(text: &str) -> bool {
    (1..=100).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
        && text != "."
        && text != ".."
        && !text.to_ascii_lowercase().ends_with(".git")
}

/// The repository behind an address that was copied from the browser or from `git clone`.
fn meant(text: &str) -> Option<&str> {
    let path = ["https://github.com/", "git@github.com:", "github.com/"]
        .iter()
        .find_map(|prefix| text.strip_prefix(prefix))
        .unwrap_or(text)
        .trim_matches('/');
    let path = path.strip_suffix(".git").unwrap_or(path);
    let (owner, name) = path.split_once('/')?;
    (is_owner(owner) && is_name(name)).then_some(path)
}

#[cfg(test)]
mod tests {
    use super::Repo;

    #[test]
    fn an_owner_that_cannot_be_an_account_is_refused() {
        let long = "a".repeat(40);
        for owner in ["", "-acme", "acme-", "ac--me", "ac_me", "acmé", "..", &long] {
            let problem = format!(
                "\"{owner}/kit\" has the owner \"{owner}\", which is no GitHub account: \
                 1 to 39 ASCII letters, digits or single inner hyphens"
            );
            assert_eq!(Repo::parse(&format!("{owner}/kit")), Err(problem));
        }
    }

    #[test]
    fn a_name_that_no_repository_can_have_is_refused() {
        let long = "a".repeat(101);
        for name in ["", ".", "..", "a b", "a%2f", "kit?", "kít", ".git", &long] {
            let problem = format!(
                "\"acme/{name}\" has the name \"{name}\", which no GitHub repository can have: 1 to 100 ASCII letters, \
                 digits, `.`, `_` or `-`, neither `.` nor `..`, not ending in `.git`"
            );
            assert_eq!(Repo::parse(&format!("acme/{name}")), Err(problem));
        }
    }

    #[test]
    fn an_address_of_a_clone_is_refused_with_the_repository_it_means() {
        let problem = "\"acme/kit.Git\" has the name \"kit.Git\", which no GitHub repository can have: 1 to 100 ASCII \
                       letters, digits, `.`, `_` or `-`, neither `.` nor `..`, not ending in `.git`";
        assert_eq!(Repo::parse("acme/kit.Git"), Err(problem.to_owned()));
        let problem = problem.replace(".Git", ".git") + ": write \"acme/kit\"";
        assert_eq!(Repo::parse("acme/kit.git"), Err(problem));
    }

    #[test]
    fn names_at_the_limits_are_accepted_as_they_are_written() {
        let longest = format!("{}/{}", "a".repeat(39), "._-A9".repeat(20));
        for text in [&longest, "a-b/c", "0/.github", "Acme/..."] {
            let repo = Repo::parse(text);
            assert_eq!(repo.as_ref().map(Repo::as_str), Ok(text));
        }
    }
}
