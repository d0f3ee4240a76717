//! Exports, read by programs that are not ours.
//!
//! `SEALANE_TEST_PYTHON` names the interpreter of the environment that `tests/run` makes from
//! `tests/python/requirements.txt`. Without it these tests have nobody to ask and say so; with
//! `SEALANE_TEST_REQUIRE_PYTHON` that is a failure.

mod balp;
mod csv;
mod fhir;
mod foreign;
mod ocsf;
mod sample;
mod syslog;
