//! A search as bytes: stop it, and go on later as if nothing had happened.
//!
//! The bytes are a mark, a version, the value in postcard's encoding (which keeps the bits of every float) and a checksum, so that a file that was cut short, changed, or written by another version
//! is refused instead of continued wrongly. Writing the file atomically is the caller's part.

use serde::Serialize;
use serde::de::DeserializeOwned;
use thiserror::Error;

/// Mark at the start of every checkpoint.
const MARK: &[u8; 10] = b"hms-evolve";
/// Version of the encoding; rises whenever a state changes its shape.
const VERSION: u16 = 3;
/// Length of the checksum at the end.
const CHECKSUM: usize = 16;

/// Why bytes are not the checkpoint that is wanted.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum CheckpointError {
    /// They do not begin like one.
    #[error("this is not a checkpoint of a search")]
    Foreign,
    /// They come from another version.
    #[error(
        "the checkpoint has version {found}, and this program reads version {VERSION}: finish the run with the program that began it"
    )]
    Version {
        /// The version they name.
        found: u16,
    },
    /// They were cut short or changed.
    #[error("the checkpoint is damaged: its checksum is wrong; take an earlier one")]
    Damaged,
    /// They hold another kind of value.
    #[error("the checkpoint holds another kind of search: {0}")]
    Kind(String),
    /// The value cannot be encoded.
    #[error("the search cannot be stored: {0}")]
    Unstorable(String),
}

/// The bytes of a value: an algorithm, a run, a cache.
pub fn save<T: Serialize>(value: &T) -> Result<Vec<u8>, CheckpointError> {
    let mut bytes = MARK.to_vec();
    bytes.extend_from_slice(&VERSION.to_le_bytes());
    let body = postcard::to_allocvec(value).map_err(|error| CheckpointError::Unstorable(error.to_string()))?;
    bytes.extend_from_slice(&body);
    let checksum = blake3::hash(&bytes);
    bytes.extend_from_slice(&checksum.as_bytes()[..CHECKSUM]);
    Ok(bytes)
}

/// The value in these bytes.
pub fn load<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, CheckpointError> {
    let rest = bytes.strip_prefix(MARK).ok_or(CheckpointError::Foreign)?;
    let (version, rest) = rest.split_first_chunk::<2>().ok_or(CheckpointError::Damaged)?;
    let found = u16::from_le_bytes(*version);
    if found != VERSION {
        return Err(CheckpointError::Version { found });
    }
    let (body, checksum) = rest.split_last_chunk::<CHECKSUM>().ok_or(CheckpointError::Damaged)?;
    let hashed = blake3::hash(&bytes[..bytes.len() - CHECKSUM]);
    if hashed.as_bytes()[..CHECKSUM] != checksum[..] {
        return Err(CheckpointError::Damaged);
    }
    let (value, left) = postcard::take_from_bytes(body).map_err(|error| CheckpointError::Kind(error.to_string()))?;
    if left.is_empty() { Ok(value) } else { Err(CheckpointError::Kind(format!("{} bytes are left over", left.len()))) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floats_keep_their_bits() {
        let values = [0.1, -0.0, f64::INFINITY, f64::MIN_POSITIVE / 3.0, f64::from_bits(0x7ff8_0000_0000_1234)];
        let again: Vec<f64> = load(&save(&values.to_vec()).unwrap()).unwrap();
        assert!(values.iter().zip(&again).all(|(a, b)| a.to_bits() == b.to_bits()));
    }

    #[test]
    fn what_is_no_sound_checkpoint_is_refused_with_the_reason() {
        let good = save(&vec![1.0f64, 2.0]).unwrap();
        assert_eq!(load::<Vec<f64>>(b"PK"), Err(CheckpointError::Foreign));
        assert_eq!(load::<Vec<f64>>(&good[..11]), Err(CheckpointError::Damaged));
        assert_eq!(load::<Vec<f64>>(&good[..good.len() - 1]), Err(CheckpointError::Damaged));
        for place in 12..good.len() {
            let mut bad = good.clone();
            bad[place] ^= 1;
            assert_eq!(load::<Vec<f64>>(&bad), Err(CheckpointError::Damaged), "byte {place}");
        }
        let mut newer = good.clone();
        newer[10] = 99;
        assert_eq!(load::<Vec<f64>>(&newer), Err(CheckpointError::Version { found: 99 }));
        assert!(matches!(load::<f64>(&good), Err(CheckpointError::Kind(_))));
    }
}
