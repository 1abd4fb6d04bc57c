INSERT INTO credential_uses (environment, name, watched_since)
SELECT environment, name, CAST(EXTRACT(EPOCH FROM now()) AS BIGINT) FROM names WHERE name LIKE 'credential:%';
