/* What counts as found: the items of docs/match.md, "Item by item", each with texts in which a
 * value is found and texts in which it is not, by every one of the sieve's loops that this machine
 * can run. */
#include <string.h>

#include "frames.h"
#include "shield/load.h"
#include "shield/packets/packets.h"
#include "shield/scan.h"
#include "shield/set_builder.h"
#include "shield/sieve.h"

#define ID     "indicator--00000000-0000-4000-8000-000000000001"
#define MD5    "d41d8cd98f00b204e9800998ecf8427e"
#define SHA1   "da39a3ee5e6b4b0d3255bfef95601890afd80709"
#define SHA256 "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define JA4    "t13d1516h2_8daaf6152771_02713d6af862"

typedef enum {
    TEXT,  /* running text */
    LOG,   /* a log whose format its first lines tell */
    LONG,  /* running text, in the middle of a line of a megabyte */
    QUERY, /* the bytes are a DNS message in a packet */
} Way;

typedef struct {
    const char *item;
    Way way;
    ObservableKind kind;
    const char *value;
    const char *text;
    gsize length;
    gboolean found;
} Row;

#define YES(item, way, kind, value, text)                                                          \
    {                                                                                              \
        item, way, OBSERVABLE_##kind, value, text, sizeof(text) - 1, TRUE                          \
    }
#define NO(item, way, kind, value, text)                                                           \
    {                                                                                              \
        item, way, OBSERVABLE_##kind, value, text, sizeof(text) - 1, FALSE                         \
    }

#define WINDOWS_DNS                                                                                \
    "11/14/2023 10:13:20 PM 0E70 PACKET  00000000033397A0 UDP Rcv 192.0.2.9 5b47   Q "
#define ZEEK     "#separator \\x09\n#fields\tts\tid.orig_h\thost\turi\n"
#define EVE      "{\"event_type\":\"flow\",\"timestamp\":\"2023-11-14T22:13:20Z\","
#define QUESTION "\0\1\1\0\0\1\0\0\0\0\0\0"

static const Row rows[] = {
    YES("parent domains", TEXT, DOMAIN, "alder.example", "at www.alder.example today"),
    YES("parent domains", TEXT, DOMAIN, "alder.example", "a.b.c.d.alder.example:53"),
    NO("parent domains", TEXT, DOMAIN, "www.alder.example", "alder.example"),
    NO("parent domains", TEXT, DOMAIN, "alder.example", "xalder.example"),
    NO("parent domains", TEXT, DOMAIN, "alder.example", "alder.example.net"),

    YES("case", TEXT, DOMAIN, "alder.example", "WWW.ALDER.Example"),
    YES("case", TEXT, SHA1, SHA1, "DA39A3EE5E6B4B0D3255BFEF95601890AFD80709"),
    YES("case", TEXT, EMAIL, "mallory@alder.example", "<Mallory@Alder.Example>"),
    YES("case", TEXT, URL, "http://alder.example/a", "HTTP://Alder.EXAMPLE/a"),
    NO("case", TEXT, URL, "http://alder.example/a", "http://alder.example/A"),
    NO("case", TEXT, URL, "http://alder.example/?q=a", "http://alder.example/?q=A"),

    YES("trailing dot", TEXT, DOMAIN, "alder.example", "IN A alder.example. 300"),
    YES("trailing dot", TEXT, URL, "http://alder.example/a", "http://alder.example./a"),
    NO("trailing dot", TEXT, DOMAIN, "alder.example", "alder.example.birch."),
    NO("trailing dot", TEXT, URL, "http://alder.example/a", "http://alder.example/a./b"),

    YES("U-labels and A-labels", TEXT, DOMAIN, "xn--bcher-kva.example", "B\303\234cher.example"),
    YES("U-labels and A-labels", TEXT, DOMAIN, "xn--bcher-kva.example", "XN--BCHER-KVA.example"),
    YES("U-labels and A-labels", TEXT, URL, "http://xn--bcher-kva.example/a",
        "http://b\303\274cher\343\200\202example/a"),
    NO("U-labels and A-labels", TEXT, DOMAIN, "xn--bcher-kva.example", "bucher.example"),
    NO("U-labels and A-labels", TEXT, DOMAIN, "alder.example", "\303\274alder.example"),

    YES("forms of IPv6", TEXT, IPV6, "2001:db8::1", "from 2001:0DB8:0:0:0:0:0:0001 to"),
    YES("forms of IPv6", TEXT, IPV6, "2001:db8::c000:209", "2001:db8::192.0.2.9"),
    YES("forms of IPv6", TEXT, IPV6, "2001:db8::1", "src:2001:db8:0::1"),
    YES("forms of IPv6", TEXT, IPV6, "::1", "src:::1"),
    YES("forms of IPv6", TEXT, IPV6, "::2:0:1", "face:::2:0:1/128"),
    NO("forms of IPv6", TEXT, IPV6, "::1", "2001:db8:::1"),
    NO("forms of IPv6", TEXT, IPV6, "2001:db8::1", "2001:db8::1:2"),
    NO("forms of IPv6", TEXT, IPV6, "2001:db8::1", "2001:db8::11"),
    NO("forms of IPv6", TEXT, IPV6, "::a", "10:20:0a std::a"),

    YES("brackets", TEXT, IPV6, "2001:db8::1", "[2001:db8::1]:443"),
    YES("brackets", TEXT, IPV6, "2001:db8::1", "http://[2001:DB8::0:1]/"),
    YES("brackets", TEXT, IPV4, "192.0.2.1", "[192.0.2.1]"),
    NO("brackets", TEXT, IPV6, "2001:db8::1", "[2001:db8::1:443]"),
    NO("brackets", TEXT, IPV4, "192.0.2.1", "[192.0.2.1.5]"),

    YES("zone", TEXT, IPV6, "fe80::1", "fe80::1%eth0 is up"),
    YES("zone", TEXT, IPV6, "fe80::1", "[fe80::1%25eth0]:80"),
    NO("zone", TEXT, IPV6, "fe80::1", "fe80::12%eth0"),
    NO("zone", TEXT, IPV6, "fe80::1", "fe80::2%fe80"),

    YES("v4-mapped", TEXT, IPV4, "192.0.2.1", "::ffff:192.0.2.1"),
    YES("v4-mapped", TEXT, IPV4, "192.0.2.1", "[::FFFF:c000:201]:80"),
    YES("v4-mapped", TEXT, CIDR, "192.0.2.0/24", "0:0:0:0:0:ffff:192.0.2.77"),
    NO("v4-mapped", TEXT, IPV4, "192.0.2.1", "2001:db8::192.0.2.1"),
    NO("v4-mapped", TEXT, IPV4, "192.0.2.1", "::ffff:192.0.2.10"),

    YES("addresses inside names", TEXT, DOMAIN, "bl.alder.example", "192.0.2.1.bl.alder.example"),
    YES("addresses inside names", TEXT, IPV4, "192.0.2.1", "bl.alder.example/192.0.2.1:80"),
    NO("addresses inside names", TEXT, IPV4, "192.0.2.1", "192.0.2.1.bl.alder.example"),
    NO("addresses inside names", TEXT, IPV4, "192.0.2.1", "host-192.0.2.1"),
    NO("addresses inside names", TEXT, IPV4, "192.0.2.1", "192.0.2.1-alder"),

    YES("inside longer numbers", TEXT, IPV4, "192.0.2.1", "(192.0.2.1),5"),
    YES("inside longer numbers", TEXT, IPV4, "192.0.2.1", "192.0.2.1."),
    NO("inside longer numbers", TEXT, IPV4, "192.0.2.1", "1192.0.2.1"),
    NO("inside longer numbers", TEXT, IPV4, "192.0.2.1", "192.0.2.11"),
    NO("inside longer numbers", TEXT, IPV4, "192.0.2.1", "1.3.6.192.0.2.1"),
    NO("inside longer numbers", TEXT, IPV4, "192.0.2.1", "192.0.2.1.5"),
    NO("inside longer numbers", TEXT, IPV4, "192.0.2.1", "192.0.2.01"),

    YES("version numbers", TEXT, IPV4, "192.0.2.1", "DIRECT/192.0.2.1"),
    YES("version numbers", TEXT, IPV4, "192.0.2.1", "Alder/192.0.2.1:80"),
    NO("version numbers", TEXT, IPV4, "124.0.0.0", "Chrome/124.0.0.0 Safari/537.36"),
    NO("version numbers", TEXT, IPV4, "192.0.2.1", "Edg/192.0.2.1"),
    NO("version numbers", TEXT, IPV4, "124.0.0.0", "OPR/124.0.0.0"),
    NO("version numbers", LOG, IPV4, "192.0.2.1",
       "{\"event_type\":\"http\",\"timestamp\":\"2023-11-14T22:13:20Z\","
       "\"http\":{\"http_user_agent\":\"agent 192.0.2.1\"}}\n"),

    YES("ranges with a dash", TEXT, IPV4, "192.0.2.1", "192.0.2.1-192.0.2.9"),
    YES("ranges with a dash", TEXT, IPV4, "192.0.2.9", "192.0.2.1-192.0.2.9"),
    YES("ranges with a dash", TEXT, IPV6, "2001:db8::1", "2001:db8::1-2001:db8::5"),
    NO("ranges with a dash", TEXT, IPV4, "192.0.2.5", "192.0.2.1-192.0.2.9"),
    NO("ranges with a dash", TEXT, IPV4, "192.0.2.1", "192.0.2.1-9"),

    YES("percent escapes", TEXT, DOMAIN, "alder.example", "u=%2Falder.example%2Fx"),
    YES("percent escapes", TEXT, URL, "http://alder.example/a",
        "q=http%3a%2f%2Falder.example%2Fa&r=1"),
    YES("percent escapes", TEXT, DOMAIN, "alder.example", "http%253A%252F%252Falder.example"),
    YES("percent escapes", TEXT, URL, "http://alder.example/a", "see%0ahttp://alder.example/a"),
    NO("percent escapes", TEXT, DOMAIN, "alder.example", "x%61lder.example"),
    NO("percent escapes", TEXT, IPV4, "192.0.2.1", "192.0.2.1%2e5"),

    YES("JSON escapes", TEXT, URL, "http://alder.example/a", "\"http:\\/\\/alder.example\\/a\""),
    YES("JSON escapes", TEXT, DOMAIN, "alder.example", "alder\\u002eexample"),
    YES("JSON escapes", TEXT, URL, "http://alder.example/a&b",
        "\"http://alder.example/a\\u0026b\""),
    NO("JSON escapes", TEXT, DOMAIN, "alder.example", "\\u0078alder.example"),
    NO("JSON escapes", TEXT, DOMAIN, "alder.example", "alder.example\\u002enet"),

    YES("backslash escapes", TEXT, DOMAIN, "alder.example", "x\\nalder.example\\r\\n"),
    YES("backslash escapes", TEXT, DOMAIN, "alder.example", "\\x2falder.example"),
    YES("backslash escapes", TEXT, MD5, MD5, "x\\n" MD5),
    YES("backslash escapes", TEXT, URL, "http://alder.example/a", "see\\nhttp://alder.example/a"),
    YES("backslash escapes", TEXT, URL, "http://alder.example/a", "see\\nalder.example/a\\n"),
    YES("backslash escapes", TEXT, URL, "http://alder.example/a",
        "see\\u000ahttp://alder.example/a"),
    YES("backslash escapes", TEXT, DOMAIN, "alder.example", "alder\\.example"),
    YES("backslash escapes", TEXT, DOMAIN, "alder.example", "alder\\x2eexample"),
    NO("backslash escapes", TEXT, DOMAIN, "alder.example", "\\x78alder.example"),
    NO("backslash escapes", TEXT, DOMAIN, "alder.example", "alder.example\\x2enet"),
    /* a dot in octal, and one in decimal: nothing says which is meant */
    NO("backslash escapes", TEXT, DOMAIN, "alder.example", "alder\\056example"),
    NO("backslash escapes", TEXT, DOMAIN, "alder.example", "alder\\046example"),

    YES("control escapes", TEXT, DOMAIN, "alder.example", "failed#012alder.example#012at"),
    YES("control escapes", TEXT, IPV4, "192.0.2.1", "from#011192.0.2.1#011to"),
    YES("control escapes", TEXT, IPV6, "2001:db8::1", "#0152001:db8::1"),
    YES("control escapes", TEXT, MD5, MD5, "#033" MD5),
    YES("control escapes", TEXT, EMAIL, "mallory@alder.example", "#012mallory@alder.example"),
    YES("control escapes", TEXT, URL, "http://alder.example/a", "#011http://alder.example/a#012b"),
    YES("control escapes", TEXT, URL, "http://alder.example/a", "#177alder.example/a#012b"),
    YES("control escapes", TEXT, DOMAIN, "alder.example", "%23012alder.example"),
    /* as it stands, too */
    YES("control escapes", TEXT, DOMAIN, "012alder.example", "#012alder.example"),
    NO("control escapes", TEXT, DOMAIN, "alder.example", "#040alder.example"),
    NO("control escapes", TEXT, DOMAIN, "alder.example", "#018alder.example"),
    NO("control escapes", TEXT, DOMAIN, "alder.example", "#12alder.example"),
    NO("control escapes", TEXT, DOMAIN, "alder.example", "#012xalder.example"),
    NO("control escapes", TEXT, IPV4, "192.0.2.1", "#0121192.0.2.1"),

    YES("defanged", TEXT, URL, "http://alder.example/a", "hxxp[:]//alder[.]example/a"),
    YES("defanged", TEXT, DOMAIN, "alder.example", "www(dot)alder[dot]example"),
    YES("defanged", TEXT, IPV4, "192.0.2.1", "192[.]0.2[.]1"),
    YES("defanged", TEXT, EMAIL, "mallory@alder.example", "mallory[@]alder[.]example"),
    YES("defanged", TEXT, URL, "http://alder.example/a,b.c", "hxxp://alder.example/a,b[.]c,d"),
    YES("defanged", TEXT, URL, "http://alder.example/a,b.c(d", "hxxp://alder.example/a,b(.)c(d)e"),
    YES("defanged", TEXT, URL, "http://alder.example/a,b[.]c", "http://alder.example/a,b[.]c,d"),
    NO("defanged", TEXT, DOMAIN, "alder.example", "alder.example[.]net"),
    NO("defanged", TEXT, IPV4, "192.0.2.1", "5[.]192.0.2.1"),

    YES("DNS wire form", QUERY, DOMAIN, "alder.example",
        QUESTION "\3www\5ALDER\7example\0\0\1\0\1"),
    YES("DNS wire form", QUERY, IPV4, "192.0.2.77",
        "\0\1\201\200\0\1\0\1\0\0\0\0\5birch\7example\0\0\1\0\1"
        "\300\14\0\1\0\1\0\0\0\1\0\4\300\0\2\115"),
    NO("DNS wire form", QUERY, DOMAIN, "alder.example", QUESTION "\6xalder\7example\0\0\1\0\1"),
    NO("DNS wire form", QUERY, DOMAIN, "alder.example", QUESTION "\5alder\7example\3net\0\0\1\0\1"),

    YES("(5)name(7) form", LOG, DOMAIN, "alder.example",
        WINDOWS_DNS "[0001   D   NOERROR] A      (3)www(5)alder(7)example(0)\n"),
    YES("(5)name(7) form", LOG, DOMAIN, "alder.example",
        WINDOWS_DNS "[0001   D   NOERROR] A      (4)root(0)\r\n"
                    "    Name      \"[C00C](5)Alder(7)example(0)\"\r\n"),
    NO("(5)name(7) form", LOG, DOMAIN, "alder.example",
       WINDOWS_DNS "[0001   D   NOERROR] A      (6)xalder(7)example(0)\n"),
    NO("(5)name(7) form", LOG, DOMAIN, "alder.example",
       WINDOWS_DNS "[0001   D   NOERROR] A      (5)alder(7)example(3)net(0)\n"),
    NO("(5)name(7) form", TEXT, DOMAIN, "alder.example", "(5)alder(7)example(0)"),

    YES("default port", TEXT, URL, "http://alder.example/a", "http://alder.example:80/a"),
    YES("default port", TEXT, URL, "https://alder.example/a", "https://alder.example:443/a"),
    NO("default port", TEXT, URL, "http://alder.example/a", "http://alder.example:443/a"),
    NO("default port", TEXT, URL, "https://alder.example/a", "https://alder.example:8443/a"),

    YES("percent case", TEXT, URL, "http://alder.example/%C3%A4", "http://alder.example/%c3%a4"),
    YES("percent case", TEXT, URL, "http://alder.example/a", "http://alder.example/%61"),
    NO("percent case", TEXT, URL, "http://alder.example/a", "http://alder.example/%41"),
    NO("percent case", TEXT, URL, "http://alder.example/a/b", "http://alder.example/a%2fb"),

    YES("dot segments", TEXT, URL, "http://alder.example/a/b", "http://alder.example/a/./b"),
    YES("dot segments", TEXT, URL, "http://alder.example/b", "http://alder.example/a/../b"),
    NO("dot segments", TEXT, URL, "http://alder.example/a/b", "http://alder.example/a/../b"),
    NO("dot segments", TEXT, URL, "http://alder.example/?b", "http://alder.example/?a/../b"),

    YES("user name and password", TEXT, URL, "http://alder.example/a",
        "http://mallory:secret@alder.example/a"),
    YES("user name and password", TEXT, DOMAIN, "alder.example", "http://mallory@alder.example/"),
    NO("user name and password", TEXT, URL, "http://alder.example/a",
       "http://alder.example@birch.example/a"),
    NO("user name and password", TEXT, DOMAIN, "alder.example",
       "http://alder.example@birch.example/"),
    NO("user name and password", TEXT, DOMAIN, "alder.example",
       "http://alder.example:secret@birch.example/"),
    NO("user name and password", TEXT, DOMAIN, "alder.example",
       "\"http:\\/\\/alder.example:secret@birch.example\\/\""),
    NO("user name and password", TEXT, DOMAIN, "alder.example",
       "u=http%3A%2F%2Falder.example%3asecret%40birch.example%2f"),
    NO("user name and password", TEXT, DOMAIN, "alder.example", "m=alder.example%40birch.example"),
    NO("user name and password", TEXT, IPV4, "192.0.2.1", "http://192.0.2.1:80@birch.example/"),
    NO("user name and password", TEXT, URL, "http://alder.example/",
       "http://alder.example:80@birch.example/"),
    YES("user name and password", TEXT, DOMAIN, "birch.example",
        "http://alder.example:secret@birch.example/"),
    YES("user name and password", TEXT, DOMAIN, "alder.example",
        "http://alder.example:80/mallory@birch.example"),
    YES("user name and password", TEXT, DOMAIN, "alder.example",
        "http://alder.example, mallory@birch.example"),
    YES("user name and password", TEXT, DOMAIN, "alder.example",
        "u=http://alder.example&m=mallory@birch.example"),
    YES("user name and password", TEXT, IPV4, "192.0.2.1", "forward-addr: 192.0.2.1@53"),

    YES("fragment", TEXT, URL, "http://alder.example/a", "http://alder.example/a#top"),
    YES("fragment", TEXT, URL, "http://alder.example/?a", "http://alder.example?a#b?c"),
    NO("fragment", TEXT, URL, "http://alder.example/a", "http://alder.example/#/a"),
    NO("fragment", TEXT, URL, "http://alder.example/a", "http://alder.example/a%23top"),

    YES("hosts as numbers", TEXT, IPV4, "192.0.2.1", "http://3221225985/"),
    YES("hosts as numbers", TEXT, URL, "http://192.0.2.1/a", "http://0xc0.0.02.1/a"),
    NO("hosts as numbers", TEXT, IPV4, "192.0.2.1", "3221225985"),
    NO("hosts as numbers", TEXT, IPV4, "192.0.2.1", "http://3221225986/"),

    YES("host and path apart", LOG, URL, "http://birch.example/only",
        ZEEK "1700000000.0\t192.0.2.9\tbirch.example\t/only\n"),
    YES("host and path apart", LOG, URL, "http://birch.example/only",
        "{\"event_type\":\"http\",\"timestamp\":\"2023-11-14T22:13:20Z\",\"http\":{\"hostname\":"
        "\"Birch.example\",\"url\":\"\\/only\"}}\n"),
    NO("host and path apart", LOG, URL, "http://birch.example/only",
       ZEEK "1700000000.0\t192.0.2.9\tbirch.example\t/\n"
            "1700000000.0\t192.0.2.9\tcedar.example\t/only\n"),
    NO("host and path apart", TEXT, URL, "http://birch.example/only", "birch.example\t/only"),
    /* a port: in the host's field, in one of its own, the destination's; with it and without */
    YES("host and path apart", LOG, URL, "http://birch.example:8080/only",
        ZEEK "1700000000.0\t192.0.2.9\tbirch.example:8080\t/only\n"),
    YES("host and path apart", LOG, URL, "http://birch.example:8080/only",
        "time,host,port,path\n1,birch.example,8080,/only\n"),
    YES("host and path apart", LOG, URL, "http://birch.example:8080/only",
        "{\"event_type\":\"http\",\"timestamp\":\"2023-11-14T22:13:20Z\",\"dest_port\":8080,"
        "\"http\":{\"hostname\":\"birch.example\",\"url\":\"/only\"}}\n"),
    YES("host and path apart", LOG, URL, "http://birch.example/only",
        "{\"event_type\":\"http\",\"timestamp\":\"2023-11-14T22:13:20Z\",\"dest_port\":3128,"
        "\"http\":{\"hostname\":\"birch.example\",\"url\":\"/only\"}}\n"),
    YES("host and path apart", LOG, URL, "http://[2001:db8::9]:8080/only",
        "time,host,port,path\n1,2001:db8::9,8080,/only\n2,[2001:db8::9],8080,/only\n"),
    YES("host and path apart", LOG, URL, "http://birch.example:8080/only",
        "CEF:0|a|b|1|2|n|3|dhost=birch.example dpt=8080 request=/only\n"),
    NO("host and path apart", LOG, URL, "http://birch.example/only",
       "time,host,port,path\n1,birch.example,8080,/only\n"),
    NO("host and path apart", LOG, URL, "http://birch.example:8080/only",
       ZEEK "1700000000.0\t192.0.2.9\tbirch.example:8081\t/only\n"),
    NO("host and path apart", LOG, URL, "http://birch.example:8080/only",
       "{\"event_type\":\"http\",\"timestamp\":\"2023-11-14T22:13:20Z\",\"dest_port\":80,"
       "\"http\":{\"hostname\":\"birch.example\",\"url\":\"/only\"}}\n"),
    YES("host and path apart", LOG, URL, "http://birch.example/only",
        ZEEK "1700000000.0\t192.0.2.9\tbirch.example\t/only\n#fields\tts\tid.orig_h\tuser\tnote\n"
             "1700000000.0\t192.0.2.9\tcedar.example\t/only\n"),
    NO("host and path apart", LOG, URL, "http://birch.example/only",
       "#separator \\x09\n#fields\tts\tid.orig_h\tuser\tnote\n"
       "1700000000.0\t192.0.2.9\tbirch.example\t/only\n" ZEEK
       "1700000000.0\t192.0.2.9\tcedar.example\t/only\n"),

    YES("hashes only whole", TEXT, MD5, MD5, "mal_" MD5 ".bin"),
    YES("hashes only whole", TEXT, SHA256, SHA256, "sha256:" SHA256),
    YES("hashes only whole", TEXT, JA4, JA4, "ja4=" JA4),
    NO("hashes only whole", TEXT, MD5, MD5, MD5 "0"),
    NO("hashes only whole", TEXT, MD5, MD5, "f" MD5),
    NO("hashes only whole", TEXT, MD5, MD5, MD5 MD5),
    NO("hashes only whole", TEXT, SHA1, SHA1, SHA1 "z"),
    NO("hashes only whole", TEXT, JA4, JA4, "x" JA4),

    YES("0x hashes", TEXT, MD5, MD5, "hash=0x" MD5 ","),
    YES("0x hashes", TEXT, SHA256, SHA256, "0X" SHA256),
    YES("0x hashes", TEXT, SHA1, SHA1, "%200x" SHA1),
    YES("0x hashes", TEXT, JA3, MD5, "\\n0x" MD5),
    NO("0x hashes", TEXT, MD5, MD5, "10x" MD5),
    NO("0x hashes", TEXT, MD5, MD5, "0x" MD5 "00"),
    NO("0x hashes", TEXT, MD5, MD5, "0x00" MD5),
    NO("0x hashes", TEXT, MD5, MD5, "x" MD5),

    YES("hashes in pairs", TEXT, MD5, MD5, "d4:1d:8c:d9:8f:00:b2:04:E9:80:09:98:ec:f8:42:7e"),
    YES("hashes in pairs", TEXT, SHA1, SHA1,
        "SHA1 Fingerprint=DA:39:A3:EE:5E:6B:4B:0D:32:55:BF:EF:95:60:18:90:AF:D8:07:09"),
    NO("hashes in pairs", TEXT, MD5, MD5, "d4:1d:8c:d9:8f:00:b2:04:e9:80:09:98:ec:f8:42:7e:00"),
    YES("hashes in pairs", TEXT, MD5, MD5, "MD5:d4:1d:8c:d9:8f:00:b2:04:e9:80:09:98:ec:f8:42:7e"),
    NO("hashes in pairs", TEXT, MD5, MD5, "00:d4:1d:8c:d9:8f:00:b2:04:e9:80:09:98:ec:f8:42:7e"),

    YES("JA3 is not MD5", TEXT, JA3, MD5, "ja3=" MD5),
    YES("JA3 is not MD5", LOG, JA3, MD5,
        "{\"event_type\":\"tls\",\"timestamp\":\"2023-11-14T22:13:20Z\","
        "\"tls\":{\"ja3\":{\"hash\":\"" MD5 "\"}}}\n"),
    NO("JA3 is not MD5", LOG, MD5, MD5,
       "{\"event_type\":\"tls\",\"timestamp\":\"2023-11-14T22:13:20Z\","
       "\"tls\":{\"ja3\":{\"hash\":\"" MD5 "\"}}}\n"),
    NO("JA3 is not MD5", LOG, JA3, MD5,
       "{\"event_type\":\"fileinfo\",\"timestamp\":\"2023-11-14T22:13:20Z\","
       "\"fileinfo\":{\"md5\":\"" MD5 "\"}}\n"),

    YES("UTF-16", TEXT, DOMAIN, "b32.test", "\377\376b\0003\0002\0.\0t\0e\0s\0t\0\n\0"),
    YES("UTF-16", TEXT, DOMAIN, "b32.test", "\376\377\0b\0003\0002\0.\0t\0e\0s\0t"),
    NO("UTF-16", TEXT, DOMAIN, "b32.test", "\377\376x\0b\0003\0002\0.\0t\0e\0s\0t\0\n\0"),
    NO("UTF-16", TEXT, DOMAIN, "b32.test", "b\0003\0002\0.\0t\0e\0s\0t\0\n\0"),

    YES("NUL bytes", TEXT, DOMAIN, "alder.example", "\0alder.example\0\0"),
    YES("NUL bytes", TEXT, IPV4, "192.0.2.1",
        "x\0\0\0"
        "192.0.2.1\0"
        "5"),
    NO("NUL bytes", TEXT, DOMAIN, "alder.example", "alder.ex\0ample"),
    NO("NUL bytes", TEXT, IPV4, "192.0.2.1",
       "192.0.2.\0"
       "1"),

    YES("lines of a megabyte", LONG, DOMAIN, "alder.example", " www.alder.example "),
    YES("lines of a megabyte", LONG, URL, "http://alder.example/a", "\"http://alder.example/a\""),
    NO("lines of a megabyte", LONG, DOMAIN, "alder.example", "alder.example"),
    NO("lines of a megabyte", LONG, IPV4, "192.0.2.1", "5.192.0.2.1"),

    YES("address with port", TEXT, IPV4, "192.0.2.1:8080", "192.0.2.1:8080"),
    YES("address with port", TEXT, IPV4, "192.0.2.1:8080", "192[.]0[.]2[.]1[:]8080,"),
    YES("address with port", TEXT, IPV4, "192.0.2.1:8080", "to=192.0.2.1 dport=8080"),
    YES("address with port", TEXT, IPV4, "192.0.2.1:8080", "192.0.2.1:12:30:05 GET"),
    YES("address with port", TEXT, IPV6, "[2001:db8::1]:443", "[2001:db8::1]:443"),
    YES("address with port", TEXT, DOMAIN, "alder.example:8080", "www.alder.example:8080."),
    YES("address with port", LOG, IPV4, "192.0.2.1:8080",
        EVE "\"src_ip\":\"192.0.2.1\",\"src_port\":8080,\"dest_port\":80}\n"),
    YES("address with port", LOG, IPV4, "192.0.2.1:8080",
        EVE "\"dest_ip\":\"192.0.2.1\",\"dest_port\":8080}\n"),
    YES("address with port", LOG, IPV4, "192.0.2.1:8080", EVE "\"dest_ip\":\"192.0.2.1\"}\n"),
    YES("address with port", LOG, DOMAIN, "alder.example:8080",
        EVE "\"dest_port\":53,\"dns\":{\"rrname\":\"alder.example\"}}\n"),
    NO("address with port", TEXT, IPV4, "192.0.2.1:8080", "192.0.2.1:80"),
    NO("address with port", TEXT, IPV4, "192.0.2.1:8080", "192.0.2.1:18080"),
    NO("address with port", TEXT, IPV6, "[2001:db8::1]:443", "[2001:db8::1]:80"),
    NO("address with port", TEXT, DOMAIN, "alder.example:8080", "www.alder.example:80."),
    NO("address with port", LOG, IPV4, "192.0.2.1:8080",
       EVE "\"src_ip\":\"192.0.2.9\",\"src_port\":8080,"
           "\"dest_ip\":\"192.0.2.1\",\"dest_port\":80}\n"),
    NO("address with port", LOG, IPV4, "192.0.2.1:8080",
       EVE "\"src_ip\":\"192.0.2.1\",\"src_port\":1000,"
           "\"dest_ip\":\"192.0.2.1\",\"dest_port\":80}\n"),
    NO("address with port", QUERY, IPV4, "198.51.100.7:8080",
       QUESTION "\5birch\7example\0\0\1\0\1"),
    YES("address with port", QUERY, IPV4, "198.51.100.7:53", QUESTION "\5birch\7example\0\0\1\0\1"),
};

/* "192.0.2.1:8080" as lists write it, and what they are made into. */
static char *make_pattern(const Row *row)
{
    static const char *const types[] = {[OBSERVABLE_IPV4] = "ipv4-addr",
                                        [OBSERVABLE_IPV6] = "ipv6-addr",
                                        [OBSERVABLE_DOMAIN] = "domain-name"};
    const char *colon = strrchr(row->value, ':');
    gboolean bracket = row->value[0] == '[';

    if (!colon || row->kind == OBSERVABLE_URL || (row->kind == OBSERVABLE_IPV6 && !bracket))
        return NULL;
    return g_strdup_printf("[network-traffic:dst_ref.type = '%s' AND "
                           "network-traffic:dst_ref.value = '%.*s' AND "
                           "network-traffic:dst_port = %s]",
                           types[row->kind], (int)(colon - row->value) - 2 * bracket,
                           row->value + bracket, colon + 1);
}

static void add_pattern(SetBuilder *builder, const char *pattern)
{
    const LoadOptions options = {.now = G_GINT64_CONSTANT(1700000000000000)};
    g_autoptr(GError) error = NULL;
    LoadOutcome outcome;
    g_autofree char *json = g_strdup_printf(
        "{\"type\":\"indicator\",\"spec_version\":\"2.1\",\"id\":\"" ID "\","
        "\"created\":\"2023-01-01T00:00:00.000Z\",\"modified\":\"2023-01-01T00:00:00.000Z\","
        "\"pattern_type\":\"stix\",\"pattern\":\"%s\",\"valid_from\":\"2023-01-01T00:00:00Z\"}",
        pattern);
    g_autoptr(Object) object =
        object_read(json, strlen(json), OBJECT_SPEC_21, OBJECT_LENIENT, &error);
    g_assert_no_error(error);
    g_assert_true(
        load_object(builder, object, "test", MARKING_TLP_NONE, &options, &outcome, &error));
    g_assert_cmpint(outcome, ==, LOAD_TAKEN);
}

static Set *make_set(const Row *row)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(SetBuilder) builder = set_builder_new(NULL);
    g_autofree char *pattern = make_pattern(row);
    SetIndicator indicator = {.id = ID, .source = "test", .confidence = -1};

    if (pattern) {
        add_pattern(builder, pattern);
    } else {
        g_assert_true(set_builder_add_indicator(builder, &indicator, &error));
        g_assert_true(set_builder_add_value(builder, row->kind, row->value, &error));
    }
    Set *set = set_builder_open(builder, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(set_count_values(set), ==, 1);
    return set;
}

static gboolean count(gpointer user, const ScanHit *hit)
{
    guint *hits = user;
    (*hits)++;
    return TRUE;
}

static guint scan(const Set *set, const void *text, gsize length, gboolean log)
{
    g_autoptr(GError) error = NULL;
    g_autofree void *copy = g_memdup2(text, length); /* of exactly that size */
    g_autoptr(Stream) stream = stream_from_memory(copy, length);
    guint hits = 0;

    if (log)
        g_assert_true(
            scan_log(set, stream, NULL, G_GINT64_CONSTANT(1700000000000000), count, &hits, &error));
    else
        g_assert_true(scan_stream(set, stream, count, &hits, &error));
    g_assert_no_error(error);
    return hits;
}

/* Alone, and behind other lines, so that it stands at another place of the sieve's blocks. */
static guint scan_text(const Set *set, const Row *row)
{
    guint alone = scan(set, row->text, row->length, FALSE);
    gboolean marked = row->length > 1 && (guchar)row->text[0] >= 0xfe;

    for (gsize before = 1; !marked && before < 700; before += 61) {
        g_autoptr(GString) text = g_string_new(NULL);
        while (text->len < before)
            g_string_append_c(text, text->len % 7 == 6 || text->len == before - 1 ? '\n' : 'y');
        g_string_append_len(text, row->text, (gssize)row->length);
        g_string_append(text, "\nyy yy\n");
        g_assert_cmpuint(scan(set, text->str, text->len, FALSE), ==, alone);
    }
    return alone;
}

static guint scan_long(const Set *set, const Row *row)
{
    g_autoptr(GString) text = g_string_sized_new(1 << 20);

    while (text->len < 700000)
        g_string_append_c(text, 'y');
    g_string_append_len(text, row->text, (gssize)row->length);
    while (text->len < 1 << 20)
        g_string_append_c(text, 'y');
    return scan(set, text->str, text->len, FALSE);
}

static guint scan_query(const Set *set, const Row *row)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GByteArray) file = frames_pcap();
    PacketsCounts counts;
    guint hits = 0;

    frames_capture(
        file, 1,
        frames_wrap(FRAMES_ALDER, FRAMES_BIRCH, 17, frames_udp(1000, 53, row->text, row->length)));
    g_autoptr(Stream) stream = stream_from_memory(file->data, file->len);
    g_assert_true(packets_scan(set, stream, count, &hits, &counts, &error));
    g_assert_cmpuint(counts.broken, ==, 0);
    return hits;
}

/* FALSE, and the test is skipped, when this machine has not what that loop needs. */
static gboolean choose(const char *simd, SieveSimd wanted)
{
    g_autoptr(Set) set = make_set(&rows[0]);

    g_setenv("CONCERT_SIMD", simd, TRUE);
    g_autoptr(Sieve) sieve = sieve_new(set);
    if (sieve_simd(sieve) == wanted)
        return TRUE;
    g_test_skip("this machine has no such instructions");
    return FALSE;
}

static void test_rows(gconstpointer which)
{
    static const char *const names[] = {
        [SIEVE_PLAIN] = "plain", [SIEVE_AVX2] = "avx2", [SIEVE_AVX512] = "avx512"};
    guint simd = GPOINTER_TO_UINT(which);

    if (!choose(names[simd], simd))
        return;
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        const Row *row = &rows[i];
        g_autoptr(Set) set = make_set(row);
        guint hits = row->way == TEXT   ? scan_text(set, row)
                     : row->way == LOG  ? scan(set, row->text, row->length, TRUE)
                     : row->way == LONG ? scan_long(set, row)
                                        : scan_query(set, row);
        g_test_message("%s, row %u: %s", row->item, (guint)i, row->value);
        g_assert_cmpint(hits > 0, ==, row->found);
    }
}

/* Each item has two texts of either sort, at least, and is named in docs/match.md. */
static void test_items(void)
{
    g_autofree char *path = g_test_build_filename(G_TEST_DIST, "..", "docs", "match.md", NULL);
    g_autofree char *page = NULL;
    guint yes = 0, no = 0;

    g_assert_true(g_file_get_contents(path, &page, NULL, NULL));
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        yes += rows[i].found;
        no += !rows[i].found;
        if (i + 1 < G_N_ELEMENTS(rows) && strcmp(rows[i].item, rows[i + 1].item) == 0)
            continue;
        g_autofree char *line = g_strdup_printf("\n| %s |", rows[i].item);
        g_test_message("%s", rows[i].item);
        g_assert_cmpuint(yes, >=, 2);
        g_assert_cmpuint(no, >=, 2);
        g_assert_nonnull(strstr(page, line));
        yes = no = 0;
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/semantics/items", test_items);
    g_test_add_data_func("/semantics/plain", GUINT_TO_POINTER(SIEVE_PLAIN), test_rows);
    g_test_add_data_func("/semantics/avx2", GUINT_TO_POINTER(SIEVE_AVX2), test_rows);
    g_test_add_data_func("/semantics/avx512", GUINT_TO_POINTER(SIEVE_AVX512), test_rows);
    return g_test_run();
}
