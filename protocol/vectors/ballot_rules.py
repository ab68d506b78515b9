"""The rules of docs/spec/ballots.md, and of rosters in docs/spec/authority.md, written a second time."""
from primitives import Refused, blake3, decode, encode, need, verify_strict
from rules import (check_charter_rules, check_fields, check_text, decode_or, is_hash, is_member_id, is_uint, open_envelope,
                   signed_bytes)

RULES, ROUNDS_MAX = 1, 64
REQUEST_MAX, PROPOSAL_MAX, STATEMENT_MAX = 1024, 65536, 512
CHANGES_MAX, ENDS_MAX, MEMBERS_MAX = 400, 272, 400
STATEMENTS_OF_VOTER_MAX, PROPOSALS_OF_VOTER_MAX, PAPERS_STATEMENTS_MAX = 128, 16, 256
SYNC_POLLS_MAX, SYNC_BALLOT_IDS_MAX = 256, 8192
STEPS = ("endorse", "ratify")


# --- Rosters -----------------------------------------------------------------------------------------------------------

def roster_hash(roster):
    return blake3(encode(roster))


def member_of(roster, name):
    return next((member for member in roster["members"] if member["id"] == name), None)


def turns_of(roster, name):
    return [turn for turn in roster.get("turns", []) if turn["member"] == name]


def voters_of(roster):
    suspended = roster.get("suspended", [])
    return [member["id"] for member in roster["members"]
            if roster["roles"][member["role"]]["votes"] and member["id"] not in suspended]


def quorum_of(roster):
    a, b = roster["quorum"]
    return len(voters_of(roster)) * a // b + 1


def root_holder(roster, key):
    """The member whose root key this is, or was. A replaced one of whose log nothing stands is none any more."""
    for member in roster["members"]:
        if member["root"] == key:
            return member["id"]
    turn = next((turn for turn in roster.get("turns", []) if turn["root"] == key), None)
    stands = turn and any(end["log"] == key and end["last"] is not None for end in turn["ends"])
    return turn["member"] if stands else None


def rights_of(roster, name, log):
    """What a log may say: pairs of a place and the role from there on, or None."""
    turns, member = turns_of(roster, name), member_of(roster, name)
    now = None if name in roster.get("suspended", []) else member["role"]
    roles = [turn["role"] for turn in turns] + [now]
    rights = [(0, roles[0])]
    for turn, role in zip(turns, roles[1:]):
        named = [end["last"] for end in turn["ends"] if end["log"] == log]
        replaced = turn["root"] is not None and named
        at = named[0]["seq"] + 1 if named and named[0] else 0
        rights = [(place, before) for place, before in rights if place < at]
        rights.append((at, None if replaced else role))
        if replaced:
            break
    return [pair for index, pair in enumerate(rights) if index == 0 or pair[1] != rights[index - 1][1]]


def fixed_of(roster, name, log):
    rights = rights_of(roster, name, log)
    log_end = rights[-1][0] if rights[-1][1] is None else None
    ends = [end["last"] for turn in turns_of(roster, name) for end in turn["ends"] if end["log"] == log]
    ends = [last for last in ends if last is None or log_end is None or last["seq"] < log_end]
    return ends[-1] if ends else None


# --- Requests and proposals --------------------------------------------------------------------------------------------

def check_line(line, rule):
    check_fields(line, ("id", "name", "role", "root"), ("spare", "governance"), rule=rule)
    need(isinstance(line["id"], str) and is_member_id(line["id"]), rule)
    need(isinstance(line["name"], str) and isinstance(line["role"], str), rule)
    need(all(is_hash(line.get(name, bytes(32))) for name in ("root", "spare", "governance")), rule)


def read_request(data, network):
    payload, signature = open_envelope(data, REQUEST_MAX)
    line = decode_or("payload", payload)
    check_line(line, "payload")
    verify_strict(line["root"], signed_bytes("nanduti/request/1", network, payload), signature)
    return line


def asked(data, network):
    try:
        return read_request(data, network)
    except Refused as error:
        raise Refused("request") from error


def check_ends(ends):
    need(isinstance(ends, list), "encoding")
    for end in ends:
        check_fields(end, ("log", "last"), rule="encoding")
        need(is_hash(end["log"]), "encoding")
        if end["last"] is not None:
            check_fields(end["last"], ("seq", "hash"), rule="encoding")
            need(is_uint(end["last"]["seq"]) and is_hash(end["last"]["hash"]), "encoding")


def read_proposal(data):
    need(len(data) <= PROPOSAL_MAX, "oversized")
    proposal = decode_or("encoding", data)
    check_fields(proposal, ("roster", "changes"), rule="encoding")
    need(is_hash(proposal["roster"]) and isinstance(proposal["changes"], list), "encoding")
    for change in proposal["changes"]:
        need(isinstance(change, dict) and len(change) == 1, "encoding")
        (name, value), = change.items()
        if name == "admit":
            need(isinstance(value, bytes), "encoding")
        elif name == "amend":
            check_fields(value, ("ends", "line", "suspended"), rule="encoding")
            check_ends(value["ends"])
            check_line(value["line"], "encoding")
            need(isinstance(value["suspended"], bool), "encoding")
        elif name == "replace":
            check_fields(value, ("ends", "request"), rule="encoding")
            check_ends(value["ends"])
            need(isinstance(value["request"], bytes), "encoding")
        elif name == "quorum":
            need(isinstance(value, list) and len(value) == 2 and all(map(is_uint, value)), "encoding")
        elif name == "bounds":
            check_fields(value, ("keys", "log_bytes", "log_entries"), rule="encoding")
            need(all(map(is_uint, value.values())), "encoding")
        else:
            need(name == "rules" and is_uint(value), "encoding")
    return proposal


def is_ordinary(proposal, roster):
    """May governance keys speak of it?"""
    for change in proposal["changes"]:
        (name, value), = change.items()
        if name == "admit":
            continue
        if name != "amend" or value["suspended"] or value["line"]["id"] in roster.get("suspended", []):
            return False
        before, line = member_of(roster, value["line"]["id"]), value["line"]
        if not before or any(before.get(key) != line.get(key) for key in ("root", "spare", "governance")):
            return False
        if value["ends"] and before["role"] == line["role"]:
            return False
    return True


def apply(proposal, roster):
    """The roster that a proposal makes of another."""
    need(proposal["roster"] == roster_hash(roster), "other-roster")
    need(1 <= len(proposal["changes"]) <= CHANGES_MAX, "changes")
    following = {**roster, "members": list(roster["members"]), "turns": list(roster.get("turns", [])),
                 "suspended": list(roster.get("suspended", [])), "version": roster["version"] + 1}
    touched = set()

    def line_before(name):
        before = member_of(roster, name)
        need(before, "no-member")
        need(name not in touched, "changes")
        touched.add(name)
        return before

    def put(line):
        following["members"] = [line if member["id"] == line["id"] else member for member in following["members"]]

    def turn(before, ends, root):
        logs = [end["log"] for end in ends]
        need(logs == sorted(set(logs)) and len(logs) <= ENDS_MAX and before["root"] in logs, "ends")
        role = None if before["id"] in roster.get("suspended", []) else before["role"]
        following["turns"].append({"ends": ends, "role": role, "root": root, "member": before["id"],
                                   "version": following["version"]})

    def admit(data):
        line = asked(data, roster["network"])
        need(not member_of(following, line["id"]), "member")
        touched.add(line["id"])
        following["members"] = sorted(following["members"] + [line], key=lambda member: member["id"])

    def amend(value):
        line, ends, suspended = value["line"], value["ends"], value["suspended"]
        before = line_before(line["id"])
        need(before["root"] == line["root"], "kind")
        was = line["id"] in roster.get("suspended", [])
        turns = before["role"] != line["role"] or suspended != was or ends
        need(turns or before != line, "changes")
        if turns:
            turn(before, ends, None)
        others = [name for name in following["suspended"] if name != line["id"]]
        following["suspended"] = sorted(others + [line["id"]] * suspended)
        put(line)

    def replace(value):
        line = asked(value["request"], roster["network"])
        before = line_before(line["id"])
        need(before["root"] != line["root"] and before["role"] == line["role"], "kind")
        turn(before, value["ends"], before["root"])
        put(line)

    def assign(name, value):
        if name == "rules":
            need(value > roster["rules"], "rules")
        else:
            check_charter_rules({**roster, name: value})
        if name == "bounds":
            need(all(value[bound] >= roster["bounds"][bound] for bound in value), "lower-bounds")
        need(value != roster[name] and following[name] == roster[name], "changes")
        following[name] = value

    for change in proposal["changes"]:
        (name, value), = change.items()
        make = {"admit": admit, "amend": amend, "replace": replace}.get(name, lambda value: assign(name, value))
        make(value)
    following["turns"].sort(key=lambda turn: (turn["version"], turn["member"]))
    check_next(following)
    return {field: value for field, value in following.items() if value or field not in ("turns", "suspended")}


def check_next(roster):
    need(len(roster["members"]) <= MEMBERS_MAX, "members")
    keys = []
    for member in roster["members"]:
        check_text(member["name"], 200)
        need(member["role"] in roster["roles"], "unknown-role")
        for key in filter(None, (member["root"], member.get("spare"), member.get("governance"))):
            need(key not in keys, "key-twice")
            keys.append(key)
    need(voters_of(roster), "no-voter")
    need(not {turn["root"] for turn in roster["turns"]} & set(keys), "former")


# --- Statements --------------------------------------------------------------------------------------------------------

def read_statement(data):
    payload, _ = open_envelope(data, STATEMENT_MAX)
    statement = decode_or("payload", payload)
    check_fields(statement, ("step", "round", "member", "roster", "proposal"), ("cites",))
    need(statement["step"] in STEPS, "payload")
    rounds = [statement[field] for field in ("round", "cites") if field in statement]
    need(all(is_uint(number) and number < 1 << 32 for number in rounds), "payload")
    need(isinstance(statement["member"], str) and is_member_id(statement["member"]), "payload")
    need(is_hash(statement["roster"]) and is_hash(statement["proposal"]), "payload")
    need(1 <= statement["round"] <= ROUNDS_MAX, "round")
    need(1 <= statement.get("cites", 1) and statement.get("cites", 0) < statement["round"], "round")
    need(statement["step"] == "endorse" or "cites" not in statement, "cites")
    return statement


VERIFIED = {}


def signer_of(statement, data, roster):
    """With which of its keys a voter signed: "root" or "governance"."""
    need(statement["member"] in voters_of(roster), "no-vote")
    payload, signature = open_envelope(data, STATEMENT_MAX)
    message = signed_bytes("nanduti/ballot/1", roster["network"], payload)
    member = member_of(roster, statement["member"])
    for name in ("root", "governance"):
        key = member.get(name)
        if key is not None and is_signed(key, message, signature):
            return name
    raise Refused("signature")


def is_signed(key, message, signature):
    asked_for = key, message, signature
    if asked_for not in VERIFIED:
        try:
            verify_strict(*asked_for)
            VERIFIED[asked_for] = True
        except Refused:
            VERIFIED[asked_for] = False
    return VERIFIED[asked_for]


# --- Polls -------------------------------------------------------------------------------------------------------------

def subject_of(statement):
    """What a statement says, in the order in which statements stand."""
    return statement["round"], STEPS.index(statement["step"]), statement["proposal"], statement.get("cites", 0)


class Poll:
    """What is held of that which was said about what follows one roster."""

    def __init__(self, roster):
        self.roster, self.hash = roster, roster_hash(roster)
        self.voters, self.quorum = voters_of(roster), quorum_of(roster)
        self.motions, self.cast = {}, {}

    def take(self, papers):
        need(papers["roster"] == self.hash, "unknown-roster")
        need(1 <= len(papers["statements"]) <= PAPERS_STATEMENTS_MAX, "number")
        name = blake3(papers["proposal"])
        if name not in self.motions:
            proposal = read_proposal(papers["proposal"])
            motion = apply(proposal, self.roster), is_ordinary(proposal, self.roster), papers["proposal"]
        else:
            motion = self.motions[name]
        new = []
        for data in papers["statements"]:
            statement = read_statement(data)
            need((statement["roster"], statement["proposal"]) == (self.hash, name), "other-subject")
            new.append((statement, signer_of(statement, data, self.roster), data))
        self.motions[name] = motion
        for statement, signer, data in new:
            by = statement["member"], signer != "root"
            held, subject = self.cast.get(by, {}), subject_of(statement)
            self.cast[by] = trimmed({**held, subject: min(data, held.get(subject, data))})
        spoken = {subject[2] for held in self.cast.values() for subject in held}
        self.motions = {name: motion for name, motion in self.motions.items() if name in spoken}

    def statements(self):
        return [(*by, subject, self.cast[by][subject]) for by in sorted(self.cast) for subject in sorted(self.cast[by])]

    def speaks_of(self, by_governance, proposal):
        return not by_governance or self.motions[proposal][1]

    def digest(self):
        return blake3(self.hash + b"".join(blake3(data) for *_, data in self.statements()))

    def ids(self):
        return sorted(int.from_bytes(blake3(data)[:8], "big") for *_, data in self.statements())

    def count(self):
        said = [(member, *subject) for member, by_governance, subject, _ in self.statements()
                if self.speaks_of(by_governance, subject[2])]
        boundless = {proposal: {member for (member, by_governance), held in self.cast.items()
                                if says_too_much(held) and self.speaks_of(by_governance, proposal)}
                     for proposal in self.motions}
        return Count(len(self.voters), self.quorum, sorted(set(said)), boundless)


def trimmed(held):
    """The first statements, up to the one that shows that they are too many."""
    kept = {}
    for subject in sorted(held):
        if says_too_much(kept):
            break
        kept[subject] = held[subject]
    return kept


def says_too_much(held):
    return len(held) > STATEMENTS_OF_VOTER_MAX or len({subject[2] for subject in held}) > PROPOSALS_OF_VOTER_MAX


class Count:
    """What counts of what was said: tuples of voter, round, step, proposal and the round cited, or 0."""

    def __init__(self, voters, quorum, said, boundless):
        self.quorum, self.said, self.counted = quorum, said, []
        self.boundless = {proposal: who for proposal, who in boundless.items() if who}
        self.say_too_much = set().union(*self.boundless.values())
        self.endorsed, self.ratified, self.open_round = {}, {}, 1
        while True:
            self.judge([what for what in said if what[1] == self.open_round])
            spoke = {what[0] for what in self.counted if what[1] == self.open_round} | self.say_too_much
            if 3 * len(spoke) <= voters or self.open_round == ROUNDS_MAX:
                break
            self.open_round += 1

    def judge(self, said):
        """What was said in one round: endorsements, then ratifications."""
        for step, votes in enumerate((self.endorsed, self.ratified)):
            for proposal, who in self.boundless.items():
                if step == 0 or self.is_endorsed(self.open_round, proposal):
                    votes.setdefault((self.open_round, proposal), set()).update(who)
            for what in said:
                if what[2] == step:
                    self.take(what)

    def is_endorsed(self, number, proposal):
        return len(self.endorsed.get((number, proposal), ())) >= self.quorum

    def take(self, what):
        voter, number, step, proposal, cites = what
        stands_on = number if step else cites
        if stands_on and not self.is_endorsed(stands_on, proposal):
            return
        (self.ratified if step else self.endorsed).setdefault((number, proposal), set()).add(voter)
        self.counted.append(what)

    def in_force(self):
        found = {}
        said = {(number, proposal) for _, number, step, proposal, _ in self.counted if step}
        for number, proposal in sorted(said):
            if len(self.ratified[number, proposal]) >= self.quorum:
                found.setdefault(proposal, number)
        return found

    def contradictions(self):
        pairs = []
        for one in self.counted:
            for other in self.counted:
                if one[0] == other[0] and one[3] != other[3] and contradict(one, other):
                    pairs.append((one, other))
        return pairs

    def cited(self, number, proposal):
        """The latest round before this one in which a quorum endorsed a proposal, or 0."""
        return max((before for before in range(1, number) if self.is_endorsed(before, proposal)), default=0)

    def may(self, voter, step, number, proposal):
        """The round to cite, or 0; and what speaks against it."""
        own = [what for what in self.said if what[0] == voter]
        others = [what for what in own if what[3] != proposal]
        against, cites = set(), 0
        if number > self.open_round:
            against.add("not-open")
        if any(what[1] > number for what in own):
            against.add("spoken-later")
        if len(own) >= STATEMENTS_OF_VOTER_MAX or len({what[3] for what in own} | {proposal}) > PROPOSALS_OF_VOTER_MAX:
            against.add("too-much")
        if step == 0:
            if any(what[1] == number and what[2] == 0 for what in others):
                against.add("endorsed-another")
            locks = [what[1] for what in others if what[2] == 1 and what[1] < number]
            if locks:
                cites = self.cited(number, proposal)
                if cites <= max(locks):
                    against.add("locked")
        else:
            if any(what[1] == number and what[2] == 1 for what in others):
                against.add("ratified-another")
            if not self.is_endorsed(number, proposal):
                against.add("too-few")
        return cites, sorted(against)


def contradict(one, other):
    """Whether nobody honest says both, the one not later than the other."""
    if one[1:3] == other[1:3]:
        return one[3] < other[3]
    return one[2] == 1 and other[2] == 0 and one[1] < other[1] and other[4] <= one[1]


# --- The succession ----------------------------------------------------------------------------------------------------

class Succession:
    """The rosters from the founders' to the one in force."""

    def __init__(self, founders, ticket=None):
        self.polls, self.passed, self.ticket = [Poll(founders)], [], ticket

    def take(self, papers):
        poll = next((poll for poll in reversed(self.polls) if poll.hash == papers["roster"]), None)
        need(poll, "unknown-roster")
        poll.take(papers)
        candidates = self.candidates()
        if candidates and not self.obstacle():
            proposal, = candidates
            self.passed.append(proposal)
            self.polls.append(Poll(self.polls[-1].motions[proposal][0]))

    def candidates(self):
        """What is in force of the last poll, and not of another roster than a ticket names."""
        last = self.polls[-1]
        following = {proposal: last.motions[proposal][0] for proposal in last.count().in_force()}
        return [proposal for proposal, roster in following.items() if not self.ticket
                or self.ticket[0] != roster["version"] or self.ticket[1] == roster_hash(roster)]

    def obstacle(self):
        last, candidates = self.polls[-1], self.candidates()
        if last.roster["rules"] > RULES:
            return {"why": "later-rules", "rules": last.roster["rules"]}
        if len(candidates) > 1:
            return rivals(last, candidates)
        if not candidates and last.count().in_force():
            return {"why": "other-ticket", "version": self.ticket[0]}
        return None

    def conflicts(self):
        counted = [(poll, poll.count().in_force()) for poll in self.polls]
        return [rivals(poll, in_force) for poll, in_force in counted if len(in_force) > 1]

    def digest(self):
        return blake3(b"".join(poll.digest() for poll in self.polls[-SYNC_POLLS_MAX:]))

    def held(self):
        """What is said of each poll in sync: hash of the roster, the first bytes of the digest, names of statements."""
        room, held = SYNC_BALLOT_IDS_MAX, []
        for poll in reversed(self.polls[-SYNC_POLLS_MAX:]):
            ids = poll.ids()
            fits = len(ids) <= room
            room = room - len(ids) if fits else 0
            held.append((poll.hash, int.from_bytes(poll.digest()[:8], "big"), ids if fits else []))
        return held[::-1]


def rivals(poll, in_force):
    return {"why": "rivals", "version": poll.roster["version"], "proposals": [proposal.hex() for proposal in sorted(in_force)]}
