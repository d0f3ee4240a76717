//! The control database: one SQL text for SQLite and PostgreSQL.
