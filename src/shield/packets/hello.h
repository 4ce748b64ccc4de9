/* hello.h - the ClientHello of TLS: the name of the server that is wanted, and fingerprints of the
 * client.
 *
 * JA3 (Salesforce, BSD licence): MD5 of "version,ciphers,extensions,groups,point formats", decimal
 * numbers. JA4 (FoxIO, technical_details/JA4.md, BSD licence for this one): t, version, SNI or not,
 * numbers of ciphers and extensions, ALPN; hash of the sorted ciphers; hash of the sorted
 * extensions and the signature algorithms. Both leave out GREASE (RFC 8701). */
#pragma once

#include <glib.h>

/* Longest ClientHello that is read, in bytes. */
#define HELLO_MAX      (32 * 1024)

#define HELLO_MAX_NAME 255

typedef struct {
    char name[HELLO_MAX_NAME + 1]; /* SNI (RFC 6066); empty: none */
    gsize name_length;
    char ja3[33];
    char ja4[37];
    /* As Suricata 7 and 8 have it where no signature algorithms are offered: an underscore is
     * hashed with the extensions, none according to FoxIO. Empty: the same. */
    char ja4_suricata[37];
} Hello;

/* What carries it, as JA4 has it. */
typedef enum {
    HELLO_TCP = 't',
    HELLO_QUIC = 'q',
} HelloTransport;

typedef enum {
    HELLO_FOUND,
    HELLO_MORE, /* so far it is one, but there must be more */
    HELLO_NONE, /* something else, or broken */
} HelloOutcome;

/* Reads TLS records (RFC 8446 section 5.1) that begin with a ClientHello, which may go on over
 * several of them. */
HelloOutcome hello_read(const guint8 *data, gsize length, Hello *ret_hello);

/* Reads the ClientHello itself (RFC 8446 section 4), without records around it. What is behind it
 * is not looked at; HELLO_MORE costs nothing. */
HelloOutcome hello_read_message(const guint8 *data, gsize length, HelloTransport transport,
                                Hello *ret_hello);
