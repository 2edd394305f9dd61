-- Times are seconds since 1970. Authors and texts are kept as hashes, but for the texts in `refusals`.

-- Every comment that was judged, whatever came of it.
CREATE TABLE sightings (
    id INTEGER PRIMARY KEY,
    seen_at INTEGER NOT NULL,
    post_id TEXT NOT NULL,
    -- The e-mail address; NULL where none was given.
    author INTEGER,
    -- The text; NULL where it is too short to tell anything.
    fingerprint INTEGER,
    outcome TEXT NOT NULL CHECK (outcome IN ('passed', 'held', 'refused'))
);
CREATE INDEX sightings_by_time ON sightings (seen_at);
CREATE INDEX sightings_by_author ON sightings (author, seen_at);
CREATE INDEX sightings_by_post ON sightings (post_id, seen_at);
CREATE INDEX sightings_by_fingerprint ON sightings (fingerprint, seen_at);

-- What similar texts have in common: two of them share most of their bands.
CREATE TABLE bands (
    band INTEGER NOT NULL,
    sighting_id INTEGER NOT NULL REFERENCES sightings (id) ON DELETE CASCADE,
    PRIMARY KEY (band, sighting_id)
) WITHOUT ROWID;
CREATE INDEX bands_by_sighting ON bands (sighting_id);

-- Who wrote a comment that was stored, until it is known whether it was approved.
CREATE TABLE signatures (
    comment_id TEXT PRIMARY KEY,
    author INTEGER NOT NULL,
    written_at INTEGER NOT NULL
) WITHOUT ROWID;

-- How many comments of somebody were approved: one row for an e-mail address, one for a nickname.
CREATE TABLE reputations (
    who INTEGER PRIMARY KEY,
    approved INTEGER NOT NULL,
    approved_at INTEGER NOT NULL
);
CREATE INDEX reputations_by_time ON reputations (approved_at);

-- The texts of refused comments, until they are learned from.
CREATE TABLE refusals (
    id INTEGER PRIMARY KEY,
    refused_at INTEGER NOT NULL,
    nickname TEXT NOT NULL,
    content TEXT NOT NULL
);

-- Approved comments that were learned from.
CREATE TABLE lessons (
    comment_id TEXT PRIMARY KEY,
    learned_at INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX lessons_by_time ON lessons (learned_at);

-- In how many comments of either kind a word was seen.
CREATE TABLE tokens (
    token TEXT PRIMARY KEY,
    ham INTEGER NOT NULL,
    spam INTEGER NOT NULL,
    seen_at INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX tokens_by_weight ON tokens (ham + spam, seen_at);

-- How many comments of either kind were learned from.
CREATE TABLE corpus (
    kind TEXT PRIMARY KEY CHECK (kind IN ('ham', 'spam')),
    documents INTEGER NOT NULL
) WITHOUT ROWID;
INSERT INTO corpus (kind, documents) VALUES ('ham', 0), ('spam', 0);
