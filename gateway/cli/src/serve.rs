//! Running a node: settings, the composition root, the one listener, the administrator's socket.

pub mod admin;
pub mod listener;
pub mod node;
pub mod settings;
pub mod web;
pub mod web_tls;
