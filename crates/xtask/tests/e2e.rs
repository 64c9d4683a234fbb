//! The package, with whoever deploys it: unpacked where neither cargo nor rustc can be found, installed, migrated and
//! run as its README says, and sold with. `cargo xtask test` makes it first.

use std::fmt::Write;
use std::fs;
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use latchkey_sandbox::{GumroadSale, Sandbox, Service};
use latchkey_testbed::process::ProcessGroup;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::time::Instant;

/// Where `cargo xtask test` puts the package.
const PACKAGES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../target/package");

/// How long the Worker may take to answer, and a mail to arrive, on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

const ADMIN_TOKEN: &str = "sandbox-admin-token";

/// A folder with the package in it, and one with the programs that may be found.
struct Unpacked {
    temporary: TempDir,
    package: PathBuf,
}

impl Unpacked {
    fn new() -> Self {
        let temporary = tempfile::tempdir().unwrap();
        let name = format!("latchkey-{}", env!("CARGO_PKG_VERSION"));
        let unpacked = Self { package: temporary.path().join(&name), temporary };
        fs::create_dir(unpacked.programs()).unwrap();
        let path = std::env::var_os("PATH").unwrap();
        for folder in std::env::split_paths(&path) {
            let entries = fs::read_dir(folder).into_iter().flatten().flatten();
            for entry in entries.filter(|entry| !is_of_rust(&entry.file_name().to_string_lossy())) {
                // Of two programs with one name, the first is found.
                let _found_before = symlink(entry.path(), unpacked.programs().join(entry.file_name()));
            }
        }
        for program in ["cargo", "rustc", "rustup"] {
            let found = unpacked.command("sh").args(["-c", &format!("command -v {program}")]).status().unwrap();
            assert!(!found.success(), "{program} can be found");
        }
        let archive = Path::new(PACKAGES).join(format!("{name}.tgz"));
        let folder = unpacked.temporary.path();
        run(Command::new("tar").arg("-xzf").arg(archive).arg("-C").arg(folder));
        unpacked
    }

    fn programs(&self) -> PathBuf {
        self.temporary.path().join("programs")
    }

    /// A command in the package's folder.
    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(self.programs().join(program));
        command.env("PATH", self.programs()).env("CI", "1").env("WRANGLER_SEND_METRICS", "false");
        let folder = if self.package.is_dir() { &self.package } else { self.temporary.path() };
        command.current_dir(folder);
        command
    }
}

fn is_of_rust(program: &str) -> bool {
    ["cargo", "rust", "clippy", "wasm-bindgen", "worker-build"].iter().any(|start| program.starts_with(start))
}

fn run(command: &mut Command) {
    let output = command.output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    assert!(output.status.success(), "{command:?}\n{}", String::from_utf8_lossy(&said));
}

fn free_port() -> u16 {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port()
}

/// The file of variables and secrets with which the Worker takes the sandbox for the outside world.
fn dev_vars(sandbox: &Sandbox, address: &str) -> String {
    let options = sandbox.options();
    let mut text = format!("ADMIN_TOKEN={ADMIN_TOKEN}\nEMAIL_FROM=\"Acme <licenses@example.com>\"\n");
    for (name, value) in [
        ("GITHUB_TOKEN", &options.github_token),
        ("GUMROAD_WEBHOOK_SECRET", &options.gumroad_secret),
        ("GUMROAD_ACCESS_TOKEN", &options.gumroad_access_token),
        ("LEMON_SQUEEZY_WEBHOOK_SECRET", &options.lemon_squeezy_webhook_secret),
        ("LEMON_SQUEEZY_API_KEY", &options.lemon_squeezy_api_key),
        ("POSTMARK_TOKEN", &options.postmark_token),
    ] {
        writeln!(text, "{name}={value}").unwrap();
    }
    for service in Service::ALL {
        if let Some(name) = service.api_url_setting() {
            writeln!(text, "{name}={address}/{}", service.prefix()).unwrap();
        }
    }
    text
}

/// Waits for something to be there.
async fn soon<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(found) = look().await {
            return found;
        }
        assert!(start.elapsed() < PATIENCE, "{what}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_package_runs_and_sells_where_there_is_no_rust() {
    let unpacked = Unpacked::new();
    let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let sandbox = Sandbox::new(latchkey_sandbox::Options::default());
    let vars = dev_vars(&sandbox, &format!("http://{}", listener.local_addr().unwrap()));
    fs::write(unpacked.package.join(".dev.vars"), vars).unwrap();
    let serving = sandbox.clone();
    tokio::spawn(async move { serving.serve(listener).await });

    run(unpacked.command("npm").args(["install", "--no-audit", "--no-fund", "--loglevel=error", "--prefer-offline"]));
    run(unpacked.command("npx").args(["wrangler", "d1", "migrations", "apply", "DB", "--local"]));
    let port = free_port().to_string();
    let mut dev = unpacked.command("npx");
    dev.args(["wrangler", "dev", "--local", "--ip", "127.0.0.1", "--port", &port, "--inspector-port", "0"]);
    dev.arg("--show-interactive-dev-session=false");
    let _worker = ProcessGroup::spawn(&mut dev.into()).unwrap();

    let url = format!("http://127.0.0.1:{port}");
    let client = reqwest::Client::new();
    let health = soon("the Worker does not answer", async || {
        let answer = client.get(format!("{url}/healthz")).send().await.ok()?;
        answer.json::<Value>().await.ok()
    })
    .await;
    assert_eq!(health["status"], "ok", "{health}");

    let products = fs::read(unpacked.package.join("products.toml")).unwrap();
    let push =
        client.put(format!("{url}/admin/products?reason=first+products")).bearer_auth(ADMIN_TOKEN).body(products);
    let answer = push.header("content-type", "application/toml").send().await.unwrap();
    let answer: Value = answer.json().await.unwrap();
    assert_eq!((&answer["version"], answer["added"].as_array().map(Vec::len)), (&json!(1), Some(7)), "{answer}");

    let sale = GumroadSale { product_id: Some("32-nPAicqbLj8B_WswVlMw==".to_owned()), ..GumroadSale::default() };
    let delivery = sandbox.sell_on_gumroad(sale);
    let request = client.post(format!("{url}{}", delivery.path_and_query)).body(delivery.body.clone());
    let request = delivery.headers.iter().fold(request, |request, (name, value)| request.header(name, value));
    assert_eq!(request.send().await.unwrap().status(), 200);
    let mail = soon("no mail arrives", async || sandbox.take_mails().pop()).await;
    let text = mail.text.unwrap();
    let key = text.split_whitespace().find(|word| word.starts_with("LK-")).expect("a key in the mail");

    let body = json!({ "license_key": key, "github_username": "octocat" });
    let answer = client.post(format!("{url}/api/activate")).json(&body).send().await.unwrap();
    let answer: Value = answer.json().await.unwrap();
    assert_eq!(answer["status"], "activated", "{answer}");
    let repos: Vec<_> =
        answer["repos"].as_array().unwrap().iter().map(|repo| (&repo["repo"], &repo["status"])).collect();
    let invited = json!("invited");
    assert_eq!(repos, [(&json!("acme/starter"), &invited), (&json!("acme/starter-docs"), &invited)]);
}
