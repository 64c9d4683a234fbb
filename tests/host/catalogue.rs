//! The catalogue as sellers write it: what is read, what is refused and in which words, and how it is written back.

mod described;
mod file;
mod forms;
mod lookup;
mod policies;
mod problems;
mod stored;

use latchkey::adapters::storefronts::SECTIONS;
use latchkey::model::catalogue::{Catalogue, Form, Problem};

/// A catalogue from TOML.
fn read(text: &str) -> Result<Catalogue, Vec<Problem>> {
    Catalogue::read(text, Form::Toml, SECTIONS)
}

/// A catalogue from TOML that is in order.
fn parsed(text: &str) -> Catalogue {
    read(text).unwrap_or_else(|problems| {
        let problems: String = problems.iter().map(|problem| format!("\n{problem}")).collect();
        panic!("the file should be accepted: {problems}")
    })
}

/// All problems of TOML, as they are displayed.
fn problems(text: &str) -> Vec<String> {
    let problems = read(text).expect_err("the file should be refused");
    problems.iter().map(ToString::to_string).collect()
}
