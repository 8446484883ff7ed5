-- What charge points are, and how those of a kind take limits.
CREATE TABLE breed (
    point TEXT PRIMARY KEY,
    vendor TEXT NOT NULL,
    model TEXT NOT NULL,
    firmware TEXT NOT NULL              -- empty where the charge point told none
) STRICT, WITHOUT ROWID;

CREATE TABLE manner (
    vendor TEXT NOT NULL,
    model TEXT NOT NULL,
    firmware TEXT NOT NULL,
    manner TEXT NOT NULL,               -- JSON
    PRIMARY KEY (vendor, model, firmware)
) STRICT, WITHOUT ROWID;
