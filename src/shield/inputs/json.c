/* Any other log of JSON objects; known are the fields of the Elastic Common Schema, nested or with
 * dots in their names, as they are or in "_source", and what web servers are usually told to write.
 * https://www.elastic.co/guide/en/ecs/current/ecs-field-reference.html */
#include <string.h>

#include "shield/input_json.h"

#define DOMAIN "domain-name:value"

static const InputField fields[] = {
    {"@timestamp", OBSERVABLE_NONE, INPUT_TIME, NULL},
    {"timestamp", OBSERVABLE_NONE, INPUT_TIME, NULL},
    {"time", OBSERVABLE_NONE, INPUT_TIME, NULL},
    {"time_iso8601", OBSERVABLE_NONE, INPUT_TIME, NULL},
    {"time_local", OBSERVABLE_NONE, INPUT_TIME, NULL},
    {"eventTime", OBSERVABLE_NONE, INPUT_TIME, NULL},
    {"source.ip", OBSERVABLE_IPV4, INPUT_SOURCE, "network-traffic:src_ref.value"},
    {"source.address", OBSERVABLE_DOMAIN, INPUT_SOURCE, NULL},
    {"source.domain", OBSERVABLE_DOMAIN, INPUT_VALUE, DOMAIN},
    {"source.port", OBSERVABLE_NONE, INPUT_SOURCE_PORT, "network-traffic:src_port"},
    {"client.ip", OBSERVABLE_IPV4, INPUT_SOURCE, "network-traffic:src_ref.value"},
    {"client.port", OBSERVABLE_NONE, INPUT_SOURCE_PORT, "network-traffic:src_port"},
    {"destination.ip", OBSERVABLE_IPV4, INPUT_DESTINATION, "network-traffic:dst_ref.value"},
    {"destination.address", OBSERVABLE_DOMAIN, INPUT_DESTINATION, NULL},
    {"destination.domain", OBSERVABLE_DOMAIN, INPUT_VALUE, DOMAIN},
    {"destination.port", OBSERVABLE_NONE, INPUT_DESTINATION_PORT, "network-traffic:dst_port"},
    {"server.ip", OBSERVABLE_IPV4, INPUT_DESTINATION, "network-traffic:dst_ref.value"},
    {"server.port", OBSERVABLE_NONE, INPUT_DESTINATION_PORT, "network-traffic:dst_port"},
    {"network.transport", OBSERVABLE_NONE, INPUT_PROTOCOL, "network-traffic:protocols[*]"},
    {"url.full", OBSERVABLE_URL, INPUT_VALUE, "url:value"},
    {"url.original", OBSERVABLE_URL, INPUT_VALUE, "url:value"},
    {"url.domain", OBSERVABLE_DOMAIN, INPUT_HOST, DOMAIN},
    {"url.path", OBSERVABLE_NONE, INPUT_TARGET, NULL},
    {"url.query", OBSERVABLE_NONE, INPUT_QUERY, NULL},
    {"url.scheme", OBSERVABLE_NONE, INPUT_SCHEME, NULL},
    {"url.port", OBSERVABLE_NONE, INPUT_URL_PORT, NULL},
    {"http.request.referrer", OBSERVABLE_URL, INPUT_VALUE, NULL},
    {"user_agent.original", OBSERVABLE_OTHER, INPUT_VALUE, NULL},
    {"dns.question.name", OBSERVABLE_DOMAIN, INPUT_VALUE, DOMAIN},
    {"dns.answers.name", OBSERVABLE_DOMAIN, INPUT_VALUE, DOMAIN},
    {"dns.answers.data", OBSERVABLE_DOMAIN, INPUT_VALUE, NULL},
    {"dns.resolved_ip", OBSERVABLE_IPV4, INPUT_VALUE, "ipv4-addr:value"},
    {"tls.client.server_name", OBSERVABLE_DOMAIN, INPUT_VALUE, DOMAIN},
    {"tls.client.ja3", OBSERVABLE_JA3, INPUT_VALUE, NULL},
    {"tls.server.ja3s", OBSERVABLE_JA3, INPUT_VALUE, NULL},
    {"file.hash.md5", OBSERVABLE_MD5, INPUT_VALUE, "file:hashes.MD5"},
    {"file.hash.sha1", OBSERVABLE_SHA1, INPUT_VALUE, "file:hashes.'SHA-1'"},
    {"file.hash.sha256", OBSERVABLE_SHA256, INPUT_VALUE, "file:hashes.'SHA-256'"},
    {"process.hash.md5", OBSERVABLE_MD5, INPUT_VALUE, "file:hashes.MD5"},
    {"process.hash.sha1", OBSERVABLE_SHA1, INPUT_VALUE, "file:hashes.'SHA-1'"},
    {"process.hash.sha256", OBSERVABLE_SHA256, INPUT_VALUE, "file:hashes.'SHA-256'"},
    {"process.pe.imphash", OBSERVABLE_NONE, INPUT_NOTHING, NULL},
    {"file.pe.imphash", OBSERVABLE_NONE, INPUT_NOTHING, NULL},
    {"email.from.address", OBSERVABLE_EMAIL, INPUT_VALUE, "email-message:from_ref.value"},
    {"email.to.address", OBSERVABLE_EMAIL, INPUT_VALUE, "email-message:to_refs[*].value"},
    /* nginx's own names, in the JSON formats that its users write; CloudTrail's */
    {"remote_addr", OBSERVABLE_IPV4, INPUT_SOURCE, "network-traffic:src_ref.value"},
    {"remote_port", OBSERVABLE_NONE, INPUT_SOURCE_PORT, NULL},
    {"server_addr", OBSERVABLE_IPV4, INPUT_DESTINATION, "network-traffic:dst_ref.value"},
    {"server_port", OBSERVABLE_NONE, INPUT_DESTINATION_PORT, NULL},
    {"scheme", OBSERVABLE_NONE, INPUT_SCHEME, NULL},
    {"host", OBSERVABLE_DOMAIN, INPUT_HOST, DOMAIN},
    {"http_host", OBSERVABLE_DOMAIN, INPUT_HOST, DOMAIN},
    {"request_uri", OBSERVABLE_URL, INPUT_TARGET, NULL},
    {"http_referer", OBSERVABLE_URL, INPUT_VALUE, NULL},
    {"http_user_agent", OBSERVABLE_OTHER, INPUT_VALUE, NULL},
    {"sourceIPAddress", OBSERVABLE_IPV4, INPUT_SOURCE, "network-traffic:src_ref.value"},
    {"userAgent", OBSERVABLE_OTHER, INPUT_VALUE, NULL},
    /* Microsoft's audit logs, Azure's, and what PowerShell makes of Windows events; Okta's,
       Google's */
    {"CreationTime", OBSERVABLE_NONE, INPUT_TIME, NULL},
    {"ClientIP", OBSERVABLE_IPV4, INPUT_SOURCE, "network-traffic:src_ref.value"},
    {"callerIpAddress", OBSERVABLE_IPV4, INPUT_SOURCE, "network-traffic:src_ref.value"},
    {"TimeCreated", OBSERVABLE_NONE, INPUT_TIME, NULL},
    {"TimeCreated.value", OBSERVABLE_NONE, INPUT_TIME, NULL},
    {"MachineName", OBSERVABLE_DOMAIN, INPUT_VALUE, DOMAIN},
    {"published", OBSERVABLE_NONE, INPUT_TIME, NULL},
    {"client.ipAddress", OBSERVABLE_IPV4, INPUT_SOURCE, "network-traffic:src_ref.value"},
    {"httpRequest.remoteIp", OBSERVABLE_IPV4, INPUT_SOURCE, "network-traffic:src_ref.value"},
    {"httpRequest.serverIp", OBSERVABLE_IPV4, INPUT_DESTINATION, "network-traffic:dst_ref.value"},
    {"httpRequest.requestUrl", OBSERVABLE_URL, INPUT_VALUE, "url:value"},
    {"httpRequest.userAgent", OBSERVABLE_OTHER, INPUT_VALUE, NULL},
    {"jsonPayload.connection.src_ip", OBSERVABLE_IPV4, INPUT_SOURCE,
     "network-traffic:src_ref.value"},
    {"jsonPayload.connection.src_port", OBSERVABLE_NONE, INPUT_SOURCE_PORT, NULL},
    {"jsonPayload.connection.dest_ip", OBSERVABLE_IPV4, INPUT_DESTINATION,
     "network-traffic:dst_ref.value"},
    {"jsonPayload.connection.dest_port", OBSERVABLE_NONE, INPUT_DESTINATION_PORT, NULL},
    {NULL, 0, 0, NULL},
};

static gboolean detect(const char *sample, gsize length)
{
    gsize line_length;
    const char *line;

    return input_json_first(sample, length, &line, &line_length) &&
           (line[1] == '"' || (line[1] == ' ' && line_length > 2));
}

static gboolean read_line(Input *input, InputRow *row)
{
    return input_json_read(input, row, FALSE);
}

const InputFormat input_json = {
    .name = "json", .detect = detect, .read = read_line, .fields = fields};
