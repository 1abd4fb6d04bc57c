//! An authorizer that was started: settings and a policy that go together, and the answer to each event.
//!
//! Pure: the caller reads files and clocks. The order is that of the gateway, `present`, `verify`, `decide`, on facts from
//! the event; what is refused before that, because the event is about no request, is always a Deny.

use crate::answer::{About, Answer, Context, Effect, PolicyAnswer, SimpleAnswer, Statement};
use crate::arn::everything;
use crate::cached::{self, Cached};
use crate::event::{Event, Request, Shape};
use crate::settings::{Response, Settings};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use feed::Floor;
use policy::{Code, Decision, Facts, Permit, Policy};
use sha2::{Digest, Sha256};

/// An authorizer that was started.
#[derive(Debug)]
pub struct Authorizer {
    settings: Settings,
    policy: Policy,
    /// The name of the feed that the policy came from.
    feed: Box<str>,
    revision: u64,
}

/// Why an authorizer does not start with this floor.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StartError {
    /// The floor lacks an API.
    #[error("SWITCHBOARD_APIS names `{0}`, which is not in the floor; correct the id, or build the floor anew")]
    UnknownApi(Box<str>),
    /// Only hosts tell two APIs apart.
    #[error(
        "SWITCHBOARD_APIS names `{0}` and `{1}`, which have the same base path under different hosts; \
         hosts play no part here: give each an authorizer of its own"
    )]
    SameBasePath(Box<str>, Box<str>),
    /// The wildcards of a policy would allow or deny something else.
    #[error(
        "SWITCHBOARD_RESULT_TTL_S is {ttl_s}, but `{api}` has what an answer that is kept can't say exactly: {reason}; \
         write 0, or change the operations"
    )]
    NotExact {
        /// The result TTL, in seconds.
        ttl_s: u32,
        /// The id of the API.
        api: Box<str>,
        /// What it has.
        reason: String,
    },
}

/// Why an event is answered as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explanation {
    /// Which kind of event it is, in words; `None` where it is none.
    pub shape: Option<&'static str>,
    /// What is called, as policy sees it: method and path. `None` where the event is about no request.
    pub request: Option<(String, String)>,
    /// Why the event is about no request.
    pub fault: Option<&'static str>,
    /// The code of a refusal; `None` where policy permits.
    pub code: Option<Code>,
    /// What was found on the way to the decision.
    pub reasons: Vec<String>,
    /// The answer.
    pub answer: Answer,
}

/// A decision, or why there is none, as far as an answer needs it.
struct Outcome {
    code: Option<Code>,
    context: Context,
}

impl Authorizer {
    /// With settings and a floor that go together.
    pub fn start(settings: Settings, floor: Floor) -> Result<Authorizer, StartError> {
        let authorizer = Authorizer {
            feed: floor.feed().into(),
            revision: floor.revision(),
            policy: floor.into_policy(),
            settings,
        };
        authorizer.check()?;
        Ok(authorizer)
    }

    fn check(&self) -> Result<(), StartError> {
        let apis = &self.settings.apis;
        let api = |id: &str| self.policy.api(id).ok_or_else(|| StartError::UnknownApi(id.into()));
        for (place, id) in apis.iter().enumerate() {
            let base_path = api(id)?.base_path();
            for other in &apis[..place] {
                if api(other)?.base_path() == base_path {
                    return Err(StartError::SameBasePath(other.clone(), id.clone()));
                }
            }
        }
        if self.settings.result_ttl_s > 0 {
            cached::check(&self.policy, &apis[0]).map_err(|reason| StartError::NotExact {
                ttl_s: self.settings.result_ttl_s,
                api: apis[0].clone(),
                reason,
            })?;
        }
        Ok(())
    }

    /// The answer to an event. `now`: Unix seconds.
    pub fn answer(&self, event: &[u8], now: u64) -> Answer {
        self.judge(event, now, false).answer
    }

    /// The answer to an event, and why. `now`: Unix seconds.
    pub fn explain(&self, event: &[u8], now: u64) -> Explanation {
        self.judge(event, now, true)
    }

    fn judge(&self, event: &[u8], now: u64, explained: bool) -> Explanation {
        let event = Event::read(event);
        let shape = event.shape.map(Shape::as_str);
        let request = match event.request(self.settings.path_prefix.as_ref()) {
            Ok(request) => request,
            Err(fault) => {
                let code = Some(Code::OperationUnknown);
                return Explanation {
                    shape,
                    request: None,
                    fault: Some(fault.message()),
                    code,
                    reasons: Vec::new(),
                    answer: self.refusal(&event, self.refused(Code::OperationUnknown, None)),
                };
            }
        };
        let proof = policy::verify(policy::present(&self.policy, &self.facts(&request), &()));
        let decision = policy::decide(&self.policy, &self.facts(&request), &proof, now);
        let outcome = match &decision {
            Decision::Permit(permit) => self.permitted(permit),
            Decision::Reject(rejection) => self.refused(rejection.code(), rejection.client_id()),
        };
        Explanation {
            shape,
            request: explained.then(|| (request.verb.to_owned(), request.path.as_str().to_owned())),
            fault: None,
            code: outcome.code,
            reasons: if explained { decision.reasons() } else { Vec::new() },
            answer: self.answer_to(&event, &request, outcome, now),
        }
    }

    fn facts<'f>(&'f self, request: &'f Request<'_>) -> Facts<'f> {
        self.facts_at(request, &request.path, request.method)
    }

    /// The answer to an event that is about a request.
    fn answer_to(&self, event: &Event<'_>, request: &Request<'_>, outcome: Outcome, now: u64) -> Answer {
        let http_api = event.shape.is_some_and(Shape::is_http_api);
        if outcome.code.is_some_and(|code| code.status() == 401) && !http_api {
            return Answer::Unauthorized;
        }
        // WebSocket APIs keep no answers.
        if self.settings.result_ttl_s > 0 && event.shape != Some(Shape::WebSocket) {
            return self.answer_for_all(event, request, outcome, now);
        }
        if outcome.code.is_some() {
            return self.refusal(event, outcome);
        }
        let Some(arn) = event.arn() else {
            return self.refusal(event, outcome);
        };
        let answer = match self.settings.response {
            Response::Simple if event.shape == Some(Shape::Http2) => Answer::Simple(SimpleAnswer {
                is_authorized: true,
                context: outcome.context,
            }),
            _ => {
                let statement = Statement::new(Effect::Allow, About::One(arn.resource()));
                let counted = (!http_api).then(|| self.usage_identifier_key(&outcome.context)).flatten();
                Answer::Policy(PolicyAnswer::new(outcome.context, vec![statement], counted))
            }
        };
        if answer.fits() {
            return answer;
        }
        self.refusal(event, self.refused(Code::ClaimTooLarge, None))
    }

    /// A Deny, of no more than the ARN where the answer is not kept.
    fn refusal(&self, event: &Event<'_>, outcome: Outcome) -> Answer {
        if self.settings.response == Response::Simple && event.shape == Some(Shape::Http2) {
            return Answer::Simple(SimpleAnswer {
                is_authorized: false,
                context: outcome.context,
            });
        }
        let resource = match event.arn() {
            Some(arn) if self.settings.result_ttl_s > 0 => arn.whole_stage(),
            Some(arn) => arn.resource(),
            None => everything(event.arn_text.as_deref()),
        };
        let statement = Statement::new(Effect::Deny, About::One(resource));
        Answer::Policy(PolicyAnswer::new(outcome.context, vec![statement], None))
    }

    fn refused(&self, code: Code, client: Option<&str>) -> Outcome {
        Outcome {
            code: Some(code),
            context: Context {
                code: Some(code.as_str()),
                client: client.map(str::to_owned),
                ..self.context()
            },
        }
    }
}
