//! [`Testbed`]: one Worker, its database, its sandbox, and what a test does with them.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::sync::PoisonError;
use std::time::Duration;

use latchkey_sandbox::{Delivery, Sandbox, Service};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::database::{self, Row};
use crate::error::TestbedError;
use crate::options::TestbedOptions;
use crate::template::{Template, template};
use crate::workerd::{Addresses, Log, LogLine, Workerd};

/// No request of a test takes this long; one that hangs fails by itself.
const REQUEST_LIMIT: Duration = Duration::from_secs(30);

/// A running Worker with a D1 and a sandbox of its own. Dropping it ends all of it.
#[derive(Debug)]
pub struct Testbed {
    // Dropped in this order: the Worker ends before its files go.
    workerd: Option<Workerd>,
    sandbox: Option<Served>,
    url: String,
    inspector: Option<String>,
    client: reqwest::Client,
    database: PathBuf,
    settings: Value,
    log: Log,
    folder: TempDir,
}

/// A sandbox behind a socket.
struct Served {
    sandbox: Sandbox,
    url: String,
    task: JoinHandle<()>,
}

impl Testbed {
    /// Starts a Worker and waits until it answers.
    ///
    /// # Panics
    ///
    /// If it does not start. The text says why, with the runtime's log.
    pub async fn start(options: TestbedOptions) -> Self {
        match Self::try_start(options).await {
            Ok(testbed) => testbed,
            Err(error) => panic!("{error}"),
        }
    }

    /// As [`Testbed::start`], for a test of what does not start.
    ///
    /// # Errors
    ///
    /// When something is not installed or not built, or the Worker does not start.
    pub async fn try_start(options: TestbedOptions) -> Result<Self, TestbedError> {
        if !options.build_dir.join("index.js").is_file() {
            return Err(TestbedError::NotBuilt(options.build_dir));
        }
        let template = template().await?;
        let folder = tempfile::Builder::new()
            .prefix("latchkey-testbed-")
            .tempdir()
            .map_err(TestbedError::io("create a temporary folder"))?;
        let persistence = folder.path().join("state");
        let database = database::copy(&template.persistence, &persistence, &options)?;
        let sandbox = match &options.sandbox {
            Some(sandbox) => Some(Served::start(sandbox.clone()).await?),
            None => None,
        };
        let settings = json!({
            "port": 0,
            "buildDir": options.build_dir,
            "persistence": persistence,
            "databaseDelay": millis(options.database_delay),
            "inspected": options.inspected,
            "worker": worker(template, &options, sandbox.as_ref()),
        });
        let client = reqwest::Client::builder().timeout(REQUEST_LIMIT).redirect(reqwest::redirect::Policy::none());
        let client = client.build().map_err(|error| TestbedError::Io {
            what: "make an HTTP client".to_owned(),
            source: std::io::Error::other(error),
        })?;
        let log = Log::default();
        let (url, inspector) = (String::new(), None);
        let mut testbed = Self { workerd: None, sandbox, url, inspector, client, database, settings, log, folder };
        testbed.run().await?;
        Ok(testbed)
    }

    /// Where the Worker answers, without a slash at the end. It stays the same through a restart.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Where V8's inspector of the Worker's isolate takes a WebSocket, since the last start; `None` where the options did not
    /// ask for one. It speaks <https://chromedevtools.github.io/devtools-protocol/v8/>.
    pub fn inspector(&self) -> Option<&str> {
        self.inspector.as_deref()
    }

    /// The sandbox that the Worker takes for the outside world.
    ///
    /// # Panics
    ///
    /// If the options asked for none.
    pub fn sandbox(&self) -> &Sandbox {
        &self.served().sandbox
    }

    /// Where the sandbox answers, without a slash at the end.
    ///
    /// # Panics
    ///
    /// If the options asked for none.
    pub fn sandbox_url(&self) -> &str {
        &self.served().url
    }

    /// An HTTP client that follows no redirect and waits 30 seconds at most.
    pub fn client(&self) -> &reqwest::Client {
        &self.client
    }

    /// Sends a storefront's delivery to the Worker, byte for byte.
    ///
    /// # Errors
    ///
    /// When there is no answer.
    pub async fn deliver(&self, delivery: &Delivery) -> reqwest::Result<reqwest::Response> {
        let url = format!("{}{}", self.url, delivery.path_and_query);
        let request = self.client.post(url).body(delivery.body.clone());
        let request = delivery.headers.iter().fold(request, |request, (name, value)| request.header(name, value));
        request.send().await
    }

    /// Rows of the Worker's database, as committed now. Reads only, whatever the statement says.
    ///
    /// # Panics
    ///
    /// If SQLite refuses the statement.
    pub fn query(&self, sql: &str) -> Vec<Row> {
        match database::query(&self.database, sql) {
            Ok(rows) => rows,
            Err(error) => panic!("{error}\n{sql}"),
        }
    }

    /// The file that D1 keeps the database in, for a test that changes rows while the Worker is down.
    pub fn database_file(&self) -> &std::path::Path {
        &self.database
    }

    /// Makes the cron tick and waits for the Worker to be done with it. Gives the outcome, `ok` when nothing was
    /// thrown.
    ///
    /// # Errors
    ///
    /// When there is no answer.
    pub async fn scheduled(&self) -> reqwest::Result<String> {
        let url = format!("{}/cdn-cgi/local/scheduled?format=json&cron=*+*+*+*+*", self.url);
        let outcome: Value = self.client.get(url).send().await?.json().await?;
        Ok(outcome["outcome"].as_str().unwrap_or_default().to_owned())
    }

    /// The texts of the mails that went out by the binding of `send_email`, in no order. The runtime keeps each in a file, a moment after
    /// it has answered.
    ///
    /// # Errors
    ///
    /// When a file or a folder cannot be read.
    pub fn bound_mails(&self) -> std::io::Result<Vec<String>> {
        let mut folders = vec![self.folder.path().to_owned()];
        let mut texts = Vec::new();
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(&folder)? {
                let entry = entry?;
                if entry.file_type()?.is_dir() {
                    folders.push(entry.path());
                } else if folder.ends_with("email-text") {
                    texts.push(fs::read_to_string(entry.path())?);
                }
            }
        }
        Ok(texts)
    }

    /// Everything that the Worker and the runtime have written so far.
    pub fn logs(&self) -> Vec<LogLine> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The lines that tell of an instance that broke: a panic, a request that hung, a start from nothing after either.
    pub fn broken_lines(&self) -> Vec<String> {
        const SIGNS: [&str; 5] = ["Reinitializing", "panicked", "unreachable", "code had hung", "Uncaught"];
        let lines = self.log.lock().unwrap_or_else(PoisonError::into_inner);
        let broken = lines.iter().filter(|line| SIGNS.iter().any(|sign| line.text.contains(sign)));
        broken.map(|line| line.text.clone()).collect()
    }

    /// The id of the process group that the runtime runs in; `None` after [`Testbed::kill_hard`].
    pub fn process_group(&self) -> Option<i32> {
        self.workerd.as_ref().map(Workerd::id)
    }

    /// Kills the runtime with SIGKILL, in the middle of whatever it does. The database stays as it is at that moment.
    pub async fn kill_hard(&mut self) {
        if let Some(mut workerd) = self.workerd.take() {
            workerd.kill().await;
        }
    }

    /// Starts the runtime again, on the same database and at the same address. Kills it first if it runs.
    ///
    /// # Panics
    ///
    /// If it does not start.
    pub async fn restart(&mut self) {
        self.kill_hard().await;
        if let Err(error) = self.run().await {
            panic!("{error}");
        }
    }

    /// How much later than it could the database answers each call, from the next restart on.
    pub fn slow_database(&mut self, delay: Duration) {
        self.settings["databaseDelay"] = millis(delay);
    }

    async fn run(&mut self) -> Result<(), TestbedError> {
        let file = self.folder.path().join("settings.json");
        fs::write(&file, self.settings.to_string()).map_err(TestbedError::io("write the runtime's settings"))?;
        let (workerd, Addresses { url, inspector }) = Workerd::start(&file, self.folder.path(), &self.log).await?;
        // From now on the port is ours: a client that retries through a restart must find the Worker again.
        if let Some(port) = url.rsplit(':').next().and_then(|port| port.parse::<u16>().ok()) {
            self.settings["port"] = port.into();
        }
        self.workerd = Some(workerd);
        self.url = url;
        self.inspector = inspector;
        Ok(())
    }

    fn served(&self) -> &Served {
        match &self.sandbox {
            Some(served) => served,
            None => panic!("this test bed was started without a sandbox"),
        }
    }
}

impl Served {
    async fn start(options: latchkey_sandbox::Options) -> Result<Self, TestbedError> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.map_err(TestbedError::Sandbox)?;
        let url = format!("http://{}", listener.local_addr().map_err(TestbedError::Sandbox)?);
        let sandbox = Sandbox::new(options);
        let serving = sandbox.clone();
        let task = tokio::spawn(async move {
            if let Err(error) = serving.serve(listener).await {
                eprintln!("the sandbox stopped: {error}");
            }
        });
        Ok(Self { sandbox, url, task })
    }

    /// The variables and secrets with which the Worker takes this sandbox for the outside world.
    fn vars(&self) -> Vec<(String, String)> {
        let options = self.sandbox.options();
        let vars = [
            ("GITHUB_TOKEN", options.github_token.clone()),
            ("GITHUB_WEBHOOK_SECRET", options.github_webhook_secret.clone()),
            ("GUMROAD_WEBHOOK_SECRET", options.gumroad_secret.clone()),
            ("GUMROAD_ACCESS_TOKEN", options.gumroad_access_token.clone()),
            ("LEMON_SQUEEZY_WEBHOOK_SECRET", options.lemon_squeezy_webhook_secret.clone()),
            ("LEMON_SQUEEZY_API_KEY", options.lemon_squeezy_api_key.clone()),
            ("LEMON_SQUEEZY_STORE_ID", options.lemon_squeezy_store_id.to_string()),
            ("POSTMARK_TOKEN", options.postmark_token.clone()),
            ("POSTMARK_WEBHOOK_SECRET", options.postmark_webhook_secret.clone()),
            ("EMAIL_FROM", "Acme <licenses@example.com>".to_owned()),
            ("PORTAL_URL", "https://portal.example.com/".to_owned()),
        ];
        let address =
            |service: Service| Some((service.api_url_setting()?, format!("{}/{}", self.url, service.prefix())));
        let addresses = Service::ALL.into_iter().filter_map(address);
        let web = ("GITHUB_WEB_URL", format!("{}/{}", self.url, Service::GitHub.prefix()));
        vars.into_iter().chain(addresses).chain([web]).map(|(name, value)| (name.to_owned(), value)).collect()
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl std::fmt::Debug for Served {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Served").field("url", &self.url).finish_non_exhaustive()
    }
}

/// As the program that drives the runtime takes a time.
fn millis(time: Duration) -> Value {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX).into()
}

/// What the Worker is bound to: `wrangler.toml`, then the sandbox, then the options, less what they take away.
fn worker(template: &Template, options: &TestbedOptions, sandbox: Option<&Served>) -> Value {
    let mut worker = template.worker.clone();
    let from_sandbox = sandbox.map(Served::vars).unwrap_or_default();
    let vars: BTreeMap<_, _> = from_sandbox.iter().chain(&options.vars).map(|(name, value)| (name, value)).collect();
    for (name, value) in vars {
        worker["bindings"][name] = value.as_str().into();
    }
    if let Some(name) = &options.send_email {
        worker["email"] = json!({ "send_email": [{ "name": name }] });
    }
    // Bindings are kept by kind, then by name.
    for bindings in worker.as_object_mut().into_iter().flat_map(|kinds| kinds.values_mut()) {
        if let Some(bindings) = bindings.as_object_mut() {
            bindings.retain(|name, _| !options.unset.contains(name));
        }
    }
    worker
}
