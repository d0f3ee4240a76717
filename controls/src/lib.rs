//! The catalogue of controls, our statements and their evidence.
