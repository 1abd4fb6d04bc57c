-- How far each feed is in Kafka; no row: nothing was published there yet. `republish` is the request of that number that was met last.
CREATE TABLE kafka (
  environment KEYTEXT PRIMARY KEY REFERENCES environments (id),
  epoch BIGINT NOT NULL,
  revision BIGINT NOT NULL,
  republish BIGINT NOT NULL
);
