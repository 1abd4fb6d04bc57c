/** The version that is told to the portal: the one of the Rust workspace, to which a test holds it. */

export const VERSION = "0.1.0";
