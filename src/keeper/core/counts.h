/*
 * Counters of this process, for the metrics. All threads share them: a question takes much longer than an addition.
 */
#ifndef KEEPER_COUNTS_H
#define KEEPER_COUNTS_H

#include "ipc/metrics.h"
#include "ipc/questions.h"

/* Count a question of the sign-in by its verdict. Other questions are not counted. */
void keeper_count_question(enum question_id id, enum verdict verdict);

/* Count one more of a series of the keeper's own counters.  Call it once for each answer, after the transaction. */
void keeper_count(enum metric_series series);

/* Write the series of these counters. */
void keeper_counts(struct metric_values *values);

#endif
