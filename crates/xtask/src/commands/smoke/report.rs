//! The lines that `cargo xtask smoke` prints, one for each step, and whether any step failed.

use std::process::ExitCode;

use super::Outcome;

/// What has happened so far. Each step is printed as it happens.
#[derive(Debug, Default)]
pub(super) struct Report {
    passed: u32,
    failed: u32,
}

impl Report {
    /// Prints a step, and tells whether it passed.
    pub(super) fn step(&mut self, what: &str, outcome: Outcome) -> bool {
        self.value(what, outcome.map(|remark| println!("✓ {}", joined(what, &remark)))).is_some()
    }

    /// Keeps the value of a step that only shows itself when it fails.
    pub(super) fn value<T>(&mut self, what: &str, result: Result<T, String>) -> Option<T> {
        match result {
            Ok(value) => {
                self.passed += 1;
                Some(value)
            }
            Err(why) => {
                self.failed += 1;
                println!("✗ {}", joined(what, &why));
                None
            }
        }
    }

    /// Prints what was not tried.
    pub(super) fn skip(&mut self, what: &str, why: &str) {
        println!("- {}", joined(what, &format!("skipped; {why}")));
    }

    /// Prints the sum, and gives the exit code: success only if nothing failed and something passed.
    pub(super) fn finish(&self) -> ExitCode {
        if self.is_success() {
            println!("\nAll well.");
            ExitCode::SUCCESS
        } else {
            println!("\n{} failed.", self.failed);
            ExitCode::FAILURE
        }
    }

    fn is_success(&self) -> bool {
        self.failed == 0 && self.passed > 0
    }
}

fn joined(what: &str, remark: &str) -> String {
    if remark.is_empty() { what.to_owned() } else { format!("{what}: {remark}") }
}

#[cfg(test)]
mod tests {
    use super::Report;

    #[test]
    fn one_failed_step_fails_the_whole_run_whatever_passes_after_it() {
        let mut report = Report::default();
        assert!(report.step("first", Ok(String::new())));
        assert!(report.is_success());
        assert!(!report.step("second", Err("why".to_owned())));
        assert!(report.step("third", Ok(String::new())));
        report.skip("fourth", "why");
        assert!(!report.is_success());
    }

    #[test]
    fn a_run_without_a_step_is_no_success() {
        assert!(!Report::default().is_success());
    }
}
