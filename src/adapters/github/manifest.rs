//! Making a GitHub App of the seller's own from a manifest: what the seller's browser takes to GitHub, and what GitHub gives for the
//! code that the browser brings back: every secret of the new App, once.
//!
//! <https://docs.github.com/apps/sharing-github-apps/registering-a-github-app-from-a-manifest>
//!
//! Who may do that is for the console to say; what has come back is kept nowhere.

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Serialize;

use super::{API_VERSION, SERVICE, hook, refusal};
use crate::adapters::Failure;
use crate::config;
use crate::json::{At, Json};
use crate::model::{GithubLogin, Secret};
use crate::platform::{HttpRequest, Method, Platform};

/// The longest name that GitHub takes for an App.
const LONGEST_NAME: usize = 34;

/// What the App is to be. Buyers sign in with it, and of an App that is not public only its owner's own members may.
/// <https://docs.github.com/apps/creating-github-apps/registering-a-github-app/making-a-github-app-public-or-private>
#[derive(Debug, Serialize)]
pub struct Manifest {
    name: String,
    url: String,
    hook_attributes: Hook,
    redirect_url: String,
    callback_urls: [String; 1],
    description: &'static str,
    public: bool,
    default_events: [&'static str; 1],
    default_permissions: Permissions,
}

#[derive(Debug, Serialize)]
struct Hook {
    url: String,
    active: bool,
}

/// Letting people in takes the administration of repositories. GitHub tells of who has come in to whom it lets see members.
#[derive(Debug, Serialize)]
struct Permissions {
    administration: &'static str,
    members: &'static str,
}

/// An App that was made.
#[derive(Debug)]
pub struct NewApp {
    pub id: i64,
    pub client_id: String,
    pub client_secret: Secret,
    pub webhook_secret: Secret,
    /// In PEM.
    pub private_key: Secret,
    /// Where its owner says which repositories it is for.
    pub install_url: String,
}

impl Manifest {
    /// The App of a Worker at this address, which comes back to `redirect_url` with its code.
    pub fn new(name: &str, public_url: &str, redirect_url: String) -> Self {
        Self {
            name: name.chars().take(LONGEST_NAME).collect(),
            url: public_url.to_owned(),
            hook_attributes: Hook { url: format!("{public_url}{}", hook::PATH), active: true },
            redirect_url,
            callback_urls: [format!("{public_url}/auth/github/callback")],
            description: "Lets the buyers of our products into the repositories that they have paid for.",
            public: true,
            default_events: ["member"],
            default_permissions: Permissions { administration: "write", members: "read" },
        }
    }
}

/// Where the form with the manifest goes: to an organization's settings, or to those of whoever sends it.
pub fn form_url(web_url: &str, organization: Option<&GithubLogin>, state: &str) -> String {
    let of = organization.map(|login| format!("/organizations/{login}")).unwrap_or_default();
    format!("{web_url}{of}/settings/apps/new?state={}", utf8_percent_encode(state, NON_ALPHANUMERIC))
}

/// Turns a code into the App that it stands for, once and within an hour; `None` where GitHub does not take it, or not any more. No
/// credentials are needed: the code is one.
/// <https://docs.github.com/rest/apps/apps#create-a-github-app-from-a-manifest>
///
/// # Errors
/// [`Failure`] when GitHub did not say; the code may be used up all the same.
pub async fn convert(config: &config::Github, platform: &impl Platform, code: &str) -> Result<Option<NewApp>, Failure> {
    let code = utf8_percent_encode(code, NON_ALPHANUMERIC);
    let request = HttpRequest::new(Method::Post, format!("{}/app-manifests/{code}/conversions", config.api_url))
        .header("accept", "application/vnd.github+json")
        .header("x-github-api-version", API_VERSION);
    let reply = platform.send(request).await.map_err(|error| Failure::unanswered(SERVICE, error))?;
    match reply.status {
        201 => {
            let body = Json::parse(&reply.body).map_err(|_| Failure::unintelligible(SERVICE, reply.status))?;
            let app = NewApp::read(&body.root(), &config.web_url);
            app.map(Some).ok_or_else(|| Failure::unintelligible(SERVICE, reply.status))
        }
        404 | 422 if refusal::is_in_githubs_words(&reply) => Ok(None),
        _ => Err(refusal::unrelated(&reply, platform.now())),
    }
}

impl NewApp {
    fn read(app: &At<'_>, web_url: &str) -> Option<Self> {
        let secret = |name| app.text(name).ok().and_then(Secret::new);
        let named = |letter: char| letter.is_ascii_alphanumeric() || letter == '-';
        let slug = app.text("slug").ok().filter(|slug| !slug.is_empty() && slug.chars().all(named))?;
        // A page that we lead to is GitHub's own, whatever a reply says.
        let shown = app.text("html_url").ok().filter(|url| {
            let path = url.strip_prefix(web_url).and_then(|path| path.strip_prefix('/')?.strip_suffix(slug));
            path.is_some_and(|path| ["apps/", "github-apps/"].contains(&path))
        });
        let page = shown.map_or_else(|| format!("{web_url}/apps/{slug}"), str::to_owned);
        Some(Self {
            id: app.integer("id").ok().filter(|id| *id > 0)?,
            client_id: app.text("client_id").ok().filter(|id| !id.is_empty())?.to_owned(),
            client_secret: secret("client_secret")?,
            webhook_secret: secret("webhook_secret")?,
            private_key: secret("pem")?,
            install_url: format!("{page}/installations/new"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WEB: &str = "https://github.com";

    fn read(html_url: &str, slug: &str) -> Option<String> {
        let app = format!(
            r#"{{"id":7,"slug":"{slug}","client_id":"Iv1","client_secret":"a","webhook_secret":"b","pem":"c","html_url":"{html_url}"}}"#
        );
        Some(NewApp::read(&Json::parse(app.as_bytes()).unwrap().root(), WEB)?.install_url)
    }

    #[test]
    fn an_app_is_installed_at_github_and_nowhere_else() {
        let usual = Some("https://github.com/apps/kit/installations/new".to_owned());
        for elsewhere in ["", "https://evil.example.com/apps/kit", "https://github.com.evil.example.com/apps/kit"] {
            assert_eq!(read(elsewhere, "kit"), usual, "{elsewhere}");
        }
        assert_eq!(read("https://github.com/apps/kit", "kit"), usual);
        let of_server = Some("https://github.com/github-apps/kit/installations/new".to_owned());
        assert_eq!(read("https://github.com/github-apps/kit", "kit"), of_server);
        assert_eq!(read("https://github.com/apps/kit", "../kit"), None);
    }

    #[test]
    fn an_app_without_one_of_its_secrets_is_none() {
        let whole = r#"{"id":7,"slug":"kit","client_id":"Iv1","client_secret":"a","webhook_secret":"b","pem":"c"}"#;
        let is_read = |text: &str| NewApp::read(&Json::parse(text.as_bytes()).unwrap().root(), WEB).is_some();
        assert!(is_read(whole));
        for part in [r#""id":7"#, r#""client_secret":"a""#, r#""webhook_secret":"b""#, r#""pem":"c""#] {
            assert!(!is_read(&whole.replace(part, r#""other":null"#)), "{part}");
        }
    }

    #[test]
    fn a_form_goes_to_the_settings_of_whoever_is_to_own_the_app() {
        let acme = GithubLogin::parse("acme").unwrap();
        assert_eq!(
            form_url(WEB, Some(&acme), "a&b"),
            "https://github.com/organizations/acme/settings/apps/new?state=a%26b"
        );
        assert_eq!(form_url(WEB, None, "s"), "https://github.com/settings/apps/new?state=s");
    }
}
