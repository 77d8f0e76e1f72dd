"""What runs read and write: text by one rule, whole files only, the store of runs, locks."""
