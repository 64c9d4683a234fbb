//! `products`: the catalogue as a file. Here are reading and checking one, and wording what a replacement comes to; asking a
//! Worker is done elsewhere.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context;
use latchkey::adapters::storefronts_catalogue::SECTIONS;
use latchkey::http::ReplacedAnswer;
use latchkey::model::catalogue::{Catalogue, EntryRef, Form, Problem};

/// Check a catalogue without a Worker: every mistake, with its line, its entry and what to write instead.
#[derive(Debug, clap::Args)]
pub struct Check {
    /// TOML, or JSON where the name ends in `.json`.
    #[arg(default_value = "products.toml")]
    pub file: PathBuf,
}

impl Check {
    /// Prints what is wrong, or how many products there are.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn run(&self) -> anyhow::Result<ExitCode> {
        let (text, form) = read(&self.file)?;
        Ok(match Catalogue::read(&text, form, SECTIONS) {
            Ok(catalogue) => {
                let count = catalogue.products().len();
                println!("{}: {count} {}, no mistakes", self.file.display(), plural(count, "product", "products"));
                ExitCode::SUCCESS
            }
            Err(problems) => {
                eprint!("{}", mistakes(&self.file, &problems));
                ExitCode::FAILURE
            }
        })
    }
}

/// The text of a file and the form that its name promises.
///
/// # Errors
/// When the file cannot be read.
pub fn read(file: &Path) -> anyhow::Result<(String, Form)> {
    let text = fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
    let is_json = file.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("json"));
    Ok((text, if is_json { Form::Json } else { Form::Toml }))
}

/// Every mistake as a compiler would tell it, and how many there are.
pub fn mistakes(file: &Path, problems: &[Problem]) -> String {
    let file = file.display().to_string();
    let mut text: String = problems.iter().map(|problem| format!("{}\n", problem.in_file(&file))).collect();
    let count = problems.len();
    let _ = writeln!(text, "{file}: {count} {}", plural(count, "mistake", "mistakes"));
    text
}

/// What a replacement comes to: a line for each entry that differs, and how many deliveries become due.
pub fn difference(replaced: &ReplacedAnswer) -> String {
    let mut text = String::new();
    let lists =
        [('+', &replaced.difference.added), ('~', &replaced.difference.changed), ('-', &replaced.difference.removed)];
    for (sign, entries) in lists {
        for entry in entries {
            let _ = writeln!(text, "{sign} {}", named(entry));
        }
    }
    if text.is_empty() {
        text.push_str("no difference\n");
    }
    let waiting = replaced.waiting;
    if waiting > 0 {
        let _ = writeln!(text, "{waiting} {} for these products", plural(waiting, "delivery waits", "deliveries wait"));
    }
    text
}

fn named(entry: &EntryRef) -> String {
    let variant = entry.variant_id.as_ref().map(|variant| format!(" / {variant}")).unwrap_or_default();
    format!("{} {}{variant} {:?}", entry.source, entry.product_id, entry.name)
}

const fn plural<'a>(count: usize, one: &'a str, several: &'a str) -> &'a str {
    if count == 1 { one } else { several }
}

#[cfg(test)]
mod tests {
    use latchkey::model::catalogue::Difference;

    use super::*;

    #[test]
    fn mistakes_are_told_as_a_compiler_tells_them() {
        let text = "[[gumroad]]\nproduct_id = \"a\"\nname = \"Kit\"\ntier = \"core\"\nrepo = [\"acme/kit\"]\n";
        let problems = Catalogue::read(text, Form::Toml, SECTIONS).expect_err("a mistake");
        assert_eq!(
            mistakes(Path::new("products.toml"), &problems),
            "products.toml:1: [[gumroad]] #1 \"Kit\" (product_id \"a\"): opens nothing\n  \
             help: write repos = [\"acme/starter\"], or choose = { from = […], limit = 1 }\n\
             products.toml:5: [[gumroad]] #1 \"Kit\" (product_id \"a\"): unknown key `repo`\n  \
             help: did you mean `repos`?\n\
             products.toml: 2 mistakes\n"
        );
    }

    #[test]
    fn a_difference_names_each_entry_once() {
        let entry = |id: &str, variant: Option<&str>| EntryRef {
            source: "lemonsqueezy".to_owned(),
            product_id: id.to_owned(),
            variant_id: variant.map(str::to_owned),
            name: "Kit".to_owned(),
        };
        let difference_of =
            |difference, waiting| super::difference(&ReplacedAnswer { version: 7, difference, waiting });
        let all = Difference {
            added: vec![entry("4", Some("5"))],
            changed: vec![entry("6", None)],
            removed: vec![entry("7", None)],
        };
        assert_eq!(
            difference_of(all, 2),
            "+ lemonsqueezy 4 / 5 \"Kit\"\n~ lemonsqueezy 6 \"Kit\"\n- lemonsqueezy 7 \"Kit\"\n\
             2 deliveries wait for these products\n"
        );
        assert_eq!(difference_of(Difference::default(), 0), "no difference\n");
    }
}
