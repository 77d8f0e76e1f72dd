"""press: turns prose (`book/`) and mathematics (`opgd/`) into executed, checked pages."""
