//! The command line from outside: its reference, and what it says to wrong words.

mod reference;
mod words;
