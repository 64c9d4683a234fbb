//! What happens long after everything was done: nobody answers an invitation, a license ends, a membership is paid or not. Each of
//! it takes weeks, so that it is not in every run.

use latchkey_sandbox::{
    Delivery, GumroadSale, Invitation, PaddleItem, PaddleSale, PaddleSubscription, PolarSale, PolarSubscription,
    StripeItem, StripeSale, StripeSubscription,
};

use super::{QUIET_TICKS, Run};
use crate::check::{self, Answered, Standings, Violation};
use crate::model::{Account, ByHand, Facts, Meaning, PRODUCTS, Scope, crowd};
use crate::shelf::Shelf;

const DAY_MS: i64 = 24 * 60 * 60 * 1000;

/// One run in so many goes on until the invitations have ended, while somebody is a member, while more is given to some and less
/// again, and until licenses have ended.
const LONG_WAITS: u32 = 12;
const MEMBERSHIPS: u32 = 12;
const LOWERINGS: u32 = 12;
const YEARS: u32 = 12;

/// One run in so many has GitHub and what is recorded come apart.
const DRIFTS: u32 = 12;

/// One run in so many of those at every storefront has somebody name an account at the checkout, and another one later.
const CHECKOUTS: u32 = 4;

/// By then every invitation has been made anew as often as that is done, and has ended.
const ALL_ENDED_MS: i64 = 45 * DAY_MS;

/// A bundle: its place in [`PRODUCTS`], and one of the repositories that it opens.
const BUNDLE: (usize, &str) = (2, "acme/bundle-api");

/// The membership, by the id that its storefront has for it.
const MEMBERSHIP: &str = "membership==";

/// What a payment buys, where its storefront says until when.
const MONTH_MS: i64 = 30 * DAY_MS;

/// Where somebody is a member.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Club {
    Gumroad,
    Stripe,
    Polar,
    Paddle,
}

impl Club {
    const ALL: [Self; 4] = [Self::Gumroad, Self::Stripe, Self::Polar, Self::Paddle];

    /// What the member buys: the place in [`PRODUCTS`], and one of the repositories that it opens. Nobody of the crowd buys it
    /// otherwise.
    const fn sells(self) -> (usize, &'static str) {
        match self {
            Self::Gumroad => BUNDLE,
            Self::Stripe => (11, "acme/forge"),
            Self::Polar => (14, "acme/press"),
            Self::Paddle => (10, "acme/toolbox"),
        }
    }
}

/// A month that is paid is not over by then, whichever month it is.
const STILL_PAID_MS: i64 = 27 * DAY_MS;

/// What is paid for a month is paid until then at least: no month is shorter.
const SURELY_PAID_MS: i64 = 28 * DAY_MS;

/// By then it is over, and its grace as well.
const LONG_OVER_MS: i64 = 37 * DAY_MS;

impl Run {
    /// Goes on with a shop at rest.
    pub(super) fn live_on(&mut self, standings: Standings) -> Result<(), Violation> {
        self.live_through_weeks(standings)?;
        // After everything else, so that no other run is another one by it.
        if self.random.u32(0..DRIFTS) == 0 {
            self.drift_apart()?;
        }
        if self.scope == Scope::All && self.random.u32(0..CHECKOUTS) == 0 {
            self.check_out()?;
        }
        check::on_the_way(self)
    }

    fn live_through_weeks(&mut self, standings: Standings) -> Result<(), Violation> {
        let [waits, joins, lowers, ends] =
            [LONG_WAITS, MEMBERSHIPS, LOWERINGS, YEARS].map(|runs| self.random.u32(0..runs) == 0);
        if !(waits || joins || lowers || ends) {
            return Ok(());
        }
        // Buyers are told by the name of what they bought.
        self.put(Shelf::full(self.scope), "map every product");
        self.tasks.finish(&self.world);
        self.tick_until_quiet()?;
        if waits {
            self.let_invitations_end()?;
        }
        if joins {
            self.be_a_member()?;
        }
        if lowers {
            self.give_more_and_less()?;
        }
        if ends {
            self.let_licenses_end(standings)?;
        }
        Ok(())
    }

    /// Some answer their invitations within the next weeks, and the others never do.
    fn let_invitations_end(&mut self) -> Result<(), Violation> {
        self.note("from here on few answer their invitations");
        let since = self.world.now().as_millis();
        let open = check::unanswered(self);
        let mut answers: Vec<(i64, Invitation)> = Vec::new();
        for invitation in self.world.sandbox.repos().iter().flat_map(|repo| self.world.sandbox.invitations(repo)) {
            if self.random.u32(0..3) == 0 {
                answers.push((since + self.random.i64(0..25 * DAY_MS), invitation));
            }
        }
        let mut answered: Vec<Answered> = Vec::new();
        for _ in 0..QUIET_TICKS {
            let next_answer = answers.iter().map(|(at, _)| *at).min();
            let next_end = check::next_end_of_invitation(self, &open);
            let Some(at) = next_answer.into_iter().chain(next_end).min() else { break };
            if at > since + ALL_ENDED_MS {
                break;
            }
            self.tick_at(at)?;
            answers.retain(|(at, invitation)| {
                let is_due = *at <= self.world.now().as_millis();
                if is_due {
                    answered.extend(self.answer(invitation));
                }
                !is_due
            });
            self.look_at_all_invitations()?;
            self.tick_until_quiet()?;
        }
        // What was found out at the end is told of as well.
        self.look_at_all_invitations()?;
        self.tick_until_quiet()?;
        check::invitations_end(self, since, &open, &answered)
    }

    /// Somebody answers an invitation, if it is open still.
    fn answer(&self, invitation: &Invitation) -> Option<Answered> {
        let open = self.world.sandbox.invitations(&invitation.repo);
        let open = open.iter().find(|open| open.user_id == invitation.user_id && !open.expired)?;
        if self.world.now().as_millis() % 2 == 0 {
            self.accept(open)
        } else {
            self.decline(open)
        }
        let account = i64::try_from(open.user_id).ok()?;
        Some((account, open.repo.to_lowercase(), self.world.now().as_millis()))
    }

    /// Ticks until every license has ended that does.
    fn let_licenses_end(&mut self, standings: Standings) -> Result<(), Violation> {
        self.note("from here on licenses end");
        for _ in 0..QUIET_TICKS {
            let Some(at) = check::next_end_of_license(self) else { break };
            self.tick_at(at)?;
            self.tick_until_quiet()?;
        }
        // Of many that end together a tick sees to some.
        for _ in 0..QUIET_TICKS / 100 {
            self.tick_at(0)?;
        }
        self.look_at_all_invitations()?;
        self.tick_until_quiet()?;
        check::all_ends_are_acted_on(self, &standings)
    }

    /// Somebody is a member for some months, pays at times late, and then not any more; and at times comes back.
    fn be_a_member(&mut self) -> Result<(), Violation> {
        let club = match self.scope {
            Scope::Three => Club::Gumroad,
            Scope::All => Club::ALL[self.random.usize(0..Club::ALL.len())],
        };
        let (member, (_, repo)) = (&crowd()[0], club.sells());
        let account = member.id.unwrap_or_default();
        let email = format!("buyer-{}@example.com", self.model.borrow().orders.len());
        let (mut paid_at, order) = self.charge(club, None, &email);
        self.tick_until_quiet()?;
        let key = self.model.borrow().mailed.iter().find(|(_, of)| *of == order).map(|(key, _)| key.clone());
        let Some(key) = key else {
            return Err(Violation::new("I7", format!("{email} became a member, and never got the key")));
        };
        self.present_as(Some(self.login_now(member)), key, Some(order), member);
        self.tasks.finish(&self.world);
        self.tick_until_quiet()?;
        self.accept_everything(member);
        for _ in 0..self.random.u32(1..4) {
            self.expect_in(paid_at, paid_at + STILL_PAID_MS, (account, repo))?;
            // Within the grace it is not too late to pay.
            let late = self.random.i64(DAY_MS..5 * DAY_MS);
            self.tick_at(paid_at + STILL_PAID_MS + late)?;
            (paid_at, _) = self.charge(club, Some(order), &email);
            self.tick_until_quiet()?;
            self.expect_in(paid_at, paid_at, (account, repo))?;
        }
        if self.random.bool() {
            self.note("the member cancels");
            let delivery = self.cancel(club, paid_at + MONTH_MS);
            self.tell(delivery, order, Meaning::Nothing);
        }
        self.expect_in(paid_at, paid_at + STILL_PAID_MS, (account, repo))?;
        self.expect_out(paid_at + LONG_OVER_MS, (account, repo))?;
        // Elsewhere whoever comes back begins another membership.
        if self.random.bool() && club == Club::Gumroad {
            self.note("the member comes back");
            let delivery = self.world.sandbox.gumroad_subscription_restarted(MEMBERSHIP);
            self.tell(delivery, order, Meaning::Nothing);
            (paid_at, _) = self.charge(club, Some(order), &email);
            self.tick_until_quiet()?;
            self.expect_in(paid_at, paid_at, (account, repo))?;
            self.expect_out(paid_at + LONG_OVER_MS, (account, repo))?;
        }
        Ok(())
    }

    /// Two buy the same twice, the first time while it permits more; then one sale after the other is refunded. One of them had access
    /// to a repository before, and keeps that.
    fn give_more_and_less(&mut self) -> Result<(), Violation> {
        let (product, repo) = BUNDLE;
        let repos = Shelf::full(self.scope).repos_of(&PRODUCTS[product]);
        let (newcomer, insider) = (&crowd()[1], &crowd()[2]);
        self.note(&format!("the seller lets {} into {repo} by hand", insider.login));
        self.world.sandbox.add_collaborator_as(&self.login_now(insider), repo, "triage");
        let (account, at) = (insider.id.unwrap_or_default(), self.world.now().as_millis());
        self.model.borrow_mut().by_hand.push(ByHand { account, repo: repo.to_owned(), role: Some("triage"), at });
        let mut orders = Vec::new();
        for permission in ["maintain", "pull"] {
            self.put(
                Shelf::full(self.scope).permitting(&PRODUCTS[product], permission),
                &format!("let buyers have {permission}"),
            );
            self.tasks.finish(&self.world);
            for account in [newcomer, insider] {
                let order = self.buy(product, account)?;
                orders.push(order);
            }
        }
        let is_insiders = |account: &Account, of: &str| account.login == insider.login && of == repo;
        for (refunded, left) in [(0, Some("read")), (2, None)] {
            for order in &orders[refunded..refunded + 2] {
                let id = self.model.borrow().orders[*order].id.clone();
                self.note(&format!("Gumroad refunds order {id}"));
                let delivery = self.world.sandbox.gumroad_refund(&id);
                self.tell(delivery, *order, Meaning::Nothing);
            }
            self.tick_until_quiet()?;
            for account in [newcomer, insider] {
                for of in &repos {
                    let expected = if is_insiders(account, of) { Some("triage") } else { left };
                    let role = check::role_of(self, account.id.unwrap_or_default(), of);
                    if role.as_deref() != expected {
                        let what = format!("{} is to be {expected:?} in {of}, and is {role:?}", account.login);
                        return Err(Violation::new("I6", what));
                    }
                }
            }
        }
        Ok(())
    }

    /// Somebody buys a product and activates it, and accepts some of the invitations; gives the order.
    pub(super) fn buy(&mut self, product: usize, account: &'static Account) -> Result<usize, Violation> {
        let email = format!("buyer-{}@example.com", self.model.borrow().orders.len());
        let delivery = self.sold_on_gumroad(product);
        self.deliver(delivery);
        self.tasks.finish(&self.world);
        self.tick_until_quiet()?;
        let order = self.model.borrow().deliveries[delivery].order;
        let key = self.model.borrow().mailed.iter().find(|(_, of)| *of == order).map(|(key, _)| key.clone());
        let Some(key) = key else { return Err(Violation::new("I7", format!("{email} never got the key"))) };
        self.present_as(Some(self.login_now(account)), key, Some(order), account);
        self.tasks.finish(&self.world);
        self.tick_until_quiet()?;
        for invitation in self.world.sandbox.repos().iter().flat_map(|repo| self.world.sandbox.invitations(repo)) {
            if invitation.login == self.login_now(account) && self.random.bool() {
                self.accept(&invitation);
            }
        }
        Ok(order)
    }

    /// Whether a member who paid for a month then is in at that time. Until all is quiet the month may be over.
    fn expect_in(&mut self, paid_at: i64, at: i64, (account, repo): (i64, &str)) -> Result<(), Violation> {
        self.tick_at(at)?;
        self.tick_until_quiet()?;
        let is_paid = self.world.now().as_millis() < paid_at + SURELY_PAID_MS;
        if is_paid && check::role_of(self, account, repo).is_none() {
            return Err(Violation::new("I6", format!("a member has paid, and is not let into {repo}")));
        }
        Ok(())
    }

    /// Whether a member is out at that time, by which all that was paid is over.
    fn expect_out(&mut self, at: i64, (account, repo): (i64, &str)) -> Result<(), Violation> {
        self.tick_at(at)?;
        self.tick_until_quiet()?;
        if check::role_of(self, account, repo).is_some() {
            return Err(Violation::new("I6", format!("what a member paid for {repo} is over, and they are in")));
        }
        Ok(())
    }

    /// The member pays for a month, for the first time or once more; gives when, and the order that it began with.
    fn charge(&mut self, club: Club, order: Option<usize>, email: &str) -> (i64, usize) {
        let (product, _) = club.sells();
        let id = PRODUCTS[product].id;
        let sandbox = &self.world.sandbox;
        let at = self.world.now().as_millis();
        // What each says of it, and whether that is a sale.
        let told = match (club, order) {
            (Club::Gumroad, _) => vec![sandbox.sell_on_gumroad(GumroadSale {
                product_id: Some(id.to_owned()),
                email: email.to_owned(),
                subscription_id: Some(MEMBERSHIP.to_owned()),
                is_recurring_charge: order.is_some(),
                ..GumroadSale::default()
            })],
            (Club::Stripe, None) => {
                let session = sandbox.sell_on_stripe(StripeSale {
                    items: vec![StripeItem::of(id)],
                    email: Some(email.to_owned()),
                    subscription: Some(MEMBERSHIP.to_owned()),
                    paid_until: Some(at + MONTH_MS),
                    ..StripeSale::default()
                });
                vec![session, sandbox.stripe_first_invoice(MEMBERSHIP)]
            }
            (Club::Stripe, Some(_)) => vec![sandbox.stripe_renew(MEMBERSHIP)],
            (Club::Polar, None) => vec![sandbox.sell_on_polar(PolarSale {
                product_id: Some(id.to_owned()),
                email: Some(email.to_owned()),
                subscription: Some(MEMBERSHIP.to_owned()),
                paid_until: Some(at + MONTH_MS),
                ..PolarSale::default()
            })],
            (Club::Polar, Some(_)) => vec![sandbox.polar_renew(MEMBERSHIP)],
            (Club::Paddle, _) => vec![sandbox.sell_on_paddle(PaddleSale {
                items: vec![PaddleItem { recurs: true, ..PaddleItem::of(id) }],
                email: Some(email.to_owned()),
                origin: if order.is_some() { "subscription_recurring" } else { "web" }.to_owned(),
                subscription_id: Some(MEMBERSHIP.to_owned()),
                paid_until: Some(at + MONTH_MS),
                ..PaddleSale::default()
            })],
        };
        self.note("a member pays for a month");
        // Elsewhere the order is the membership itself.
        let id = if club == Club::Gumroad { told[0].reference.clone() } else { MEMBERSHIP.to_owned() };
        let order = order.unwrap_or_else(|| self.order(id, product, email.to_owned()));
        for delivery in told {
            let is_sale = delivery.event != "invoice.paid";
            self.tell(delivery, order, if is_sale { Meaning::Sale(Facts::NONE) } else { Meaning::Nothing });
        }
        (at, order)
    }

    /// The member cancels, and has what is paid until then.
    fn cancel(&self, club: Club, until: i64) -> Delivery {
        let sandbox = &self.world.sandbox;
        let id = MEMBERSHIP.to_owned();
        match club {
            Club::Gumroad => sandbox.gumroad_cancellation(MEMBERSHIP, until),
            Club::Stripe => sandbox.stripe_subscription(
                "customer.subscription.updated",
                &StripeSubscription { id, cancel_at: Some(until), ..StripeSubscription::default() },
            ),
            Club::Polar => sandbox.polar_subscription(
                "subscription.canceled",
                &PolarSubscription {
                    id,
                    cancel_at_period_end: true,
                    ends_at: Some(until),
                    ..PolarSubscription::default()
                },
            ),
            Club::Paddle => sandbox.paddle_subscription(
                "subscription.updated",
                &PaddleSubscription {
                    id,
                    scheduled_change: Some(("cancel".to_owned(), until)),
                    ..PaddleSubscription::default()
                },
            ),
        }
    }

    /// A storefront tells of something until that is heard, in any weather.
    fn tell(&mut self, delivery: Delivery, order: usize, meaning: Meaning) {
        let place = self.make(delivery, order, meaning);
        self.fates.weather(100);
        for _ in 0..self.random.u32(0..3) {
            self.deliver(place);
            self.tasks.finish(&self.world);
        }
        self.fates.calm();
        self.deliver(place);
        self.tasks.finish(&self.world);
        self.read_mail();
    }
}
