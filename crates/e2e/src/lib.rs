//! The harness: real processes, ports from 0, bounded waits on a condition.
