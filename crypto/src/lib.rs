//! Bytes in, bytes out: digests, signatures, AEAD, secrets. No I/O, no clock.
