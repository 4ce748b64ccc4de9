/* commands.h - the list of all commands; each is defined in the file of its name. */
#pragma once

#include "cli/command.h"

extern const Command cmd_account;
extern const Command cmd_adopt;
extern const Command cmd_attachment;
extern const Command cmd_evidence;
extern const Command cmd_backup;
extern const Command cmd_board;
extern const Command cmd_card;
extern const Command cmd_case;
extern const Command cmd_claim;
extern const Command cmd_clock;
extern const Command cmd_collection;
extern const Command cmd_community;
extern const Command cmd_completion;
extern const Command cmd_contact;
extern const Command cmd_config;
extern const Command cmd_consultation;
extern const Command cmd_directory;
extern const Command cmd_convention;
extern const Command cmd_dispatch;
extern const Command cmd_dossier;
extern const Command cmd_emergency;
extern const Command cmd_exchange;
extern const Command cmd_export;
extern const Command cmd_follow;
extern const Command cmd_group;
extern const Command cmd_help;
extern const Command cmd_import;
extern const Command cmd_incident;
extern const Command cmd_init;
extern const Command cmd_key;
extern const Command cmd_ledger;
extern const Command cmd_match;
extern const Command cmd_note;
extern const Command cmd_notice;
extern const Command cmd_notify;
extern const Command cmd_parcel;
extern const Command cmd_peer;
extern const Command cmd_policy;
extern const Command cmd_report;
extern const Command cmd_request;
extern const Command cmd_resolution;
extern const Command cmd_restore;
extern const Command cmd_search;
extern const Command cmd_serve;
extern const Command cmd_shield;
extern const Command cmd_show;
extern const Command cmd_sighting;
extern const Command cmd_status;
extern const Command cmd_version;
extern const Command cmd_watch;

/* In the order of the help; NULL-terminated. */
const Command *const *commands_list(void);
