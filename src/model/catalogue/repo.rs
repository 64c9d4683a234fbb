//! The rules for the name of a repository in a catalogue, and what to write where they are broken. Whether the
//! repository exists is something only GitHub knows; nothing here asks it.

use crate::model::Repo;

/// Checks `owner/name`.
///
/// An owner is 1 to 39 ASCII letters, digits and single inner hyphens; a name is 1 to 100 ASCII letters, digits, `.`, `_`
/// and `-`, but neither `.` nor `..`, which would change the path of a request to GitHub, nor one that ends in `.git`,
/// which GitHub takes for the address of a clone.
///
/// # Errors
/// What quotes `text` and says what is wrong with it, and what to write instead.
pub(super) fn read(text: &str) -> Result<Repo, (String, String)> {
    let shown = super::fields::shortened(text);
    let problem = match text.split_once('/') {
        Some((_, name)) if name.contains('/') => "is not owner/name".to_owned(),
        Some((owner, _)) if !is_owner(owner) => {
            "has an owner that is no GitHub account: 1 to 39 ASCII letters, digits or single inner hyphens".to_owned()
        }
        Some((_, name)) if !is_name(name) => "has a name that no GitHub repository can have: 1 to 100 ASCII letters, \
                                              digits, `.`, `_` or `-`, neither `.` nor `..`, not ending in `.git`"
            .to_owned(),
        Some(_) => match Repo::parse(text) {
            Ok(repo) => return Ok(repo),
            Err(error) => error.to_string(),
        },
        None => "is not owner/name".to_owned(),
    };
    let remedy = match meant(text) {
        Some(repo) => format!("write {repo:?}"),
        None => "write it like \"acme/starter\"".to_owned(),
    };
    Err((format!("{shown:?} {problem}"), remedy))
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
    use super::*;

    const LIKE: &str = "write it like \"acme/starter\"";

    #[test]
    fn an_owner_that_cannot_be_an_account_is_refused() {
        let long = "a".repeat(40);
        for owner in ["", "-acme", "acme-", "ac--me", "ac_me", "acmé", "..", &long] {
            let problem = format!(
                "\"{owner}/kit\" has an owner that is no GitHub account: 1 to 39 ASCII letters, digits or single inner \
                 hyphens"
            );
            assert_eq!(read(&format!("{owner}/kit")), Err((problem, LIKE.to_owned())));
        }
    }

    #[test]
    fn a_name_that_no_repository_can_have_is_refused() {
        for name in ["", ".", "..", "a b", "a%2f", "kit?", "kít", ".git", "kit.Git"] {
            let problem = format!(
                "\"acme/{name}\" has a name that no GitHub repository can have: 1 to 100 ASCII letters, digits, `.`, `_` \
                 or `-`, neither `.` nor `..`, not ending in `.git`"
            );
            assert_eq!(read(&format!("acme/{name}")), Err((problem, LIKE.to_owned())));
        }
        let (problem, _) = read(&format!("acme/{}", "a".repeat(101))).unwrap_err();
        assert!(problem.starts_with(&format!("\"acme/{}…\" has a name", "a".repeat(55))), "{problem}");
    }

    #[test]
    fn an_address_of_a_clone_is_refused_with_the_repository_it_means() {
        for address in ["acme/kit.git", "https://github.com/acme/kit", "git@github.com:acme/kit.git", "/acme/kit/"] {
            let (_, remedy) = read(address).unwrap_err();
            assert_eq!(remedy, "write \"acme/kit\"", "{address}");
        }
    }

    #[test]
    fn names_at_the_limits_are_accepted_as_they_are_written() {
        let longest = format!("{}/{}", "a".repeat(39), "._-A9".repeat(20));
        for text in [&longest, "a-b/c", "0/.github", "Acme/..."] {
            assert_eq!(read(text).as_ref().map(Repo::as_str), Ok(text));
        }
    }
}
