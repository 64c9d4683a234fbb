//! Somebody gives a GitHub username at the checkout, while nothing goes wrong: what comes of it, and of its correction. In any weather
//! others do all the time; what must not come of that is in `check`.

use latchkey_sandbox::GumroadSale;

use super::Run;
use crate::check::{self, Violation};
use crate::model::{Account, Facts, Meaning, PRODUCTS, crowd};
use crate::shelf::Shelf;

/// What is activated at the checkout: the place in [`PRODUCTS`], and the repository that it opens. And what is not.
const AT_CHECKOUT: (usize, &str) = (19, "acme/booth");
const LATER: usize = 0;

/// The buyer may say that it is another account for so long.
const DAY_S: u64 = 24 * 60 * 60;

impl Run {
    /// Three give a username. One says in time that it was another one, one too late, and one has bought what is not activated so.
    pub(super) fn check_out(&mut self) -> Result<(), Violation> {
        let (product, repo) = AT_CHECKOUT;
        let [given, meant, late, stranger] = [&crowd()[6], &crowd()[7], &crowd()[8], &crowd()[9]];
        self.put(Shelf::full(self.scope), "map every product");
        self.tasks.finish(&self.world);
        self.tick_until_quiet()?;
        let (_, untouched) = self.buy_as(LATER, stranger)?;
        if let Some(bound) = check::bound_account(self, &untouched) {
            let what = format!("what nobody has activated is bound to {bound:?} by its checkout");
            return Err(Violation::new("I3", what));
        }
        let (order, key) = self.buy_as(product, given)?;
        self.is_bound(&key, given, "checkout")?;
        self.is_in(given, repo)?;
        if self.random.bool() {
            self.accept_everything(given);
        }
        let hours = self.random.u64(0..23);
        self.let_pass(hours * 60 * 60);
        self.tick_until_quiet()?;
        self.present_as(Some(self.login_now(meant)), key.clone(), Some(order), meant);
        self.tasks.finish(&self.world);
        self.tick_until_quiet()?;
        self.is_bound(&key, meant, "typed")?;
        self.is_in(meant, repo)?;
        if check::has_access(self, number(given), repo) {
            let what = format!("{} was given at a checkout, which was corrected, and is in {repo} still", given.login);
            return Err(Violation::new("I6", what));
        }
        let (order, key) = self.buy_as(product, late)?;
        self.is_bound(&key, late, "checkout")?;
        self.let_pass(DAY_S + 60);
        self.tick_until_quiet()?;
        self.present_as(Some(self.login_now(stranger)), key.clone(), Some(order), stranger);
        self.tasks.finish(&self.world);
        self.tick_until_quiet()?;
        self.is_bound(&key, late, "checkout")?;
        self.is_in(late, repo)
    }

    /// Somebody buys with their username at the checkout; gives the order and its key.
    fn buy_as(&mut self, product: usize, account: &'static Account) -> Result<(usize, String), Violation> {
        let email = format!("buyer-{}@example.com", self.model.borrow().orders.len());
        let login = self.login_now(account);
        let sale = GumroadSale {
            product_id: Some(PRODUCTS[product].id.to_owned()),
            email: email.clone(),
            custom_fields: vec![("GitHub username".to_owned(), login.clone())],
            ..GumroadSale::default()
        };
        let delivery = self.world.sandbox.sell_on_gumroad(sale);
        self.note(&format!("Gumroad sells {} to {email}, who is {login} at GitHub", PRODUCTS[product].id));
        let order = self.order(delivery.reference.clone(), product, email.clone());
        self.model.borrow_mut().orders[order].login = Some(login);
        let place = self.make(delivery, order, Meaning::Sale(Facts::NONE));
        self.deliver(place);
        self.tasks.finish(&self.world);
        self.tick_until_quiet()?;
        let key = self.model.borrow().mailed.iter().find(|(_, of)| *of == order).map(|(key, _)| key.clone());
        let Some(key) = key else { return Err(Violation::new("I7", format!("{email} never got the key"))) };
        Ok((order, key))
    }

    fn is_bound(&self, key: &str, account: &Account, proof: &str) -> Result<(), Violation> {
        let bound = check::bound_account(self, key);
        if bound == Some((number(account), proof.to_owned())) {
            return Ok(());
        }
        let what = format!("a license is to be bound to account {} ({proof}), and is to {bound:?}", number(account));
        Err(Violation::new("I3", what))
    }

    fn is_in(&self, account: &Account, repo: &str) -> Result<(), Violation> {
        if check::has_access(self, number(account), repo) {
            return Ok(());
        }
        Err(Violation::new("I6", format!("{} is to be in {repo}, and is not", account.login)))
    }
}

fn number(account: &Account) -> i64 {
    account.id.unwrap_or_default()
}
