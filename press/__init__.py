"""press: turns prose (`book/`) and mathematics (`opgd/`) into executed, checked pages."""

import sys

# jsonschema would compile a grammar of internationalised addresses for two seconds; no notebook has any.
sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]
