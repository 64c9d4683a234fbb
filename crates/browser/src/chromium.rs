//! Chromium from the system, driven by its own driver, so that their versions agree.

use std::cell::Cell;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use fantoccini::wd::{Capabilities, WebDriverCompatibleCommand};
use fantoccini::{Client, ClientBuilder, Locator};
use http::Method;
use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};
use url::{ParseError, Url};

/// How long a state may take to come. A loaded machine takes longer than a fast one.
const PATIENCE: Duration = Duration::from_secs(20);

/// The checks of <https://github.com/dequelabs/axe-core> that are asked for: everything up to WCAG 2.2 AA.
const RULES: &str = "['wcag2a','wcag2aa','wcag21a','wcag21aa','wcag22aa','best-practice']";

/// How a browser looks at pages.
#[derive(Debug, Clone, Copy)]
pub struct Look {
    pub width: u32,
    pub scheme: &'static str,
    pub scripts: bool,
}

/// How much of a page a picture shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extent {
    /// All of it.
    Page,
    /// What fits into the window.
    Window,
}

impl Default for Look {
    fn default() -> Self {
        Self { width: 1280, scheme: "light", scripts: true }
    }
}

/// A browser with a profile of its own. It ends when it is dropped, be it by a panic.
#[derive(Debug)]
pub struct Browser {
    client: Client,
    look: Look,
    /// How often something was pressed, followed or picked.
    clicks: Cell<u32>,
    group: Group,
    _profile: TempDir,
}

/// The driver and all that it has started, which is one group of processes. They end when it is dropped: ending the driver alone would
/// leave Chromium behind.
#[derive(Debug)]
struct Group {
    driver: Child,
    /// The driver's id, which is the group's.
    id: Option<Pid>,
}

impl Drop for Group {
    fn drop(&mut self) {
        if let Some(id) = self.id {
            // Who has ended in the meantime needs no signal.
            let _ = killpg(id, Signal::SIGKILL);
        }
        // It is waited for, which takes no time, so that nothing is left of it either.
        for _ in 0..100 {
            if !matches!(self.driver.try_wait(), Ok(None)) {
                return;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

/// A command of the driver's own.
#[derive(Debug)]
struct Own {
    path: &'static str,
    body: Value,
}

impl WebDriverCompatibleCommand for Own {
    fn endpoint(&self, base: &Url, session: Option<&str>) -> Result<Url, ParseError> {
        base.join(&format!("session/{}/{}", session.unwrap_or_default(), self.path))
    }

    fn method_and_body(&self, _: &Url) -> (Method, Option<String>) {
        (Method::POST, Some(self.body.to_string()))
    }
}

impl Browser {
    /// Starts one.
    ///
    /// # Panics
    /// When Chromium or its driver is not there, or does not start.
    pub async fn start(look: Look) -> Self {
        let driver = Command::new("chromedriver")
            .arg("--port=0")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()
            .expect("chromedriver starts");
        let id = driver.id().and_then(|id| i32::try_from(id).ok()).map(Pid::from_raw);
        let mut group = Group { driver, id };
        let mut lines = BufReader::new(group.driver.stdout.take().expect("its output")).lines();
        let port = loop {
            let line = lines.next_line().await.expect("its output").expect("chromedriver says its port");
            if let Some((_, port)) = line.split_once("started successfully on port ") {
                break port.trim_end_matches('.').to_owned();
            }
        };
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        let profile = TempDir::new().expect("a folder");
        let args = [
            "--headless".to_owned(),
            "--no-sandbox".to_owned(),
            "--disable-gpu".to_owned(),
            "--disable-quic".to_owned(),
            "--no-first-run".to_owned(),
            "--disable-background-networking".to_owned(),
            "--disable-component-update".to_owned(),
            "--disable-sync".to_owned(),
            "--disable-dev-shm-usage".to_owned(),
            "--force-prefers-reduced-motion".to_owned(),
            // Nothing but this machine is to be reached.
            "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1".to_owned(),
            format!("--user-data-dir={}", profile.path().display()),
        ];
        let mut options = json!({ "args": args });
        if !look.scripts {
            options["prefs"] = json!({ "profile.managed_default_content_settings.javascript": 2 });
        }
        let capabilities = json!({ "goog:chromeOptions": options, "goog:loggingPrefs": { "browser": "ALL" } });
        let capabilities: Capabilities = capabilities.as_object().cloned().unwrap_or_default();
        let connector = hyper_util::client::legacy::connect::HttpConnector::new();
        let mut builder = ClientBuilder::new(connector);
        let client = builder.capabilities(capabilities);
        let client = client.connect(&format!("http://127.0.0.1:{port}")).await.expect("a session");
        let browser = Self { client, look, clicks: Cell::new(0), group, _profile: profile };
        let metrics = json!({ "width": look.width, "height": 900, "deviceScaleFactor": 1, "mobile": false });
        browser.cdp("Emulation.setDeviceMetricsOverride", metrics).await;
        let media = json!({ "features": [{ "name": "prefers-color-scheme", "value": look.scheme }] });
        browser.cdp("Emulation.setEmulatedMedia", media).await;
        browser
    }

    async fn cdp(&self, command: &str, params: Value) {
        let body = json!({ "cmd": command, "params": params });
        self.client.issue_cmd(Own { path: "goog/cdp/execute", body }).await.expect("a command of Chromium's");
    }

    /// Has scripts of the pages that are opened from now on know no other time than this, in milliseconds.
    ///
    /// # Panics
    /// When Chromium does not take that.
    pub async fn stops_the_clock(&self, at: i64) {
        let source = json!({ "source": format!("Date.now = () => {at}") });
        self.cdp("Page.addScriptToEvaluateOnNewDocument", source).await;
    }

    /// The ids of the processes of the driver and of Chromium.
    ///
    /// # Panics
    /// When they do not tell.
    pub fn processes(&self) -> [i64; 2] {
        let chromium = self.client.capabilities().and_then(|told| told.get("goog:processID")).and_then(Value::as_i64);
        [self.group.id.map(|id| id.as_raw().into()), chromium].map(|id| id.expect("an id"))
    }

    /// Opens an address.
    ///
    /// # Panics
    /// When it does not open; so do the others when what they are about does not come.
    pub async fn open(&self, url: &str) {
        self.client.goto(url).await.expect("a page");
    }

    /// Waits until the page says something.
    pub async fn sees(&self, words: &str) {
        let deadline = tokio::time::Instant::now() + PATIENCE;
        let mut text = String::new();
        while tokio::time::Instant::now() < deadline {
            if let Ok(body) = self.client.find(Locator::Css("body")).await {
                text = body.text().await.unwrap_or_default();
                if text.contains(words) {
                    return;
                }
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("`{words}` is not on the page:\n{text}");
    }

    /// How often something was pressed, followed or picked so far.
    pub const fn clicks(&self) -> u32 {
        self.clicks.get()
    }

    /// Presses the button or follows the link of these words.
    pub async fn press(&self, words: &str) {
        self.clicks.set(self.clicks.get() + 1);
        let path = format!("//*[self::button or self::a or self::summary][contains(normalize-space(.), \"{words}\")]");
        let wait = self.client.wait().at_most(PATIENCE);
        let found = wait.for_element(Locator::XPath(&path)).await.unwrap_or_else(|_| panic!("no button `{words}`"));
        found.click().await.unwrap_or_else(|error| panic!("`{words}` cannot be pressed: {error}"));
    }

    /// Types into the field of this name.
    pub async fn types(&self, name: &str, text: &str) {
        let css = format!("[name=\"{name}\"]:not([type=hidden])");
        let field = self.client.wait().at_most(PATIENCE).for_element(Locator::Css(&css)).await.expect("a field");
        field.clear().await.expect("a field that can be cleared");
        field.send_keys(text).await.expect("a field that can be typed into");
    }

    /// Picks an option.
    pub async fn picks(&self, value: &str) {
        self.clicks.set(self.clicks.get() + 1);
        let css = format!("input[value=\"{value}\"]:not([type=hidden])");
        self.client.find(Locator::Css(&css)).await.expect("an option").click().await.expect("it can be picked");
    }

    /// Sends the form that has the button of these words, though the browser would complain of what is in it: so does one that knows no
    /// such complaints.
    pub async fn presses_unchecked(&self, words: &str) {
        let script = "for (const form of document.forms) form.noValidate = true";
        self.client.execute(script, Vec::new()).await.expect("a script of the driver's");
        self.press(words).await;
    }

    /// The address of the first link whose address begins so.
    pub async fn link(&self, begins: &str) -> String {
        let css = format!("main a[href^=\"{begins}\"]");
        let link = self.client.wait().at_most(PATIENCE).for_element(Locator::Css(&css)).await;
        let link = link.unwrap_or_else(|_| panic!("no link to {begins}"));
        link.attr("href").await.expect("a link").expect("an address")
    }

    /// Where the browser is.
    pub async fn address(&self) -> String {
        self.client.current_url().await.expect("an address").to_string()
    }

    /// What an expression of JavaScript gives.
    pub async fn value(&self, expression: &str) -> Value {
        self.client.execute(&format!("return {expression}"), Vec::new()).await.expect("a value")
    }

    /// What a script gives to its last argument, which is called back.
    pub async fn answer(&self, script: &str) -> Value {
        self.client.execute_async(script, Vec::new()).await.expect("an answer")
    }

    /// Loads the page again.
    pub async fn reload(&self) {
        self.client.refresh().await.expect("a page");
    }

    /// Looks the page through: nothing that axe finds, nothing wider than the window, no error in the console. A picture of it is
    /// kept under this name.
    pub async fn looks_right(&self, name: &str) {
        self.looks_right_but_for(name, None).await;
    }

    /// The same of a page that is answered with this status, which browsers say in the console.
    pub async fn looks_right_refused(&self, name: &str, status: u16) {
        self.looks_right_but_for(name, Some(status)).await;
    }

    async fn looks_right_but_for(&self, name: &str, status: Option<u16>) {
        self.keep_picture(name).await;
        let overflow = self.value("document.documentElement.scrollWidth - document.documentElement.clientWidth").await;
        assert_eq!(overflow, json!(0), "{name} is wider than {} px", self.look.width);
        if self.look.scripts {
            self.has_nothing_that_axe_finds(name).await;
        }
        self.has_no_errors_but_for(name, status).await;
    }

    /// What axe does is done by the page's own scripts' timers, so it takes scripts.
    async fn has_nothing_that_axe_finds(&self, name: &str) {
        // Evaluating is not held to the page's policy of scripts, which a tag is.
        let axe = std::fs::read_to_string(project().join("node_modules/axe-core/axe.min.js"));
        let axe = axe.expect("axe-core is there: `cargo xtask test --only tools` installs it");
        self.client.execute(&axe, Vec::new()).await.expect("axe");
        let run = format!(
            "const done = arguments[arguments.length - 1];
             axe.run({{ runOnly: {RULES} }}).then((found) => done(found.violations.map((one) =>
               `${{one.id}}: ${{one.help}} ${{one.nodes.map((node) => node.html + ' ' + node.failureSummary).join(' | ')}}`)))
              .catch((error) => done([String(error)]));"
        );
        let found = self.client.execute_async(&run, Vec::new()).await.expect("what axe found");
        assert_eq!(found, json!([]), "{name}");
    }

    /// Whether the console is silent, but for the one line that says with which status this very page was answered.
    async fn has_no_errors_but_for(&self, name: &str, status: Option<u16>) {
        let address = self.address().await;
        let of_the_page = |line: &Value| {
            let told = line["message"].as_str().unwrap_or_default();
            let of_status = |status| told.contains(&format!("responded with a status of {status} "));
            status.is_some_and(of_status) && told.split(' ').next() == address.split('#').next()
        };
        let log = self.client.issue_cmd(Own { path: "se/log", body: json!({ "type": "browser" }) }).await;
        let log = log.expect("the console");
        let said = log.as_array().into_iter().flatten().filter(|line| line["level"] != "DEBUG");
        let (expected, said): (Vec<_>, Vec<_>) = said.partition(|line| of_the_page(line));
        assert!(status.is_none() || !expected.is_empty(), "{name} was not answered with {status:?}");
        assert!(said.is_empty(), "{name}: the console says {said:#?}");
    }

    async fn keep_picture(&self, name: &str) {
        let folder = project().join("target/screenshots");
        std::fs::create_dir_all(&folder).expect("a folder");
        let Look { width, scheme, scripts } = self.look;
        let scripts = if scripts { "" } else { "-noscript" };
        let file = folder.join(format!("{name}-{width}-{scheme}{scripts}.png"));
        std::fs::write(file, self.picture(Extent::Page).await).expect("a picture can be kept");
    }

    /// What is there as a PNG.
    pub async fn picture(&self, extent: Extent) -> Vec<u8> {
        let beyond = extent == Extent::Page;
        if !beyond {
            self.cdp("Emulation.setScrollbarsHidden", json!({ "hidden": true })).await;
        }
        let body =
            json!({ "cmd": "Page.captureScreenshot", "params": { "captureBeyondViewport": beyond, "format": "png" } });
        let picture = self.client.issue_cmd(Own { path: "goog/cdp/execute", body }).await.expect("a picture");
        base64(picture["data"].as_str().unwrap_or_default())
    }

    /// Ends the browser.
    pub async fn close(self) {
        self.client.close().await.expect("it ends");
    }
}

fn base64(text: &str) -> Vec<u8> {
    use base64::Engine as _;
    base64::prelude::BASE64_STANDARD.decode(text).expect("base64")
}

fn project() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..")
}
