//! What was evaluated once is not evaluated again, in this run or in a later one.
//!
//! Keyed by content: what the genome *decodes to*, and the seed. Two genomes that mean the same are one entry; who asked, and when, does not matter. The cache is an ordered map and serializes.

use std::collections::{BTreeMap, VecDeque};

use serde::{Deserialize, Serialize};

use super::Evaluation;

/// 128 bits of BLAKE3 over the encoding of a value: equal for equal values, and for no others that anyone will meet.
pub fn content_key<T: Serialize>(value: &T) -> [u8; 16] {
    let bytes = postcard::to_allocvec(value).expect("values made of numbers, names and lists can be encoded");
    let mut key = [0; 16];
    key.copy_from_slice(&blake3::hash(&bytes).as_bytes()[..16]);
    key
}

/// Results by (content, seed).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Cache {
    entries: BTreeMap<([u8; 16], u64), Evaluation>,
    /// Oldest first, kept only when there is a bound.
    order: VecDeque<([u8; 16], u64)>,
    bound: Option<usize>,
    hits: u64,
    misses: u64,
}

impl Cache {
    /// A cache that keeps everything.
    pub fn new() -> Self {
        Cache::default()
    }

    /// A cache of at most `entries`: the oldest goes first.
    pub fn bounded(entries: usize) -> Self {
        Cache { bound: Some(entries), ..Cache::default() }
    }

    /// The result of this content under this seed (0 where seeds do not matter), if known.
    pub fn get(&mut self, content: [u8; 16], seed: u64) -> Option<&Evaluation> {
        let found = self.entries.get(&(content, seed));
        if found.is_some() {
            self.hits += 1;
        } else {
            self.misses += 1;
        }
        found
    }

    /// Remembers a result; the first result of a key stays, since a second can only be equal.
    pub fn insert(&mut self, content: [u8; 16], seed: u64, evaluation: Evaluation) {
        let key = (content, seed);
        if self.bound == Some(0) || self.entries.contains_key(&key) {
            return;
        }
        self.entries.insert(key, evaluation);
        let Some(bound) = self.bound else { return };
        self.order.push_back(key);
        while self.entries.len() > bound {
            let Some(oldest) = self.order.pop_front() else { break };
            self.entries.remove(&oldest);
        }
    }

    /// How many results are kept.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether nothing is kept.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// How often a result was known, and how often not.
    pub fn hits_and_misses(&self) -> (u64, u64) {
        (self.hits, self.misses)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn evaluation(value: f64) -> Evaluation {
        Evaluation { objectives: vec![value], ..Evaluation::default() }
    }

    #[test]
    fn content_and_seed_together_are_the_key() {
        let mut cache = Cache::new();
        let (first, second) = (content_key(&vec![1.0, 2.0]), content_key(&vec![1.0, 3.0]));
        cache.insert(first, 7, evaluation(1.0));
        assert_eq!(cache.get(first, 7), Some(&evaluation(1.0)));
        assert_eq!(cache.get(first, 8), None);
        assert_eq!(cache.get(second, 7), None);
        assert_eq!(cache.hits_and_misses(), (1, 2));
        assert_eq!(content_key(&vec![1.0, 2.0]), first);
    }

    #[test]
    fn a_bounded_cache_forgets_the_oldest() {
        let mut cache = Cache::bounded(2);
        let keys = [1, 2, 3].map(|number: u32| content_key(&number));
        keys.iter().for_each(|&key| cache.insert(key, 0, evaluation(0.0)));
        assert_eq!(cache.len(), 2);
        assert!(cache.get(keys[0], 0).is_none() && cache.get(keys[2], 0).is_some());
    }
}
