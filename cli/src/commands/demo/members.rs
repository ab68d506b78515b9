//! Who takes part: the five of the usual picture first, then the other States that have something to publish, then States
//! that have nothing, by name.

use nanduti_protocol::vocabulary::{self, Vocabulary};

use super::practices::Practice;

/// The first five, from five regions.
const FIRST: [&str; 5] = ["PRY", "MAR", "PRT", "KEN", "WSM"];

/// A member of the demonstration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Member {
    /// ISO 3166-1 alpha-3 code of the State.
    pub(super) id: String,
    /// What the charter calls it.
    pub(super) name: String,
}

/// The first `count` members.
pub(super) fn first(count: usize, practices: &[Practice]) -> Vec<Member> {
    let mut rest: Vec<&vocabulary::Term> = vocabulary::terms(Vocabulary::State).iter().collect();
    rest.sort_by_key(|term| term.label);
    let publishing = practices.iter().map(|practice| practice.member.as_str());
    let mut ids: Vec<&str> = Vec::new();
    for id in FIRST.into_iter().chain(publishing).chain(rest.into_iter().map(|term| term.code)) {
        if !ids.contains(&id) {
            ids.push(id);
        }
    }
    ids.into_iter().take(count).map(member).collect()
}

fn member(id: &str) -> Member {
    let state = vocabulary::lookup(Vocabulary::State, id).map_or(id, |term| term.label);
    Member { id: id.to_owned(), name: format!("{state} (demonstration)") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::demo::practices;

    #[test]
    fn those_with_something_to_say_come_first() {
        let practices = practices::all();
        let ids = |count| first(count, &practices).into_iter().map(|member| member.id).collect::<Vec<_>>();
        assert_eq!(ids(5), FIRST);
        assert_eq!(ids(2), ["PRY", "MAR"]);
        let all = ids(50);
        assert_eq!(all.len(), 50);
        assert_eq!(&all[5..8], ["DOM", "HND", "URY"]);
        assert_eq!(&all[17..20], ["UZB", "AFG", "ALB"]);
        assert!(practices.iter().all(|practice| all[..18].contains(&practice.member)));
    }

    #[test]
    fn names_are_those_of_the_united_nations() {
        assert_eq!(member("WSM").name, "Samoa (demonstration)");
    }
}
