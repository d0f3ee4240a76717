//! The command line from outside: its reference, and what it says to wrong words.

#[cfg(test)]
mod recorded;
#[cfg(test)]
mod reference;
#[cfg(test)]
mod words;
