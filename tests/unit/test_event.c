/* Events of dossiers: what is built is read again, an id names one opening event and no other, and
 * what is malformed is refused by name. */
#include "base/canonjson.h"
#include "base/error.h"
#include "base/jsonguard.h"
#include "dossier_maker.h"

static void test_round_trip(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(NoteSigner) alder = maker_signer(ALDER), birch = maker_signer(BIRCH);
    g_autoptr(Event) event = maker_request();
    g_assert_cmpstr(event->procedure, ==, "request");
    g_assert_cmpstr(event->type, ==, "sent");
    g_assert_cmpstr(event->author, ==, ALDER "/ledger");
    g_assert_cmpstr(event->node, ==, ALDER);
    g_assert_cmpstr(event->signatory, ==, "Duty Officer");
    g_assert_cmpint(event->time_us, ==, MAKER_START);
    g_assert_cmpuint(event->n_parents, ==, 0);
    g_assert_cmpint(event->tlp, ==, MARKING_TLP_AMBER);
    g_assert_cmpint(event->pap, ==, MARKING_PAP_NONE);
    g_assert_null(event->checkpoint);
    g_assert_cmpstr(event_text(event, "to"), ==, BIRCH);
    g_assert_true(event_dossier_is_valid(event->dossier, "request"));
    g_assert_true(event_verify(event, note_signer_verifier(alder), &error));
    g_assert_false(event_verify(event, note_signer_verifier(birch), &error));
    g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_DENIED);
}

static void test_parents_are_sorted(void)
{
    g_autoptr(Event) opening = maker_request();
    EventHash parents[3];
    for (guint i = 0; i < 3; i++)
        memset(parents[i].bytes, 30 - (int)i, SHA256_SIZE);
    g_autoptr(Event) event =
        maker_event(opening->dossier, "remark", BIRCH, "B", 1, parents, 3, "{\"text\":\"x\"}");
    g_assert_cmpuint(event->n_parents, ==, 3);
    g_assert_cmpuint(event->parents[0].bytes[0], ==, 28);
    g_assert_cmpuint(event->parents[2].bytes[0], ==, 30);
}

static void test_all_members(void)
{
    g_autoptr(GError) error = NULL;
    const EventHash parent = {{1, 2, 3}};
    const EventSpec spec = {.procedure = "request",
                            .dossier = "request-01234567-89ab-8cde-8f01-23456789abcd",
                            .type = "received",
                            .author = BIRCH "/ledger-2",
                            .time_us = MAKER_START,
                            .parents = &parent,
                            .n_parents = 1,
                            .tlp = MARKING_TLP_RED,
                            .pap = MARKING_PAP_GREEN,
                            .checkpoint = "12 ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0="};
    g_autofree char *body = event_build(&spec, NULL, &error);
    g_assert_no_error(error);
    g_autoptr(Event) event = event_draft(body, strlen(body), &error);
    g_assert_no_error(error);
    g_assert_cmpstr(event->node, ==, BIRCH); /* a later ledger is the same node */
    g_assert_null(event->signatory);
    g_assert_cmpint(event->pap, ==, MARKING_PAP_GREEN);
    g_assert_cmpstr(event->checkpoint, ==, spec.checkpoint);
}

/* The id is that of the event: whatever is changed in it, it opens another dossier or none. */
static void test_id(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Event) first = maker_request(), second = maker_request();
    g_assert_cmpstr(first->dossier, !=, second->dossier); /* the nonce */

    g_autoptr(NoteSigner) signer = maker_signer(CEDAR);
    g_autofree char *body = g_strndup(first->json->text, first->json->text_length);
    g_auto(GStrv) parts = g_strsplit(body, ALDER, -1);
    g_autofree char *stolen = g_strjoinv(CEDAR, parts);
    g_autofree char *text = signed_json_make_text(EVENT_SIGNED_TYPE, stolen, strlen(stolen),
                                                  (const NoteSigner *const *)&signer, 1, &error);
    g_assert_no_error(error);
    g_assert_null(event_parse(text, strlen(text), &error));
    g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT);
    g_assert_nonnull(strstr(error->message, "dossier"));
}

/* Test vector of docs/protocol.md. */
static void test_vector(void)
{
    g_autoptr(GError) error = NULL;
    guint8 nonce[EVENT_NONCE_SIZE];
    for (guint i = 0; i < sizeof nonce; i++)
        nonce[i] = (guint8)i;
    const EventSpec spec = {.procedure = "request",
                            .type = "sent",
                            .author = ALDER "/ledger",
                            .signatory = "Duty Officer",
                            .time_us = MAKER_START,
                            .payload = MAKER_SENT(BIRCH, "high"),
                            .tlp = MARKING_TLP_AMBER};
    g_autofree char *body = event_build(&spec, nonce, &error);
    g_assert_no_error(error);
    g_autofree char *signed_text = g_strdup_printf("concert/v1 event\n%s\n", body);
    guint8 digest[SHA256_SIZE];
    char hex[2 * SHA256_SIZE + 1];
    sha256_digest(signed_text, strlen(signed_text), digest);
    g_assert_cmpstr(
        body, ==,
        "{\"author\":\"cert.alder.example/ledger\","
        "\"dossier\":\"request-72ad55eb-e3cb-8c78-8793-4290674a51ca\","
        "\"marking\":{\"tlp\":\"amber\"},\"nonce\":\"000102030405060708090a0b0c0d0e0f\","
        "\"parents\":[],\"payload\":{\"kind\":\"advice\",\"subject\":\"s\",\"text\":\"t\","
        "\"to\":\"cert.birch.example\",\"urgency\":\"high\"},\"procedure\":\"request\","
        "\"signatory\":\"Duty Officer\",\"time\":\"2026-01-02T03:04:05.000000Z\","
        "\"type\":\"sent\"}");
    g_assert_cmpstr(sha256_hex(digest, hex), ==,
                    "9f243075aa6803ceb2c0f04a668ee976d3952c5458d89a29820ece04a18926ef");
}

typedef struct {
    const char *member, *value; /* what is put in the member's place; NULL: it is left out */
    const char *named;          /* what the message names */
} Wrong;

static const Wrong wrongs[] = {
    {"procedure", NULL, "procedure"},
    {"procedure", "\"Request\"", "procedure"},
    {"dossier", "\"request-1\"", "dossier"},
    {"dossier", "\"case-01234567-89ab-8cde-8f01-23456789abcd\"", "dossier"},
    {"type", "7", "type"},
    {"author", "\"cert.birch.example\"", "author"},
    {"author", NULL, "author"},
    {"signatory", "\"\"", "signatory"},
    {"signatory", "\"a\\nb\"", "signatory"},
    {"signatory", "\"a\\u0000b\"", "signatory"},
    {"time", "\"2026-01-02T03:04:05Z\"", "time"},
    {"time", "\"yesterday\"", "time"},
    {"parents", "{}", "parents"},
    {"parents", "[\"00\"]", "parents"},
    {"parents",
     "[\"0100000000000000000000000000000000000000000000000000000000000000\","
     "\"0100000000000000000000000000000000000000000000000000000000000000\"]",
     "parents"},
    {"parents",
     "[\"0200000000000000000000000000000000000000000000000000000000000000\","
     "\"0100000000000000000000000000000000000000000000000000000000000000\"]",
     "parents"},
    {"parents", "[\"AB00000000000000000000000000000000000000000000000000000000000000\"]",
     "parents"},
    {"parents", "[]", "nonce"},
    {"payload", "[]", "payload"},
    {"payload", NULL, "payload"},
    {"marking", NULL, "marking"},
    {"marking", "{\"tlp\":\"AMBER\"}", "marking"},
    {"marking", "{\"tlp\":\"white\"}", "marking"},
    {"marking", "{\"tlp\":\"red\",\"pap\":\"pink\"}", "marking"},
    {"checkpoint", "\"12\"", "checkpoint"},
    {"checkpoint", "\"012 ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=\"", "checkpoint"},
};

/* The body of a good event with one member changed, in RFC 8785 form. */
static char *change(yyjson_val *body, const char *member, const char *value)
{
    GString *text = g_string_new("{");
    size_t at, size;
    yyjson_val *key, *one;
    yyjson_obj_foreach (body, at, size, key, one) {
        if (yyjson_equals_str(key, member))
            continue;
        g_string_append_printf(text, "%s\"%s\":", text->len > 1 ? "," : "", yyjson_get_str(key));
        g_assert_true(canonjson_append(text, one, NULL));
    }
    if (value)
        g_string_append_printf(text, ",\"%s\":%s", member, value);
    g_string_append_c(text, '}');
    return g_string_free(text, FALSE);
}

static void test_wrong(void)
{
    const EventHash parent = {{1}};
    g_autoptr(NoteSigner) signer = maker_signer(BIRCH);
    g_autoptr(Event) good = maker_event("request-01234567-89ab-8cde-8f01-23456789abcd", "remark",
                                        BIRCH, "B", 1, &parent, 1, "{\"text\":\"x\"}");
    for (guint i = 0; i < G_N_ELEMENTS(wrongs); i++) {
        g_autoptr(GError) error = NULL, none = NULL;
        g_autofree char *body = change(good->json->body, wrongs[i].member, wrongs[i].value);
        g_autofree char *text = signed_json_make_text(EVENT_SIGNED_TYPE, body, strlen(body),
                                                      (const NoteSigner *const *)&signer, 1, &none);
        g_assert_no_error(none);
        g_test_message("%s: %s", wrongs[i].member, wrongs[i].value);
        g_assert_null(event_parse(text, strlen(text), &error));
        g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT);
        g_assert_nonnull(strstr(error->message, wrongs[i].named));
    }
}

/* What this version does not know is covered by the hash and stays. */
static void test_unknown_members(void)
{
    g_autoptr(GError) error = NULL;
    const EventHash parent = {{1}};
    g_autoptr(NoteSigner) signer = maker_signer(BIRCH);
    g_autoptr(Event) good = maker_event("request-01234567-89ab-8cde-8f01-23456789abcd", "remark",
                                        BIRCH, "B", 1, &parent, 1, "{\"text\":\"x\"}");
    g_autofree char *body = change(good->json->body, "later", "[1,{\"x\":null}]");
    g_autofree char *text = signed_json_make_text(EVENT_SIGNED_TYPE, body, strlen(body),
                                                  (const NoteSigner *const *)&signer, 1, &error);
    g_assert_no_error(error);
    g_autoptr(Event) event = event_parse(text, strlen(text), &error);
    g_assert_no_error(error);
    g_assert_cmpint(event_hash_compare(&event->hash, &good->hash), !=, 0);
    g_autofree char *again = signed_json_format(event->json);
    g_assert_cmpstr(again, ==, text);
}

/* What was accepted once is read again alike. */
static void test_restore(void)
{
    const EventHash parent = {{1}};
    g_autofree char *text = maker_text("request-01234567-89ab-8cde-8f01-23456789abcd", "remark",
                                       BIRCH, "B", 1, &parent, 1, "{\"text\":\"x\"}");
    g_autoptr(Event) event = event_parse(text, strlen(text), NULL);
    g_autoptr(Event) again = event_restore(text, strlen(text), &event->hash);
    g_assert_cmpint(event_hash_compare(&event->hash, &again->hash), ==, 0);
    g_assert_cmpstr(again->dossier, ==, event->dossier);
    g_assert_cmpstr(again->procedure, ==, event->procedure);
    g_assert_cmpstr(again->type, ==, event->type);
    g_assert_cmpstr(again->author, ==, event->author);
    g_assert_cmpstr(again->node, ==, event->node);
    g_assert_cmpstr(again->signatory, ==, event->signatory);
    g_assert_cmpint(again->time_us, ==, event->time_us);
    g_assert_cmpuint(again->n_parents, ==, 1);
    g_assert_cmpint(event_hash_compare(&again->parents[0], &parent), ==, 0);
    g_assert_cmpstr(event_text(again, "text"), ==, "x");
    g_assert_cmpint(again->tlp, ==, event->tlp);
    g_assert_null(again->json);
    g_assert_null(event_restore("{\"body\":{}}", 11, &parent));
    g_assert_null(event_restore("", 0, &parent));
}

static void test_limits(void)
{
    g_autoptr(GError) error = NULL;
    g_autofree EventHash *parents = g_new0(EventHash, EVENT_PARENTS_MAX + 1);
    for (guint i = 0; i <= EVENT_PARENTS_MAX; i++) {
        parents[i].bytes[0] = (guint8)(i / 256);
        parents[i].bytes[1] = (guint8)i;
    }
    EventSpec spec = {.procedure = "request",
                      .dossier = "request-01234567-89ab-8cde-8f01-23456789abcd",
                      .type = "remark",
                      .author = BIRCH "/ledger",
                      .time_us = MAKER_START,
                      .parents = parents,
                      .n_parents = EVENT_PARENTS_MAX,
                      .tlp = MARKING_TLP_GREEN};
    g_autofree char *body G_GNUC_UNUSED = event_build(&spec, NULL, &error);
    g_assert_no_error(error);
    spec.n_parents++;
    g_assert_null(event_build(&spec, NULL, &error));
    g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_LIMIT);
    g_clear_error(&error);

    g_autofree char *large = g_malloc(EVENT_BYTES_MAX + 2);
    memset(large, ' ', EVENT_BYTES_MAX + 1);
    g_assert_null(event_parse(large, EVENT_BYTES_MAX + 1, &error));
    g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_LIMIT);
}

static void test_builder_refuses(void)
{
    g_autoptr(GError) error = NULL;
    const EventHash parent = {{1}};
    EventSpec spec = {.procedure = "request",
                      .type = "sent",
                      .author = ALDER "/ledger",
                      .time_us = MAKER_START,
                      .payload = "{},\"type\":\"closed\"",
                      .tlp = MARKING_TLP_GREEN};
    g_assert_null(event_build(&spec, NULL, &error));
    g_clear_error(&error);
    spec.payload = "[]";
    g_assert_null(event_build(&spec, NULL, &error));
    g_clear_error(&error);
    spec.payload = NULL;
    spec.tlp = MARKING_TLP_NONE;
    g_assert_null(event_build(&spec, NULL, &error));
    g_clear_error(&error);
    spec.tlp = MARKING_TLP_RED;
    spec.parents = &parent;
    spec.n_parents = 1;
    g_assert_null(event_build(&spec, NULL, &error)); /* an opening event with parents */
    g_clear_error(&error);
    spec.n_parents = 0;
    g_autofree char *body = event_build(&spec, NULL, &error);
    g_assert_no_error(error);
    g_assert_nonnull(body);
}

static void test_dossier_ids(void)
{
    const char *good = "request-01234567-89ab-8cde-8f01-23456789abcd";
    g_assert_true(event_dossier_is_valid(good, NULL));
    g_assert_true(event_dossier_is_valid(good, "request"));
    g_assert_false(event_dossier_is_valid(good, "req"));
    g_assert_false(event_dossier_is_valid("request-01234567-89AB-8cde-8f01-23456789abcd", NULL));
    g_assert_false(event_dossier_is_valid("01234567-89ab-8cde-8f01-23456789abcd", NULL));
    g_assert_false(event_dossier_is_valid("-01234567-89ab-8cde-8f01-23456789abcd", NULL));
    g_assert_false(event_dossier_is_valid("request-0123456789ab-8cde-8f01-23456789abcd", NULL));
    g_assert_false(event_dossier_is_valid("a/b-01234567-89ab-8cde-8f01-23456789abcd", NULL));
}

/* Whom its author could not reach stands in it, sorted and as names of nodes. */
static void test_untold(void)
{
    static const char *const nodes[] = {"cert.birch.example", "cert.cedar.example", NULL};
    static const char *const bad[][3] = {{"b.example", "a.example", NULL},
                                         {"a.example", "a.example", NULL},
                                         {"a.example/ledger", NULL},
                                         {"a b", NULL},
                                         {"", NULL}};
    g_autoptr(GError) error = NULL;
    EventSpec spec = {.procedure = "request",
                      .type = "sent",
                      .author = "cert.alder.example/ledger",
                      .time_us = MAKER_START,
                      .tlp = MARKING_TLP_GREEN,
                      .untold = nodes};
    g_autofree char *body = event_build(&spec, NULL, &error);
    g_assert_no_error(error);
    g_autoptr(Event) event = event_draft(body, strlen(body), &error);
    g_assert_no_error(error);
    g_assert_true(event_is_untold(event, nodes[0]) && event_is_untold(event, nodes[1]));
    g_assert_false(event_is_untold(event, "cert.alder.example"));
    for (guint i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autoptr(GError) failure = NULL;
        spec.untold = bad[i];
        g_assert_null(event_build(&spec, NULL, &failure));
        g_assert_error(failure, CONCERT_ERROR, CONCERT_ERROR_INPUT);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/event/round_trip", test_round_trip);
    g_test_add_func("/event/parents_are_sorted", test_parents_are_sorted);
    g_test_add_func("/event/all_members", test_all_members);
    g_test_add_func("/event/id", test_id);
    g_test_add_func("/event/vector", test_vector);
    g_test_add_func("/event/wrong", test_wrong);
    g_test_add_func("/event/unknown_members", test_unknown_members);
    g_test_add_func("/event/restore", test_restore);
    g_test_add_func("/event/limits", test_limits);
    g_test_add_func("/event/builder_refuses", test_builder_refuses);
    g_test_add_func("/event/dossier_ids", test_dossier_ids);
    g_test_add_func("/event/untold", test_untold);
    return g_test_run();
}
