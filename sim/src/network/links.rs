//! State of the links that need one: a sparse table of ordered pairs of nodes.
//!
//! Picture a ledger in which a link gets a line when it is first used. The lines stand in order of first use; an open-addressing index (linear
//! probing, at most half full) finds them. A line takes 48 bytes and 8 to 16 bytes of the index, so a cluster of 10,000
//! nodes that each talk to 10 others needs about 6 MB, and nothing is set aside for pairs that never talk.

use hms_machine::{Instant, NodeId};

use super::draws::link_number;

/// What one direction of one pair of nodes remembers.
#[derive(Clone, Debug, Default)]
pub(super) struct Link {
    number: u64,
    /// Messages without a key of their own that were sent so far.
    pub(super) unkeyed: u64,
    /// When the sender's side has put its last message on the wire.
    pub(super) busy_until: Instant,
    /// Bytes per second at which the last message goes onto the wire.
    pub(super) rate: u64,
    /// When the last message that a clog held back is let go.
    pub(super) release: Instant,
    /// Whether the loss chain is in its bad state.
    pub(super) bad: bool,
}

/// The links in use.
#[derive(Clone, Debug)]
pub(super) struct Links {
    /// Position in `lines` plus one; 0: free. The length is a power of two.
    slots: Vec<u32>,
    lines: Vec<Link>,
}

const SLOTS_MIN: usize = 64;

impl Links {
    pub(super) fn new() -> Self {
        Links { slots: vec![0; SLOTS_MIN], lines: Vec::new() }
    }

    /// The line of a link, made if it is new.
    #[inline]
    pub(super) fn line(&mut self, from: NodeId, to: NodeId) -> &mut Link {
        let number = link_number(from, to);
        let mask = self.slots.len() - 1;
        let mut slot = home(number, self.slots.len());
        loop {
            match self.slots[slot] {
                0 => return self.insert(number, slot),
                line if self.lines[line as usize - 1].number == number => return &mut self.lines[line as usize - 1],
                _ => slot = (slot + 1) & mask,
            }
        }
    }

    /// Number of links that were ever used.
    pub(super) fn len(&self) -> usize {
        self.lines.len()
    }

    #[cold]
    fn insert(&mut self, number: u64, slot: usize) -> &mut Link {
        let line = self.lines.len();
        self.lines.push(Link { number, ..Link::default() });
        self.slots[slot] = u32::try_from(self.lines.len()).expect("more than 2^32 links");
        if self.lines.len() * 2 > self.slots.len() {
            self.grow();
        }
        &mut self.lines[line]
    }

    fn grow(&mut self) {
        let size = self.slots.len() * 2;
        let mut slots = vec![0; size];
        for (line, link) in self.lines.iter().enumerate() {
            let mut slot = home(link.number, size);
            while slots[slot] != 0 {
                slot = (slot + 1) & (size - 1);
            }
            slots[slot] = line as u32 + 1;
        }
        self.slots = slots;
    }
}

/// Multiplicative hashing (Knuth, TAOCP 3, §6.4): the golden ratio spreads neighbouring numbers over the high bits.
fn home(number: u64, slots: usize) -> usize {
    (number.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> (64 - slots.trailing_zeros())) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_keeps_its_state_while_the_table_grows() {
        let mut links = Links::new();
        for from in 0..100 {
            for to in 0..100 {
                links.line(NodeId(from), NodeId(to)).unkeyed = u64::from(from * 100 + to);
            }
        }
        assert_eq!(links.len(), 10_000);
        for from in 0..100 {
            for to in 0..100 {
                assert_eq!(links.line(NodeId(from), NodeId(to)).unkeyed, u64::from(from * 100 + to));
            }
        }
        assert_eq!(links.len(), 10_000);
    }

    #[test]
    fn a_link_costs_at_most_64_bytes() {
        let mut links = Links::new();
        for node in 0..4096 {
            links.line(NodeId(node), NodeId(0));
        }
        let bytes = links.lines.len() * size_of::<Link>() + links.slots.len() * size_of::<u32>();
        assert!(bytes <= 64 * links.len(), "{bytes}");
    }
}
