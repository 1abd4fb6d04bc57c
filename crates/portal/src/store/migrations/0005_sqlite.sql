INSERT INTO credential_uses (environment, name, watched_since)
SELECT environment, name, CAST(strftime('%s', 'now') AS INTEGER) FROM names WHERE name LIKE 'credential:%';
