//! Taking in what a root key signed.

use nanduti_protocol::{key::MemberId, keyring::KeyState, ledger::History, run::VerifiedRun};

use super::{listed::Listed, prepare::effects, ring::short};
use crate::{
    api::{ApiError, Ballots, EffectView, Submit, SubmitReply},
    core::{Core, Snapshot},
    engine::{
        Engine, Handle,
        failure::{failed, refused, usage},
        places::contradicted,
    },
    offline::{Checked, CheckedKeyring, Request, Says, view},
};

impl Handle<Submit> for Engine {
    async fn handle(&self, call: Submit) -> Result<SubmitReply, ApiError> {
        let bytes = data_encoding::BASE64
            .decode(call.file.as_bytes())
            .map_err(|error| usage("the file is not in base64").because(&error))?;
        let request =
            Request::decode(&bytes).map_err(|error| usage("this is not a request to a root key").because(&error))?;
        let checked = Checked::of(&request).map_err(|error| refused("the request does not hold").because(&error))?;
        if request.is_beginning() {
            return Err(usage("this begins a root log: it is taken in without the node")
                .hint("`nanduti submit FILE` in the home in which it was prepared does it"));
        }
        if !request.is_signed() {
            return Err(
                usage("nobody has signed this request yet").hint("`nanduti sign FILE` signs it, where the key is")
            );
        }
        let reply = SubmitReply {
            checked_only: call.check,
            known: false,
            request: view(&checked),
            effects: Vec::new(),
            signs_with: None,
            ballots: None,
            warnings: Vec::new(),
        };
        let (network, member) = (checked.network, checked.member);
        if network != self.core.snapshot().ledger.network() {
            return Err(refused(format!("the request is for the network {network}")));
        }
        match checked.says {
            Says::Keyring(keyring) => self.take_keyring(&call, (&member, *keyring), reply).await,
            Says::Vote(vote) => {
                let known = self.take_vote(*vote, call.check).await?;
                let ballots = self.handle(Ballots::default()).await?;
                Ok(SubmitReply { known, ballots: Some(ballots), ..reply })
            }
            Says::Beginning(_) => Err(failed("a beginning is taken in without the node")),
        }
    }
}

impl Engine {
    async fn take_keyring(
        &self,
        call: &Submit,
        (member, keyring): (&MemberId, CheckedKeyring),
        reply: SubmitReply,
    ) -> Result<SubmitReply, ApiError> {
        let run = keyring.run.clone().ok_or_else(|| failed("nobody has signed this keyring"))?;
        // Nothing of this node's own is signed between looking and taking in.
        let _signing = self.signing.lock().await;
        let snapshot = self.core.snapshot();
        let known = place_of(&self.core, &snapshot, (member, &keyring), &run)?;
        if !known && Some(member) == self.member.as_ref() && !call.unheard {
            self.knows_its_root_log(&snapshot)?;
        }
        let effects = if known { Vec::new() } else { effects(&snapshot, &keyring.after) };
        let reply = SubmitReply { known, warnings: warnings(&snapshot, &keyring), effects, ..reply };
        if call.check {
            return Ok(reply);
        }
        let stops = stops(&reply.effects);
        if call.stops.is_some_and(|expected| stops > expected) {
            return Err(refused(
                "the node has taken in or signed more meanwhile, and more would stop counting than was said",
            )
            .hint("try again: what follows is said anew"));
        }
        self.core.admit(run).await?;
        for opening in keyring.openings {
            begin(&self.core, opening).await?;
        }
        let signs_with = self.take_over().await?;
        Ok(SubmitReply { signs_with: signs_with.map(nanduti_protocol::key::PublicKey::to_hex), ..reply })
    }
}

fn stops(effects: &[EffectView]) -> u64 {
    effects.iter().map(|effect| effect.stops).sum()
}

/// Whether the entry is held already; an error if it cannot take its place.
fn place_of(
    core: &Core,
    snapshot: &Snapshot,
    (member, checked): (&MemberId, &CheckedKeyring),
    run: &VerifiedRun,
) -> Result<bool, ApiError> {
    let ledger = &snapshot.ledger;
    let authority = ledger.authority().ok_or_else(|| failed("the charter has not arrived yet"))?;
    let (root, seq) = (checked.statement.log, checked.statement.seq);
    let listed = authority.roster().member(member);
    if listed.is_none_or(|listed| listed.root != root) {
        return Err(refused(format!("{root} is not the root key of {member} in this network")));
    }
    let held = ledger.extent(&root).map_or(0, |extent| extent.next);
    if held > seq {
        return match snapshot.hash_at(&root, seq) {
            Some(hash) if hash == run.head() => Ok(true),
            _ => Err(refused(format!("the root log has another entry {seq} already"))
                .hint("do not hand this file to anybody else, since it contradicts that entry: destroy it, and prepare the change anew")),
        };
    }
    if held < seq || ledger.extent(&root).is_none_or(|extent| extent.head != checked.statement.prev) {
        return Err(refused(format!(
            "this node holds {held} entries of the root log, and the request stands on others"
        ))
        .hint("`nanduti sync` fetches what is missing; else prepare the change anew"));
    }
    if let Some(before) = Listed::of(core, snapshot, member)?.own {
        checked.after.follows(&before.keyring).map_err(|error| {
            refused("the keyring in force does not allow it")
                .because(&error)
                .hint("prepare the change anew on this node")
        })?;
    }
    Ok(false)
}

/// What does not keep the keyring from standing, and the operator should know.
fn warnings(snapshot: &Snapshot, checked: &CheckedKeyring) -> Vec<String> {
    let mut warnings = Vec::new();
    for line in &checked.after.keys {
        let (KeyState::Live(place) | KeyState::Ended(place)) = line.state;
        if let Some(place) = place
            && contradicted(snapshot, &line.key, &place).is_some()
        {
            warnings.push(format!(
                "the keyring names another entry {} of the key {} than the one held here: this node will leave its branch for the one named",
                place.seq,
                short(&line.key)
            ));
        }
    }
    warnings
}

/// Takes in the opening of a log that begins. It may be held already.
async fn begin(core: &Core, opening: VerifiedRun) -> Result<(), ApiError> {
    let log = opening.log();
    let admitted = core.admit(opening).await?;
    if admitted.fork {
        return Err(refused(format!("the log {} contradicts what this node holds of it", short(&log))));
    }
    Ok(())
}
