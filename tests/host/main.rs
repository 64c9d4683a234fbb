//! The whole engine on the host: real SQLite with the project's migrations, the sandbox in process, a virtual clock.
//!
//! What only the Workers runtime can show is in `tests/e2e`; what concerns one module stands beside it in `src`.

mod activation;
mod cost;
mod faults;
mod gumroad;
mod hostile;
mod intake;
mod lemon_squeezy;
mod schema;
mod shop;
