#include "cli/sighting_record.h"

#include "cli/command_node.h"
#include "cli/output.h"

/* Of [shield] sightings. */
enum { SIGHTINGS_OFF, SIGHTINGS_RECORD, SIGHTINGS_RETURN };

gboolean sighting_record_begin(const CommandCall *call, Sightings **ret_sightings, GError **error)
{
    *ret_sightings = NULL;
    if (!command_flag(call, "record"))
        return TRUE;
    if (command_texts(call, "indicators")) {
        command_usage(call, error, "--record counts the node's indicators; -i names others");
        return FALSE;
    }
    g_autoptr(Node) node = command_node_open(call, NODE_READ, error);
    if (!node)
        return FALSE;
    if (config_enum(node_config(node), SETTING_SHIELD_SIGHTINGS) == SIGHTINGS_OFF) {
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_DENIED,
                    "--record: the node's [shield] sightings is off");
        return FALSE;
    }
    *ret_sightings = sightings_new();
    return TRUE;
}

static void tell_return(gpointer user, const char *peer, guint count, const GError *error)
{
    if (error)
        output_note("concert: %s is not told of %u sightings: %s", peer, count, error->message);
    else
        output_note("concert: told %s of %u sightings", peer, count);
}

gboolean sighting_record_store(const CommandCall *call, Sightings *sightings, gboolean tell,
                               GError **error)
{
    SightingsLeftOut left_out = {0};
    g_autoptr(Node) node = command_node_open(call, NODE_WRITE, error);
    if (!node)
        return FALSE;
    if (sightings_waiting(sightings) > 0 && !sightings_store(sightings, node, &left_out, error))
        return FALSE;
    if (left_out.no_room > 0)
        output_note("concert: %" G_GUINT64_FORMAT " hits of too many indicators are not counted",
                    left_out.no_room);
    if (left_out.unknown > 0)
        output_note("concert: %" G_GUINT64_FORMAT " hits of indicators that the node does not have "
                    "are not counted: import what the set was made of",
                    left_out.unknown);
    if (!tell || config_enum(node_config(node), SETTING_SHIELD_SIGHTINGS) != SIGHTINGS_RETURN)
        return TRUE;
    return sightings_return(sightings, node, tell_return, NULL, error);
}
