"""What was found, and what it is compared with: ledger, references, statements, measurements."""
