//! On whose behalf a host's resources were used.

use std::ops::{Index, IndexMut};

use hms_machine::Duration;

/// Who uses a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Class {
    /// The self-healing stack: overhead.
    Stack,
    /// Agents: useful work.
    Service,
}

/// Time for which a resource was occupied; with c cores, up to c times the time that passed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TimeUsed {
    /// By the stack.
    pub stack: Duration,
    /// By agents.
    pub service: Duration,
}

impl TimeUsed {
    /// By both together.
    pub fn total(&self) -> Duration {
        self.stack + self.service
    }
}

impl Index<Class> for TimeUsed {
    type Output = Duration;
    fn index(&self, class: Class) -> &Duration {
        match class {
            Class::Stack => &self.stack,
            Class::Service => &self.service,
        }
    }
}

impl IndexMut<Class> for TimeUsed {
    fn index_mut(&mut self, class: Class) -> &mut Duration {
        match class {
            Class::Stack => &mut self.stack,
            Class::Service => &mut self.service,
        }
    }
}
