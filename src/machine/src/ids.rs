//! Ids that index tables; two kinds cannot be mixed up.

use std::fmt;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $letter:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub u32);

        impl $name {
            /// The position in the table that this id indexes.
            pub const fn index(self) -> usize {
                self.0 as usize
            }

            /// The id of table position `index`; tables hold at most 2^32 rows.
            pub fn from_index(index: usize) -> Self {
                $name(u32::try_from(index).expect("table longer than 2^32 rows"))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!($letter, "{}"), self.0)
            }
        }
    };
}

id!(
    /// A participant that runs the stack: a host of the cluster, or an edge through which clients enter.
    NodeId,
    "n"
);
id!(
    /// A supervised process: one replica of a service, placed on one node.
    AgentId,
    "a"
);
id!(
    /// A service: what agents are replicas of.
    ServiceId,
    "s"
);
