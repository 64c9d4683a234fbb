//! The invitations that GitHub allows a repository in 24 hours: each is reserved before it is sent.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

use futures_util::future::join_all;
use latchkey::model::{LicenseKey, MINTED_KEY_RANDOM_BYTES};
use latchkey::platform::Platform;
use latchkey::platform::host::{Call, Fate};
use latchkey_sandbox::{AccountKind, Fault, FaultKind, GumroadSale, Service};
use serde_json::{Value, json};

use crate::shop::{NOW, Shop, catalogue_of, run};

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(60 * 60);
pub(crate) const DAY_MS: i64 = 24 * 60 * 60 * 1000;

/// How long a reservation counts: a day, and as long as a lease lasts.
pub(crate) const RESERVED_MS: i64 = DAY_MS + 60_000;

/// A shop of products that open one repository each.
pub(crate) fn shop_of(repos: &[&str]) -> Shop {
    shop_with(&[], repos)
}

/// The same with some settings changed.
fn shop_with(changes: &[(&str, &str)], repos: &[&str]) -> Shop {
    let shop = Shop::open_with(changes);
    let entry = |repo: &&str| {
        shop.sandbox.add_repo(repo, AccountKind::Organization);
        format!("[[gumroad]]\nproduct_id = '{repo}'\nname = 'Kit'\ntier = 'core'\nrepos = ['{repo}']\n")
    };
    let entries: String = repos.iter().map(entry).collect();
    shop.stock(&catalogue_of(&entries));
    shop
}

/// A sale of a product.
pub(crate) fn of_product(product: &str) -> GumroadSale {
    GumroadSale { product_id: Some(product.to_owned()), ..GumroadSale::default() }
}

/// Sells a product to somebody new and gives the key with the login.
pub(crate) async fn sell(shop: &Shop, product: &str, buyer: usize) -> (String, String) {
    assert_eq!(shop.deliver(&shop.sandbox.sell_on_gumroad(of_product(product))).await.status, 200);
    let login = format!("buyer-{buyer}");
    shop.sandbox.add_user(&login, AccountKind::User);
    (shop.take_key(), login)
}

/// What a new buyer of a product is told of its one repository.
pub(crate) async fn buy(shop: &Shop, product: &str, buyer: usize) -> String {
    let (key, login) = sell(shop, product, buyer).await;
    let answer = shop.activate(&key, &login).await;
    answer.body["repos"][0]["status"].as_str().unwrap().to_owned()
}

/// The row of the grant that was enqueued last.
fn last(shop: &Shop) -> Value {
    shop.record("outbox", "id = (SELECT max(id) FROM outbox WHERE kind = 'grant')")
}

/// The grants that wait for a reservation.
const WAITING: &str = "grants g WHERE state = 'waiting' AND NOT EXISTS (
    SELECT 1 FROM invitation_reservations r WHERE r.grant_id = g.id)";

#[test]
fn the_forty_sixth_invitation_waits_until_a_day_after_another() {
    run(async {
        let shop = shop_of(&["acme/kit", "acme/kit-pro"]);
        for buyer in 0..45 {
            assert_eq!(buy(&shop, "acme/kit", buyer).await, "invited");
            shop.advance(Duration::from_secs(60));
        }
        assert_eq!(buy(&shop, "acme/kit", 45).await, "queued");
        let row = last(&shop);
        assert_eq!((&row["state"], &row["attempts"]), (&json!("due"), &json!(0)));
        // Nine of a day's are left to those that are made anew, so this is the day after the tenth.
        let until = NOW.as_millis() + 9 * 60_000 + RESERVED_MS;
        assert_eq!((row["next_attempt_at"].as_i64().unwrap(), shop.count(WAITING)), (until, 1));
        let grant = shop.record("grants", "state = 'waiting'");
        assert_eq!((&grant["id"], &grant["until_at"]), (&row["subject"], &json!(until)));
        assert!(row["last_error"].as_str().unwrap().contains("50 invitations in 24 hours"), "{row}");
        assert_eq!(buy(&shop, "acme/kit-pro", 46).await, "invited", "another repository is counted by itself");
        let waits = u64::try_from(until - shop.host.now().as_millis()).unwrap();
        assert_eq!(shop.tick_after(Duration::from_millis(waits - 1)).await.rows, 0);
        assert_eq!(shop.tick_after(Duration::from_millis(1)).await.rows, 1);
        assert_eq!(shop.count("outbox WHERE kind = 'grant' AND outcome = 'invited'"), 47);
        assert_eq!(shop.value("SELECT max(attempts) FROM outbox"), "1");
    });
}

#[test]
fn two_spellings_of_a_repository_share_the_invitations_of_a_day() {
    run(async {
        let shop = shop_of(&["acme/kit"]);
        let entry = |product: &str, repo: &str| {
            format!("[[gumroad]]\nproduct_id = '{product}'\nname = 'Kit'\ntier = 'core'\nrepos = ['{repo}']\n")
        };
        let spellings = ["acme/kit", "Acme/Kit", "ACME/KIT"];
        shop.stock(&catalogue_of(&spellings.map(|repo| entry(repo, repo)).concat()));
        for buyer in 0..20 {
            assert_eq!(buy(&shop, spellings[buyer % 3], buyer).await, "invited");
        }
        // The others at once: what is reserved in the same moment counts without case as well.
        let mut buyers = Vec::new();
        for buyer in 20..60 {
            buyers.push(sell(&shop, spellings[buyer % 3], buyer).await);
        }
        let answers = join_all(buyers.iter().map(|(key, login)| shop.activate(key, login))).await;
        assert_eq!(answers.iter().filter(|answer| answer.body["repos"][0]["status"] == "invited").count(), 25);
        assert_eq!((shop.sandbox.invitations("acme/kit").len(), shop.count(WAITING)), (45, 15));
        for (nth, spelling) in spellings.into_iter().enumerate() {
            assert_eq!(buy(&shop, spelling, 60 + nth).await, "queued", "{spelling}");
        }
        // A tick that takes them together gives none of them a place either.
        shop.rows("UPDATE outbox SET next_attempt_at = 1 WHERE state = 'due'");
        shop.tick().await;
        assert_eq!((shop.sandbox.invitations("acme/kit").len(), shop.count(WAITING)), (45, 18));
    });
}

#[test]
fn who_waits_for_a_reservation_waits_on_and_who_has_one_keeps_it() {
    run(async {
        let shop = shop_of(&["acme/kit"]);
        let (first, login) = sell(&shop, "acme/kit", 0).await;
        shop.activate(&first, &login).await;
        for buyer in 1..45 {
            assert_eq!(buy(&shop, "acme/kit", buyer).await, "invited");
        }
        let (late, late_login) = sell(&shop, "acme/kit", 45).await;
        for _ in 0..2 {
            let answer = shop.activate(&late, &late_login).await;
            assert_eq!((answer.status, answer.repos()), (202, vec![("acme/kit", "queued")]));
            assert_eq!(last(&shop)["attempts"], 0);
        }
        assert_eq!(shop.activate(&first, &login).await.status, 200, "asking again takes no second one");
        assert_eq!(shop.sandbox.invitations("acme/kit").len(), 45);
    });
}

#[test]
fn a_reservation_stays_with_an_attempt_that_may_have_been_one() {
    run(async {
        let shop = shop_of(&["acme/kit"]);
        shop.sandbox.inject(Fault::new(Service::GitHub, FaultKind::LostAfter).method("PUT"));
        for buyer in 0..45 {
            assert_eq!(buy(&shop, "acme/kit", buyer).await, "queued");
        }
        shop.sandbox.clear_faults();
        assert_eq!(buy(&shop, "acme/kit", 45).await, "queued");
        shop.advance(HOUR);
        for _ in 0..20 {
            shop.tick_after(MINUTE).await;
        }
        assert_eq!(shop.sandbox.invitations("acme/kit").len(), 45, "as many as were made though nobody heard of it");
        assert_eq!(shop.count("grants WHERE state = 'waiting'"), 46);
        shop.advance(23 * HOUR);
        for _ in 0..60 {
            shop.tick_after(MINUTE * 30).await;
        }
        assert_eq!(shop.count("grants WHERE state = 'invited'"), 46);
    });
}

#[test]
fn what_github_has_refused_or_failed_at_takes_no_reservation() {
    run(async {
        let shop = shop_of(&["acme/kit"]);
        for fault in [FaultKind::status(500), FaultKind::status(403), FaultKind::status(401)] {
            shop.sandbox.inject(Fault::new(Service::GitHub, fault).method("PUT"));
            let first = shop.count("grants");
            for buyer in first..first + 20 {
                assert_eq!(buy(&shop, "acme/kit", buyer).await, "queued");
            }
            shop.sandbox.clear_faults();
            assert_eq!(shop.count("invitation_reservations"), 0);
        }
        assert_eq!(buy(&shop, "acme/kit", 60).await, "invited");
    });
}

#[test]
fn two_hundred_at_once_get_the_reservations_there_are() {
    run(async {
        let shop = shop_of(&["acme/kit"]);
        let mut buyers = Vec::new();
        for buyer in 0..200 {
            buyers.push(sell(&shop, "acme/kit", buyer).await);
        }
        let answers = join_all(buyers.iter().map(|(key, login)| shop.activate(key, login))).await;
        let invited = answers.iter().filter(|answer| answer.status == 200).count();
        assert_eq!((invited, answers.iter().filter(|answer| answer.status == 202).count()), (45, 155));
        assert_eq!(shop.sandbox.invitations("acme/kit").len(), 45);
    });
}

#[test]
fn invitations_that_wait_for_the_next_day_keep_nothing_else_waiting() {
    run(async {
        let shop = shop_of(&["acme/kit", "acme/kit-pro"]);
        for buyer in 0..95 {
            buy(&shop, "acme/kit", buyer).await;
        }
        let refunded = GumroadSale { sale_id: Some("refunded".to_owned()), ..of_product("acme/kit-pro") };
        shop.deliver(&shop.sandbox.sell_on_gumroad(refunded)).await;
        assert_eq!(shop.activate(&shop.take_key(), "octocat").await.status, 200);
        // Those that wait for the next day are due before anything else is.
        shop.advance(Duration::from_millis(u64::try_from(RESERVED_MS).unwrap() - 60_000));
        shop.rows("UPDATE outbox SET next_attempt_at = 1 WHERE state = 'due'");
        let now = shop.host.now().as_millis();
        shop.rows(&format!("UPDATE invitation_reservations SET reserved_at = {now} WHERE repo = 'acme/kit'"));
        shop.sandbox.inject(Fault::new(Service::Postmark, FaultKind::status(500)).times(1));
        shop.deliver(&shop.sandbox.sell_on_gumroad(of_product("acme/kit-pro"))).await;
        shop.deliver(&shop.sandbox.gumroad_refund("refunded")).await;
        shop.look_away();
        shop.tick_after(Duration::from_secs(60)).await;
        assert_eq!(shop.sandbox.take_mails().len(), 1);
        assert!(shop.sandbox.invitations("acme/kit-pro").is_empty(), "the refunded one is taken back");
        let due = shop.value("SELECT count(DISTINCT next_attempt_at) FROM outbox WHERE next_attempt_at > 1");
        assert_eq!(due, "3", "half of the turns, spread over the day that they wait for");
    });
}

/// A shop on this plan with so many licenses, each of which opens one of the repositories and was sold long ago; and their
/// keys. Nobody looks there at what became of the invitations, of which none is ever answered.
fn shop_of_many(plan: &str, repos: &[&str], licenses: usize) -> (Shop, Vec<String>) {
    let shop = shop_with(&[("WORKERS_PLAN", plan)], repos);
    for written in ["INSERT", "UPDATE"] {
        shop.rows(&format!(
            "CREATE TEMP TRIGGER unwatched_{written} AFTER {written} ON main.repository_watches WHEN new.look_at > 0 BEGIN
               UPDATE repository_watches SET look_at = NULL WHERE repo = new.repo;
             END"
        ));
    }
    let mut keys = Vec::new();
    for (number, repo) in repos.iter().cycle().take(licenses).enumerate() {
        let mut random = [0; MINTED_KEY_RANDOM_BYTES];
        shop.host.fill_random(&mut random).unwrap();
        let key = LicenseKey::mint(random).as_str().to_owned();
        shop.rows(&format!(
            "INSERT INTO licenses (license_key, source, order_id, product_id, tier, email, name, test, issued_at)
             VALUES ('{key}', 'gumroad', 'order-{number}', '{repo}', 'core', 'a@example.com', '', 0, 1)"
        ));
        shop.sandbox.add_user(&format!("buyer-{number}"), AccountKind::User);
        keys.push(key);
    }
    (shop, keys)
}

/// A call that changes something at GitHub.
struct Change {
    /// In which tick or request.
    round: usize,
    at: i64,
    url: String,
}

/// What GitHub is asked from now on.
#[derive(Default)]
struct Asked {
    round: Cell<usize>,
    changes: RefCell<Vec<Change>>,
    questions: Cell<usize>,
}

fn watch(shop: &Shop) -> Rc<Asked> {
    let asked = Rc::new(Asked::default());
    let (noting, host) = (Rc::clone(&asked), shop.host.clone());
    shop.host.inject(move |call| {
        if let Call::Send(request) = call
            && request.url.contains("/github/")
        {
            if request.method.as_str() == "GET" {
                noting.questions.set(noting.questions.get() + 1);
            } else {
                let (round, at, url) = (noting.round.get(), host.now().as_millis(), request.url.clone());
                noting.changes.borrow_mut().push(Change { round, at, url });
            }
        }
        Fate::Proceed
    });
    asked
}

/// Activates the license of the buyer of this number.
async fn activate(shop: &Shop, asked: &Asked, keys: &[String], buyer: usize) {
    asked.round.set(asked.round.get() + 1);
    let answer = shop.activate(&keys[buyer], &format!("buyer-{buyer}")).await;
    assert!(matches!(answer.status, 200 | 202), "{:?}", answer.body);
}

/// Lets this much time pass, with a tick so often where something is due: the others find nothing to do.
async fn work_for(shop: &Shop, asked: &Asked, time: Duration, every: Duration) {
    let every = i64::try_from(every.as_millis()).unwrap();
    let end = shop.host.now().plus_millis(i64::try_from(time.as_millis()).unwrap()).as_millis();
    let span = |millis: i64| Duration::from_millis(u64::try_from(millis).unwrap_or_default());
    loop {
        let now = shop.host.now().as_millis();
        let due =
            shop.rows("SELECT min(next_attempt_at) AS due FROM outbox WHERE kind = 'grant' AND next_attempt_at > 0");
        let due = due[0].optional_integer("due").unwrap().unwrap_or(end);
        let next = now + every * ((due - now + every - 1) / every).max(1);
        if next > end {
            return shop.advance(span(end - now));
        }
        asked.round.set(asked.round.get() + 1);
        shop.tick_after(span(next - now)).await;
    }
}

fn a_second_lies_between_the_changes_of_each_tick(changes: &[Change]) -> bool {
    changes.windows(2).all(|pair| pair[0].round != pair[1].round || pair[1].at - pair[0].at >= 1000)
}

#[test]
fn thirty_busy_days_invite_within_what_github_allows() {
    const REPOS: [&str; 3] = ["acme/one", "acme/two", "acme/three"];
    const BUYERS: usize = 10_000;
    run(async {
        let (shop, keys) = shop_of_many("paid", &REPOS, BUYERS);
        let asked = watch(&shop);
        // How often each row was looked at in vain.
        shop.rows("CREATE TEMP TABLE looks (id INTEGER PRIMARY KEY, times INTEGER NOT NULL) STRICT");
        shop.rows(
            "CREATE TEMP TRIGGER looked AFTER UPDATE OF next_attempt_at ON main.outbox WHEN new.state = 'due' BEGIN
               INSERT INTO looks VALUES (new.id, 1) ON CONFLICT (id) DO UPDATE SET times = times + 1;
             END",
        );
        let mut buyer = 0;
        for hour in 0..30 * 24 {
            // Two launches, each of more buyers than may be invited in a day, and a steady trade in between.
            for _ in 0..if hour % 360 < 5 { 100 } else { 13 }.min(BUYERS - buyer) {
                activate(&shop, &asked, &keys, buyer).await;
                buyer += 1;
            }
            work_for(&shop, &asked, HOUR, 5 * MINUTE).await;
        }
        assert_eq!(buyer, BUYERS);
        let changes = asked.changes.borrow();
        for repo in REPOS {
            let to_it = changes.iter().filter(|change| change.url.contains(&format!("{repo}/collaborators")));
            let times: Vec<_> = to_it.map(|change| change.at).collect();
            assert!(times.windows(46).all(|window| window[45] - window[0] >= DAY_MS), "{repo}");
            assert!(times.len() >= 45 + 29 * 36, "{repo}: {}: no turn is left out", times.len());
        }
        assert!(a_second_lies_between_the_changes_of_each_tick(&changes));
        let invited = shop.count("outbox WHERE outcome = 'invited'");
        let refused =
            shop.sandbox.take_calls().iter().filter(|call| call.status.is_none_or(|status| status >= 300)).count();
        assert_eq!(refused, 0, "GitHub never has to refuse one");
        assert_eq!(changes.len(), invited, "asked once each");
        // Whose login it is; and of who is invited what they may do already, and how they are called by then.
        assert!(asked.questions.get() <= BUYERS + 2 * invited, "{} questions", asked.questions.get());
        let waiting = shop.count("outbox WHERE state = 'due'");
        assert_eq!(changes.len() + waiting, BUYERS, "everybody is invited once or waits");
        assert_eq!(shop.value("SELECT max(attempts) FROM outbox"), "1", "who waits is not tried");
        let looks: usize = shop.value("SELECT max(times) FROM looks").parse().unwrap();
        assert!(looks <= 31, "{looks}: a row that waits is looked at once a day");
    });
}

#[test]
fn a_github_that_answers_403_all_day_is_asked_ever_less() {
    const ROWS: usize = 30;
    let limit = "You have exceeded a secondary rate limit. Please wait a few minutes before you try again.";
    let permission = "Resource not accessible by personal access token";
    run(async {
        for (message, most) in [(limit, ROWS + 6 + 24), (permission, ROWS * 13)] {
            let (shop, keys) = shop_of_many("paid", &["acme/one", "acme/two", "acme/three"], ROWS);
            let asked = watch(&shop);
            let body = json!({ "message": message }).to_string().into_bytes();
            shop.sandbox.inject(
                Fault::new(Service::GitHub, FaultKind::Status { status: 403, headers: Vec::new(), body }).method("PUT"),
            );
            for buyer in 0..ROWS {
                activate(&shop, &asked, &keys, buyer).await;
            }
            work_for(&shop, &asked, 24 * HOUR, MINUTE).await;
            let changes = asked.changes.take();
            assert!(changes.len() <= most, "{}: {message}", changes.len());
            assert!(a_second_lies_between_the_changes_of_each_tick(&changes));
            // Nobody lost the invitation to a limit; what a person had to mend is given up after twelve tries.
            let left = if message == limit { "due" } else { "dead" };
            assert_eq!(shop.count(&format!("outbox WHERE state = '{left}'")), ROWS, "{message}");
            shop.sandbox.clear_faults();
            work_for(&shop, &asked, HOUR, MINUTE).await;
            assert_eq!(shop.count("outbox WHERE outcome = 'invited'"), if message == limit { ROWS } else { 0 });
        }
    });
}

#[test]
fn a_limit_is_met_ever_less_often_however_many_wait() {
    const ROWS: usize = 60;
    let words = |status, message: &str| FaultKind::Status {
        status,
        headers: Vec::new(),
        body: json!({ "message": message }).to_string().into_bytes(),
    };
    run(async {
        for plan in ["free", "paid"] {
            let (shop, keys) = shop_of_many(plan, &["acme/one", "acme/two", "acme/three"], ROWS);
            shop.sandbox.inject(Fault::new(Service::GitHub, FaultKind::status(500)).method("PUT"));
            let asked = watch(&shop);
            for buyer in 0..ROWS {
                activate(&shop, &asked, &keys, buyer).await;
            }
            shop.sandbox.clear_faults();
            let limit = words(403, "You have exceeded a secondary rate limit. Please wait a few minutes.");
            shop.sandbox.inject(Fault::new(Service::GitHub, limit).method("PUT"));
            // All of them are due by now, more than one tick takes.
            shop.advance(MINUTE);
            asked.changes.take();
            work_for(&shop, &asked, 24 * HOUR, MINUTE).await;
            let times: Vec<_> = asked.changes.take().into_iter().map(|change| change.at).collect();
            assert!(times.len() <= 7 + 24, "{plan}: {}", times.len());
            let waits: Vec<_> = times.windows(2).map(|pair| pair[1] - pair[0]).collect();
            assert!(waits.is_sorted_by(|wait, next| *next >= *wait - 60_000), "{plan}: {waits:?}");
            shop.sandbox.clear_faults();
            work_for(&shop, &asked, 2 * HOUR, MINUTE).await;
            assert_eq!(shop.count("outbox WHERE outcome = 'invited'"), ROWS, "{plan}");
            // The next limit is a new one.
            let limit = words(403, "You have exceeded a secondary rate limit. Please wait a few minutes.");
            shop.sandbox.inject(Fault::new(Service::GitHub, limit).method("PUT"));
            let until = shop.host.now().as_millis() + 60_000;
            activate(&shop, &asked, &keys, 0).await;
            assert_eq!(shop.value("SELECT until_at FROM github_pauses WHERE scope = ''"), until.to_string());
        }
    });
}

#[test]
fn who_is_invited_again_is_counted_again() {
    run(async {
        let shop = shop_of(&["acme/kit"]);
        let (first, login) = sell(&shop, "acme/kit", 0).await;
        assert_eq!(shop.activate(&first, &login).await.status, 200);
        for buyer in 1..44 {
            assert_eq!(buy(&shop, "acme/kit", buyer).await, "invited");
        }
        shop.advance(23 * HOUR);
        shop.sandbox.decline_invitation(&login, "acme/kit").unwrap();
        assert_eq!(shop.activate(&first, &login).await.status, 200);
        assert_eq!(buy(&shop, "acme/kit", 44).await, "queued", "that was the last of the day");
        // The day of the others is over.
        shop.advance(HOUR + 2 * MINUTE);
        assert_eq!(shop.tick().await.rows, 1);
        for buyer in 45..45 + 43 {
            assert_eq!(buy(&shop, "acme/kit", buyer).await, "invited");
        }
        assert_eq!(buy(&shop, "acme/kit", 88).await, "queued");
    });
}

#[test]
fn who_declines_and_asks_again_is_invited_three_times_a_day() {
    run(async {
        let shop = shop_of(&["acme/kit"]);
        let (key, login) = sell(&shop, "acme/kit", 0).await;
        let mut declined = 0;
        for _ in 0..50 {
            assert_eq!(shop.activate(&key, &login).await.status, 200, "as far as anybody can know");
            declined += usize::from(shop.sandbox.decline_invitation(&login, "acme/kit").is_ok());
            shop.let_answers_age();
        }
        assert_eq!((declined, shop.count("invitation_reservations")), (3, 3));
        shop.advance(24 * HOUR);
        assert_eq!(shop.activate(&key, &login).await.status, 200);
        assert_eq!(shop.sandbox.invitations("acme/kit").len(), 1, "the next day has its own");
    });
}

#[test]
fn who_asks_with_two_licenses_at_once_is_invited_three_times_a_day() {
    run(async {
        let shop = shop_of(&["acme/kit"]);
        let (first, login) = sell(&shop, "acme/kit", 0).await;
        assert_eq!(shop.deliver(&shop.sandbox.sell_on_gumroad(of_product("acme/kit"))).await.status, 200);
        let second = shop.take_key();
        for _ in 0..2 {
            assert_eq!(shop.activate(&first, &login).await.status, 200);
            shop.sandbox.decline_invitation(&login, "acme/kit").unwrap();
            shop.let_answers_age();
        }
        // The second is bound while the first one's invitation is under way.
        for answer in join_all([shop.activate(&first, &login), shop.activate(&second, &login)]).await {
            assert!(matches!(answer.status, 200 | 202), "{}", answer.status);
        }
        assert_eq!(shop.count("invitation_reservations"), 3);
    });
}

#[test]
fn who_asks_again_all_day_uses_up_three_of_the_repositorys_invitations() {
    run(async {
        let shop = shop_of(&["acme/kit"]);
        let (key, login) = sell(&shop, "acme/kit", 0).await;
        for _ in 0..280 {
            assert_eq!(shop.activate(&key, &login).await.status, 200);
            shop.let_answers_age();
        }
        assert_eq!(shop.count("invitation_reservations"), 3);
        for buyer in 1..43 {
            assert_eq!(buy(&shop, "acme/kit", buyer).await, "invited");
        }
    });
}

#[test]
fn an_invitation_that_waits_for_the_next_day_ends_with_its_license() {
    run(async {
        let shop = shop_of(&["acme/kit"]);
        for buyer in 0..45 {
            assert_eq!(buy(&shop, "acme/kit", buyer).await, "invited");
        }
        let sale = GumroadSale { sale_id: Some("late".to_owned()), ..of_product("acme/kit") };
        shop.deliver(&shop.sandbox.sell_on_gumroad(sale)).await;
        assert_eq!(shop.activate(&shop.take_key(), "octocat").await.status, 202);
        shop.deliver(&shop.sandbox.gumroad_refund("late")).await;
        assert_eq!(shop.tick().await.rows, 1, "not only the next day");
        assert_eq!(shop.count("grants WHERE state = 'revoked'"), 1);
        assert_eq!(shop.count("outbox WHERE next_attempt_at IS NOT NULL"), 0);
        shop.advance(25 * HOUR);
        shop.tick().await;
        assert_eq!(shop.sandbox.invitations("acme/kit").len(), 45);
    });
}
