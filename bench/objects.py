"""Objects to measure with: like ATT&CK's in size and make, fictional in content, the same at every
run."""

import json
import random
import uuid
from pathlib import Path

WORDS = ("adversaries may use this to read write move hide collect persist from within a network "
         "service file process account token driver kernel record archive remote local user "
         "application session memory cloud container image key value signed unsigned").split()
KINDS = ("attack-pattern", "course-of-action", "malware", "tool", "relationship", "relationship",
         "relationship")


def words(dice, count):
    return " ".join(dice.choices(WORDS, k=count))


def identifier(dice, kind):
    return f"{kind}--{uuid.UUID(int=dice.getrandbits(128), version=4)}"


def rich(dice, number):
    """One object of some 1.6 kB."""
    kind = KINDS[number % len(KINDS)]
    stamp = f"2026-{number % 12 + 1:02d}-{number % 28 + 1:02d}T{number % 24:02d}:00:00.{number % 1000:03d}Z"
    made = {"type": kind, "spec_version": "2.1", "id": identifier(dice, kind),
            "created_by_ref": "identity--11111111-1111-4111-8111-111111111111",
            "created": "2026-01-01T00:00:00.000Z", "modified": stamp, "revoked": False,
            "external_references": [{"source_name": "alder", "external_id": f"A{number:06d}",
                                     "url": f"https://alder.example/objects/A{number:06d}",
                                     "description": words(dice, 8)} for _ in range(3)],
            "object_marking_refs": ["marking-definition--94868c89-83c2-464b-929b-a1a8aa3c8487"],
            "description": words(dice, 120)}
    if kind == "relationship":
        made |= {"relationship_type": "uses", "source_ref": identifier(dice, "malware"),
                 "target_ref": identifier(dice, "attack-pattern")}
    else:
        made["name"] = words(dice, 3) + f" {number}"
    if kind == "malware":
        made |= {"is_family": True, "malware_types": ["backdoor"]}
    if kind == "tool":
        made["tool_types"] = ["remote-access"]
    if kind == "attack-pattern":
        made["kill_chain_phases"] = [{"kill_chain_name": "alder", "phase_name": "collection"}]
    return made


def small(dice, number):
    """One indicator of some 400 bytes."""
    return {"type": "indicator", "spec_version": "2.1", "id": identifier(dice, "indicator"),
            "created": "2026-01-01T00:00:00.000Z", "modified": "2026-01-01T00:00:00.000Z",
            "name": f"host {number}", "pattern_type": "stix", "indicator_types": ["malicious-activity"],
            "pattern": f"[domain-name:value = 'h{number}.{dice.choice(WORDS)}.example']",
            "valid_from": "2026-01-01T00:00:00Z"}


def texts(count, seed=1, make=rich):
    dice = random.Random(seed)
    return [json.dumps(make(dice, i)).encode() for i in range(count)]


def write_bundles(directory, bodies):
    directory.mkdir(parents=True, exist_ok=True)
    files = []
    for i, body in enumerate(bodies):
        path = directory / f"{i:04d}.json"
        path.write_bytes(b'{"type":"bundle","id":"bundle--00000000-0000-4000-8000-%012d",' % i
                         + body[1:])
        files.append(path)
    return files


def bundles(directory, count, small=False):
    """Bundle files of 10,000 objects each, made at the first call; their paths."""
    directory = Path(directory)
    if not directory.exists():
        make = globals()["small"] if small else rich
        for start in range(0, count, 10000):
            made = texts(min(10000, count - start), seed=1 + start, make=make)
            write_bundles(directory / f"{start:08d}", [b'{"objects":[' + b",".join(made) + b"]}"])
    return sorted(directory.glob("*/*.json"))
