//! The product used from outside, one module a story. The harness is in `../src`.

mod architecture;
mod canary;
mod crash;
mod database_key;
mod demo;
mod erasure;
mod log_server;
mod nodes;
mod policy;
mod production;
mod receipts;
mod record;
mod refusal;
mod reviews;
mod rotation;
mod routes;
mod scale;
mod stop;
mod timestamps;
mod witnesses;
