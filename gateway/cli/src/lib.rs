//! The one binary: commands, configuration, wiring, the demo.
