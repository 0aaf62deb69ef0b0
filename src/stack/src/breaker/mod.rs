//! Circuit breakers: whether a call may go out at all, and what the caller gets if not.
