//! The load: storefronts that sell, repeat themselves and try again as the real ones do, with time running twenty
//! times faster, and buyers who activate what they bought, ask again, and are raced by somebody else.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use fastrand::Rng;
use latchkey_sandbox::{AccountKind, Delivery, GumroadSale, LemonSqueezySale, Sandbox, Storefront};
use serde_json::{Value, json};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

use crate::ledger::{Ledger, Sale};
use crate::products::{ACTIVATIONS, PRODUCTS};

/// Storefronts that sell at the same time. They keep two cores busy without making the Worker wait for them.
const STOREFRONTS: usize = 6;

/// Between two sales of one storefront, on average.
const BETWEEN_SALES: Duration = Duration::from_millis(120);

/// Both storefronts hang up after this long. It is not made faster: the Worker answers in real time.
const DELIVERY_LIMIT: Duration = Duration::from_secs(5);

/// Gumroad tries again after 1, 3 and 10 minutes, Lemon Squeezy after 5, 25 and 125 seconds.
const GUMROAD_WAITS: [Duration; 3] = [Duration::from_secs(3), Duration::from_secs(9), Duration::from_secs(30)];
const LEMON_SQUEEZY_WAITS: [Duration; 3] =
    [Duration::from_millis(250), Duration::from_millis(1_250), Duration::from_millis(6_250)];

/// A buyer who gets no answer asks again after this long, and so often.
const BUYER_WAIT: Duration = Duration::from_millis(300);
const BUYER_TRIES: usize = 40;

/// How long a buyer looks for the mail. One that comes later is waited for by nobody, and still has to come.
const MAIL_PATIENCE: Duration = Duration::from_secs(4);

/// Everything that the load shares.
#[derive(Debug, Clone)]
pub(crate) struct Load {
    url: Arc<str>,
    client: reqwest::Client,
    sandbox: Sandbox,
    ledger: Arc<Ledger>,
    closing: Arc<AtomicBool>,
    alive: Arc<AtomicBool>,
    sold: Arc<AtomicUsize>,
    activating: Arc<[AtomicUsize; PRODUCTS.len()]>,
}

impl Load {
    pub(crate) fn new(url: &str, client: reqwest::Client, sandbox: Sandbox) -> Self {
        for repo in PRODUCTS.iter().flat_map(|product| product.repos) {
            sandbox.add_repo(repo, AccountKind::Organization);
        }
        let (closing, alive, sold, activating) = Default::default();
        Self { url: url.into(), client, sandbox, ledger: Arc::default(), closing, alive, sold, activating }
    }

    pub(crate) fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// Opens all storefronts, and the mailbox. They go on until [`Load::close`].
    pub(crate) fn open(&self, seed: u64) -> JoinSet<()> {
        let mut tasks = JoinSet::new();
        for number in 0..STOREFRONTS {
            let rng = Rng::with_seed(seed.wrapping_add(1 + number as u64));
            tasks.spawn(self.clone().sell_on(rng));
        }
        tasks.spawn(self.clone().sort_mail());
        tasks
    }

    /// Sells nothing more. The tasks end when every delivery was acknowledged or given up and every buyer has been
    /// answered.
    pub(crate) fn close(&self) {
        self.closing.store(true, Ordering::Relaxed);
    }

    /// Whether the Worker answers: sales are made only then. One that is lost for good since nothing answered shows
    /// nothing of the Worker, and Gumroad gives a sale up at the first connection that is refused.
    pub(crate) fn set_alive(&self, alive: bool) {
        self.alive.store(alive, Ordering::Relaxed);
    }

    fn is_closing(&self) -> bool {
        self.closing.load(Ordering::Relaxed)
    }

    async fn sell_on(self, mut rng: Rng) {
        let mut sales = JoinSet::new();
        while !self.is_closing() {
            if self.alive.load(Ordering::Relaxed) {
                sales.spawn(self.clone().one_sale(rng.fork()));
            }
            while sales.try_join_next().is_some() {}
            sleep(BETWEEN_SALES.mul_f64(rng.f64() * 2.0)).await;
        }
        while sales.join_next().await.is_some() {}
    }

    /// A sale from the checkout to the buyer's last question.
    async fn one_sale(self, mut rng: Rng) {
        let number = self.sold.fetch_add(1, Ordering::Relaxed);
        let buyer = format!("buyer-{number}@example.com");
        let product = rng.usize(..PRODUCTS.len());
        let (deliveries, storefronts_key) = self.sell(product, &buyer);
        let order = deliveries[0].reference.clone();
        let license_order = match &storefronts_key {
            Some(_) => format!("{order}:{}", deliveries[1].reference),
            None => order,
        };
        let sale = Sale {
            product,
            license_order,
            acknowledged: vec![0; deliveries.len()],
            mailed: Vec::new(),
            tried: Default::default(),
            confirmed: Default::default(),
        };
        self.ledger.book().sales.insert(buyer.clone(), sale);

        let mut sending = JoinSet::new();
        for (place, delivery) in deliveries.into_iter().enumerate() {
            // Some are sent twice at once, some once more later, although they were acknowledged.
            let copies = 1 + usize::from(rng.u8(..5) == 0);
            for _ in 0..copies {
                sending.spawn(self.clone().deliver(buyer.clone(), product, place, delivery.clone(), rng.fork()));
            }
        }
        while sending.join_next().await.is_some() {}

        let key = match storefronts_key {
            Some(key) => Some(key),
            None => self.wait_for_mail(&buyer).await,
        };
        if let Some(key) = key {
            self.activate(&buyer, number, product, &key, &mut rng).await;
        }
    }

    /// Makes the sale. Gives what the storefront sends, the order's delivery first, and the storefront's own key.
    fn sell(&self, product: usize, buyer: &str) -> (Vec<Delivery>, Option<String>) {
        let product = &PRODUCTS[product];
        let product_id = Some(product.product_id.to_owned());
        match product.storefront {
            Storefront::Gumroad => {
                let sale = GumroadSale { product_id, email: buyer.to_owned(), ..GumroadSale::default() };
                (vec![self.sandbox.sell_on_gumroad(sale)], None)
            }
            Storefront::LemonSqueezy => {
                let deliveries = self.sandbox.sell_on_lemon_squeezy(LemonSqueezySale {
                    product_id,
                    variant_id: product.variant_id.map(str::to_owned),
                    email: buyer.to_owned(),
                    license_keys: Some(usize::from(product.storefront_key)),
                    ..LemonSqueezySale::default()
                });
                let mails = self.sandbox.storefront_mails();
                (deliveries, mails.into_iter().rfind(|mail| mail.to == buyer).map(|mail| mail.license_key))
            }
            // Its time is part of what is signed, so that what is sent again is no copy; and none of these products is of any of them.
            Storefront::Paddle | Storefront::Polar | Storefront::Stripe | Storefront::Standard => (Vec::new(), None),
        }
    }

    /// Sends a delivery until it is acknowledged or the storefront gives up, and sometimes once more after that.
    async fn deliver(self, buyer: String, product: usize, place: usize, delivery: Delivery, mut rng: Rng) {
        let gumroad = PRODUCTS[product].storefront == Storefront::Gumroad;
        let waits = if gumroad { GUMROAD_WAITS } else { LEMON_SQUEEZY_WAITS };
        let mut acknowledged = false;
        for wait in waits.into_iter().map(Some).chain([None]) {
            let status = self.send(&delivery).await;
            acknowledged = status == Some(200);
            if acknowledged {
                self.ledger.sale(&buyer, |sale| sale.acknowledged[place] += 1);
            }
            // Gumroad tries again only where it was answered that something failed.
            let tries_again = !acknowledged && (!gumroad || status.is_some());
            match wait {
                Some(wait) if tries_again => sleep(wait).await,
                _ => break,
            }
        }
        if !acknowledged {
            self.ledger.book().given_up += 1;
        } else if rng.u8(..4) == 0 {
            sleep(Duration::from_millis(rng.u64(..2_000))).await;
            if self.send(&delivery).await == Some(200) {
                self.ledger.sale(&buyer, |sale| sale.acknowledged[place] += 1);
            }
        }
    }

    async fn send(&self, delivery: &Delivery) -> Option<u16> {
        let url = format!("{}{}", self.url, delivery.path_and_query);
        let request = self.client.post(url).timeout(DELIVERY_LIMIT).body(delivery.body.clone());
        let request = delivery.headers.iter().fold(request, |request, (name, value)| request.header(name, value));
        let (status, body) = self.ask("webhook", request).await?;
        if status != 200 {
            self.ledger.book().unexplained.push(format!("a delivery was answered {status}: {body}"));
        }
        Some(status)
    }

    /// Notes an answer; `None` if there was none.
    async fn ask(&self, asked: &'static str, request: reqwest::RequestBuilder) -> Option<(u16, Value)> {
        let answer = async {
            let response = request.send().await?;
            let status = response.status().as_u16();
            let body = response.bytes().await?;
            reqwest::Result::Ok((status, serde_json::from_slice(&body).unwrap_or_default()))
        };
        let answer = answer.await.ok();
        let mut book = self.ledger.book();
        match &answer {
            Some((status, _)) => book.answer(asked, *status),
            None => book.unanswered += 1,
        }
        answer
    }

    /// Hands every mail to its buyer, until there is nothing more to come.
    async fn sort_mail(self) {
        while !self.is_closing() {
            self.take_mail();
            sleep(Duration::from_millis(20)).await;
        }
    }

    /// Hands out the mails that have arrived.
    pub(crate) fn take_mail(&self) {
        for mail in self.sandbox.take_mails() {
            let text = mail.text.as_deref().unwrap_or_default();
            let key = text.split_whitespace().find(|word| word.starts_with("LK-")).unwrap_or_default().to_owned();
            if self.ledger.sale(&mail.to, |sale| sale.mailed.push(key)).is_none() {
                self.ledger.book().unexplained.push(format!("a mail to {}, who bought nothing", mail.to));
            }
        }
    }

    async fn wait_for_mail(&self, buyer: &str) -> Option<String> {
        let start = Instant::now();
        while start.elapsed() < MAIL_PATIENCE && !self.is_closing() {
            if let Some(key) = self.ledger.sale(buyer, |sale| sale.mailed.first().cloned()).flatten() {
                return Some(key);
            }
            sleep(Duration::from_millis(20)).await;
        }
        None
    }

    /// Activates a key, sometimes against somebody else who has it too, and then asks again.
    async fn activate(&self, buyer: &str, number: usize, product: usize, key: &str, rng: &mut Rng) {
        if self.activating[product].fetch_add(1, Ordering::Relaxed) >= ACTIVATIONS {
            return;
        }
        let rivals = 1 + usize::from(rng.u8(..3) == 0);
        let logins: Vec<String> = (0..rivals).map(|rival| format!("buyer-{number}-{rival}")).collect();
        for login in &logins {
            self.sandbox.add_user(login, AccountKind::User);
        }
        self.ledger.sale(buyer, |sale| sale.tried.extend(logins.iter().cloned()));
        let mut asking = JoinSet::new();
        for login in logins {
            let (load, buyer, key) = (self.clone(), buyer.to_owned(), key.to_owned());
            let again = rng.usize(..3);
            asking.spawn(async move {
                for _ in 0..=again {
                    load.activate_as(&buyer, product, &key, &login).await;
                    sleep(BUYER_WAIT).await;
                }
            });
        }
        while asking.join_next().await.is_some() {}
    }

    /// Asks until there is an answer, and holds the Worker to it.
    async fn activate_as(&self, buyer: &str, product: usize, key: &str, login: &str) {
        let mut body = json!({ "license_key": key, "github_username": login });
        if let choice @ [_, ..] = PRODUCTS[product].choice {
            body["repos"] = json!(choice);
        }
        for _ in 0..BUYER_TRIES {
            let request = self.client.post(format!("{}/api/activate", self.url)).json(&body);
            match self.ask("activate", request).await {
                Some((200 | 202, _)) => {
                    self.ledger.sale(buyer, |sale| sale.confirmed.insert(login.to_owned()));
                    return;
                }
                Some((400, refusal)) if refusal["code"] == "license_bound_to_another_account" => return,
                Some((status, body)) => {
                    let line = format!("{login}'s activation was answered {status}: {body}");
                    self.ledger.book().unexplained.push(line);
                    return;
                }
                None => sleep(BUYER_WAIT).await,
            }
        }
    }
}
