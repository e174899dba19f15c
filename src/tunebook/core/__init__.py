"""Records, errors and declarations that everything else stands on: no torch, no pandas."""
