CREATE TABLE record (
    point TEXT NOT NULL,
    subject TEXT NOT NULL,
    body TEXT NOT NULL,                 -- JSON
    PRIMARY KEY (point, subject)
) STRICT, WITHOUT ROWID;

CREATE TABLE notice (
    point TEXT NOT NULL,
    at INTEGER NOT NULL,
    notice TEXT NOT NULL,
    action TEXT NOT NULL,
    payload TEXT NOT NULL,              -- JSON
    PRIMARY KEY (point, at, notice)
) STRICT, WITHOUT ROWID;
CREATE INDEX notice_at ON notice (at);
