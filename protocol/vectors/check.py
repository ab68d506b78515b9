#!/usr/bin/env python3
"""Checks the vectors with nothing but the specification and Python's standard library.

It shares no code with the program: primitives.py writes the algorithms out from their papers and RFCs, rules.py,
ballot_rules.py, former_rules.py, record_rules.py and founding_rules.py write the rules of docs/spec a second time. It takes some seconds.

    python3 protocol/vectors/check.py
"""
import base64
import json
import pathlib
import sys

from ballot_rules import (STEPS, Poll, Succession, apply, fixed_of, is_ordinary, quorum_of, read_proposal, read_request,
                          read_statement, rights_of, root_holder, roster_hash, signer_of, voters_of)
from former_rules import check_consent, claimed, networks_of, read_refounded
from primitives import Refused, blake3, decode, encode, public_key, sign, verify_strict
from founding_rules import read_card, read_consent, read_document
from record_rules import check_readable, judge_announcement, read_node_record, read_practice, read_withdrawal
from rules import (carry, cid, digest_of, follows, founding_roster, is_kind, is_member_id, open_envelope, read_charter, read_fork,
                   read_keyring, read_opening, read_segment, read_ticket, signed_bytes, verify_entry)

HERE = pathlib.Path(__file__).parent
COUNT = {}


def load(name):
    return json.loads((HERE / name).read_text())


def same(name, found, expected):
    COUNT[name] = COUNT.get(name, 0) + 1
    if found != expected:
        sys.exit(f"{name}: found {found!r}, the vector says {expected!r}")


def refuses(name, vectors, read):
    for vector in vectors:
        try:
            read(vector)
            found = None
        except Refused as refusal:
            found = str(refusal)
        same(f"{name}, refused", (vector["name"], found), (vector["name"], vector["reason"]))


def unhex(text):
    return bytes.fromhex(text)


def check_ids():
    file = load("ids.json")
    for vector in file["hashes"]:
        digest = blake3(unhex(vector["bytes"]))
        text = cid(digest, 0x71)
        found = [digest.hex(), text, cid(digest, 0x55), text[7:17], text[:7]]
        expected = [vector["hash"], vector["cid"], vector["blob_cid"], vector["short"], file["cid_common_prefix"]]
        same("ids", found, expected)
    for field, read in (("member_ids", is_member_id), ("kinds", is_kind)):
        same("ids", [text for text in file[field] if not read(text)], [])
        same("ids", [text for text in file["refused_" + field] if read(text)], [])
    for vector in file["refused_cids"]:
        try:
            raw = base64.b32decode(vector["cid"][1:].upper() + "=" * (-(len(vector["cid"]) - 1) % 8))
        except ValueError:
            raw = b""
        same("ids", cid(raw[4:], 0x71) == vector["cid"] and len(raw) == 36, False)


def check_envelopes():
    def read(vector):
        payload, signature = open_envelope(unhex(vector["bytes"]), vector["max"])
        signed = signed_bytes(vector["purpose"], unhex(vector["network"]), payload)
        verify_strict(unhex(vector["public"]), signed, signature)
        return payload, signature, signed

    file = load("envelopes.json")
    for vector in file["valid"]:
        payload, signature, signed = read(vector)
        if "secret" in vector:
            found = [payload.hex(), signed.hex(), public_key(unhex(vector["secret"])).hex()]
            same("envelopes", found, [vector["payload"], vector["sig_structure"], vector["public"]])
            same("envelopes", encode([vector["purpose"], unhex(vector["network"])]).hex(), vector["external"])
            same("envelopes", sign(unhex(vector["secret"]), signed), signature)
        else:
            same("envelopes", True, True)
    refuses("envelopes", file["refused"], read)


def check_entries():
    file = load("entries.json")
    network = unhex(file["network"])
    for vector in file["valid"]:
        data = unhex(vector["bytes"])
        entry, said = verify_entry(data, network), vector["statement"]
        found = [entry["log"].hex(), str(entry["seq"]), entry["prev"].hex(), entry["time"], entry["kind"], entry["audience"],
                 entry["body"]["hash"].hex(), entry["body"]["size"]]
        expected = [said[field] for field in ("log", "seq", "prev", "time", "kind", "audience")]
        same("entries", found, expected + [said["body"]["hash"], said["body"]["size"]])
        digest = blake3(data)
        found = [digest.hex(), cid(digest, 0x71), cid(digest, 0x71)[7:17]]
        same("entries", found, [vector["hash"], vector["cid"], vector["short"]])
        payload = encode(entry)
        made = sign(unhex(file["secret"]), signed_bytes("nanduti/entry/1", network, payload))
        same("entries", bytes.fromhex("8443a10132a0") + encode(payload) + encode(made), data)
    refuses("entries", file["refused"], lambda vector: verify_entry(unhex(vector["bytes"]), network))


def check_segments():
    file = load("segments.json")
    network = unhex(file["network"])
    for vector in file["valid"]:
        items = read_segment(unhex(vector["bytes"]), network)
        found = [{"seq": entry["seq"], "hash": digest.hex(), "offset": offset, "body": None if body is None else body.hex()}
                 for entry, digest, offset, body in items]
        same("segments", found, vector["items"])
        first, (last, digest, _, _) = items[0][0], items[-1]
        found = [first["log"].hex(), first["seq"], last["seq"] + 1, first["prev"].hex(), digest.hex()]
        same("segments", found, [vector[field] for field in ("log", "first", "next", "prev", "head")])
    refuses("segments", file["refused"], lambda vector: read_segment(unhex(vector["bytes"]), network))


def check_authority():
    file = load("charters.json")
    for vector in file["valid"]:
        data = unhex(vector["bytes"])
        charter, network = read_charter(data), blake3(data)
        members = [{"id": member["id"], "root": member["root"].hex()} for member in charter["members"]]
        same("charters", [network.hex(), members], [vector["network"], vector["members"]])
        roster = founding_roster(charter, network)
        same("charters", [roster.hex(), blake3(roster).hex()], [vector["roster"], vector["roster_hash"]])
    for vector in file["quorums"]:
        same("quorums", vector["voters"] * vector["a"] // vector["b"] + 1, vector["quorum"])
    refuses("charters", file["refused"], lambda vector: read_charter(unhex(vector["bytes"])))
    file = load("refounding.json")
    for vector in file["valid"]:
        data = unhex(vector["bytes"])
        charter = read_refounded(data)
        networks, own = networks_of(charter), blake3(data)
        found = [own.hex(), [networks.get(unhex(line["log"]), own).hex() for line in vector["networks"]]]
        same("refounding", found, [vector["network"], [line["network"] for line in vector["networks"]]])
        same("refounding", [claimed(former, charter) for former in charter["former"]], vector["former"])
    refuses("refounding", file["refused"], lambda vector: read_refounded(unhex(vector["bytes"])))
    fields = ("proof", "network", "former_root", "root")

    def consent(vector):
        proof, network, former, root = (unhex(vector[field]) for field in fields)
        check_consent(proof, network, vector["member"], former, root)
    for vector in file["consents"]["valid"]:
        same("consents", consent(vector), None)
    refuses("consents", file["consents"]["refused"], consent)
    file = load("keyrings.json")
    network, member = unhex(file["network"]), file["member"]
    for vector in file["valid"]:
        same("keyrings", len(read_keyring(unhex(vector["bytes"]), network, member)["keys"]), vector["lines"])
    for proof in file["proofs"]:
        payload = encode([member, unhex(proof["public"])])
        made = sign(unhex(proof["secret"]), signed_bytes(proof["purpose"], network, payload))
        same("keyrings", (bytes.fromhex("8443a10132a0") + encode(payload) + encode(made)).hex(), proof["bytes"])
    same("openings", read_opening(unhex(file["opening"]["bytes"]))["member"], file["opening"]["member"])
    refuses("openings", file["refused_openings"], lambda vector: read_opening(unhex(vector["bytes"])))
    refuses("keyrings", file["refused"], lambda vector: read_keyring(unhex(vector["bytes"]), network, member))
    for vector in file["follows"]:
        found = follows(decode(unhex(vector["before"])), decode(unhex(vector["after"])))
        same("keyrings, follows", (vector["name"], found), (vector["name"], vector["follows"]))


def check_forks():
    file = load("forks.json")
    network = unhex(file["network"])
    for vector in file["valid"]:
        log, seq, ((low, _), (high, _)) = read_fork(unhex(vector["bytes"]), network)
        found = [log.hex(), seq, low.hex(), high.hex()]
        same("forks", found, [vector[field] for field in ("log", "seq", "low", "high")])
    for vector in file["merges"]:
        one, other = (read_fork(unhex(vector[field]), network) for field in ("one", "other"))
        _, seq, witnesses = carry(one, other)
        same("forks, merged", encode([seq] + [chain for _, chain in witnesses]).hex(), vector["carried"])
    refuses("forks", file["refused"], lambda vector: read_fork(unhex(vector["bytes"]), network))


def check_frontiers():
    for vector in load("frontiers.json")["frontiers"]:
        same("frontiers", digest_of(vector["logs"], ""), vector["digest"])
        for prefix in vector["prefixes"]:
            same("frontiers, prefixes", digest_of(vector["logs"], prefix["prefix"]), prefix["digest"])
            if prefix["children"] is not None:
                found = [digest_of(vector["logs"], prefix["prefix"] + nibble) for nibble in "0123456789abcdef"]
                same("frontiers, children", found, prefix["children"])


def check_tickets():
    file = load("tickets.json")
    for vector in file["valid"]:
        ticket = read_ticket(vector["text"])
        roster = ticket["roster"]
        found = [ticket["network"].hex(), ticket["addresses"], roster["hash"].hex(), roster["version"]]
        same("tickets", found, [vector[field] for field in ("network", "addresses", "roster_hash", "roster_version")])
    refuses("tickets", file["refused"], lambda vector: read_ticket(vector["text"]))


def shown(value):
    """A record as the vectors show it."""
    if isinstance(value, bytes):
        return {"bytes": value.hex()}
    if isinstance(value, dict):
        return {name: shown(item) for name, item in value.items()}
    return [shown(item) for item in value] if isinstance(value, list) else value


def check_records():
    file = load("records.json")
    for vector in file["practices"]:
        data = unhex(vector["bytes"])
        body = read_practice(data)
        check_readable("practice", body["record"])
        series = body["series"] and body["series"].hex()
        found = [body["salt"].hex(), series, [digest.hex() for digest in body["revises"]]]
        same("practices", found, [vector[field] for field in ("salt", "series", "revises")])
        # As text, so that 2 and 2.0 differ.
        text, expected = (json.dumps(record, sort_keys=True) for record in (shown(body["record"]), vector["record"]))
        same("practices", text, expected)
        same("practices", encode(body), data)
    refuses("practices", file["refused_practices"], lambda vector: read_practice(unhex(vector["bytes"])))
    refuses("practices, shown bare", file["bare"],
            lambda vector: check_readable("practice", read_practice(unhex(vector["bytes"]))["record"]))
    for vector in file["not_to_be_written"]:
        check_readable("practice", read_practice(unhex(vector["bytes"]))["record"])
    for vector in file["withdrawals"]:
        record = read_withdrawal(unhex(vector["bytes"]))
        check_readable("withdrawal", record)
        found = [record["of"].hex(), [digest.hex() for digest in record["of_versions"]], record["reason"]]
        same("withdrawals", found, [vector[field] for field in ("of", "of_versions", "reason")])
        same("withdrawals", record.get("public_note"), vector["public_note"])
    refuses("withdrawals", file["refused_withdrawals"], lambda vector: read_withdrawal(unhex(vector["bytes"])))


def check_gossip():
    file = load("gossip.json")
    network = unhex(file["network"])
    for vector in file["announcements"]:
        pair, carried, digest = judge_announcement(unhex(vector["bytes"]), network)
        found = [pair, carried.hex(), digest.hex()]
        same("announcements", found, [vector[field] for field in ("pair", "carries", "message_id")])
    refuses("announcements", file["rejected"], lambda vector: judge_announcement(unhex(vector["bytes"]), network))
    for vector in file["node_records"]:
        data = unhex(vector["bytes"])
        record = read_node_record(data, network)
        found = [record["key"].hex(), str(record["counter"]), record["addresses"]]
        same("node records", found, [vector[field] for field in ("key", "counter", "addresses")])
        payload = encode(record)
        made = sign(unhex(vector["secret"]), signed_bytes("nanduti/node-record/1", network, payload))
        same("node records", bytes.fromhex("8443a10132a0") + encode(payload) + encode(made), data)
    refuses("node records", file["refused_node_records"], lambda vector: read_node_record(unhex(vector["bytes"]), network))


def papers_of(vector):
    return {"roster": unhex(vector["roster"]), "proposal": unhex(vector["proposal"]),
            "statements": [unhex(data) for data in vector["statements"]]}


def check_ballots():
    file = load("ballots.json")
    network = unhex(file["network"])
    rosters = {vector["name"]: decode(unhex(vector["bytes"])) for vector in file["rosters"]}
    for vector in file["rosters"]:
        check_roster(rosters[vector["name"]], vector)
    for vector in file["requests"]:
        line = read_request(unhex(vector["bytes"]), network)
        keys = [line[field].hex() if field in line else None for field in ("root", "spare", "governance")]
        found = [line["id"], line["name"], line["role"]] + keys
        same("requests", found, [vector[field] for field in ("id", "member_name", "role", "root", "spare", "governance")])
        check_signed("requests", vector, "nanduti/request/1", network, line)
    refuses("requests", file["refused_requests"], lambda vector: read_request(unhex(vector["bytes"]), network))
    for vector in file["proposals"]:
        proposal, roster = read_proposal(unhex(vector["bytes"])), rosters[vector["roster"]]
        following = apply(proposal, roster)
        found = [blake3(unhex(vector["bytes"])).hex(), is_ordinary(proposal, roster), encode(following).hex(),
                 roster_hash(following).hex()]
        same("proposals", found, [vector[field] for field in ("hash", "ordinary", "next", "next_hash")])
    refuses("proposals", file["refused_proposals"], lambda vector: apply(
        read_proposal(unhex(vector["bytes"])),
        rosters[vector["roster"]] if "roster" in vector else decode(unhex(vector["roster_bytes"]))))
    for vector in file["statements"]:
        statement, roster = read_statement(unhex(vector["bytes"])), rosters[vector["roster"]]
        shown = {field: value.hex() if isinstance(value, bytes) else value for field, value in statement.items()}
        found = [{"cites": None, **shown}, signer_of(statement, unhex(vector["bytes"]), roster)]
        same("statements", found, [vector["says"], vector["signer"]])
        check_signed("statements", vector, "nanduti/ballot/1", network, statement)
    refuses("statements", file["refused_statements"], lambda vector: signer_of(
        read_statement(unhex(vector["bytes"])), unhex(vector["bytes"]), rosters[vector["roster"]]))
    refuses("papers", file["refused_papers"], lambda vector: Poll(rosters["founders"]).take(papers_of(vector["papers"])))
    for vector in file["polls"]:
        check_poll(vector, rosters[vector["roster"]])
    for vector in file["successions"]:
        check_succession(vector)
    for vector in file["rights"]:
        roster, member, log = rosters[vector["roster"]], vector["member"], unhex(vector["log"])
        rights, fixed = rights_of(roster, member, log), fixed_of(roster, member, log)
        shown = [{"from": place, "role": role} for place, role in rights]
        end = rights[-1][0] if rights[-1][1] is None else None
        place = fixed and {"seq": fixed["seq"], "hash": fixed["hash"].hex()}
        found = [shown, end, place, root_holder(roster, log)]
        same("rights", found, [vector[field] for field in ("rights", "end", "fixed", "root_of")])


def check_roster(roster, vector):
    found = [encode(roster).hex(), roster_hash(roster).hex(), roster["version"], voters_of(roster), quorum_of(roster)]
    same("rosters", found, [vector[field] for field in ("bytes", "hash", "version", "voters", "quorum")])


def check_signed(name, vector, purpose, network, content):
    payload = encode(content)
    made = sign(unhex(vector["secret"]), signed_bytes(purpose, network, payload))
    same(name, (bytes.fromhex("8443a10132a0") + encode(payload) + encode(made)).hex(), vector["bytes"])


def check_poll(vector, roster):
    proposals = {blake3(unhex(data)): unhex(data) for data in vector["proposals"]}
    data = [unhex(statement) for statement in vector["statements"]]
    said = [read_statement(statement) for statement in data]
    forth, back = Poll(roster), Poll(roster)
    for poll, order in ((forth, range(len(data))), (back, range(len(data))[::-1])):
        for index in order:
            name = said[index]["proposal"]
            poll.take({"roster": poll.hash, "proposal": proposals[name], "statements": [data[index]]})
    same("polls", back.digest(), forth.digest())
    held = {kept: (member, *subject) for member, _, subject, kept in forth.statements()}
    same("polls", [index for index, statement in enumerate(data) if statement in held], vector["kept"])
    same("polls", [forth.digest().hex(), list(map(str, forth.ids()))], [vector["digest"], vector["ids"]])
    count = forth.count()
    same("polls", [count.open_round, sorted(count.say_too_much)], [vector["open_round"], vector["say_too_much"]])
    in_force = [{"proposal": name.hex(), "round": number} for name, number in sorted(count.in_force().items())]
    same("polls", in_force, vector["in_force"])
    rounds = []
    for number in range(max(1, count.open_round - 2), count.open_round + 1):
        shown = [[{"proposal": name.hex(), "by": sorted(by)} for (of, name), by in sorted(found.items()) if of == number]
                 for found in (count.endorsed, count.ratified)]
        rounds.append({"round": number, "endorsed": shown[0], "ratified": shown[1]})
    same("polls", rounds, vector["rounds"])
    places = {held[data[index]]: index for index in reversed(vector["kept"])}
    pairs = sorted(sorted(places[what] for what in pair) for pair in count.contradictions())
    same("polls", pairs, vector["contradictions"])
    names = list(proposals)
    for asked, answer in vector["may"].items():
        member, step, number, index = asked.split()
        cites, against = count.may(member, STEPS.index(step), int(number), names[int(index)])
        found = ", ".join(against) or (f"yes, citing {cites}" if cites else "yes")
        same("polls, what may be said", (vector["name"], asked, found), (vector["name"], asked, answer))


def check_succession(vector):
    ticket = vector["ticket"] and (vector["ticket"]["version"], unhex(vector["ticket"]["hash"]))
    succession = Succession(decode(unhex(vector["founders"])), ticket)
    for papers in vector["papers"]:
        succession.take(papers_of(papers))
    same("successions", len(succession.polls), len(vector["rosters"]))
    for index, expected in enumerate(vector["rosters"]):
        poll = succession.polls[index]
        check_roster(poll.roster, expected)
        passed = succession.passed[index].hex() if index < len(succession.passed) else None
        same("successions", [passed, poll.digest().hex()], [expected["passed"], expected["poll_digest"]])
    held = [{"roster": name.hex(), "digest": str(digest), "ids": list(map(str, ids))}
            for name, digest, ids in succession.held()]
    found = [succession.digest().hex(), held, succession.obstacle(), succession.conflicts()]
    same("successions", found, [vector[field] for field in ("digest", "held", "obstacle", "conflicts")])


CARD_KEYS = ("root", "publish", "node", "spare", "governance")


def check_founding():
    file = load("founding.json")
    for vector in file["cards"]:
        card, envelope = read_card(vector["text"])
        keys = [card[field].hex() if field in card else None for field in CARD_KEYS]
        found = [card["id"], card["name"], card["role"]] + keys
        same("cards", found, [vector[field] for field in ("id", "member_name", "role") + CARD_KEYS])
        payload = encode(card)
        made = sign(unhex(vector["secret"]), signed_bytes("nanduti/card/1", bytes(32), payload))
        same("cards", bytes.fromhex("8443a10132a0") + encode(payload) + encode(made), envelope)
    refuses("cards", file["refused_cards"], lambda vector: read_card(vector["text"]))
    for vector in file["consents"]:
        consent, said = read_consent(vector["text"])
        found = [said["member"], said["root"].hex(), consent["network"].hex(), consent["proof"].hex()]
        same("consents as text", found, [vector[field] for field in ("member", "root", "network", "proof")])
        payload = encode(said)
        made = sign(unhex(vector["secret"]), signed_bytes("nanduti/consent/1", consent["network"], payload))
        same("consents as text", bytes.fromhex("8443a10132a0") + encode(payload) + encode(made), consent["proof"])
    refuses("consents as text", file["refused_consents"], lambda vector: read_consent(vector["text"]))
    for vector in file["documents"]:
        document = read_document(unhex(vector["bytes"]))
        found = {field: [run.hex() for run in value] if field == "runs" else value for field, value in document.items()}
        found = {field: value.hex() if isinstance(value, bytes) else value for field, value in found.items()}
        same("documents", found, {field: vector[field] for field in found})
    forms = ("encoding", "fields", "runs", "ticket")
    refuses("documents", [vector for vector in file["refused_documents"] if vector["reason"] in forms],
            lambda vector: read_document(unhex(vector["bytes"])))


if __name__ == "__main__":
    for check in (check_ids, check_envelopes, check_entries, check_segments, check_authority, check_forks, check_frontiers,
                  check_tickets, check_records, check_ballots, check_gossip, check_founding):
        check()
    for name, count in sorted(COUNT.items()):
        print(f"{count:4}  {name}")
    print("every vector holds")
