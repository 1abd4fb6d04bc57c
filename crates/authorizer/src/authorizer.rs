//! An authorizer that was started: settings and a policy that go together, and the answer to each event.
//!
//! Pure: the caller reads files and clocks. The order is that of the gateway, `present`, `verify`, `decide`, on facts from
//! the event; what is refused before that, because the event is about no request, is always a Deny.

use crate::answer::{
    About, Answer, Context, Effect, PermitContext, PolicyAnswer, PolicyState, RefusalContext, SimpleAnswer,
    Statement,
};
use crate::arn::{Arn, everything};
use crate::event::{Event, Request, Shape};
use crate::floor::Source;
use crate::kept::{Kept, are_writable};
use crate::refused::Refused;
use crate::settings::{Response, Settings};
use feed::State;
use policy::method::Method;
use policy::path::CanonicalPath;
use policy::{Code, Decision, Facts, Permit, Policy, Proof, Recall, Rejection, Token, Verified};
use sha2::{Digest, Sha256};
use std::sync::Arc;

/// An authorizer that was started.
#[derive(Debug)]
pub struct Authorizer {
    settings: Settings,
    source: Source,
    /// Where API Gateway keeps answers.
    kept: Option<Kept>,
    /// How the policy is held.
    state: &'static str,
    /// With which code every request is refused, whatever the policy says.
    refuses: Option<Code>,
    /// The policy does not go with the settings.
    is_unfit: bool,
}

/// Why an authorizer does not start with this floor.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StartError {
    /// The floor lacks an API.
    #[error(
        "SWITCHBOARD_APIS names `{0}`, which is not in the floor; correct the id, or build the floor anew"
    )]
    UnknownApi(Box<str>),
    /// Only hosts tell two APIs apart.
    #[error(
        "SWITCHBOARD_APIS names `{0}` and `{1}`, which have the same base path under different hosts; \
         hosts play no part here: give each an authorizer of its own"
    )]
    SameBasePath(Box<str>, Box<str>),
    /// The wildcards of a policy would allow or deny something else.
    #[error(
        "SWITCHBOARD_RESULT_TTL_S is {ttl_s}, but an answer that is kept can't say `{operation}` of `{api}` exactly: {why}; \
         write 0, or change the operation"
    )]
    NotExact {
        /// The result TTL, in seconds.
        ttl_s: u32,
        /// The id of the API.
        api: Box<str>,
        /// The operation, as written.
        operation: Box<str>,
        /// Why.
        why: String,
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
    /// The code of a refusal; `None` where policy permits, and the answer can say so.
    pub code: Option<Code>,
    /// What was found on the way to the decision.
    pub reasons: Vec<String>,
    /// The answer.
    pub answer: Answer,
}

impl Authorizer {
    /// With settings and a policy that go together.
    ///
    /// # Errors
    /// Where they do not, as [`StartError`] says.
    pub fn start(settings: Settings, source: Source) -> Result<Authorizer, StartError> {
        check_apis(&settings, &source.policy)?;
        check_base_paths(&settings, &source.policy)?;
        let kept = kept(&settings, &source.policy)?;
        Ok(Authorizer {
            settings,
            source,
            kept,
            state: State::Floor.word(),
            refuses: None,
            is_unfit: false,
        })
    }

    /// Another policy is in force from here on. Where it does not go with the settings it is in force all the same, and every request is
    /// refused with `policy_unsupported`: what the former one permits may have been taken back.
    ///
    /// # Errors
    /// Where it does not, as [`StartError`] says. An API that is gone is none: nothing of it is permitted any more.
    pub fn follow(&mut self, policy: Policy, revision: u64) -> Result<(), StartError> {
        let fits = check_base_paths(&self.settings, &policy).and_then(|()| kept(&self.settings, &policy));
        self.source.policy = policy;
        self.source.revision = revision;
        self.is_unfit = fits.is_err();
        // A refusal is still for the whole stage where answers are kept.
        if let Some(kept) = fits? {
            self.kept = Some(kept);
        }
        Ok(())
    }

    /// How the policy is held, and whether it is too old to decide on.
    pub fn stand(&mut self, state: State, is_denied: bool) {
        self.state = state.word();
        self.refuses = match (self.is_unfit, is_denied) {
            (_, true) => Some(Code::PolicyStale),
            (true, false) => Some(Code::PolicyUnsupported),
            (false, false) => None,
        };
    }

    /// The policy that is in force.
    pub fn policy(&self) -> &Policy {
        &self.source.policy
    }

    /// The answer to an event. `now`: Unix seconds. `tell` is told of a refusal, and of nothing else.
    pub fn answer(&self, event: &[u8], now: u64, tell: impl FnOnce(&Refused<'_>)) -> Answer {
        self.answer_noting(event, now, tell, |_| ())
    }

    /// The same; `used` is told of each credential by which the request may pass, by its id as bytes.
    pub(crate) fn answer_noting(
        &self,
        event: &[u8],
        now: u64,
        tell: impl FnOnce(&Refused<'_>),
        used: impl FnMut(&[u8]),
    ) -> Answer {
        let event = Event::read(event);
        let request = match event.request(self.settings.path_prefix.as_ref()) {
            Ok(request) => request,
            Err(fault) => {
                tell(&Refused::at_once(fault, event.request_id()));
                return self.refusing(&event, Code::OperationUnknown).0;
            }
        };
        if let Some(code) = self.refuses {
            tell(&Refused::undecided(code, &request, event.request_id()));
            return self.refusing(&event, code).0;
        }
        let told = |decision: &Decision<'_>, code: Option<Code>| match (decision, code) {
            (_, Some(code)) => tell(&Refused::by(decision, code, &request, event.request_id())),
            (Decision::Permit(permit), None) => permit.credentials().for_each(used),
            (Decision::Reject(_), None) => {}
        };
        self.judge(&event, &request, now, told).0
    }

    /// The answer to an event, and why. `now`: Unix seconds.
    pub fn explain(&self, event: &[u8], now: u64) -> Explanation {
        let event = Event::read(event);
        let shape = event.shape.map(Shape::as_str);
        let request = match event.request(self.settings.path_prefix.as_ref()) {
            Ok(request) => request,
            Err(fault) => {
                return Explanation {
                    shape,
                    request: None,
                    fault: Some(fault.message()),
                    code: Some(Code::OperationUnknown),
                    reasons: Vec::new(),
                    answer: self.refusing(&event, Code::OperationUnknown).0,
                };
            }
        };
        let seen = |decision: &Decision<'_>, code| (code, decision.reasons());
        let (answer, (code, reasons)) = self.judge(&event, &request, now, seen);
        Explanation {
            shape,
            request: Some((request.verb.to_owned(), request.path.as_str().to_owned())),
            fault: None,
            code,
            reasons,
            answer,
        }
    }

    /// The answer to an event that is about a request, and what `look` sees of the decision, and of the code with which
    /// this request is refused.
    fn judge<T>(
        &self,
        event: &Event<'_>,
        request: &Request<'_>,
        now: u64,
        look: impl FnOnce(&Decision<'_>, Option<Code>) -> T,
    ) -> (Answer, T) {
        let policy = &self.source.policy;
        let fields = &request.fields;
        let facts = self.facts(request, &fields, &request.path, request.method);
        let proof = policy::verify(policy::present(policy, &facts, &()));
        let decision = policy::decide(policy, &facts, &proof, now);
        let http_api = event.shape.is_some_and(Shape::is_http_api);
        if let Decision::Reject(rejection) = &decision
            && rejection.code().status() == 401
            && !http_api
        {
            return (Answer::Unauthorized, look(&decision, Some(rejection.code())));
        }
        let (answer, code) = match (&self.kept, event.arn()) {
            // WebSocket APIs keep no answers.
            (Some(kept), Some(arn)) if event.shape != Some(Shape::WebSocket) => {
                let mut identity = None;
                let verified = proof.verified();
                let decide = |path: &CanonicalPath<'_>, method, permitted: &mut dyn FnMut(&Permit<'_>)| {
                    let facts = self.facts(request, &fields, path, Some(method));
                    let proof = proved(policy, &facts, verified.as_ref());
                    if let Decision::Permit(permit) = policy::decide(policy, &facts, &proof, now) {
                        permitted(&permit);
                    }
                };
                let statements =
                    kept.statements(&arn, decide, |permit| identity = Some(self.permitted(permit)));
                self.answer_for_all(event, &decision, statements, identity)
            }
            (_, arn) => self.answer_to(event, arn.as_ref(), &decision),
        };
        (answer, look(&decision, code))
    }

    fn facts<'f>(
        &'f self,
        request: &'f Request<'_>,
        fields: &'f dyn policy::Fields<'f>,
        path: &'f CanonicalPath<'f>,
        method: Option<Method>,
    ) -> Facts<'f> {
        Facts {
            host: None,
            path,
            method,
            fields,
            certificate: request.certificate.as_ref(),
            apis: Some(&self.settings.apis),
            cell: self.settings.cell.as_deref(),
        }
    }

    /// The answer for this request alone, and the code of a refusal.
    fn answer_to(
        &self,
        event: &Event<'_>,
        arn: Option<&Arn<'_>>,
        decision: &Decision<'_>,
    ) -> (Answer, Option<Code>) {
        let (permit, arn) = match (decision, arn) {
            (Decision::Permit(permit), Some(arn)) => (permit, arn),
            (Decision::Permit(_), None) => return self.refusing(event, Code::OperationUnknown),
            (Decision::Reject(rejection), _) => return self.rejecting(event, rejection),
        };
        let context = self.permitted(permit);
        let answer = if self.is_simple(event) {
            Answer::Simple(SimpleAnswer {
                is_authorized: true,
                context,
            })
        } else {
            let statement = Statement::new(Effect::Allow, About::One(arn.resource()));
            let counted = self.usage_identifier_key(event, &context);
            Answer::Policy(PolicyAnswer::new(context, vec![statement], counted))
        };
        if answer.fits() {
            return (answer, None);
        }
        self.refusing(event, Code::ClaimTooLarge)
    }

    /// The answer for everything that the client may call, and the code with which this request is refused: by all of it,
    /// or in the midst of what is granted.
    fn answer_for_all(
        &self,
        event: &Event<'_>,
        decision: &Decision<'_>,
        statements: Vec<Statement>,
        identity: Option<Context>,
    ) -> (Answer, Option<Code>) {
        let (false, Some(context)) = (statements.is_empty(), identity) else {
            return match decision {
                Decision::Reject(rejection) => self.rejecting(event, rejection),
                Decision::Permit(_) => self.refusing(event, Code::OperationUnknown),
            };
        };
        let counted = self.usage_identifier_key(event, &context);
        let writable = are_writable(&statements);
        let answer = Answer::Policy(PolicyAnswer::new(context, statements, counted));
        if !writable || !answer.fits() {
            return self.refusing(event, Code::PolicyUnsupported);
        }
        match decision {
            Decision::Reject(rejection) => (answer, Some(rejection.code())),
            Decision::Permit(_) => (answer, None),
        }
    }

    /// A refusal without a client.
    fn refusing(&self, event: &Event<'_>, code: Code) -> (Answer, Option<Code>) {
        (self.refusal(event, self.refused(code, None)), Some(code))
    }

    fn rejecting(&self, event: &Event<'_>, rejection: &Rejection<'_>) -> (Answer, Option<Code>) {
        let context = self.refused(rejection.code(), rejection.client_id());
        (self.refusal(event, context), Some(rejection.code()))
    }

    /// A Deny, of no more than the ARN where the answer is not kept.
    fn refusal(&self, event: &Event<'_>, context: Context) -> Answer {
        if self.is_simple(event) {
            return Answer::Simple(SimpleAnswer {
                is_authorized: false,
                context,
            });
        }
        let resource = match event.arn() {
            Some(arn) if self.kept.is_some() => arn.whole_stage(),
            Some(arn) => arn.resource(),
            None => everything(event.arn_text.as_deref()),
        };
        let statement = Statement::new(Effect::Deny, About::One(resource));
        Answer::Policy(PolicyAnswer::new(context, vec![statement], None))
    }

    fn is_simple(&self, event: &Event<'_>) -> bool {
        self.settings.response == Response::Simple && event.shape == Some(Shape::Http2)
    }

    /// By which API Gateway counts, where it has usage plans: never a key that was presented.
    fn usage_identifier_key(&self, event: &Event<'_>, context: &Context) -> Option<String> {
        if event.shape.is_some_and(Shape::is_http_api) {
            return None;
        }
        let client = context.client()?;
        let gateway = self.settings.gateway.as_deref().unwrap_or_default();
        let named = format!("{}\n{gateway}\n{client}", self.source.feed);
        // In hexadecimal: API Gateway takes letters and digits.
        let digest = Sha256::digest(named);
        Some(digest.iter().map(|byte| format!("{byte:02x}")).collect())
    }

    fn permitted(&self, permit: &Permit<'_>) -> Context {
        let told = |value: Option<&str>| value.unwrap_or_default().to_owned();
        Context::Permit(PermitContext {
            client: told(permit.client_id()),
            user: told(permit.user()),
            role: told(permit.role()),
            tenant: told(permit.tenant()),
            cell: told(permit.cell()),
            scopes: permit.scope_tokens().collect::<Vec<_>>().join(" "),
            policy: self.policy_state(),
        })
    }

    fn refused(&self, code: Code, client: Option<&str>) -> Context {
        Context::Refusal(RefusalContext {
            code: code.as_str(),
            message: code.message(),
            client: client.map(str::to_owned),
            policy: self.policy_state(),
        })
    }

    fn policy_state(&self) -> PolicyState {
        PolicyState {
            revision: self.source.revision,
            state: self.state,
        }
    }
}

/// The proof of what is shown on other facts: the signature of the same token is not checked again.
fn proved<'p>(policy: &'p Policy, facts: &Facts<'_>, verified: Option<&Verified>) -> Proof<'p> {
    let recall = Recalled(verified.map(|verified| Arc::clone(verified.token())));
    let claimed = policy::present(policy, facts, &recall);
    match verified {
        Some(verified) => claimed.recall(verified).unwrap_or_else(policy::verify),
        None => policy::verify(claimed),
    }
}

/// A token that was parsed already.
struct Recalled(Option<Arc<Token>>);

impl Recall for Recalled {
    fn token(&self, bytes: &[u8]) -> Option<Arc<Token>> {
        self.0.clone().filter(|token| token.bytes() == bytes)
    }
}

fn check_apis(settings: &Settings, policy: &Policy) -> Result<(), StartError> {
    match settings.apis.iter().find(|id| policy.api(id).is_none()) {
        Some(id) => Err(StartError::UnknownApi(id.clone())),
        None => Ok(()),
    }
}

/// Of the APIs that are there.
fn check_base_paths(settings: &Settings, policy: &Policy) -> Result<(), StartError> {
    let mut known: Vec<(&str, &str)> = Vec::new();
    for id in &settings.apis {
        let Some(base_path) = policy.api(id).map(|api| api.base_path()) else {
            continue;
        };
        if let Some((_, other)) = known.iter().find(|(known, _)| *known == base_path) {
            return Err(StartError::SameBasePath((*other).into(), id.clone()));
        }
        known.push((base_path, id));
    }
    Ok(())
}

/// Where API Gateway keeps answers.
fn kept(settings: &Settings, policy: &Policy) -> Result<Option<Kept>, StartError> {
    match settings.apis.first() {
        Some(api) if settings.result_ttl_s > 0 => {
            let kept = Kept::new(policy, api, settings.path_prefix.clone());
            kept.map(Some).map_err(|found| StartError::NotExact {
                ttl_s: settings.result_ttl_s,
                api: found.api,
                operation: found.operation,
                why: found.why,
            })
        }
        _ => Ok(None),
    }
}
