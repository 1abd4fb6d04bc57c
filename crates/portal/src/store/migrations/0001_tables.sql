-- One text for SQLite and PostgreSQL. KEYTEXT is a text that compares by bytes in both. Times are Unix seconds unless the name says ms.

CREATE TABLE users (
  id KEYTEXT PRIMARY KEY,
  name TEXT NOT NULL,
  email KEYTEXT,
  roles TEXT NOT NULL,
  state TEXT NOT NULL,
  version BIGINT NOT NULL,
  created_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX users_email ON users (email);

CREATE TABLE teams (
  id KEYTEXT PRIMARY KEY,
  name TEXT NOT NULL,
  state TEXT NOT NULL,
  version BIGINT NOT NULL,
  created_at BIGINT NOT NULL
);

CREATE TABLE memberships (
  team KEYTEXT NOT NULL REFERENCES teams (id),
  member KEYTEXT NOT NULL REFERENCES users (id),
  role TEXT NOT NULL,
  PRIMARY KEY (team, member)
);
CREATE INDEX memberships_member ON memberships (member);

CREATE TABLE tokens (
  id KEYTEXT PRIMARY KEY,
  sha256 KEYTEXT NOT NULL UNIQUE,
  kind TEXT NOT NULL,
  owner KEYTEXT,
  team KEYTEXT,
  environment KEYTEXT,
  name TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  expires_at BIGINT,
  ended_at BIGINT,
  used_at BIGINT
);
CREATE INDEX tokens_kind ON tokens (kind, id);
CREATE INDEX tokens_owner ON tokens (owner);

CREATE TABLE environments (
  id KEYTEXT PRIMARY KEY,
  position BIGINT NOT NULL,
  confirm_above BIGINT NOT NULL,
  second_approver BIGINT NOT NULL,
  created_at BIGINT NOT NULL
);

-- One row a feed: what a mutation takes first, so that the order of revisions is the order of transactions.
CREATE TABLE feeds (
  environment KEYTEXT PRIMARY KEY REFERENCES environments (id),
  epoch BIGINT NOT NULL,
  revision BIGINT NOT NULL,
  published BIGINT NOT NULL,
  published_epoch BIGINT NOT NULL,
  digest TEXT,
  commit_line TEXT,
  committed_at BIGINT NOT NULL,
  roots TEXT NOT NULL,
  keyring TEXT,
  keyring_next TEXT,
  republish BIGINT NOT NULL
);

CREATE TABLE entities (
  environment KEYTEXT NOT NULL REFERENCES environments (id),
  kind KEYTEXT NOT NULL,
  id KEYTEXT NOT NULL,
  version BIGINT NOT NULL,
  revision BIGINT NOT NULL,
  team KEYTEXT,
  status TEXT NOT NULL,
  details TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  changed_at BIGINT NOT NULL,
  record TEXT,
  PRIMARY KEY (environment, kind, id)
);
CREATE INDEX entities_team ON entities (environment, kind, team, id);

CREATE TABLE versions (
  environment KEYTEXT NOT NULL,
  kind KEYTEXT NOT NULL,
  id KEYTEXT NOT NULL,
  version BIGINT NOT NULL,
  revision BIGINT NOT NULL,
  actor TEXT NOT NULL,
  at BIGINT NOT NULL,
  status TEXT NOT NULL,
  body TEXT,
  PRIMARY KEY (environment, kind, id, version)
);
CREATE INDEX versions_revision ON versions (environment, revision);

-- The exact bytes that every carrier sends; `former` is what they replace, so that an earlier revision can be told.
CREATE TABLE outbox (
  environment KEYTEXT NOT NULL,
  revision BIGINT NOT NULL,
  item KEYTEXT NOT NULL,
  epoch BIGINT NOT NULL,
  record TEXT,
  former TEXT,
  PRIMARY KEY (environment, revision, item)
);

CREATE TABLE revisions (
  environment KEYTEXT NOT NULL,
  revision BIGINT NOT NULL,
  epoch BIGINT NOT NULL,
  actor TEXT NOT NULL,
  operation TEXT NOT NULL,
  records BIGINT NOT NULL,
  at BIGINT NOT NULL,
  digest TEXT,
  committed_at_ms BIGINT,
  commit_line TEXT,
  PRIMARY KEY (environment, revision)
);

-- What only one entity of an environment may have: the `iss` of an issuer, the id of a credential, what it is found by.
CREATE TABLE names (
  environment KEYTEXT NOT NULL,
  name KEYTEXT NOT NULL,
  kind KEYTEXT NOT NULL,
  id KEYTEXT NOT NULL,
  ended BIGINT NOT NULL,
  PRIMARY KEY (environment, name)
);
CREATE INDEX names_holder ON names (environment, kind, id);

-- Which entity names which other one.
CREATE TABLE links (
  environment KEYTEXT NOT NULL,
  kind KEYTEXT NOT NULL,
  id KEYTEXT NOT NULL,
  to_kind KEYTEXT NOT NULL,
  to_id KEYTEXT NOT NULL,
  PRIMARY KEY (environment, kind, id, to_kind, to_id)
);
CREATE INDEX links_to ON links (environment, to_kind, to_id, kind, id);

-- Where APIs are, for those that lie above and below each other.
CREATE TABLE claims (
  environment KEYTEXT NOT NULL,
  base_path KEYTEXT NOT NULL,
  api KEYTEXT NOT NULL,
  PRIMARY KEY (environment, base_path, api)
);
CREATE INDEX claims_api ON claims (environment, api);

CREATE TABLE grants (
  environment KEYTEXT NOT NULL,
  id KEYTEXT NOT NULL,
  client KEYTEXT NOT NULL,
  api KEYTEXT NOT NULL,
  scopes TEXT NOT NULL,
  plan KEYTEXT,
  state TEXT NOT NULL,
  asked_by TEXT NOT NULL,
  asked_at BIGINT NOT NULL,
  decided_by TEXT,
  decided_at BIGINT,
  PRIMARY KEY (environment, id)
);
CREATE UNIQUE INDEX grants_active ON grants (environment, client, api) WHERE state = 'active';
CREATE UNIQUE INDEX grants_asked ON grants (environment, client, api) WHERE state = 'requested';
CREATE INDEX grants_api ON grants (environment, api, state, id);

CREATE TABLE credential_uses (
  environment KEYTEXT NOT NULL,
  credential KEYTEXT NOT NULL,
  used_at BIGINT NOT NULL,
  PRIMARY KEY (environment, credential)
);

CREATE TABLE proposals (
  id KEYTEXT PRIMARY KEY,
  environment KEYTEXT NOT NULL,
  actor TEXT NOT NULL,
  operation TEXT NOT NULL,
  changes TEXT NOT NULL,
  counted BIGINT NOT NULL,
  state TEXT NOT NULL,
  at BIGINT NOT NULL,
  decided_by TEXT,
  decided_at BIGINT
);
CREATE INDEX proposals_environment ON proposals (environment, id);

CREATE TABLE chains (
  chain KEYTEXT PRIMARY KEY,
  position BIGINT NOT NULL,
  hash TEXT NOT NULL
);

CREATE TABLE audit (
  chain KEYTEXT NOT NULL,
  position BIGINT NOT NULL,
  at BIGINT NOT NULL,
  actor TEXT NOT NULL,
  actor_kind TEXT NOT NULL,
  request_id TEXT NOT NULL,
  operation TEXT NOT NULL,
  object KEYTEXT NOT NULL,
  revision BIGINT,
  before_text TEXT,
  after_text TEXT,
  former_hash TEXT NOT NULL,
  hash TEXT NOT NULL,
  PRIMARY KEY (chain, position)
);
CREATE INDEX audit_object ON audit (chain, object, position);

CREATE TABLE idempotency (
  actor KEYTEXT NOT NULL,
  name KEYTEXT NOT NULL,
  request_sha256 TEXT NOT NULL,
  status BIGINT NOT NULL,
  answer TEXT NOT NULL,
  at BIGINT NOT NULL,
  PRIMARY KEY (actor, name)
);
CREATE INDEX idempotency_at ON idempotency (at);

-- Who does what only one portal may do. `beat` moves while its holder lives; `term` is another one for each holder.
CREATE TABLE leases (
  name KEYTEXT PRIMARY KEY,
  holder TEXT NOT NULL,
  term BIGINT NOT NULL,
  beat BIGINT NOT NULL
);
INSERT INTO leases (name, holder, term, beat) VALUES ('publisher', '', 0, 0);
