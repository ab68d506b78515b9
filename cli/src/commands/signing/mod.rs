//! From something that is to be signed to something that is taken in: one way for every act of a root or governance key.
//!
//! The node makes the request; it is shown in plain words, agreed to, signed by the file of the key, and handed in. Or it is written into
//! a file, which `nanduti sign` signs elsewhere, and `nanduti submit` hands in.

mod text;

use std::path::{Path, PathBuf};

use nanduti_node::{
    api::{ApiError, ErrorKind, PreparedReply, RequestAct, RequestView, Submit, SubmitReply},
    keys::{KeyStore, Passphrase},
    offline::{KeyFile, Request, SignedAt},
};
use serde::{Deserialize, Serialize};
pub(super) use text::{around_text, effects_text, request_text, said_text};
use text::{handed_out_text, prepared_text, submitted_text};

use super::ballot;
use crate::{
    context::{Context, Session},
    outcome::{self, Outcome, Stop},
    terminal::{Consent, PassphraseSource, Purpose, View, sanitise, table::Pairs},
};

/// Where the root key lies, and what opens it.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct RootKey {
    /// The file of the root key [default: keys/root.pem in the home]
    #[arg(long, value_name = "FILE")]
    root_key: Option<PathBuf>,
    #[command(flatten)]
    passphrase: PassphraseSource,
}

impl RootKey {
    /// The file that was named.
    pub(super) fn file(&self) -> Option<&Path> {
        self.root_key.as_deref()
    }

    /// What opens it.
    pub(super) fn passphrase(&self, purpose: Purpose) -> Result<Passphrase, ApiError> {
        self.passphrase.read(purpose)
    }
}

/// How something is signed with the root key.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct RootSigning {
    /// Show what would follow; change nothing
    #[arg(long, conflicts_with_all = ["prepare", "yes"])]
    dry_run: bool,
    #[command(flatten)]
    consent: Consent,
    /// Write what is to be signed into FILE, for `nanduti sign` elsewhere
    #[arg(long, value_name = "FILE", conflicts_with = "root_key")]
    prepare: Option<PathBuf>,
    #[command(flatten)]
    key: RootKey,
}

/// How a keyring is signed, which takes a place in the root log.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct KeyringSigning {
    #[command(flatten)]
    pub(super) root: RootSigning,
    /// After a restore: go on although other members have not said yet where the root log stands
    #[arg(long)]
    pub(super) unheard: bool,
}

/// How something is signed that a governance key may sign, too.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct VoteSigning {
    #[command(flatten)]
    root: RootSigning,
    /// The file of the governance key, which may sign admissions and changes of name or role [default: keys/governance.pem in the home]
    #[arg(long, value_name = "FILE", conflicts_with_all = ["root_key", "prepare"])]
    governance_key: Option<PathBuf>,
}

/// A request in a file.
#[derive(Debug, Serialize, Deserialize)]
struct Prepared {
    /// The file.
    path: String,
    #[serde(flatten)]
    reply: PreparedReply,
}

impl RootSigning {
    /// Shows what was prepared, asks, signs and hands in; or only shows it, or only writes it into a file.
    pub(super) async fn run(
        &self,
        (context, session): (&Context, &Session<'_>),
        prepared: PreparedReply,
        unheard: bool,
    ) -> Result<Option<SubmitReply>, Stop> {
        let key = |request: &RequestView| {
            let file = root_file(context, self.key.file())
                .map_err(|error| if request.act == RequestAct::Vote { needs_root(error) } else { error })?;
            Ok((file, Purpose::UseKey))
        };
        self.run_with((context, session), prepared, unheard, key).await
    }

    async fn run_with(
        &self,
        (context, session): (&Context, &Session<'_>),
        prepared: PreparedReply,
        unheard: bool,
        key: impl FnOnce(&RequestView) -> Result<(PathBuf, Purpose), ApiError>,
    ) -> Result<Option<SubmitReply>, Stop> {
        let terminal = context.terminal();
        for warning in &prepared.warnings {
            terminal.warning(&sanitise::line(warning));
        }
        if self.dry_run {
            terminal.reply(&prepared, prepared_text)?;
            terminal.hint("nothing was signed; without --dry-run it is asked for and done");
            return Ok(None);
        }
        let request = decode(&prepared.file)?;
        if let Some(path) = &self.prepare {
            hand_out(context, prepared, &request, path)?;
            return Ok(None);
        }
        let (file, purpose) = key(&prepared.request)?;
        if !self.consent.is_given() {
            let clean = sanitise::reply(&prepared).unwrap_or_else(|_| prepared.clone());
            let question = format!("Sign this with the {}?", purpose.key());
            self.consent.ask(terminal, &[prepared_text(&clean, terminal.view())], &question)?;
        }
        let passphrase = self.key.passphrase(purpose)?;
        let signed = {
            let _progress = terminal.progress(&format!("signing with the {}", purpose.key()));
            tokio::task::block_in_place(|| KeyFile::open(&file, &passphrase)?.sign(&request, SignedAt::Here))?
        };
        let stops = prepared.effects.iter().map(|effect| effect.stops).sum();
        let call = Submit { file: encode(&signed), check: false, stops: Some(stops), unheard };
        Ok(Some(session.call("taking it in", call).await?))
    }
}

impl VoteSigning {
    /// The same with whichever key may sign: the one that was named, else a governance key in the home if it may, else the root key.
    pub(super) async fn run(
        &self,
        at: (&Context, &Session<'_>),
        prepared: PreparedReply,
    ) -> Result<Option<SubmitReply>, Stop> {
        let context = at.0;
        let key = |request: &RequestView| {
            if let Some(named) = &self.governance_key {
                may_speak(request)?;
                return Ok((named.clone(), Purpose::UseGovernanceKey));
            }
            let here = KeyStore::of(&context.home()?).governance_file();
            if self.root.key.file().is_none() && request.governance_fingerprint.is_some() && here.exists() {
                return Ok((here, Purpose::UseGovernanceKey));
            }
            let file = root_file(context, self.root.key.file()).map_err(needs_root)?;
            Ok((file, Purpose::UseKey))
        };
        self.root.run_with(at, prepared, false, key).await
    }
}

/// May a governance key sign this?
fn may_speak(request: &RequestView) -> Result<(), ApiError> {
    if !request.ordinary {
        return Err(ApiError::new(ErrorKind::Refused, "a governance key cannot speak of this proposal").hint(
            "it speaks of admissions and of changes of name or role; suspensions, keys, quorum, bounds, rules and branches need the root key",
        ));
    }
    if request.governance_fingerprint.is_none() {
        return Err(ApiError::new(
            ErrorKind::Refused,
            format!("the list of members has no governance key of {}", request.member),
        )
        .hint("`nanduti ballot propose --governance MEMBER=KEY` puts it there, with root keys"));
    }
    Ok(())
}

fn needs_root(error: ApiError) -> ApiError {
    error.because_text("this needs the root key: a governance key speaks of admissions and of changes of name or role, and only if it is listed")
}

/// The file of the root key: the one named, or the one in the home.
pub(super) fn root_file(context: &Context, named: Option<&Path>) -> Result<PathBuf, ApiError> {
    if let Some(named) = named {
        return Ok(named.to_path_buf());
    }
    let here = KeyStore::of(&context.home()?).root_file();
    if here.exists() {
        return Ok(here);
    }
    Err(ApiError::new(ErrorKind::NotFound, format!("there is no root key at {}", here.display())).hint(
        "--root-key FILE names it; where it is kept off this machine, `--prepare FILE` writes what it is to sign, and \
         `nanduti sign FILE` signs that there",
    ))
}

fn hand_out(context: &Context, reply: PreparedReply, request: &Request, path: &Path) -> Result<(), Stop> {
    request.write(path)?;
    let vote = reply.request.act == RequestAct::Vote;
    let terminal = context.terminal();
    let prepared = Prepared { path: path.display().to_string(), reply };
    terminal.reply(&prepared, |prepared, view| {
        let mut pairs = Pairs::new();
        pairs.add("request", sanitise::line(&prepared.path));
        format!("{}\n{}", handed_out_text(&prepared.reply, view), pairs.render())
    })?;
    carry(context);
    if !vote {
        terminal.hint("until then make no other change with this root key: a root log has one entry at each place");
    }
    Ok(())
}

fn carry(context: &Context) {
    context.terminal().hint("carry it to where the key is, sign it there with `nanduti sign FILE`, and hand it in here with `nanduti submit FILE`");
}

/// Writes what begins a root log into a file, to be signed elsewhere.
pub(super) fn hand_out_beginning(context: &Context, request: &Request, path: &Path) -> Outcome {
    let view = request.view().map_err(|error| unfit(&error))?;
    request.write(path)?;
    let prepared = Beginning { path: path.display().to_string(), request: view };
    context.terminal().reply(&prepared, |prepared, view: View| {
        let mut pairs = Pairs::new();
        pairs.add("request", sanitise::line(&prepared.path));
        format!("{}\n{}", request_text(&prepared.request, view), pairs.render())
    })?;
    carry(context);
    Ok(outcome::DONE)
}

/// What begins a root log, in a file.
#[derive(Debug, Serialize, Deserialize)]
struct Beginning {
    path: String,
    request: RequestView,
}

/// A request that nobody should sign.
pub(super) fn unfit(error: &nanduti_node::offline::RequestError) -> ApiError {
    ApiError::new(ErrorKind::Refused, "the request does not hold: it should not be signed").because(error)
}

/// What was taken in, and what comes next.
pub(super) fn finish(context: &Context, reply: &SubmitReply) -> Outcome {
    let terminal = context.terminal();
    match &reply.ballots {
        Some(ballots) => {
            terminal.reply(ballots, |ballots, _: View| ballot::text(ballots, false))?;
            for you in &ballots.you {
                terminal.hint(&format!("`{you}`"));
            }
        }
        None => terminal.reply(reply, submitted_text)?,
    }
    terminal.hint("a running node announces it; without one, `nanduti sync` carries it to the peers");
    Ok(outcome::DONE)
}

/// The request in the base64 of a reply.
fn decode(file: &str) -> Result<Request, ApiError> {
    let wrong = || ApiError::new(ErrorKind::Failed, "the node prepared something that cannot be read");
    let bytes = data_encoding::BASE64.decode(file.as_bytes()).map_err(|error| wrong().because(&error))?;
    Request::decode(&bytes).map_err(|error| wrong().because(&error))
}

/// A request in base64, for a call.
pub(super) fn encode(request: &Request) -> String {
    data_encoding::BASE64.encode(&request.encode())
}
