//! The transfer core: deciding and recording, orders, lanes, work units, resume.
//!
//! **What for.** Data go straight from one site's storage to another's: the destination pulls over lanes that only the
//! two pinned sites can open, and every act stands in the audit log of the site that did it.
//!
//! **Promises.** No permit without a recorded decision ([`guard`]); no lane but over mutually authenticated TLS 1.3
//! ([`tls`]); no order but one that names both sites and is signed, fresh and used once ([`order`]); no byte from a
//! peer that is not bounded and checked ([`message`]).
//!
//! **Leaves to others.** What policy says (`sealane-policy`), how storage is opened (`sealane-connectors`), who may sign in
//! (`sealane-service`), and the listener (`sealane-cli`).

pub mod dialer;
pub mod engine;
pub mod guard;
pub mod lane;
pub mod log_key;
pub mod message;
pub mod order;
pub mod peer_log;
pub mod site;
pub mod tls;
pub mod trust;
