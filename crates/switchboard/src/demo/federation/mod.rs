//! The second act of the demo: a portal and the gateways of two teams, each a process of its own, and one policy for both.
//!
//! `program` starts this binary in another role, `place` holds their files, `people` is who may do what, and `story` tells. What is killed here is
//! really killed.

mod people;
mod place;
mod program;
mod story;

pub(super) use story::Federation;
