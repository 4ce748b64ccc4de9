#include "shield/packets/quic_cipher.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>

enum { HASH = 32, SALT = 20, SAMPLE_AT = 4, BLOCK = 16 };

struct QuicCipher {
    EVP_MAC *hmac;
    EVP_CIPHER *gcm, *ecb;
    EVP_MAC_CTX *mac;
    EVP_CIPHER_CTX *open, *mask;
    GByteArray *payload;
};

/* RFC 9001 section 5.2, RFC 9369 section 3.3, draft-ietf-quic-tls-23 and -29 section 5.2. */
static const struct {
    guint8 salt[SALT];
    const char *key, *iv, *header;
} versions[QUIC_PACKET_N_VERSIONS] = {
    [QUIC_PACKET_V1] = {{0x38, 0x76, 0x2c, 0xf7, 0xf5, 0x59, 0x34, 0xb3, 0x4d, 0x17,
                         0x9a, 0xe6, 0xa4, 0xc8, 0x0c, 0xad, 0xcc, 0xbb, 0x7f, 0x0a},
                        "tls13 quic key",
                        "tls13 quic iv",
                        "tls13 quic hp"},
    [QUIC_PACKET_V2] = {{0x0d, 0xed, 0xe3, 0xde, 0xf7, 0x00, 0xa6, 0xdb, 0x81, 0x93,
                         0x81, 0xbe, 0x6e, 0x26, 0x9d, 0xcb, 0xf9, 0xbd, 0x2e, 0xd9},
                        "tls13 quicv2 key",
                        "tls13 quicv2 iv",
                        "tls13 quicv2 hp"},
    [QUIC_PACKET_DRAFT_23] = {{0xc3, 0xee, 0xf7, 0x12, 0xc7, 0x2e, 0xbb, 0x5a, 0x11, 0xa7,
                               0xd2, 0x43, 0x2b, 0xb4, 0x63, 0x65, 0xbe, 0xf9, 0xf5, 0x02},
                              "tls13 quic key",
                              "tls13 quic iv",
                              "tls13 quic hp"},
    [QUIC_PACKET_DRAFT_29] = {{0xaf, 0xbf, 0xec, 0x28, 0x99, 0x93, 0xd2, 0x4c, 0x9e, 0x97,
                               0x86, 0xf1, 0x9c, 0x61, 0x11, 0xe0, 0x43, 0x90, 0xa8, 0x99},
                              "tls13 quic key",
                              "tls13 quic iv",
                              "tls13 quic hp"},
};

QuicCipher *quic_cipher_new(void)
{
    QuicCipher *cipher = g_new0(QuicCipher, 1);
    OSSL_PARAM digest[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, (char[]){"SHA256"}, 0),
        OSSL_PARAM_construct_end(),
    };

    cipher->payload = g_byte_array_new();
    cipher->hmac = EVP_MAC_fetch(NULL, "HMAC", NULL);
    cipher->gcm = EVP_CIPHER_fetch(NULL, "AES-128-GCM", NULL);
    cipher->ecb = EVP_CIPHER_fetch(NULL, "AES-128-ECB", NULL);
    cipher->mac = cipher->hmac ? EVP_MAC_CTX_new(cipher->hmac) : NULL;
    cipher->open = EVP_CIPHER_CTX_new();
    cipher->mask = EVP_CIPHER_CTX_new();
    if (cipher->mac && !EVP_MAC_CTX_set_params(cipher->mac, digest))
        g_clear_pointer(&cipher->mac, EVP_MAC_CTX_free);
    return cipher;
}

void quic_cipher_free(QuicCipher *cipher)
{
    if (!cipher)
        return;
    EVP_MAC_CTX_free(cipher->mac);
    EVP_CIPHER_CTX_free(cipher->open);
    EVP_CIPHER_CTX_free(cipher->mask);
    EVP_MAC_free(cipher->hmac);
    EVP_CIPHER_free(cipher->gcm);
    EVP_CIPHER_free(cipher->ecb);
    g_byte_array_unref(cipher->payload);
    g_free(cipher);
}

/* --- Keys ------------------------------------------------------------------------------------- */

static gboolean hmac(QuicCipher *cipher, const guint8 *key, gsize key_length, const void *data,
                     gsize length, guint8 ret_mac[HASH])
{
    gsize size;

    return EVP_MAC_init(cipher->mac, key, key_length, NULL) &&
           EVP_MAC_update(cipher->mac, data, length) &&
           EVP_MAC_final(cipher->mac, ret_mac, &size, HASH);
}

/* HKDF-Expand-Label (RFC 8446 section 7.1) without a context, of no more than one hash: then it is
 * one HMAC of the label, numbered 1 (RFC 5869 section 2.3). */
static gboolean expand(QuicCipher *cipher, const guint8 secret[HASH], const char *label,
                       guint8 *ret_key, gsize length)
{
    guint8 info[64] = {0, (guint8)length, (guint8)strlen(label)}, mac[HASH];
    gsize at = 3 + strlen(label);

    g_assert(length <= HASH && at + 2 <= sizeof(info));
    memcpy(info + 3, label, strlen(label));
    info[at++] = 0;
    info[at++] = 1;
    if (!hmac(cipher, secret, HASH, info, at, mac))
        return FALSE;
    memcpy(ret_key, mac, length);
    return TRUE;
}

gboolean quic_cipher_derive(QuicCipher *cipher, QuicPacketVersion version,
                            const QuicPacketId *destination, QuicCipherKeys *ret_keys)
{
    guint8 initial[HASH], client[HASH];
    QuicCipherKeys keys = {0};

    if (!cipher->mac || version == QUIC_PACKET_NONE ||
        !hmac(cipher, versions[version].salt, SALT, destination->bytes, destination->length,
              initial) ||
        !expand(cipher, initial, "tls13 client in", client, HASH) ||
        !expand(cipher, client, versions[version].key, keys.key, sizeof(keys.key)) ||
        !expand(cipher, client, versions[version].iv, keys.iv, sizeof(keys.iv)) ||
        !expand(cipher, client, versions[version].header, keys.header, sizeof(keys.header)))
        return FALSE;
    *ret_keys = keys;
    return TRUE;
}

/* --- Packets ---------------------------------------------------------------------------------- */

/* RFC 9001 section 5.4. */
static gboolean make_mask(QuicCipher *cipher, const QuicCipherKeys *keys, const QuicPacket *packet,
                          guint8 ret_mask[BLOCK])
{
    int length;

    return EVP_EncryptInit_ex2(cipher->mask, cipher->ecb, keys->header, NULL, NULL) &&
           EVP_CIPHER_CTX_set_padding(cipher->mask, 0) &&
           EVP_EncryptUpdate(cipher->mask, ret_mask, &length,
                             packet->data + packet->number_at + SAMPLE_AT, BLOCK);
}

/* The header as it was before it was protected: its first byte, what lies between, the number. */
static gboolean add_header(QuicCipher *cipher, const QuicPacket *packet, guint8 first,
                           const guint8 *number, gsize size)
{
    int length;

    return EVP_DecryptUpdate(cipher->open, NULL, &length, &first, 1) &&
           EVP_DecryptUpdate(cipher->open, NULL, &length, packet->data + 1,
                             (int)packet->number_at - 1) &&
           EVP_DecryptUpdate(cipher->open, NULL, &length, number, (int)size);
}

gboolean quic_cipher_open(QuicCipher *cipher, const QuicCipherKeys *keys, const QuicPacket *packet,
                          const guint8 **ret_payload, gsize *ret_length)
{
    guint8 mask[BLOCK], number[4], nonce[QUIC_CIPHER_IV], tag[QUIC_CIPHER_TAG];
    int length, end;

    if (!cipher->gcm || !cipher->ecb || !make_mask(cipher, keys, packet, mask))
        return FALSE;
    guint8 first = packet->data[0] ^ (mask[0] & 0x0f);
    gsize size = (first & 3u) + 1, at = packet->number_at + size;
    gsize sealed = packet->length - at - QUIC_CIPHER_TAG;
    /* Numbers begin with 0 and come whole, as none was acknowledged yet. */
    memcpy(nonce, keys->iv, sizeof(nonce));
    for (gsize i = 0; i < size; i++) {
        number[i] = packet->data[packet->number_at + i] ^ mask[1 + i];
        nonce[sizeof(nonce) - size + i] ^= number[i];
    }
    g_byte_array_set_size(cipher->payload, (guint)sealed + BLOCK);
    memcpy(tag, packet->data + at + sealed, sizeof(tag));
    if (!EVP_DecryptInit_ex2(cipher->open, cipher->gcm, keys->key, nonce, NULL) ||
        !add_header(cipher, packet, first, number, size) ||
        !EVP_DecryptUpdate(cipher->open, cipher->payload->data, &length, packet->data + at,
                           (int)sealed) ||
        !EVP_CIPHER_CTX_ctrl(cipher->open, EVP_CTRL_AEAD_SET_TAG, sizeof(tag), tag) ||
        EVP_DecryptFinal_ex(cipher->open, cipher->payload->data + length, &end) <= 0)
        return FALSE;
    *ret_payload = cipher->payload->data;
    *ret_length = sealed;
    return TRUE;
}
