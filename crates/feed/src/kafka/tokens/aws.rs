//! A token for Amazon MSK: a URL of `kafka-cluster:Connect`, signed with Signature Version 4 as a query, in base64url. As AWS's own signers
//! make it (aws/aws-msk-iam-sasl-signer-python, docs.aws.amazon.com/msk "IAM access control").

use super::{TokenError, unix_ms};
use crate::aws::Credentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SignatureLocation, SigningSettings, sign};
use aws_sigv4::sign::v4;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hyper::Request;
use rdkafka::client::OAuthToken;
use std::time::{Duration, SystemTime};

/// How long it is taken for; AWS's own signers ask for the same.
const LIFE: Duration = Duration::from_secs(900);

pub(super) fn token(
    region: &str,
    credentials: &Credentials,
    now: SystemTime,
) -> Result<OAuthToken, TokenError> {
    let identity = credentials.identity().into();
    let mut settings = SigningSettings::default();
    settings.signature_location = SignatureLocation::QueryParams;
    settings.expires_in = Some(LIFE);
    let params = v4::SigningParams::builder()
        .identity(&identity)
        .region(region)
        .name("kafka-cluster")
        .time(now)
        .settings(settings)
        .build()
        .map_err(|_| TokenError::Sign)?
        .into();
    // The partition of China has a suffix of its own.
    let suffix = if region.starts_with("cn-") { ".cn" } else { "" };
    let host = format!("kafka.{region}.amazonaws.com{suffix}");
    let url = format!("https://{host}/?Action=kafka-cluster%3AConnect");
    let headers = std::iter::once(("host", host.as_str()));
    let request =
        SignableRequest::new("GET", &url, headers, SignableBody::Bytes(&[])).map_err(|_| TokenError::Sign)?;
    let (signed, _) = sign(request, &params).map_err(|_| TokenError::Sign)?.into_parts();
    let mut request = Request::get(&url).body(()).map_err(|_| TokenError::Sign)?;
    signed.apply_to_request_http1x(&mut request);
    // Behind the signature, as AWS's own signers put it.
    let url = format!("{}&User-Agent=switchboard", request.uri());
    Ok(OAuthToken {
        token: URL_SAFE_NO_PAD.encode(url),
        principal_name: "switchboard".to_owned(),
        lifetime_ms: unix_ms(
            credentials
                .until()
                .map_or(now + LIFE, |until| until.min(now + LIFE)),
        ),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::UNIX_EPOCH;

    #[test]
    fn a_token_is_a_signed_url_that_says_its_time_and_region() {
        let now = UNIX_EPOCH + Duration::from_secs(1_763_900_421);
        let credentials = Credentials::for_tests(
            "AKIDEXAMPLE",
            "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
            Some("to/ken+="),
        );
        let made = token("eu-west-1", &credentials, now).unwrap();
        assert_eq!(made.lifetime_ms, 1_763_901_321_000);
        let url = String::from_utf8(URL_SAFE_NO_PAD.decode(made.token).unwrap()).unwrap();
        for part in [
            "https://kafka.eu-west-1.amazonaws.com/?Action=kafka-cluster%3AConnect&",
            "X-Amz-Algorithm=AWS4-HMAC-SHA256",
            "X-Amz-Credential=AKIDEXAMPLE%2F20251123%2Feu-west-1%2Fkafka-cluster%2Faws4_request",
            "X-Amz-Date=20251123T122021Z",
            "X-Amz-Expires=900",
            "X-Amz-SignedHeaders=host",
            "X-Amz-Security-Token=to%2Fken%2B%3D",
            // Made with botocore 1.43's SigV4QueryAuth of the same values.
            "X-Amz-Signature=b798509a4fbb00dc94b9b4cbf6666f243c3ad167882da2d7bd059ca8463f544e",
        ] {
            assert!(url.contains(part), "{part} in {url}");
        }
        assert!(url.ends_with("&User-Agent=switchboard"), "{url}");
        assert!(!url.contains("wJalr"), "{url}");
        let of_china = token("cn-north-1", &credentials, now).unwrap();
        let url = String::from_utf8(URL_SAFE_NO_PAD.decode(of_china.token).unwrap()).unwrap();
        assert!(
            url.starts_with("https://kafka.cn-north-1.amazonaws.com.cn/?"),
            "{url}"
        );
    }
}
