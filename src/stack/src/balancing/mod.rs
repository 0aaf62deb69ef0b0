//! Load balancing: which replica gets a call, and which replicas are left out for a while.
