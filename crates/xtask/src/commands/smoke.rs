//! `cargo xtask smoke`: one made-up sale through a running Worker, from the webhook to the invitation. Here are the
//! steps; `report` prints them and `rows` reads what the Worker wrote.

mod report;
mod rows;

use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, bail};
use latchkey_sandbox::{Delivery, GumroadSale, Sandbox};
use reqwest::{StatusCode, Url};
use serde_json::{Value, json};

use self::report::Report;
use self::rows::Rows;
use crate::address::is_loopback;
use crate::project::Project;
use crate::settings::{self, Vars, plain_gumroad_product};
use crate::wrangler::Database;
use crate::{stand_in, tools};

/// The buyer. Nobody reads this address.
const BUYER: &str = "smoke@example.com";

/// Who activates against a Worker on this machine, where GitHub is the sandbox's.
const LOCAL_LOGIN: &str = "octocat";

/// Who must not get what somebody else has activated. It belongs to GitHub's founders.
const OTHER_LOGIN: &str = "defunkt";

/// A Worker that takes longer for one request is not well.
const REQUEST_LIMIT: Duration = Duration::from_secs(30);

/// Check a running Worker: a made-up sale, its rows, a wrong secret, a duplicate, an activation, the operator's view.
///
/// The Gumroad secret is the one of .dev.vars, and for a Worker that is not on this machine GUMROAD_WEBHOOK_SECRET of
/// the environment; so it is with ADMIN_TOKEN and LATCHKEY_ADMIN_TOKEN, for the operator's view. The sale stays in the
/// database, under the mail address smoke@example.com.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The Worker. For one that is not on this machine the rows are read with `wrangler d1 execute --remote`.
    #[arg(long, default_value = "http://localhost:8787")]
    url: Url,
    /// Who activates. Against a Worker that is not on this machine this account is really invited, so without the
    /// option nobody is.
    #[arg(long)]
    github_login: Option<String>,
}

/// What one step gives: a remark for its line, or why it failed.
type Outcome = Result<String, String>;

pub(crate) fn run(project: &Project, args: &Args) -> anyhow::Result<ExitCode> {
    tools::ensure(project)?;
    let smoke = Smoke::new(project, args)?;
    let runtime = tokio::runtime::Runtime::new().context("cannot start the runtime of this command")?;
    let report = runtime.block_on(smoke.run());
    Ok(report.finish())
}

struct Smoke {
    client: reqwest::Client,
    /// Without a slash at the end.
    url: String,
    login: Option<String>,
    /// The token of the admin API, where it is known.
    admin_token: Option<String>,
    rows: Rows,
    sale: Delivery,
    sale_id: String,
    /// A sale that must not arrive, since its secret is wrong.
    forged: Delivery,
    forged_id: String,
}

impl Smoke {
    fn new(project: &Project, args: &Args) -> anyhow::Result<Self> {
        let local = is_loopback(&args.url);
        let vars = Vars::read(project)?;
        let secret = remote_secret(&args.url, std::env::var("GUMROAD_WEBHOOK_SECRET").ok())?;
        let products = settings::products(project)?;
        let Some(product) = plain_gumroad_product(&products) else {
            bail!(
                "products.toml has no [[gumroad]] entry with `repos` and without `choose`, so there is nothing to sell"
            );
        };
        let number = stand_in::seconds_now();
        let sell = |sale_id: &str, secret: Option<&str>| {
            let mut options = stand_in::options(&products, &vars, None);
            if let Some(secret) = secret {
                secret.clone_into(&mut options.gumroad_secret);
            }
            Sandbox::new(options).sell_on_gumroad(GumroadSale {
                product_id: Some(product.product_id.clone()),
                sale_id: Some(sale_id.to_owned()),
                email: BUYER.to_owned(),
                full_name: Some("Smoke Test".to_owned()),
                ..GumroadSale::default()
            })
        };
        let (sale_id, forged_id) = (format!("smoke-{number}"), format!("smoke-forged-{number}"));
        Ok(Self {
            client: reqwest::Client::builder().timeout(REQUEST_LIMIT).build().context("cannot make an HTTP client")?,
            url: args.url.as_str().trim_end_matches('/').to_owned(),
            login: args.github_login.clone().or_else(|| local.then(|| LOCAL_LOGIN.to_owned())),
            admin_token: admin_token(&args.url, std::env::var("LATCHKEY_ADMIN_TOKEN").ok(), &vars),
            rows: Rows::new(project.clone(), if local { Database::Local } else { Database::Remote }),
            sale: sell(&sale_id, secret.as_deref()),
            sale_id,
            forged: sell(&forged_id, Some("not-the-secret")),
            forged_id,
        })
    }

    /// The steps. One whose precondition failed is not tried.
    async fn run(&self) -> Report {
        let mut report = Report::default();
        if !report.step("the Worker is well", self.health().await) {
            return report;
        }
        report.step("a sale with a wrong secret is 404", self.forged_sale().await);
        if !report.step("a sale is 200", self.sale().await) {
            return report;
        }
        let found = self.rows.when_processed(&self.sale_id, &self.forged_id).await;
        let Some(found) = report.value("its rows can be read", found) else {
            return report;
        };
        report.step("the delivery is stored and processed", found.processed());
        report.step("the sale with a wrong secret left no row", found.nothing_forged());
        let minted = report.step("the sale has one license", found.one_license());
        report.step("its mail is in the outbox", found.mail());

        report.step("the same sale again is 200", self.sale().await);
        let again = self.rows.when_processed(&self.sale_id, &self.forged_id).await;
        if let Some(again) = report.value("the rows can be read again", again) {
            report.step("and there is still one license and one mail", again.nothing_doubled(&found));
        }

        match (&self.login, found.license_key()) {
            (None, _) => report.skip("activation", "name the account to invite with --github-login"),
            (Some(_), None) => report.skip("activation", "there is no license key"),
            (Some(_), Some(_)) if !minted => report.skip("activation", "which license?"),
            (Some(login), Some(key)) => {
                if report.step(&format!("{login} activates the license"), self.activate(key, login, "activated").await)
                {
                    let again = self.activate(key, login, "already_active").await;
                    report.step("the same activation again is welcome", again);
                    report.step("another account is refused", self.other_account(key).await);
                }
            }
        }
        match &self.admin_token {
            None => report.skip("the operator's view", "it takes LATCHKEY_ADMIN_TOKEN, and https"),
            Some(token) => {
                report.step("the operator sees how everything stands", self.status(token).await);
            }
        }
        report
    }

    async fn status(&self, token: &str) -> Outcome {
        let (status, body) =
            self.answer(self.client.get(format!("{}/admin/status", self.url)).bearer_auth(token)).await?;
        let count = |list: &str, state: &str| body[list][state].as_u64().unwrap_or_default();
        match status {
            StatusCode::OK => Ok(format!(
                "{} sales fulfilled, {} need the seller, {} rows dead",
                count("sales_by_state", "fulfilled"),
                count("sales_by_state", "needs_seller"),
                count("outbox", "dead")
            )),
            StatusCode::UNAUTHORIZED => Err("401: the token is not the Worker's ADMIN_TOKEN".to_owned()),
            StatusCode::NOT_FOUND => Err("404: the Worker has no ADMIN_TOKEN".to_owned()),
            _ => Err(format!("{status}, {body}")),
        }
    }

    async fn health(&self) -> Outcome {
        let (status, body) = self.answer(self.client.get(format!("{}/healthz", self.url))).await?;
        let state = body["status"].as_str().unwrap_or("no status");
        if status == StatusCode::OK && state == "ok" { Ok(String::new()) } else { Err(format!("{status}, {body}")) }
    }

    async fn sale(&self) -> Outcome {
        let (status, body) = self.answer(self.request(&self.sale)).await?;
        match status {
            StatusCode::OK => Ok(format!("sale_id {}", self.sale_id)),
            StatusCode::NOT_FOUND => Err("404: the Worker has another GUMROAD_WEBHOOK_SECRET, or none".to_owned()),
            _ => Err(format!("{status}, {body}")),
        }
    }

    async fn forged_sale(&self) -> Outcome {
        let (status, body) = self.answer(self.request(&self.forged)).await?;
        if status == StatusCode::NOT_FOUND { Ok(String::new()) } else { Err(format!("{status}, {body}")) }
    }

    async fn activate(&self, key: &str, login: &str, expected: &str) -> Outcome {
        let (status, body) = self.answer(self.activation(key, login)).await?;
        let taken = matches!(status, StatusCode::OK | StatusCode::ACCEPTED);
        if !taken || body["status"] != expected {
            return Err(format!("{status}, {body}"));
        }
        let repos = body["repos"].as_array().map(Vec::as_slice).unwrap_or_default();
        let repos = repos.iter().map(|repo| {
            let text = |name: &str| repo[name].as_str().unwrap_or("?").to_owned();
            format!("{} {}", text("repo"), text("status"))
        });
        Ok(repos.collect::<Vec<_>>().join(", "))
    }

    async fn other_account(&self, key: &str) -> Outcome {
        let (status, body) = self.answer(self.activation(key, OTHER_LOGIN)).await?;
        let refused = status == StatusCode::BAD_REQUEST && body["code"] == "license_bound_to_another_account";
        if refused { Ok(String::new()) } else { Err(format!("{status}, {body}")) }
    }

    fn request(&self, delivery: &Delivery) -> reqwest::RequestBuilder {
        let request = self.client.post(format!("{}{}", self.url, delivery.path_and_query)).body(delivery.body.clone());
        delivery.headers.iter().fold(request, |request, (name, value)| request.header(name, value))
    }

    fn activation(&self, key: &str, login: &str) -> reqwest::RequestBuilder {
        let body = json!({ "license_key": key, "github_username": login });
        self.client.post(format!("{}/api/activate", self.url)).json(&body)
    }

    /// The status and the body; a body that is not JSON as a string.
    async fn answer(&self, request: reqwest::RequestBuilder) -> Result<(StatusCode, Value), String> {
        // The address may hold the secret, so it is not part of what is said.
        let failed = |error: reqwest::Error| {
            let why = if error.is_connect() { "nothing listens there; is the Worker running?" } else { "no answer" };
            format!("{}: {why}", self.url)
        };
        let response = request.send().await.map_err(failed)?;
        let status = response.status();
        let text = response.text().await.map_err(failed)?;
        Ok((status, serde_json::from_str(&text).unwrap_or(Value::String(text))))
    }
}

/// The Gumroad secret of a Worker that is not on this machine. One that is reads `.dev.vars`, and so do we: what the
/// environment has may be the secret of another.
///
/// # Errors
///
/// When the environment has none. The sandbox's would find every real Worker's door closed, for no visible reason.
fn remote_secret(url: &Url, environment: Option<String>) -> anyhow::Result<Option<String>> {
    if is_loopback(url) {
        return Ok(None);
    }
    match environment.filter(|secret| !secret.trim().is_empty()) {
        Some(secret) => Ok(Some(secret)),
        None => bail!("set GUMROAD_WEBHOOK_SECRET in the environment to the secret of {url}"),
    }
}

/// The token of the admin API, where it is known and no open line is in between.
fn admin_token(url: &Url, environment: Option<String>, vars: &Vars) -> Option<String> {
    let local = is_loopback(url);
    let environment = environment.map(|token| token.trim().to_owned()).filter(|token| !token.is_empty());
    let token = environment.or_else(|| vars.get("ADMIN_TOKEN").filter(|_| local));
    token.filter(|_| local || url.scheme() == "https")
}

#[cfg(test)]
mod tests {
    use super::{admin_token, remote_secret};
    use crate::settings::Vars;

    #[test]
    fn the_admin_token_goes_to_its_own_worker_and_over_no_open_line() {
        let vars = Vars::parse("ADMIN_TOKEN=local\n").expect("parses");
        let token = |url: &str, environment: Option<&str>| {
            admin_token(&url.parse().expect("a URL"), environment.map(str::to_owned), &vars)
        };
        assert_eq!(token("http://localhost:8787", None).as_deref(), Some("local"));
        assert_eq!(token("https://latchkey.example.com", Some("real")).as_deref(), Some("real"));
        assert_eq!(token("https://latchkey.example.com", None), None);
        assert_eq!(token("http://latchkey.example.com", Some("real")), None);
    }

    #[test]
    fn the_environments_secret_is_only_for_a_worker_elsewhere_and_there_it_is_needed() {
        let secret = |url: &str, environment: Option<&str>| {
            let secret = remote_secret(&url.parse().expect("a URL"), environment.map(str::to_owned));
            secret.map_err(|error| error.to_string())
        };
        assert_eq!(secret("http://localhost:8787", Some("the shell's")), Ok(None));
        assert_eq!(secret("http://127.0.0.1:8787", None), Ok(None));
        assert_eq!(secret("https://latchkey.example.com", Some("real")), Ok(Some("real".to_owned())));
        for absent in [None, Some(""), Some(" ")] {
            let error = secret("https://latchkey.example.com", absent).expect_err("needs one");
            assert!(error.contains("GUMROAD_WEBHOOK_SECRET"), "{error}");
        }
    }
}
