"""The tables, as a list of steps from nothing to now; a file remembers in `user_version` how many it has taken."""

from __future__ import annotations

# Times are ISO 8601 in UTC with microseconds, so that they also sort as text. Records are JSON beside the columns that
# queries need: a record only ever grows, and `sqlite3 journal.sqlite` can still answer questions about it.
MIGRATIONS = (
    """
    CREATE TABLE facts (
        key TEXT PRIMARY KEY,
        value TEXT NOT NULL
    ) WITHOUT ROWID;

    CREATE TABLE runs (
        run_id TEXT PRIMARY KEY,
        client TEXT NOT NULL,
        operation TEXT NOT NULL,
        started TEXT NOT NULL,
        finished TEXT,
        outcome TEXT,
        reason TEXT,
        record TEXT NOT NULL
    );
    CREATE INDEX runs_by_start ON runs (started);
    CREATE INDEX runs_by_client ON runs (client, started);
    CREATE INDEX runs_unfinished ON runs (started) WHERE finished IS NULL;

    CREATE TABLE progress (
        run_id TEXT PRIMARY KEY REFERENCES runs (run_id) ON DELETE CASCADE,
        progress TEXT NOT NULL
    );

    CREATE TABLE ledger (
        client TEXT NOT NULL,
        archive_id TEXT NOT NULL,
        name TEXT NOT NULL,
        started TEXT NOT NULL,
        run_id TEXT NOT NULL,
        archive TEXT NOT NULL,
        PRIMARY KEY (client, archive_id)
    ) WITHOUT ROWID;

    CREATE TABLE repositories (
        client TEXT PRIMARY KEY,
        repository_id TEXT NOT NULL,
        first_seen TEXT NOT NULL
    );

    -- The fold of all runs of a client: written in the transaction that ends a run, so that a scrape with 1,000
    -- clients and a year of history reads 1,000 rows, and so that counters outlive the pruning of the history.
    CREATE TABLE client_state (
        client TEXT NOT NULL,
        operation TEXT NOT NULL,
        last TEXT NOT NULL,
        last_success TEXT,
        consecutive_failures INTEGER NOT NULL,
        runs INTEGER NOT NULL,
        failures TEXT NOT NULL,
        duration_seconds REAL NOT NULL,
        original_bytes INTEGER NOT NULL,
        deduplicated_bytes INTEGER NOT NULL,
        archives INTEGER NOT NULL,
        PRIMARY KEY (client, operation)
    ) WITHOUT ROWID;

    CREATE TABLE requests (
        request_id INTEGER PRIMARY KEY AUTOINCREMENT,
        kind TEXT NOT NULL,
        client TEXT NOT NULL,
        operation TEXT NOT NULL,
        accept_shrink INTEGER NOT NULL,
        created TEXT NOT NULL,
        run_id TEXT NOT NULL DEFAULT '',
        refusal TEXT NOT NULL DEFAULT '',
        answered TEXT
    );
    CREATE INDEX requests_open ON requests (request_id) WHERE answered IS NULL;
    """,
    # How the repository stood at the end of its newest good run, as JSON; NULL until the first one that says so.
    """
    ALTER TABLE repositories ADD COLUMN point TEXT;
    """,
    # What is told to the operator. A notice stands here until it is delivered, so that no crash loses one; its channel
    # is a name, never a URL, since URLs hold secrets.
    """
    CREATE TABLE alarms (
        alarm_id TEXT PRIMARY KEY,
        client TEXT NOT NULL,
        kind TEXT NOT NULL,
        severity TEXT NOT NULL,
        sentence TEXT NOT NULL,
        raised TEXT NOT NULL,
        told TEXT,
        cleared TEXT
    ) WITHOUT ROWID;

    CREATE TABLE notices (
        notice_id INTEGER PRIMARY KEY AUTOINCREMENT,
        client TEXT NOT NULL,
        channel TEXT NOT NULL,
        event TEXT NOT NULL,
        severity TEXT NOT NULL,
        title TEXT NOT NULL,
        body TEXT NOT NULL,
        topic TEXT NOT NULL,
        created TEXT NOT NULL,
        next_try TEXT NOT NULL,
        attempts INTEGER NOT NULL DEFAULT 0,
        trouble TEXT NOT NULL DEFAULT ''
    );
    CREATE INDEX notices_by_topic ON notices (client, channel, topic);

    CREATE TABLE channels (
        kind TEXT PRIMARY KEY,
        attempts INTEGER NOT NULL,
        failures INTEGER NOT NULL,
        given_up INTEGER NOT NULL,
        last_success TEXT,
        last_failure TEXT,
        trouble TEXT NOT NULL
    ) WITHOUT ROWID;
    """,
    # What is to be restored, as JSON; NULL for everything else that is asked for.
    """
    ALTER TABLE requests ADD COLUMN restore TEXT;
    """,
    # From when to when a client's archives are, without reading them all.
    """
    CREATE INDEX ledger_by_start ON ledger (client, started);
    """,
    # What is left of a backup when its run is forgotten: the numbers that reports draw. Times are microseconds since
    # 1970 here, since a year of a thousand clients is half a million rows.
    """
    CREATE TABLE glances (
        started INTEGER NOT NULL,
        client TEXT NOT NULL,
        outcome TEXT NOT NULL,
        lasted INTEGER NOT NULL,
        original_size INTEGER,
        deduplicated_size INTEGER,
        disk_size INTEGER,
        PRIMARY KEY (started, client)
    ) WITHOUT ROWID;
    CREATE INDEX runs_by_outcome ON runs (outcome, started);

    -- Runs are forgotten sooner from here on; that a client ever wrote into its repository itself must not be.
    INSERT OR IGNORE INTO facts (key, value)
        SELECT DISTINCT 'borg_on_client/' || client, 'yes' FROM runs
        WHERE record ->> '$.method' IN ('socat', 'ssh-agent', 'remote-forward');
    """,
    # What `status` tells of the fold, beside its two records, and an index that has all of it and the fold's version.
    # `message` is JSON, as in the record. An index cannot hold what is computed from a record and be read alone.
    """
    ALTER TABLE client_state ADD COLUMN method TEXT;
    ALTER TABLE client_state ADD COLUMN outcome TEXT;
    ALTER TABLE client_state ADD COLUMN reason TEXT;
    ALTER TABLE client_state ADD COLUMN message TEXT;
    ALTER TABLE client_state ADD COLUMN finished TEXT;
    ALTER TABLE client_state ADD COLUMN good_started TEXT;
    ALTER TABLE client_state ADD COLUMN good_finished TEXT;
    ALTER TABLE client_state ADD COLUMN disk_bytes INTEGER;
    ALTER TABLE client_state ADD COLUMN listed_by TEXT;
    UPDATE client_state SET
        method = last ->> '$.method',
        outcome = last ->> '$.outcome',
        reason = last ->> '$.reason',
        message = last -> '$.message',
        finished = last ->> '$.finished',
        good_started = last_success ->> '$.started',
        good_finished = last_success ->> '$.finished',
        disk_bytes = last_success ->> '$.repository.disk_size',
        listed_by = last_success ->> '$.listed_by';
    CREATE INDEX standings ON client_state (
        operation, client, runs, archives, consecutive_failures,
        method, outcome, reason, message, finished, good_started, good_finished, disk_bytes, listed_by
    );
    """,
)
