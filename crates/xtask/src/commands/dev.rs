//! `cargo xtask dev`: the Worker and the sandbox on this machine, until Ctrl-C. What is printed at the end is in
//! `hints`, where buyers find it in `portal`, loading `products.toml` in `catalogue`; building is `build`'s.

mod catalogue;
mod hints;
mod portal;

use std::io::Write;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, bail};
use latchkey::model::Product;
use latchkey_sandbox::{Sandbox, Service};
use latchkey_testbed::process::ProcessGroup;
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::{Instant, MissedTickBehavior};

use super::build;
use crate::project::Project;
use crate::settings::{self, Vars};
use crate::{stand_in, tools, wrangler};

/// How long the Worker may take to answer. It takes seconds; a loaded machine takes longer.
const START_LIMIT: Duration = Duration::from_secs(120);

/// How long wrangler may take to end when asked, before it is killed.
const STOP_LIMIT: Duration = Duration::from_secs(5);

/// How often the cron ticks, as in `wrangler.toml`. `wrangler dev` does not tick by itself.
const CRON_PERIOD: Duration = Duration::from_secs(60);

/// Build and run everything on this machine: the Worker, its database, and stand-ins for all services it talks to.
///
/// Needs no account and no secret. The Worker is built again when its source changes. Ctrl-C ends everything.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Where the Worker listens.
    #[arg(long, default_value_t = 8787)]
    port: u16,
    /// Where the sandbox listens: its page, and the services' APIs.
    #[arg(long, default_value_t = 8788)]
    sandbox_port: u16,
}

pub(crate) fn run(project: &Project, args: &Args) -> anyhow::Result<ExitCode> {
    // First, because everything after it takes a while.
    check_free(args.port, "--port")?;
    check_free(args.sandbox_port, "--sandbox-port")?;

    tools::ensure(project)?;
    build::worker(project, &project.path("build"))?;
    if settings::create_dev_vars(project)? {
        println!("created .dev.vars with the sandbox's secrets");
    }
    wrangler::migrate(project)?;

    let vars = Vars::read(project)?;
    let products = settings::products(project)?;
    let runtime = tokio::runtime::Runtime::new().context("cannot start the runtime of this command")?;
    let code = runtime.block_on(serve(project, args, &vars, &products));
    // The sandbox may be in the middle of an answer that nobody waits for any more.
    runtime.shutdown_timeout(Duration::from_secs(1));
    code
}

/// Starts the sandbox and the Worker, and waits for one of them or the developer to end it.
async fn serve(project: &Project, args: &Args, vars: &Vars, products: &[Product]) -> anyhow::Result<ExitCode> {
    // Asked for before anything is started, so that none of it can outlive us.
    let mut interrupted = signal(SignalKind::interrupt()).context("cannot listen for Ctrl-C")?;
    let mut terminated = signal(SignalKind::terminate()).context("cannot listen for SIGTERM")?;
    let mut hung_up = signal(SignalKind::hangup()).context("cannot listen for SIGHUP")?;

    let worker_url = format!("http://localhost:{}", args.port);
    let sandbox_url = format!("http://localhost:{}", args.sandbox_port);
    let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, args.sandbox_port));
    let listener = listener.await.with_context(|| busy(args.sandbox_port, "--sandbox-port"))?;
    let sandbox = Sandbox::new(stand_in::options(products, vars, Some(worker_url.clone())));
    let sandbox_runs = sandbox.serve(listener);
    tokio::pin!(sandbox_runs);

    let mut worker =
        ProcessGroup::spawn(&mut wrangler_dev(project, args, vars).into()).context("cannot start wrangler")?;
    let announce = announce(project, &worker_url, &sandbox_url, vars, products);
    tokio::pin!(announce);
    let mut announced = false;

    let outcome = loop {
        tokio::select! {
            result = &mut announce, if !announced => match result {
                Ok(()) => announced = true,
                Err(error) => break Err(error),
            },
            () = tick_forever(&worker_url), if announced => {}
            status = worker.wait() => {
                let status = status.context("cannot wait for wrangler")?;
                eprintln!("\nthe Worker ended ({status})");
                let code = status.code().and_then(|code| u8::try_from(code).ok()).filter(|code| *code != 0);
                break Ok(ExitCode::from(code.unwrap_or(1)));
            },
            result = &mut sandbox_runs => break Err(match result {
                Ok(()) => anyhow::anyhow!("the sandbox ended"),
                Err(error) => anyhow::Error::new(error).context("the sandbox ended"),
            }),
            _ = interrupted.recv() => break Ok(ExitCode::SUCCESS),
            _ = terminated.recv() => break Ok(ExitCode::SUCCESS),
            // The terminal was closed.
            _ = hung_up.recv() => break Ok(ExitCode::SUCCESS),
        }
    };
    // Not `println!`, which panics when there is no terminal any more.
    let _ = writeln!(std::io::stdout(), "\nstopping");
    worker.stop(STOP_LIMIT).await;
    outcome
}

/// `wrangler dev` with the sandbox for the outside world. It runs `[build]` of `wrangler.toml` itself, now, which finds
/// everything built, and whenever a source file changes.
fn wrangler_dev(project: &Project, args: &Args, vars: &Vars) -> std::process::Command {
    let mut wrangler = wrangler::command(project);
    wrangler.args(["dev", "--local", "--ip", "127.0.0.1", "--inspector-port", "0"]);
    wrangler.args(["--show-interactive-dev-session=false", "--port", &args.port.to_string()]);
    // An address and not a name: the Worker's runtime might look up the IPv6 one of `localhost` first.
    let sandbox = format!("http://127.0.0.1:{}", args.sandbox_port);
    let services = Service::ALL.into_iter().filter_map(|service| Some((service.api_url_setting()?, service.prefix())));
    for (name, prefix) in services.chain([("GITHUB_WEB_URL", Service::GitHub.prefix())]) {
        wrangler.args(["--var", &format!("{name}:{sandbox}/{prefix}")]);
    }
    let worker_url = format!("http://localhost:{}", args.port);
    wrangler.args(["--var", &format!("PUBLIC_URL:{}", portal::public_url(vars, &worker_url))]);
    wrangler
}

/// Waits until the Worker answers, gives it the catalogue, and says what there is to try.
async fn announce(
    project: &Project,
    worker_url: &str,
    sandbox_url: &str,
    vars: &Vars,
    products: &[Product],
) -> anyhow::Result<()> {
    let health = format!("{worker_url}/healthz");
    let client = reqwest::Client::new();
    let deadline = Instant::now() + START_LIMIT;
    // Any answer will do: a Worker that reports a problem is there, and says more than we could.
    while client.get(&health).send().await.is_err() {
        if Instant::now() > deadline {
            bail!("the Worker did not answer on {health} within {} s", START_LIMIT.as_secs());
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    match vars.get("ADMIN_TOKEN") {
        Some(token) => {
            let text = std::fs::read_to_string(project.path(settings::PRODUCTS));
            let text = text.with_context(|| format!("cannot read {}", settings::PRODUCTS))?;
            println!("{}", catalogue::push(&client, worker_url, &token, text).await?);
        }
        None => println!("{} is not loaded: .dev.vars has no ADMIN_TOKEN", settings::PRODUCTS),
    }
    println!("{}", hints::text(worker_url, sandbox_url, vars, products));
    Ok(())
}

/// Makes the cron tick, as Cloudflare would.
async fn tick_forever(worker_url: &str) {
    let url = format!("{worker_url}/cdn-cgi/local/scheduled?cron=*+*+*+*+*");
    let client = reqwest::Client::new();
    let mut ticks = tokio::time::interval(CRON_PERIOD);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        // What goes wrong in a tick is in the Worker's log. While it is being built again it may not answer at all.
        let _answer = client.get(&url).send().await;
    }
}

/// Fails when somebody listens on the port, on either address that `localhost` stands for.
fn check_free(port: u16, option: &str) -> anyhow::Result<()> {
    let addresses = [SocketAddr::from((Ipv4Addr::LOCALHOST, port)), SocketAddr::from((Ipv6Addr::LOCALHOST, port))];
    for address in addresses {
        match TcpListener::bind(address) {
            Err(error) if error.kind() == std::io::ErrorKind::AddrInUse => {
                bail!(busy(port, option))
            }
            // A machine without IPv6 is fine.
            Ok(_) | Err(_) => {}
        }
    }
    Ok(())
}

fn busy(port: u16, option: &str) -> String {
    format!("port {port} is in use by another program: end that, or choose another port with `{option}`")
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::check_free;

    #[test]
    fn a_busy_port_is_named_together_with_the_option_that_changes_it() {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
        let port = listener.local_addr().expect("an address").port();
        let error = check_free(port, "--port").expect_err("is in use").to_string();
        assert!(error.contains(&format!("port {port} is in use")) && error.contains("`--port`"), "{error}");
        drop(listener);
        check_free(port, "--port").expect("is free again");
    }
}
