-- What was fetched from where an issuer's keys are, apart from the keys that people gave; and how asking for it went. `left_at`: since when
-- the issuer is not followed there any more. What was fetched there stays for a while, for who goes back.
CREATE TABLE key_sets (
  environment KEYTEXT NOT NULL REFERENCES environments (id),
  issuer KEYTEXT NOT NULL,
  jwks_uri KEYTEXT NOT NULL,
  attempts BIGINT NOT NULL,
  ended_at BIGINT NOT NULL,
  jwks TEXT,
  skipped BIGINT NOT NULL,
  fetched_at BIGINT,
  changed_at BIGINT,
  failures BIGINT NOT NULL,
  failing_since BIGINT,
  failure TEXT,
  left_at BIGINT,
  PRIMARY KEY (environment, issuer, jwks_uri)
);
