"""Checks a C2SP tlog-proof on standard input with hashlib and `cryptography` alone.

usage: check_proof.py LOG_KEY LEAF_HASH_HEX WITNESS_KEY...

The log's signature, the inclusion of the leaf, and the cosignature of every witness named. Writes index, size and the
time of each cosignature; ends with a failure if anything does not hold.
"""

import base64
import hashlib
import sys

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey


def sha256(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


def verifier(text, algorithm):
    name, key_id, blob = text.split("+", 2)
    blob = base64.b64decode(blob, validate=True)
    assert blob[0] == algorithm and sha256(name.encode(), b"\n", blob)[:4].hex() == key_id, "the key is damaged"
    return name, bytes.fromhex(key_id), Ed25519PublicKey.from_public_bytes(blob[1:])


def signature(lines, key):
    name, key_id, _ = key
    for line in lines:
        dash, signer, blob = line.split(" ")
        blob = base64.b64decode(blob, validate=True)
        if dash == "\u2014" and signer == name and blob[:4] == key_id:
            return blob[4:]
    raise AssertionError(f"no line by {name}")


def root(leaf, index, size, proof):  # RFC 9162, section 2.1.3.2
    fn, sn, r = index, size - 1, leaf
    for p in proof:
        assert sn > 0, "the proof is too long"
        if fn & 1 or fn == sn:
            r = sha256(b"\1", p, r)
            while not fn & 1 and fn:
                fn, sn = fn >> 1, sn >> 1
        else:
            r = sha256(b"\1", r, p)
        fn, sn = fn >> 1, sn >> 1
    assert sn == 0, "the proof is too short"
    return r


log, leaf = verifier(sys.argv[1], 1), bytes.fromhex(sys.argv[2])
head, body, lines = sys.stdin.buffer.read().decode().split("\n\n")
head, lines, body = head.split("\n"), lines.splitlines(), body + "\n"
assert head[0] == "c2sp.org/tlog-proof@v1" and head[1].startswith("index "), "another form"
index, proof = int(head[1][6:]), [base64.b64decode(line, validate=True) for line in head[2:]]
origin, size, signed = body.splitlines()
assert origin == log[0], "another log"
log[2].verify(signature(lines, log), body.encode())
assert root(leaf, index, int(size), proof) == base64.b64decode(signed), "another root"
times = []
for witness in [verifier(key, 4) for key in sys.argv[3:]]:
    blob = signature(lines, witness)
    time = int.from_bytes(blob[:8], "big")
    witness[2].verify(blob[8:], f"cosignature/v1\ntime {time}\n{body}".encode())
    times.append(str(time))
print(index, size, *times)
