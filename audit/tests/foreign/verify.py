"""Judges logs with docs/verify-log.py: one request a line on standard input, one answer a line, both JSON."""
import importlib.util
import json
import sys

specification = importlib.util.spec_from_file_location("verify_log", sys.argv[1])
published = importlib.util.module_from_spec(specification)
specification.loader.exec_module(published)

for line in sys.stdin:
    asked = json.loads(line)
    try:
        key = published.verifier_key(asked["key"])
        size, root = published.verify(asked["dir"], key, [anchor.encode() for anchor in asked["anchors"]])
        said = {"accepted": True, "size": size, "root": root}
    # What the program itself says no to, and nothing else: any other exception ends this one, and the test.
    except (published.Tampered, published.Incomplete, published.InvalidSignature) as fault:
        said = {"accepted": False, "why": f"{type(fault).__name__}: {fault}"}
    except (ValueError, TypeError, LookupError, RecursionError) as fault:
        said = {"accepted": False, "why": f"this is no log: {fault!r}"}
    print(json.dumps(said), flush=True)
