//! The table of limits in the specification is that of the program, complete and in figures.

use std::{fs, path::Path};

use nanduti_protocol::limits;

/// Names and values of these limits.
macro_rules! named {
    ($($name:ident),* $(,)?) => {
        [$((stringify!($name), u64::try_from(limits::$name).expect("a limit fits into 64 bits"))),*]
    };
}

fn with_commas(number: u64) -> String {
    let digits = number.to_string();
    let groups: Vec<&str> =
        digits.as_bytes().rchunks(3).rev().map(|group| std::str::from_utf8(group).expect("digits")).collect();
    groups.join(",")
}

/// All limits.
fn all() -> Vec<(&'static str, u64)> {
    named![
        ENTRY_MAX,
        BODY_MAX,
        SEGMENT_MAX,
        ANCHOR_SPACING,
        CHAIN_MAX,
        FORK_PROOF_MAX,
        SEGMENT_TARGET,
        KIND_MAX,
        MEMBER_ID_MAX,
        NAME_MAX,
        PURPOSE_MAX,
        REASON_MAX,
        FORMER_MAX,
        CARRIED_LOGS_MAX,
        MEMBERS_MAX,
        ROLES_MAX,
        ROLE_KINDS_MAX,
        KEYRING_LINES_MAX,
        KEY_PROOF_MAX,
        ROOT_LOG_ENTRIES_MAX,
        ROOT_LOG_BYTES_MAX,
        SERIES_REVISIONS_MAX,
        SERIES_WITHDRAWALS_MAX,
        TICKET_ADDRESSES_MAX,
        ADDRESS_MAX,
        TIME_MAX_MS,
        LOG_BYTES_MAX,
        LOG_ENTRIES_MAX,
        GOSSIP_MAX,
        GOSSIP_FRAME_MAX,
        GOSSIP_RUN_MAX,
        NODE_ADDRESSES_MAX,
        NODE_RECORD_MAX,
        NODE_RECORDS_MAX,
        SYNC_MESSAGE_MAX,
        SYNC_SEGMENT_MAX,
        SYNC_BODY_MAX,
        SYNC_HEADS_MAX,
        SYNC_PULL_MAX,
        SYNC_WANT_MAX,
        SYNC_FORKS_MAX,
        SYNC_TURNS_MAX,
        ROUNDS_MAX,
        STATEMENT_MAX,
        STATEMENTS_OF_VOTER_MAX,
        PROPOSALS_OF_VOTER_MAX,
        PROPOSAL_MAX,
        CHANGES_MAX,
        ENDS_MAX,
        REQUEST_MAX,
        PAPERS_STATEMENTS_MAX,
        SYNC_POLLS_MAX,
        SYNC_BALLOT_IDS_MAX,
        SYNC_PAPERS_MAX,
    ]
    .to_vec()
}

#[test]
fn the_specification_lists_every_limit() {
    let all = all();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let source = fs::read_to_string(root.join("src/limits.rs")).expect("the limits");
    let defined: Vec<&str> = source
        .lines()
        .filter_map(|line| line.strip_prefix("pub const ")?.split_once(':'))
        .map(|(name, _)| name)
        .collect();
    let page = fs::read_to_string(root.join("../docs/spec/limits.md")).expect("the page");
    let rows: Vec<&str> = page.lines().filter(|line| line.starts_with("| `")).collect();
    for name in &defined {
        assert!(
            all.iter().any(|(listed, _)| listed == name),
            "{name} is missing in this test and in docs/spec/limits.md"
        );
    }
    for (name, value) in &all {
        let row = format!("| `{name}` | {} |", with_commas(*value));
        assert!(rows.iter().any(|line| line.starts_with(&row)), "docs/spec/limits.md has no row `{row}`");
    }
    assert_eq!(rows.len(), all.len(), "a row of docs/spec/limits.md has no limit");
}
