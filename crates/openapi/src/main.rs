//! Prints the OpenAPI document. `cargo xtask openapi` puts it where it belongs.

fn main() {
    print!("{}", latchkey_openapi::text());
}
