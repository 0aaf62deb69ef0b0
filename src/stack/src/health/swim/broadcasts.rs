//! What is still to be told: each piece of news to a limited number of others, the least told first.
//!
//! SWIM §4.1 and §5.3: gossip that reaches everybody with high probability needs each member to pass a piece of news on λ · log N
//! times; memberlist's limit is `retransmit × ceil(log10(N + 1))`. There is at most one piece of news per member: what is newer
//! replaces what is older. The queue holds of whom there is news, not the news: that is what is believed now. So at the start of a
//! large cluster, when there is news of everybody, it takes a few dozen bytes for each.

use std::collections::{BTreeMap, VecDeque};

use hms_machine::NodeId;

use super::message::{Claim, Update};

/// The queue of news.
#[derive(Clone, Debug, Default)]
pub(super) struct Broadcasts {
    /// News by how often it was told, each level with the newest in front. News moves from one level to the next in nearly this order, so that
    /// almost all of it goes in at an end.
    levels: Vec<VecDeque<News>>,
    /// For each member the number of its news, 0 without; what has another number in a level was replaced. Empty while there is no news.
    numbers: Vec<u32>,
    /// Members of whom there is news.
    waiting: usize,
    /// News that is another accuser of a suspect, where the belief names the first.
    accusers: BTreeMap<NodeId, NodeId>,
    added: u32,
}

/// There is something new about a member.
#[derive(Clone, Copy, Debug)]
struct News {
    number: u32,
    node: NodeId,
}

impl Broadcasts {
    /// News of a member; it replaces what was to be told of the same member.
    pub(super) fn add(&mut self, node: NodeId) {
        self.added = self.added.checked_add(1).expect("fewer than 2^32 pieces of news in a life");
        if self.numbers.len() <= node.index() {
            self.numbers.resize(node.index() + 1, 0);
        }
        if std::mem::replace(&mut self.numbers[node.index()], self.added) == 0 {
            self.waiting += 1;
        }
        self.accusers.remove(&node);
        self.put(0, News { number: self.added, node });
    }

    /// News that a suspect is accused by somebody else as well.
    pub(super) fn add_accuser(&mut self, node: NodeId, by: NodeId) {
        self.add(node);
        self.accusers.insert(node, by);
    }

    /// Appends news of at most `bytes` bytes for one receiver to `updates`, each told once more; what was told `limit` times is dropped. What is
    /// told of a member is what is `believed`, apart from other accusers.
    pub(super) fn take(&mut self, mut bytes: u64, limit: u32, believed: impl Fn(NodeId) -> Update, updates: &mut Vec<Update>) {
        let mut taken = Vec::new();
        for told in 0..self.levels.len() {
            while let Some(news) = self.levels[told].front().copied() {
                if self.numbers[news.node.index()] == news.number {
                    let update = self.claimed(believed(news.node));
                    let Some(left) = bytes.checked_sub(update.bytes()) else {
                        // Updates differ little in size: one that does not fit means that the message is full.
                        return self.put_back(taken, limit);
                    };
                    bytes = left;
                    updates.push(update);
                    taken.push((told + 1, news));
                }
                self.levels[told].pop_front();
            }
        }
        self.put_back(taken, limit);
    }

    /// A belief, or who else accuses the member.
    fn claimed(&self, mut belief: Update) -> Update {
        if let Some(by) = self.accusers.get(&belief.node) {
            belief.claim = Claim::Suspected { by: *by };
        }
        belief
    }

    /// What was told waits to be told again, unless it was told often enough.
    fn put_back(&mut self, taken: Vec<(usize, News)>, limit: u32) {
        for (told, news) in taken {
            if told < limit as usize {
                self.put(told, news);
            } else {
                self.numbers[news.node.index()] = 0;
                self.accusers.remove(&news.node);
                self.waiting -= 1;
            }
        }
        if self.waiting == 0 {
            // Most of the time there is nothing to tell, and there is one of these for every pair of members.
            (self.levels, self.numbers) = (Vec::new(), Vec::new());
        }
    }

    fn put(&mut self, told: usize, news: News) {
        if self.levels.len() <= told {
            self.levels.resize(told + 1, VecDeque::new());
        }
        let level = &mut self.levels[told];
        let position = match (level.front(), level.back()) {
            (Some(first), _) if first.number < news.number => 0,
            (_, Some(last)) if last.number > news.number => level.len(),
            (Some(_) | None, Some(_) | None) => level.partition_point(|other| other.number > news.number),
        };
        level.insert(position, news);
        if level.len() > 2 * self.waiting + 16 {
            level.retain(|news| self.numbers[news.node.index()] == news.number);
        }
    }

    /// Whether there is nothing to tell.
    pub(super) fn is_empty(&self) -> bool {
        self.waiting == 0
    }
}

/// How often a piece of news is told by each of `participants`.
pub(super) fn limit(retransmit: u32, participants: u32) -> u32 {
    retransmit.saturating_mul(libm::ceil(libm::log10(f64::from(participants) + 1.0)) as u32)
}

#[cfg(test)]
mod tests {
    use hms_machine::{Purpose, Seed, Streams};
    use proptest::prelude::*;

    use super::super::message::Facts;
    use super::super::rotation::pick;
    use super::*;

    const TEST: Purpose = Purpose::named("test/broadcasts");

    fn news(node: NodeId) -> Update {
        Update { node, incarnation: 1, claim: Claim::Alive(Facts::default()) }
    }

    fn taken(broadcasts: &mut Broadcasts, bytes: u64, limit: u32) -> Vec<u32> {
        let mut updates = Vec::new();
        broadcasts.take(bytes, limit, news, &mut updates);
        updates.iter().map(|update| update.node.0).collect()
    }

    #[test]
    fn the_least_told_goes_first_and_news_replaces_news_of_the_same_member() {
        let mut broadcasts = Broadcasts::default();
        broadcasts.add(NodeId(1));
        assert_eq!(taken(&mut broadcasts, 30, 3), [1]);
        broadcasts.add(NodeId(2));
        broadcasts.add(NodeId(3));
        assert_eq!(taken(&mut broadcasts, 60, 3), [3, 2]);
        broadcasts.add(NodeId(2));
        assert_eq!(taken(&mut broadcasts, 1_000, 3), [2, 3, 1]);
        assert_eq!(taken(&mut broadcasts, 1_000, 3), [2, 3, 1]);
        assert_eq!(taken(&mut broadcasts, 1_000, 3), [2]);
        assert!(broadcasts.is_empty());
    }

    #[test]
    fn another_accuser_is_told_until_there_is_other_news_of_the_suspect() {
        let mut broadcasts = Broadcasts::default();
        let told = |broadcasts: &mut Broadcasts| {
            let mut updates = Vec::new();
            broadcasts.take(1_000, 9, news, &mut updates);
            updates[0].claim
        };
        broadcasts.add_accuser(NodeId(1), NodeId(7));
        assert_eq!(told(&mut broadcasts), Claim::Suspected { by: NodeId(7) });
        assert_eq!(told(&mut broadcasts), Claim::Suspected { by: NodeId(7) });
        broadcasts.add(NodeId(1));
        assert_eq!(told(&mut broadcasts), Claim::Alive(Facts::default()));
    }

    #[test]
    fn the_limit_is_that_of_memberlist() {
        assert_eq!([1, 9, 10, 99, 100].map(|participants| limit(4, participants)), [4, 4, 8, 8, 12]);
    }

    /// Rounds until one piece of news is known to all of `nodes`, who gossip to 3 others each round; `None` if it dies out. In
    /// step, what is heard in a round is told in the next; out of step, members gossip one after the other, and the last round
    /// counts by the part that was needed.
    fn rounds(nodes: u32, in_step: bool, trial: u64) -> Option<f64> {
        let mut draw = Streams::new(Seed(u64::from(nodes))).draw(TEST, u64::from(in_step), trial);
        let mut members = vec![Broadcasts::default(); nodes as usize];
        let first = draw.below(u64::from(nodes)) as usize;
        members[first].add(NodeId(0));
        let mut informed = vec![false; nodes as usize];
        informed[first] = true;
        for round in 0..60 {
            let mut waiting = Vec::new();
            for own in 0..members.len() {
                for target in pick(&mut draw, nodes, 3, |node| node.index() != own) {
                    let told = !taken(&mut members[own], 1_000, limit(4, nodes)).is_empty();
                    if told && !std::mem::replace(&mut informed[target.index()], true) {
                        if in_step { waiting.push(target) } else { members[target.index()].add(NodeId(0)) }
                    }
                }
                if !in_step && informed.iter().all(|informed| *informed) {
                    return Some(f64::from(round) + (own + 1) as f64 / f64::from(nodes));
                }
            }
            waiting.into_iter().for_each(|target| members[target.index()].add(NodeId(0)));
            if informed.iter().all(|informed| *informed) {
                return Some(f64::from(round + 1));
            }
        }
        None
    }

    /// The published figures lie between members in step (the slowest way) and out of step (as ours run, and without the help of probes).
    #[test]
    fn r4_gossip_to_three_reaches_everybody_in_a_few_rounds() {
        for (nodes, trials, published) in [(10, 2_000, 2.5), (30, 1_000, 3.7), (100, 300, 4.9), (1_000, 20, 7.0)] {
            let mean = |in_step| {
                let found: Vec<f64> = (0..trials).filter_map(|trial| rounds(nodes, in_step, trial)).collect();
                // With N = 30 the limit is 8, and about one piece of news in a hundred dies out: comparing tables is for these.
                assert!(found.len() as u64 * 100 >= 98 * trials, "died out in {} of {trials}", trials - found.len() as u64);
                found.iter().sum::<f64>() / found.len() as f64
            };
            let (slow, fast) = (mean(true), mean(false));
            assert!(fast < published && published < slow && slow < published + 1.3, "{nodes}: {fast} {slow}");
        }
    }

    proptest! {
        #[test]
        fn nothing_is_told_more_often_than_the_limit_and_no_message_is_too_long(
            nodes in prop::collection::vec(0u32..40, 1..60), bytes in 25u64..600,
        ) {
            let mut broadcasts = Broadcasts::default();
            nodes.iter().for_each(|node| broadcasts.add(NodeId(*node)));
            let mut told = [0u32; 40];
            while !broadcasts.is_empty() {
                let mut updates = Vec::new();
                broadcasts.take(bytes, 5, news, &mut updates);
                prop_assert!(!updates.is_empty() && updates.iter().map(|update| update.bytes()).sum::<u64>() <= bytes);
                updates.iter().for_each(|update| told[update.node.index()] += 1);
            }
            let expected: Vec<u32> = (0..40).map(|node| 5 * u32::from(nodes.contains(&node))).collect();
            prop_assert_eq!(told.to_vec(), expected);
        }
    }
}
