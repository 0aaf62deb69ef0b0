//! The last measurements of a peer, with running sums.
//!
//! Measurements are whole nanoseconds and so are the sums: what is added is subtracted exactly when it leaves, and nothing drifts in a
//! window that runs for years.

/// Measurements are clamped to ± this many nanoseconds (39 h), so that sums of 10,000 squares stay far below 2^127.
const LARGEST: i64 = 1 << 47;

/// A ring of the newest measurements.
#[derive(Clone, Debug)]
pub(crate) struct Window {
    capacity: usize,
    values: Vec<i64>,
    /// Where the oldest value stands once the ring is full.
    oldest: usize,
    sum: i128,
    squares: i128,
}

impl Window {
    /// An empty window of at most `capacity` values; memory grows with what is put in.
    pub(crate) fn new(capacity: usize) -> Self {
        Window { capacity: capacity.max(1), values: Vec::new(), oldest: 0, sum: 0, squares: 0 }
    }

    /// Adds a measurement; the oldest leaves a full window.
    pub(crate) fn push(&mut self, value: i64) {
        let value = value.clamp(-LARGEST, LARGEST);
        if self.values.len() < self.capacity {
            self.values.push(value);
        } else {
            let old = std::mem::replace(&mut self.values[self.oldest], value);
            self.oldest = if self.oldest + 1 == self.capacity { 0 } else { self.oldest + 1 };
            self.sum -= i128::from(old);
            self.squares -= i128::from(old) * i128::from(old);
        }
        self.sum += i128::from(value);
        self.squares += i128::from(value) * i128::from(value);
    }

    /// Forgets everything.
    pub(crate) fn clear(&mut self) {
        *self = Window::new(self.capacity);
    }

    /// Arithmetic mean in nanoseconds; 0 of an empty window.
    pub(crate) fn mean(&self) -> f64 {
        if self.values.is_empty() { 0.0 } else { float(self.sum) / self.values.len() as f64 }
    }

    /// Standard deviation of the window as a population, in nanoseconds; 0 of an empty window.
    pub(crate) fn deviation(&self) -> f64 {
        if self.values.is_empty() {
            return 0.0;
        }
        let count = self.values.len() as i128;
        // Exact in integers, where a difference of two large floats would leave noise.
        let scaled = count * self.squares - self.sum * self.sum;
        float(scaled).sqrt() / self.values.len() as f64
    }
}

/// The nearest float. Most sums fit 64 bits, which processors convert by themselves.
fn float(sum: i128) -> f64 {
    i64::try_from(sum).map_or(sum as f64, |sum| sum as f64)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn mean_and_deviation_are_those_of_a_population() {
        let mut window = Window::new(10);
        assert_eq!((window.mean(), window.deviation()), (0.0, 0.0));
        [2, 4, 4, 4, 5, 5, 7, 9].into_iter().for_each(|value| window.push(value));
        assert_eq!((window.mean(), window.deviation()), (5.0, 2.0));
        window.clear();
        assert_eq!((window.mean(), window.deviation()), (0.0, 0.0));
    }

    proptest! {
        #[test]
        fn the_sums_are_those_of_the_newest_values(values in prop::collection::vec(any::<i64>(), 0..200), capacity in 1usize..20) {
            let mut running = Window::new(capacity);
            values.iter().for_each(|value| running.push(*value));
            let mut fresh = Window::new(capacity);
            values.iter().rev().take(capacity).for_each(|value| fresh.push(*value));
            prop_assert_eq!((running.sum, running.squares), (fresh.sum, fresh.squares));
            prop_assert!(running.deviation() >= 0.0);
        }
    }
}
