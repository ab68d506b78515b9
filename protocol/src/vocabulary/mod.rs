//! The code lists: what a code means, which codes there are, and which one was probably meant.
//!
//! A code means the same in every language, so a record holds codes and a page shows labels. The lists come from `data/` and
//! are compiled in. A code that is not in them is not wrong by itself: a newer version of the lists may know it. So only
//! authoring refuses unknown codes, reading never does.
//!
//! Absent on purpose: labels in other languages (they belong to the interface) and any loading at run time.

mod language;
mod suggest;

pub use language::{canonical_language, is_language};

include!(concat!(env!("OUT_DIR"), "/vocabularies.rs"));

/// One code of a vocabulary.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Term {
    /// The code, as records hold it.
    pub code: &'static str,
    /// English label.
    pub label: &'static str,
    /// What the list groups it under: a State's regional group, a target's goal, a mechanism's kind.
    pub group: Option<&'static str>,
    /// The code that took its place, if it has fallen out of use.
    pub replaced_by: Option<&'static str>,
}

macro_rules! vocabularies {
    ($($(#[$doc:meta])* $variant:ident = $name:literal,)*) => {
        /// A list of codes.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Vocabulary { $($(#[$doc])* $variant,)* }

        impl Vocabulary {
            /// Every vocabulary.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// Its name, such as `evidence_kind`.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }
        }
    };
}

vocabularies! {
    /// How a mechanism is set up.
    MechanismType = "mechanism_type",
    /// How a mechanism stands.
    MechanismStatus = "mechanism_status",
    /// The four capacities of OHCHR's guide.
    Capacity = "capacity",
    /// The strands of the Network's work.
    Strand = "strand",
    /// What sort of practice.
    PracticeKind = "practice_kind",
    /// Promising or good.
    Maturity = "maturity",
    /// How far it has come.
    ImplementationPhase = "implementation_phase",
    /// What sort of evidence.
    EvidenceKind = "evidence_kind",
    /// OHCHR's criteria of a good practice.
    Criterion = "criterion",
    /// Offer or request.
    CooperationKind = "cooperation_kind",
    /// What form cooperation takes.
    CooperationForm = "cooperation_form",
    /// Between whom.
    CooperationModality = "cooperation_modality",
    /// How an offer or request stands.
    CooperationStatus = "cooperation_status",
    /// How far an adoption has come.
    AdoptionStage = "adoption_stage",
    /// By whom a translation was made.
    TranslationStatus = "translation_status",
    /// What sort of comment.
    CommentKind = "comment_kind",
    /// Why a record is withdrawn.
    WithdrawReason = "withdraw_reason",
    /// What sort of organization.
    PartyKind = "party_kind",
    /// Who does what before a signature.
    SignRole = "sign_role",
    /// Licences of records and attachments.
    Licence = "licence",
    /// How a practice relates to another.
    Relation = "relation",
    /// Regional groups of the United Nations.
    RegionalGroup = "regional_group",
    /// States, by ISO 3166-1 alpha-3; grouped by regional group.
    State = "iso3",
    /// Treaty bodies, special procedures, the UPR, regional mechanisms.
    Mechanisms = "mechanisms",
    /// Cycles of the Universal Periodic Review.
    UprCycles = "upr_cycles",
    /// Themes of the Universal Human Rights Index.
    Themes = "uhri_themes",
    /// Affected persons of the Universal Human Rights Index.
    AffectedPersons = "uhri_affected_persons",
    /// Goals and targets of the 2030 Agenda.
    Sdg = "sdg",
    /// Languages that pickers offer; grouped by direction of writing.
    Languages = "languages",
}

impl Vocabulary {
    /// The vocabulary with this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|vocabulary| vocabulary.name() == name)
    }
}

/// The terms of a vocabulary, in the order of its list.
pub fn terms(vocabulary: Vocabulary) -> &'static [Term] {
    TABLES.iter().find(|(name, _)| *name == vocabulary.name()).map_or(&[], |(_, terms)| *terms)
}

/// What a code means. `None` for a code that this version of the lists does not have.
pub fn lookup(vocabulary: Vocabulary, code: &str) -> Option<&'static Term> {
    terms(vocabulary).iter().find(|term| term.code == code)
}

/// The code that was probably meant, by code or by label.
pub fn suggest(vocabulary: Vocabulary, typo: &str) -> Option<&'static str> {
    let terms = terms(vocabulary);
    let names = terms.iter().flat_map(|term| {
        let bare = term.code.split_once(':').map_or(term.code, |(_, bare)| bare);
        [(term.code, term.code), (bare, term.code), (term.label, term.code)]
    });
    suggest::closest(typo, names)
}

/// The name that was probably meant, of a list of names.
pub fn suggest_name<'a>(names: impl Iterator<Item = &'a str>, typo: &str) -> Option<&'a str> {
    suggest::closest(typo, names.map(|name| (name, name)))
}

/// Does this look like the code of a subdivision in ISO 3166-2, such as `PY-ASU`?
///
/// Only the shape is checked: the list of subdivisions changes often and is not free. Whatever else stands in a place is
/// free text.
pub fn is_iso_3166_2(text: &str) -> bool {
    text.split_once('-').is_some_and(|(country, part)| {
        country.len() == 2
            && country.bytes().all(|byte| byte.is_ascii_uppercase())
            && (1..=3).contains(&part.len())
            && part.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_vocabulary_has_terms_and_every_list_a_vocabulary() {
        for vocabulary in Vocabulary::ALL {
            assert!(!terms(*vocabulary).is_empty(), "{}", vocabulary.name());
            assert_eq!(Vocabulary::named(vocabulary.name()), Some(*vocabulary));
        }
        for (name, _) in TABLES {
            assert!(Vocabulary::named(name).is_some(), "{name}");
        }
    }

    #[test]
    fn the_lists_are_whole() {
        assert_eq!(terms(Vocabulary::Capacity).len(), 4);
        assert_eq!(terms(Vocabulary::Sdg).len(), 17 + 169);
        assert_eq!(terms(Vocabulary::State).len(), 193 + 2 + 2);
        assert_eq!(
            lookup(Vocabulary::State, "PRY").map(|term| (term.label, term.group)),
            Some(("Paraguay", Some("GRULAC")))
        );
        assert_eq!(
            lookup(Vocabulary::Mechanisms, "sp:slavery").and_then(|term| term.replaced_by),
            Some("sp:slavery-trafficking")
        );
    }

    #[test]
    fn what_was_meant_is_suggested() {
        assert_eq!(suggest(Vocabulary::Strand, "parlament"), Some("parliament"));
        assert_eq!(suggest(Vocabulary::Mechanisms, "cedaw"), Some("CEDAW"));
        assert_eq!(suggest(Vocabulary::Themes, "right-to-food"), Some("theme:right-to-food"));
        assert_eq!(suggest(Vocabulary::Themes, "Right to education"), Some("theme:right-to-education"));
        assert_eq!(suggest(Vocabulary::Capacity, "zzzzzzzz"), None);
        assert_eq!(suggest(Vocabulary::Capacity, ""), None);
    }

    #[test]
    fn subdivisions_have_a_shape() {
        for good in ["PY-ASU", "PT-11", "KE-1"] {
            assert!(is_iso_3166_2(good), "{good}");
        }
        for bad in ["PRY-ASU", "py-asu", "Asunción", "PY-", "PY-ABCD"] {
            assert!(!is_iso_3166_2(bad), "{bad}");
        }
    }
}
