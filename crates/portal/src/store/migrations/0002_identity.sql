-- How users, gateways and the sealed account say who they are.

-- argon2id, in the PHC string format.
CREATE TABLE passwords (
  member KEYTEXT PRIMARY KEY REFERENCES users (id),
  phc TEXT NOT NULL,
  changed_at BIGINT NOT NULL
);

-- Users as an identity provider knows them.
CREATE TABLE provider_users (
  issuer KEYTEXT NOT NULL,
  subject KEYTEXT NOT NULL,
  member KEYTEXT NOT NULL REFERENCES users (id),
  signed_in_at BIGINT NOT NULL,
  PRIMARY KEY (issuer, subject)
);
CREATE INDEX provider_users_member ON provider_users (member);

-- What the provider's groups gave a user at their last sign-in, beside what the portal gave: replaced with each. An empty team: a role in the
-- organisation.
CREATE TABLE group_roles (
  member KEYTEXT NOT NULL REFERENCES users (id),
  team KEYTEXT NOT NULL,
  role TEXT NOT NULL,
  PRIMARY KEY (member, team)
);
CREATE INDEX group_roles_team ON group_roles (team);

ALTER TABLE tokens ADD COLUMN read_only BIGINT NOT NULL DEFAULT 0;

-- One row at most: the sealed account. `used_at`: since when its seal is broken.
CREATE TABLE sealed (
  id KEYTEXT PRIMARY KEY,
  sha256 KEYTEXT NOT NULL,
  made_at BIGINT NOT NULL,
  used_at BIGINT,
  uses BIGINT NOT NULL
);
