/* cmd_version.c - `concert version`: which Concert this is, and which libraries it runs with. */
#include <gnutls/gnutls.h>
#include <microhttpd.h>
#include <sodium.h>
#include <sqlite3.h>
#include <yyjson.h>
#include <zlib.h>
#include <zstd.h>

#include "base/late_curl.h"
#include "cli/commands.h"
#include "cli/output.h"

static int run(const CommandCall *call, GError **error)
{
    g_autofree char *glib =
        g_strdup_printf("%u.%u.%u", glib_major_version, glib_minor_version, glib_micro_version);
    g_autofree char *yyjson = g_strdup_printf(
        "%u.%u.%u", yyjson_version() >> 16, yyjson_version() >> 8 & 0xff, yyjson_version() & 0xff);
    g_autoptr(GError) missing = NULL;
    gboolean has_curl = late_curl_load(&missing);
    const struct {
        const char *name, *version;
    } libraries[] = {
        {"curl", has_curl ? late_curl()->version_info(CURLVERSION_NOW)->version : missing->message},
        {"glib", glib},
        {"gnutls", gnutls_check_version(NULL)},
        {"libmicrohttpd", MHD_get_version()},
        {"libsodium", sodium_version_string()},
        {"sqlite", sqlite3_libversion()},
        {"yyjson", yyjson},
        {"zlib", zlibVersion()},
        {"zstd", ZSTD_versionString()},
    };

    if (!command_json(call)) {
        output_line("concert %s", CONCERT_VERSION);
        for (guint i = 0; i < G_N_ELEMENTS(libraries); i++)
            output_line("  %-14s %s", libraries[i].name, libraries[i].version);
        return COMMAND_OK;
    }
    yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);
    yyjson_mut_val *root = yyjson_mut_obj(doc);
    yyjson_mut_obj_add_str(doc, root, "version", CONCERT_VERSION);
    yyjson_mut_val *versions = yyjson_mut_obj_add_obj(doc, root, "libraries");
    for (guint i = 0; i < G_N_ELEMENTS(libraries); i++)
        yyjson_mut_obj_add_str(doc, versions, libraries[i].name, libraries[i].version);
    output_json(root);
    yyjson_mut_doc_free(doc);
    return COMMAND_OK;
}

const Command cmd_version = {
    .name = "version",
    .summary = "print the version of Concert and of the libraries it runs with",
    .options = (const CommandOption[]){COMMAND_OPTION_JSON, COMMAND_OPTIONS_END},
    .run = run,
};
