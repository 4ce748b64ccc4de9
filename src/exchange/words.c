#include "exchange/words.h"

#include <sodium.h>
#include <string.h>

#include "base/error.h"
#include "base/sha256.h"

/* The parameters of Argon2id; they are part of the protocol. */
#define PASSES       3
#define MEMORY_BYTES ((gsize)64 * 1024 * 1024)

/* In the order of the alphabet; no two begin with the same four letters. Part of the protocol. */
static const char *const list[WORDS_LIST] = {
    "acorn",   "album",    "almond",  "anchor",   "apple",   "apron",    "arch",     "arrow",
    "atlas",   "badge",    "bagel",   "bamboo",   "banjo",   "barley",   "basket",   "beacon",
    "berry",   "birch",    "biscuit", "blanket",  "blossom", "boat",     "bonnet",   "bottle",
    "branch",  "bread",    "brick",   "bridge",   "broom",   "brush",    "bucket",   "button",
    "cabin",   "cable",    "cactus",  "camel",    "candle",  "canoe",    "carpet",   "carrot",
    "castle",  "cellar",   "cement",  "cereal",   "chair",   "chalk",    "cherry",   "chimney",
    "circle",  "clock",    "cloud",   "clover",   "coast",   "cobalt",   "cocoa",    "coffee",
    "comet",   "copper",   "cotton",  "cradle",   "crane",   "crayon",   "cricket",  "crystal",
    "cup",     "curtain",  "cushion", "dance",    "desk",    "diamond",  "dinner",   "dolphin",
    "domino",  "door",     "dove",    "dragon",   "drawer",  "drum",     "eagle",    "earth",
    "easel",   "echo",     "elbow",   "ember",    "engine",  "envelope", "evening",  "fabric",
    "falcon",  "feather",  "fern",    "fiddle",   "field",   "finch",    "flame",    "flute",
    "foam",    "forest",   "fossil",  "fountain", "fox",     "frost",    "fruit",    "garden",
    "garlic",  "giraffe",  "glass",   "globe",    "glove",   "goat",     "golden",   "grain",
    "grape",   "gravel",   "guitar",  "hammer",   "harbor",  "harp",     "helmet",   "heron",
    "hill",    "honey",    "hood",    "horizon",  "iceberg", "igloo",    "island",   "jacket",
    "jelly",   "jewel",    "juice",   "jungle",   "kayak",   "kettle",   "kitchen",  "kite",
    "koala",   "ladder",   "lake",    "lamp",     "lantern", "lava",     "lemon",    "lizard",
    "lotus",   "lunar",    "magnet",  "mango",    "maple",   "marble",   "meadow",   "melon",
    "mint",    "mirror",   "mitten",  "morning",  "mosaic",  "moss",     "mountain", "mushroom",
    "napkin",  "nectar",   "needle",  "nest",     "night",   "noodle",   "north",    "nutmeg",
    "oak",     "oasis",    "ocean",   "onion",    "orange",  "orbit",    "orchid",   "otter",
    "oval",    "owl",      "oyster",  "paddle",   "paint",   "palm",     "panda",    "paper",
    "parrot",  "pasta",    "peach",   "pebble",   "pencil",  "pepper",   "piano",    "pigeon",
    "pillow",  "pine",     "planet",  "plum",     "pocket",  "pond",     "poppy",    "potato",
    "prairie", "pumpkin",  "puzzle",  "quartz",   "quilt",   "rabbit",   "radio",    "raft",
    "rain",    "ribbon",   "river",   "rocket",   "roof",    "saddle",   "salmon",   "sand",
    "scarf",   "school",   "seal",    "shell",    "silver",  "sketch",   "snow",     "sofa",
    "spider",  "sponge",   "spoon",   "spring",   "stable",  "stamp",    "sunset",   "swan",
    "table",   "teapot",   "thunder", "tiger",    "tomato",  "trumpet",  "tulip",    "tunnel",
    "turtle",  "umbrella", "valley",  "vase",     "velvet",  "violin",   "wagon",    "walnut",
    "water",   "wheel",    "window",  "winter",   "wool",    "yarn",     "zebra",    "zipper",
};

const char *words_word(guint8 byte)
{
    return list[byte];
}

static void append_card(GString *text, const Card *card)
{
    g_string_append_printf(text, "%s\n%s\n%s\n%s\n", card->origin, card->vkeys[CARD_LEDGER_KEY],
                           card->vkeys[CARD_RECOVERY_KEY], card->vkeys[CARD_MESSAGE_KEY]);
}

char *words_compute(const Card *a, const Card *b, GError **error)
{
    static const guint8 salt[crypto_pwhash_argon2id_SALTBYTES + 1] = "concert/v1 words";
    guint8 digest[SHA256_SIZE], bytes[crypto_pwhash_argon2id_BYTES_MIN];
    G_STATIC_ASSERT(sizeof bytes >= WORDS_COUNT);
    int order = strcmp(a->origin, b->origin);
    if (order == 0) {
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT, "both cards are of %s", a->node);
        return NULL;
    }
    g_autoptr(GString) text = g_string_new("concert/v1 words\n");
    append_card(text, order < 0 ? a : b);
    append_card(text, order < 0 ? b : a);
    sha256_digest(text->str, text->len, digest);
    if (sodium_init() < 0 ||
        crypto_pwhash_argon2id(bytes, sizeof bytes, (const char *)digest, sizeof digest, salt,
                               PASSES, MEMORY_BYTES, crypto_pwhash_argon2id_ALG_ARGON2ID13) != 0) {
        g_set_error_literal(error, CONCERT_ERROR, CONCERT_ERROR_BUSY,
                            "the words cannot be worked out: they take 64 MiB of memory");
        return NULL;
    }
    g_string_truncate(text, 0);
    for (guint i = 0; i < WORDS_COUNT; i++)
        g_string_append_printf(text, "%s%s", i > 0 ? " " : "", list[bytes[i]]);
    return g_string_free(g_steal_pointer(&text), FALSE);
}
