//! Why an authorizer cannot begin to follow, or a look brought nothing.
//!
//! What is told here may stand in a log: no token, nothing of a body.

use std::io;

/// Why an authorizer does not start to follow.
#[derive(Debug, thiserror::Error)]
pub enum FollowFault {
    /// Nobody says whose signatures count.
    #[error(
        "{0} is set, and the floor is not signed: nobody says whose signatures count; export the floor from the portal, or \
         leave the variable out"
    )]
    Unsigned(&'static str),
    /// A token's file.
    #[error("{variable} is `{path}`: {fault}; write the path of a file with the token alone")]
    TokenFile {
        /// The variable.
        variable: &'static str,
        /// Its value.
        path: String,
        /// What is wrong.
        fault: String,
    },
    /// The file of certificates.
    #[error(
        "SWITCHBOARD_CA_FILE is `{path}`: {fault}; write the path of a PEM file with at least one certificate"
    )]
    CaFile {
        /// Its value.
        path: String,
        /// What is wrong.
        fault: String,
    },
    /// The system trusts nobody.
    #[error("this system has no root certificates; name a PEM file in SWITCHBOARD_CA_FILE")]
    NoRoots,
    /// TLS cannot be set up.
    #[error("TLS cannot be set up")]
    Tls(#[source] rustls::Error),
    /// A host that no certificate can be for.
    #[error("{0} is not a name that a certificate can be for")]
    Name(Box<str>),
    /// The file that says where Kafka is.
    #[cfg(feature = "kafka")]
    #[error("SWITCHBOARD_KAFKA: {0}")]
    Kafka(feed::kafka::FileError),
    /// No thread can be made.
    #[cfg(feature = "kafka")]
    #[error("there is no thread to read Kafka with: {0}")]
    Thread(io::Error),
    /// No random numbers.
    #[error("the system gives no random numbers")]
    NoRandom,
}

/// Why a look brought nothing.
#[derive(Debug, thiserror::Error)]
pub(super) enum Failure {
    #[error("the server's name cannot be looked up ({0})")]
    Lookup(io::ErrorKind),
    #[error("nobody answers ({0})")]
    Connect(io::ErrorKind),
    #[error("TLS fails: {0}")]
    Tls(io::Error),
    #[error("the exchange breaks off")]
    Broken(#[source] hyper::Error),
    #[error("the answer is {0}")]
    Status(u16),
    #[error("the answer is larger than {0} bytes")]
    TooLarge(u64),
    #[error("the file cannot be read ({0})")]
    File(io::ErrorKind),
    #[error("nothing came for a while")]
    Silent,
}
