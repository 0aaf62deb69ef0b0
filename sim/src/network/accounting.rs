//! What became of every message: sent = delivered + dropped + in flight, in copies and in bytes.
//!
//! Each of the four is counted where it happens and none is computed from the others, so a copy that is
//! forgotten or counted twice shows up in [`Counters::check_conservation`].

use hms_machine::Bytes;

/// On whose behalf a message travels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Class {
    /// Messages between the stacks of the nodes: the overhead of self-healing.
    Stack,
    /// Requests and replies of the services.
    Service,
}

/// Why a copy of a message does not reach whom it was meant for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DropReason {
    /// The path lost it by itself.
    Loss,
    /// A fault on the link lost it.
    FaultLoss,
    /// The link was cut when it was sent, or when it should have arrived.
    Cut,
    /// The sender's queue for the link was full.
    Overflow,
    /// It arrived damaged and failed the receiver's checksum.
    Corrupt,
    /// The receiving host was down.
    ReceiverDown,
}

impl DropReason {
    /// Every reason; the position of a reason is its discriminant.
    pub const ALL: [DropReason; 6] = [
        DropReason::Loss,
        DropReason::FaultLoss,
        DropReason::Cut,
        DropReason::Overflow,
        DropReason::Corrupt,
        DropReason::ReceiverDown,
    ];

    /// Name in results.
    pub const fn name(self) -> &'static str {
        match self {
            DropReason::Loss => "loss",
            DropReason::FaultLoss => "fault-loss",
            DropReason::Cut => "cut",
            DropReason::Overflow => "overflow",
            DropReason::Corrupt => "corrupt",
            DropReason::ReceiverDown => "receiver-down",
        }
    }
}

/// Copies of messages of one class, since the start of the run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Traffic {
    /// Copies that were sent; a duplicated message counts twice.
    pub sent: u64,
    /// Of those, copies that the network made by itself.
    pub duplicated: u64,
    /// Copies that reached a receiver who was there to take them.
    pub delivered: u64,
    /// Copies dropped, by reason; see [`Traffic::dropped_for`].
    pub dropped: [u64; DropReason::ALL.len()],
    /// Copies on their way.
    pub in_flight: u64,
    /// Of those, copies that a clog without an end holds for ever.
    pub held: u64,
    /// Size of the copies sent.
    pub bytes_sent: Bytes,
    /// Size of the copies delivered.
    pub bytes_delivered: Bytes,
    /// Size of the copies dropped.
    pub bytes_dropped: Bytes,
    /// Size of the copies on their way.
    pub bytes_in_flight: Bytes,
}

impl Traffic {
    /// Copies dropped for this reason.
    pub const fn dropped_for(&self, reason: DropReason) -> u64 {
        self.dropped[reason as usize]
    }

    /// Copies dropped for any reason.
    pub fn dropped_total(&self) -> u64 {
        self.dropped.iter().sum()
    }

    fn check_conservation(&self) {
        assert_eq!(
            self.sent,
            self.delivered + self.dropped_total() + self.in_flight,
            "copies of messages are not conserved: {self:?}"
        );
        assert_eq!(
            self.bytes_sent,
            self.bytes_delivered + self.bytes_dropped + self.bytes_in_flight,
            "bytes of messages are not conserved: {self:?}"
        );
        assert!(self.held <= self.in_flight, "more copies are held than are on their way: {self:?}");
    }

    fn plus(mut self, other: &Traffic) -> Traffic {
        self.sent += other.sent;
        self.duplicated += other.duplicated;
        self.delivered += other.delivered;
        self.dropped.iter_mut().zip(other.dropped).for_each(|(mine, theirs)| *mine += theirs);
        self.in_flight += other.in_flight;
        self.held += other.held;
        self.bytes_sent += other.bytes_sent;
        self.bytes_delivered += other.bytes_delivered;
        self.bytes_dropped += other.bytes_dropped;
        self.bytes_in_flight += other.bytes_in_flight;
        self
    }
}

/// The traffic of the whole network by class.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Between the stacks of the nodes.
    pub stack: Traffic,
    /// Requests and replies.
    pub service: Traffic,
}

impl Counters {
    /// The traffic of one class.
    pub const fn of(&self, class: Class) -> &Traffic {
        match class {
            Class::Stack => &self.stack,
            Class::Service => &self.service,
        }
    }

    /// The traffic of both classes together.
    pub fn total(&self) -> Traffic {
        self.stack.plus(&self.service)
    }

    /// Stops the program when copies or bytes have appeared or vanished: a wrong simulation is worse than none.
    ///
    /// # Panics
    /// When sent differs from delivered + dropped + in flight, for a class.
    pub fn check_conservation(&self) {
        self.stack.check_conservation();
        self.service.check_conservation();
    }

    pub(super) fn enter(&mut self, class: Class, bytes: Bytes) {
        let traffic = self.of_mut(class);
        traffic.sent += 1;
        traffic.bytes_sent += bytes;
        traffic.in_flight += 1;
        traffic.bytes_in_flight += bytes;
    }

    pub(super) fn duplicate(&mut self, class: Class, bytes: Bytes) {
        self.enter(class, bytes);
        self.of_mut(class).duplicated += 1;
    }

    pub(super) fn hold(&mut self, class: Class) {
        self.of_mut(class).held += 1;
    }

    pub(super) fn deliver(&mut self, class: Class, bytes: Bytes) {
        let traffic = self.of_mut(class);
        traffic.leave(bytes);
        traffic.delivered += 1;
        traffic.bytes_delivered += bytes;
    }

    pub(super) fn drop(&mut self, class: Class, bytes: Bytes, reason: DropReason) {
        let traffic = self.of_mut(class);
        traffic.leave(bytes);
        traffic.dropped[reason as usize] += 1;
        traffic.bytes_dropped += bytes;
    }

    fn of_mut(&mut self, class: Class) -> &mut Traffic {
        match class {
            Class::Stack => &mut self.stack,
            Class::Service => &mut self.service,
        }
    }
}

impl Traffic {
    fn leave(&mut self, bytes: Bytes) {
        assert!(self.in_flight > self.held, "a copy arrived that was not on its way: {self:?}");
        self.in_flight -= 1;
        self.bytes_in_flight = self.bytes_in_flight.saturating_sub(bytes);
    }
}
