//! What of the storefronts is looked at: their webhooks, whether what they sold was delivered, and their products.

use futures_util::future::join4;

use super::{Read, not_seen, without_database};
use crate::adapters::Failure;
use crate::adapters::storefronts::hooks::{Hooks, RegisteredHook, Registration, SecretSeen, untold};
use crate::adapters::storefronts::{AnyStorefront, Page, Products};
use crate::api::codes::{CheckCode, CheckReason};
use crate::api::doctor::Check;
use crate::engine::Engine;
use crate::model::catalogue::{Catalogue, Product};
use crate::model::{MINUTE_MS, Source, Timestamp};
use crate::platform::Platform;

/// How far back a sale is looked for.
const SALES_MS: i64 = 7 * 24 * 60 * MINUTE_MS;

/// How long after the sale its delivery may come, tries again included.
const DELIVERY_MS: i64 = 15 * MINUTE_MS;

const OF_EACH: [CheckCode; 3] = [CheckCode::Hooks, CheckCode::Deliveries, CheckCode::MappedProducts];

/// Looks at a storefront.
pub(super) async fn look<P: Platform>(
    engine: &Engine<P>,
    storefront: &AnyStorefront,
    catalogue: &Catalogue,
    read: &Read,
    host: Option<&str>,
) -> Vec<Check> {
    let source = storefront.source();
    let entries: Vec<_> = catalogue.products().iter().filter(|entry| entry.source == source.as_str()).collect();
    let hooks = storefront.hooks();
    let all = |check: fn(CheckCode) -> Check| OF_EACH.map(|code| check(code).about(source.as_str())).to_vec();
    if !storefront.is_configured() {
        if entries.is_empty() {
            return all(|code| Check::skipped(code, CheckReason::NotUsed));
        }
        let mut checks = all(|code| Check::skipped(code, CheckReason::NotConfigured));
        let closed = Check::failed(CheckCode::Hooks, CheckReason::NotConfigured).about(source.as_str()).mended_by(format!(
            "Put {} with `npx wrangler secret put`, as docs/deploy.md says: the catalogue has products of {}, and its webhook is closed.",
            hooks.secret_setting,
            storefront.name()
        ));
        if let Some(first) = checks.first_mut() {
            *first = closed;
        }
        return checks;
    }
    if hooks.registration == Registration::ByHand {
        return of_nobody_to_ask(storefront, catalogue);
    }
    let lists = storefront.lists();
    let Some(sales) = lists.first() else {
        let put = format!(
            "Put {} with `npx wrangler secret put`, so that this can be looked at.",
            hooks.api_settings.join(" and ")
        );
        let skipped = all(|code| Check::skipped(code, CheckReason::NoCredentials)).into_iter();
        return skipped.map(|check| check.mended_by(put.as_str())).collect();
    };
    let platform = engine.platform();
    let now = platform.now();
    let (registered, sold, permitted, products) = join4(
        storefront.registered_hooks(platform),
        storefront.page(platform, sales, now.plus_millis(-SALES_MS), None),
        storefront.see_permissions(platform),
        storefront.products(platform),
    )
    .await;
    let about = |check: Check| check.about(source.as_str());
    let again = |check: Check| match check.reason {
        Some(CheckReason::Refused) => {
            check.mended_by(format!("Put a new {} with `npx wrangler secret put`.", hooks.api_settings.join(" or ")))
        }
        _ => check,
    };
    let of_hooks = match registered {
        Err(failure) => vec![again(not_seen(CheckCode::Hooks, &failure, Check::failed))],
        Ok(registered) => of_hooks(&hooks, &registered, &storefront.webhook_path(), source, host),
    };
    let mut checks: Vec<_> = of_hooks.into_iter().map(about).collect();
    // What is not permitted would be missed once something is refunded.
    let sold = sold.and_then(|page| permitted.map(|()| page));
    checks.push(about(again(delivery(source, sold, read, &hooks, now))));
    checks.extend(mapped(source, products, &entries));
    checks
}

/// What is told of a storefront that cannot be asked: whether its deliveries can be read, and what nobody can find out.
fn of_nobody_to_ask(storefront: &AnyStorefront, catalogue: &Catalogue) -> Vec<Check> {
    let undescribed =
        storefront.section().description.map(|rule| rule.key).filter(|key| catalogue.description(key).is_none());
    let hooks = match undescribed {
        Some(key) => Check::failed(CheckCode::Hooks, CheckReason::NotDescribed)
            .mended_by(format!("Describe its deliveries under [{key}] of the catalogue: what waits is read then.")),
        None => Check::skipped(CheckCode::Hooks, CheckReason::CannotTell).mended_by(format!(
            "See at the sender that its webhook leads to {}: it cannot be asked from here.",
            storefront.webhook_path()
        )),
    };
    let deliveries = Check::skipped(CheckCode::Deliveries, CheckReason::CannotTell).mended_by(
        "Compare what the sender has sold with what is here now and then, and have it send again what is missing: it has no list \
         that could be read, so a sale whose delivery was lost is not found by itself.",
    );
    let products = Check::skipped(CheckCode::MappedProducts, CheckReason::CannotTell);
    [hooks, deliveries, products].map(|check| check.about(storefront.source().as_str())).to_vec()
}

/// Whether webhooks lead here, once each, with every event and a secret that is accepted.
fn of_hooks(
    hooks: &Hooks,
    registered: &[RegisteredHook],
    path: &str,
    source: Source,
    host: Option<&str>,
) -> Vec<Check> {
    const CODE: CheckCode = CheckCode::Hooks;
    let connect =
        format!("Run `cargo latchkey connect {source} --url https://YOUR-WORKER`, which creates what is missing");
    let by_hand = format!("at {}", hooks.dashboard);
    let of_path: Vec<_> = registered.iter().filter(|hook| hook.path() == path).collect();
    let (here, elsewhere): (Vec<_>, Vec<_>) =
        of_path.into_iter().partition(|hook| host.is_none_or(|host| hook.host().eq_ignore_ascii_case(host)));
    let (accepted, refused): (Vec<_>, Vec<_>) = here.into_iter().partition(|hook| hook.is_accepted());
    let mut checks = Vec::new();
    if !refused.is_empty() {
        checks.push(
            Check::failed(CODE, CheckReason::HookSecretWrong)
                .seeing(events_of(&refused))
                .mended_by(format!("{connect}; then remove those with the wrong secret {by_hand}.")),
        );
    }
    let missing = untold(hooks, accepted.iter().copied());
    if accepted.is_empty() && refused.is_empty() {
        checks.push(match elsewhere.first() {
            Some(other) => Check::failed(CODE, CheckReason::HookElsewhere)
                .seeing(&other.url)
                .mended_by(format!("{connect}; then remove the one that leads elsewhere {by_hand}.")),
            None => Check::failed(CODE, CheckReason::HookMissing).mended_by(format!("{connect}, or add it {by_hand}.")),
        });
    } else if !missing.is_empty() && !accepted.is_empty() {
        checks.push(
            Check::failed(CODE, CheckReason::EventsMissing).seeing(missing.join(", ")).mended_by(format!("{connect}.")),
        );
    }
    if accepted.iter().any(|hook| hook.secret == SecretSeen::Previous) {
        checks.push(Check::warning(CODE, CheckReason::HookSecretPrevious).mended_by(format!(
            "Change the secret in the address {by_hand} before you delete {}_PREVIOUS.",
            hooks.secret_setting
        )));
    }
    let mut events: Vec<_> = accepted.iter().flat_map(|hook| &hook.events).collect();
    events.sort_unstable();
    let twice: Vec<_> =
        events.windows(2).filter(|pair| pair.first() == pair.last()).filter_map(|pair| pair.first()).collect();
    if !twice.is_empty() {
        let twice: Vec<_> = twice.into_iter().map(|event| event.as_str()).collect();
        checks.push(Check::warning(CODE, CheckReason::HookTwice).seeing(twice.join(", ")).mended_by(format!(
            "Remove all but one {by_hand}: each delivery comes several times, which costs and does no harm."
        )));
    }
    if checks.is_empty() { vec![Check::ok(CODE)] } else { checks }
}

fn events_of(hooks: &[&RegisteredHook]) -> String {
    hooks.iter().flat_map(|hook| &hook.events).map(String::as_str).collect::<Vec<_>>().join(", ")
}

/// Whether a delivery has come since the last sale.
fn delivery(source: Source, sold: Result<Page, Failure>, read: &Read, hooks: &Hooks, now: Timestamp) -> Check {
    const CODE: CheckCode = CheckCode::Deliveries;
    let sold = match sold {
        Err(failure) => return not_seen(CODE, &failure, Check::failed),
        Ok(page) => page.items.into_iter().filter(|item| item.sold).map(|item| item.made_at).max(),
    };
    let Ok(recorded) = read else { return without_database(CODE) };
    let delivered = recorded.deliveries.last_of(source.as_str());
    let is_known = |sold: Timestamp| recorded.deliveries.since().is_none_or(|since| since < sold);
    let at = |time: Option<Timestamp>| time.map_or_else(|| "none".to_owned(), Timestamp::to_rfc3339);
    let seen = format!("last sale in seven days: {}; last delivery: {}", at(sold), at(delivered));
    // A storefront writes the second of a sale, and its clock is its own.
    let is_late = |sold: Timestamp| {
        sold.plus_millis(DELIVERY_MS) < now
            && match delivered {
                Some(delivered) => delivered.plus_millis(MINUTE_MS) < sold,
                None => is_known(sold),
            }
    };
    if !sold.is_some_and(is_late) {
        return Check::ok(CODE).seeing(seen);
    }
    Check::failed(CODE, CheckReason::NotDelivered).seeing(seen).mended_by(format!(
        "See that nothing blocks the webhook's address, and that its secret is {}; what was sold is found in the storefront's list and \
         fulfilled within hours. Where it was sold before this Worker was connected, send a test from {}.",
        hooks.secret_setting, hooks.dashboard
    ))
}

/// Whether the storefront has the products that the catalogue names.
fn mapped(source: Source, products: Result<Products, Failure>, entries: &[&Product]) -> Vec<Check> {
    const CODE: CheckCode = CheckCode::MappedProducts;
    let of_source = |check: Check| vec![check.about(source.as_str())];
    if entries.is_empty() {
        return of_source(Check::skipped(CODE, CheckReason::NothingMapped));
    }
    // Credentials that list sales need not list products.
    let products = match products {
        Ok(products) => products,
        Err(failure) => return of_source(not_seen(CODE, &failure, Check::skipped)),
    };
    let mut ids: Vec<_> = entries.iter().map(|entry| entry.product_id.as_str()).collect();
    ids.dedup();
    let absent: Vec<_> = ids.into_iter().filter(|id| !products.listed.iter().any(|listed| listed.id == *id)).collect();
    if absent.is_empty() {
        return of_source(Check::ok(CODE));
    }
    if !products.is_whole {
        return of_source(Check::skipped(CODE, CheckReason::TooMany).seeing(absent.join(", ")));
    }
    let check = |id: &str| {
        Check::warning(CODE, CheckReason::NotAtStorefront).about(format!("{source} {id}")).mended_by(
            "Correct `product_id` of the entry in the catalogue, or take the entry out: nobody can buy what is not there.",
        )
    };
    absent.into_iter().map(check).collect()
}

/// Whether the catalogue names every product that was sold.
pub(super) fn unmapped(read: &Read) -> Vec<Check> {
    const CODE: CheckCode = CheckCode::UnmappedProducts;
    let Ok(recorded) = read else { return vec![without_database(CODE)] };
    let check = |found: &crate::db::reads::doctor::Unmapped| {
        let variant = if found.variant_id.is_empty() { String::new() } else { format!(" {}", found.variant_id) };
        Check::failed(CODE, CheckReason::NotMapped)
            .about(format!("{} {}{variant}", found.source, found.product_id))
            .seeing(format!("{} times", found.times))
            .mended_by(
                "Add an entry for it to the catalogue with `cargo latchkey products push`, with `license = \"none\"` if it opens \
                 nothing: what waits is processed then.",
            )
    };
    if recorded.unmapped.is_empty() { vec![Check::ok(CODE)] } else { recorded.unmapped.iter().map(check).collect() }
}
