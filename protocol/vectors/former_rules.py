"""The rules of docs/spec/refounding.md, written a second time."""
from ballot_rules import member_of, rights_of, roster_hash, voters_of
from primitives import Refused, encode, need, verify_strict
from rules import (check_charter_rules, check_fields, check_members, check_text, decode_or, is_hash, is_member_id, is_uint,
                   open_envelope, read_charter, read_place, signed_bytes)

FORMER_MAX = 8
CARRIED_LOGS_MAX = 4096


def read_refounded(data):
    """A charter, and what it says of former networks."""
    for former in decode_or("encoding", data).get("former", []):
        check_form(former)
    charter = read_charter(data)
    if "former" in charter:
        check_formers(charter["former"], charter["members"])
    return charter


def check_form(former):
    """What of a former network has to be there, and of which type."""
    e = "encoding"
    check_fields(former, ("logs", "name", "reason", "roster"), ("consents",), rule=e)
    need(former.get("consents") != [], e)
    for carried in former["logs"]:
        check_fields(carried, ("log", "last", "member"), rule=e)
        read_place(carried["last"])
        need(carried["last"] is not None and is_hash(carried["log"]) and is_member_id(carried["member"]), e)
    for consent in former.get("consents", []):
        check_fields(consent, ("proof", "member"), rule=e)
        need(isinstance(consent["proof"], bytes) and is_member_id(consent["member"]), e)
    roster = former["roster"]
    fields = ("roles", "rules", "bounds", "quorum", "members", "network", "version")
    check_fields(roster, fields, ("turns", "suspended"), rule=e)
    need(is_hash(roster["network"]) and is_uint(roster["version"]) and is_uint(roster["rules"]), e)
    need(roster.get("turns") != [] and roster.get("suspended") != [], e)


def check_one(former):
    check_text(former["name"], 200)
    check_text(former["reason"], 4000)
    roster = former["roster"]
    need(roster["rules"] == 1, "former-rules")
    check_charter_rules(roster)
    check_members(roster)
    ids = {member["id"] for member in roster["members"]}
    turns = [(turn["version"], turn["member"]) for turn in roster.get("turns", [])]
    need(turns == sorted(set(turns)) and all(member in ids for _, member in turns), "members")
    suspended = roster.get("suspended", [])
    need(suspended == sorted(set(suspended)) and ids >= set(suspended), "members")
    logs = [carried["log"] for carried in former["logs"]]
    need(logs == sorted(set(logs)), "carried-logs")
    for carried in former["logs"]:
        need(carried["member"] in ids, "carried-member")
        seq = carried["last"]["seq"]
        need(seq < roster["bounds"]["log_entries"], "carried-place")
        role = None
        for start, name in rights_of(roster, carried["member"], carried["log"]):
            role = name if start <= seq else role
        need(role is not None, "carried-place")


def check_formers(formers, founders):
    networks = [former["roster"]["network"] for former in formers]
    need(len(formers) <= FORMER_MAX and len(set(networks)) == len(networks), "former-networks")
    need(sum(len(former["logs"]) for former in formers) <= CARRIED_LOGS_MAX, "carried-logs")
    for former in formers:
        check_one(former)
    used = set()
    for former in formers:
        for member in former["roster"]["members"]:
            used |= {member[field] for field in ("root", "spare", "governance") if field in member}
        used |= {turn["root"] for turn in former["roster"].get("turns", []) if turn["root"]}
    fields = ("root", "spare", "governance")
    keys = [founder[field] for founder in founders for field in fields if field in founder]
    for key in keys + [carried["log"] for former in formers for carried in former["logs"]]:
        need(key not in used, "key-twice")
        used.add(key)
    need(not any(former.get("consents") for former in formers[1:]), "consents")
    check_consents(formers[0], founders)


def check_consents(former, founders):
    members = [consent["member"] for consent in former.get("consents", [])]
    need(members == sorted(set(members)), "consents")
    for consent in former.get("consents", []):
        founder = next((founder for founder in founders if founder["id"] == consent["member"]), None)
        before = member_of(former["roster"], consent["member"])
        need(founder and before, "consents")
        try:
            check_consent(consent["proof"], former["roster"]["network"], consent["member"], before["root"], founder["root"])
        except Refused as error:
            raise Refused("consent") from error


def check_consent(proof, network, member, former_root, root):
    payload, signature = open_envelope(proof, 256)
    need(payload == encode({"root": root, "member": member}), "form")
    verify_strict(former_root, signed_bytes("nanduti/consent/1", network, payload), signature)


def networks_of(charter):
    """To which network each carried log is bound."""
    return {carried["log"]: former["roster"]["network"]
            for former in charter.get("former", []) for carried in former["logs"]}


def claimed(former, charter):
    """What shows of a claim."""
    founders, voters = {member["id"] for member in charter["members"]}, voters_of(former["roster"])
    proven = {consent["member"] for consent in former.get("consents", [])}
    return {"network": former["roster"]["network"].hex(), "roster_hash": roster_hash(former["roster"]).hex(),
            "voters": len(voters), "here": len(founders & set(voters)), "proven": len(proven & set(voters))}
