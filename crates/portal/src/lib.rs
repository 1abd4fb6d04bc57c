//! The control plane: the source of truth for who may do what, who may change it, and how a change is published.

pub mod identity;
