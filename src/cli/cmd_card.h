/* cmd_card.h - cards, for the commands that are about them. */
#pragma once

#include "exchange/card.h"
#include "node/node.h"

#define CMD_CARD_PATH "/.well-known/concert"

/* Reads the card in a file, or that of the node at a URL. */
Card *cmd_card_read(const Node *node, const char *what, GError **error);

/* Prints what it says, for people. */
void cmd_card_print(const Card *card);
