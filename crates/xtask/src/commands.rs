//! One file per command. Each has the `Args` that the command line is read into, and `run`.

pub(crate) mod bench;
pub(crate) mod build;
pub(crate) mod dev;
pub(crate) mod fuzz;
pub(crate) mod mutate;
pub(crate) mod openapi;
pub(crate) mod package;
pub(crate) mod screenshots;
pub(crate) mod simulate;
pub(crate) mod smoke;
pub(crate) mod test;
pub(crate) mod torture;
