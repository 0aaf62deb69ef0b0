//! Two ways to answer later or from memory, for [`Fallback::Cache`](super::Fallback) and [`Fallback::Queue`](super::Fallback). Both are bounded in
//! number and in age, because a fallback is used most when everything else is short of room.

use std::collections::{BTreeMap, VecDeque};

use hms_machine::Instant;

use super::FallbackConfiguration;

/// Good answers, by what was asked; the ones stored longest ago make room for new ones.
#[derive(Clone, Debug)]
pub struct AnswerCache<K, V> {
    answers: BTreeMap<K, (u64, V)>,
    /// What was asked, by the order of storing.
    order: BTreeMap<u64, (K, Instant)>,
    stored: u64,
}

impl<K, V> Default for AnswerCache<K, V> {
    fn default() -> Self {
        AnswerCache { answers: BTreeMap::new(), order: BTreeMap::new(), stored: 0 }
    }
}

impl<K: Ord + Clone, V> AnswerCache<K, V> {
    /// Keeps a good answer in place of the one before.
    pub fn store(&mut self, configuration: &FallbackConfiguration, key: K, answer: V, now: Instant) {
        self.stored += 1;
        self.order.insert(self.stored, (key.clone(), now));
        if let Some((earlier, _)) = self.answers.insert(key, (self.stored, answer)) {
            self.order.remove(&earlier);
        }
        while self.answers.len() > configuration.cache_answers as usize {
            let Some((_, (oldest, _))) = self.order.pop_first() else { return };
            self.answers.remove(&oldest);
        }
    }

    /// The last good answer, if it is not too old.
    pub fn answer(&self, configuration: &FallbackConfiguration, key: &K, now: Instant) -> Option<&V> {
        let (position, answer) = self.answers.get(key)?;
        let (_, stored) = self.order.get(position)?;
        (now.saturating_since(*stored) <= configuration.cache_age).then_some(answer)
    }
}

/// Calls that wait for their callee to come back, in the order in which they came.
#[derive(Clone, Debug)]
pub struct CallQueue<T> {
    calls: VecDeque<(Instant, T)>,
    expired: u64,
}

impl<T> Default for CallQueue<T> {
    fn default() -> Self {
        CallQueue { calls: VecDeque::new(), expired: 0 }
    }
}

impl<T> CallQueue<T> {
    /// Keeps a call.
    ///
    /// # Errors
    /// The call itself, if there is no room: the step has failed.
    pub fn push(&mut self, configuration: &FallbackConfiguration, call: T, now: Instant) -> Result<(), T> {
        self.expire(configuration, now);
        if self.calls.len() >= configuration.queue_calls as usize {
            return Err(call);
        }
        self.calls.push_back((now, call));
        Ok(())
    }

    /// The call that has waited longest and is still worth making; to be asked for when a breaker grants a permit.
    pub fn pop(&mut self, configuration: &FallbackConfiguration, now: Instant) -> Option<T> {
        self.expire(configuration, now);
        self.calls.pop_front().map(|(_, call)| call)
    }

    /// Calls that wait, some perhaps for too long.
    pub fn len(&self) -> usize {
        self.calls.len()
    }

    /// Whether no call waits.
    pub fn is_empty(&self) -> bool {
        self.calls.is_empty()
    }

    /// Calls that have waited for too long and were dropped.
    pub fn expired(&self) -> u64 {
        self.expired
    }

    fn expire(&mut self, configuration: &FallbackConfiguration, now: Instant) {
        while self.calls.front().is_some_and(|(since, _)| now.saturating_since(*since) > configuration.queue_patience) {
            self.calls.pop_front();
            self.expired += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(millis: u64) -> Instant {
        Instant::from_nanos(millis * 1_000_000)
    }

    fn configuration() -> FallbackConfiguration {
        FallbackConfiguration { cache_answers: 3, queue_calls: 3, ..FallbackConfiguration::default() }
    }

    #[test]
    fn an_answer_is_good_until_it_is_too_old() {
        let (configuration, mut cache) = (configuration(), AnswerCache::default());
        cache.store(&configuration, "a", 1, at(0));
        let last = at(0) + configuration.cache_age;
        assert_eq!(cache.answer(&configuration, &"a", last), Some(&1));
        assert_eq!(cache.answer(&configuration, &"a", last + hms_machine::Duration::from_nanos(1)), None);
        cache.store(&configuration, "a", 2, last);
        assert_eq!(cache.answer(&configuration, &"a", last + configuration.cache_age), Some(&2));
        assert_eq!(cache.answer(&configuration, &"b", at(0)), None);
    }

    #[test]
    fn a_call_waits_no_longer_than_its_patience() {
        let (configuration, mut queue) = (configuration(), CallQueue::default());
        assert_eq!(queue.push(&configuration, 1, at(0)), Ok(()));
        assert_eq!(queue.push(&configuration, 2, at(1)), Ok(()));
        let later = at(1) + configuration.queue_patience;
        assert_eq!((queue.pop(&configuration, later), queue.expired()), (Some(2), 1));
        assert_eq!((queue.pop(&configuration, later), queue.is_empty()), (None, true));
    }

    #[test]
    fn a_full_queue_gives_the_call_back_until_others_have_left() {
        let (configuration, mut queue) = (configuration(), CallQueue::default());
        (0..3).for_each(|call| assert_eq!(queue.push(&configuration, call, at(0)), Ok(())));
        assert_eq!(queue.push(&configuration, 3, at(1)), Err(3));
        assert_eq!(queue.pop(&configuration, at(1)), Some(0));
        assert_eq!(queue.push(&configuration, 3, at(1)), Ok(()));
        assert_eq!(queue.len(), 3);
    }

    proptest! {
        #[test]
        fn a_cache_holds_the_answers_stored_last(stores in proptest::collection::vec(0u8..8, 0..60)) {
            let (configuration, mut cache) = (configuration(), AnswerCache::default());
            for (index, key) in stores.iter().enumerate() {
                cache.store(&configuration, *key, index, at(0));
                let mut last: Vec<(u8, usize)> = Vec::new();
                for (index, key) in stores[..=index].iter().enumerate().rev() {
                    if last.len() < 3 && last.iter().all(|(known, _)| known != key) {
                        last.push((*key, index));
                    }
                }
                for key in 0..8 {
                    let expected = last.iter().find(|(known, _)| *known == key).map(|(_, index)| index);
                    prop_assert_eq!(cache.answer(&configuration, &key, at(0)), expected);
                }
                prop_assert_eq!(cache.order.len(), cache.answers.len());
            }
        }
    }
}
