#!/usr/bin/env python3
"""Writes a corpus for the fuzz targets from the vectors."""
import json
import pathlib

HERE = pathlib.Path(__file__).parent
FILES = {"entries": "entry", "segments": "run", "charters": "charter", "keyrings": "keyring", "forks": "fork", "envelopes": "envelope",
         "tickets": "ticket"}

for name, target in FILES.items():
    file = json.loads((HERE / "../vectors" / f"{name}.json").read_text())
    folder = HERE / "corpus" / target
    folder.mkdir(parents=True, exist_ok=True)
    for place, vector in enumerate(file["valid"] + file["refused"]):
        content = bytes.fromhex(vector["bytes"]) if "bytes" in vector else vector["text"].encode()
        (folder / f"{place:03}").write_bytes(content)
