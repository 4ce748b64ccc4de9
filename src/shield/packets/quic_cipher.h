/* quic_cipher.h - opens Initial packets of QUIC's clients.
 *
 * They are encrypted with keys that follow from the connection ID which the client's first packet
 * bears for all to see (RFC 9001 section 5.2), so that nothing is hidden from who looks at all; but
 * who did not get that packet right cannot have made one that opens. */
#pragma once

#include "shield/packets/quic_packet.h"

enum { QUIC_CIPHER_KEY = 16, QUIC_CIPHER_IV = 12, QUIC_CIPHER_TAG = 16 };

typedef struct {
    guint8 key[QUIC_CIPHER_KEY], iv[QUIC_CIPHER_IV];
    guint8 header[QUIC_CIPHER_KEY]; /* protects the header */
} QuicCipherKeys;

/* What libcrypto wants to have ready; for one thread at a time. */
typedef struct QuicCipher QuicCipher;

QuicCipher *quic_cipher_new(void);

void quic_cipher_free(QuicCipher *cipher);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(QuicCipher, quic_cipher_free)

/* The client's keys of a connection whose first packet went to @destination. FALSE when libcrypto
 * cannot. */
gboolean quic_cipher_derive(QuicCipher *cipher, QuicPacketVersion version,
                            const QuicPacketId *destination, QuicCipherKeys *ret_keys);

/* Opens an Initial. FALSE when it was not made with these keys. *ret_payload are its frames, good
 * until the next call. */
gboolean quic_cipher_open(QuicCipher *cipher, const QuicCipherKeys *keys, const QuicPacket *packet,
                          const guint8 **ret_payload, gsize *ret_length);
