//! The made-up sale: on which storefront, of which product, and who signs it. For a Worker on this machine it is made by the
//! sandbox that `cargo xtask dev` runs, so that the Worker can ask about it; for one elsewhere it is signed here, with the
//! Worker's secret, where the delivery alone says everything.

use anyhow::{Context, bail};
use latchkey::model::{LicenseKind, Product};
use latchkey_sandbox::{Delivery, Options, Purchase, Sandbox, Storefront};
use reqwest::{StatusCode, Url};
use serde_json::json;

use super::BUYER;
use crate::settings::Vars;
use crate::stand_in;

const NAME: &str = "Smoke Test";

/// So far from the numbers of the sale itself are those of the forged one.
const FORGED_LATER: u64 = 500_000_000;

/// A sale, and one that nobody made.
pub(super) struct MadeUp {
    pub(super) storefront: Storefront,
    /// As the storefront names it.
    pub(super) order_id: String,
    pub(super) deliveries: Vec<Delivery>,
    /// Whether the Worker mails the key. Where the storefront makes keys, it mails them as well.
    pub(super) mailed: bool,
    /// Signed with another secret.
    pub(super) forged: Delivery,
}

/// The secret that its deliveries are proven with.
pub(super) const fn secret_name(storefront: Storefront) -> &'static str {
    match storefront {
        Storefront::Gumroad => "GUMROAD_WEBHOOK_SECRET",
        Storefront::LemonSqueezy => "LEMON_SQUEEZY_WEBHOOK_SECRET",
        Storefront::Paddle => "PADDLE_WEBHOOK_SECRET",
        Storefront::Polar => "POLAR_WEBHOOK_SECRET",
        Storefront::Stripe => "STRIPE_WEBHOOK_SECRET",
        Storefront::Standard => "STANDARD_WEBHOOKS_SECRET",
    }
}

/// What a delivery with a wrong secret is answered. Gumroad's stands in the address, which then does not seem to exist.
pub(super) const fn refused_with(storefront: Storefront) -> StatusCode {
    match storefront {
        Storefront::Gumroad => StatusCode::NOT_FOUND,
        _ => StatusCode::UNAUTHORIZED,
    }
}

/// What the Worker asks the storefront about each sale. No storefront knows of one that was made up here.
const fn asked_for(storefront: Storefront) -> Option<&'static str> {
    match storefront {
        Storefront::Stripe => Some("what was bought"),
        Storefront::Paddle => Some("who bought"),
        Storefront::Gumroad | Storefront::LemonSqueezy | Storefront::Polar | Storefront::Standard => None,
    }
}

/// A product that opens repositories without a choice of the buyer's, which is sold.
///
/// # Errors
/// When there is none, or the storefront would have to be asked about the sale.
fn product(storefront: Storefront, products: &[Product], local: bool) -> anyhow::Result<&Product> {
    let source = storefront.source();
    if let Some(asked) = asked_for(storefront).filter(|_| !local) {
        bail!(
            "a Worker asks {source} {asked}, and a made-up sale is not known there: pay in its test mode instead, and look at \
             `cargo latchkey sales`"
        );
    }
    let plain = |product: &&Product| product.source == source && !product.repos.is_empty() && product.choose.is_none();
    // A key of the storefront's own is asked about as well.
    let minted = |product: &&Product| product.license == LicenseKind::Minted;
    let product = products.iter().filter(plain).find(|product| local || minted(product));
    product.with_context(|| {
        let minted = if local { "" } else { " and a key that Latchkey makes" };
        format!("products.toml has no [[{source}]] entry with `repos` and without `choose`{minted}, so there is nothing to sell")
    })
}

fn set_secret(storefront: Storefront, options: &mut Options, secret: String) {
    match storefront {
        Storefront::Gumroad => options.gumroad_secret = secret,
        Storefront::LemonSqueezy => options.lemon_squeezy_webhook_secret = secret,
        Storefront::Paddle => options.paddle_webhook_secret = secret,
        Storefront::Polar => options.polar_webhook_secret = secret,
        Storefront::Stripe => options.stripe_webhook_secret = secret,
        Storefront::Standard => options.standard_webhooks_secret = secret,
    }
}

/// In the form that it has here, and nobody's.
fn wrong_secret(storefront: Storefront) -> String {
    match storefront {
        Storefront::Polar | Storefront::Standard => "whsec_bm90LXRoZS1zZWNyZXQtb2YtdGhpcy13b3JrZXI=",
        _ => "not-the-secret",
    }
    .to_owned()
}

fn sell(storefront: Storefront, sandbox: &Sandbox, product: &Product) -> Vec<Delivery> {
    sandbox.sell(Purchase {
        storefront,
        product_id: product.product_id.clone(),
        variant_id: product.variant_id().map(str::to_owned),
        email: BUYER.to_owned(),
        name: NAME.to_owned(),
    })
}

/// Makes up a sale for the Worker on this machine, in the sandbox that runs beside it.
pub(super) async fn in_the_sandbox(
    storefront: Storefront,
    products: &[Product],
    vars: &Vars,
    sandbox: &Url,
    client: &reqwest::Client,
) -> anyhow::Result<MadeUp> {
    let product = product(storefront, products, true)?;
    let order = json!({
        "storefront": storefront.source(),
        "product_id": product.product_id,
        "variant_id": product.variant_id(),
        "email": BUYER,
        "name": NAME,
        "send": false,
    });
    let url = sandbox.join("_sandbox/sell")?;
    let answer = client.post(url).json(&order).send().await;
    let answer =
        answer.with_context(|| format!("the sandbox does not answer at {sandbox}: is `cargo xtask dev` running?"))?;
    let deliveries = answer.error_for_status()?.json().await.context("the sandbox answers something else")?;
    made_up(storefront, product, deliveries, products, vars)
}

/// Makes up a sale for a Worker elsewhere, with its secret.
pub(super) fn signed_here(
    storefront: Storefront,
    products: &[Product],
    vars: &Vars,
    secret: String,
) -> anyhow::Result<MadeUp> {
    let product = product(storefront, products, false)?;
    let mut options = stand_in::options(products, vars, None);
    set_secret(storefront, &mut options, secret);
    let deliveries = sell(storefront, &Sandbox::new(options), product);
    made_up(storefront, product, deliveries, products, vars)
}

fn made_up(
    storefront: Storefront,
    product: &Product,
    deliveries: Vec<Delivery>,
    products: &[Product],
    vars: &Vars,
) -> anyhow::Result<MadeUp> {
    let order_id = deliveries.first().context("nothing tells of the sale")?.reference.clone();
    let mut options = stand_in::options(products, vars, None);
    options.first_number += FORGED_LATER;
    set_secret(storefront, &mut options, wrong_secret(storefront));
    let forged = sell(storefront, &Sandbox::new(options), product).into_iter().next();
    Ok(MadeUp {
        storefront,
        order_id,
        deliveries,
        mailed: product.license == LicenseKind::Minted,
        forged: forged.context("nothing tells of the forged sale")?,
    })
}

#[cfg(test)]
mod tests {
    use latchkey::adapters::storefronts::SECTIONS;
    use latchkey::model::catalogue::Form;
    use latchkey::model::{Catalogue, Product};

    use super::super::rows::written_in_any_form;
    use super::{Storefront, product, signed_here, wrong_secret};
    use crate::settings::Vars;

    fn products() -> Vec<Product> {
        let text = include_str!("../../../../../products.toml");
        Catalogue::read(text, Form::Toml, SECTIONS).expect("is a catalogue").products().to_vec()
    }

    #[test]
    fn every_storefront_has_something_to_sell_from_the_example() {
        for storefront in Storefront::ALL {
            let products = products();
            let product = product(storefront, &products, true).expect("a product");
            assert_eq!(product.source, storefront.source());
            assert_eq!(SECTIONS.iter().filter(|section| section.source == storefront.source()).count(), 1);
        }
        assert_eq!(Storefront::ALL.len(), SECTIONS.len(), "a storefront cannot be sold on");
    }

    #[test]
    fn a_sale_that_the_storefront_is_asked_about_cannot_be_made_up_for_a_worker_elsewhere() {
        let vars = Vars::parse("").expect("parses");
        for storefront in Storefront::ALL {
            let made_up = signed_here(storefront, &products(), &vars, wrong_secret(storefront));
            match storefront {
                Storefront::Paddle | Storefront::Stripe => {
                    let error = made_up.err().expect("refuses").to_string();
                    assert!(error.contains("test mode"), "{error}");
                }
                // Its only entry in the example has keys of Lemon Squeezy's own.
                Storefront::LemonSqueezy => {
                    let error = made_up.err().expect("refuses").to_string();
                    assert!(error.contains("a key that Latchkey makes"), "{error}");
                }
                _ => {
                    let made_up = made_up.expect("a sale");
                    assert!(made_up.mailed);
                    assert_ne!(made_up.order_id, made_up.forged.reference);
                    let text = made_up.deliveries[0].body_text();
                    let [order, forged] =
                        [&made_up.order_id, &made_up.forged.reference].map(|id| written_in_any_form(id));
                    assert!(text.contains(order) && !text.contains(forged), "{text}");
                }
            }
        }
    }
}
