//! The `switchboard` binary: reads the command line and wires the parts together; no behaviour of its own.

fn main() {}
