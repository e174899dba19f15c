"""Human rating: who rated what, drawn blind, kept at once; agreement and strengths."""
