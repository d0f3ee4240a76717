//! The transfer core: orders, lanes, work units, resume.
