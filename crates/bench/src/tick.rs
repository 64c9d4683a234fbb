//! How much CPU time a tick takes that has as much to do as it takes on: an invocation on the Free plan may use ten milliseconds.
//! <https://developers.cloudflare.com/workers/platform/limits/#cpu-time>
//!
//! More of every kind is due than a tick takes: deliveries, mails, alerts, and removals of accounts whose invitation stands on a full
//! page of its repository's; and a storefront's list is to be read. What is counted is the time of the Worker's isolate, from V8's
//! profile of it, and beside it the CPU time of the whole runtime, in which the database runs as well.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use latchkey_sandbox::{AccountKind, GumroadSale};
use latchkey_testbed::Testbed;
use rusqlite::{Connection, params};

use crate::Extent;
use crate::contender::{self, PRODUCTS, inspected, product_id, repos};
use crate::profile::{INTERVAL, Profile, Profiling};

/// Invitations to each repository from which somebody is removed: more than a page.
const LISTED: usize = 110;

/// Rows of each kind for each tick that is counted: more than it takes.
const ROWS_A_TICK: usize = 8;

/// What one tick of the operating system's clock for CPU time is.
const CLOCK_TICK: Duration = Duration::from_millis(10);

pub(crate) async fn measure(build: &Path, extent: Extent) {
    let ticks = extent.of(10, 40);
    println!(
        "\nCPU time of the runtime for a tick, over {ticks} ticks each. Target: less than 10 ms for the Worker's part."
    );
    let mut bed = inspected(build, &[("OPERATOR_EMAIL", "seller@example.com"), ("WORKERS_PLAN", "free")]).await;
    // Ticks are counted twice.
    let removed = ROWS_A_TICK * (2 * ticks + 2);
    fill_lists(&bed, removed);
    // Nothing is due; and the list was read a moment ago.
    run(&bed, 3).await;
    let idle = counted(&bed, ticks).await;
    let sales: Vec<_> = (0..removed)
        .map(|sale| {
            let sale = GumroadSale { product_id: Some(product_id(sale % PRODUCTS)), ..GumroadSale::default() };
            bed.sandbox().sell_on_gumroad(sale).body
        })
        .collect();
    bed.kill_hard().await;
    make_due(bed.database_file(), &sales, removed);
    bed.restart().await;
    run(&bed, 2).await;
    let before = done(&bed);
    let full = counted(&bed, ticks).await;
    let each = |figure: usize| figure as f64 / (2 * ticks) as f64;
    let took: Vec<_> =
        done(&bed).into_iter().zip(before).map(|((kind, now), (_, before))| (kind, each(now - before))).collect();
    println!("\n{:<42} {:>13} {:>17}", "milliseconds a tick", "nothing to do", "everything is due");
    let line = |what: &str, of: &dyn Fn(&Counted) -> Duration| {
        let [idle, full] = [&idle, &full].map(|counted| of(counted).as_secs_f64() * 1_000.0 / ticks as f64);
        println!("{what:<42} {idle:>13.2} {full:>17.2}");
    };
    line("the Worker's code", &|counted| counted.profile.code);
    line("its garbage collection", &|counted| counted.profile.garbage_collection);
    line("the runtime on its behalf", &|counted| counted.profile.runtime);
    line("the Worker in all", &|counted| counted.profile.all());
    line("every thread, with the database and D1", &|counted| counted.runtime);
    let interval = INTERVAL.as_micros();
    println!(
        "The Worker's figures are of samples, one every {interval} microseconds, and this is not Cloudflare's machine."
    );
    let took: String = took.iter().fold(String::new(), |mut text, (kind, count)| {
        // Writing to a string cannot fail.
        let _ = write!(text, " {count:.1} {kind}");
        text
    });
    println!("A tick took on:{took}; a page of invitations has {} KB", page_bytes(&bed).await / 1_000);
    bed.sandbox().take_calls();
    bed.sandbox().take_mails();
    assert_eq!(bed.broken_lines(), Vec::<String>::new());
}

/// What so many ticks took.
struct Counted {
    profile: Profile,
    /// CPU time of all of workerd.
    runtime: Duration,
}

/// Has cron tick so often, first under V8's profiler and then without it, which costs time of its own.
async fn counted(bed: &Testbed, ticks: usize) -> Counted {
    let profiling = Profiling::start(bed).await;
    run(bed, ticks).await;
    let profile = profiling.stop().await;
    Counted { profile, runtime: run(bed, ticks).await }
}

/// Has cron tick so often, and gives the CPU time that the runtime took for it.
async fn run(bed: &Testbed, ticks: usize) -> Duration {
    let before = cpu_time(bed);
    for _ in 0..ticks {
        let outcome = bed.scheduled().await.expect("an answer");
        assert_eq!(outcome, "ok", "the log: {:#?}", bed.logs());
    }
    cpu_time(bed) - before
}

/// The CPU time that every workerd of the test bed has taken so far.
fn cpu_time(bed: &Testbed) -> Duration {
    let group = bed.process_group().expect("the runtime runs").to_string();
    let mut ticks = 0;
    for entry in fs::read_dir("/proc").expect("Linux tells of its processes").flatten() {
        let Ok(stat) = fs::read_to_string(entry.path().join("stat")) else { continue };
        // The name, which is in brackets, may hold spaces; then come state, parent and group, and 11 later the two times.
        let Some((name, rest)) = stat.rsplit_once(')') else { continue };
        let fields: Vec<_> = rest.split_whitespace().collect();
        if name.contains("workerd") && fields.get(2) == Some(&group.as_str()) {
            ticks += fields[11..13].iter().filter_map(|time| time.parse::<u32>().ok()).sum::<u32>();
        }
    }
    CLOCK_TICK * ticks
}

fn repo(place: usize) -> String {
    let [repo, _] = repos(place % PRODUCTS);
    repo
}

fn login(place: usize) -> String {
    format!("removed-{place}")
}

/// Invites those who are to be removed, each behind others that fill a page.
fn fill_lists(bed: &Testbed, removed: usize) {
    let sandbox = bed.sandbox();
    for place in 0..LISTED {
        let login = format!("other-{place}");
        sandbox.add_user(&login, AccountKind::User);
        (0..PRODUCTS).for_each(|product| sandbox.add_invitation(&login, &repo(product)));
    }
    for place in 0..removed {
        sandbox.add_user(&login(place), AccountKind::User);
        sandbox.add_invitation(&login(place), &repo(place));
    }
}

/// Makes everything due at once.
fn make_due(file: &Path, sales: &[Vec<u8>], removed: usize) {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("it is later than 1970");
    let now = i64::try_from(now.as_millis()).expect("a time");
    let mut connection = Connection::open(file).expect("the database");
    let transaction = connection.transaction().expect("nobody else is at it");
    let run = |sql: &str, params: &[&dyn rusqlite::ToSql]| {
        transaction.execute(sql, params).unwrap_or_else(|error| panic!("{error}: {sql}"));
    };
    run("UPDATE reconciliations SET due_at = 0", &[]);
    for (place, sale) in sales.iter().enumerate() {
        let (id, body) = (format!("bench-{place:06}"), String::from_utf8_lossy(sale));
        run(
            "INSERT INTO webhook_events (id, source, payload, received_at, next_attempt_at, trace_id)
             VALUES (?1, 'gumroad', ?2, ?3, ?3, '01KE0000000000000000000000')",
            params![id, body, now],
        );
    }
    let license = |key: &str, status: &str, product: usize| {
        run(
            "INSERT INTO licenses (license_key, source, order_id, product_id, tier, email, name, status, test, issued_at)
             VALUES (?1, 'gumroad', ?1, ?2, 'pro', 'buyer@example.com', 'Ada', ?3, 0, ?4)",
            params![key, product_id(product % PRODUCTS), status, now],
        );
    };
    let due = |kind: &str, subject: &str| {
        run(
            "INSERT INTO outbox (kind, subject, state, next_attempt_at, trace_id, created_at)
             VALUES (?1, ?2, 'due', ?3, '01KE0000000000000000000000', ?3)",
            params![kind, subject, now],
        );
    };
    for place in 0..removed {
        let mailed = format!("LK-MAILED-{place:06}");
        license(&mailed, "active", place);
        due("license_mail", &mailed);
        let alert = format!("bench-{place}");
        run(
            "INSERT INTO alerts (id, cause, detail, nth, created_at) VALUES (?1, ?1, 'Something is to be looked at.', 1, ?2)",
            params![alert, now],
        );
        due("alert_mail", &alert);
        let (key, repo) = (format!("LK-REMOVED-{place:06}"), repo(place));
        // The sandbox counts accounts from here on, and the others were added first.
        let id = 1_000_000 + i64::try_from(LISTED + place).expect("a number");
        license(&key, "revoked", place);
        run(
            "INSERT INTO license_activations (license_key, github_username, github_user_id, repos, activated_at, trace_id)
             VALUES (?1, ?2, ?3, json_array(?4), ?5, 'none')",
            params![key, login(place), id, repo, now],
        );
        run("INSERT INTO entitlements (license_key, repo, permission) VALUES (?1, ?2, 'pull')", params![key, repo]);
        let grant = format!("{id}:{repo}");
        run(
            "INSERT INTO grants (id, github_user_id, github_username, repo, state, since_at, history)
             VALUES (?1, ?2, ?3, ?4, 'revoking', ?5, json_array(json_object('at', ?5, 'state', 'revoking', 'cause', 'not_entitled')))",
            params![grant, id, login(place), repo, now],
        );
        due("grant", &grant);
    }
    transaction.commit().expect("it is written");
}

/// What is done by now, of each kind.
fn done(bed: &Testbed) -> Vec<(&'static str, usize)> {
    let count = |sql: &str| {
        let rows = bed.query(sql);
        rows[0]["n"].as_u64().and_then(|count| usize::try_from(count).ok()).unwrap_or_default()
    };
    vec![
        ("deliveries", count("SELECT count(*) AS n FROM webhook_events WHERE processed = 1")),
        ("mails", count("SELECT count(*) AS n FROM outbox WHERE kind = 'license_mail' AND state = 'done'")),
        ("alerts", count("SELECT count(*) AS n FROM outbox WHERE kind = 'alert_mail' AND state = 'done'")),
        ("removals", count("SELECT count(*) AS n FROM outbox WHERE kind = 'grant' AND outcome = 'removed'")),
    ]
}

/// How large a full page is.
async fn page_bytes(bed: &Testbed) -> usize {
    let page = format!("{}/github/repos/{}/invitations?per_page=100", bed.sandbox_url(), repo(0));
    let request = bed.client().get(page).bearer_auth(latchkey_sandbox::GITHUB_TOKEN);
    let request = request.header("user-agent", "bench").header("accept", "application/vnd.github+json");
    contender::answer(request.header("x-github-api-version", "2022-11-28")).await.1.len()
}
