//! A statement whose length depends on the question: rows of an insert, values of a list, conditions that were asked for.
//!
//! **Promises.** Its text is put together from literals of this program and placeholders, never from a value: the only way
//! in for a value is [`Statement::bind`]. Lists are padded to a few lengths, so that few texts are prepared.

use std::fmt::Write as _;

use sqlx::any::{Any, AnyArguments};
use sqlx::query::Query;
use sqlx::{Arguments as _, AssertSqlSafe, Encode, Type};

/// Lengths of lists: shorter ones repeat their last value.
const LENGTHS: [usize; 3] = [1, 16, 256];

/// The longest list of one statement.
pub(crate) const LONGEST_LIST: usize = 256;

/// A statement under construction.
pub(crate) struct Statement {
    sql: String,
    arguments: AnyArguments,
}

impl Statement {
    pub(crate) fn new(text: &'static str) -> Self {
        Self { sql: text.to_owned(), arguments: AnyArguments::default() }
    }

    /// Goes on with a literal.
    pub(crate) fn text(&mut self, text: &'static str) -> &mut Self {
        self.sql.push_str(text);
        self
    }

    /// Goes on with a value: its placeholder in the text, itself beside it.
    pub(crate) fn bind<'v, T: Encode<'v, Any> + Type<Any>>(&mut self, value: T) -> &mut Self {
        // INVARIANT: encoding numbers, texts and bytes for either database cannot fail; were a value left out, the
        // statement would have one placeholder too many, and the database would refuse it.
        let _ = self.arguments.add(value);
        let _ = write!(self.sql, "${}", self.arguments.len());
        self
    }

    /// Goes on with a list in brackets; an empty one matches nothing.
    pub(crate) fn list<'v, T: Encode<'v, Any> + Type<Any> + Clone>(&mut self, values: &[T]) -> &mut Self {
        let Some(last) = values.last() else { return self.text("(NULL)") };
        let length = LENGTHS.into_iter().find(|length| *length >= values.len()).unwrap_or(values.len());
        self.text("(");
        for (position, value) in values.iter().chain(std::iter::repeat(last)).take(length).enumerate() {
            if position > 0 {
                self.text(", ");
            }
            self.bind(value.clone());
        }
        self.text(")")
    }

    pub(crate) fn query(self) -> Query<'static, Any, AnyArguments> {
        sqlx::query_with(AssertSqlSafe(self.sql), self.arguments)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_never_in_the_text_and_lists_have_few_lengths() {
        let mut statement = Statement::new("SELECT id FROM t WHERE a = ");
        statement.bind("x' OR 1=1").text(" AND b IN ").list(&[7_i64, 8]);
        assert!(statement.sql.starts_with("SELECT id FROM t WHERE a = $1 AND b IN ($2, $3, "), "{}", statement.sql);
        assert_eq!(statement.arguments.len(), 17);
        let mut empty = Statement::new("x IN ");
        empty.list::<i64>(&[]);
        assert_eq!(empty.sql, "x IN (NULL)");
    }
}
