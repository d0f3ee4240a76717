#!/usr/bin/env python3
"""Verifies Sealane audit logs from their C2SP tiles, with nothing of Sealane: hashlib, and `cryptography` for Ed25519.

usage: verify-log.py [--key KEY] [--anchor FILE]... DIR...

DIR holds `checkpoint` and `tile/entries/`; KEY is the log's verifier key as in DIR/origin.pub, which is the default; FILE
is a checkpoint kept from earlier. Every entry is read and every hash computed here; tiles of hashes are not looked at.
Exit code: 0 all hold, 1 one was tampered with, 2 one is incomplete, 64 wrong usage.
"""
import base64, getopt, hashlib, json, os, sys
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

class Tampered(Exception): code = 1
class Incomplete(Exception): code = 2

def sha256(*parts): return hashlib.sha256(b"".join(parts)).digest()

def read(*names):
    try:
        with open(os.path.join(*names), "rb") as file: return file.read()
    except (FileNotFoundError, NotADirectoryError): raise Incomplete(f"{os.path.join(*names)} is missing") from None

def verifier_key(text):
    name, key_id, blob = text.strip().split("+", 2)
    blob = base64.b64decode(blob, validate=True)
    if blob[0] != 1 or sha256(name.encode(), b"\n", blob)[:4].hex() != key_id: raise ValueError("this is no Ed25519 verifier key")
    return name, key_id, Ed25519PublicKey.from_public_bytes(blob[1:])

def checkpoint(note, key):  # size and root of a head, if the key signed it: C2SP tlog-checkpoint in a signed-note
    name, key_id, public = key
    body, _, signatures = note.decode().partition("\n\n")
    origin, size, root = body.split("\n")
    if origin != name: raise Tampered(f"a checkpoint is of another log, {origin!r}")
    signed = False
    for line in signatures.split("\n")[:-1]:
        dash, signer, text = line.split(" ")
        blob = base64.b64decode(text, validate=True)
        if (dash, base64.b64encode(blob).decode(), note[-1:]) != ("\u2014", text, b"\n"): raise ValueError("a signature line is damaged")
        if signer == name and blob[:4].hex() == key_id: signed = public.verify(blob[4:], (body + "\n").encode()) is None
    if not signed: raise Tampered("a checkpoint is not signed by this key")
    return int(size), base64.b64decode(root, validate=True)

def bundle(directory, number, width):  # up to 256 entries: C2SP tlog-tiles; a partial one goes when the full one is there
    digits = str(number).zfill((len(str(number)) + 2) // 3 * 3)
    parts = [digits[at:at + 3] for at in range(0, len(digits), 3)]
    name = os.path.join("tile", "entries", *("x" + part for part in parts[:-1]), parts[-1])
    if width < 256 and os.path.exists(os.path.join(directory, name + ".p", str(width))): name = os.path.join(name + ".p", str(width))
    rest, entries = read(directory, name), []
    while rest and len(entries) < width:
        length = int.from_bytes(rest[:2], "big") + 2
        if length > len(rest): break
        entries, rest = entries + [rest[2:length]], rest[length:]
    if len(entries) < width: raise Tampered(f"{name} is cut short at its entry {len(entries)}")
    if rest and (width == 256 or ".p" in name): raise Tampered(f"{name} has bytes left over")
    return entries

def root_of(stack):  # RFC 6962, from the roots of the complete subtrees, largest first
    head = stack[-1] if stack else sha256()
    for left in reversed(stack[:-1]): head = sha256(b"\1", left, head)
    return head

def verify(directory, key, anchors=()):
    size, root = checkpoint(read(directory, "checkpoint"), key)
    known, prev, stack = {0: sha256()}, bytes(32), []
    for at, head in [(size, root)] + [checkpoint(note, key) for note in anchors]:
        if known.setdefault(at, head) != head: raise Tampered(f"two checkpoints over {at} entries differ: the log was forked")
    if max(known) > size: raise Incomplete(f"a checkpoint covers {max(known)} entries and {size} are there: rolled back")
    for index in range(size):
        if index % 256 == 0: entries = bundle(directory, index // 256, min(256, size - index))
        entry = entries[index % 256]
        fields = dict(members := json.loads(entry, object_pairs_hook=tuple, parse_int=lambda digits: (digits,)))
        if type(members) != tuple or len(fields) < len(members) or fields["index"] != (str(index),): raise Tampered(f"entry {index}: it says that it is {fields['index']!r}")
        if fields["prev"] != prev.hex(): raise Tampered(f"entry {index}: its `prev` is not the hash of the entry before")
        prev = node = sha256(b"\0", entry)
        for _ in range((~index & (index + 1)).bit_length() - 1): node = sha256(b"\1", stack.pop(), node)
        stack.append(node)
        if index + 1 in known and known[index + 1] != root_of(stack):
            raise Tampered(f"the root over the first {index + 1} entries is not the one that was signed")
    return size, base64.b64encode(root).decode()

def main(arguments):
    try:
        options, directories = getopt.getopt(arguments, "", ["key=", "anchor="])
        key = next((verifier_key(value) for name, value in options if name == "--key"), None)
        anchors = [read(value) for name, value in options if name == "--anchor"]
        if not directories: raise ValueError("which directory?")
    except (getopt.GetoptError, ValueError, Incomplete) as error: print(f"error: {error}\n{__doc__}", file=sys.stderr); return 64
    codes = set()
    for directory in directories:
        try: code, said = 0, "ok, %d entries, root %s" % verify(directory, key or verifier_key(read(directory, "origin.pub").decode()), anchors)
        except (Tampered, Incomplete) as fault: code, said = fault.code, f"{type(fault).__name__.lower()}: {fault}"
        except InvalidSignature: code, said = 1, "tampered: the signature of a checkpoint does not verify"
        except (ValueError, TypeError, LookupError, RecursionError) as fault: code, said = 1, f"tampered: this is no log: {fault!r}"
        print(f"{directory}: {said}")
        codes.add(code)
    return 1 if 1 in codes else max(codes)

if __name__ == "__main__": sys.exit(main(sys.argv[1:]))
