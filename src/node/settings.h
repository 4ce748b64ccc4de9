/* settings.h - the one table of what concert.conf may say.
 *
 * A row says everything about a setting: where it stands, what it may be, what it is when nobody
 * says anything, and what it is for. The reader (node/config.h), `concert config`, the commented
 * file that `concert init` writes and the manual concert.conf(5) all come from these rows. To add a
 * setting: add its name to SettingId and its row in settings.c, and read it where it is used. */
#pragma once

#include <glib.h>

typedef enum {
    SETTING_STRING,    /* one line of UTF-8; min and max bound its length in bytes */
    SETTING_HOSTNAME,  /* a DNS-like name: letters, digits, '-', '.' */
    SETTING_PATH,      /* a file; relative to the directory concert.conf is in */
    SETTING_INT,       /* a whole number from min to max */
    SETTING_SIZE,      /* bytes, with K, M or G for powers of 1024; from min to max */
    SETTING_DURATION,  /* seconds, with s, min, h or d; from min to max seconds */
    SETTING_BOOL,      /* yes or no */
    SETTING_ENUM,      /* one of `allowed` */
    SETTING_ADDRESSES, /* "192.0.2.1:443, [2001:db8::1]:443"; at most max of them */
} SettingType;

typedef enum {
    SETTING_NODE_NAME,
    SETTING_NODE_ORGANISATION,
    SETTING_NODE_SIGNATORY,

    SETTING_SERVER_LISTEN,
    SETTING_SERVER_TLS, /* index: 0 auto, 1 on, 2 off */
    SETTING_SERVER_TLS_CERTIFICATE,
    SETTING_SERVER_TLS_KEY,
    SETTING_SERVER_THREADS,
    SETTING_SERVER_MAX_CONNECTIONS,
    SETTING_SERVER_MAX_CONNECTIONS_PER_ADDRESS,
    SETTING_SERVER_REQUEST_DEADLINE,
    SETTING_SERVER_MAX_REQUEST_BYTES,
    SETTING_SERVER_REQUESTS_PER_SECOND,
    SETTING_SERVER_ACCOUNT_REQUESTS_PER_SECOND,
    SETTING_SERVER_CACHE_BYTES,
    SETTING_SERVER_SHUTDOWN_GRACE,

    SETTING_TAXII_TITLE,
    SETTING_TAXII_DESCRIPTION,
    SETTING_TAXII_CONTACT,
    SETTING_TAXII_PAGE_LIMIT,
    SETTING_TAXII_MAX_PAGE_BYTES,
    SETTING_TAXII_LEVEL, /* index: an ObjectLevel */

    SETTING_IMPORT_LEVEL, /* index: an ObjectLevel */
    SETTING_IMPORT_SOURCE,
    SETTING_IMPORT_COLLECTION,

    SETTING_LEDGER_KEY_PASSPHRASE_FILE,
    SETTING_LEDGER_PUBLIC,
    SETTING_LEDGER_COSIGN_INTERVAL,
    SETTING_LEDGER_COSIGN_ASK_INTERVAL,
    SETTING_LEDGER_POLICY,

    SETTING_EXCHANGE_INTERVAL,
    SETTING_EXCHANGE_LONG_POLL,
    SETTING_EXCHANGE_ANSWER_BYTES,
    SETTING_EXCHANGE_DAILY_BYTES,
    SETTING_EXCHANGE_UNMARKED, /* index: a MarkingTlp less one */
    SETTING_EXCHANGE_MINIMISE, /* policy/minimise.h */
    SETTING_EXCHANGE_RETENTION,
    SETTING_EXCHANGE_EXPIRED_RETENTION,
    SETTING_EXCHANGE_WITNESS_PEERS,

    SETTING_CARD_URL,
    SETTING_CARD_AFFILIATION,
    SETTING_CARD_ROLES,
    SETTING_CARD_LANGUAGES,
    SETTING_CARD_CONTACTS,
    SETTING_CARD_CONSTITUENCY_IP,
    SETTING_CARD_CONSTITUENCY_AS,
    SETTING_CARD_CONSTITUENCY_DOMAINS,
    SETTING_CARD_LISTED,
    SETTING_CARD_DIRECTORY,

    SETTING_FETCH_ALLOW_PRIVATE,
    SETTING_FETCH_MAX_BYTES,
    SETTING_FETCH_TIMEOUT,
    SETTING_FETCH_CA_FILE,

    SETTING_SHIELD_SUPPRESS,
    SETTING_SHIELD_UNMARKED, /* index: 0 none, 1 clear, 2 green */
    SETTING_SHIELD_CHANGE_LIMIT,
    SETTING_SHIELD_DRY_RUN_LOGS,
    SETTING_SHIELD_RESOLVERS,
    SETTING_SHIELD_OWN_APPROVAL,
    SETTING_SHIELD_STANDING_INTERVAL,
    SETTING_SHIELD_SIGHTINGS, /* index: 0 off, 1 record, 2 return */

    SETTING_FOLLOW_EVERY,
    SETTING_FOLLOW_PAGE_LIMIT,
    SETTING_FOLLOW_RUN_TIME,
    SETTING_FOLLOW_RUN_BYTES,

    SETTING_CLOCK_HOURS,
    SETTING_CLOCK_COMMAND,
    SETTING_CLOCK_SECOND_COMMAND,
    SETTING_CLOCK_MAIL,
    SETTING_CLOCK_MAIL_SECOND,

    SETTING_NOTIFY_LANGUAGE,
    SETTING_NOTIFY_TEMPLATES,
    SETTING_NOTIFY_FOUR_EYES,
    SETTING_NOTIFY_URGENCY,

    SETTING_MAIL_SERVER,
    SETTING_MAIL_USER,
    SETTING_MAIL_PASSWORD_FILE,
    SETTING_MAIL_CA_FILE,
    SETTING_MAIL_FROM,
    SETTING_MAIL_REPLY_TO,
    SETTING_MAIL_PLUS_ADDRESS,
    SETTING_MAIL_PER_HOUR,
    SETTING_MAIL_PER_CONTACT_HOUR,
    SETTING_MAIL_GNUPG,
    SETTING_MAIL_SIGN_KEY,
    SETTING_MAIL_SMIME_CERTIFICATE,
    SETTING_MAIL_SMIME_KEY,

    SETTING_COUNT
} SettingId;

typedef struct {
    const char *section;
    const char *name;
    SettingType type;
    gint64 min, max;        /* see SettingType */
    const char *fallback;   /* the default, as it would be written; NULL: not set */
    const char *allowed[8]; /* of SETTING_ENUM; NULL-terminated */
    const char *help;       /* sentences, for the manual and the commented file */
} Setting;

typedef struct {
    const char *name;
    const char *help;
} SettingsSection;

/* The row of @id, which is less than SETTING_COUNT. */
const Setting *settings_get(SettingId id);

/* The sections in the order of the manual, ended by a NULL name. */
const SettingsSection *settings_sections(void);

/* SETTING_COUNT when there is no such setting. */
SettingId settings_find(const char *section, const char *name);

/* What values @setting takes, in words: "a whole number from 1 to 64". Caller frees. */
char *settings_allowed(const Setting *setting);

/* A concert.conf with every setting commented out, its help above it; @values (of SETTING_COUNT,
 * may be NULL, elements may be NULL) are written as settings. Caller frees. */
char *settings_file(const char *const *values);
