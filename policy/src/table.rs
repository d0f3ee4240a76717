//! Strict reading of the rule tables: comma-separated, `#` comments, a header that must be exactly as expected.
//!
//! A table that a compliance officer edits must fail loudly and by line number. There is no quoting: the last column takes
//! the rest of the line, so only it may hold commas.

use crate::lint::LintError;

/// One row with the line that it stands on.
pub(crate) struct TableRow<'a, const COLUMNS: usize> {
    pub(crate) line: usize,
    pub(crate) cells: [&'a str; COLUMNS],
}

/// Reads a table whose header is `header`.
pub(crate) fn rows<'a, const COLUMNS: usize>(
    file: &'static str,
    text: &'a str,
    header: [&str; COLUMNS],
) -> Result<Vec<TableRow<'a, COLUMNS>>, LintError> {
    let mut lines = text
        .lines()
        .enumerate()
        .map(|(index, line)| (index + 1, line.trim()))
        .filter(|(_, line)| !line.is_empty() && !line.starts_with('#'));
    let (line, first) = lines.next().ok_or_else(|| LintError::in_table(file, 0, "the table is empty"))?;
    if cells::<COLUMNS>(first) != Some(header) {
        return Err(LintError::in_table(file, line, &format!("the header must be: {}", header.join(", "))));
    }
    lines
        .map(|(line, text)| {
            let cells = cells(text).filter(|cells| cells.iter().all(|cell| !cell.is_empty()));
            let problem = || LintError::in_table(file, line, &format!("a row has {COLUMNS} cells, none of them empty"));
            Ok(TableRow { line, cells: cells.ok_or_else(problem)? })
        })
        .collect()
}

fn cells<const COLUMNS: usize>(line: &str) -> Option<[&str; COLUMNS]> {
    let cells: Vec<&str> = line.splitn(COLUMNS, ',').map(str::trim).collect();
    cells.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_know_their_line_and_the_last_cell_keeps_its_commas() {
        let table = rows("t.csv", "# note\na, b\n\n1, two, three\n", ["a", "b"]).unwrap();
        assert_eq!((table[0].line, table[0].cells), (4, ["1", "two, three"]));
    }

    #[test]
    fn a_wrong_header_a_missing_cell_and_an_empty_cell_are_refused_by_line() {
        let wrong_header = rows("t.csv", "a, c\n", ["a", "b"]).err().unwrap();
        assert!(wrong_header.to_string().contains("t.csv line 1"), "{wrong_header}");
        let missing = rows("t.csv", "a, b\n1\n", ["a", "b"]).err().unwrap();
        assert!(missing.to_string().contains("t.csv line 2"), "{missing}");
        assert!(rows("t.csv", "a, b\n1, \n", ["a", "b"]).is_err());
        assert!(rows("t.csv", "# nothing\n", ["a", "b"]).is_err());
    }
}
