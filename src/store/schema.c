#include "store/schema.h"

#include <glib/gstdio.h>

/* Why the tables are as they are:
 *
 * object    one row an id. `key` is SipHash(id) under the store's secret: a narrow index that
 * nobody can flood with collisions; the id itself decides. version   one row a (object, version,
 * bytes). `flags`: see store/row.h. The bytes lie in a pack. pack      the objects of one request
 * joined by commas, up to some 64 KiB: a page of a collection is mostly runs of packs, copied out
 * whole. value     SipHash(kind, canonical text) -> version: where observables and patterns name a
 * value. member    one row a version in a collection, by date_added. `last_until` and
 * `first_until`: the date_added of the member that took over as last (first) version of its object,
 * NULL while none has; equal to its own date_added when it never was. With them "last version as of
 * date U" is a comparison, so that a page never changes. Where the bytes lie stands
 *           here once more, so that a page needs no other table. */
static const char *const steps[] = {
    "CREATE TABLE meta (name TEXT PRIMARY KEY, value) WITHOUT ROWID;"
    "INSERT INTO meta VALUES ('hash_key', randomblob(16));"
    "CREATE TABLE source (number INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);"
    "CREATE TABLE type (number INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);"
    "CREATE TABLE object (number INTEGER PRIMARY KEY, key INTEGER NOT NULL, id TEXT NOT NULL,"
    " source INTEGER NOT NULL);"
    "CREATE INDEX object_key ON object (key);"
    "CREATE TABLE version (number INTEGER PRIMARY KEY, object INTEGER NOT NULL,"
    " version INTEGER NOT NULL, flags INTEGER NOT NULL, type INTEGER NOT NULL,"
    " source INTEGER NOT NULL, stored_at INTEGER NOT NULL, pack INTEGER NOT NULL,"
    " offset INTEGER NOT NULL, length INTEGER NOT NULL, sha256 BLOB NOT NULL);"
    "CREATE INDEX version_object ON version (object, version);"
    "CREATE INDEX version_type ON version (type, version);"
    "CREATE TABLE provenance (version INTEGER NOT NULL, source INTEGER NOT NULL,"
    " stored_at INTEGER NOT NULL, PRIMARY KEY (version, source)) WITHOUT ROWID;"
    "CREATE TABLE pack (number INTEGER PRIMARY KEY, data BLOB NOT NULL);"
    "CREATE TABLE value (key INTEGER NOT NULL, version INTEGER NOT NULL,"
    " PRIMARY KEY (key, version)) WITHOUT ROWID;"
    "CREATE TABLE root (number INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE,"
    " title TEXT NOT NULL, description TEXT);"
    "CREATE TABLE collection (number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE,"
    " root INTEGER NOT NULL, name TEXT NOT NULL UNIQUE, title TEXT NOT NULL, description TEXT,"
    " members INTEGER NOT NULL DEFAULT 0, last_added INTEGER NOT NULL DEFAULT 0);"
    "CREATE TABLE member (collection INTEGER NOT NULL, added INTEGER NOT NULL,"
    " version INTEGER NOT NULL, object INTEGER NOT NULL, type INTEGER NOT NULL,"
    " spec INTEGER NOT NULL, modified INTEGER NOT NULL, digits INTEGER NOT NULL,"
    " last_until INTEGER, first_until INTEGER, pack INTEGER NOT NULL, offset INTEGER NOT NULL,"
    " length INTEGER NOT NULL,"
    " PRIMARY KEY (collection, added)) WITHOUT ROWID;"
    "CREATE INDEX member_object ON member (collection, object, spec, modified);"
    "CREATE INDEX member_type ON member (collection, type, added);"
    "CREATE TABLE access (collection INTEGER NOT NULL, account TEXT NOT NULL,"
    " can_read INTEGER NOT NULL, can_write INTEGER NOT NULL,"
    " PRIMARY KEY (collection, account)) WITHOUT ROWID;"
    "CREATE TABLE account (name TEXT PRIMARY KEY, source TEXT NOT NULL, roles INTEGER NOT NULL,"
    " password_hash TEXT, disabled INTEGER NOT NULL DEFAULT 0, created INTEGER NOT NULL)"
    " WITHOUT ROWID;"
    "CREATE TABLE token (number INTEGER PRIMARY KEY, account TEXT NOT NULL, label TEXT NOT NULL,"
    " sha256 BLOB NOT NULL UNIQUE, created INTEGER NOT NULL, expires INTEGER NOT NULL);"
    "CREATE TABLE receipt (number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE,"
    " root TEXT NOT NULL, account TEXT NOT NULL, created INTEGER NOT NULL, json TEXT NOT NULL);"
    "CREATE INDEX receipt_created ON receipt (created);",

    /* Searches go by type in the order of the rows; by `modified` too, the index cost every new
     * version a place in the middle. */
    "DROP INDEX version_type;"
    "CREATE INDEX version_type ON version (type);",

    /* The node's own ledger (store/ledger.h). `ledger` has one row once there is one. An entry's
     * number is its index; item i of entry e is e * 4096 + i, so that both tables only ever grow at
     * the end; what was erased is NULL. `tile` has the hashes of tlog-tiles: all full tiles, and of
     * the levels above 0 those being filled. The rest of level 0 are the last entries. What
     * a restore could not bring back has an empty header and no nonce: lost, not erased. */
    "CREATE TABLE ledger (number INTEGER PRIMARY KEY CHECK (number = 0), origin TEXT NOT NULL,"
    " held INTEGER NOT NULL, frontier BLOB NOT NULL, checkpoint TEXT, ledger_key TEXT NOT NULL,"
    " cosign_key TEXT NOT NULL, recovery_key TEXT NOT NULL);"
    "CREATE TABLE key_change (entry INTEGER PRIMARY KEY, note TEXT NOT NULL);"
    "CREATE TABLE entry (number INTEGER PRIMARY KEY, entry BLOB NOT NULL, nonce BLOB,"
    " header BLOB);"
    "CREATE TABLE entry_item (number INTEGER PRIMARY KEY, nonce BLOB, data BLOB);"
    "CREATE TABLE tile (level INTEGER NOT NULL, number INTEGER NOT NULL, hashes BLOB NOT NULL,"
    " PRIMARY KEY (level, number)) WITHOUT ROWID;",

    /* What the public is shown of the ledger changes by the hour: `hourly` is the checkpoint that
     * was the newest when the hour began in which, at `sealed_at`, the present one was made. */
    "ALTER TABLE ledger ADD COLUMN sealed_at INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE ledger ADD COLUMN hourly TEXT;",

    /* Witnessing (store/witness.h). `watched_log`: others' logs; size, root and note are what the
     * log goes on from, vow_size and vow_root the largest tree of it that was ever cosigned, by
     * `line`. `evidence`: two signed checkpoints that convict a log. `witness`: who is asked about
     * the own ledger; `cosigned`: checkpoints of it that somebody has cosigned, `cosignature` how.
     */
    "CREATE TABLE watched_log (origin TEXT PRIMARY KEY, vkeys TEXT NOT NULL,"
    " watched INTEGER NOT NULL, size INTEGER, root BLOB, note TEXT, vow_size INTEGER,"
    " vow_root BLOB, cosigned_at INTEGER NOT NULL DEFAULT 0, line TEXT) WITHOUT ROWID;"
    "CREATE TABLE evidence (number INTEGER PRIMARY KEY, origin TEXT NOT NULL,"
    " found INTEGER NOT NULL, first TEXT NOT NULL, second TEXT NOT NULL, proof TEXT,"
    " settled INTEGER NOT NULL DEFAULT 0, decision TEXT);"
    "CREATE TABLE witness (number INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL UNIQUE,"
    " vkey TEXT NOT NULL, url TEXT NOT NULL, size INTEGER NOT NULL DEFAULT 0,"
    " asked INTEGER NOT NULL DEFAULT 0, cosigned INTEGER NOT NULL DEFAULT 0,"
    " status INTEGER NOT NULL DEFAULT 0, failure TEXT);"
    "CREATE TABLE cosigned (size INTEGER PRIMARY KEY, note TEXT NOT NULL, kept INTEGER NOT NULL);"
    "CREATE TABLE cosignature (size INTEGER NOT NULL, witness INTEGER NOT NULL,"
    " line TEXT NOT NULL, PRIMARY KEY (size, witness)) WITHOUT ROWID;",

    /* The exchange. `party`: origins of ledgers by number; 0 is everybody, and of records this
     * node. `delivery`: which entries of the own ledger are for whom (store/deliveries.h);
     * `granted_by` is the later entry that let it, `receipt` the entry of the party's ledger that
     * says it arrived. `record`: entries of others' ledgers as they came, and the own dispatches
     * (store/records.h); item i of record r is r * 4096 + i, its bytes those of a stored version or
     * its own. `answer`: what brought them, signed. */
    "CREATE TABLE party (number INTEGER PRIMARY KEY, origin TEXT NOT NULL UNIQUE);"
    "INSERT INTO party VALUES (0, '');"
    "CREATE TABLE delivery (party INTEGER NOT NULL, entry INTEGER NOT NULL, granted_by INTEGER,"
    " receipt INTEGER, PRIMARY KEY (party, entry)) WITHOUT ROWID;"
    "CREATE INDEX delivery_entry ON delivery (entry);"
    "CREATE TABLE record (number INTEGER PRIMARY KEY, party INTEGER NOT NULL,"
    " entry INTEGER NOT NULL, kind TEXT NOT NULL, made INTEGER NOT NULL, stored INTEGER NOT NULL,"
    " items INTEGER NOT NULL, bytes BLOB, nonce BLOB, header BLOB, item_nonces BLOB,"
    " granted_by INTEGER, answer INTEGER, title TEXT, tlp INTEGER, pap INTEGER, community TEXT,"
    " exercise INTEGER NOT NULL DEFAULT 0, expires INTEGER, state INTEGER NOT NULL DEFAULT 0,"
    " retracted_by INTEGER, reason TEXT, UNIQUE (party, entry));"
    "CREATE INDEX record_expires ON record (expires) WHERE expires IS NOT NULL AND state = 0;"
    "CREATE TABLE record_item (number INTEGER PRIMARY KEY, version INTEGER, data BLOB,"
    " refusal TEXT, retracted INTEGER);"
    "CREATE INDEX record_item_version ON record_item (version) WHERE version IS NOT NULL;"
    "CREATE INDEX record_item_retracted ON record_item (number) WHERE retracted IS NOT NULL;"
    "CREATE TABLE answer (number INTEGER PRIMARY KEY, party INTEGER NOT NULL,"
    " first INTEGER NOT NULL, end INTEGER NOT NULL, size INTEGER NOT NULL,"
    " arrived INTEGER NOT NULL, statement TEXT NOT NULL, checkpoint TEXT NOT NULL);"
    "CREATE INDEX answer_party ON answer (party, end);"
    "ALTER TABLE collection ADD COLUMN reach TEXT;"
    "INSERT OR IGNORE INTO party (origin) SELECT DISTINCT j.value FROM entry,"
    " json_each(CAST(entry.header AS TEXT), '$.audience') j WHERE length(entry.header) > 0"
    " AND json_type(CAST(entry.header AS TEXT), '$.audience') = 'array';"
    "INSERT INTO delivery (party, entry) SELECT p.number, entry.number FROM entry,"
    " json_each(CAST(entry.header AS TEXT), '$.audience') j JOIN party p ON p.origin = j.value"
    " WHERE length(entry.header) > 0"
    " AND json_type(CAST(entry.header AS TEXT), '$.audience') = 'array';"
    "INSERT INTO delivery (party, entry) SELECT 0, number FROM entry WHERE length(header) > 0"
    " AND json_extract(CAST(header AS TEXT), '$.audience') = 'public';",

    /* Peers (store/peers.h). The card lies at the end of the row, where looking a peer up at each
     * request does not read it. `changes`: the peer's ledger's key changes, oldest first. */
    "CREATE TABLE peer (number INTEGER PRIMARY KEY AUTOINCREMENT, origin TEXT NOT NULL UNIQUE,"
    " node TEXT NOT NULL UNIQUE, message_name TEXT UNIQUE, organisation TEXT,"
    " ours INTEGER NOT NULL DEFAULT 0, theirs INTEGER NOT NULL DEFAULT 0,"
    " ours_at INTEGER NOT NULL DEFAULT 0, theirs_at INTEGER NOT NULL DEFAULT 0,"
    " ended_at INTEGER NOT NULL DEFAULT 0, agreed INTEGER NOT NULL DEFAULT 0, reason TEXT,"
    " since INTEGER NOT NULL, compared INTEGER NOT NULL DEFAULT 0, card_number INTEGER NOT NULL,"
    " ledger_vkey TEXT NOT NULL, recovery_vkey TEXT NOT NULL, message_vkey TEXT NOT NULL,"
    " parcel_key TEXT NOT NULL, urls TEXT NOT NULL, tls TEXT NOT NULL,"
    " size INTEGER NOT NULL DEFAULT 0, root BLOB, checkpoint TEXT,"
    " cursor INTEGER NOT NULL DEFAULT 0, contacted INTEGER NOT NULL DEFAULT 0, failure TEXT,"
    " failed INTEGER NOT NULL DEFAULT 0, failures INTEGER NOT NULL DEFAULT 0,"
    " skew INTEGER NOT NULL DEFAULT 0, received INTEGER NOT NULL DEFAULT 0,"
    " sent INTEGER NOT NULL DEFAULT 0, traffic_day INTEGER NOT NULL DEFAULT 0,"
    " fork_reason TEXT, card TEXT NOT NULL, said TEXT);"
    "CREATE TABLE peer_change (number INTEGER PRIMARY KEY, peer INTEGER NOT NULL,"
    " note TEXT NOT NULL, UNIQUE (peer, note));"
    /* Posts that wait to be delivered (store/outbox.h), of each peer in order; next 0: given up. */
    "CREATE TABLE outbox (number INTEGER PRIMARY KEY AUTOINCREMENT, peer INTEGER NOT NULL,"
    " path TEXT NOT NULL, type TEXT NOT NULL, title TEXT NOT NULL, body BLOB NOT NULL,"
    " made INTEGER NOT NULL, tries INTEGER NOT NULL DEFAULT 0, next INTEGER NOT NULL,"
    " failure TEXT);"
    "CREATE INDEX outbox_peer ON outbox (peer, number);"
    /* Communities (store/communities.h), own ones and those of others. `records`: the newest number
     * of a membership record; `rules_number`: of the rulebook. */
    "CREATE TABLE community (number INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE,"
    " owner TEXT NOT NULL, title TEXT NOT NULL, rules_number INTEGER NOT NULL,"
    " rules BLOB NOT NULL, records INTEGER NOT NULL, complaint TEXT);"
    "CREATE TABLE community_member (community INTEGER NOT NULL, member TEXT NOT NULL,"
    " step INTEGER NOT NULL, votes INTEGER NOT NULL, record INTEGER NOT NULL,"
    " since INTEGER NOT NULL, PRIMARY KEY (community, member)) WITHOUT ROWID;",

    /* Followed sources (store/followed.h). */
    "CREATE TABLE followed (number INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL UNIQUE,"
    " kind INTEGER NOT NULL, url TEXT NOT NULL, remote TEXT, collection TEXT NOT NULL,"
    " source TEXT NOT NULL, level INTEGER NOT NULL, every INTEGER NOT NULL, auth INTEGER NOT NULL,"
    " user TEXT, since INTEGER NOT NULL, reading TEXT, paused INTEGER NOT NULL DEFAULT 0,"
    " added INTEGER NOT NULL, started INTEGER NOT NULL DEFAULT 0,"
    " finished INTEGER NOT NULL DEFAULT 0, succeeded INTEGER NOT NULL DEFAULT 0,"
    " due INTEGER NOT NULL, more INTEGER NOT NULL DEFAULT 0, failures INTEGER NOT NULL DEFAULT 0,"
    " failure TEXT, remark TEXT);"
    "CREATE TABLE followed_mark (followed INTEGER NOT NULL, part TEXT NOT NULL, mark TEXT NOT NULL,"
    " PRIMARY KEY (followed, part)) WITHOUT ROWID;"
    "CREATE TABLE followed_count (followed INTEGER NOT NULL, count INTEGER NOT NULL,"
    " last INTEGER NOT NULL, total INTEGER NOT NULL, PRIMARY KEY (followed, count)) WITHOUT ROWID;",

    /* Messages between people (store/messages.h). `post` (of outbox) takes one that was sent to the
     * peer, or the acknowledgement of one that came. `text` NULL: removed. */
    "CREATE TABLE message (number INTEGER PRIMARY KEY, peer INTEGER NOT NULL,"
    " incoming INTEGER NOT NULL, kind INTEGER NOT NULL, id TEXT NOT NULL, made INTEGER NOT NULL,"
    " kept INTEGER NOT NULL, text TEXT, exercise INTEGER NOT NULL, reply_to TEXT, post INTEGER,"
    " delivered INTEGER NOT NULL DEFAULT 0, acknowledged INTEGER NOT NULL DEFAULT 0,"
    " acknowledged_by TEXT, acknowledgement TEXT, UNIQUE (peer, incoming, kind, id));"
    "CREATE INDEX message_post ON message (post) WHERE post IS NOT NULL;"
    "CREATE INDEX message_new ON message (peer, kind)"
    " WHERE incoming = 1 AND acknowledged = 0 AND text IS NOT NULL;"
    "ALTER TABLE outbox ADD COLUMN urgent INTEGER NOT NULL DEFAULT 0;",

    /* Dossiers (store/dossiers.h). `dossier`: what follows from the events is kept so that many can
     * be listed; `source`: the node of which the first event came, NULL: this one; `due` NULL: no
     * clock runs. `event`: bytes as they came. */
    "CREATE TABLE dossier (number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE,"
    " procedure TEXT NOT NULL, source TEXT, events INTEGER NOT NULL DEFAULT 0,"
    " bytes INTEGER NOT NULL DEFAULT 0, title TEXT, opener TEXT, state TEXT,"
    " final INTEGER NOT NULL DEFAULT 0, opened INTEGER NOT NULL DEFAULT 0,"
    " last INTEGER NOT NULL DEFAULT 0, waits_for TEXT, waits_what TEXT,"
    " waits_here INTEGER NOT NULL DEFAULT 0, due INTEGER, machine TEXT,"
    " tlp INTEGER NOT NULL DEFAULT 0, void INTEGER NOT NULL DEFAULT 0,"
    " pending INTEGER NOT NULL DEFAULT 0, exercise INTEGER NOT NULL DEFAULT 0);"
    "CREATE INDEX dossier_last ON dossier (last);"
    "CREATE INDEX dossier_live ON dossier (last) WHERE final = 0;"
    "CREATE INDEX dossier_here ON dossier (last) WHERE waits_here = 1;"
    "CREATE INDEX dossier_due ON dossier (due) WHERE due IS NOT NULL;"
    "CREATE INDEX dossier_machine ON dossier (last) WHERE machine IS NOT NULL;"
    "CREATE INDEX dossier_source ON dossier (source, opener) WHERE final = 0;"
    "CREATE TABLE event (number INTEGER PRIMARY KEY, dossier INTEGER NOT NULL,"
    " hash BLOB NOT NULL UNIQUE, author TEXT NOT NULL, arrived INTEGER NOT NULL, source TEXT,"
    " entry INTEGER, bytes BLOB NOT NULL);"
    "CREATE INDEX event_dossier ON event (dossier, author);",

    /* What people put into collections that have a reach (store/placed.h). */
    "CREATE TABLE placed (collection INTEGER NOT NULL, version INTEGER NOT NULL,"
    " PRIMARY KEY (collection, version)) WITHOUT ROWID;",

    /* What peers were before (store/peer_past.h): the message keys of earlier cards, each with the
     * span of the author's clock in which it was the newest; the ledgers that the present ones
     * follow, with what proves what was received of them. */
    "CREATE TABLE peer_key (peer INTEGER NOT NULL, vkey TEXT NOT NULL, since INTEGER NOT NULL,"
    " until INTEGER NOT NULL, PRIMARY KEY (peer, vkey)) WITHOUT ROWID;"
    "CREATE TABLE peer_ledger (number INTEGER PRIMARY KEY, peer INTEGER NOT NULL,"
    " origin TEXT NOT NULL UNIQUE, ledger_vkey TEXT NOT NULL, changes TEXT NOT NULL,"
    " size INTEGER NOT NULL, root BLOB, checkpoint TEXT, cursor INTEGER NOT NULL,"
    " until INTEGER NOT NULL);",

    /* The indexes with random keys become two tables each, a small one for new rows and a large one
     * (store/keyed.h). */
    "DROP INDEX object_key;"
    "CREATE TABLE object_key (key INTEGER NOT NULL, object INTEGER NOT NULL,"
    " PRIMARY KEY (key, object)) WITHOUT ROWID;"
    "INSERT INTO object_key SELECT key, number FROM object ORDER BY key, number;"
    "ALTER TABLE object DROP COLUMN key;"
    "CREATE TABLE object_key_recent (key INTEGER NOT NULL, object INTEGER NOT NULL,"
    " PRIMARY KEY (key, object)) WITHOUT ROWID;"
    "CREATE TABLE value_recent (key INTEGER NOT NULL, version INTEGER NOT NULL,"
    " PRIMARY KEY (key, version)) WITHOUT ROWID;",

    /* Attachments (store/attachments.h). `attachment`: copies of files, by sender (party 0: added
     * here); `chunk`: number is attachment * 2^20 + place, and its bytes are in one of three
     * homes: `data`, the item `item` of a record, item 0 of `entry` of the own ledger. */
    "CREATE TABLE attachment (number INTEGER PRIMARY KEY, sha256 BLOB NOT NULL,"
    " party INTEGER NOT NULL, size INTEGER NOT NULL, here INTEGER NOT NULL DEFAULT 0,"
    " state INTEGER NOT NULL DEFAULT 0, malicious INTEGER NOT NULL DEFAULT 0,"
    " added INTEGER NOT NULL, UNIQUE (sha256, party, size));"
    "CREATE INDEX attachment_unchecked ON attachment (state) WHERE state = 1;"
    "CREATE TABLE chunk (number INTEGER PRIMARY KEY, entry INTEGER, item INTEGER, data BLOB);"
    "CREATE INDEX chunk_entry ON chunk (entry) WHERE entry IS NOT NULL;"
    "CREATE TABLE attachment_mention (number INTEGER PRIMARY KEY, event BLOB NOT NULL,"
    " place INTEGER NOT NULL, dossier TEXT NOT NULL, name TEXT NOT NULL, type TEXT NOT NULL,"
    " sha256 BLOB NOT NULL, size INTEGER NOT NULL, malicious INTEGER NOT NULL,"
    " UNIQUE (event, place));"
    "CREATE INDEX attachment_mention_sha256 ON attachment_mention (sha256);"
    "CREATE TABLE attachment_peer (attachment INTEGER NOT NULL, party INTEGER NOT NULL,"
    " sent INTEGER NOT NULL DEFAULT 0, count INTEGER NOT NULL, tlp INTEGER NOT NULL,"
    " pap INTEGER NOT NULL, exercise INTEGER NOT NULL, failure TEXT,"
    " PRIMARY KEY (attachment, party)) WITHOUT ROWID;"
    "CREATE INDEX attachment_waiting ON attachment_peer (attachment, sent)"
    " WHERE sent < count AND failure IS NULL;",

    /* Who answers for what (store/contacts.h), and mail to them (store/mails.h). `contact_stop`: of
     * what nobody is told; until 0: for good. `mail`: next 0: it went out, or was given up. */
    "CREATE TABLE contact (number INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, email TEXT,"
    " node TEXT, name TEXT, language TEXT, openpgp TEXT, source TEXT);"
    "CREATE TABLE contact_scope (number INTEGER PRIMARY KEY, contact INTEGER NOT NULL,"
    " kind INTEGER NOT NULL, value TEXT NOT NULL, source TEXT, UNIQUE (contact, kind, value));"
    "CREATE TABLE contact_route (number INTEGER PRIMARY KEY, prefix TEXT NOT NULL UNIQUE,"
    " asn INTEGER NOT NULL, source TEXT);"
    "CREATE TABLE contact_stop (stop INTEGER NOT NULL, kind INTEGER NOT NULL, value TEXT NOT NULL,"
    " reason TEXT, by TEXT, made INTEGER NOT NULL, until INTEGER NOT NULL,"
    " PRIMARY KEY (stop, value)) WITHOUT ROWID;"
    "CREATE TABLE mail (number INTEGER PRIMARY KEY, dossier TEXT NOT NULL, token TEXT NOT NULL,"
    " recipient TEXT NOT NULL, message_id TEXT NOT NULL UNIQUE, bytes BLOB NOT NULL,"
    " made INTEGER NOT NULL, next INTEGER NOT NULL, tries INTEGER NOT NULL DEFAULT 0,"
    " sent INTEGER NOT NULL DEFAULT 0, failure TEXT);"
    "CREATE INDEX mail_dossier ON mail (dossier);"
    "CREATE INDEX mail_token ON mail (token);"
    "CREATE INDEX mail_next ON mail (next) WHERE next > 0;"
    "CREATE INDEX mail_sent ON mail (sent) WHERE sent > 0;"
    "CREATE INDEX mail_recipient ON mail (recipient, sent);",

    /* Clocks (store/reminders.h). `reminder`: when a dossier is to be looked at; `reminded`: how
     * many reminders of a clock were given. */
    "CREATE TABLE reminder (dossier INTEGER PRIMARY KEY, at INTEGER NOT NULL);"
    "CREATE INDEX reminder_at ON reminder (at);"
    "CREATE TABLE reminded (dossier INTEGER NOT NULL, clock TEXT NOT NULL, started INTEGER NOT "
    "NULL,"
    " count INTEGER NOT NULL, PRIMARY KEY (dossier, clock, started)) WITHOUT ROWID;"
    "INSERT INTO reminder SELECT number, 0 FROM dossier WHERE due IS NOT NULL AND final = 0",

    /* How long copies are kept (store/retention.h): since when, and why, one must not be erased. */
    "ALTER TABLE record ADD COLUMN held INTEGER;"
    "ALTER TABLE record ADD COLUMN hold_reason TEXT;"
    "CREATE INDEX record_terms ON record (expires) WHERE expires IS NOT NULL AND state <> 4;"
    "CREATE INDEX record_stored ON record (stored) WHERE title IS NOT NULL AND state <> 4;",

    /* Nodes that peers introduced, cards that were sent along, and events that are to be sent on
     * (store/introductions.h). */
    "CREATE TABLE introduced (node TEXT PRIMARY KEY, card TEXT NOT NULL, ledger TEXT NOT NULL,"
    " recovery TEXT NOT NULL, message TEXT NOT NULL, number INTEGER NOT NULL, by TEXT NOT NULL,"
    " at INTEGER NOT NULL) WITHOUT ROWID;"
    "CREATE INDEX introduced_by ON introduced (by);"
    "CREATE TABLE introduced_to (node TEXT NOT NULL, peer TEXT NOT NULL, number INTEGER NOT NULL,"
    " PRIMARY KEY (node, peer)) WITHOUT ROWID;"
    "CREATE TABLE relay (event BLOB PRIMARY KEY, dossier TEXT NOT NULL) WITHOUT ROWID;",

    /* Where events that peers sent stand in these' ledgers, with proof (store/event_proofs.h). */
    "CREATE TABLE event_proof (event BLOB PRIMARY KEY, record INTEGER NOT NULL,"
    " place INTEGER NOT NULL, path BLOB NOT NULL) WITHOUT ROWID;",

    /* What is kept of dossiers for this node alone (store/desk.h). */
    "CREATE TABLE desk (dossier TEXT PRIMARY KEY, assignee TEXT NOT NULL, since INTEGER NOT NULL)"
    " WITHOUT ROWID;"
    "CREATE INDEX desk_assignee ON desk (assignee);"
    "CREATE TABLE desk_note (number INTEGER PRIMARY KEY, dossier TEXT NOT NULL, at INTEGER NOT "
    "NULL,"
    " author TEXT NOT NULL, text TEXT NOT NULL);"
    "CREATE INDEX desk_note_dossier ON desk_note (dossier);",

    /* In which hours the clocks of dossiers count (store/declared_hours.h); reminders by mail: how
     * many mails were made of a clock, and which mail goes before notices. */
    "CREATE TABLE declared_hours (node TEXT NOT NULL, since INTEGER NOT NULL, hours TEXT NOT NULL,"
    " PRIMARY KEY (node, since)) WITHOUT ROWID;"
    "ALTER TABLE reminded ADD COLUMN mailed INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE mail ADD COLUMN urgent INTEGER NOT NULL DEFAULT 0;",

    /* Of which clocks a coordinator was told that nobody answers (store/silences.h). */
    "CREATE TABLE silence (dossier TEXT NOT NULL, clock TEXT NOT NULL, started INTEGER NOT NULL,"
    " coordinator TEXT NOT NULL, entry INTEGER NOT NULL, is_over INTEGER NOT NULL DEFAULT 0,"
    " PRIMARY KEY (dossier, clock, started)) WITHOUT ROWID;"
    "CREATE INDEX silence_open ON silence (entry) WHERE is_over = 0;",

    /* Peers as witnesses of each other (store/peer_witness.h). `peer`: through whom a log is
     * watched or a witness asked; NULL: a person said so. `peer_witness`: what was done for a peer,
     * so that what a person undoes stays undone. */
    "ALTER TABLE watched_log ADD COLUMN peer INTEGER;"
    "ALTER TABLE witness ADD COLUMN peer INTEGER;"
    "CREATE TABLE peer_witness (peer INTEGER PRIMARY KEY, watching INTEGER NOT NULL,"
    " asking INTEGER NOT NULL);",

    /* Machines that fetch exports (store/consumers.h). */
    "CREATE TABLE consumer (name TEXT PRIMARY KEY, sha256 BLOB NOT NULL UNIQUE,"
    " formats TEXT NOT NULL, created INTEGER NOT NULL, expires INTEGER NOT NULL) WITHOUT ROWID;",

    /* Contacts' certificates for S/MIME (store/contacts.h), which go with them. */
    "CREATE TABLE contact_smime (contact INTEGER PRIMARY KEY, certificate BLOB NOT NULL,"
    " until INTEGER NOT NULL);"
    "CREATE TRIGGER contact_smime_gone AFTER DELETE ON contact BEGIN"
    " DELETE FROM contact_smime WHERE contact = old.number; END;",

    /* What may block, who approved it, what never does (store/releases.h). meta: "release" is the
     * number of the one in force, "never_block_changes" counts. */
    "CREATE TABLE shield_release (number INTEGER PRIMARY KEY, base INTEGER NOT NULL,"
    " made INTEGER NOT NULL, by TEXT NOT NULL, selection TEXT, over_limit TEXT,"
    " digest BLOB NOT NULL, entries INTEGER NOT NULL, vals INTEGER NOT NULL,"
    " added INTEGER NOT NULL, removed INTEGER NOT NULL, dangerous INTEGER NOT NULL,"
    " standing INTEGER NOT NULL, approver TEXT, approved INTEGER, second TEXT, seconded INTEGER,"
    " since INTEGER NOT NULL, until INTEGER NOT NULL, content BLOB);"
    "CREATE TABLE shield_never (value TEXT PRIMARY KEY, kind TEXT NOT NULL, by TEXT NOT NULL,"
    " reason TEXT, made INTEGER NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE shield_standing (number INTEGER PRIMARY KEY AUTOINCREMENT, source TEXT NOT NULL,"
    " kind TEXT, min_confidence INTEGER NOT NULL, daily INTEGER NOT NULL, made INTEGER NOT NULL,"
    " until INTEGER NOT NULL, by TEXT NOT NULL, paused INTEGER NOT NULL DEFAULT 0,"
    " day INTEGER NOT NULL DEFAULT 0, used INTEGER NOT NULL DEFAULT 0,"
    " waiting INTEGER NOT NULL DEFAULT 0);",

    /* Files of events of others (`author`), to be sent on once they are here whole
     * (store/attachments.h). */
    "CREATE TABLE attachment_wanted (sha256 BLOB NOT NULL, size INTEGER NOT NULL,"
    " party INTEGER NOT NULL, dossier TEXT NOT NULL, author INTEGER NOT NULL,"
    " tlp INTEGER NOT NULL, pap INTEGER NOT NULL, exercise INTEGER NOT NULL,"
    " PRIMARY KEY (sha256, size, party, dossier, author)) WITHOUT ROWID;"
    "CREATE INDEX attachment_wanted_author ON attachment_wanted (author);",

    /* Events that claim times ahead (store/held_events.h). */
    "CREATE TABLE held_event (hash BLOB PRIMARY KEY, dossier TEXT NOT NULL, type TEXT NOT NULL,"
    " author TEXT NOT NULL, source TEXT NOT NULL, time INTEGER NOT NULL, arrived INTEGER NOT NULL,"
    " until INTEGER NOT NULL, bytes BLOB NOT NULL) WITHOUT ROWID;"
    "CREATE INDEX held_event_source ON held_event (source);"
    "CREATE INDEX held_event_until ON held_event (until);"
    "CREATE INDEX held_event_dossier ON held_event (dossier);",

    /* When a peer's clock was last compared with ours, by ours (node/own_clock.h). */
    "ALTER TABLE peer ADD COLUMN skew_at INTEGER NOT NULL DEFAULT 0;"
    "UPDATE peer SET skew_at = contacted",
};

guint schema_latest(void)
{
    return G_N_ELEMENTS(steps);
}

static gboolean read_version(Sqlite *db, gint64 *ret_version, GError **error)
{
    gint64 version, application;
    if (!sqlite_get_int(db, "PRAGMA user_version", 0, &version, error) ||
        !sqlite_get_int(db, "PRAGMA application_id", 0, &application, error))
        return FALSE;
    if (application != SCHEMA_APPLICATION_ID && (version != 0 || application != 0)) {
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT, "%s is not a Concert store",
                    db->path);
        return FALSE;
    }
    *ret_version = version;
    return TRUE;
}

static gboolean refuse_newer(Sqlite *db, gint64 version, guint latest, GError **error)
{
    if (version <= latest)
        return TRUE;
    g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_NEWER,
                "%s was written by a newer Concert (schema %" G_GINT64_FORMAT
                ", this one knows %u); use that version",
                db->path, version, latest);
    return FALSE;
}

gboolean schema_check(Sqlite *db, GError **error)
{
    gint64 version;
    if (!read_version(db, &version, error) || !refuse_newer(db, version, schema_latest(), error))
        return FALSE;
    if (version < schema_latest()) {
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_CONFLICT,
                    "%s is of schema %" G_GINT64_FORMAT
                    ", this Concert needs %u: start `concert serve` or any writing command once to "
                    "migrate it",
                    db->path, version, schema_latest());
        return FALSE;
    }
    return TRUE;
}

static gboolean copy_before(Sqlite *db, guint newest, GError **error)
{
    g_autofree char *copy = g_strdup_printf("%s.before-%u", db->path, newest);
    g_unlink(copy); /* left by a migration that was cut short */
    sqlite3_stmt *statement = sqlite_prepare(db, "VACUUM INTO ?1", error);
    if (!statement)
        return FALSE;
    sqlite_bind_text(statement, 1, copy);
    return sqlite_run(db, statement, error);
}

static gboolean take_steps(Sqlite *db, const char *const *list, gint64 from, guint count,
                           GError **error)
{
    for (gint64 i = from; i < count; i++)
        if (!sqlite_exec(db, list[i], error))
            return FALSE;
    g_autofree char *stamp = g_strdup_printf("PRAGMA application_id=%d; PRAGMA user_version=%u",
                                             SCHEMA_APPLICATION_ID, count);
    return sqlite_exec(db, stamp, error);
}

gboolean schema_migrate_steps(Sqlite *db, const char *const *list, guint count, GError **error)
{
    gint64 version;
    if (!read_version(db, &version, error) || !refuse_newer(db, version, count, error))
        return FALSE;
    if (version == count)
        return TRUE;
    if (version > 0 && !copy_before(db, count, error))
        return FALSE;

    if (!sqlite_exec(db, "BEGIN IMMEDIATE", error))
        return FALSE;
    if (!take_steps(db, list, version, count, error)) {
        sqlite3_exec(db->handle, "ROLLBACK", NULL, NULL, NULL);
        return FALSE;
    }
    return sqlite_exec(db, "COMMIT", error);
}

gboolean schema_migrate_to(Sqlite *db, guint count, GError **error)
{
    return schema_migrate_steps(db, steps, MIN(count, schema_latest()), error);
}

gboolean schema_migrate(Sqlite *db, GError **error)
{
    return schema_migrate_steps(db, steps, schema_latest(), error);
}
