-- How often what happened, for each day, month or year and each post. The empty id stands for the site as a whole and
-- for posts that are gone. What a month or year holds is no longer in the days or months that it was made of.
CREATE TABLE counts (
    grain TEXT NOT NULL CHECK (grain IN ('day', 'month', 'year')),
    -- 2026-11-28, 2026-11 or 2026
    period TEXT NOT NULL,
    post_id TEXT NOT NULL,
    views INTEGER NOT NULL DEFAULT 0,
    comments INTEGER NOT NULL DEFAULT 0,
    created INTEGER NOT NULL DEFAULT 0,
    deleted INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (grain, period, post_id)
) WITHOUT ROWID;

-- The view count of each post as it was last read.
CREATE TABLE readings (
    post_id TEXT PRIMARY KEY,
    views INTEGER NOT NULL
) WITHOUT ROWID;

-- The view counts of the posts that are being read just now.
CREATE TABLE page (
    post_id TEXT PRIMARY KEY,
    views INTEGER NOT NULL
) WITHOUT ROWID;

-- The events that are counted, so that none counts twice.
CREATE TABLE booked (
    event_id TEXT PRIMARY KEY,
    day TEXT NOT NULL
) WITHOUT ROWID;
