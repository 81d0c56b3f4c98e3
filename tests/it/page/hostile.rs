//! Nothing that strangers write runs.
