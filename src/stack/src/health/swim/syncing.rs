//! Comparing tables with a random member: what gossip has missed, at a bounded cost.
//!
//! memberlist exchanges whole tables over TCP. Here a message holds a part that fits one datagram, and the next comparison goes
//! on where this one ended, so the cost of a comparison does not grow with the cluster; a table of 1,000 members takes about 19
//! of them. Only at the start a member asks for everything at once.

use hms_machine::NodeId;

use super::message::{SwimMessage, UPDATES_MAX, Update, Want};
use super::protocol::{Swim, Turn};
use super::rotation::pick;

impl Swim {
    /// Compares a part of the table with a random member, the confirmed included.
    pub(super) fn sync(&mut self, want: Want, turn: &mut Turn<'_>) {
        let own = self.group.id;
        if let Some(partner) = pick(turn.draw, self.group.nodes, 1, |node| node != own).first().copied() {
            let (updates, next) = self.part(partner, self.sync_from);
            self.sync_from = next;
            turn.send(partner, SwimMessage::Sync { updates, want });
        }
    }

    /// Gives what a partner wants.
    pub(super) fn answer(&mut self, to: NodeId, want: Want, turn: &mut Turn<'_>) {
        match want {
            Want::Nothing => {}
            Want::Part => {
                let (updates, next) = self.part(to, self.sync_from);
                self.sync_from = next;
                turn.send(to, SwimMessage::Sync { updates, want: Want::Nothing });
            }
            Want::Everything => {
                let mut from = 0;
                loop {
                    let (updates, next) = self.part(to, from);
                    turn.send(to, SwimMessage::Sync { updates, want: Want::Nothing });
                    if next <= from {
                        break;
                    }
                    from = next;
                }
            }
        }
    }

    /// Claims for `to` that fit a message: of this member itself, against the receiver, and of the table from `from` on. Also
    /// where the next part begins: 0 after the last.
    fn part(&self, to: NodeId, from: u32) -> (Vec<Update>, u32) {
        let mut updates: Vec<Update> = self.own().into_iter().chain(self.accusation_of(to)).collect();
        let mut left = UPDATES_MAX - updates.iter().map(|update| update.bytes()).sum::<u64>();
        for (position, member) in (from..self.group.nodes).zip(&self.members[from as usize..]) {
            let Some(update) = member.update(NodeId(position)).filter(|update| update.node != to) else { continue };
            let Some(rest) = left.checked_sub(update.bytes()) else {
                return (updates, position);
            };
            left = rest;
            updates.push(update);
        }
        (updates, 0)
    }
}
