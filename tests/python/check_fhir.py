"""Checks FHIR R4 AuditEvents with the models of `fhir.resources` (R4B): NDJSON, or with `bundle` one Bundle.

Writes how many events there are; ends with what is wrong and a failure if anything is.
"""

import json
import sys

from fhir.resources.R4B.auditevent import AuditEvent
from fhir.resources.R4B.bundle import Bundle

wrong = []
count = 0
if sys.argv[1:] == ["bundle"]:
    try:
        bundle = Bundle.model_validate_json(sys.stdin.buffer.read())
        urls = [entry.fullUrl for entry in bundle.entry or []]
        if len(set(urls)) != len(urls):
            wrong.append("two entries of the Bundle have one fullUrl")
        if any(not isinstance(entry.resource, AuditEvent) for entry in bundle.entry or []):
            wrong.append("the Bundle holds something else than AuditEvents")
        count = len(urls)
    except ValueError as error:
        wrong.append(str(error))
else:
    ids = set()
    for line in sys.stdin.buffer:
        count += 1
        try:
            AuditEvent.model_validate_json(line)
        except ValueError as error:
            wrong.append(f"event {count}: {error}")
        ids.add(json.loads(line)["id"])
    if len(ids) != count:
        wrong.append("two events have one id")

if wrong:
    sys.stdout.write("\n".join(wrong[:20]) + f"\n{len(wrong)} mistakes in {count} events\n")
    sys.exit(1)
json.dump({"events": count}, sys.stdout)
