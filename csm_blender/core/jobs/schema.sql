-- The job store of CSM Refine. Times are ISO 8601 in UTC; *_json columns hold JSON. No key and no signed URL is in here.
CREATE TABLE IF NOT EXISTS counter (revision INTEGER NOT NULL);  -- one row; grows with every change to a job
INSERT INTO counter SELECT 0 WHERE NOT EXISTS (SELECT 1 FROM counter);

CREATE TABLE IF NOT EXISTS jobs (
    job_id           TEXT PRIMARY KEY,
    revision         INTEGER NOT NULL,            -- counter.revision at the last change of this row
    state            TEXT NOT NULL,               -- QUEUED … PLACED, FAILED, CANCELLED, UNCERTAIN
    session_code     TEXT NOT NULL,
    object_name      TEXT NOT NULL,               -- the block-out, when the job was made
    blend_file       TEXT NOT NULL,
    scene_name       TEXT NOT NULL,
    base_url         TEXT NOT NULL,               -- the service; empty for a job that asks nothing of one
    run_id           TEXT NOT NULL,               -- jobs of one command-line call
    message          TEXT NOT NULL DEFAULT '',    -- in English
    message_json     TEXT NOT NULL DEFAULT '',    -- its template and values, to show it in another language
    progress         REAL NOT NULL DEFAULT 0,     -- 0 to 1
    error_json       TEXT,                        -- {"code", "message", "hint"}
    spec_json        TEXT NOT NULL,               -- all that was decided when the job was made
    baseline_json    TEXT,                        -- how the session looked before the refine was asked for
    result_json      TEXT NOT NULL DEFAULT '{}',  -- what the converter measured
    glb_sha256       TEXT NOT NULL DEFAULT '',
    created_at       TEXT NOT NULL,
    updated_at       TEXT NOT NULL,
    posted_at        TEXT NOT NULL DEFAULT '',    -- written before the refine request goes out
    accepted_at      TEXT NOT NULL DEFAULT '',    -- the service is known to have accepted it
    finished_at      TEXT NOT NULL DEFAULT '',
    seen_running     INTEGER NOT NULL DEFAULT 0,
    watched_s        REAL NOT NULL DEFAULT 0,
    faults           INTEGER NOT NULL DEFAULT 0,
    fault_s          REAL NOT NULL DEFAULT 0,
    looks_left       INTEGER NOT NULL DEFAULT 0,
    gets             INTEGER NOT NULL DEFAULT 0,
    posts            INTEGER NOT NULL DEFAULT 0,
    download_bytes   INTEGER NOT NULL DEFAULT 0,
    cancel_requested INTEGER NOT NULL DEFAULT 0,
    lease_owner      TEXT NOT NULL DEFAULT '',    -- which worker works on the job …
    lease_until      REAL NOT NULL DEFAULT 0      -- … until when (Unix seconds), unless renewed
);
CREATE INDEX IF NOT EXISTS jobs_by_revision ON jobs (revision);
CREATE INDEX IF NOT EXISTS jobs_by_state ON jobs (state);
CREATE INDEX IF NOT EXISTS jobs_by_session ON jobs (session_code);

CREATE TABLE IF NOT EXISTS events (               -- every change of state, for people and for support
    job_id  TEXT NOT NULL,
    at      TEXT NOT NULL,
    state   TEXT NOT NULL,
    message TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS events_by_job ON events (job_id);
