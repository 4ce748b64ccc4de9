#include "cli/commands.h"

const Command *const *commands_list(void)
{
    static const Command *const commands[] = {
        &cmd_init,       &cmd_serve,        &cmd_status,
        &cmd_config,     &cmd_account,      &cmd_collection,
        &cmd_import,     &cmd_follow,       &cmd_match,
        &cmd_watch,      &cmd_sighting,     &cmd_shield,
        &cmd_export,     &cmd_search,       &cmd_show,
        &cmd_adopt,      &cmd_card,         &cmd_directory,
        &cmd_peer,       &cmd_community,    &cmd_dispatch,
        &cmd_exchange,   &cmd_request,      &cmd_notify,
        &cmd_notice,     &cmd_contact,      &cmd_case,
        &cmd_claim,      &cmd_consultation, &cmd_group,
        &cmd_resolution, &cmd_report,       &cmd_board,
        &cmd_convention, &cmd_clock,        &cmd_dossier,
        &cmd_attachment, &cmd_evidence,     &cmd_incident,
        &cmd_policy,     &cmd_emergency,    &cmd_note,
        &cmd_parcel,     &cmd_ledger,       &cmd_key,
        &cmd_backup,     &cmd_restore,      &cmd_version,
        &cmd_help,       &cmd_completion,   NULL,
    };
    return commands;
}
