#include "dossier/resolution.h"

#include "dossier/resolution_rules.h"

#define ROLE(name)   PROCEDURE_BIT(RESOLUTION_##name)
#define STATE(name)  PROCEDURE_BIT(RESOLUTION_##name)
#define ALL          (ROLE(SPONSOR) | ROLE(CHAIR) | ROLE(MEMBER))
#define OPEN_TO_TALK (STATE(TABLED) | STATE(CONSULTATION) | STATE(SILENCE) | STATE(CONTESTED))
#define CHAIR_HAS_TO (OPEN_TO_TALK | STATE(VOTING))

static const ProcedureRole roles[] = {
    [RESOLUTION_SPONSOR] = {"sponsor", "the member that drafts and tables it"},
    [RESOLUTION_CHAIR] = {"chair", "the node that leads through it and counts: not the sponsor"},
    [RESOLUTION_MEMBER] = {"member", "every other member of the community"},
    {NULL},
};

static const ProcedureState states[] = {
    [RESOLUTION_DRAFT] = {.name = "draft",
                          .help = "nobody but its sponsor has it",
                          .is_private = TRUE,
                          .waits_for = ROLE(SPONSOR),
                          .waits_what = "table the draft"},
    [RESOLUTION_TABLED] = {.name = "tabled",
                           .help = "all members have it, with the list of those who vote",
                           .waits_for = ROLE(CHAIR),
                           .waits_what = "check who votes, and open the consultation"},
    [RESOLUTION_CONSULTATION] = {.name = "consultation",
                                 .help = "members co-sponsor it, amend it, and speak about it; "
                                         "what is not agreed stands in square brackets",
                                 .waits_for = ROLE(CHAIR),
                                 .waits_what = "put it to silence or to the vote when the period "
                                               "is over"},
    [RESOLUTION_SILENCE] = {.name = "silence",
                            .help = "it is adopted unless a member breaks the silence",
                            .waits_for = ROLE(CHAIR) | ROLE(MEMBER) | ROLE(SPONSOR),
                            .waits_what = "note the text, or break the silence; the chair ends it "
                                          "when its time is over"},
    [RESOLUTION_CONTESTED] = {.name = "contested",
                              .help = "a member broke the silence",
                              .waits_for = ROLE(CHAIR),
                              .waits_what = "open the vote"},
    [RESOLUTION_VOTING] = {.name = "voting",
                           .help = "each accredited member has one vote; nobody but the chair sees "
                                   "the ballots until it closes the vote",
                           .waits_for = ROLE(CHAIR) | ROLE(MEMBER) | ROLE(SPONSOR),
                           .waits_what = "vote; the chair closes the vote when its time is over"},
    [RESOLUTION_ADOPTED] = {.name = "adopted",
                            .help = "it binds the community's rulebook; members make commitments",
                            .is_final = TRUE},
    [RESOLUTION_REJECTED] = {.name = "rejected",
                             .help = "the vote did not carry it",
                             .is_final = TRUE},
    [RESOLUTION_WITHDRAWN] = {.name = "withdrawn",
                              .help = "its sponsor does not pursue it any more",
                              .is_final = TRUE},
    [RESOLUTION_LAPSED] = {.name = "lapsed",
                           .help = "its chair did nothing for two weeks",
                           .is_final = TRUE},
};

static const ProcedureWord kinds[] = {
    {"norm", "how members behave: a majority"},
    {"statement", "what the community says: a majority"},
    {"rulebook", "a change of the rulebook: two thirds"},
    {"membership", "who is a member, or votes: two thirds"},
    {NULL},
};

static const ProcedureWord votes[] = {
    {"yes", "for it"},
    {"no", "against it"},
    {"abstain", "neither; counts for the quorum alone"},
    {NULL},
};

static const ProcedureWord progresses[] = {
    {"not-started", "nothing is done yet"},
    {"partly", "some of it is done"},
    {"fully", "all of it is done"},
    {"not-applicable", "there is nothing to do here"},
    {NULL},
};

#define WORD_FIELD(help)                                                                           \
    {                                                                                              \
        "text", help, PROCEDURE_TEXT, .max = 8 * 1024                                              \
    }
#define UNTIL_FIELD(what)                                                                          \
    {                                                                                              \
        "until", what, PROCEDURE_TIME, TRUE                                                        \
    }
#define TEXT_FIELD(help)                                                                           \
    {                                                                                              \
        "text", help, PROCEDURE_TEXT, TRUE, .max = RESOLUTION_TEXT_MAX                             \
    }

static const ProcedureField drafted_fields[] = {
    {"kind", "what it is about, and so which majority it takes", PROCEDURE_WORD, TRUE,
     .words = kinds},
    {"title", "one line", PROCEDURE_LINE, TRUE, .max = 256},
    TEXT_FIELD("the text; what is not agreed yet in [square brackets]"),
    {NULL},
};

static const ProcedureField revised_fields[] = {
    TEXT_FIELD("the whole text as it is now"),
    {NULL},
};

static const ProcedureField tabled_fields[] = {
    {"community", "whose rulebook it is about, NAME@NODE", PROCEDURE_LINE, TRUE, .max = 320},
    {"record", "number of the newest membership record that the lists follow from",
     PROCEDURE_NUMBER, TRUE},
    {"rulebook", "SHA-256 of the community's rulebook, in hex", PROCEDURE_LINE, .max = 64},
    {"chair", "the node that leads through it", PROCEDURE_NODE, TRUE, .gives = ROLE(CHAIR)},
    {"members", "the other members", PROCEDURE_NODES, TRUE, .max = PROCEDURE_LIST_MAX,
     .gives = ROLE(MEMBER)},
    {"voters", "the accredited nodes, one of each member that votes", PROCEDURE_NODES, TRUE,
     .max = PROCEDURE_LIST_MAX},
    {NULL},
};

static const ProcedureField consultation_opened_fields[] = {
    UNTIL_FIELD("when the consultation ends: at least 14 days from now"),
    WORD_FIELD("a word to the members"),
    {NULL},
};

static const ProcedureField remark_fields[] = {
    {"text", "the remark", PROCEDURE_TEXT, TRUE, .max = 16 * 1024},
    {NULL},
};

static const ProcedureField word_fields[] = {
    WORD_FIELD("a word to the others"),
    {NULL},
};

static const ProcedureField amendment_fields[] = {
    {"replaces", "a passage that stands in the text exactly once, letter by letter", PROCEDURE_TEXT,
     TRUE, .max = 16 * 1024},
    {"text", "what is to stand there instead; without it the passage goes", PROCEDURE_TEXT,
     .max = 16 * 1024},
    {"reason", "why", PROCEDURE_TEXT, .max = 4 * 1024},
    {NULL},
};

static const ProcedureField amendment_named_fields[] = {
    {"amendment", "the amendment", PROCEDURE_EVENT, TRUE},
    {NULL},
};

static const ProcedureField silence_opened_fields[] = {
    UNTIL_FIELD("when the silence ends: at least 72 hours from now"),
    WORD_FIELD("a word to the members"),
    {NULL},
};

static const ProcedureField silence_broken_fields[] = {
    {"text", "what stands against the text", PROCEDURE_TEXT, TRUE, .max = 8 * 1024},
    {NULL},
};

static const ProcedureField agreed_fields[] = {
    {"noted", "how many members have noted the text", PROCEDURE_NUMBER, TRUE},
    TEXT_FIELD("the text that is adopted"),
    {NULL},
};

static const ProcedureField vote_opened_fields[] = {
    UNTIL_FIELD("when the vote ends: at least 72 hours from now"),
    {"order", "hashes of all amendments that stand, the furthest from the text first",
     PROCEDURE_LINES, .max = RESOLUTION_AMENDMENTS_MAX},
    {"vote", "on the text: the chair's own vote, if it has one", PROCEDURE_WORD, .words = votes},
    {"if_amended", "on the text if an amendment is carried (otherwise: the same)", PROCEDURE_WORD,
     .words = votes},
    {"amendments", "yes, no or abstain for each amendment, in their order", PROCEDURE_LINES,
     .max = RESOLUTION_AMENDMENTS_MAX},
    {NULL},
};

static const ProcedureField ballot_fields[] = {
    {"vote", "on the text", PROCEDURE_WORD, TRUE, .words = votes},
    {"if_amended", "on the text if an amendment is carried (otherwise: the same)", PROCEDURE_WORD,
     .words = votes},
    {"amendments", "yes, no or abstain for each amendment, in their order", PROCEDURE_LINES,
     .max = RESOLUTION_AMENDMENTS_MAX},
    WORD_FIELD("an explanation of the vote, shown to all when it closes"),
    {NULL},
};

#define COUNT_FIELDS                                                                               \
    {"yes", "votes for the text as it then stood", PROCEDURE_NUMBER, TRUE},                        \
        {"no", "votes against it", PROCEDURE_NUMBER, TRUE},                                        \
        {"abstain", "abstentions", PROCEDURE_NUMBER, TRUE},                                        \
    {                                                                                              \
        "amendments",                                                                              \
            "for each amendment, in their order: carried, lost or fallen; yes, no, "               \
            "abstain",                                                                             \
            PROCEDURE_LINES, .max = RESOLUTION_AMENDMENTS_MAX                                      \
    }

static const ProcedureField adopted_fields[] = {
    COUNT_FIELDS,
    TEXT_FIELD("the text that is adopted"),
    {NULL},
};

static const ProcedureField rejected_fields[] = {
    COUNT_FIELDS,
    {NULL},
};

static const ProcedureField commitment_fields[] = {
    {"due", "when it will be done", PROCEDURE_TIME, TRUE},
    {"provision", "what of the text it is about", PROCEDURE_LINE, .max = 256},
    {"text", "what will be done", PROCEDURE_TEXT, TRUE, .max = 8 * 1024},
    {NULL},
};

static const ProcedureField progress_fields[] = {
    {"commitment", "the commitment", PROCEDURE_EVENT, TRUE},
    {"text", "what is done so far", PROCEDURE_TEXT, TRUE, .max = 8 * 1024},
    {NULL},
};

static const ProcedureField fulfilled_fields[] = {
    {"commitment", "the commitment", PROCEDURE_EVENT, TRUE},
    WORD_FIELD("what was done"),
    {NULL},
};

static const ProcedureField implementation_fields[] = {
    {"status", "how far it is", PROCEDURE_WORD, TRUE, .words = progresses},
    WORD_FIELD("what is done, and what not"),
    {NULL},
};

static const ProcedureTransition transitions[] = {
    {.type = "drafted",
     .verb = "draft",
     .help = "begins a text",
     .to = RESOLUTION_DRAFT,
     .who = ROLE(SPONSOR),
     .fields = drafted_fields},
    {.type = "revised",
     .verb = "revise",
     .help = "puts another text in its place",
     .from = STATE(DRAFT) | STATE(CONSULTATION),
     .to = PROCEDURE_STAY,
     .who = ROLE(SPONSOR),
     .tells = ALL,
     .fields = revised_fields,
     .rules = resolution_rules_revised},
    {.type = "tabled",
     .verb = "table",
     .help = "puts it before all members, with those who vote on it",
     .from = STATE(DRAFT),
     .to = RESOLUTION_TABLED,
     .who = ROLE(SPONSOR),
     .tells = ALL,
     .opens = TRUE,
     .fields = tabled_fields,
     .rules = resolution_rules_tabled},
    {.type = "consultation-opened",
     .verb = "open the consultation on",
     .command = "consult",
     .help = "confirms who votes, and opens the consultation",
     .from = STATE(TABLED),
     .to = RESOLUTION_CONSULTATION,
     .who = ROLE(CHAIR),
     .tells = ALL,
     .fields = consultation_opened_fields,
     .rules = resolution_rules_consultation_opened},
    {.type = "co-sponsored",
     .verb = "co-sponsor",
     .help = "stands behind the text as well",
     .from = OPEN_TO_TALK,
     .to = PROCEDURE_STAY,
     .who = ROLE(MEMBER),
     .tells = ALL,
     .fields = word_fields,
     .rules = resolution_rules_co_sponsored},
    {.type = "remark",
     .verb = "comment on",
     .command = "comment",
     .help = "says something about it to all",
     .from = CHAIR_HAS_TO,
     .to = PROCEDURE_STAY,
     .who = ALL,
     .tells = ALL,
     .fields = remark_fields},
    {.type = "amendment",
     .verb = "amend",
     .help = "proposes to put something else in the place of a passage",
     .from = STATE(CONSULTATION),
     .to = PROCEDURE_STAY,
     .who = ROLE(MEMBER),
     .tells = ALL,
     .fields = amendment_fields,
     .rules = resolution_rules_amendment},
    {.type = "amendment-accepted",
     .verb = "accept an amendment of",
     .command = "accept",
     .help = "takes an amendment into the text",
     .from = STATE(CONSULTATION),
     .to = PROCEDURE_STAY,
     .who = ROLE(SPONSOR),
     .tells = ALL,
     .fields = amendment_named_fields,
     .rules = resolution_rules_amendment_accepted},
    {.type = "amendment-withdrawn",
     .verb = "withdraw an amendment of",
     .command = "drop",
     .help = "takes an own amendment back",
     .from = STATE(CONSULTATION) | STATE(CONTESTED),
     .to = PROCEDURE_STAY,
     .who = ROLE(MEMBER),
     .tells = ALL,
     .fields = amendment_named_fields,
     .rules = resolution_rules_amendment_withdrawn},
    {.type = "silence-opened",
     .verb = "put to silence",
     .command = "silence",
     .help = "asks whether anybody is against the text",
     .from = STATE(CONSULTATION),
     .to = RESOLUTION_SILENCE,
     .who = ROLE(CHAIR),
     .tells = ALL,
     .fields = silence_opened_fields,
     .rules = resolution_rules_silence_opened},
    {.type = "noted",
     .verb = "note",
     .help = "says that the member has seen the text and is silent",
     .from = STATE(SILENCE),
     .to = PROCEDURE_STAY,
     .who = ALL,
     .tells = ALL,
     .fields = word_fields,
     .rules = resolution_rules_noted},
    {.type = "silence-broken",
     .verb = "break the silence on",
     .command = "break",
     .help = "is against the text: there will be a vote",
     .from = STATE(SILENCE),
     .to = RESOLUTION_CONTESTED,
     .who = ALL,
     .tells = ALL,
     .fields = silence_broken_fields,
     .rules = resolution_rules_silence_broken},
    {.type = "agreed",
     .verb = "agree on",
     .command = "agree",
     .help = "finds that nobody broke the silence: it is adopted",
     .from = STATE(SILENCE),
     .to = RESOLUTION_ADOPTED,
     .who = ROLE(CHAIR),
     .tells = ALL,
     .fields = agreed_fields,
     .rules = resolution_rules_agreed},
    {.type = "vote-opened",
     .verb = "open the vote on",
     .command = "call",
     .help = "opens the vote, on the amendments first",
     .from = STATE(CONSULTATION) | STATE(SILENCE) | STATE(CONTESTED),
     .to = RESOLUTION_VOTING,
     .who = ROLE(CHAIR),
     .tells = ALL,
     .fields = vote_opened_fields,
     .rules = resolution_rules_vote_opened},
    {.type = "ballot",
     .verb = "vote on",
     .command = "vote",
     .help = "gives the member's vote: the first one counts",
     .from = STATE(VOTING),
     .to = PROCEDURE_STAY,
     .who = ROLE(SPONSOR) | ROLE(MEMBER),
     .tells = ROLE(CHAIR),
     .fields = ballot_fields,
     .rules = resolution_rules_ballot},
    {.type = "adopted",
     .verb = "adopt",
     .help = "closes the vote, shows all ballots and states the counts: it is adopted",
     .from = STATE(VOTING),
     .to = RESOLUTION_ADOPTED,
     .who = ROLE(CHAIR),
     .tells = ALL,
     .opens = TRUE,
     .fields = adopted_fields,
     .rules = resolution_rules_adopted},
    {.type = "rejected",
     .verb = "reject",
     .help = "closes the vote, shows all ballots and states the counts: it is not adopted",
     .from = STATE(VOTING),
     .to = RESOLUTION_REJECTED,
     .who = ROLE(CHAIR),
     .tells = ALL,
     .opens = TRUE,
     .fields = rejected_fields,
     .rules = resolution_rules_rejected},
    {.type = "withdrawn",
     .verb = "withdraw",
     .help = "gives it up",
     .from = STATE(DRAFT) | OPEN_TO_TALK,
     .to = RESOLUTION_WITHDRAWN,
     .who = ROLE(SPONSOR),
     .tells = ALL,
     .opens = TRUE,
     .fields = word_fields},
    {.type = "lapsed",
     .verb = "let lapse",
     .command = "lapse",
     .help = "ends it because its chair does nothing",
     .from = CHAIR_HAS_TO,
     .to = RESOLUTION_LAPSED,
     .who = ALL,
     .tells = ALL,
     .fields = word_fields,
     .rules = resolution_rules_lapsed},
    {.type = "commitment",
     .verb = "commit to",
     .command = "commit",
     .help = "says what the member will do about it, and by when",
     .from = STATE(ADOPTED),
     .to = PROCEDURE_STAY,
     .who = ALL,
     .tells = ALL,
     .fields = commitment_fields,
     .rules = resolution_rules_commitment},
    {.type = "progress",
     .verb = "report progress on",
     .command = "progress",
     .help = "says how far a commitment is",
     .from = STATE(ADOPTED),
     .to = PROCEDURE_STAY,
     .who = ALL,
     .tells = ALL,
     .fields = progress_fields,
     .rules = resolution_rules_progress},
    {.type = "fulfilled",
     .verb = "fulfil",
     .help = "says that a commitment is fulfilled",
     .from = STATE(ADOPTED),
     .to = PROCEDURE_STAY,
     .who = ALL,
     .tells = ALL,
     .fields = fulfilled_fields,
     .rules = resolution_rules_progress},
    {.type = "implementation",
     .verb = "report on",
     .command = "implement",
     .help = "says how far the member does what the text says",
     .from = STATE(ADOPTED),
     .to = PROCEDURE_STAY,
     .who = ALL,
     .tells = ALL,
     .fields = implementation_fields,
     .rules = resolution_rules_implementation},
    {NULL},
};

static const ProcedureClock clocks[] = {
    {.name = "consultation",
     .help = "until the consultation period is over",
     .runs_in = STATE(CONSULTATION),
     .event = "consultation-opened",
     .field = "until",
     .reminders = procedure_reminders},
    {.name = "silence",
     .help = "until the silence is over",
     .runs_in = STATE(SILENCE),
     .event = "silence-opened",
     .field = "until",
     .reminders = procedure_reminders},
    {.name = "vote",
     .help = "until the vote is over",
     .runs_in = STATE(VOTING),
     .event = "vote-opened",
     .field = "until",
     .reminders = procedure_reminders},
    {.name = "chair",
     .help = "until the chair goes on with what is before it",
     .runs_in = STATE(TABLED) | STATE(CONTESTED),
     .seconds = RESOLUTION_PATIENCE_S,
     .reminders = procedure_reminders},
};

const Procedure resolution_procedure = {
    .name = "resolution",
    .title = "Resolution",
    .help = "The accredited members of a community decide on a text by equal votes, one each. It "
            "is consulted on for at least 14 days, then put to silence for at least 72 hours, or "
            "to a vote; a vote needs a quorum of a majority of the members and more yes than no, "
            "on the rulebook and on membership two thirds. It binds the community's rulebook, not "
            "States.",
    .subject = "title",
    .roles = roles,
    .states = states,
    .n_states = G_N_ELEMENTS(states),
    .transitions = transitions,
    .clocks = clocks,
    .n_clocks = G_N_ELEMENTS(clocks),
    /* Who does not talk about the rest may still agree on rules. */
    .goes_on = TRUE,
};
