"""The forms of docs/spec/founding.md, written a second time. What makes the logs in a file true is not here."""
import base64
import unicodedata

from primitives import Refused, blake3, need, verify_strict
from rules import SEGMENT_MAX, check_fields, decode_or, is_hash, is_member_id, open_envelope, read_ticket, signed_bytes

MEMBERS_MAX = 400
FIELDS = {"draft": {"kind", "charter"}, "signed": {"kind", "runs"}, "founding": {"kind", "runs", "ticket"}}


def read_line(text, scheme):
    """The bytes of a line of text, without their checksum."""
    text = "".join(text.split()).lower()
    need(text.startswith(scheme), "scheme")
    text = text[len(scheme):]
    try:
        data = base64.b32decode(text.upper() + "=" * (-len(text) % 8))
    except ValueError as error:
        raise Refused("text") from error
    need(len(data) >= 4 and base64.b32encode(data).decode().rstrip("=").lower() == text, "text")
    content, checksum = data[:-4], data[-4:]
    need(blake3(content)[:4] == checksum, "checksum")
    return content


def open_or_form(envelope, most):
    """The payload and the signature of an envelope."""
    try:
        return open_envelope(envelope, most)
    except Refused as error:
        raise Refused("form") from error


def read_consent(text):
    """What a consent says: the envelope, its payload, and the former network."""
    consent = decode_or("content", read_line(text, "nanduti-consent:"))
    check_fields(consent, ("proof", "network"), rule="content")
    need(isinstance(consent["proof"], bytes) and is_hash(consent["network"]), "content")
    payload, _ = open_or_form(consent["proof"], 256)
    said = decode_or("form", payload)
    check_fields(said, ("root", "member"), rule="form")
    need(is_hash(said["root"]) and is_member_id(said["member"]), "form")
    return consent, said


def read_card(text):
    """What a card says, and its envelope."""
    envelope = read_line(text, "nanduti-card:")
    payload, signature = open_or_form(envelope, 2048)
    card = decode_or("content", payload)
    check_fields(card, ("id", "name", "role", "root"), ("node", "spare", "publish", "governance"), rule="content")
    need(all(isinstance(card[field], str) for field in ("id", "name", "role")) and is_member_id(card["id"]), "content")
    need(all(is_hash(card.get(field, bytes(32))) for field in ("root", "node", "spare", "publish", "governance")), "content")
    for field, most in (("name", 200), ("role", 32)):
        need(card[field].strip() and len(card[field].encode()) <= most, "field")
        need(not any(unicodedata.category(c) == "Cc" for c in card[field]), "field")
    verify_strict(card["root"], signed_bytes("nanduti/card/1", bytes(32), payload), signature)
    return card, envelope


def read_document(data):
    document = decode_or("encoding", data)
    check_fields(document, ("kind",), ("runs", "ticket", "charter"), rule="encoding")
    need(document["kind"] in FIELDS, "encoding")
    need(isinstance(document.get("charter", b""), bytes) and isinstance(document.get("ticket", ""), str), "encoding")
    runs = document.get("runs", [])
    need(isinstance(runs, list) and all(isinstance(run, bytes) for run in runs), "encoding")
    need(set(document) == FIELDS[document["kind"]], "fields")
    if "ticket" in document:
        try:
            read_ticket(document["ticket"])
        except Refused as error:
            raise Refused("ticket") from error
        need(document["ticket"] == document["ticket"].strip().lower(), "encoding")
    need(document["kind"] != "signed" or len(runs) == 2, "runs")
    need(len(runs) <= 2 * MEMBERS_MAX and all(len(run) <= SEGMENT_MAX for run in runs), "runs")
    return document
