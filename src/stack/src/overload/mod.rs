//! Overload protection: how much is retried, admitted, and worked on at the same time.
