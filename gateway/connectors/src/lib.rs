//! Reads and writes one kind of storage behind one trait.
