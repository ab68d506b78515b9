//! A statement ready to be signed: the round that it is for, what follows from it, and what speaks against it.

use nanduti_protocol::{
    ballot::{
        Poll, Proposal, Statement, Succession, Tally, Voter,
        rules::{Choice, Objection, Round, Said, Step},
    },
    hash::Hash,
    key::MemberId,
};

use crate::api::{ApiError, BallotStep, ErrorKind};

/// What a member wants to say.
pub(crate) struct Draft<'a> {
    /// Who.
    pub(crate) member: &'a MemberId,
    /// In which step.
    pub(crate) step: BallotStep,
    /// Of which proposal.
    pub(crate) proposal: &'a Proposal,
    /// In which round, if that was asked for.
    pub(crate) round: Option<Round>,
}

/// A statement that may be made.
pub(crate) struct Drafted {
    /// What is to be signed.
    pub(crate) statement: Statement,
    /// What follows from it, in words.
    pub(crate) follows: Vec<String>,
}

/// Finds the proposal that an id is about.
///
/// # Errors
/// If there is none, or more than one.
pub(crate) fn find<'a>(poll: &'a Poll, id: &str) -> Result<&'a Proposal, ApiError> {
    let wanted = id.trim().to_ascii_lowercase();
    let fits = |hash: &Hash| {
        let (cid, short) = (hash.to_cid(), hash.short());
        wanted.len() >= 4 && (cid.starts_with(&wanted) || short.starts_with(&wanted) || hash.to_hex() == wanted)
    };
    let found: Vec<&Proposal> =
        poll.motions().iter().filter(|(hash, _)| fits(hash)).map(|(_, motion)| &motion.proposal).collect();
    match found.as_slice() {
        [one] => Ok(one),
        [] => Err(ApiError::new(ErrorKind::NotFound, format!("no proposal `{id}` is spoken of"))
            .hint("`nanduti ballot show` lists the proposals about the roster in force")),
        _ => Err(ApiError::new(ErrorKind::Usage, format!("several proposals begin with `{id}`"))),
    }
}

/// Drafts the statement.
///
/// # Errors
/// If the member has no vote, or the rules speak against it: all that does is said.
pub(crate) fn draft(succession: &Succession, want: &Draft<'_>) -> Result<Drafted, ApiError> {
    let poll = succession.poll();
    let voter = poll.voter(want.member).ok_or_else(|| no_vote(poll, want.member))?;
    let tally = poll.tally();
    let subject = want.proposal.hash();
    let new = Choice::try_from(tally.proposals.len()).unwrap_or(Choice::MAX);
    let choice = tally.choice(&subject).unwrap_or(new);
    let said = say(poll, tally, voter, choice, want).map_err(|objections| refuse(tally, poll, want, &objections))?;
    let statement = Statement {
        step: said.step,
        cites: said.cites,
        round: said.round,
        member: want.member.clone(),
        roster: poll.hash(),
        proposal: subject,
    };
    Ok(Drafted { follows: follows(poll, tally, &said), statement })
}

/// What the rules offer: in the round asked for, or in the first in which the proposal can still succeed.
fn say(poll: &Poll, tally: &Tally, voter: Voter, choice: Choice, want: &Draft<'_>) -> Result<Said, Vec<Objection>> {
    let count = &tally.count;
    let ask = |round| match want.step {
        BallotStep::Endorse => count.endorse(voter, round, choice),
        BallotStep::Ratify => count.ratify(voter, round, choice),
    };
    if let Some(round) = want.round {
        return ask(round);
    }
    let open = count.open_round();
    let can_succeed = |round: &Round| {
        let silent = (0..poll_size(tally)).filter(|other| !has_endorsed(tally, *round, *other)).count();
        count.endorsers(*round, choice).len() + silent >= poll.roster().quorum()
    };
    let offered = (1..=open).filter(can_succeed).find_map(|round| ask(round).ok());
    // If nothing can be said, it is about the round in which most are for it.
    let best = (1..=open).rev().max_by_key(|round| count.endorsers(*round, choice).len()).unwrap_or(open);
    offered.map_or_else(|| ask(if want.step == BallotStep::Ratify { best } else { open }), Ok)
}

fn poll_size(tally: &Tally) -> Voter {
    Voter::try_from(tally.voters.len()).unwrap_or(Voter::MAX)
}

fn has_endorsed(tally: &Tally, round: Round, voter: Voter) -> bool {
    let choices = Choice::try_from(tally.proposals.len()).unwrap_or(Choice::MAX);
    (0..choices).any(|choice| tally.count.endorsers(round, choice).contains(voter))
}

/// What follows from a statement, in words.
fn follows(poll: &Poll, tally: &Tally, said: &Said) -> Vec<String> {
    let (quorum, voters) = (poll.roster().quorum(), tally.voters.len());
    let already = |voters: &nanduti_protocol::ballot::Voters| voters.len() + usize::from(!voters.contains(said.voter));
    match said.step {
        Step::Endorse => {
            let number = already(&tally.count.endorsers(said.round, said.choice));
            let mut follows =
                vec![format!("{number} of {voters} will have endorsed it in round {}; it takes {quorum}", said.round)];
            if number >= quorum {
                follows.push("members may ratify it then".into());
            }
            follows.push("in this round you can endorse nothing else; nothing changes before a quorum ratifies".into());
            follows
        }
        Step::Ratify => {
            let number = already(&tally.count.ratifiers(said.round, said.choice));
            let first =
                format!("{number} of {voters} will have ratified it in round {}; it takes {quorum}", said.round);
            let then = if number >= quorum {
                "it comes into force at once, and nobody can take it back but by another ballot".to_owned()
            } else {
                format!(
                    "it binds you: another proposal you may endorse only after {quorum} members have endorsed that one in a round after {}",
                    said.round
                )
            };
            vec![first, then]
        }
    }
}

fn no_vote(poll: &Poll, member: &MemberId) -> ApiError {
    let why = if poll.roster().is_suspended(member) {
        format!("{member} is suspended and does not vote")
    } else if poll.roster().member(member).is_some() {
        format!("the role of {member} does not vote")
    } else {
        format!("{member} is no member of this network")
    };
    ApiError::new(ErrorKind::Refused, why)
}

fn refuse(tally: &Tally, poll: &Poll, want: &Draft<'_>, objections: &[Objection]) -> ApiError {
    let quorum = poll.roster().quorum();
    let name = |choice: &Choice| tally.proposal(*choice).map_or_else(|| "another".to_owned(), Hash::short);
    let word = |objection: &Objection| match objection {
        Objection::NotOpen => format!(
            "that round is not open: more than a third of the members have to speak in the one before; round {} is open",
            tally.count.open_round()
        ),
        Objection::SpokenLater(round) => {
            format!("you have spoken in round {round}, and nothing is said in an earlier one")
        }
        Objection::EndorsedAnother(choice) => format!("you have endorsed {} in this round", name(choice)),
        Objection::RatifiedAnother(choice) => format!("you have ratified {} in this round", name(choice)),
        Objection::Locked { choice, round } => format!(
            "you are bound by your ratification of {} in round {round}, until {quorum} members have endorsed this one in a later round",
            name(choice)
        ),
        Objection::TooMuch => "you have said as much about this list of members as is kept of one member".to_owned(),
        Objection::TooFew(1) => format!("1 member has endorsed it in this round; it takes {quorum}"),
        Objection::TooFew(number) => format!("{number} members have endorsed it in this round; it takes {quorum}"),
    };
    let what = match want.step {
        BallotStep::Endorse => "endorse",
        BallotStep::Ratify => "ratify",
    };
    let mut error = ApiError::new(ErrorKind::Refused, format!("the rules of ballots do not let you {what} this now"));
    error.causes = objections.iter().map(word).collect();
    error
        .hint("`nanduti ballot show` says where each ballot stands; to break a rule would be held against you for ever")
}
