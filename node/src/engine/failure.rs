//! Errors of the layers below, as a person or a program receives them: whose fault, why, and what to do.

use crate::{
    api::{ApiError, ErrorKind},
    core::{CoreError, Unable},
    offline::time_text,
    restored::Hindrance,
    store::StoreError,
};

pub(super) fn failed(message: impl Into<String>) -> ApiError {
    ApiError::new(ErrorKind::Failed, message)
}

pub(super) fn usage(message: impl Into<String>) -> ApiError {
    ApiError::new(ErrorKind::Usage, message)
}

pub(super) fn not_found(message: impl Into<String>) -> ApiError {
    ApiError::new(ErrorKind::NotFound, message)
}

pub(super) fn refused(message: impl Into<String>) -> ApiError {
    ApiError::new(ErrorKind::Refused, message)
}

/// What a node with a log of its own that contradicts itself is told.
pub(super) const FORKED: &str = "its own log is forked: its key signed two entries for one place";
/// The way out that needs nobody else. As long as members could say where the root log stands, it has to be asked for by name.
const FRESH_KEY: &str = "or begin a new log with a fresh key: nanduti key replace";
/// The same while they could.
const FRESH_KEY_UNHEARD: &str =
    "or, if none can be reached, begin a new log with a fresh key: nanduti key replace --unheard";

/// Why a restored node does not sign: what it waits for, whom it has heard, and what there is to do.
pub(super) fn restored(hindrance: &Hindrance) -> ApiError {
    let Hindrance { marker, tally } = hindrance;
    let message = format!("this node was restored from a backup and does not sign yet: {tally}");
    let mut error = refused(message);
    error.causes.push(match marker.made_ms {
        0 => "what it signed after the backup stands on other nodes, and to sign something else there would be a fork"
            .into(),
        made => format!(
            "what it signed after {} stands on other nodes, and to sign something else there would be a fork",
            time_text(made)
        ),
    });
    if !tally.told.is_empty() {
        let told: Vec<String> = tally.told.iter().map(ToString::to_string).collect();
        error.causes.push(format!("heard since this start: {}", told.join(", ")));
    }
    error.hint(if tally.is_possible() {
        format!("keep `nanduti run` connected to other members until enough have said so, {FRESH_KEY_UNHEARD}")
    } else {
        format!("another member has to join this network first, {FRESH_KEY}")
    })
}

/// What there is to do for a node that may not sign.
pub(super) fn way_out(why: Unable) -> &'static str {
    match why {
        Unable::Ended => {
            "`nanduti key replace` gives this node a fresh one. If a ballot put another root key in the place of the one kept here, the \
             node that asked for that speaks for the member now"
        }
        Unable::IsRoot => "`nanduti key replace` gives this node a fresh one",
        Unable::Suspended => {
            "only a ballot of the others lets it back in: `nanduti member list` shows who is suspended"
        }
        Unable::Damaged => {
            "`nanduti sync` asks peers for it; what no peer has comes back from set-aside/ by itself, as far as it is whole"
        }
        Unable::NotListed | Unable::NoMember => {
            "to be admitted: `nanduti member request`; as a further node of a member: `nanduti key offer`"
        }
        Unable::Role => "`nanduti network show` lists what each role may write",
        Unable::NoKey | Unable::NoCharter | Unable::NotArrived | Unable::Contradicts | Unable::OutOfBounds => {
            "`nanduti status` says what this node is in the network"
        }
    }
}

impl From<CoreError> for ApiError {
    fn from(error: CoreError) -> Self {
        match &error {
            CoreError::Refused(refusal) => refused(refusal.to_string()),
            CoreError::Papers(error) => refused(error.to_string()),
            CoreError::CannotSign(why) => refused(format!("this node may not sign: {why}")).hint(way_out(*why)),
            CoreError::Restored(hindrance) => restored(hindrance),
            CoreError::Forked => refused(format!("this node may not sign: {FORKED}")).hint(format!(
                "`nanduti fork show` puts both sides next to each other, and `nanduti fork choose` names the one that counts, {FRESH_KEY}"
            )),
            CoreError::Full => failed(error.to_string()).hint(
                "make room on the disk; the node writes again by itself. `storage.min_free_mib` sets the reserve",
            ),
            CoreError::Store(store) => store_error(store),
            CoreError::Closed => failed(error.to_string()),
        }
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        CoreError::from(error).into()
    }
}

fn store_error(error: &StoreError) -> ApiError {
    match error {
        StoreError::Damaged(damage) => ApiError::new(ErrorKind::Store, damage.to_string())
            .hint("`nanduti verify` names all that is damaged; the node sets it aside and asks its peers for it"),
        StoreError::Index(_) | StoreError::IndexContent(_) => {
            ApiError::new(ErrorKind::Store, "the index cannot be read")
                .because(error)
                .hint("start the node again once the disk works and has room; what it cannot read of the index it makes anew by itself")
        }
        StoreError::EarlierForm(_) => ApiError::new(ErrorKind::Store, error.to_string())
            .hint("begin a home anew and take the library over by `nanduti sync`, or with `bundle export` of that version"),
        StoreError::Io { .. } | StoreError::Full => failed("the disk failed").because(error),
    }
}
