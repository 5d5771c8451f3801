"""One file for each row of the table; bench/run.py describes their content."""
