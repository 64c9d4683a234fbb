//! What GitHub sends by itself, as a repository's hook or an App's.
//! See <https://docs.github.com/en/webhooks/webhook-events-and-payloads>.

use serde_json::{Value, json};

use super::{Account, GitHub};
use crate::delivery::Delivery;
use crate::ids::uuid;
use crate::lemon_squeezy::sign;
use crate::sandbox::Sandbox;

/// How a hook sends its JSON: as it is, or as a field of a form, which is what GitHub suggests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HookFormat {
    Json,
    Form,
}

/// The deliveries of GitHub's hook. Each verb panics if a repository or account that it names is not there.
impl Sandbox {
    /// GitHub's first word, once a hook is set up.
    pub fn github_ping(&self, format: HookFormat) -> Delivery {
        let body = json!({
            "zen": "Responsive is better than fast.",
            "hook_id": 7,
            "hook": { "type": "Repository", "id": 7, "name": "web", "active": true, "events": ["member"] },
        });
        self.github_delivery("ping", "7", &body, format)
    }

    /// Tells of what became of a repository's collaborator: `added`, `edited` or `removed`.
    pub fn github_member(&self, action: &str, login: &str, repo: &str, format: HookFormat) -> Delivery {
        let body = {
            let github = &self.world().github;
            json!({
                "action": action,
                "member": github.account(login).map(Account::json),
                "changes": { "permission": { "to": "read" }, "role_name": { "to": "read" } },
                "repository": github.repo_json(&github.repos[github.named_repo(repo)]),
                "sender": github.account(login).map(Account::json),
            })
        };
        self.github_delivery("member", login, &body, format)
    }

    /// Tells of anything with this payload.
    pub fn github_delivery(&self, event: &str, reference: &str, payload: &Value, format: HookFormat) -> Delivery {
        let text = payload.to_string();
        let (content_type, body) = match format {
            HookFormat::Json => ("application/json", text.into_bytes()),
            HookFormat::Form => {
                let form = form_urlencoded::Serializer::new(String::new()).append_pair("payload", &text).finish();
                ("application/x-www-form-urlencoded", form.into_bytes())
            }
        };
        let secret = &self.options().github_webhook_secret;
        let number = self.world().github.next_delivery();
        let header = |name: &str, value: String| (name.to_owned(), value);
        Delivery {
            event: event.to_owned(),
            reference: reference.to_owned(),
            path_and_query: "/webhooks/github".to_owned(),
            headers: vec![
                header("user-agent", "GitHub-Hookshot/0a1b2c3".to_owned()),
                header("content-type", content_type.to_owned()),
                header("x-github-event", event.to_owned()),
                header("x-github-delivery", uuid("github delivery", number)),
                header("x-hub-signature-256", format!("sha256={}", sign(secret, &body))),
            ],
            body,
        }
    }
}

impl GitHub {
    fn next_delivery(&mut self) -> u64 {
        self.delivery_numbers.next()
    }
}
