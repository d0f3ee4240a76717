"""Checks OCSF events, one a line on standard input, against the framework's own schema; no network is used.

Beside the JSON Schema that `ocsf-json-schema` makes of the published schema it compares every caption
(`severity` beside `severity_id`) with the schema's word for the number, and the type with class and activity.
Writes the number of events and the classes seen; ends with what is wrong and a failure if anything is.
"""

import json
import sys

from jsonschema import Draft202012Validator
from ocsf_json_schema import OcsfJsonSchemaEmbedded, get_ocsf_schema

version = sys.argv[1]
published = get_ocsf_schema(version=version)
schemas = OcsfJsonSchemaEmbedded(published)
names = {declared["uid"]: name for name, declared in published["classes"].items()}
validators = {}
wrong = []
seen = set()


def validator(class_uid, profiles):
    key = (class_uid, tuple(profiles))
    if key not in validators:
        schema = schemas.get_class_schema(names[class_uid], list(profiles))
        Draft202012Validator.check_schema(schema)
        validators[key] = Draft202012Validator(schema)
    return validators[key]


def captions(value, attributes, where):
    """Every `x` beside an `x_id` or `x_uid` is the schema's caption for it; where it is Other, any word is right."""
    for name, inner in value.items():
        declared = attributes.get(name)
        if declared is None:
            continue
        caption = declared.get("enum", {}).get(str(inner), {}).get("caption") if not isinstance(inner, (dict, list)) else None
        if caption is not None and declared.get("sibling") in value and inner != 99:
            said = value[declared["sibling"]]
            if said != caption:
                yield f"{where}.{declared['sibling']} says {said!r}, the schema {caption!r}"
        if "object_type" in declared and declared["object_type"] in published["objects"]:
            inside = published["objects"][declared["object_type"]]["attributes"]
            for one in inner if isinstance(inner, list) else [inner]:
                yield from captions(one, inside, f"{where}.{name}")


count = 0
for line in sys.stdin.buffer:
    event = json.loads(line)
    count += 1
    seen.add(event["class_uid"])
    if event["metadata"]["version"] != version:
        wrong.append(f"event {count}: another version")
    for error in validator(event["class_uid"], event["metadata"]["profiles"]).iter_errors(event):
        wrong.append(f"{event['metadata']['event_code']} (event {count}): {error.json_path}: {error.message[:300]}")
    attributes = published["classes"][names[event["class_uid"]]]["attributes"]
    for mistake in captions(event, attributes, "$"):
        wrong.append(f"event {count} ({event['metadata']['event_code']}): {mistake}")
    if event["type_uid"] != event["class_uid"] * 100 + event["activity_id"]:
        wrong.append(f"event {count}: type_uid is not class and activity")

if wrong:
    sys.stdout.write("\n".join(wrong[:40]) + f"\n{len(wrong)} mistakes in {count} events\n")
    sys.exit(1)
json.dump({"events": count, "classes": sorted(seen)}, sys.stdout)
