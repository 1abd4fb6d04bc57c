//! The examples of `terraform/`, planned, applied and served: the real Terraform and the real provider, on emulators of AWS. One program, so that
//! its scenarios share the cores to the last of them.

mod control;
mod data;
mod plans;
