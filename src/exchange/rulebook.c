#include "exchange/rulebook.h"

#include <string.h>

#include "base/error.h"
#include "base/sha256.h"

/* Changing a letter of it makes another rulebook: say the new version in its first line. */
static const char text[] =
    "Rulebook for communities of Concert nodes, version 1\n"
    "\n"
    "1. What this is. These are the promises that members of a community make to each other. They\n"
    "   are the same for every member, whoever it is. They are no law and no treaty, and where a\n"
    "   member's law says otherwise, the member follows its law and says so.\n"
    "\n"
    "2. Who is a member. A member is an organisation with one node. The owner of the community\n"
    "   admits members and removes them, by numbered and signed records that all members get, "
    "each\n"
    "   with a reason when somebody is removed. Any member may leave at any time, without a "
    "reason.\n"
    "\n"
    "3. Who votes. The records say which members have a vote. One member has at most one. Owning\n"
    "   the community gives no vote and no other right over what members share.\n"
    "\n"
    "4. What you share stays yours. You decide what you send, to whom, and how far it may go. "
    "Nobody\n"
    "   has to share anything. To share with nobody is no offence.\n"
    "\n"
    "5. What you get you treat as its sender marked it. TLP:RED is for those named and nobody "
    "else.\n"
    "   TLP:AMBER+STRICT is for your organisation, TLP:AMBER for it and those of its clients who\n"
    "   need it to protect themselves, TLP:GREEN for this community, TLP:CLEAR for everybody. PAP\n"
    "   says what you may do with it. What bears no mark you treat as TLP:AMBER. When in doubt, "
    "ask\n"
    "   the sender first.\n"
    "\n"
    "6. Withdrawals and recalls. When a sender recalls something, take it out of use at once and "
    "let\n"
    "   your node confirm it. When a sender withdraws something, do not rely on it any more.\n"
    "\n"
    "7. New members get what is sent after they joined. What is older they get only if its sender\n"
    "   grants it. Who leaves gets nothing new, and keeps the duty to treat what it has as "
    "marked.\n"
    "\n"
    "8. What you say is true as far as you know. Say what you saw, what you were told and by "
    "whom,\n"
    "   and what you suppose, and keep the three apart. Correct what turns out to be wrong. "
    "Accuse\n"
    "   nobody here without having asked them first.\n"
    "\n"
    "9. Purpose. What is shared here is for protecting networks and those who use them. It is not "
    "for\n"
    "   attacking anybody, not for following or silencing people for what they think or say, and "
    "not\n"
    "   for gain.\n"
    "\n"
    "10. People. Share no personal data that the purpose does not need. Who sends such data "
    "answers\n"
    "    for its being needed; who receives it deletes it when it no longer is.\n"
    "\n"
    "11. Being reachable. Keep the contacts on your node card right. Answer an urgent message the\n"
    "    same day if you can, even if the answer is that you cannot help.\n"
    "\n"
    "12. Breaches. Who broke a rule, or had something taken, tells those concerned without delay.\n"
    "    The owner may remove a member who keeps breaking the rules, and hears it first.\n"
    "\n"
    "13. Changes. A new version of these rules is sent to all members before it holds. Who does "
    "not\n"
    "    want it leaves.\n";

static char hash[2 * SHA256_SIZE + 1];

const char *rulebook_default(void)
{
    return text;
}

const char *rulebook_default_hash(void)
{
    static gsize done;
    if (g_once_init_enter(&done)) {
        guint8 digest[SHA256_SIZE];
        sha256_digest(text, strlen(text), digest);
        sha256_hex(digest, hash);
        g_once_init_leave(&done, 1);
    }
    return hash;
}

char *rulebook_hash(const void *rules, gsize length)
{
    guint8 digest[SHA256_SIZE];
    char *hex = g_malloc(2 * SHA256_SIZE + 1);
    sha256_digest(rules, length, digest);
    sha256_hex(digest, hex);
    return hex;
}

gboolean rulebook_check(const void *rules, gsize length, GError **error)
{
    const char *bytes = rules;
    gboolean good =
        length > 0 && length <= RULEBOOK_BYTES_MAX && g_utf8_validate(bytes, (gssize)length, NULL);
    for (gsize i = 0; good && i < length; i++)
        good = (guchar)bytes[i] >= ' ' ? bytes[i] != 0x7f : strchr("\n\t\r", bytes[i]) != NULL;
    if (!good)
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT,
                    "a rulebook is plain text (UTF-8) of at most %d bytes", RULEBOOK_BYTES_MAX);
    return good;
}
