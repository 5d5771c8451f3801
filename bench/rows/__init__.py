"""One file per row of the table: see bench/run.py for what each has."""
