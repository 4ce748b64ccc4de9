#include "intake/skim.h"

#include <string.h>

static gboolean is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

gsize skim_blank(const char *text, gsize length)
{
    gsize at = 0;
    while (at < length && is_blank(text[at]))
        at++;
    return at;
}

/* The length of the string that starts at the quote @text[0], or 0. */
static gsize string_length(const char *text, gsize length)
{
    for (gsize at = 1; at < length; at++) {
        if (text[at] == '"')
            return at + 1;
        if (text[at] == '\\')
            at++;
    }
    return 0;
}

static gsize nested_length(const char *text, gsize length)
{
    gsize depth = 0;
    for (gsize at = 0; at < length; at++) {
        if (text[at] == '"') {
            gsize string = string_length(text + at, length - at);
            if (string == 0)
                return 0;
            at += string - 1;
        } else if (text[at] == '{' || text[at] == '[') {
            depth++;
        } else if ((text[at] == '}' || text[at] == ']') && --depth == 0) {
            return at + 1;
        }
    }
    return 0;
}

gsize skim_value(const char *text, gsize length)
{
    if (length == 0)
        return 0;
    if (text[0] == '"')
        return string_length(text, length);
    if (text[0] == '{' || text[0] == '[')
        return nested_length(text, length);
    gsize at = 0;
    while (at < length && !is_blank(text[at]) && !strchr(",]}{[\":", text[at]))
        at++;
    return at < length ? at : 0;
}

void skim_init(Skim *skim, const char *text, gsize length)
{
    *skim = (Skim){.text = text, .length = length, .at = 1, .object = text[0] == '{'};
    skim->first = TRUE;
}

/* Steps over white space; FALSE at the end of the text. */
static gboolean skim_step(Skim *skim)
{
    skim->at += skim_blank(skim->text + skim->at, skim->length - skim->at);
    return skim->at < skim->length;
}

static SkimResult skim_key(Skim *skim, SkimMember *member)
{
    if (skim->text[skim->at] != '"')
        return SKIM_BROKEN;
    gsize key = string_length(skim->text + skim->at, skim->length - skim->at);
    if (key == 0)
        return SKIM_CUT;
    member->key = skim->text + skim->at + 1;
    member->key_length = key - 2;
    skim->at += key;
    if (!skim_step(skim))
        return SKIM_CUT;
    if (skim->text[skim->at++] != ':')
        return SKIM_BROKEN;
    return skim_step(skim) ? SKIM_MEMBER : SKIM_CUT;
}

SkimResult skim_next(Skim *skim, SkimMember *ret_member)
{
    SkimMember member = {0};
    if (!skim_step(skim))
        return SKIM_CUT;
    if (skim->text[skim->at] == (skim->object ? '}' : ']'))
        return SKIM_END;
    if (!skim->first) {
        if (skim->text[skim->at++] != ',')
            return SKIM_BROKEN;
        if (!skim_step(skim))
            return SKIM_CUT;
    }
    skim->first = FALSE;
    if (skim->object) {
        SkimResult result = skim_key(skim, &member);
        if (result != SKIM_MEMBER)
            return result;
    }
    member.value = skim->text + skim->at;
    member.value_length = skim_value(member.value, skim->length - skim->at);
    member.whole = member.value_length > 0;
    if (!member.whole && strchr(",]}:", member.value[0]))
        return SKIM_BROKEN;
    if (!member.whole)
        member.value_length = skim->length - skim->at;
    skim->at += member.value_length;
    *ret_member = member;
    return SKIM_MEMBER;
}

gboolean skim_key_is(const SkimMember *member, const char *text)
{
    return member->key && member->key_length == strlen(text) &&
           memcmp(member->key, text, member->key_length) == 0;
}

gboolean skim_value_is(const SkimMember *member, const char *text)
{
    gsize length = strlen(text);
    return member->whole && member->value_length == length + 2 && member->value[0] == '"' &&
           memcmp(member->value + 1, text, length) == 0;
}
