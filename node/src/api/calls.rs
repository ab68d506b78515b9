//! The calls of the operator's API: one type a call, with the type of its reply.
//!
//! A call is made in the same way beside a running node (over its Unix socket) and without one (on the store itself), so
//! that a command does not know the difference.

use serde::{Deserialize, Serialize, de::DeserializeOwned};

use super::audience::Audience;
use super::verification::VerifyReply;
use super::{
    keys::{KeyChange, KeyListReply, OfferReply, PreparedReply, SubmitReply},
    types::{
        DiffReply, ListFilter, ListReply, PeerListReply, PracticeView, PublishReply, RevisionView, StatusReply,
        SyncReply,
    },
    upkeep::{BackupReply, BundleReply, ReindexReply},
};

/// A call: its name in the address, and what answers it.
pub trait Call: Serialize + DeserializeOwned + Send + 'static {
    /// Last part of the address, such as `publish` in `POST /v1/publish`.
    const NAME: &'static str;
    /// What a successful call returns.
    type Reply: Serialize + DeserializeOwned + Send + 'static;
}

macro_rules! call {
    ($(#[$doc:meta])* $name:ident as $path:literal -> $reply:ty { $($(#[$fdoc:meta])* $field:ident : $ty:ty),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(deny_unknown_fields)]
        pub struct $name { $($(#[$fdoc])* #[serde(default)] pub $field: $ty),* }

        impl Call for $name {
            const NAME: &'static str = $path;
            type Reply = $reply;
        }
    };
}
pub(super) use call;

call! {
    /// How does the node stand?
    Status as "status" -> StatusReply {}
}
call! {
    /// Sign a record, or only check it.
    Publish as "publish" -> PublishReply {
        /// The file: Markdown with YAML front matter.
        markdown: String,
        /// Id of the series to revise; else the front matter's `id`, else a new series.
        revises: Option<String>,
        /// Begin a new series although the member has one with this title.
        new_series: bool,
        /// Only check: sign nothing.
        check: bool,
    }
}
call! {
    /// Withdraw a series.
    Withdraw as "withdraw" -> RevisionView {
        /// Id or short id of the series.
        id: String,
        /// Code of the vocabulary `withdraw_reason`.
        reason: String,
        /// Note, 500 characters at most. Everybody can read it, also that of a practice for members only.
        note: Option<String>,
    }
}
call! {
    /// List the library.
    List as "list" -> ListReply {
        /// What to list.
        filter: ListFilter,
    }
}
call! {
    /// Show one practice. The id may be that of a series or of one revision, or short.
    Show as "show" -> PracticeView {
        /// Id or short id.
        id: String,
    }
}
call! {
    /// All revisions of a series, oldest first.
    History as "history" -> Vec<RevisionView> {
        /// Id or short id.
        id: String,
    }
}
call! {
    /// What changed between two revisions; without `from`, between the revision and the one it replaced.
    Diff as "diff" -> DiffReply {
        /// Id or short id of the series or of the later revision.
        id: String,
        /// Id or short id of the earlier revision.
        from: Option<String>,
    }
}
call! {
    /// Check one document or the whole store, without the network.
    Verify as "verify" -> VerifyReply {
        /// Id or short id; the whole store without one.
        id: Option<String>,
        /// Check every signature, not one a segment.
        deep: bool,
    }
}
call! {
    /// Synchronise now, with one peer or with all that are known.
    Sync as "sync" -> SyncReply {
        /// A multiaddress with `/p2p/…`, or a peer id, or a member's id.
        peer: Option<String>,
    }
}
call! {
    /// List the peers.
    PeerList as "peer-list" -> PeerListReply {}
}
call! {
    /// Remember a peer and connect to it.
    PeerAdd as "peer-add" -> PeerListReply {
        /// A multiaddress with `/p2p/…`.
        address: String,
    }
}
call! {
    /// Block a peer, or allow it again.
    PeerBlock as "peer-block" -> PeerListReply {
        /// The libp2p peer id.
        peer: String,
        /// Allow it again.
        allow: bool,
    }
}
call! {
    /// Write the library to one file: what is public, or for a member what is for members too.
    BundleExport as "bundle-export" -> BundleReply {
        /// Absolute path of the file to write.
        path: String,
        /// Replace a file that is there.
        overwrite: bool,
        /// Who is to read it.
        audience: Audience,
        /// Only these logs, in hexadecimal; all, if none is named.
        logs: Vec<String>,
    }
}
call! {
    /// Take in what a bundle holds.
    BundleImport as "bundle-import" -> BundleReply {
        /// Absolute path of the file to read.
        path: String,
    }
}
call! {
    /// Write what cannot be had from others to one file: keys, settings, what this node alone knows, its member's logs.
    Backup as "backup" -> BackupReply {
        /// Absolute path of the file to write.
        path: String,
        /// Replace a file that is there.
        overwrite: bool,
        /// The whole library too.
        all: bool,
    }
}
call! {
    /// Rebuild what is derived from the segment files.
    Reindex as "reindex" -> ReindexReply {}
}
call! {
    /// List the keys of a member, of this node's own if none is named.
    KeyList as "key-list" -> KeyListReply {
        /// Id of the member.
        member: Option<String>,
    }
}
call! {
    /// Make what the root key is to sign so that the keys of this node's member change. Nothing is signed by it.
    KeyPrepare as "key-prepare" -> PreparedReply {
        /// What is to change.
        change: KeyChange,
        /// Although this home came out of a backup and has not heard yet where its root log stands.
        unheard: bool,
    }
}
call! {
    /// Take in what a root key signed, or only check it.
    Submit as "submit" -> SubmitReply {
        /// The signed file, in base64.
        file: String,
        /// Only check: change nothing.
        check: bool,
        /// How many entries the caller knows will stop counting; if it were more, nothing is changed.
        stops: Option<u64>,
        /// Although this home came out of a backup and has not heard yet where its root log stands.
        unheard: bool,
    }
}
call! {
    /// Offer the keys of this node to a member.
    KeyOffer as "key-offer" -> OfferReply {
        /// Id of the member; the one for whom the home was made if none is named.
        member: Option<String>,
    }
}
