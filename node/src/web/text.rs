//! Every word of the interface, in English.
//!
//! They are together so that other languages can come beside this one: a template names a field and never a word. What a
//! record says is not here; it keeps its own language.

use super::display::grouped;

/// A cause and what to do.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reason {
    pub(crate) cause: &'static str,
    pub(crate) hint: &'static str,
}

/// The words of the interface.
#[derive(Debug)]
pub(crate) struct Text {
    // Every page.
    pub(crate) skip: &'static str,
    pub(crate) product: &'static str,
    pub(crate) tagline: &'static str,
    pub(crate) sections: &'static str,
    pub(crate) library: &'static str,
    pub(crate) status: &'static str,
    pub(crate) node_of: &'static str,
    pub(crate) origin: &'static str,
    pub(crate) as_json: &'static str,
    pub(crate) colon: &'static str,
    pub(crate) outdated: &'static str,
    // The library.
    pub(crate) filter: &'static str,
    pub(crate) member: &'static str,
    pub(crate) strand: &'static str,
    pub(crate) capacity: &'static str,
    pub(crate) theme: &'static str,
    pub(crate) language: &'static str,
    pub(crate) state: &'static str,
    pub(crate) any: &'static str,
    pub(crate) in_force: &'static str,
    pub(crate) show: &'static str,
    pub(crate) clear: &'static str,
    pub(crate) filtered_by: &'static str,
    pub(crate) remove: &'static str,
    pub(crate) nothing: &'static str,
    pub(crate) nothing_yet: &'static str,
    pub(crate) pages: &'static str,
    pub(crate) earlier_page: &'static str,
    pub(crate) later_page: &'static str,
    pub(crate) current: &'static str,
    pub(crate) concurrent: &'static str,
    pub(crate) withdrawn: &'static str,
    // Documents for members only.
    pub(crate) closed_heading: &'static str,
    pub(crate) closed_note: &'static str,
    pub(crate) closed_none: &'static str,
    pub(crate) closed_kind: &'static str,
    // A practice.
    pub(crate) facts: &'static str,
    pub(crate) unknown_fields: &'static str,
    pub(crate) concurrent_note: &'static str,
    pub(crate) withdrawn_note: &'static str,
    pub(crate) withdrawn_copies: &'static str,
    pub(crate) reason: &'static str,
    pub(crate) note: &'static str,
    pub(crate) older: &'static str,
    pub(crate) see_newest: &'static str,
    pub(crate) series_id: &'static str,
    pub(crate) revision_id: &'static str,
    pub(crate) proof: &'static str,
    pub(crate) proof_intro: &'static str,
    pub(crate) signed_by: &'static str,
    pub(crate) former: &'static str,
    pub(crate) former_id: &'static str,
    pub(crate) former_reason: &'static str,
    pub(crate) former_claim: &'static str,
    pub(crate) carried_over: &'static str,
    pub(crate) carried_note: &'static str,
    pub(crate) carried_fixed: &'static str,
    pub(crate) carried_unproven: &'static str,
    pub(crate) founded_anew: &'static str,
    pub(crate) founded_anew_note: &'static str,
    pub(crate) publishing_key: &'static str,
    pub(crate) root_key: &'static str,
    pub(crate) keyring: &'static str,
    pub(crate) root_place: &'static str,
    pub(crate) place: &'static str,
    pub(crate) entry_hash: &'static str,
    pub(crate) body_hash: &'static str,
    pub(crate) body_size: &'static str,
    pub(crate) bytes: &'static str,
    pub(crate) segment: &'static str,
    pub(crate) offset: &'static str,
    pub(crate) claimed: &'static str,
    pub(crate) arrived: &'static str,
    pub(crate) not_known: &'static str,
    pub(crate) counts: &'static str,
    pub(crate) counts_yes: &'static str,
    pub(crate) counts_no: &'static str,
    pub(crate) full: &'static str,
    // The history.
    pub(crate) history: &'static str,
    pub(crate) history_of: &'static str,
    pub(crate) revision: &'static str,
    pub(crate) title: &'static str,
    pub(crate) time: &'static str,
    pub(crate) signed: &'static str,
    pub(crate) newest: &'static str,
    pub(crate) replaces: &'static str,
    pub(crate) first: &'static str,
    pub(crate) yes: &'static str,
    pub(crate) no: &'static str,
    pub(crate) counts_short: &'static str,
    // The status.
    pub(crate) status_heading: &'static str,
    pub(crate) network: &'static str,
    pub(crate) network_id: &'static str,
    pub(crate) no_name: &'static str,
    pub(crate) roster: &'static str,
    pub(crate) members: &'static str,
    pub(crate) role: &'static str,
    pub(crate) role_member: &'static str,
    pub(crate) role_silent: &'static str,
    pub(crate) role_not_admitted: &'static str,
    pub(crate) role_observer: &'static str,
    pub(crate) speaks_for: &'static str,
    pub(crate) key_of: &'static str,
    pub(crate) version: &'static str,
    pub(crate) uptime: &'static str,
    pub(crate) what_it_holds: &'static str,
    pub(crate) practices: &'static str,
    pub(crate) own_practices: &'static str,
    pub(crate) for_members: &'static str,
    pub(crate) logs: &'static str,
    pub(crate) entries: &'static str,
    pub(crate) counted: &'static str,
    pub(crate) wanted: &'static str,
    pub(crate) digest: &'static str,
    pub(crate) digest_note: &'static str,
    pub(crate) peers: &'static str,
    pub(crate) peers_connected: &'static str,
    pub(crate) peers_equal: &'static str,
    pub(crate) forks: &'static str,
    pub(crate) forks_none: &'static str,
    pub(crate) forks_note: &'static str,
    pub(crate) fork_log: &'static str,
    pub(crate) fork_place: &'static str,
    pub(crate) fork_hashes: &'static str,
    pub(crate) fork_see: &'static str,
    pub(crate) fork_heading: &'static str,
    pub(crate) fork_publishing: &'static str,
    pub(crate) fork_root: &'static str,
    pub(crate) fork_unlisted: &'static str,
    pub(crate) fork_open: &'static str,
    pub(crate) fork_awaited: &'static str,
    pub(crate) fork_settled: &'static str,
    pub(crate) fork_by_member: &'static str,
    pub(crate) fork_by_ballot: &'static str,
    pub(crate) fork_by_nobody: &'static str,
    pub(crate) fork_side: &'static str,
    pub(crate) fork_sides: &'static str,
    pub(crate) fork_entry: &'static str,
    pub(crate) fork_known: &'static str,
    pub(crate) fork_chosen: &'static str,
    pub(crate) fork_held: &'static str,
    pub(crate) fork_proof: &'static str,
    pub(crate) no_such_fork: &'static str,
    // Errors.
    pub(crate) bad_request: Reason,
    pub(crate) no_such_page: Reason,
    pub(crate) no_such_practice: Reason,
    pub(crate) not_public: Reason,
    pub(crate) method: Reason,
    pub(crate) too_long_address: Reason,
    pub(crate) body: Reason,
    pub(crate) busy: Reason,
    pub(crate) slow: Reason,
    pub(crate) broken: Reason,
}

/// The interface in English.
pub(crate) const TEXT: Text = Text {
    skip: "Skip to the content",
    product: "Ñandutí",
    tagline: "a shared library of human-rights implementation practices",
    sections: "Sections",
    library: "Library",
    status: "Status",
    node_of: "Node of",
    origin: "A signature proves who said it, not that it is true.",
    as_json: "This page as JSON",
    colon: ": ",
    outdated: "The members have gone over to rules that this node does not know. What it shows is its own opinion, and may differ from \
               what counts in the network, until its program is upgraded.",
    filter: "Filter the library",
    member: "Member",
    strand: "Strand",
    capacity: "Capacity",
    theme: "Theme",
    language: "Language",
    state: "State",
    any: "Any",
    in_force: "In force",
    show: "Show",
    clear: "Clear the filter",
    filtered_by: "Filtered by",
    remove: "remove",
    nothing: "No practice matches this filter.",
    nothing_yet: "The library is empty: nothing has been published in this network yet, or nothing has arrived.",
    pages: "Pages of the library",
    earlier_page: "Previous page",
    later_page: "Next page",
    current: "Current",
    concurrent: "Several newest revisions",
    withdrawn: "Withdrawn",
    closed_heading: "For members only",
    closed_note: "Everybody sees that these documents exist, who signed them, where they stand and when they were made. What they say is read on the nodes of members, and never on a page like this one.",
    closed_none: "There is no document for members only.",
    closed_kind: "Kind",
    facts: "At a glance",
    unknown_fields: "Fields that this node does not know",
    concurrent_note: "These revisions were made without knowing of each other. This page shows one of them. The others:",
    withdrawn_note: "This practice was withdrawn by the member that signed it.",
    withdrawn_copies: "Copies may exist outside the network.",
    reason: "Reason",
    note: "Note",
    older: "This is an older revision.",
    see_newest: "See the newest",
    series_id: "Id of the practice",
    revision_id: "Id of this revision",
    proof: "Proof",
    proof_intro: "Anybody who holds a copy can check this offline. With the program:",
    signed_by: "Signed by",
    former: "Former network",
    former_id: "Id of the former network",
    former_reason: "Why it was left, in the founders' words",
    former_claim: "What the founders claim, and what of it shows",
    carried_over: "Carried over",
    carried_note: "This was signed in a former network, and is carried over by the charter of this one: a claim of its founders.",
    carried_unproven: "That the member here is the same institution, no former root key says.",
    carried_fixed: "The member is not on the roster here, so nobody can change it.",
    founded_anew: "Founded anew",
    founded_anew_note: "The charter of this network says that it takes the place of a former one, and carries its library over.",
    publishing_key: "Publishing key",
    root_key: "Root key of the member",
    root_place: "Place in the root log",
    keyring: "Keyring that lists the key",
    place: "Place in the log",
    entry_hash: "BLAKE3 of the entry",
    body_hash: "BLAKE3 of the body",
    body_size: "Length of the body",
    bytes: "bytes",
    segment: "Segment file",
    offset: "at byte",
    claimed: "Time, as the author says",
    arrived: "Arrived at this node",
    not_known: "not known",
    counts: "Does the entry count?",
    counts_yes: "Yes: the key may write it, at this place in its log.",
    counts_no: "No: a cut-off or a fork took that away. It is kept in its chain.",
    full: "in full",
    history: "History",
    history_of: "All revisions, oldest first, as the logs hold them.",
    revision: "Revision",
    title: "Title",
    time: "Time, as the author says",
    signed: "Signed by",
    newest: "newest",
    replaces: "Replaces",
    first: "nothing: the first",
    yes: "yes",
    no: "no",
    counts_short: "Counts",
    status_heading: "Status of this node",
    network: "Network",
    network_id: "Id of the network",
    no_name: "not known yet: the charter has not arrived",
    roster: "Version of the roster",
    members: "Members on the roster",
    role: "This node",
    role_member: "speaks for a member",
    role_silent: "does not speak for its member: its key has ended, or the member is suspended",
    role_not_admitted: "has keys, but no member’s keyring lists them",
    role_observer: "is an observer: it reads and verifies everything, and signs nothing",
    speaks_for: "Speaks for",
    key_of: "Has a key of",
    version: "Version of the program",
    uptime: "Running for",
    what_it_holds: "What it holds",
    practices: "Practices",
    own_practices: "Practices of its own member",
    for_members: "Documents for members only",
    logs: "Logs",
    entries: "Entries",
    counted: "Entries that count",
    wanted: "Bodies wanted and not yet held",
    digest: "Frontier digest",
    digest_note: "Two nodes with the same digest hold the same library.",
    peers: "Peers",
    peers_connected: "Connected",
    peers_equal: "Connected, with the same digest",
    forks: "Forks",
    forks_none: "No fork is known.",
    forks_note: "A fork is one key that signed two different entries for one place in its log.",
    fork_log: "Log",
    fork_place: "Place",
    fork_hashes: "The two entries",
    fork_see: "see both sides",
    fork_heading: "A fork, both sides",
    fork_publishing: "Publishing log",
    fork_root: "Root log",
    fork_unlisted: "Log of a key that no member lists",
    fork_open: "What stands below it counts, and nothing above it, until one side is chosen.",
    fork_awaited: "One side has been chosen; its entries have not arrived at this node yet.",
    fork_settled: "It is settled: the side that was chosen is here, and counts.",
    fork_by_member: "The member chooses, with its root key. The rest of the network goes on meanwhile.",
    fork_by_ballot: "It is a root log, so the members choose, in a ballot. The rest of the network goes on meanwhile.",
    fork_by_nobody: "No member lists the key, so it counts for nothing either way.",
    fork_side: "Side",
    fork_sides: "Both sides",
    fork_entry: "Entry at that place",
    fork_known: "Entries known from there on",
    fork_chosen: "If it is chosen",
    fork_held: "holds it",
    fork_proof: "knows it by the proof of the fork",
    no_such_fork: "there is no such fork on this node",
    bad_request: Reason { cause: "this request makes no sense", hint: "Check the address, or begin at the library." },
    no_such_page: Reason {
        cause: "there is no such page on this node",
        hint: "Check the address, or begin at the library.",
    },
    no_such_practice: Reason {
        cause: "there is no such practice on this node",
        hint: "It may not have arrived here yet. Check the id, or look for it in the library.",
    },
    not_public: Reason { cause: "this is not public", hint: "Ask the member that signed it." },
    method: Reason {
        cause: "these pages can only be read",
        hint: "Use GET or HEAD. Practices are published with the program, on the member’s own node.",
    },
    too_long_address: Reason { cause: "the address is too long", hint: "Use fewer filters." },
    body: Reason { cause: "these pages take no request with a body", hint: "Send the request without a body." },
    busy: Reason {
        cause: "this node is answering as many requests as it can",
        hint: "Wait a few seconds and try again.",
    },
    slow: Reason { cause: "the node took too long to answer", hint: "Wait a few seconds and try again." },
    broken: Reason {
        cause: "the node could not answer",
        hint: "Try again later. The cause is in the node’s log, for its operator.",
    },
};

impl Text {
    /// Where in the list a page of it stands. `from` counts from 1.
    pub(crate) fn showing(&self, from: u64, to: u64, total: u64) -> String {
        match total {
            1 => "1 practice".to_owned(),
            _ if from == 1 && to == total => format!("{} practices", grouped(total)),
            _ => format!("{} to {} of {} practices", grouped(from), grouped(to), grouped(total)),
        }
    }

    /// How many documents are for members only.
    pub(crate) fn closed(&self, count: u64) -> String {
        if count == 1 {
            "1 document is for members only".to_owned()
        } else {
            format!("{} documents are for members only", grouped(count))
        }
    }

    /// What follows if a side of a fork is chosen of which so many entries are known.
    pub(crate) fn fork_follows(&self, entries: u64) -> String {
        let known = if entries == 1 {
            "its entry counts".to_owned()
        } else {
            format!("its {} entries count", grouped(entries))
        };
        format!("{known}, and every other side falls away on every node")
    }

    /// How many revisions.
    pub(crate) fn revisions(&self, count: u64) -> String {
        if count == 1 { "1 revision".to_owned() } else { format!("{} revisions", grouped(count)) }
    }

    /// What is carried over of a former network.
    pub(crate) fn carried(&self, entries: &str, logs: &str) -> String {
        format!("Entries: {entries}, in logs: {logs}")
    }

    /// How long, in its two greatest units.
    pub(crate) fn duration(&self, seconds: u64) -> String {
        let (days, hours, minutes) = (seconds / 86_400, seconds / 3_600 % 24, seconds / 60 % 60);
        match (days, hours, minutes) {
            (0, 0, 0) => format!("{seconds} s"),
            (0, 0, _) => format!("{minutes} min"),
            (0, ..) => format!("{hours} h {minutes} min"),
            _ => format!("{days} d {hours} h"),
        }
    }

    /// Label of a code of the vocabulary `withdraw_reason`, if this node knows it.
    pub(crate) fn withdrawal_reason(&self, code: &str) -> Option<&'static str> {
        Some(match code {
            "personal-data" => "Contains personal data",
            "safety" => "Safety of a person",
            "error" => "Factual error",
            "superseded" => "Superseded",
            "legal" => "Legal duty",
            "mandate-ended" => "Mechanism or mandate ended",
            _ => return None,
        })
    }

    /// Heading of a page about an error.
    pub(crate) fn failure_heading(&self, status: u16) -> &'static str {
        match status {
            404 => "Not found",
            403 => "Not public",
            405 => "Only for reading",
            503 => "Busy",
            500.. => "Something went wrong here",
            _ => "This request cannot be answered",
        }
    }
}
