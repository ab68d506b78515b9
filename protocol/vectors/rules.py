"""The rules of docs/spec, written a second time."""
import base64

from primitives import Refused, blake3, decode, encode, head, need, verify_strict


ENTRY_MAX, BODY_MAX, SEGMENT_MAX, TIME_MAX = 4096, 1 << 20, 4 << 20, 253402300799999
LOG_ENTRIES_MAX = 1 << 32
ANCHOR_SPACING, CHAIN_MAX, FORK_PROOF_MAX = 64, 32768, 66560
PUBLIC_KINDS = ("charter", "log", "keyring", "withdrawal")


def cid(digest, codec):
    raw = bytes([1, codec, 0x1E, 32]) + digest
    return "b" + base64.b32encode(raw).decode().lower().rstrip("=")


def is_member_id(text):
    state, hyphen, suffix = text.partition("-")
    letters = len(state) == 3 and all("A" <= c <= "Z" for c in state)
    tail = all("A" <= c <= "Z" or "0" <= c <= "9" for c in suffix) and len(suffix) <= 12
    return letters and tail and bool(suffix) == bool(hyphen)


def is_kind(text):
    return 1 <= len(text) <= 32 and all(c in "abcdefghijklmnopqrstuvwxyz0123456789-" for c in text)


def is_uint(value):
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 1 << 64


def is_hash(value):
    return isinstance(value, bytes) and len(value) == 32


def read_byte_string(data):
    """A byte string in its shortest form, and what follows it."""
    need(data and 0x40 <= data[0] <= 0x5A, "form")
    code = data[0] & 31
    size = 0 if code < 24 else 1 << (code - 24)
    need(len(data) > size, "form")
    length = code if code < 24 else int.from_bytes(data[1:1 + size], "big")
    start = 1 + size
    need(head(2, length) == data[:start] and len(data) >= start + length, "form")
    return data[start:start + length], data[start + length:]


def open_envelope(data, most):
    need(len(data) <= most, "oversized")
    need(data[:6] == bytes.fromhex("8443a10132a0"), "form")
    payload, rest = read_byte_string(data[6:])
    need(rest[:2] == b"\x58\x40" and len(rest) == 66, "form")
    return payload, rest[2:]


def signed_bytes(purpose, network, payload):
    external = encode([purpose, network])
    return encode(["Signature1", bytes.fromhex("a10132"), external, payload])


def check_fields(value, required, optional=(), rule="payload"):
    need(isinstance(value, dict), rule)
    need(set(required) <= set(value) <= set(required) | set(optional), rule)


def read_entry(data):
    """What an entry states; its signature is not checked here."""
    try:
        payload, signature = open_envelope(data, ENTRY_MAX)
    except Refused as error:
        raise Refused("envelope") from error
    try:
        entry = decode(payload)
    except Refused as error:
        raise Refused("payload") from error
    check_fields(entry, ("log", "seq", "body", "kind", "prev", "time", "audience"))
    check_fields(entry["body"], ("hash", "size"))
    need(all(map(is_hash, (entry["log"], entry["prev"], entry["body"]["hash"]))), "payload")
    need(all(map(is_uint, (entry["seq"], entry["time"], entry["body"]["size"]))), "payload")
    need(isinstance(entry["kind"], str) and is_kind(entry["kind"]), "payload")
    need(entry["audience"] in ("public", "members"), "payload")
    need(entry["body"]["size"] <= BODY_MAX, "body-size")
    need(entry["seq"] < LOG_ENTRIES_MAX, "place")
    need(entry["time"] <= TIME_MAX, "time")
    need(entry["audience"] == "public" or entry["kind"] not in PUBLIC_KINDS, "audience")
    return entry, payload, signature


def verify_entry(data, network):
    entry, payload, signature = read_entry(data)
    verify_strict(entry["log"], signed_bytes("nanduti/entry/1", network, payload), signature)
    return entry


def read_segment(data, network):
    need(len(data) <= SEGMENT_MAX, "oversized")
    need(data, "empty")
    items, offset, before, last, signed = [], 0, None, None, []
    while offset < len(data):
        need(data[offset] == 0x82, "form")
        entry_bytes, rest = read_byte_string(data[offset + 1:])
        need(rest, "form")
        body, rest = (None, rest[1:]) if rest[0] == 0xF6 else read_byte_string(rest)
        try:
            entry, _, _ = read_entry(entry_bytes)
        except Refused as error:
            raise Refused("entry") from error
        if before:
            need(entry["log"] == before["log"] and entry["seq"] == before["seq"] + 1, "sequence")
            need(entry["prev"] == blake3(last), "link")
        if body is None:
            need(entry["kind"] not in PUBLIC_KINDS, "body-missing")
        else:
            need(len(body) == entry["body"]["size"] and blake3(body) == entry["body"]["hash"], "body")
        items.append((entry, blake3(entry_bytes), offset, body))
        if (entry["seq"] + 1) % ANCHOR_SPACING == 0 and rest:
            signed.append(entry_bytes)
        before, last, offset = entry, entry_bytes, len(data) - len(rest)
    try:
        for entry_bytes in signed:
            verify_entry(entry_bytes, network)
    except Refused as error:
        raise Refused("spacing") from error
    try:
        verify_entry(last, network)
    except Refused as error:
        raise Refused("anchor") from error
    return items


def decode_or(rule, data):
    try:
        return decode(data)
    except Refused as error:
        raise Refused(rule) from error


def check_text(text, most):
    plain = not any((ord(c) < 32 and c != "\n") or 127 <= ord(c) < 160 for c in text)
    need(text.strip() and len(text.encode()) <= most and plain, "text")


def read_charter(data):
    e = "encoding"
    charter = decode_or(e, data)
    fields = ("name", "salt", "roles", "rules", "bounds", "quorum", "members", "purpose")
    check_fields(charter, fields, ("former",), rule=e)
    need(charter.get("former") != [], e)
    need(isinstance(charter["salt"], bytes) and len(charter["salt"]) == 16 and is_uint(charter["rules"]), e)
    check_fields(charter["bounds"], ("keys", "log_bytes", "log_entries"), rule=e)
    need(all(map(is_uint, charter["bounds"].values())), e)
    need(isinstance(charter["quorum"], list) and len(charter["quorum"]) == 2 and all(map(is_uint, charter["quorum"])), e)
    for role in charter["roles"].values():
        check_fields(role, ("kinds", "votes"), rule=e)
        need(isinstance(role["votes"], bool) and all(map(is_kind, role["kinds"])), e)
    for member in charter["members"]:
        check_fields(member, ("id", "name", "role", "root"), ("spare", "governance"), rule=e)
        need(is_member_id(member["id"]), e)
        need(all(is_hash(member.get(name, bytes(32))) for name in ("root", "spare", "governance")), e)
    need(charter["rules"] == 1, "rules")
    check_text(charter["name"], 200)
    check_text(charter["purpose"], 4000)
    check_charter_rules(charter)
    check_members(charter)
    return charter


def check_charter_rules(charter):
    a, b = charter["quorum"]
    need(0 < b <= 1000 and a < b and a * 3 >= b * 2, "quorum")
    bounds = charter["bounds"]
    need(1 <= bounds["keys"] <= 256 and 1 <= bounds["log_bytes"] <= 1 << 40, "bounds")
    need(1 <= bounds["log_entries"] <= LOG_ENTRIES_MAX, "bounds")
    need(len(charter["roles"]) <= 16, "role")
    for name, role in charter["roles"].items():
        kinds = role["kinds"]
        need(1 <= len(name.encode()) <= 32 and len(kinds) <= 64, "role")
        need(kinds == sorted(set(kinds)) and not set(kinds) & {"charter", "log", "keyring"}, "role")


def check_members(charter):
    ids = [member["id"] for member in charter["members"]]
    need(1 <= len(ids) <= 400 and ids == sorted(set(ids)), "members")
    keys, votes = set(), False
    for member in charter["members"]:
        check_text(member["name"], 200)
        need(member["role"] in charter["roles"], "unknown-role")
        votes |= charter["roles"][member["role"]]["votes"]
        for key in filter(None, (member["root"], member.get("spare"), member.get("governance"))):
            need(key not in keys, "key-twice")
            keys.add(key)
    need(votes, "no-voter")


def founding_roster(charter, network):
    fields = ("roles", "rules", "bounds", "quorum", "members")
    return encode({**{field: charter[field] for field in fields}, "network": network, "version": 0})


def read_opening(data):
    opening = decode_or("encoding", data)
    check_fields(opening, ("use", "salt", "member"), rule="encoding")
    need(opening["use"] == "publish" and isinstance(opening["salt"], bytes) and len(opening["salt"]) == 16, "encoding")
    need(is_member_id(opening["member"]), "encoding")
    return opening


def read_place(value):
    if value is not None:
        check_fields(value, ("seq", "hash"), rule="encoding")
        need(is_uint(value["seq"]) and is_hash(value["hash"]), "encoding")


def read_keyring(data, network, member):
    keyring = decode_or("encoding", data)
    check_fields(keyring, ("keys", "salt"), rule="encoding")
    need(isinstance(keyring["salt"], bytes) and len(keyring["salt"]) == 16, "encoding")
    for line in keyring["keys"]:
        check_fields(line, ("key", "use", "proof", "state"), rule="encoding")
        need(is_hash(line["key"]) and line["use"] in ("publish", "node"), "encoding")
        need(isinstance(line["state"], dict) and len(line["state"]) == 1, "encoding")
        need(set(line["state"]) < {"live", "ended"} and isinstance(line["proof"], bytes), "encoding")
        read_place(next(iter(line["state"].values())))
    keys = [line["key"] for line in keyring["keys"]]
    need(keys == sorted(set(keys)) and len(keys) <= 256, "lines")
    for line in keyring["keys"]:
        state, place = next(iter(line["state"].items()))
        need(place is None if line["use"] == "node" else state == "ended" or place is not None, "line")
        try:
            payload, signature = open_envelope(line["proof"], 256)
            need(payload == encode([member, line["key"]]), "proof")
            verify_strict(line["key"], signed_bytes(f"nanduti/{line['use']}-key/1", network, payload), signature)
        except Refused as error:
            raise Refused("proof") from error
    return keyring


def follows(before, after):
    lines = {line["key"]: line for line in after["keys"]}
    for old in before["keys"]:
        new = lines.get(old["key"])
        if new is None or new["use"] != old["use"]:
            return False
        (was, old_place), (now, new_place) = (next(iter(line["state"].items())) for line in (old, new))
        if was == "ended":
            earlier = old_place and new_place and new_place["seq"] < old_place["seq"]
            if now != "ended" or not (new_place is None or new_place == old_place or earlier):
                return False
        elif now == "live" and old_place != new_place:
            if not (old_place and new_place and new_place["seq"] > old_place["seq"]):
                return False
    return True


def read_chain(chain, network):
    """The first and the hash of the first of consecutive entries, of which the last is signed."""
    need(1 <= len(chain) <= ANCHOR_SPACING and sum(map(len, chain)) <= CHAIN_MAX, "length")
    first, before = None, None
    for data in chain:
        try:
            entry, _, _ = read_entry(data)
        except Refused as error:
            raise Refused("entry") from error
        if before:
            need((entry["log"], entry["seq"], entry["prev"]) == before, "link")
        first = first or (entry, blake3(data))
        before = entry["log"], entry["seq"] + 1, blake3(data)
    verify_entry(chain[-1], network)
    return first


def read_fork(data, network):
    need(len(data) <= FORK_PROOF_MAX, "oversized")
    carried = decode_or("encoding", data)
    need(isinstance(carried, list) and len(carried) == 3 and is_uint(carried[0]), "encoding")
    need(all(isinstance(chain, list) and all(isinstance(entry, bytes) for entry in chain) for chain in carried[1:]), "encoding")
    seq, chains = carried[0], carried[1:]
    sides = [read_chain(chain, network) for chain in chains]
    need(all(entry["seq"] in (seq, seq + 1) for entry, _ in sides), "no-contradiction")
    low, high = (digest if entry["seq"] == seq else entry["prev"] for entry, digest in sides)
    need(sides[0][0]["log"] == sides[1][0]["log"] and low != high, "no-contradiction")
    need(low < high, "encoding")
    return sides[0][0]["log"], seq, [(low, chains[0]), (high, chains[1])]


def carry(one, other):
    """Which proof is carried when two of one log are known."""
    if one[1] != other[1]:
        return min(one, other, key=lambda proof: proof[1])
    smallest = {}
    for digest, chain in one[2] + other[2]:
        smallest[digest] = min(chain, smallest.get(digest, chain), key=lambda chain: (len(chain), chain))
    return one[0], one[1], sorted(smallest.items())[:2]


def digest_of(logs, prefix):
    leaves = b""
    for log in sorted(logs, key=lambda log: log["log"]):
        if log["log"].startswith(prefix):
            fork = log["fork"]
            leaves += bytes.fromhex(log["log"]) + int(log["next"]).to_bytes(8, "big") + bytes.fromhex(log["head"])
            leaves += b"\0" if fork is None else b"\1" + fork["seq"].to_bytes(8, "big")
            leaves += b"" if fork is None else bytes.fromhex(fork["low"] + fork["high"])
    return blake3(leaves).hex()


def read_ticket(text):
    text = text.strip().lower()
    need(text.startswith("nanduti:"), "scheme")
    text = text[len("nanduti:"):]
    try:
        data = base64.b32decode(text.upper() + "=" * (-len(text) % 8))
    except ValueError as error:
        raise Refused("text") from error
    need(len(data) >= 4 and base64.b32encode(data).decode().rstrip("=").lower() == text, "text")
    content, checksum = data[:-4], data[-4:]
    need(blake3(content)[:4] == checksum, "checksum")
    ticket = decode_or("content", content)
    check_fields(ticket, ("roster", "network", "addresses"), rule="content")
    check_fields(ticket["roster"], ("hash", "version"), rule="content")
    need(is_hash(ticket["network"]) and is_hash(ticket["roster"]["hash"]) and is_uint(ticket["roster"]["version"]), "content")
    addresses = ticket["addresses"]
    need(len(addresses) <= 8 and all(len(address.encode()) <= 256 for address in addresses), "addresses")
    return ticket
