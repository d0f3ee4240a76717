//! The product used from outside: harness and end-to-end tests.
