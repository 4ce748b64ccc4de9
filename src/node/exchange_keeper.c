#include "node/exchange_keeper.h"

#include "base/timestamp.h"
#include "exchange/reach.h"
#include "node/docket_machine.h"
#include "store/retention.h"

#define MACHINE_EVERY_US   (60 * G_USEC_PER_SEC)
#define RETENTION_EVERY_US (600 * G_USEC_PER_SEC)
#define EXPIRE_AT_ONCE     256
#define ERASE_AT_ONCE      64

static MarkingTlp unmarked(const ExchangeKeeper *keeper)
{
    return (MarkingTlp)(config_enum(keeper->config, SETTING_EXCHANGE_UNMARKED) + MARKING_TLP_CLEAR);
}

/* --- expiry ------------------------------------------------------------------------------------
 */

static gboolean apply_expiry(StoreTx *tx, gpointer user, GError **error)
{
    const ExchangeKeeper *keeper = user;
    g_autoptr(GArray) versions = NULL;
    g_autoptr(Reach) reach = reach_load(tx, unmarked(keeper), error);
    return reach && records_expire(tx, timestamp_now(), EXPIRE_AT_ONCE, &versions, error) &&
           reach_review(reach, tx, versions, error);
}

static void run_expiry(ExchangeKeeper *keeper, gint64 *ret_next)
{
    gint64 when;
    if (!records_next_expiry(notary_store(keeper->notary), &when, NULL))
        return;
    gint64 now = timestamp_now();
    if (when <= now) {
        writer_run(notary_writer(keeper->notary), EXPIRE_AT_ONCE, apply_expiry, keeper, NULL);
        keeper->next_retention = 0;
    } else if (when != G_MAXINT64) {
        *ret_next = MIN(*ret_next, g_get_monotonic_time() + (when - now));
    }
}

/* --- retention ---------------------------------------------------------------------------------
 */

typedef struct {
    const ExchangeKeeper *keeper;
    guint count;
} Erasing;

static gboolean apply_retention(StoreTx *tx, gpointer user, GError **error)
{
    Erasing *erasing = user;
    const Config *config = erasing->keeper->config;
    gint64 kept = config_duration(config, SETTING_EXCHANGE_RETENTION);
    const RetentionTerms terms = {
        .now = timestamp_now(),
        .expired_us = config_duration(config, SETTING_EXCHANGE_EXPIRED_RETENTION) * G_USEC_PER_SEC,
        .kept_us = kept > 0 ? kept * G_USEC_PER_SEC : G_MAXINT64,
        .max = ERASE_AT_ONCE};
    g_autoptr(GArray) versions = NULL;
    if (!retention_take(tx, &terms, &erasing->count, &versions, error))
        return FALSE;
    if (erasing->count == 0)
        return TRUE;
    g_autoptr(Reach) reach = reach_load(tx, unmarked(erasing->keeper), error);
    return reach && reach_review(reach, tx, versions, error) &&
           retention_erase(tx, versions, error);
}

static void run_retention(ExchangeKeeper *keeper, gint64 *ret_next)
{
    gint64 now = g_get_monotonic_time();
    if (now >= keeper->next_retention) {
        Erasing erasing = {.keeper = keeper};
        gboolean good = writer_run(notary_writer(keeper->notary), ERASE_AT_ONCE, apply_retention,
                                   &erasing, NULL);
        /* Others may wait between two lots. */
        keeper->next_retention = good && erasing.count > 0 ? now : now + RETENTION_EVERY_US;
    }
    *ret_next = MIN(*ret_next, keeper->next_retention);
}

/* --- dossiers ----------------------------------------------------------------------------------
 */

/* What comes in answers is followed up at once (exchange_pull()); here what came another way, and
 * what could not be done then. */
static void run_machine(ExchangeKeeper *keeper, gint64 *ret_next)
{
    if (g_get_monotonic_time() >= keeper->next_machine) {
        docket_machine_run(keeper->notary);
        keeper->next_machine = g_get_monotonic_time() + MACHINE_EVERY_US;
    }
    *ret_next = MIN(*ret_next, keeper->next_machine);
}

void exchange_keeper_run(ExchangeKeeper *keeper, gint64 *ret_next)
{
    run_expiry(keeper, ret_next);
    run_retention(keeper, ret_next);
    run_machine(keeper, ret_next);
}
