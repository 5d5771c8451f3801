/*
 * Part of upkeep_check: checks that handlers accept every row. Counts and reports the rows that they would refuse.
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

/* Check all accounts, authenticators and sessions of the database. */
MUST_USE err row_check_all(struct row_check *check, struct db *db);

#endif
