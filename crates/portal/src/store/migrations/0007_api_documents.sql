-- The OpenAPI documents of APIs, as they were sent. The newest version is the one that holds; without text: it was taken away.
CREATE TABLE api_documents (
  environment KEYTEXT NOT NULL REFERENCES environments (id),
  api KEYTEXT NOT NULL,
  version BIGINT NOT NULL,
  at BIGINT NOT NULL,
  actor TEXT NOT NULL,
  format TEXT NOT NULL,
  sha256 TEXT NOT NULL,
  size_bytes BIGINT NOT NULL,
  summary TEXT NOT NULL,
  document TEXT,
  PRIMARY KEY (environment, api, version)
);
