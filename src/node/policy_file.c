#include "node/policy_file.h"

#include "base/error.h"

gboolean policy_file_load(const Config *config, Quorum **ret_policy, GError **error)
{
    const char *path = config_path(config, SETTING_LEDGER_POLICY);
    g_autofree char *text = NULL;
    gsize length;
    g_autoptr(GError) local = NULL;
    if (!path) {
        *ret_policy = NULL;
        return TRUE;
    }
    if (!g_file_get_contents(path, &text, &length, &local)) {
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT, "[ledger] policy: %s",
                    local->message);
        return FALSE;
    }
    Quorum *policy = quorum_parse(text, length, error);
    if (!policy) {
        g_prefix_error(error, "%s: ", path);
        return FALSE;
    }
    *ret_policy = policy;
    return TRUE;
}
