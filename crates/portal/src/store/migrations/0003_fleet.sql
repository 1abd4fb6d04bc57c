-- Who runs what, as they report it. `enrolment` is the name on the token, so that nobody's report takes the place of another's.
CREATE TABLE fleet (
  environment KEYTEXT NOT NULL,
  team KEYTEXT NOT NULL,
  enrolment KEYTEXT NOT NULL,
  instance KEYTEXT NOT NULL,
  kind TEXT NOT NULL,
  name TEXT NOT NULL,
  version TEXT NOT NULL,
  epoch BIGINT NOT NULL,
  revision BIGINT NOT NULL,
  report TEXT NOT NULL,
  applied TEXT NOT NULL,
  first_at_ms BIGINT NOT NULL,
  reported_at_ms BIGINT NOT NULL,
  interval_ms BIGINT NOT NULL,
  PRIMARY KEY (environment, team, enrolment, instance)
);
CREATE INDEX fleet_reported ON fleet (reported_at_ms);

CREATE TABLE fleet_versions (
  environment KEYTEXT PRIMARY KEY REFERENCES environments (id),
  wanted TEXT,
  lowest TEXT
);

-- When its transaction was about to be committed, by the portal's clock: what propagation is measured from.
ALTER TABLE revisions ADD COLUMN made_at_ms BIGINT;
