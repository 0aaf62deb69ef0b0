//! What is believed of one member, and which claims change it.
//!
//! Claims about a member are ordered: by incarnation, and within one by standing (alive < suspected < confirmed). A belief is the
//! greatest claim heard, so it does not matter in which order or how often claims arrive. SWIM §4.2, with two additions of
//! memberlist: a confirmed member may come back with a later incarnation, and a claim of an earlier incarnation confirms nothing.
//! Facts follow the latest incarnation in which the member spoke for itself.
//!
//! Everybody holds a belief about everybody, so what is rare stands apart: a member that is taken as alive costs 32 bytes.

use hms_machine::{Instant, NodeId};

use super::message::{Claim, Facts, Standing, Update};

/// A belief about a member.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Member {
    pub(super) incarnation: u64,
    facts: Facts,
    /// `None`: it is alive, and its facts are those of its incarnation.
    accusation: Option<Box<Accusation>>,
}

/// What is held against a member.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Accusation {
    claim: Claim,
    /// Since when it stands as it stands.
    since: Instant,
    /// The incarnation in which the facts were told.
    facts_of: u64,
}

/// What a claim did to a belief.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Merged {
    /// Nothing: older than what is known, or the same.
    Nothing,
    /// Another accuser of a member that is suspected already.
    Accused,
    /// The claim is the belief now.
    Believed {
        /// What the member stood as before.
        before: Standing,
    },
}

impl Member {
    /// A member of which nothing was heard: taken as alive, by a claim that every other overrides.
    pub(super) fn unheard() -> Self {
        Member { incarnation: 0, facts: Facts::default(), accusation: None }
    }

    /// What is claimed of it.
    pub(super) fn claim(&self) -> Claim {
        self.accusation.as_ref().map_or(Claim::Alive(self.facts), |accusation| accusation.claim)
    }

    pub(super) fn standing(&self) -> Standing {
        self.accusation.as_ref().map_or(Standing::Alive, |accusation| accusation.claim.standing())
    }

    /// Since when it is confirmed; `None` if it is not.
    pub(super) fn confirmed_since(&self) -> Option<Instant> {
        let accusation = self.accusation.as_ref().filter(|accusation| accusation.claim.standing() == Standing::Confirmed);
        accusation.map(|accusation| accusation.since)
    }

    pub(super) fn facts(&self) -> Facts {
        self.facts
    }

    /// The belief as a claim to pass on; `None` if there is nothing to tell.
    pub(super) fn update(&self, node: NodeId) -> Option<Update> {
        (self.incarnation > 0).then_some(Update { node, incarnation: self.incarnation, claim: self.claim() })
    }

    /// Takes up a claim; also whether the facts are new.
    pub(super) fn merge(&mut self, incarnation: u64, claim: Claim, now: Instant) -> (Merged, bool) {
        let mut fresh = false;
        let mut facts_of = self.accusation.as_ref().map_or(self.incarnation, |accusation| accusation.facts_of);
        if let Claim::Alive(facts) = claim
            && incarnation > facts_of
        {
            fresh = facts != self.facts;
            (self.facts, facts_of) = (facts, incarnation);
            if let Some(accusation) = &mut self.accusation {
                accusation.facts_of = facts_of;
            }
        }
        let before = self.standing();
        let merged = if (incarnation, claim.standing()) > (self.incarnation, before) {
            let stood =
                self.accusation.as_ref().filter(|_| claim.standing() == before).map_or(now, |accusation| accusation.since);
            self.incarnation = incarnation;
            self.accusation = match claim {
                Claim::Alive(_) => None,
                Claim::Suspected { .. } | Claim::Confirmed { .. } => Some(Box::new(Accusation { claim, since: stood, facts_of })),
            };
            Merged::Believed { before }
        } else if incarnation == self.incarnation && claim.standing() == Standing::Suspected && before == Standing::Suspected {
            Merged::Accused
        } else {
            Merged::Nothing
        };
        (merged, fresh)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn claim(standing: u8) -> Claim {
        match standing {
            0 => Claim::Alive(Facts { version: 1, ready: 1 }),
            1 => Claim::Suspected { by: NodeId(9) },
            _ => Claim::Confirmed { by: NodeId(9) },
        }
    }

    fn after(claims: &[(u64, u8)]) -> Member {
        let mut member = Member::unheard();
        for (incarnation, standing) in claims {
            let claim = match claim(*standing) {
                Claim::Alive(_) => Claim::Alive(Facts { version: *incarnation as u32, ready: 0 }),
                accused => accused,
            };
            member.merge(*incarnation, claim, Instant::ZERO);
        }
        member
    }

    #[test]
    fn every_belief_meets_every_claim() {
        let mut table = String::new();
        for belief in 0..3 {
            for (age, incarnation) in [("older", 4), ("same", 5), ("newer", 6)] {
                for said in 0..3 {
                    let mut member = Member::unheard();
                    member.merge(5, claim(belief), Instant::ZERO);
                    let before = member.standing();
                    let (merged, facts) = member.merge(incarnation, claim(said), Instant::ZERO);
                    let (said, now) = (claim(said).standing(), member.standing());
                    let facts = if facts { ", facts" } else { "" };
                    table += &format!("{before:?} hears {age} {said:?}: {now:?} {} ({merged:?}{facts})\n", member.incarnation);
                }
            }
        }
        insta::assert_snapshot!(table);
    }

    proptest! {
        #[test]
        fn beliefs_do_not_depend_on_the_order_or_number_of_claims(
            claims in prop::collection::vec((1u64..5, 0u8..3), 1..12), picks in prop::collection::vec(any::<prop::sample::Index>(), 0..12),
        ) {
            let straight = after(&claims);
            let mut backwards = claims.clone();
            backwards.reverse();
            prop_assert_eq!(&after(&backwards), &straight);
            let mut repeated = claims.clone();
            repeated.extend(picks.iter().map(|pick| *pick.get(&claims)));
            prop_assert_eq!(&after(&repeated), &straight);
        }

        #[test]
        fn the_incarnation_never_falls_and_a_refutation_wins(claims in prop::collection::vec((1u64..9, 0u8..3), 1..12)) {
            let mut member = after(&claims);
            let before = member.incarnation;
            prop_assert_eq!(before, claims.iter().map(|(incarnation, _)| *incarnation).max().unwrap());
            member.merge(before + 1, claim(0), Instant::ZERO);
            prop_assert_eq!((member.incarnation, member.standing()), (before + 1, Standing::Alive));
        }
    }
}
