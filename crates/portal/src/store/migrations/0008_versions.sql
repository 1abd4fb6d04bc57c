-- What of one kind changed after a revision: issuers, before a way back.
CREATE INDEX versions_kind ON versions (environment, kind, revision);
