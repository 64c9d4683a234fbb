//! What holds when calls fail, replies are lost, processes die and clocks go wrong.
//!
//! | module | what it promises |
//! |---|---|
//! | `scenarios` | what is played with faults in it, and how each has to end |
//! | `exhaustion` | every scenario with a fault of every kind at every call, and some with every pair of them |
//! | `coverage` | that no call of the engine's is beyond those |
//! | `statements` | a batch that fails at any of its statements |
//! | `leases` | what is in the outbox is worked on by one at a time |
//! | `overtaken` | what was enqueued or stored, and was changed before its turn came |
//! | `poison` | work at which the process dies each time |
//! | `limits` | what GitHub's limits keep waiting, and for how long |
//! | `waits` | when it is tried again, and when no more |
//!
//! What each failure of GitHub's or Lemon Squeezy's means is in `activation`.

mod coverage;
mod exhaustion;
mod leases;
mod limits;
mod overtaken;
mod poison;
pub(crate) mod scenarios;
mod statements;
mod waits;
