//! Who was erased: nothing of them is found any more, whatever came later.

use super::{Violation, rows, rows_with, text};
use crate::run::Run;

/// Nothing in the database names who was erased, nor an account that only their licenses named which are over.
pub(super) fn nothing_is_left(run: &Run) -> Result<(), Violation> {
    let model = run.model.borrow();
    let erased = model.erased();
    if erased.is_empty() {
        return Ok(());
    }
    let columns = rows(
        run,
        "SELECT t.name AS in_table, c.name AS in_column FROM pragma_table_list t JOIN pragma_table_info(t.name) c
         WHERE t.schema = 'main' AND t.type = 'table' AND t.name NOT LIKE 'sqlite_%'",
    );
    for order in erased.into_iter().filter(|order| !model.is_corrected(*order)) {
        let order = &model.orders[order];
        let spelled = [order.email.clone(), order.email.replace('@', "%40")];
        for row in &columns {
            let (table, column) = (text(row, "in_table"), text(row, "in_column"));
            let found = format!(
                "SELECT 1 FROM {table} WHERE instr(lower(CAST({column} AS TEXT)), ?1) > 0
                                          OR instr(lower(CAST({column} AS TEXT)), ?2) > 0 LIMIT 1"
            );
            if !rows_with(run, &found, &[&spelled[0], &spelled[1]]).is_empty() {
                let what = format!("{} was erased, and is found in {table}.{column}", order.email);
                return Err(Violation::new("I13", what));
            }
        }
        let named = "SELECT 1 FROM licenses l JOIN license_activations a ON a.license_key = l.license_key
                     WHERE l.source = ?1 AND l.order_id = ?2 AND l.status = 'revoked' AND a.github_username <> 'erased'";
        if !rows_with(run, named, &[order.product.source, &order.id]).is_empty() {
            let what = format!("{} was erased and has no license any more, and their account is named", order.email);
            return Err(Violation::new("I13", what));
        }
    }
    Ok(())
}
