//! Products as Rust. The names written here are those of the Worker's `model` (`src/model/product.rs`), which this
//! crate cannot see: if they part, the Worker does not compile.

use crate::product::Product;
use crate::repo::Repo;

/// An expression of type `&[crate::model::Product]`, one product per line. Texts are escaped by Rust's own `Debug`
/// formatting, whose output is a Rust literal for every text.
pub(crate) fn expression(products: &[Product]) -> String {
    let mut rust = String::from("&[\n");
    for product in products {
        rust.push_str("    ");
        rust.push_str(&literal(product));
        rust.push_str(",\n");
    }
    rust.push_str("]\n");
    rust
}

fn literal(product: &Product) -> String {
    let Product { storefront, product_id, variant_id, name, tier, years, repos, choose, permission, license } = product;
    let years = match years {
        Some(years) => format!("Some({years}u32)"),
        None => "None".to_owned(),
    };
    let repos = repo_list(repos);
    let choose = match choose {
        Some(choice) => {
            format!("Some(crate::model::Choice {{ from: {}, limit: {}u32 }})", repo_list(&choice.from), choice.limit)
        }
        None => "None".to_owned(),
    };
    // Every enum here is named after, and its variants like, the Worker's, so `Debug` writes the variant.
    format!(
        "crate::model::Product {{ storefront: crate::model::Storefront::{storefront:?}, product_id: {product_id:?}, \
         variant_id: {variant_id:?}, name: {name:?}, tier: {tier:?}, years: {years}, repos: {repos}, \
         choose: {choose}, permission: crate::model::Permission::{permission:?}, \
         license: crate::model::LicenseKind::{license:?} }}"
    )
}

fn repo_list(repos: &[Repo]) -> String {
    let repos: Vec<String> =
        repos.iter().map(|repo| format!("crate::model::Repo::from_catalogue({:?})", repo.as_str())).collect();
    format!("&[{}]", repos.join(", "))
}
