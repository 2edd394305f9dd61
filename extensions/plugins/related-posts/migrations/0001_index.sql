-- The posts in the index.
CREATE TABLE documents (
    id INTEGER PRIMARY KEY,
    post_id TEXT NOT NULL UNIQUE,
    -- The version of the post that was read.
    version INTEGER NOT NULL,
    -- Words of its text.
    words INTEGER NOT NULL
);

-- The terms that they hold, and in how many documents each stands.
CREATE TABLE terms (
    id INTEGER PRIMARY KEY,
    term TEXT NOT NULL UNIQUE,
    documents INTEGER NOT NULL DEFAULT 0
);

-- How much each term weighs in each document. The weights of a document make a vector of length 1.
CREATE TABLE postings (
    term INTEGER NOT NULL,
    document INTEGER NOT NULL,
    weight REAL NOT NULL,
    PRIMARY KEY (term, document)
) WITHOUT ROWID;

CREATE INDEX postings_by_document ON postings (document);

CREATE TRIGGER posting_added AFTER INSERT ON postings BEGIN
    UPDATE terms SET documents = documents + 1 WHERE id = new.term;
END;

CREATE TRIGGER posting_removed AFTER DELETE ON postings BEGIN
    UPDATE terms SET documents = documents - 1 WHERE id = old.term;
    DELETE FROM terms WHERE id = old.term AND documents = 0;
END;

CREATE TRIGGER document_removed AFTER DELETE ON documents BEGIN
    DELETE FROM postings WHERE document = old.id;
END;

-- How far the walk through all posts has come that builds the index, and later checks it.
CREATE TABLE walk (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    -- The id of the last post that was looked at.
    position TEXT NOT NULL,
    -- Whether it is at its end.
    done INTEGER NOT NULL,
    -- Whether it has ever been there.
    built INTEGER NOT NULL
);

INSERT INTO walk (one, position, done, built) VALUES (1, '', 0, 0);
