//! Kafka as a carrier of a feed: brokers, topic, and who one is there.

use crate::configuration::decode::{At, Required, Slot, Text, choice, map};

map! {
    /// A feed's topic in Kafka. Only reading it has to be allowed: no consumer group is joined and nothing is committed.
    Kafka {
        /// Some of the brokers, each as `HOST:PORT`; they tell of the others.
        #[schemars(extend("examples" = [["kafka-1.example.com:9093", "kafka-2.example.com:9093"]]))]
        "brokers" brokers: Required<Vec<At<Text>>>,
        /// The topic, where it is not `switchboard.policy.` and the name of the feed.
        "topic" topic: Slot<Text>,
        /// TLS to every broker; `{}` where the system's certificates are trusted and none is shown.
        "tls" tls: Slot<KafkaTls>,
        /// Who this gateway is to the brokers.
        "sasl" sasl: Slot<KafkaSasl>,
    }
}

map! {
    /// TLS to Kafka. Certificates and names are always verified.
    KafkaTls {
        /// A file of certificates (PEM) that are trusted in place of the system's.
        "ca" ca: Slot<Text>,
        /// A file with the client certificate and its chain (PEM).
        "certificate" certificate: Slot<Text>,
        /// A file with its private key (PEM).
        "key" key: Slot<Text>,
        /// What the private key is encrypted with.
        #[schemars(extend("examples" = ["${file:/run/secrets/kafka-key-password}"]))]
        "key_password" key_password: Slot<Text>,
    }
}

map! {
    /// SASL to Kafka. All but SCRAM need `tls`, as what they send is a credential.
    KafkaSasl {
        /// How.
        "mechanism" mechanism: Required<KafkaMechanism>,
        /// With SCRAM and PLAIN: the user.
        "user" user: Slot<Text>,
        /// With SCRAM and PLAIN: the password.
        #[schemars(extend("examples" = ["${file:/run/secrets/kafka}"]))]
        "password" password: Slot<Text>,
        /// With OAUTHBEARER: a file with a token, which somebody else keeps fresh.
        "token_file" token_file: Slot<Text>,
        /// With OAUTHBEARER: the `https` URL of a token endpoint, which is asked by client credentials.
        "token_url" token_url: Slot<Text>,
        /// With `token_url`: the client's id.
        "client_id" client_id: Slot<Text>,
        /// With `token_url`: the client's secret.
        "client_secret" client_secret: Slot<Text>,
        /// With `token_url`: the scope that is asked for.
        "scope" scope: Slot<Text>,
        /// With AWS_MSK_IAM: the region of the cluster. Credentials are those of where the gateway runs.
        #[schemars(extend("examples" = ["eu-west-1"]))]
        "region" region: Slot<Text>,
    }
}

choice! {
    /// How one says who one is.
    KafkaMechanism {
        /// A password that does not travel.
        "SCRAM-SHA-256" ScramSha256,
        /// A password that does not travel.
        "SCRAM-SHA-512" ScramSha512,
        /// A password.
        "PLAIN" Plain,
        /// A token.
        "OAUTHBEARER" OAuthBearer,
        /// Amazon MSK's IAM.
        "AWS_MSK_IAM" AwsMskIam,
    }
}
