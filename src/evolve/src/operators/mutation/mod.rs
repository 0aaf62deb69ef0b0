//! Mutations, each in its file with the paper that it is from.

mod cauchy;
mod flip;
mod gaussian;
mod inversion;
mod list;
mod polynomial;
mod reset;
mod scramble;
mod step;
mod subset;
mod subtree;
mod swap;

pub use cauchy::Cauchy;
pub use flip::Flip;
pub use gaussian::Gaussian;
pub use inversion::Inversion;
pub use list::ListEdit;
pub use polynomial::Polynomial;
pub use reset::Reset;
pub use scramble::Scramble;
pub use step::Step;
pub use subset::SubsetSwap;
pub use subtree::SubtreeReplacement;
pub use swap::Swap;

use crate::random::Rng;

/// Two places of a row, the smaller first; `None` for rows without two places.
fn segment(length: usize, rng: &mut Rng) -> Option<(usize, usize)> {
    if length < 2 {
        return None;
    }
    let first = rng.below(length);
    let second = (first + 1 + rng.below(length - 1)) % length;
    Some((first.min(second), first.max(second)))
}
