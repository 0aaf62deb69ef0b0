//! Candidates that were asked for and not told yet.
//!
//! A ring of places indexed by id: constant time, and memory is used again. With results told in any order a place may still be taken when its turn
//! comes round; then there is no room, and asking waits.

use serde::{Deserialize, Serialize};

use super::Origin;

/// The ring.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Outstanding<G> {
    places: Vec<Place<G>>,
    next_id: u64,
}

/// A place of the ring: the last candidate that had it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Place<G> {
    pub(crate) id: u64,
    /// What it is called as a parent: its id, unless it was given another name.
    pub(crate) name: u64,
    pub(crate) open: bool,
    pub(crate) genome: G,
    pub(crate) origin: Origin,
}

impl<G: Clone> Outstanding<G> {
    pub(crate) fn new(places: usize, blank: &G) -> Self {
        let place = Place { id: 0, name: 0, open: false, genome: blank.clone(), origin: Origin::default() };
        Outstanding { places: vec![place; places.max(1)], next_id: 0 }
    }

    /// Id of the next candidate.
    pub(crate) fn next_id(&self) -> u64 {
        self.next_id
    }

    /// Whether another candidate can be handed out.
    pub(crate) fn has_room(&self) -> bool {
        !self.places[(self.next_id % self.places.len() as u64) as usize].open
    }

    /// Opens the next place; its genome is an old one to write over.
    pub(crate) fn open(&mut self) -> &mut Place<G> {
        let slot = (self.next_id % self.places.len() as u64) as usize;
        let place = &mut self.places[slot];
        assert!(!place.open, "candidate {} is still waited for", place.id);
        place.id = self.next_id;
        place.name = self.next_id;
        place.open = true;
        place.origin = Origin::default();
        self.next_id += 1;
        place
    }

    /// Makes the ring larger or smaller; only while nothing is waited for.
    pub(crate) fn resize(&mut self, places: usize, blank: &G) {
        assert!(self.places.iter().all(|place| !place.open), "the ring is in use");
        let place = Place { id: 0, name: 0, open: false, genome: blank.clone(), origin: Origin::default() };
        self.places.resize(places.max(1), place);
    }

    /// The place of a candidate that was just handed out.
    pub(crate) fn at(&self, id: u64) -> &Place<G> {
        &self.places[(id % self.places.len() as u64) as usize]
    }

    /// Gives another name to a candidate that is out.
    pub(crate) fn known_as(&mut self, id: u64, name: u64) {
        let slot = (id % self.places.len() as u64) as usize;
        let place = &mut self.places[slot];
        assert!(place.open && place.id == id, "candidate {id} is not out");
        place.name = name;
    }

    /// Stops waiting; results of what was handed out so far are no longer wanted.
    pub(crate) fn forget(&mut self) {
        self.places.iter_mut().for_each(|place| place.open = false);
    }

    /// Closes the place of a candidate that is told.
    pub(crate) fn close(&mut self, id: u64) -> &mut Place<G> {
        let slot = (id % self.places.len() as u64) as usize;
        let place = &mut self.places[slot];
        assert!(place.open && place.id == id, "candidate {id} was not asked for, or was told already");
        place.open = false;
        place
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_late_result_blocks_its_place_and_no_other() {
        let mut ring = Outstanding::new(2, &0);
        assert_eq!((ring.open().id, ring.open().id), (0, 1));
        assert!(!ring.has_room());
        ring.close(1);
        assert!(!ring.has_room(), "candidate 0 has the place of candidate 2");
        ring.close(0);
        assert_eq!(ring.open().id, 2);
    }

    #[test]
    #[should_panic(expected = "was not asked for")]
    fn a_result_told_twice_is_a_bug_of_the_caller() {
        let mut ring = Outstanding::new(2, &0);
        let id = ring.open().id;
        ring.close(id);
        ring.close(id);
    }
}
