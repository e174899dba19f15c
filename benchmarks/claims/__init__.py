"""One module a claim of the field (H1, H3 ...), found by its name; results are rendered into docs/claims.md."""
