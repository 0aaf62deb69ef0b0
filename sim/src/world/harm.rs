//! How attempts of calls ended, agent by agent, wherever some of them did not end well.
//!
//! Picture a tally sheet with one column per agent and one row per tenth of a second, of which only the pages around trouble are filed. A
//! run has millions of attempts and most of them are answered; what healing is judged by is when the others begin and when they end.
//!
//! Contract: of every window of [`REACH`] in which an attempt on a service failed, all attempts on that service are known to the tally
//! of [`BUCKET`]; of windows without a failed attempt nothing is kept but the totals.

use std::collections::VecDeque;

use hms_machine::{AgentId, Duration, Instant, NodeId, ServiceId};

/// Length of a bucket: a tenth of the second within which failures are to be noticed.
pub const BUCKET: Duration = Duration::from_millis(100);

/// How far around a failed attempt everything is kept: the window by which it is judged whether a service works again.
pub const REACH: Duration = Duration::from_secs(1);

/// Attempts that ended within one bucket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct HarmRow {
    /// Number of the bucket: it begins at that many times [`BUCKET`].
    pub bucket: u64,
    /// The service that was called.
    pub service: ServiceId,
    /// The agent; `None` for attempts that reached none: refused by the caller's own node, or without anyone to route to.
    pub agent: Option<AgentId>,
    /// Attempts that were answered.
    pub well: u32,
    /// Attempts that ended otherwise.
    pub otherwise: u32,
    /// Those of `otherwise` for which it was the network that lost a request or a reply, their own or that of the last attempt on a service below: what
    /// befell them is the doing of the network, whatever state the agent was in. Not among them: who gave up while
    /// somebody below still tried; what a full queue or a clog kept.
    pub lost: u32,
}

/// How an attempt ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// It was answered.
    Well,
    /// It was not, or not well.
    Otherwise,
    /// The same, and it was the network that lost a request or a reply.
    Lost,
}

impl HarmRow {
    /// Beginning of its bucket.
    pub fn begins(&self) -> Instant {
        Instant::from_nanos(self.bucket * BUCKET.as_nanos())
    }
}

/// A request has ended the process that worked on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kill {
    /// When.
    pub at: Instant,
    /// Whose process.
    pub agent: AgentId,
    /// Trace id of the request: the same for all its attempts and all calls made for it.
    pub trace: u64,
}

/// A disk that a fault strikes is at work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hindered {
    /// When.
    pub at: Instant,
    /// Whose disk.
    pub node: NodeId,
    /// Whether an operation has failed; otherwise one was asked for, or under way as the fault began.
    pub failed: bool,
}

/// The tally of a run.
#[derive(Clone, Debug, Default)]
pub struct Harm {
    /// Indexed by `ServiceId`.
    services: Vec<Sheet>,
    /// Processes that poisonous requests ended, in order.
    pub kills: Vec<Kill>,
    /// What disks had to do while faults struck them, in order: at most one row per host, kind and [`BUCKET`], and one for each fault that
    /// begins while the disk is at work.
    pub hindered: Vec<Hindered>,
    /// Attempts that were answered, over the whole run.
    pub well: u64,
    /// Attempts that ended otherwise, over the whole run.
    pub otherwise: u64,
}

/// The tally of one service.
#[derive(Clone, Debug, Default)]
struct Sheet {
    /// Rows that stay.
    kept: Vec<HarmRow>,
    /// Rows of the newest bucket and of those within reach before it, which stay if a failure follows.
    recent: VecDeque<HarmRow>,
    /// Last bucket that stays whatever it holds.
    keep_until: Option<u64>,
}

impl Harm {
    /// Counts an attempt that ends at `at`. Instants do not go back.
    pub fn count(&mut self, at: Instant, service: ServiceId, agent: Option<AgentId>, ended: Ended) {
        match ended {
            Ended::Well => self.well += 1,
            Ended::Otherwise | Ended::Lost => self.otherwise += 1,
        }
        if self.services.len() <= service.index() {
            self.services.resize_with(service.index() + 1, Sheet::default);
        }
        let bucket = at.as_nanos() / BUCKET.as_nanos();
        self.services[service.index()].count(bucket, service, agent, ended);
    }

    /// Notes that a request has ended the process that worked on it.
    pub fn kill(&mut self, at: Instant, agent: AgentId, trace: u64) {
        self.kills.push(Kill { at, agent, trace });
    }

    /// Notes that a disk has something to do as a fault begins: other faults that strike it have rows of their own.
    pub fn meet(&mut self, at: Instant, node: NodeId) {
        self.hindered.push(Hindered { at, node, failed: false });
    }

    /// Notes that a disk that a fault strikes was asked for an operation, or has failed one.
    pub fn hinder(&mut self, at: Instant, node: NodeId, failed: bool) {
        let newest = self.hindered.iter().rev().take_while(|row| at.saturating_since(row.at) < BUCKET);
        if newest.into_iter().all(|row| (row.node, row.failed) != (node, failed)) {
            self.hindered.push(Hindered { at, node, failed });
        }
    }

    /// Everything that is kept, by bucket, service and agent.
    pub fn rows(&self) -> Vec<HarmRow> {
        let mut rows: Vec<HarmRow> = self.services.iter().flat_map(Sheet::rows).collect();
        rows.sort_unstable();
        rows
    }
}

impl Sheet {
    fn count(&mut self, bucket: u64, service: ServiceId, agent: Option<AgentId>, ended: Ended) {
        let reach = REACH.as_nanos() / BUCKET.as_nanos();
        // Rows of buckets that are over: those that a failure keeps are filed, those that none can reach any more are forgotten.
        while let Some(oldest) = self.recent.front().copied().filter(|row| row.bucket < bucket) {
            if self.stays(&oldest) {
                self.kept.push(oldest);
            } else if oldest.bucket + reach >= bucket {
                break;
            }
            self.recent.pop_front();
        }
        let same = |row: &&mut HarmRow| row.bucket == bucket && row.agent == agent;
        let newest = self.recent.iter_mut().rev().take_while(|row| row.bucket == bucket);
        let row = match newest.into_iter().find(same) {
            Some(row) => row,
            None => {
                self.recent.push_back(HarmRow { bucket, service, agent, well: 0, otherwise: 0, lost: 0 });
                self.recent.back_mut().expect("it was pushed")
            }
        };
        match ended {
            Ended::Well => row.well += 1,
            Ended::Otherwise | Ended::Lost => {
                row.otherwise += 1;
                row.lost += u32::from(ended == Ended::Lost);
                self.keep_until = Some(bucket + reach);
            }
        }
    }

    /// Whether a row stays, by the failures so far.
    fn stays(&self, row: &HarmRow) -> bool {
        // A failure keeps what is within reach on either side; what was out of reach before it has left `recent` already.
        self.keep_until.is_some_and(|until| row.bucket <= until)
    }

    fn rows(&self) -> impl Iterator<Item = HarmRow> {
        self.kept.iter().copied().chain(self.recent.iter().filter(|row| self.stays(row)).copied())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tally(attempts: &[(u64, u32, bool)]) -> Vec<(u64, u32, u32, u32)> {
        let mut harm = Harm::default();
        for (millis, agent, well) in attempts {
            harm.count(
                Instant::ZERO + Duration::from_millis(*millis),
                ServiceId(0),
                Some(AgentId(*agent)),
                if *well { Ended::Well } else { Ended::Otherwise },
            );
        }
        let named = |row: HarmRow| (row.bucket, row.agent.map_or(99, |agent| agent.0), row.well, row.otherwise);
        harm.rows().into_iter().map(named).collect()
    }

    #[test]
    fn where_all_is_well_nothing_is_kept_but_the_totals() {
        let all: Vec<_> = (0..100).map(|step| (step * 50, 0, true)).collect();
        assert_eq!(tally(&all), []);
    }

    #[test]
    fn around_a_failure_every_attempt_is_known() {
        let mut attempts: Vec<_> = (0..60).map(|step| (step * 100 + 7, 0, true)).collect();
        attempts.insert(31, (3_050, 1, false));
        let rows = tally(&attempts);
        let mut expected: Vec<_> = (20..=40).map(|bucket| (bucket, 0, 1, 0)).collect();
        expected.insert(11, (30, 1, 0, 1));
        assert_eq!(rows, expected);
    }

    #[test]
    fn attempts_of_one_bucket_and_agent_share_a_row() {
        let rows = tally(&[(10, 0, true), (20, 1, false), (30, 0, true), (99, 0, false), (100, 0, true)]);
        assert_eq!(rows, [(0, 0, 2, 1), (0, 1, 0, 1), (1, 0, 1, 0)]);
    }

    #[test]
    fn attempts_that_the_network_lost_count_among_those_that_were_not_answered() {
        let mut harm = Harm::default();
        for ended in [Ended::Well, Ended::Lost, Ended::Otherwise, Ended::Lost] {
            harm.count(Instant::ZERO, ServiceId(0), Some(AgentId(0)), ended);
        }
        let row = harm.rows()[0];
        assert_eq!((row.well, row.otherwise, row.lost, harm.otherwise), (1, 3, 2, 3));
    }

    #[test]
    fn of_a_struck_disk_the_first_operation_and_the_first_failure_in_a_tenth_of_a_second_are_kept() {
        let mut harm = Harm::default();
        for (millis, node, failed) in
            [(0, 1, false), (10, 1, false), (20, 1, true), (30, 2, true), (50, 1, true), (100, 1, false)]
        {
            harm.hinder(Instant::ZERO + Duration::from_millis(millis), NodeId(node), failed);
        }
        let rows: Vec<_> = harm.hindered.iter().map(|row| (row.at.as_nanos() / 1_000_000, row.node.0, row.failed)).collect();
        assert_eq!(rows, [(0, 1, false), (20, 1, true), (30, 2, true), (100, 1, false)]);
    }

    #[test]
    fn attempts_that_reached_nobody_are_rows_of_their_own() {
        let mut harm = Harm::default();
        harm.count(Instant::ZERO, ServiceId(2), None, Ended::Otherwise);
        harm.count(Instant::ZERO, ServiceId(1), Some(AgentId(4)), Ended::Well);
        let rows = harm.rows();
        assert_eq!((rows.len(), rows[0].service, rows[0].agent), (1, ServiceId(2), None));
        assert_eq!((harm.well, harm.otherwise), (1, 1));
    }
}
