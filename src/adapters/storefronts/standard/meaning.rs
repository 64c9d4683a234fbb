//! What a delivery means by a description.
//!
//! What decides who gets what is read strictly: where a pointer to it finds nothing, the delivery waits for another description, and
//! what is said of it names the pointer. What is only shown never stops a sale.

use super::found::{self, Twice, Undecided};
use crate::adapters::sanitize;
use crate::adapters::storefronts::{Cause, NotUnderstood};
use crate::json::Json;
use crate::model::catalogue::{Meaning, Place, Pointer, Rule, Rules};
use crate::model::{
    Amount, Bought, BuyerAddress, BuyerEmail, Currency, EventReason, EventType, Order, OrderFacts, OrderId, OrderLines,
    Picked, Quantity, StorefrontEvent, StorefrontId, Subscription, SubscriptionFact, Timestamp, name_from_address,
};

/// What a delivery was read as.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reading {
    pub event_type: EventType,
    /// Absent where no rule is about it, so that nothing comes of it.
    pub meaning: Option<Meaning>,
    pub event: StorefrontEvent,
    /// The pointers that found nothing and that it is understood without, each with what it is for.
    pub unfound: Vec<String>,
}

/// A delivery under the rule that counts for it.
struct Reader<'r> {
    rule: &'r Rule,
    body: &'r Json,
    is_test: bool,
    unfound: Vec<String>,
}

/// What is wrong with a delivery by its description. It names pointers and no value.
#[derive(Clone)]
struct Problem(String);

/// Reads a delivery.
///
/// # Errors
/// [`NotUnderstood`] when what decides is not where it was said to be.
pub(super) fn understand(rules: &Rules, body: &Json) -> Result<Reading, NotUnderstood> {
    let undescribed = |Problem(problem)| NotUnderstood::from(Cause::Undescribed { problem });
    let at = std::slice::from_ref(&rules.event_type);
    let told = found::first(body, at, found::text).map_err(|Twice| undescribed(twice("type", at)))?;
    let told = told.ok_or_else(|| undescribed(nothing_at("type", at)))?;
    let event_type = EventType::from_storefront(&told);
    let found = reading(rules, &told, body);
    let (meaning, event, unfound) = found.map_err(|Unread { problem, order_id, email }| {
        undescribed(problem).of_type(event_type.clone()).about(order_id, email)
    })?;
    Ok(Reading { event_type, meaning, event, unfound })
}

/// What a delivery means, and the pointers that it is understood without.
type Read = (Option<Meaning>, StorefrontEvent, Vec<String>);

/// A delivery that does not fit its rule, with what could be told of it all the same.
struct Unread {
    problem: Problem,
    order_id: Option<OrderId>,
    email: Option<BuyerEmail>,
}

fn reading(rules: &Rules, event: &str, body: &Json) -> Result<Read, Unread> {
    let alone = |problem| Unread { problem, order_id: None, email: None };
    let mut counts = None;
    for rule in rules.rules.iter().filter(|rule| rule.events.iter().any(|known| known == event)) {
        if applies(rule, body).map_err(alone)? {
            counts = Some(rule);
            break;
        }
    }
    let Some(rule) = counts else {
        let event = StorefrontEvent::Nothing { reason: EventReason::UnknownEvent, order_id: None };
        return Ok((None, event, Vec::new()));
    };
    let is_test = match &rules.test {
        None => false,
        Some(test) => found::holds(body, test)
            .map_err(|undecided| alone(undecided_at("test", std::slice::from_ref(&test.at), undecided)))?,
    };
    let mut reader = Reader { rule, body, is_test, unfound: Vec::new() };
    let order_id = reader.order_id();
    let read = match &order_id {
        Ok(order_id) => reader.event(order_id.clone()),
        Err(problem) => Err(problem.clone()),
    };
    match read {
        Ok(event) => Ok((Some(rule.meaning), event, reader.unfound)),
        Err(problem) => Err(Unread { problem, order_id: order_id.ok(), email: reader.email().ok().flatten() }),
    }
}

/// Whether a rule counts for a delivery, by what it says besides its events.
fn applies(rule: &Rule, body: &Json) -> Result<bool, Problem> {
    for (key, condition, expected) in [("only", &rule.only, true), ("unless", &rule.unless, false)] {
        let Some(condition) = condition else { continue };
        let holds = found::holds(body, condition);
        let holds = holds.map_err(|undecided| undecided_at(key, std::slice::from_ref(&condition.at), undecided))?;
        if holds != expected {
            return Ok(false);
        }
    }
    Ok(true)
}

impl<'r> Reader<'r> {
    fn event(&mut self, order_id: OrderId) -> Result<StorefrontEvent, Problem> {
        let changed = |order_id, facts, reason| StorefrontEvent::OrderChanged { order_id, facts, reason };
        let disputed = OrderFacts { disputed: true, ..OrderFacts::NONE };
        Ok(match self.rule.meaning {
            Meaning::Sale => StorefrontEvent::Sold(self.order(order_id)?),
            Meaning::Renewal => {
                let facts = self.paid()?.into_iter().chain(self.renews()?);
                let subscription = facts.fold(Subscription::of_order(order_id.clone(), order_id), Subscription::with);
                StorefrontEvent::SubscriptionChanged { subscription, reason: EventReason::SubscriptionPayment }
            }
            Meaning::Refund | Meaning::RefundUndone => self.refund(order_id)?,
            Meaning::Dispute => changed(order_id, disputed, EventReason::DisputeOpened),
            Meaning::DisputeWon => {
                changed(order_id, OrderFacts { dispute_won: true, ..disputed }, EventReason::DisputeWon)
            }
            Meaning::DisputeLost => {
                changed(order_id, OrderFacts { dispute_lost: true, ..disputed }, EventReason::DisputeLost)
            }
            Meaning::End | Meaning::Resume => {
                let at = self.required(Place::At, found::time)?;
                let (fact, reason) = if self.rule.meaning == Meaning::End {
                    (SubscriptionFact::Stops { at }, EventReason::SubscriptionEnded)
                } else {
                    (SubscriptionFact::Resumes { at }, EventReason::SubscriptionResumed)
                };
                let subscription = Subscription::of_order(order_id.clone(), order_id).with(fact);
                StorefrontEvent::SubscriptionChanged { subscription, reason }
            }
        })
    }

    /// A refund, or one that has come back: of an order, or of a payment of a subscription, whose period it takes away. Where the names
    /// of both are the same, the sender does not tell which it is.
    fn refund(&mut self, order_id: OrderId) -> Result<StorefrontEvent, Problem> {
        let is_partial = self.is_partial()?;
        let is_undone = self.rule.meaning == Meaning::RefundUndone;
        let payment = if self.rule.has(Place::PaymentId) { Some(self.id(Place::PaymentId)?) } else { None };
        let is_of_either = !is_undone && payment.as_ref().is_some_and(|payment| payment.as_str() == order_id.as_str());
        if is_of_either && !is_partial {
            return Ok(StorefrontEvent::PaymentRefunded { id: order_id, reason: EventReason::FullRefund });
        }
        if let Some(payment) = payment.filter(|_| !is_of_either) {
            if is_partial {
                let reason = EventReason::RenewalChange;
                return Ok(StorefrontEvent::Nothing { reason, order_id: Some(order_id) });
            }
            let (fact, reason) = if is_undone {
                (SubscriptionFact::RefundUndone { payment }, EventReason::RefundUndone)
            } else {
                (SubscriptionFact::Refunded { payment }, EventReason::RenewalTakenBack)
            };
            let subscription = Subscription::of_order(order_id.clone(), order_id).with(fact);
            return Ok(StorefrontEvent::SubscriptionChanged { subscription, reason });
        }
        let none = OrderFacts::NONE;
        let (facts, reason) = match (is_undone, is_partial) {
            (false, false) => (OrderFacts::REFUNDED, EventReason::FullRefund),
            (false, true) => (OrderFacts { partially_refunded: true, ..none }, EventReason::PartialRefund),
            (true, false) => (OrderFacts { refund_undone: true, ..none }, EventReason::RefundUndone),
            (true, true) => (OrderFacts { partial_refund_undone: true, ..none }, EventReason::RefundUndone),
        };
        Ok(StorefrontEvent::OrderChanged { order_id, facts, reason })
    }

    /// Whether a refund is one in part. Where nothing is said of it, it is one in full.
    fn is_partial(&mut self) -> Result<bool, Problem> {
        if self.rule.has(Place::Refunded) {
            let refunded = self.required(Place::Refunded, found::integer)?;
            let total = self.required(Place::Total, found::integer)?;
            return Ok(refunded < total);
        }
        Ok(self.decisive(Place::Partial, found::flag)?.unwrap_or(false))
    }

    fn order(&mut self, order_id: OrderId) -> Result<Order, Problem> {
        let lines = self.lines()?;
        let (address, name) = self.buyer()?;
        let facts: Vec<_> = self.paid()?.into_iter().chain(self.renews()?).collect();
        let is_subscription = self.rule.has(Place::PaymentId) || self.rule.has(Place::RenewsAt);
        let subscription = is_subscription.then(|| {
            let subscription = Subscription::of_order(order_id.clone(), order_id.clone());
            facts.into_iter().fold(subscription, Subscription::with)
        });
        let answers = self.all(Place::Answers)?.into_iter().flat_map(found::answers).collect::<Vec<_>>();
        Ok(Order {
            order_id,
            lines,
            address,
            name,
            amount: self.amount()?,
            offer_code: None,
            variants: Vec::new(),
            custom_fields: sanitize::tidy_pairs(&answers, sanitize::ANSWER),
            country: None,
            subscription,
            test: self.is_test,
            sold_at: self.optional(Place::SoldAt, found::time)?,
            facts: OrderFacts::NONE,
        })
    }

    /// What was bought: the items of a list, or the delivery itself where there is no pointer to one.
    fn lines(&mut self) -> Result<OrderLines, Problem> {
        let items = if self.rule.has(Place::Lines) {
            self.required(Place::Lines, |found| match found {
                Json::List(items) => Some(items.iter().collect::<Vec<_>>()),
                _ => None,
            })?
        } else {
            vec![self.body]
        };
        let lines: Vec<_> = items.into_iter().map(|item| self.line(item)).collect::<Result<_, _>>()?;
        OrderLines::new(lines).ok_or_else(|| {
            let lines = named(&self.key(Place::Lines), self.rule.pointers(Place::Lines));
            Problem(format!("{lines} finds an empty list"))
        })
    }

    fn line(&mut self, item: &'r Json) -> Result<(Bought, Quantity), Problem> {
        let within = |place: Place| found::decisive(item, self.rule.pointers(place), found::id);
        let id = |place: Place, id: &str| StorefrontId::parse(id).ok_or_else(|| self.no_id(place));
        let product = match within(Place::ProductId) {
            Ok(product) => product,
            Err(Undecided::Twice) => return Err(self.twice(Place::ProductId)),
            Err(Undecided::Unreadable) => None,
        };
        let product = product.ok_or_else(|| self.nothing(Place::ProductId))?;
        let picked = match within(Place::VariantId) {
            Ok(variant) => {
                let variant = variant.map(|variant| id(Place::VariantId, &variant)).transpose()?;
                Picked::Told(variant.into_iter().collect())
            }
            Err(Undecided::Twice) => return Err(self.twice(Place::VariantId)),
            // It matters only where the catalogue asks for it.
            Err(Undecided::Unreadable) => {
                let Problem(why) = undecided_at(
                    &self.key(Place::VariantId),
                    self.rule.pointers(Place::VariantId),
                    Undecided::Unreadable,
                );
                Picked::Untold(why)
            }
        };
        let bought = Bought { product_id: id(Place::ProductId, &product)?, picked };
        let pieces = found::first(item, self.rule.pointers(Place::Quantity), found::integer);
        let pieces = pieces.map_err(|Twice| self.twice(Place::Quantity))?;
        if self.rule.has(Place::Quantity) && pieces.is_none() {
            self.miss(Place::Quantity);
        }
        Ok((bought, pieces.and_then(Quantity::new).unwrap_or(Quantity::ONE)))
    }

    /// Where the buyer is written to, and what they are called. A sale without an address is one all the same, and its license waits
    /// for one.
    fn buyer(&mut self) -> Result<(BuyerAddress, String), Problem> {
        let email = self.email()?;
        let name = self.optional(Place::Name, found::text)?.unwrap_or_default();
        let name = sanitize::tidy(&name, sanitize::NAME);
        Ok(match email {
            // Whoever is known by a name alone could not be found again to be erased.
            None => (BuyerAddress::Unknown, String::new()),
            Some(email) => {
                let name = if name.is_empty() { name_from_address(&email) } else { name };
                // A delivery before this one may have had none.
                (BuyerAddress::Asked(email), name)
            }
        })
    }

    fn email(&mut self) -> Result<Option<BuyerEmail>, Problem> {
        self.optional(Place::Email, |found| BuyerEmail::parse(&found::text(found)?).ok())
    }

    fn amount(&mut self) -> Result<Option<Amount>, Problem> {
        let amount = self.optional(Place::Amount, found::integer)?;
        let currency = self.optional(Place::Currency, |found| Currency::parse(&found::text(found)?))?;
        Ok(amount.zip(currency).and_then(|(amount, currency)| Amount::new(amount, currency)))
    }

    /// A payment of a subscription.
    fn paid(&mut self) -> Result<Option<SubscriptionFact>, Problem> {
        if !self.rule.has(Place::PaymentId) {
            return Ok(None);
        }
        let payment = self.id(Place::PaymentId)?;
        let at = self.required(Place::PaidAt, found::time)?;
        let until = self.decisive(Place::PaidUntil, found::time)?;
        Ok(Some(SubscriptionFact::Paid { payment, at, until }))
    }

    fn renews(&mut self) -> Result<Option<SubscriptionFact>, Problem> {
        if !self.rule.has(Place::RenewsAt) {
            return Ok(None);
        }
        let at = self.required(Place::RenewsAt, found::time)?;
        let said_at: Timestamp = self.required(Place::SaidAt, found::time)?;
        Ok(Some(SubscriptionFact::Renews { at, said_at }))
    }

    fn order_id(&self) -> Result<OrderId, Problem> {
        let id = self.required(Place::OrderId, found::id)?;
        OrderId::parse(&id).ok_or_else(|| self.no_id(Place::OrderId))
    }

    fn id(&self, place: Place) -> Result<StorefrontId, Problem> {
        let id = self.required(place, found::id)?;
        StorefrontId::parse(&id).ok_or_else(|| self.no_id(place))
    }

    /// What decides.
    fn required<T>(&self, place: Place, read: impl Fn(&'r Json) -> Option<T>) -> Result<T, Problem> {
        let found = found::first(self.body, self.rule.pointers(place), read).map_err(|Twice| self.twice(place))?;
        found.ok_or_else(|| self.nothing(place))
    }

    /// What is understood without, and missed where there is a pointer to it that finds nothing.
    fn optional<T>(&mut self, place: Place, read: impl Fn(&'r Json) -> Option<T>) -> Result<Option<T>, Problem> {
        let found = found::first(self.body, self.rule.pointers(place), read).map_err(|Twice| self.twice(place))?;
        if self.rule.has(place) && found.is_none() {
            self.miss(place);
        }
        Ok(found)
    }

    /// What is understood without where there is nothing, and decides where there is something, which then has to be readable.
    fn decisive<T>(&mut self, place: Place, read: impl Fn(&'r Json) -> Option<T>) -> Result<Option<T>, Problem> {
        let pointers = self.rule.pointers(place);
        let found = found::decisive(self.body, pointers, read)
            .map_err(|undecided| undecided_at(&self.key(place), pointers, undecided))?;
        if self.rule.has(place) && found.is_none() {
            self.miss(place);
        }
        Ok(found)
    }

    /// Everything that the pointers of a place lead to.
    fn all(&self, place: Place) -> Result<Vec<&'r Json>, Problem> {
        let found = self.rule.pointers(place).iter().map(|pointer| found::at(self.body, pointer));
        let found: Result<Vec<_>, Twice> = found.collect();
        Ok(found.map_err(|Twice| self.twice(place))?.into_iter().flatten().collect())
    }

    fn miss(&mut self, place: Place) {
        let named = self.named(place);
        if !self.unfound.contains(&named) {
            self.unfound.push(named);
        }
    }

    fn named(&self, place: Place) -> String {
        named(place.as_str(), self.rule.pointers(place))
    }

    fn nothing(&self, place: Place) -> Problem {
        nothing_at(&self.key(place), self.rule.pointers(place))
    }

    fn no_id(&self, place: Place) -> Problem {
        Problem(format!("{} finds what can be no id", named(&self.key(place), self.rule.pointers(place))))
    }

    fn twice(&self, place: Place) -> Problem {
        twice(&self.key(place), self.rule.pointers(place))
    }

    /// A place with the meaning whose rule it is of.
    fn key(&self, place: Place) -> String {
        format!("{}.{}", self.rule.meaning.as_str(), place.as_str())
    }
}

fn twice(key: &str, pointers: &[Pointer]) -> Problem {
    Problem(format!("{} finds a member that is given twice", named(key, pointers)))
}

fn undecided_at(key: &str, pointers: &[Pointer], undecided: Undecided) -> Problem {
    match undecided {
        Undecided::Twice => twice(key, pointers),
        Undecided::Unreadable => Problem(format!("{} finds what cannot be read", named(key, pointers))),
    }
}

fn nothing_at(key: &str, pointers: &[Pointer]) -> Problem {
    Problem(format!("{} finds nothing that can be read", named(key, pointers)))
}

/// What pointers are for, and the pointers.
fn named(key: &str, pointers: &[Pointer]) -> String {
    let pointers: Vec<_> = pointers.iter().map(|pointer| format!("`{}`", pointer.as_str())).collect();
    format!("{key} {}", pointers.join(" or "))
}
