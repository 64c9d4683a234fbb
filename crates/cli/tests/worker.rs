//! The program against the whole engine, in process: what is typed ends in the database, and what is there is shown. The
//! Worker is the engine on SQLite behind a socket, the services around it are the sandbox.

use std::io::Read;
use std::net::TcpListener;
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::rc::Rc;
use std::sync::mpsc;
use std::time::Duration;
use std::{fs, thread};

use axum::Router;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use latchkey::http;
use latchkey::platform::host::Sqlite;
use latchkey_sandbox::{GumroadSale, Sandbox};
use latchkey_simulator::world::{ADMIN_TOKEN, World, delivery_request, request, send};
use serde_json::{Value, json};
use tokio::sync::{mpsc as jobs, oneshot};

/// What the engine's thread is to do. The engine stays on it: it is made for a runtime with one thread.
enum Job {
    Answer(Received, oneshot::Sender<Response>),
    /// A minute passes.
    Tick(mpsc::Sender<()>),
    /// Somebody buys that product.
    Sell(&'static str, mpsc::Sender<()>),
}

/// A request that came through the socket.
struct Received {
    method: String,
    target: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

/// A Worker that listens, and a folder for files.
struct Deployment {
    url: String,
    sandbox: Sandbox,
    jobs: jobs::UnboundedSender<Job>,
    folder: PathBuf,
}

impl Deployment {
    fn start(name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("latchkey-worker-{}-{name}", std::process::id()));
        fs::create_dir_all(&folder).expect("a folder");
        let (jobs, inbox) = jobs::unbounded_channel();
        let (started, start) = mpsc::channel();
        thread::spawn(move || {
            // The catalogue has a product of Paddle's.
            let settings = [("PADDLE_WEBHOOK_SECRET", latchkey_sandbox::PADDLE_WEBHOOK_SECRET)];
            let world = World::on(Rc::new(Sqlite::migrated().expect("a database")), 7, &settings, send);
            started.send(world.sandbox.clone()).expect("somebody waits");
            let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
            runtime.block_on(work(&world, inbox));
        });
        let sandbox = start.recv().expect("the engine starts");
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let router = Router::new().fallback(receive).with_state(jobs.clone());
        thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
            runtime.block_on(async {
                listener.set_nonblocking(true).expect("a socket");
                let listener = tokio::net::TcpListener::from_std(listener).expect("a socket");
                axum::serve(listener, router).await
            })
        });
        Self { url, sandbox, jobs, folder }
    }

    fn sell(&self, product: &'static str) {
        let (done, wait) = mpsc::channel();
        self.jobs.send(Job::Sell(product, done)).expect("the engine runs");
        wait.recv().expect("it is sold");
    }

    fn tick(&self) {
        let (done, wait) = mpsc::channel();
        self.jobs.send(Job::Tick(done)).expect("the engine runs");
        wait.recv().expect("it ticks");
    }

    /// The key in the one mail that has arrived.
    fn take_key(&self) -> String {
        let mails = self.sandbox.take_mails();
        let text = mails.first().and_then(|mail| mail.text.as_deref()).expect("a mail");
        text.split_whitespace().find(|word| word.starts_with("LK-")).expect("a key").to_owned()
    }

    fn activate(&self, key: &str, login: &str) -> u16 {
        let body = json!({ "license_key": key, "github_username": login }).to_string();
        let headers = vec![("content-type".to_owned(), "application/json".to_owned())];
        let target = "/api/activate".to_owned();
        let received = Received { method: "POST".to_owned(), target, headers, body: body.into_bytes() };
        let (respond, response) = oneshot::channel();
        self.jobs.send(Job::Answer(received, respond)).expect("the engine runs");
        response.blocking_recv().expect("an answer").status().as_u16()
    }

    /// Posts a form to the Worker, and gives the status.
    fn post(&self, target: &str, form: &str) -> u16 {
        let headers = vec![("content-type".to_owned(), "application/x-www-form-urlencoded".to_owned())];
        let received = Received { method: "POST".to_owned(), target: target.to_owned(), headers, body: form.into() };
        let (respond, response) = oneshot::channel();
        self.jobs.send(Job::Answer(received, respond)).expect("the engine runs");
        response.blocking_recv().expect("an answer").status().as_u16()
    }

    /// The program, as somebody whose input is no terminal.
    fn command(&self, line: &str) -> Command {
        let mut command = program();
        command.current_dir(&self.folder).env("LATCHKEY_URL", &self.url).env("LATCHKEY_ADMIN_TOKEN", ADMIN_TOKEN);
        command.args(line.split(' ').map(|word| word.replace('~', " ")));
        command
    }

    fn output(&self, line: &str) -> Output {
        let output = self.command(line).output().expect("it runs");
        for text in [&output.stdout, &output.stderr] {
            assert!(!String::from_utf8_lossy(text).contains(ADMIN_TOKEN), "{line} shows the token");
        }
        output
    }

    /// What a command prints that succeeds. A tilde in a word of its line stands for a space.
    fn said(&self, line: &str) -> String {
        let output = self.output(line);
        assert!(output.status.success(), "{line}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).expect("text")
    }

    /// Why a command failed.
    fn refused(&self, line: &str) -> String {
        let output = self.output(line);
        assert_eq!(output.status.code(), Some(1), "{line}: {}", String::from_utf8_lossy(&output.stdout));
        String::from_utf8(output.stderr).expect("text").trim().to_owned()
    }

    fn json(&self, line: &str) -> Value {
        serde_json::from_str(&self.said(&format!("{line} --json"))).expect("JSON")
    }
}

impl Drop for Deployment {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// The program, without what of this test's environment would tell it how it was started.
fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_latchkey"));
    command.env_remove("CARGO_MANIFEST_DIR").env_remove("LATCHKEY_URL").env_remove("LATCHKEY_ADMIN_TOKEN");
    command.env("USER", "ada").stdin(Stdio::null());
    command
}

async fn work(world: &World, mut inbox: jobs::UnboundedReceiver<Job>) {
    while let Some(job) = inbox.recv().await {
        match job {
            Job::Answer(Received { method, target, headers, body }, respond) => {
                let headers: Vec<_> = headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
                // Whoever asked may have gone.
                let _ = respond.send(answer(world, request(&method, &target, &headers, &body)).await);
            }
            Job::Sell(product, done) => {
                let sale = GumroadSale { product_id: Some(product.to_owned()), ..GumroadSale::default() };
                let delivery = world.sandbox.sell_on_gumroad(sale);
                assert_eq!(answer(world, delivery_request(&delivery)).await.status().as_u16(), 200);
                done.send(()).expect("somebody waits");
            }
            Job::Tick(done) => {
                world.advance(Duration::from_secs(60));
                let engine = world.engine();
                engine.tick().await.expect("a tick");
                world.keep_catalogue(&engine);
                done.send(()).expect("somebody waits");
            }
        }
    }
}

/// Answers as the Worker does, with what is behind the response.
async fn answer(world: &World, request: http::Request) -> Response {
    let engine = world.engine();
    let mut response = http::handle(&engine, request).await;
    if let Some(work) = response.follow_up.take() {
        engine.follow_up(work).await;
    }
    world.keep_catalogue(&engine);
    let mut answer = response.body.into_response();
    *answer.status_mut() = response.status.try_into().expect("a status");
    answer.headers_mut().clear();
    for (name, value) in response.headers {
        answer.headers_mut().append(name, value.parse().expect("a header"));
    }
    answer
}

async fn receive(State(jobs): State<jobs::UnboundedSender<Job>>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let header = |(name, value): (&axum::http::HeaderName, &axum::http::HeaderValue)| {
        (name.as_str().to_owned(), value.to_str().unwrap_or_default().to_owned())
    };
    let received = Received {
        method: head.method.to_string(),
        target: head.uri.to_string(),
        headers: head.headers.iter().map(header).collect(),
        body: axum::body::to_bytes(body, usize::MAX).await.expect("a body").to_vec(),
    };
    let (respond, response) = oneshot::channel();
    jobs.send(Job::Answer(received, respond)).expect("the engine runs");
    response.await.expect("an answer")
}

const STARTER: &str = "32-nPAicqbLj8B_WswVlMw==";

const NEW_KIT: &str =
    "\n[[gumroad]]\nproduct_id = \"new-kit\"\nname = \"New Kit\"\ntier = \"core\"\nrepos = [\"acme/starter\"]\n";

#[test]
fn a_product_that_was_forgotten_is_found_added_and_fulfilled() {
    let shop = Deployment::start("forgotten");
    shop.sell("new-kit");
    let attention = shop.said("attention");
    assert!(attention.contains("the catalogue does not say what its product opens"), "{attention}");
    assert!(attention.contains("Add product new-kit of Gumroad to products.toml"), "{attention}");
    let command = "latchkey products push products.toml --reason \"…\"";
    assert!(attention.lines().any(|line| line.trim() == command), "{attention}");

    let pulled = shop.said("products pull");
    assert_eq!(shop.said("products pull --output products.toml").trim(), "Written to products.toml.");
    let file = shop.folder.join("products.toml");
    assert_eq!(fs::read_to_string(&file).expect("a file").trim(), pulled.trim());
    assert!(shop.said("products diff").contains("there is nothing to change"));

    fs::write(&file, pulled + NEW_KIT).expect("a file");
    assert!(shop.said("products check").contains("no mistakes"));
    let difference = shop.said("products diff");
    assert!(difference.contains("+ gumroad new-kit  New Kit"), "{difference}");
    assert!(difference.contains("1 delivery waits for this"), "{difference}");
    let push = "products push --reason the~new~kit";
    assert!(shop.refused(push).contains("add --yes if you mean it"));
    let pushed = shop.said(&format!("{push} --yes"));
    assert!(pushed.contains("One delivery is due: the next tick takes it."), "{pushed}");
    shop.tick();
    let key = shop.take_key();
    assert_eq!(shop.json("licenses list")["items"][0]["license_key"], key.as_str());
    assert!(shop.said("attention").starts_with("Nothing waits for you"));
    let actions = shop.said("actions list");
    assert!(actions.contains("changed the catalogue") && actions.contains("the new kit"), "{actions}");
}

#[test]
fn a_changed_catalogue_reaches_who_bought_before_once_the_operator_says_so() {
    let shop = Deployment::start("sync");
    shop.sell(STARTER);
    assert!((200..=202).contains(&shop.activate(&shop.take_key(), "octocat")));
    shop.tick();
    assert!(shop.said("grants sync --reason why --yes").contains("1 license: there is nothing to change."));
    let pulled = shop.said("products pull");
    let changed = pulled.replace("\"acme/starter-docs\"", "\"acme/kit\"");
    assert_ne!(pulled, changed);
    fs::write(shop.folder.join("products.toml"), changed).expect("a file");
    shop.said("products push --reason another~repository --yes");

    let plan = shop.said("grants sync");
    assert!(plan.contains("1 of 1 license would change, and the access of 1 person:"), "{plan}");
    assert!(plan.contains("acme/kit") && plan.contains("Nothing was changed."), "{plan}");
    let sync = "grants sync --reason another~repository";
    assert!(shop.refused(sync).contains("add --yes if you mean it"));
    assert_eq!(shop.json("grants sync")["changed"], 1, "nothing was changed");
    let done = shop.said(&format!("{sync} --yes"));
    assert!(done.starts_with("1 license opens what version 2 of the catalogue says"), "{done}");
    shop.tick();
    let access = shop.said("grants list --repo acme/kit");
    assert!(access.contains("octocat") && access.contains("invited"), "{access}");
    let actions = shop.said("actions list");
    assert!(
        actions.contains("brought licenses to the catalogue") && actions.contains("another repository"),
        "{actions}"
    );
}

#[test]
fn a_colleagues_catalogue_is_not_overwritten_and_mistakes_are_not_sent() {
    let shop = Deployment::start("colleague");
    let file = shop.folder.join("products.toml");
    fs::write(&file, "[[gumroad]]\nproduct_id = \"a\"\nname = \"A\"\n").expect("a file");
    let mistakes = shop.refused("products push --reason why --yes");
    assert!(mistakes.starts_with("products.toml:1: ") && mistakes.contains("\n  help: "), "{mistakes}");
    assert!(mistakes.ends_with("error: 2 mistakes in products.toml"), "{mistakes}");
    let output = shop.output("products check --json");
    let problems: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!((output.status.code(), problems["problems"][0]["line"].as_i64()), (Some(1), Some(1)));
    assert_eq!(shop.json("products pull")["version"], 1);
}

#[test]
fn an_operator_finds_a_buyer_and_takes_the_license_away() {
    let shop = Deployment::start("buyer");
    shop.sell(STARTER);
    let key = shop.take_key();
    assert!((200..=202).contains(&shop.activate(&key, "octocat")));
    shop.tick();

    let found = shop.said("licenses list --github octocat");
    assert!(found.contains(&key) && found.contains("active") && found.contains("octocat"), "{found}");
    let history = shop.said(&format!("licenses show {}", key.to_lowercase()));
    assert!(history.contains("acme/starter, acme/starter-docs"), "{history}");
    assert!(history.contains("was activated by octocat"), "{history}");
    let access = shop.said("grants list --github octocat");
    assert!(access.contains("acme/starter-docs") && access.contains("invited"), "{access}");
    let outbox = shop.said("outbox list --kind license_mail --state done");
    assert!(outbox.contains("mail with the key") && outbox.contains("sent"), "{outbox}");
    let event = shop.json("events list")["items"][0]["id"].as_str().expect("an id").to_owned();
    let delivery = shop.said(&format!("events show {event}"));
    assert!(delivery.contains("Payload") && delivery.contains(&key), "{delivery}");

    let revoke = format!("licenses revoke {key} --reason charged~back~by~mail");
    assert!(shop.refused(&revoke).contains("add --yes if you mean it"));
    let revoked = shop.said(&format!("{revoke} --yes"));
    assert!(revoked.starts_with("Revoked: the next tick takes the access away, within a minute."), "{revoked}");
    assert!(shop.refused(&format!("{revoke} --yes")).ends_with("(refused)"));
    shop.tick();
    let access = shop.said("grants list");
    assert!(access.contains("taken away") && !access.contains("invited"), "{access}");
    let actions = shop.json("actions list");
    assert_eq!(
        (&actions["items"][0]["target"], &actions["items"][0]["actor"], &actions["items"][0]["reason"]),
        (&json!(key), &json!("ada"), &json!("charged back by mail"))
    );
    let status = shop.said("status");
    assert!(status.contains("revoked 1") && status.contains("version 1, "), "{status}");
}

#[test]
fn what_is_held_on_a_person_is_printed_and_erased() {
    let shop = Deployment::start("privacy");
    shop.sell(STARTER);
    shop.take_key();
    let email = shop.json("licenses list")["items"][0]["email"].as_str().expect("an address").to_owned();
    let held: Value =
        serde_json::from_str(&shop.said(&format!("privacy export {email} --reason asked"))).expect("JSON");
    assert_eq!(held["licenses"].as_array().map(Vec::len), Some(1));
    let erased = shop.said(&format!("privacy erase {email} --reason asked --yes"));
    assert_eq!(erased.trim(), "Erased what named the person in 1 delivery, 1 order and 1 license.");
    assert_eq!(shop.said(&format!("licenses list --email {email}")).trim(), "No licenses.");
}

#[test]
fn what_the_worker_refuses_is_said_in_one_sentence() {
    let shop = Deployment::start("refused");
    for (line, said) in [
        ("licenses show LK-1", "(not_found)"),
        ("outbox retry 999 --reason why", "(not_found)"),
        ("events replay 01 --reason why", "(not_found)"),
    ] {
        let error = shop.refused(line);
        assert!(error.starts_with("error: ") && error.ends_with(said) && !error.contains('\n'), "{line}: {error}");
    }
    let output = shop.command("status").env("LATCHKEY_ADMIN_TOKEN", "another").output().expect("it runs");
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.code() == Some(1) && error.trim().ends_with("it is not the Worker's ADMIN_TOKEN"), "{error}");
}

#[test]
fn the_doctor_ends_with_0_or_1_and_with_3_where_it_could_not_ask() {
    let shop = Deployment::start("doctor");
    shop.tick();
    let well = shop.said("doctor");
    assert!(well.contains("0 failed"), "{well}");
    assert!(shop.json("doctor")["checks"].as_array().is_some_and(|checks| checks.len() > 19));
    shop.sandbox.archive_repo("acme/starter");
    for line in ["doctor", "doctor --json"] {
        let output = shop.output(line);
        assert_eq!(output.status.code(), Some(1), "{line}");
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(text.contains("Unarchive it at GitHub") && output.stderr.is_empty(), "{line}: {text}");
    }
    let output = shop.command("doctor").env("LATCHKEY_ADMIN_TOKEN", "another").output().expect("it runs");
    assert_eq!(output.status.code(), Some(3));
    let nobody = TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address");
    let output = shop.command("doctor").env("LATCHKEY_URL", format!("http://{nobody}")).output().expect("it runs");
    assert_eq!(output.status.code(), Some(3));
}

/// Every service's address, and the credentials that the sandbox takes.
fn with_credentials(command: &mut Command, sandbox: &str) {
    for (name, value) in [
        ("GITHUB_TOKEN", latchkey_sandbox::GITHUB_TOKEN),
        ("GITHUB_WEBHOOK_SECRET", "canary-github"),
        ("GUMROAD_ACCESS_TOKEN", latchkey_sandbox::GUMROAD_ACCESS_TOKEN),
        ("GUMROAD_WEBHOOK_SECRET", latchkey_sandbox::GUMROAD_SECRET),
        ("LEMON_SQUEEZY_API_KEY", latchkey_sandbox::LEMON_SQUEEZY_API_KEY),
        ("LEMON_SQUEEZY_STORE_ID", "1"),
        ("LEMON_SQUEEZY_WEBHOOK_SECRET", latchkey_sandbox::LEMON_SQUEEZY_WEBHOOK_SECRET),
        ("PADDLE_API_KEY", latchkey_sandbox::PADDLE_API_KEY),
        ("POLAR_ACCESS_TOKEN", latchkey_sandbox::POLAR_ACCESS_TOKEN),
        ("STRIPE_API_KEY", latchkey_sandbox::STRIPE_API_KEY),
    ] {
        command.env(name, value);
    }
    for service in latchkey_sandbox::Service::ALL {
        if let Some(name) = service.api_url_setting() {
            command.env(name, format!("{sandbox}/{}", service.prefix()));
        }
    }
}

/// Puts the sandbox behind a socket.
fn serve(sandbox: &Sandbox) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    let sandbox = sandbox.clone();
    thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(async {
            listener.set_nonblocking(true).expect("a socket");
            let listener = tokio::net::TcpListener::from_std(listener).expect("a socket");
            sandbox.serve(listener).await
        })
    });
    url
}

/// Runs `connect` with every credential, none of which it shows.
fn connect(shop: &Deployment, sandbox: &str, line: &str) -> (Option<i32>, String) {
    let mut command = shop.command(&format!("connect {line}"));
    with_credentials(&mut command, sandbox);
    let Output { status, stdout, stderr } = command.output().expect("it runs");
    let text = String::from_utf8(stdout).expect("text") + &String::from_utf8(stderr).expect("text");
    assert!(!text.contains("canary") && !text.contains("sandbox-"), "{text}");
    (status.code(), text)
}

const SHOP: &str = "--url https://shop.example.com";

#[test]
fn connecting_gumroad_creates_what_is_missing_once() {
    let shop = Deployment::start("gumroad");
    let sandbox = serve(&shop.sandbox);
    let here = format!("https://shop.example.com/webhooks/gumroad?secret={}", latchkey_sandbox::GUMROAD_SECRET);
    shop.sandbox.add_gumroad_subscription("sale", &here);
    shop.sandbox.add_gumroad_subscription("refund", "https://old.example.com/ping?secret=canary");
    let (code, text) = connect(&shop, &sandbox, &format!("gumroad --dry-run {SHOP}"));
    assert!(code == Some(0) && text.contains("7 missing"), "{text}");
    assert_eq!(shop.sandbox.gumroad_subscriptions().len(), 2);
    let (code, text) = connect(&shop, &sandbox, &format!("gumroad {SHOP}"));
    assert!(code == Some(0) && text.contains("7 created") && text.contains("leads elsewhere"), "{text}");
    let mut names: Vec<_> = shop
        .sandbox
        .gumroad_subscriptions()
        .into_iter()
        .filter(|subscription| subscription.post_url.replace("%2D", "-") == here)
        .map(|subscription| subscription.resource_name)
        .collect();
    names.sort();
    let all = [
        "cancellation",
        "dispute",
        "dispute_won",
        "refund",
        "sale",
        "subscription_ended",
        "subscription_restarted",
        "subscription_updated",
    ];
    assert_eq!(names, all);
    let (code, text) = connect(&shop, &sandbox, &format!("gumroad {SHOP}"));
    assert!(code == Some(0) && text.contains("already"), "{text}");
    assert_eq!(shop.sandbox.gumroad_subscriptions().len(), 9, "nothing is created twice");
    // What Gumroad would send there is taken.
    let address = shop.sandbox.gumroad_subscriptions()[8].post_url.clone();
    let target = address.strip_prefix("https://shop.example.com").expect("the address").to_owned();
    assert_eq!(shop.post(&target, "resource_name=sale"), 200);
}

#[test]
fn connecting_a_sender_that_cannot_be_asked_says_what_to_paste() {
    let shop = Deployment::start("standard");
    let sandbox = serve(&shop.sandbox);
    let (code, text) = connect(&shop, &sandbox, &format!("standard {SHOP}"));
    assert_eq!(code, Some(0), "{text}");
    for told in [
        "https://shop.example.com/webhooks/standard",
        "npx wrangler secret put STANDARD_WEBHOOKS_SECRET",
        "[standard_webhooks]",
    ] {
        assert!(text.contains(told), "{told}: {text}");
    }
    let (code, text) = connect(&shop, &sandbox, &format!("standard {SHOP} --json"));
    assert!(code == Some(0) && text.contains(r#""hooks":[]"#), "{text}");
}

#[test]
fn connecting_paddle_ends_with_the_secret_that_it_has_made_and_is_harmless_to_repeat() {
    let shop = Deployment::start("paddle");
    let sandbox = serve(&shop.sandbox);
    let (code, text) = connect(&shop, &sandbox, &format!("paddle {SHOP}"));
    let destinations = shop.sandbox.paddle_destinations();
    let [destination] = destinations.as_slice() else { panic!("{destinations:?}") };
    assert!(code == Some(0) && text.contains("1 created"), "{text}");
    assert!(text.contains("npx wrangler secret put PADDLE_WEBHOOK_SECRET"), "{text}");
    assert!(text.ends_with(&format!("{}\n", destination.secret)), "{text}");
    assert_eq!(
        (destination.url.as_str(), destination.traffic_source.as_str()),
        ("https://shop.example.com/webhooks/paddle", "platform")
    );
    assert_eq!(destination.events.len(), 12);
    let (code, text) = connect(&shop, &sandbox, &format!("paddle {SHOP}"));
    assert!(code == Some(0) && text.contains("leads to") && !text.contains(&destination.secret), "{text}");
    assert_eq!(shop.sandbox.paddle_destinations().len(), 1);
}

#[test]
fn connecting_polar_ends_with_the_secret_that_it_has_made_and_switches_on_what_was_off() {
    let shop = Deployment::start("polar");
    let sandbox = serve(&shop.sandbox);
    let (code, text) = connect(&shop, &sandbox, &format!("polar {SHOP}"));
    let endpoints = shop.sandbox.polar_endpoints();
    let [endpoint] = endpoints.as_slice() else { panic!("{endpoints:?}") };
    assert!(code == Some(0) && text.contains("1 created"), "{text}");
    assert!(text.contains("npx wrangler secret put POLAR_WEBHOOK_SECRET"), "{text}");
    assert!(text.ends_with(&format!("{}\n", endpoint.secret)), "{text}");
    assert_eq!(endpoint.url, "https://shop.example.com/webhooks/polar");
    assert_eq!((endpoint.format.as_str(), endpoint.events.len(), endpoint.enabled), ("raw", 13, true));
    let (code, text) = connect(&shop, &sandbox, &format!("polar {SHOP}"));
    assert!(code == Some(0) && text.contains("leads to") && !text.contains(&endpoint.secret), "{text}");
    shop.sandbox.change_polar_endpoint(&endpoint.id, |it| it.enabled = false);
    let (code, text) = connect(&shop, &sandbox, &format!("polar {SHOP}"));
    assert_eq!(code, Some(0), "{text}");
    let endpoints = shop.sandbox.polar_endpoints();
    assert_eq!((endpoints.len(), endpoints[0].enabled), (1, true));
}

#[test]
fn connecting_stripe_pins_a_version_and_ends_with_the_secret_that_it_has_made() {
    let shop = Deployment::start("stripe");
    let sandbox = serve(&shop.sandbox);
    let (code, text) = connect(&shop, &sandbox, &format!("stripe {SHOP}"));
    let endpoints = shop.sandbox.stripe_endpoints();
    let [endpoint] = endpoints.as_slice() else { panic!("{endpoints:?}") };
    assert!(code == Some(0) && text.contains("1 created"), "{text}");
    assert!(text.contains("npx wrangler secret put STRIPE_WEBHOOK_SECRET"), "{text}");
    assert!(text.ends_with(&format!("{}\n", endpoint.secret)), "{text}");
    assert_eq!(endpoint.url, "https://shop.example.com/webhooks/stripe");
    assert_eq!((endpoint.api_version.as_deref(), endpoint.events.len()), (Some("2026-10-28.endive"), 17));
    let (code, text) = connect(&shop, &sandbox, &format!("stripe {SHOP}"));
    assert!(code == Some(0) && text.contains("leads to") && !text.contains(&endpoint.secret), "{text}");
    assert_eq!(shop.sandbox.stripe_endpoints().len(), 1);
}

#[test]
fn connecting_lemon_squeezy_creates_one_webhook_or_adds_what_it_lacks() {
    let shop = Deployment::start("lemonsqueezy");
    let sandbox = serve(&shop.sandbox);
    let (code, text) = connect(&shop, &sandbox, &format!("lemonsqueezy {SHOP}"));
    assert!(code == Some(0) && text.contains("1 created"), "{text}");
    let hooks = shop.sandbox.store_hooks();
    assert_eq!((hooks.len(), hooks[0].events.len()), (1, 15));
    assert_eq!(hooks[0].secret, latchkey_sandbox::LEMON_SQUEEZY_WEBHOOK_SECRET);
    assert_eq!(hooks[0].url, "https://shop.example.com/webhooks/lemonsqueezy");
    let (code, text) = connect(&shop, &sandbox, "lemonsqueezy --url https://other.example.com --json");
    assert!(code == Some(0) && text.contains("\"created\"") && text.contains("\"elsewhere\""), "{text}");

    let shop = Deployment::start("lacking");
    let sandbox = serve(&shop.sandbox);
    let here = "https://shop.example.com/webhooks/lemonsqueezy";
    shop.sandbox.add_store_hook(here, &["order_created", "subscription_plan_changed"], "somebody's");
    let (code, text) = connect(&shop, &sandbox, &format!("lemonsqueezy {SHOP}"));
    assert!(code == Some(0) && text.contains("order_refunded"), "{text}");
    let hooks = shop.sandbox.store_hooks();
    assert_eq!((hooks.len(), hooks[0].events.len(), hooks[0].secret.as_str()), (1, 16, "somebody's"));
}

#[test]
fn connecting_github_reaches_every_repository_of_the_catalogue() {
    let shop = Deployment::start("github");
    let sandbox = serve(&shop.sandbox);
    let here = format!("{}/webhooks/github", shop.url);
    shop.sandbox.add_repo_hook("acme/starter", "https://ci.example.com/hook?key=canary", &["push"]);
    shop.sandbox.add_repo_hook("acme/starter-docs", &here, &["push"]);
    shop.sandbox.limit_token("acme/stack-nuxt", latchkey_sandbox::TokenAccess::Metadata);
    let (code, text) = connect(&shop, &sandbox, "github");
    assert_eq!(code, Some(1), "{text}");
    assert!(text.contains("repository_hooks=write") && text.contains("1 failed"), "{text}");
    let hooks = shop.sandbox.repo_hooks("acme/starter");
    assert_eq!(
        (hooks.len(), hooks[1].url.as_str(), hooks[1].events.as_slice()),
        (2, here.as_str(), &["member".to_owned()][..])
    );
    assert_eq!((hooks[1].content_type.as_str(), hooks[1].secret.as_deref()), ("json", Some("canary-github")));
    let extended = shop.sandbox.repo_hooks("acme/starter-docs");
    assert_eq!((extended.len(), extended[0].events.as_slice()), (1, &["push".to_owned(), "member".to_owned()][..]));
    let before = shop.sandbox.repo_hooks("acme/starter");
    connect(&shop, &sandbox, "github");
    assert_eq!(shop.sandbox.repo_hooks("acme/starter"), before, "nothing is created twice");
}

#[test]
fn connecting_without_what_it_takes_names_what_is_missing() {
    let shop = Deployment::start("unset");
    for (line, said) in [
        ("connect gumroad", "set GUMROAD_WEBHOOK_SECRET, GUMROAD_ACCESS_TOKEN in the environment"),
        ("connect lemonsqueezy", "LEMON_SQUEEZY_STORE_ID in the environment"),
        ("connect github", "set GITHUB_TOKEN and GITHUB_WEBHOOK_SECRET in the environment"),
    ] {
        let error = shop.refused(line);
        assert!(error.contains(said) && !error.contains('\n'), "{line}: {error}");
    }
    let sandbox = serve(&shop.sandbox);
    let (code, text) = connect(&shop, &sandbox, "gumroad");
    assert!(code == Some(1) && text.contains("Gumroad cannot reach http://127.0.0.1"), "{text}");
}

#[test]
fn misuse_ends_with_2_and_help_with_0() {
    for line in ["", "sing", "status --loud", "licenses revoke LK-1 --yes", "events list --state asleep"] {
        let output = program().args(line.split_whitespace()).output().expect("it runs");
        assert_eq!(output.status.code(), Some(2), "{line}");
    }
    for line in ["--help", "events list --help", "products push --help", "--version"] {
        let output = program().args(line.split_whitespace()).output().expect("it runs");
        assert_eq!(output.status.code(), Some(0), "{line}");
        assert!(!output.stdout.is_empty(), "{line}");
    }
}

#[test]
fn without_a_token_it_is_said_where_to_set_one() {
    let nowhere = std::env::temp_dir();
    let output = program().current_dir(nowhere).arg("status").output().expect("it runs");
    assert_eq!(output.status.code(), Some(1));
    let error = String::from_utf8_lossy(&output.stderr);
    assert_eq!(error.trim(), "error: set ADMIN_TOKEN in .dev.vars, or LATCHKEY_ADMIN_TOKEN");
}

#[test]
fn ctrl_c_ends_a_command_that_waits() {
    const SIGINT: i32 = 2;
    let silent = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}", silent.local_addr().expect("an address"));
    let mut waiting = program();
    waiting.env("LATCHKEY_URL", url).env("LATCHKEY_ADMIN_TOKEN", ADMIN_TOKEN).arg("status");
    let mut waiting = waiting.spawn().expect("it runs");
    let (mut connection, _) = silent.accept().expect("it asks");
    connection.read_exact(&mut [0; 4]).expect("it asks");
    let interrupt = Command::new("kill").args(["-INT", &waiting.id().to_string()]).status();
    assert!(interrupt.expect("kill runs").success());
    assert_eq!(waiting.wait().expect("it ends").signal(), Some(SIGINT));
}
