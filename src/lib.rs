//! Latchkey: a self-hosted fulfillment engine for sellers of source code and licensed software.
//!
//! A request flows one way: [`entry`] → [`http`] or [`pages`] → [`engine`] → ([`db`], [`adapters`]), and the answer back.
//!
//! | module | holds |
//! |---|---|
//! | `entry` | fetch and scheduled: JavaScript types in and out |
//! | [`config`] | every variable and secret, read once, all problems reported together |
//! | [`platform`] | the one seam to the world: database, HTTP, clock, randomness; its two implementations |
//! | [`api`] | what is asked and answered by HTTP, as types: the document of the API is made of them |
//! | [`http`] | what callers see: the routes, one file per endpoint, errors as statuses |
//! | [`pages`] | what people see: the buyer's pages and the operator's console |
//! | [`words`] | what every code of the API is in words |
//! | [`engine`] | what happens: ingest a delivery, fulfill a sale, activate a license, work off the outbox |
//! | [`form`], [`json`] | reading forms and JSON from outside, the latter with errors that name the field |
//! | [`model`] | what things are: types that are valid once they exist |
//! | [`adapters`] | how each outside service speaks |
//! | [`db`] | all SQL, and rows as model types |

pub mod adapters;
pub mod api;
pub mod config;
pub mod db;
pub mod engine;
mod entry;
pub mod form;
pub mod http;
pub mod json;
pub mod model;
pub mod pages;
pub mod platform;
pub mod words;
