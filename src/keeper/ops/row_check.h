/*
 * Inside upkeep_check: does a handler take every row that is there?  What it would refuse is counted and reported.
 */
#ifndef KEEPER_ROW_CHECK_H
#define KEEPER_ROW_CHECK_H

#include "keeper/keys/sealing.h"
#include "keeper/ops/upkeep.h"

struct row_check {
	struct sealing *sealing;
	upkeep_report report; /* may be NULL */
	void *context;
	struct upkeep_findings *findings;
};

/* Read accounts, authenticators and sessions of the database. */
MUST_USE err row_check_all(struct row_check *check, struct db *db);

#endif
