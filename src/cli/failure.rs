//! How a command ends other than well, and which exit code that is.

use std::fmt;
use std::process::ExitCode;

use hms_lab::inputs::InputError;
use hms_lab::results::ResultsError;

/// Why a command did not succeed. The exit codes are part of the interface; scripts rely on them.
#[derive(Debug)]
pub(crate) enum Failure {
    /// 1: it did not work, or a check says no.
    Failed(String),
    /// 2: the input is wrong: a flag, a file, a value.
    Invalid(String),
    /// 5: runs are missing.
    Incomplete(String),
    /// 6: two runs that should be equal are not.
    Determinism(String),
    /// 7: a target is not reached.
    Missed(String),
    /// 100: some trials of a campaign failed.
    TrialsFailed(String),
    /// 130: Ctrl-C.
    Interrupted(String),
}

impl Failure {
    /// The exit code.
    pub(crate) fn code(&self) -> ExitCode {
        ExitCode::from(match self {
            Failure::Failed(_) => 1,
            Failure::Invalid(_) => 2,
            Failure::Incomplete(_) => 5,
            Failure::Determinism(_) => 6,
            Failure::Missed(_) => 7,
            Failure::TrialsFailed(_) => 100,
            Failure::Interrupted(_) => 130,
        })
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Failure::Failed(message)
        | Failure::Invalid(message)
        | Failure::Incomplete(message)
        | Failure::Determinism(message)
        | Failure::Missed(message)
        | Failure::TrialsFailed(message)
        | Failure::Interrupted(message)) = self;
        f.write_str(message)
    }
}

/// Scenario, stack or their files are wrong.
impl From<InputError> for Failure {
    fn from(error: InputError) -> Self {
        Failure::Invalid(error.to_string())
    }
}

/// A place that holds something else is the user's choice; the rest is the disk's.
impl From<ResultsError> for Failure {
    fn from(error: ResultsError) -> Self {
        match error {
            ResultsError::NotFound { .. } | ResultsError::NoManifest { .. } | ResultsError::Occupied { .. } => {
                Failure::Invalid(error.to_string())
            }
            ResultsError::BadManifest { .. }
            | ResultsError::Version { .. }
            | ResultsError::Missing { .. }
            | ResultsError::Damaged { .. }
            | ResultsError::Table { .. }
            | ResultsError::Io { .. } => Failure::Failed(error.to_string()),
        }
    }
}
