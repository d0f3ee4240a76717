//! The log and its verifier, used from outside.

#[cfg(test)]
mod append;
#[cfg(test)]
mod audit_attacks;
#[cfg(test)]
mod crash;
#[cfg(test)]
mod erasure;
#[cfg(test)]
mod evidence;
#[cfg(test)]
mod exchange;
#[cfg(test)]
mod export;
#[cfg(test)]
mod failure;
#[cfg(test)]
mod foreign;
#[cfg(test)]
mod judged_proofs;
#[cfg(test)]
mod keeping;
#[cfg(test)]
mod mounted;
#[cfg(test)]
mod noise;
#[cfg(test)]
mod packs;
#[cfg(test)]
mod power_cut;
#[cfg(test)]
mod proving;
#[cfg(test)]
mod published;
#[cfg(test)]
mod python;
#[cfg(test)]
mod reading;
#[cfg(test)]
mod reconcile;
#[cfg(test)]
mod recovery;
#[cfg(test)]
mod reference;
#[cfg(test)]
mod refusal;
#[cfg(test)]
mod rotation;
#[cfg(test)]
mod settings;
#[cfg(test)]
mod support;
#[cfg(test)]
mod tamper;
#[cfg(test)]
mod tile_copy;
#[cfg(test)]
mod tiles;
#[cfg(test)]
mod timestamping;
#[cfg(test)]
mod together;
#[cfg(test)]
mod verifier;
#[cfg(test)]
mod witness_policy;
#[cfg(test)]
mod witnessed;
#[cfg(test)]
mod witnessing;
