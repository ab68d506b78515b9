#!/usr/bin/env python3
"""Writes the vectors as first inputs of the fuzz targets into a folder: one folder a target, one file a vector.

usage: seeds.py FOLDER
"""
import json
import pathlib
import sys

VECTORS = pathlib.Path(__file__).parent / "../../protocol/vectors"
# Which lists of which file are inputs of which target, and the key of the bytes or the text.
SOURCES = [
    ("entries", "entry", ["valid", "refused"], "bytes"),
    ("segments", "segment", ["valid", "refused"], "bytes"),
    ("segments", "segment_file", ["valid", "refused"], "bytes"),
    ("charters", "charter", ["valid", "refused"], "bytes"),
    ("refounding", "charter", ["valid", "refused"], "bytes"),
    ("keyrings", "keyring", ["valid", "refused"], "bytes"),
    ("keyrings", "opening", ["refused_openings"], "bytes"),
    ("forks", "fork", ["valid", "refused"], "bytes"),
    ("envelopes", "envelope", ["valid", "refused"], "bytes"),
    ("tickets", "ticket", ["valid", "refused"], "text"),
    ("gossip", "announcement", ["announcements", "rejected"], "bytes"),
    ("gossip", "node_record", ["node_records", "refused_node_records"], "bytes"),
    ("records", "practice", ["practices", "bare", "not_to_be_written", "refused_practices"], "bytes"),
    ("records", "withdrawal", ["withdrawals", "refused_withdrawals"], "bytes"),
    ("sync", "sync_message", ["refused_messages"], "content"),
    ("sync", "sync_frames", ["messages"], "frame"),
    ("ballots", "proposal", ["proposals", "refused_proposals"], "bytes"),
    ("ballots", "statement", ["statements", "refused_statements"], "bytes"),
    ("founding", "card", ["cards", "refused_cards"], "text"),
    ("founding", "document", ["documents", "refused_documents"], "bytes"),
]


def inputs(file, lists, key):
    for name in lists:
        for vector in file[name]:
            value = vector[key]
            yield value.encode() if key == "text" else bytes.fromhex(value)


def main(folder):
    for source, target, lists, key in SOURCES:
        file = json.loads((VECTORS / f"{source}.json").read_text())
        place = folder / target
        place.mkdir(parents=True, exist_ok=True)
        for number, content in enumerate(inputs(file, lists, key)):
            (place / f"{source}-{number:02}").write_bytes(content)
    sync = json.loads((VECTORS / "sync.json").read_text())
    for vector in sync["messages"]:
        frame = bytes.fromhex(vector["frame"])
        (folder / "sync_message" / f"sync-frame-{vector['name'].replace(' ', '-')[:30]}").write_bytes(frame[4:])
    opening = json.loads((VECTORS / "keyrings.json").read_text())["opening"]["bytes"]
    (folder / "opening" / "keyrings").write_bytes(bytes.fromhex(opening))


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(pathlib.Path(sys.argv[1]))
