//! Membership by random probing and gossip: SWIM (Das, Gupta and Motivala, DSN 2002) with Lifeguard (Dadgar, Phillips and Currey,
//! DSN 2018), in the manner of HashiCorp's memberlist.
//!
//! Picture a village in which everybody greets one neighbour a minute. Whoever does not greet back is asked after through three
//! others; if they get no answer either, it is said aloud that the neighbour may be gone. The neighbour hears of it and objects
//! by showing a newer face (a higher *incarnation*); without an objection in time it is gone for everybody. News rides on the
//! greetings and is whispered to a few at random in between.
//!
//! A protocol: messages and time-outs in, messages and changes of belief out, one [`Swim::deadline`]. It starts when the
//! incarnation is durable ([`Swim::start`]) and dies with its node. Randomness is handed in with each input.
//!
//! **Members** are the nodes of the cluster, known from the [`Directory`]; nobody joins or leaves. **Edges are observers**: they
//! receive and pass on gossip and compare tables like members, but they probe nobody, nobody probes them, and nobody has a belief
//! about them. So a hundred edges add no probes, and an edge learns of a failure as fast as a member does. Since members are
//! static, tables are compared with everybody, the confirmed included: that is how two sides of a partition find each other
//! again.
//!
//! **Lifeguard's parts**, each with a switch: *local health* (a member that fails to take part probes more slowly and waits
//! longer), *dynamic suspicion* (long for a lone accuser, shorter with each independent one), *buddy* (who probes a suspect tells
//! it that it is suspected), *nack* (helpers say "I am here, the target is silent", so that an unhealthy prober learns that it is
//! deaf). On top of the paper, the *pause guard* takes the time in which the process itself was stopped out of its running
//! time-outs.
//!
//! **Cost.** In a quiet cluster a member sends one ping and one ack per period and compares a part of its table now and then: at
//! the defaults 2 / 50 ms + 2 / 2 s = 41 messages per node and second at any number of nodes, of 34 bytes (headers included, and
//! 8 more in which a node tells its clock) but for the comparisons with up to 1,428: 2.0 kB/s at N = 10, 3.0 kB/s from N = 60 on. A loss of 5 % makes 9.75 % of probes ask 4
//! helpers, and a few wrong suspicions: measured 73, 71 and 72 messages at N = 10, 100 and 400. A change costs each member at
//! most `retransmit × ceil(log10(N + 1))` messages, and all gossip together at most `gossip_fanout / gossip_every` = 150 per
//! second. Watching by heartbeats costs 10 × min(monitors, N − 1) per node and second (90 at N = 10, 160 from N = 17 on, 990 at N
//! = 100 if all watch all), and leaves knowledge with the monitors.
//!
//! **Speed** at the defaults and N = 100: the first probe of a crashed member begins after 50 ms on average and 230 ms at p99
//! (each period somebody else probes it with probability 1 − 1/e), fails 50 ms later, the suspect has 600 ms to object once three
//! others agree, and gossip needs about 100 ms. Measured from a crash to the confirmation at each observer: median 736 ms and p99
//! 859 ms; at N = 10, where the few others must all agree, 688 ms and 946 ms.

mod awareness;
mod broadcasts;
mod member;
mod message;
mod presets;
mod probing;
mod protocol;
mod rotation;
mod suspicion;
mod syncing;

pub use awareness::Awareness;
pub use message::{Claim, Facts, Standing, SwimMessage, Update, Want};
pub use presets::PRESETS;
pub use protocol::{Group, Output, Swim, Turn};
pub use suspicion::{Bounds, Suspicion};

#[cfg(doc)]
use hms_machine::Directory;
use hms_machine::{Duration, Purpose};

use crate::configuration::Conflict;
use crate::tunables::{hours, mins, ms, parameters, secs};

/// What the draws are for that an input is handed with.
pub const DRAWS: Purpose = Purpose::named("stack/swim");

parameters! {
    /// Parameters of SWIM; used where `health.mode` is `swim`.
    pub struct SwimConfiguration("swim") {
        probe_every: Duration = duration(ms(5), mins(10), ms(50)),
            "Protocol period: each member probes one other in it. Shorter: faster detection, more messages (two per period and member).";
        probe_timeout: Duration = duration(ms(1), mins(10), ms(20)),
            "Wait for the answer to a probe before others are asked; above the usual round trip. Shorter: more indirect probes.";
        indirect: u32 = integer(1, 16, 4),
            "Members that are asked to probe a silent one. More: fewer false suspicions by lost messages, more messages.";
        retransmit: u32 = integer(1, 16, 4),
            "A piece of news is told by each member this many times the decimal logarithm of the number of members.";
        suspicion: u32 = integer(1, 16, 4),
            "Shortest time to object, in periods times the decimal logarithm of the number of members. More: slower, fewer mistakes.";
        suspicion_floor: Duration = duration(ms(0), mins(10), ms(600)),
            "The time to object is never shorter than this: the longest pause that a member survives, and the time to object after it.";
        suspicion_max: u32 = integer(1, 32, 6),
            "Longest time to object (of a lone accuser) in multiples of the shortest; needs `dynamic_suspicion`.";
        confirmations: u32 = integer(1, 16, 3),
            "Independent accusers after which a suspect has the shortest time only. Fewer: faster, more mistakes by slow accusers.";
        awareness_max: u32 = integer(1, 32, 8),
            "Local health multiplies time-outs by at most this.";
        gossip_every: Duration = duration(ms(1), mins(1), ms(20)),
            "Time between two rounds of gossip while there is news. Shorter: news spreads faster, in smaller messages.";
        gossip_fanout: u32 = integer(1, 16, 3),
            "Participants to whom news is told in each round.";
        gossip_to_dead: Duration = duration(ms(0), hours(24), secs(30)),
            "Time for which a confirmed member still gets gossip, so that it can object if it lives.";
        sync_every: Duration = duration(ms(100), hours(24), secs(2)),
            "Time between two comparisons of tables with a random member (push-pull). Shorter: partitions heal faster, more bytes.";
        lifeguard: bool = switch(true),
            "Lifeguard as a whole; off: plain SWIM, whatever the four switches below say.";
        local_health: bool = switch(true),
            "Lifeguard: a member that misses answers probes more slowly and waits longer.";
        dynamic_suspicion: bool = switch(true),
            "Lifeguard: a lone accuser waits long; off: every suspect has the shortest time.";
        buddy: bool = switch(true),
            "Lifeguard: who probes a suspect tells it first that it is suspected.";
        nack: bool = switch(true),
            "Lifeguard: helpers answer in time even if the target is silent.";
        pause_guard: bool = switch(true),
            "Time in which a member was itself stopped does not count for its time-outs; off: on waking it accuses and confirms at once.";
        pause_lateness: Duration = duration(ms(1), mins(10), ms(20)),
            "A time-out that comes this much later than asked for counts as a stop of one's own.";
    }
}

impl SwimConfiguration {
    /// Rules that concern more than one parameter.
    pub(crate) fn conflicts(&self) -> Vec<Conflict> {
        let mut conflicts = Vec::new();
        if self.probe_timeout >= self.probe_every {
            conflicts.push(Conflict {
                names: ["swim.probe_timeout", "swim.probe_every"],
                message: format!(
                    "swim.probe_timeout ({}) must be shorter than swim.probe_every ({}), or there is no time to ask others",
                    self.probe_timeout, self.probe_every
                ),
            });
        }
        conflicts
    }

    fn local_health(&self) -> bool {
        self.lifeguard && self.local_health
    }

    fn dynamic_suspicion(&self) -> bool {
        self.lifeguard && self.dynamic_suspicion
    }

    fn buddy(&self) -> bool {
        self.lifeguard && self.buddy
    }

    fn nack(&self) -> bool {
        self.lifeguard && self.nack
    }

    /// How long a suspect among `members` may object.
    fn bounds(&self, members: u32) -> Bounds {
        let decades = libm::log10(f64::from(members.max(1))).max(1.0);
        let min = self.probe_every.mul_f64(f64::from(self.suspicion) * decades).max(self.suspicion_floor);
        let max = if self.dynamic_suspicion() { min.saturating_mul(u64::from(self.suspicion_max)) } else { min };
        Bounds { min, max }
    }

    /// Accusers to wait for among `members`: none where there are too few to ever agree (memberlist `suspectNode`).
    fn expected(&self, members: u32) -> u32 {
        if self.dynamic_suspicion() && members.saturating_sub(2) >= self.confirmations { self.confirmations } else { 0 }
    }
}

#[cfg(test)]
mod tests;
