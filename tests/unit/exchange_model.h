/* exchange_model.h - what must be where, stated a second time: docs/policy.md as sets of nodes, for
 * test_exchange_worlds.c. It knows nothing of the code; it is told what happened, and computes from
 * the beginning whatever it is asked. */
#pragma once

#include <glib.h>

#define NODES           12
#define MODEL_THINGS    24
#define MODEL_SENT      40
#define MODEL_ITEMS     3
#define MODEL_LATER     4 /* grants, and retractions, of one dispatch */
#define MODEL_CLUBS     3
#define MODEL_RECORDS   60 /* of a community */
#define MODEL_EVERYBODY ((Set)((1u << NODES) - 1))
#define MODEL_ALL_ITEMS ((1u << MODEL_ITEMS) - 1)

typedef guint16 Set; /* of nodes */

#define ONLY(node)     ((Set)(1u << (node)))
#define HAS(set, node) (((set) >> (node)) & 1)

/* Colours as the TLP ranks them; BLANK: nothing was said. */
typedef enum { BLANK, CLEAR, GREEN, AMBER, STRICT, RED } Colour;

typedef struct {
    guint author;
    Colour colour;
} ModelThing;

typedef struct {
    guint64 entry;
    Set to;
} ModelGrant;

typedef struct {
    guint64 entry;
    guint items; /* a set of places */
    gboolean is_recall;
} ModelRetraction;

typedef struct {
    guint sender;
    guint64 entry;
    guint n_items, items[MODEL_ITEMS];
    gboolean is_public, is_exercise;
    Set audience, named;
    int club; /* -1: none */
    Colour colour;
    guint pap, expires; /* expires: 0 never, else the earlier the smaller */
    ModelGrant grants[MODEL_LATER];
    guint n_grants;
    ModelRetraction retractions[MODEL_LATER];
    guint n_retractions;
    Set expired; /* the nodes at which its time is over */
} ModelSent;

/* What the owner of a community recorded of it. */
typedef struct {
    guint64 entry;
    Set to;      /* whom it was told */
    Set members; /* after it */
} ModelRecord;

typedef struct {
    guint owner;
    ModelRecord records[MODEL_RECORDS];
    guint n_records; /* 0: there is no such community yet */
} ModelClub;

typedef enum { NO_PEERS, ACTIVE, SUSPENDED, ENDED } ModelPeering;

typedef struct {
    ModelPeering peering[NODES][NODES]; /* the same both ways */
    Set holders[NODES][NODES];  /* of a peering that is suspended: which of the two suspended it */
    guint64 read[NODES][NODES]; /* [who][of whom]: everything of that ledger before this */
    ModelClub clubs[MODEL_CLUBS];
    ModelThing things[MODEL_THINGS];
    guint n_things;
    ModelSent sent[MODEL_SENT];
    guint n_sent;
} Model;

static inline Set model_of(const Model *model, guint node, ModelPeering peering)
{
    Set set = 0;
    for (guint other = 0; other < NODES; other++)
        if (other != node && model->peering[node][other] == peering)
            set |= ONLY(other);
    return set;
}

static inline Colour model_colour(const Model *model, const ModelSent *sent, guint item)
{
    Colour of_thing = model->things[sent->items[item]].colour;
    return of_thing > sent->colour ? of_thing : sent->colour;
}

/* The members of a community as @node knows it: those after the last record that it was told. */
static inline Set model_members(const Model *model, guint node, int club)
{
    Set members = 0;
    const ModelClub *of = &model->clubs[club];
    for (guint i = 0; i < of->n_records; i++)
        if (node == of->owner ||
            (HAS(of->records[i].to, node) && of->records[i].entry < model->read[node][of->owner]))
            members = of->records[i].members;
    return members;
}

/* Whom it is for, as the sender has it. */
static inline Set model_for(const ModelSent *sent)
{
    Set set = sent->is_public ? MODEL_EVERYBODY : sent->audience;
    for (guint i = 0; i < sent->n_grants; i++)
        set |= sent->grants[i].to;
    return set & ~ONLY(sent->sender);
}

/* Whether it came to @node, or from it. */
static inline gboolean model_came(const Model *model, const ModelSent *sent, guint node)
{
    guint64 read = model->read[node][sent->sender];
    Set from_the_beginning = sent->is_public ? MODEL_EVERYBODY : sent->audience;
    if (sent->sender == node || (HAS(from_the_beginning, node) && sent->entry < read))
        return TRUE;
    for (guint i = 0; i < sent->n_grants; i++)
        if (HAS(sent->grants[i].to, node) && sent->grants[i].entry < read)
            return TRUE;
    return FALSE;
}

/* Whether @node knows nothing that takes the item back. */
static inline gboolean model_holds(const Model *model, const ModelSent *sent, guint item,
                                   guint node)
{
    for (guint i = 0; i < sent->n_retractions; i++)
        if ((sent->retractions[i].items >> item & 1) &&
            (sent->sender == node || sent->retractions[i].entry < model->read[node][sent->sender]))
            return FALSE;
    return !HAS(sent->expired, node);
}

static inline gboolean model_carries(const ModelSent *sent, guint thing, guint *ret_item)
{
    for (guint i = 0; i < sent->n_items; i++)
        if (sent->items[i] == thing) {
            *ret_item = i;
            return TRUE;
        }
    return FALSE;
}

/* Whether the thing is at @node: it may be there, and it must. */
static inline gboolean model_is_there(const Model *model, guint thing, guint node)
{
    guint item;
    if (model->things[thing].author == node)
        return TRUE;
    for (guint i = 0; i < model->n_sent; i++)
        if (model_carries(&model->sent[i], thing, &item) &&
            model_came(model, &model->sent[i], node))
            return TRUE;
    return FALSE;
}

/* --- who reads it there ------------------------------------------------------------------------
 */

typedef enum { OFFICERS, STAFF, CLIENTS, ANYONE, A_PEER, READERS } ModelReader;

/* Those among @node's peers to whom what it received GREEN may still be given. */
static inline Set model_green(const Model *model, const ModelSent *sent, guint node)
{
    return sent->club >= 0 ? model_members(model, node, sent->club) : sent->audience;
}

static inline gboolean model_lets(const Model *model, const ModelSent *sent, guint item, guint node,
                                  ModelReader reader, guint peer)
{
    Colour colour = model_colour(model, sent, item);
    gboolean is_own = sent->sender == node;
    switch (reader) {
    case OFFICERS: /* their own content they have where they put it */
        return !is_own;
    case STAFF:
        return !is_own && colour != RED;
    case CLIENTS:
        return colour == CLEAR || colour == GREEN || colour == AMBER;
    case ANYONE:
        return colour == CLEAR && (!is_own || sent->is_public);
    case A_PEER:
        if (model->peering[node][peer] != ACTIVE || colour == RED)
            return FALSE;
        if (is_own)
            return HAS(model_for(sent), peer);
        return colour == CLEAR || (colour == GREEN && HAS(model_green(model, sent, node), peer));
    case READERS:
        break;
    }
    return FALSE;
}

/* Whether the thing is in the collection of @node that @reader reads. */
static inline gboolean model_shows(const Model *model, guint thing, guint node, ModelReader reader,
                                   guint peer)
{
    guint item;
    for (guint i = 0; i < model->n_sent; i++) {
        const ModelSent *sent = &model->sent[i];
        if (model_carries(sent, thing, &item) && model_came(model, sent, node) &&
            model_holds(model, sent, item, node) &&
            model_lets(model, sent, item, node, reader, peer))
            return TRUE;
    }
    return FALSE;
}

/* --- what may be done --------------------------------------------------------------------------
 */

/* Whether @carrier, a dispatch of who received @sent, keeps the terms of its item and goes to
 * nobody beyond. */
static inline gboolean model_goes_on(const Model *model, const ModelSent *sent, guint item,
                                     const ModelSent *carrier, Set to)
{
    guint node = carrier->sender;
    Colour colour = model_colour(model, sent, item);
    if (!model_came(model, sent, node) || !model_holds(model, sent, item, node))
        return FALSE;
    if (colour >= AMBER || carrier->pap < sent->pap || (sent->is_exercise && !carrier->is_exercise))
        return FALSE;
    if (sent->expires && (!carrier->expires || carrier->expires > sent->expires))
        return FALSE;
    if (colour == CLEAR)
        return !carrier->is_public || carrier->colour == CLEAR;
    if (carrier->is_public || carrier->colour < GREEN)
        return FALSE;
    if (carrier->colour == GREEN && carrier->club >= 0 && carrier->club != sent->club)
        return FALSE;
    return (to & ~model_green(model, sent, node)) == 0;
}

/* Whether the sender may give each thing of @sent to @to. */
static inline gboolean model_items_may(const Model *model, const ModelSent *sent, Set to)
{
    for (guint i = 0; i < sent->n_items; i++) {
        guint thing = sent->items[i], item;
        gboolean may = model->things[thing].author == sent->sender;
        for (guint j = 0; j < model->n_sent && !may; j++) {
            const ModelSent *from = &model->sent[j];
            may = from != sent && from->sender != sent->sender &&
                  model_carries(from, thing, &item) && model_goes_on(model, from, item, sent, to);
        }
        if (!may)
            return FALSE;
    }
    return TRUE;
}

/* A dispatch that is to be made: the audience of its club is added, its colour becomes what
 * counts. FALSE: it is refused. */
static inline gboolean model_may_send(const Model *model, ModelSent *sent)
{
    Set peers = model_of(model, sent->sender, ACTIVE),
        late = model_of(model, sent->sender, SUSPENDED);
    for (guint i = 0; i < sent->n_items; i++) {
        if (!model_is_there(model, sent->items[i], sent->sender))
            return FALSE;
        sent->colour = model_colour(model, sent, i);
    }
    if (sent->colour == BLANK)
        sent->colour = AMBER;
    if (sent->named & ~(peers | late))
        return FALSE;
    sent->audience = sent->named;
    if (sent->club >= 0) {
        Set members = model_members(model, sent->sender, sent->club);
        if (!HAS(members, sent->sender) || sent->is_public)
            return FALSE;
        sent->audience |= members & peers;
    }
    if (sent->is_public ? sent->audience != 0 || sent->colour != CLEAR : sent->audience == 0)
        return FALSE;
    if (sent->colour == RED && sent->audience != sent->named)
        return FALSE;
    return model_items_may(model, sent, sent->audience);
}

static inline gboolean model_may_grant(const Model *model, const ModelSent *sent, Set to)
{
    Set peers = model_of(model, sent->sender, ACTIVE) | model_of(model, sent->sender, SUSPENDED);
    if (to == 0 || (to & ~peers) || (sent->colour == RED && (to & ~sent->named)))
        return FALSE;
    for (guint i = 0; i < sent->n_items; i++)
        if (!model_holds(model, sent, i, sent->sender))
            return FALSE;
    return model_items_may(model, sent, to);
}

static inline gboolean model_may_retract(const ModelSent *sent, gboolean is_recall)
{
    for (guint i = 0; i < sent->n_retractions; i++)
        if (sent->retractions[i].items == MODEL_ALL_ITEMS &&
            (sent->retractions[i].is_recall || !is_recall))
            return FALSE;
    return TRUE;
}
