/* quic_maker.h - makes QUIC's Initial packets for tests, sealed as clients seal them. */
#pragma once

#include <openssl/evp.h>

#include "frames.h"
#include "shield/packets/quic_cipher.h"

typedef struct {
    guint32 version;         /* 0: 1 */
    guint type;              /* bits 4 and 5 of the first byte: 0 is a v1 Initial */
    const char *keys;        /* hexadecimal: the ID that the keys are of; NULL: the destination */
    const char *destination; /* hexadecimal */
    const char *source;      /* hexadecimal; NULL: none */
    const char *token;       /* hexadecimal; NULL: none */
    guint8 number;
} QuicMade;

/* A number in four bytes. */
static inline void quic_number(GByteArray *into, guint32 number)
{
    frames_be32(into, number | 0x80000000u);
}

static inline void quic_crypto(GByteArray *frames, guint32 offset, const guint8 *data, gsize length)
{
    frames_hex(frames, "06");
    quic_number(frames, offset);
    quic_number(frames, (guint32)length);
    frames_bytes(frames, data, length);
}

/* Frames that have no meaning here: PADDING, PING, ACK with two ranges, ACK with ECN. */
static inline void quic_noise(GByteArray *frames)
{
    frames_hex(frames,
               "000000 01 02 05 00 02 01 0102 4103 40c0 03 4009 00 00 01 01 02 8000ffff 00");
}

static inline void quic_id(GByteArray *into, const char *hex)
{
    g_autoptr(GByteArray) id = g_byte_array_new();
    frames_hex(id, hex ? hex : "");
    const guint8 length = (guint8)id->len;
    frames_bytes(into, &length, 1);
    frames_bytes(into, id->data, id->len);
}

/* The header up to the packet number of one byte, which is not protected yet. */
static inline GByteArray *quic_header(const QuicMade *made, gsize sealed)
{
    GByteArray *header = g_byte_array_new();
    guint32 version = made->version ? made->version : 1;
    const guint8 first = (guint8)(0xc0 | made->type << 4);

    frames_bytes(header, &first, 1);
    frames_be32(header, version);
    quic_id(header, made->destination);
    quic_id(header, made->source);
    quic_id(header, made->token);
    quic_number(header, (guint32)sealed + 1);
    frames_bytes(header, &made->number, 1);
    return header;
}

/* Seals @frames, behind which PADDING is put up to @size bytes, and takes them over. */
static inline GByteArray *quic_seal(const QuicMade *made, GByteArray *frames, guint size)
{
    g_autoptr(QuicCipher) cipher = quic_cipher_new();
    QuicPacketId id = {0};
    QuicCipherKeys keys;
    guint8 nonce[QUIC_CIPHER_IV], mask[16];
    int length;

    g_autoptr(GByteArray) of = g_byte_array_new();
    frames_hex(of, made->keys ? made->keys : made->destination);
    id.length = (guint8)of->len;
    if (of->len > 0)
        memcpy(id.bytes, of->data, of->len);
    g_assert_true(quic_cipher_derive(cipher, quic_packet_version(made->version ? made->version : 1),
                                     &id, &keys));
    while (frames->len < MAX(size, 3))
        frames_hex(frames, "00");
    GByteArray *packet = quic_header(made, frames->len + QUIC_CIPHER_TAG);
    guint at = packet->len;
    memcpy(nonce, keys.iv, sizeof(nonce));
    nonce[sizeof(nonce) - 1] ^= made->number;
    EVP_CIPHER_CTX *seal = EVP_CIPHER_CTX_new(), *protect = EVP_CIPHER_CTX_new();
    EVP_EncryptInit_ex(seal, EVP_aes_128_gcm(), NULL, keys.key, nonce);
    EVP_EncryptUpdate(seal, NULL, &length, packet->data, (int)at);
    g_byte_array_set_size(packet, at + frames->len + QUIC_CIPHER_TAG);
    EVP_EncryptUpdate(seal, packet->data + at, &length, frames->data, (int)frames->len);
    EVP_EncryptFinal_ex(seal, mask, &length);
    EVP_CIPHER_CTX_ctrl(seal, EVP_CTRL_AEAD_GET_TAG, QUIC_CIPHER_TAG,
                        packet->data + at + frames->len);
    EVP_EncryptInit_ex(protect, EVP_aes_128_ecb(), NULL, keys.header, NULL);
    EVP_EncryptUpdate(protect, mask, &length, packet->data + at + 3, 16);
    packet->data[0] ^= mask[0] & 0x0f;
    packet->data[at - 1] ^= mask[1];
    EVP_CIPHER_CTX_free(seal);
    EVP_CIPHER_CTX_free(protect);
    g_byte_array_unref(frames);
    return packet;
}

/* A ClientHello for @name, of @size bytes or as many as it needs. */
static inline GByteArray *quic_hello(const char *name, guint size)
{
    GByteArray *hello = g_byte_array_new();
    guint length = (guint)strlen(name), least = 4 + 41 + 2 + 9 + length + 4;
    guint padding = size > least ? size - least : 0;
    guint extensions = 9 + length + 4 + padding;

    frames_be32(hello, 0x01000000 | (41 + 2 + extensions));
    frames_hex(hello, "0303 00000000000000000000000000000000 00000000000000000000000000000000"
                      "00 0002 1301 0100");
    frames_be16(hello, extensions);
    frames_be16(hello, 0);
    frames_be16(hello, length + 5);
    frames_be16(hello, length + 3);
    frames_hex(hello, "00");
    frames_be16(hello, length);
    frames_text(hello, name);
    frames_be16(hello, 21);
    frames_be16(hello, padding);
    for (guint i = 0; i < padding; i++)
        frames_hex(hello, "00");
    return hello;
}
