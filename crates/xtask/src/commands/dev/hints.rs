//! What `cargo xtask dev` prints when everything runs: the addresses, and a ready-made request for each thing to try.

use std::fmt::Write;

use latchkey::model::Product;
use latchkey_sandbox::{Delivery, GumroadSale, Sandbox};

use crate::settings::{Vars, plain_gumroad_product};
use crate::stand_in;

/// The text. The requests carry the secrets of `.dev.vars`, which are the developer's own to see.
pub(super) fn text(worker_url: &str, sandbox_url: &str, vars: &Vars, products: &[Product]) -> String {
    let mut text = format!(
        "\n\
         Worker    {worker_url}   ({worker_url}/healthz says how it is)\n\
         Sandbox   {sandbox_url}   the whole story in a browser: buy, read the mail, click, continue with GitHub, be in\n"
    );
    let mut number = 0;
    let mut add = |title: &str, command: &str| {
        number += 1;
        // Writing to a String cannot fail.
        let _ = writeln!(text, "\n{number}. {title}\n{command}");
    };
    if let Some(sale) = gumroad_sale(vars, products) {
        add(
            "A sale on Gumroad. Send it twice: the second is a repetition, and there is still one license.",
            &curl(worker_url, &sale),
        );
    }
    if products.iter().any(|product| product.source == "lemonsqueezy") {
        add(
            "A sale on Lemon Squeezy, which signs what it sends: press its button in the sandbox.",
            &format!("   {sandbox_url}"),
        );
    }
    add(
        "What was sold, and to whom; how everything stands; who paid and does not have everything.",
        &["licenses list", "status", "attention"].map(|what| admin(worker_url, what)).join("\n"),
    );
    add(
        "Activate a license as a page of your own would: put its key in. The same again is welcome; another name is refused.",
        &format!(
            "   curl -sS {worker_url}/api/activate -H 'content-type: application/json' \\\n     \
             -d '{{\"license_key\": \"KEY\", \"github_username\": \"octocat\"}}'"
        ),
    );
    add("All of that, checked.", &format!("   cargo xtask smoke --url {worker_url} --sandbox-url {sandbox_url}"));
    text.push_str("\nCtrl-C ends everything.\n");
    text
}

/// A command for the operator. One for the usual address needs not name it.
fn admin(worker_url: &str, what: &str) -> String {
    match worker_url {
        "http://localhost:8787" => format!("   cargo latchkey {what}"),
        _ => format!("   cargo latchkey {what} --url {worker_url}"),
    }
}

/// A sale as Gumroad would send it.
fn gumroad_sale(vars: &Vars, products: &[Product]) -> Option<Delivery> {
    let product = plain_gumroad_product(products)?;
    // Another sandbox than the one that runs: selling here must not show up there.
    let sandbox = Sandbox::new(stand_in::options(products, vars, None));
    Some(sandbox.sell_on_gumroad(GumroadSale {
        product_id: Some(product.product_id.clone()),
        email: "ada@example.com".to_owned(),
        full_name: Some("Ada Lovelace".to_owned()),
        ..GumroadSale::default()
    }))
}

/// A delivery as a line for the shell.
fn curl(worker_url: &str, delivery: &Delivery) -> String {
    let url = quoted(&format!("{worker_url}{}", delivery.path_and_query));
    let body = quoted(&delivery.body_text());
    let headers: String =
        delivery.headers.iter().map(|(name, value)| format!(" -H {}", quoted(&format!("{name}: {value}")))).collect();
    format!("   curl -sS -i {url}{headers} \\\n     --data-raw {body}")
}

/// The text as one word of a POSIX shell.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use latchkey_sandbox::Delivery;

    use super::{curl, quoted};

    #[test]
    fn a_word_with_quotes_and_signs_reaches_the_program_unchanged() {
        let text = "it's $HOME & `more`";
        let output = std::process::Command::new("sh").arg("-c").arg(format!("printf %s {}", quoted(text))).output();
        assert_eq!(String::from_utf8_lossy(&output.expect("sh runs").stdout), text);
    }

    #[test]
    fn a_delivery_becomes_a_request_with_its_address_headers_and_body() {
        let delivery = Delivery {
            event: "sale".to_owned(),
            reference: "1".to_owned(),
            path_and_query: "/webhooks/gumroad?secret=s".to_owned(),
            headers: vec![("content-type".to_owned(), "application/x-www-form-urlencoded".to_owned())],
            body: b"a=1&b=2".to_vec(),
        };
        let line = curl("http://localhost:8787", &delivery);
        assert!(line.contains("'http://localhost:8787/webhooks/gumroad?secret=s'"), "{line}");
        assert!(line.contains("-H 'content-type: application/x-www-form-urlencoded'"), "{line}");
        assert!(line.ends_with("--data-raw 'a=1&b=2'"), "{line}");
    }
}
