"""The rules of docs/spec/records.md and docs/spec/gossip.md, written a second time.

Which fields a practice has is read from docs/spec/records.cddl.
"""
import pathlib
import re

from ballot_rules import read_statement
from primitives import Refused, blake3, decode, need, verify_strict
from rules import (BODY_MAX, check_fields, decode_or, is_hash, is_uint, open_envelope, read_byte_string, read_entry, read_fork,
                   signed_bytes, verify_entry)

CDDL = pathlib.Path(__file__).parents[2] / "docs" / "spec" / "records.cddl"
ITEMS_MAX, LEVELS_MAX, REVISES_MAX, CODE_MAX, INTEGER_MAX = 32768, 9, 16, 100, (1 << 53) - 1


# --- Bodies ------------------------------------------------------------------------------------------------------------

def inner(value):
    if isinstance(value, dict):
        return [part for pair in value.items() for part in pair]
    return value if isinstance(value, list) else []


def levels(value):
    return 1 + max(map(levels, inner(value)), default=0) if isinstance(value, (dict, list)) else 0


def count(value):
    return 1 + sum(map(count, inner(value)))


def read_body(data):
    need(len(data) <= BODY_MAX, "size")
    try:
        body = decode(data, of_record=True)
    except Refused as error:
        raise Refused("form") from error
    need(levels(body) <= LEVELS_MAX and count(body) <= ITEMS_MAX, "outline")
    need(isinstance(body, dict), "form")
    need(isinstance(body.get("salt"), bytes) and len(body["salt"]) == 16, "key")
    need(isinstance(body.get("record"), dict), "key")
    return body


def read_hashes(value):
    need(isinstance(value, list), "key")
    need(len(value) <= REVISES_MAX, "order")
    need(all(map(is_hash, value)), "key")
    need(value == sorted(set(value)), "order")
    return value


def read_practice(data):
    body = read_body(data)
    need("series" in body and (body["series"] is None or is_hash(body["series"])), "key")
    revises = read_hashes(body.get("revises"))
    need((body["series"] is None) == (not revises), "order")
    return body


def read_withdrawal(data):
    body = read_body(data)
    record = body["record"]
    need(is_hash(record.get("of")), "key")
    versions = read_hashes(record.get("of_versions"))
    need(isinstance(record.get("reason"), str) and isinstance(record.get("public_note", ""), str), "key")
    need(versions, "order")
    return record


# --- What a reader can show ---------------------------------------------------------------------------------------------

def schemas():
    """For each map of the CDDL its fields: the most items if it is a list, the form, the most characters."""
    found, fields = {}, None
    for line in CDDL.read_text().splitlines():
        if opened := re.fullmatch(r"([a-z-]+) = \{", line):
            fields = found.setdefault(opened[1], {})
        field = re.match(r"  (?:\? )?([a-z_]+): (?:\[1\*(\d+) )?([a-z0-9.-]+)\]?,(?:\s+;= (\d+))?", line)
        if field and fields is not None:
            name, most, form, chars = field.groups()
            fields[name] = (int(most) if most else None, form, int(chars or CODE_MAX))
    return found


SCHEMAS = schemas()


def check_readable(name, record):
    """Whether a record, or a small record within it, can be shown by its fields."""
    for field, (most, form, chars) in SCHEMAS[name].items():
        if field in record:
            check_field(record[field], most, form, chars)


def check_field(value, most, form, chars):
    if most is not None:
        need(isinstance(value, list), "type")
        need(len(value) <= most, "size")
        for item in value:
            check_field(item, None, form, chars)
    elif form in SCHEMAS:
        need(isinstance(value, dict), "type")
        check_readable(form, value)
    elif form == "bool":
        need(isinstance(value, bool), "type")
    elif form == "number" or form.startswith("0.."):
        number = isinstance(value, int) and not isinstance(value, bool)
        need(number or (form == "number" and isinstance(value, float)), "type")
        need(not number or abs(value) <= INTEGER_MAX, "size")
    elif form in ("entry-hash", "blob-hash"):
        need(isinstance(value, bytes), "type")
        need(len(value) == 32, "size")
    else:
        need(form in ("tstr", "date", "language", "url") and isinstance(value, str), "type")
        need(len(value) <= chars, "size")


# --- Gossip ------------------------------------------------------------------------------------------------------------

def read_node_record(data, network):
    payload, signature = open_envelope(data, 8 * (256 + 3) + 256)
    record = decode_or("payload", payload)
    check_fields(record, ("key", "counter", "addresses"))
    need(is_hash(record["key"]) and is_uint(record["counter"]) and isinstance(record["addresses"], list), "payload")
    need(all(isinstance(address, str) for address in record["addresses"]), "payload")
    need(len(record["addresses"]) <= 8, "addresses")
    for address in record["addresses"]:
        need(len(address) <= 256 and address[:1] == "/" and all("!" <= c <= "~" for c in address), "addresses")
    verify_strict(record["key"], signed_bytes("nanduti/node-record/1", network, payload), signature)
    return record


def unpack(content):
    """The run of a segment frame. The vectors have zstd frames of one raw block; others need a decompressor."""
    need(len(content) >= 14 and content[4:9] == bytes.fromhex("28b52ffd60"), "form")
    length = int.from_bytes(content[:4], "big")
    need(1 <= length <= 32768, "form")
    block = int.from_bytes(content[11:14], "little")
    need(block & 7 == 1 and block >> 3 == len(content) - 14 == length, "form")
    return content[14:]


def read_new_entry(content, network):
    run = unpack(content)
    need(run[0] == 0x82, "form")
    entry_bytes, rest = read_byte_string(run[1:])
    need(rest and rest[0] != 0xF6, "form")
    body, rest = read_byte_string(rest)
    need(not rest, "form")
    entry, _, _ = read_entry(entry_bytes)
    need(entry["audience"] == "public", "form")
    need(len(body) == entry["body"]["size"] and blake3(body) == entry["body"]["hash"], "form")
    need(entry["seq"] != 0 or entry["prev"] == network, "other-network")
    verify_entry(entry_bytes, network)


def judge_announcement(data, network):
    """What of the judging depends on the message and the network alone."""
    need(len(data) <= 8448, "form")
    message = decode_or("form", data)
    need(isinstance(message, dict) and len(message) == 1, "form")
    (pair, carried), = message.items()
    need(pair in ("entry", "segment", "fork", "node", "ballot") and isinstance(carried, bytes), "form")
    try:
        if pair == "entry":
            entry, _, _ = read_entry(carried)
            need(entry["seq"] != 0 or entry["prev"] == network, "other-network")
            verify_entry(carried, network)
        elif pair == "segment":
            read_new_entry(carried, network)
        elif pair == "fork":
            read_fork(carried, network)
        elif pair == "ballot":
            read_statement(carried)
        else:
            read_node_record(carried, network)
    except Refused as error:
        raise Refused(str(error) if str(error) in ("signature", "other-network") else "form") from error
    return pair, carried, blake3(data)
