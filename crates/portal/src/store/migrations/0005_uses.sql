-- When each credential was used last, as gateways report it; apart from its client, so that a use makes no version and no revision. `name` is as
-- in `names`; `watched_since`: nothing is known of the time before; `used_at`: the beginning of a minute, in Unix seconds. Whoever reported the
-- use: the team and the name on its token.
-- The one that was there before had no place for what is watched and unused; nothing wrote to it.
DROP TABLE credential_uses;
CREATE TABLE credential_uses (
  environment KEYTEXT NOT NULL,
  name KEYTEXT NOT NULL,
  watched_since BIGINT NOT NULL,
  used_at BIGINT,
  team TEXT,
  enrolment TEXT,
  PRIMARY KEY (environment, name)
);
