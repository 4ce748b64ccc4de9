#include "server/problem.h"

#include <microhttpd.h>
#include <sodium.h>

#include "server/json.h"

static const struct {
    guint status;
    const char *code;
    const char *title;
} problems[] = {
    {400, "bad-request", "The request was not understood"},
    {401, "unauthorized", "Log in first"},
    {403, "forbidden", "Not allowed"},
    {404, "not-found", "Not found"},
    {405, "method-not-allowed", "This cannot be done here"},
    {406, "not-acceptable", "Only " NEGOTIATE_TAXII " can be had here"},
    {409, "conflict", "It exists already, or has changed meanwhile"},
    {413, "too-large", "The request is too large"},
    {415, "unsupported-media-type", "Only " NEGOTIATE_TAXII " is taken here"},
    {422, "unprocessable", "The content could not be processed"},
    {429, "too-many-requests", "Too many requests"},
    {500, "internal-error", "The node has a problem of its own"},
    {501, "unknown-coding", "This transfer coding is not known here"},
    {503, "busy", "The node is busy"},
    {507, "storage-full", "The node's disk is full"},
};

Reply *problem_reply(guint status, const char *description)
{
    guint row = 0;
    while (row + 1 < G_N_ELEMENTS(problems) && problems[row].status != status)
        row++;
    GString *json = g_string_sized_new(256);
    g_string_append(json, "{\"title\":");
    json_append_string(json, problems[row].title);
    if (description) {
        g_autofree char *valid = g_utf8_make_valid(description, -1);
        g_string_append(json, ",\"description\":");
        json_append_string(json, valid);
    }
    g_string_append_printf(json, ",\"error_id\":\"%08x%08x\",\"error_code\":\"%s\"",
                           randombytes_random(), randombytes_random(), problems[row].code);
    g_string_append_printf(json, ",\"http_status\":\"%u\"}", status);
    gsize length = json->len;
    return reply_new(status, NEGOTIATE_TAXII, NEGOTIATE_IDENTITY, NULL, g_string_free(json, FALSE),
                     length);
}

Reply *problem_from_error(const GError *error)
{
    if (error->domain != CONCERT_ERROR)
        return problem_reply(500, NULL);
    switch ((ConcertError)error->code) {
    case CONCERT_ERROR_INPUT:
        return problem_reply(400, error->message);
    case CONCERT_ERROR_LIMIT:
        return problem_reply(422, error->message);
    case CONCERT_ERROR_NOT_FOUND:
        return problem_reply(404, error->message);
    case CONCERT_ERROR_DENIED:
        return problem_reply(403, error->message);
    case CONCERT_ERROR_CONFLICT:
        return problem_reply(409, error->message);
    case CONCERT_ERROR_BUSY:
        return problem_later(503, error->message, 1);
    case CONCERT_ERROR_FULL:
        return problem_reply(507, "nothing can be stored until there is room again");
    case CONCERT_ERROR_IO:
    case CONCERT_ERROR_NEWER:
        break;
    }
    return problem_reply(500, NULL);
}

Reply *problem_unauthorized(const char *description)
{
    Reply *reply = problem_reply(401, description);
    reply_header(reply, MHD_HTTP_HEADER_WWW_AUTHENTICATE,
                 "Basic realm=\"Concert\", charset=\"UTF-8\"");
    reply_header(reply, MHD_HTTP_HEADER_WWW_AUTHENTICATE, "Bearer realm=\"Concert\"");
    return reply;
}

Reply *problem_later(guint status, const char *description, guint seconds)
{
    Reply *reply = problem_reply(status, description);
    g_autofree char *text = g_strdup_printf("%u", MAX(seconds, 1));
    reply_header(reply, MHD_HTTP_HEADER_RETRY_AFTER, text);
    return reply;
}
