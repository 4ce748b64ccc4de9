/* answer_frame.h - what frames of an answer look like (docs/protocol.md, "Answers"), for who reads
 * and who writes them. */
#pragma once

#define ANSWER_FRAME_MAGIC   "concert/answer/v1\n"
#define ANSWER_FRAME_HEADER  5 /* bytes: the kind and the length */

#define ANSWER_FRAME_HEAD    'H'
#define ANSWER_FRAME_OPENING 'O'
#define ANSWER_FRAME_GRANTED 'G'
#define ANSWER_FRAME_ITEM    'I'
#define ANSWER_FRAME_END     'Z'
