//! Tickets for things of which only so many may be held: each is given back once, and giving it back again is noticed.
//!
//! A machine must be cloneable, so a ticket is a plain value (place and generation) and not a guard that gives itself back. A ticket that
//! comes back a second time, or that another office gave out, fits no generation that is held and changes nothing.

/// The office that gives out tickets.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tickets {
    /// Generation of each place: odd while its ticket is out.
    places: Vec<u32>,
    free: Vec<u32>,
}

/// Leave to do something, to be given back when it is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ticket {
    place: u32,
    generation: u32,
}

impl Tickets {
    /// One more ticket.
    pub(crate) fn issue(&mut self) -> Ticket {
        let place = self.free.pop().unwrap_or_else(|| {
            self.places.push(0);
            self.places.len() as u32 - 1
        });
        let generation = &mut self.places[place as usize];
        *generation = generation.wrapping_add(1);
        Ticket { place, generation: *generation }
    }

    /// Takes a ticket back; false if it is not out.
    pub(crate) fn redeem(&mut self, ticket: Ticket) -> bool {
        let Some(generation) = self.places.get_mut(ticket.place as usize) else { return false };
        let held = *generation == ticket.generation && *generation % 2 == 1;
        if held {
            *generation = generation.wrapping_add(1);
            self.free.push(ticket.place);
        }
        held
    }

    /// Number of tickets that are out.
    pub(crate) fn held(&self) -> u32 {
        (self.places.len() - self.free.len()) as u32
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn as_many_are_out_as_were_given_and_not_yet_returned(steps in prop::collection::vec((any::<bool>(), 0usize..64), 1..300)) {
            let (mut tickets, mut given, mut out) = (Tickets::default(), Vec::new(), Vec::new());
            for (issue, which) in steps {
                if issue || given.is_empty() {
                    let ticket = tickets.issue();
                    prop_assert!(!out.contains(&ticket));
                    given.push(ticket);
                    out.push(ticket);
                } else {
                    // Any ticket ever given, so most of them come back twice.
                    let ticket = given[which % given.len()];
                    let was_out = out.contains(&ticket);
                    prop_assert_eq!(tickets.redeem(ticket), was_out);
                    out.retain(|held| *held != ticket);
                }
                prop_assert_eq!(tickets.held() as usize, out.len());
            }
        }
    }
}
