/* report_view.h - the body of a report for people and programs. It has been checked
 * (statistics_report_check()). The same body gives the same bytes. */
#pragma once

#include <glib.h>
#include <yyjson.h>

/* Caller frees. */
GString *report_view_text(yyjson_val *body);

/* "table,figure,label,value,unit", a line each, RFC 4180; a hidden value is "hidden". */
GString *report_view_csv(yyjson_val *body);

/* A page without scripts, with charts as SVG, to be printed too. @signed_text, the whole signed
 * report, is part of it. */
GString *report_view_html(yyjson_val *body, const char *signed_text);

/* The signed report within such a page; NULL: there is none. Caller frees. */
char *report_view_html_signed(const char *page, gsize length);

/* "7", "3 h 20 min", "fewer than 5, or withheld". Caller frees. */
char *report_view_value(yyjson_val *figure, const char *hidden);
