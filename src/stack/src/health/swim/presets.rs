//! What memberlist runs with (`config.go`: `DefaultLANConfig`, `DefaultWANConfig`, `DefaultLocalConfig`).

use hms_machine::Duration;

use super::SwimConfiguration;
use crate::tunables::{ms, secs};

const LAN: SwimConfiguration = SwimConfiguration {
    probe_every: secs(1),
    probe_timeout: ms(500),
    indirect: 3,
    retransmit: 4,
    suspicion: 4,
    suspicion_floor: Duration::ZERO,
    suspicion_max: 6,
    // memberlist waits for `SuspicionMult - 2` confirmations.
    confirmations: 2,
    awareness_max: 8,
    gossip_every: ms(200),
    gossip_fanout: 3,
    gossip_to_dead: secs(30),
    sync_every: secs(30),
    lifeguard: true,
    local_health: true,
    dynamic_suspicion: true,
    buddy: true,
    nack: true,
    pause_guard: false,
    pause_lateness: ms(20),
};

/// Name and values of each preset. memberlist has no pause guard and no floor of the suspicion time.
pub const PRESETS: [(&str, SwimConfiguration); 3] = [
    ("memberlist-lan", LAN),
    (
        "memberlist-wan",
        SwimConfiguration {
            probe_every: secs(5),
            probe_timeout: secs(3),
            suspicion: 6,
            confirmations: 4,
            gossip_every: ms(500),
            gossip_fanout: 4,
            gossip_to_dead: secs(60),
            sync_every: secs(60),
            ..LAN
        },
    ),
    (
        "memberlist-local",
        SwimConfiguration {
            probe_timeout: ms(200),
            indirect: 1,
            retransmit: 2,
            suspicion: 3,
            confirmations: 1,
            gossip_every: ms(100),
            gossip_to_dead: secs(15),
            sync_every: secs(15),
            ..LAN
        },
    ),
];
